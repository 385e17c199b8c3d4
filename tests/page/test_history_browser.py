"""Runs in a real browser: the list, one run, its results again, what is unclear looked up, its notes hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from importer.settings import Settings
from tests.page.conftest import home_of, served, write
from tests.page.test_browser import TEXTS, drop, looked_at
from tests.page.test_browser import send as agree
from tests.sandbox import Limit, Sandbox

pytestmark = pytest.mark.slow


@contextmanager
def opened(browser: Browser, settings: Settings, folder: Path) -> Iterator[Page]:
    """The page, from its start to a clean end, in a browser of its own."""
    with served(settings, folder) as server, browser.new_context() as context:
        page = context.new_page()
        page.goto(server.address)
        page.wait_for_url(home_of(server))
        yield page


def send(page: Page, path: Path) -> None:
    """Drop a file, and send what can be sent of it."""
    page.get_by_role("link", name="note-importer").click()
    drop(page, path)
    page.get_by_role("button", name="Continue").click()
    agree(page, "")
    page.get_by_role("link", name="See this run").wait_for()


def test_a_run_is_found_again_and_its_notes_are_hidden(page: Page, box: Sandbox, tmp_path: Path) -> None:
    """From the list; the question shows what is meant; without the tick nothing is changed."""
    rows = [(f"p{i}", TEXTS[i % 2], ("Public", "Private")[i % 2]) for i in range(7)] + [("p8", "", "Public")]
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("status")).to_have_text("No run is recorded yet.")
    looked_at(page, "runs-none")
    send(page, write(tmp_path / "Kontakte März.csv", rows))
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("row", name="Kontakte März.csv")).to_contain_text("7 created")
    looked_at(page, "runs")
    page.get_by_role("link", name="Kontakte März.csv").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kontakte März.csv")
    looked_at(page, "run")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download results").click()
    assert download.value.suggested_filename == "Kontakte März.results.xlsx"
    page.get_by_role("link", name="Hide its notes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hide 7 notes?")
    expect(page.get_by_role("cell", name=TEXTS[0]).first).to_be_visible()
    looked_at(page, "hide")
    page.get_by_role("button", name="Hide 7 notes").click()
    expect(page.get_by_label("Yes, I mean these 7 notes")).to_be_focused()
    assert {note.status for note in box.notes} == {"1"}
    page.get_by_label("Yes, I mean these 7 notes").check()
    page.get_by_role("button", name="Hide 7 notes").click()
    expect(page.get_by_role("status")).to_have_text("Done.")
    expect(page.get_by_text("7 notes are now private drafts.")).to_be_visible()
    looked_at(page, "hidden")
    assert {(note.visibility, note.status) for note in box.notes} == {("2", "0")}
    page.get_by_role("link", name="Back to the run").click()
    expect(page.get_by_text("the notes were hidden later: private drafts now")).to_be_visible()
    expect(page.get_by_role("link", name="Hide its notes")).to_have_count(0)
    looked_at(page, "run-hidden")
    page.get_by_role("navigation").get_by_role("link", name="Runs").click()
    expect(page.get_by_role("row", name="Kontakte März.csv")).to_contain_text("7 hidden later")
    looked_at(page, "runs-hidden")


def test_after_a_restart_the_rest_is_sent_from_the_runs_screen(
    browser: Browser, settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    """The file is still there, and how it is read; when every row is delivered, the next start removes it."""
    head = ("Prospect ID", "Full Comments", "Comments of ours", "Visibility")
    file = write(tmp_path / "n.csv", [(f"p{i}", "", f"Note {i}", "Public") for i in range(8)], head)
    box.set_limit(Limit.parse("4/12s:headers:429:first-call"))
    with opened(browser, settings, tmp_path / "uploads") as page:
        drop(page, file)
        page.get_by_label("Column C: Comments of ours").select_option(label="Text of the note")
        expect(page.get_by_role("status")).to_have_text("Ready: 8 notes to send.")
        page.get_by_role("button", name="Continue").click()
        agree(page, "8 notes")
        expect(page.get_by_text(re.compile("[1-7] of 8 notes"))).to_be_visible()
    box.set_limit(None)
    with opened(browser, settings, tmp_path / "uploads") as page:
        expect(page.get_by_role("link", name="n.csv")).to_be_visible()
        looked_at(page, "import-kept")
        page.get_by_role("link", name="Runs").click()
        page.get_by_role("link", name="n.csv").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("n.csv")
        looked_at(page, "run-stopped")
        page.get_by_role("link", name="Send the rest").click()
        page.get_by_role("button", name="Continue").click()
        agree(page, "")
        expect(page.get_by_role("status")).to_have_text("Done. All rows are delivered.")
        expect(page.get_by_text("All rows are delivered. Save the results now")).to_be_visible()
    assert sorted((note.prospect_id, note.content) for note in box.notes) == [
        (f"p{i}", f"<p>Note {i}</p>") for i in range(8)
    ]
    with opened(browser, settings, tmp_path / "uploads") as page:
        expect(page.get_by_role("link", name="n.csv")).to_have_count(0)
        page.get_by_role("link", name="Runs").click()
        page.get_by_role("link", name="n.csv").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("n.csv")
        expect(page.get_by_role("link", name="Download results")).to_have_count(0)
        looked_at(page, "run-gone")
    assert [*(tmp_path / "uploads").iterdir()] == []
