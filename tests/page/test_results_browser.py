"""Results and runs in a real browser: rows are found, notes hidden, the rest is sent; HTML does nothing."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from importer.page.reading import Readers
from importer.page.serving import PageServer
from importer.settings import Settings
from tests.page.conftest import HEAD, home_of, served, write
from tests.page.test_browser import drop, looked_at, send
from tests.sandbox import Limit, Sandbox

pytestmark = pytest.mark.slow

HOSTILE = (
    "<script>window.ran = 1</script>", "<img src='https://x.example/p.png' onerror='window.ran = 2'>",
    "<b onclick='window.ran = 3' onmouseover='window.ran = 3'>bold</b>",
    "<a href='javascript:window.ran=4'>press me</a>",
    "</blockquote></li></ul></main><h1>not ours</h1><style>main { display: none }</style>", "<iframe src='/'></iframe>",
    "<svg onload='window.ran = 5'><style>*{color:red}</style>", "<form action='https://x.example'><button>x</button>",
)  # fmt: skip


def test_rows_are_found_and_the_run_again_and_notes_are_hidden(page: Page, box: Sandbox, tmp_path: Path) -> None:
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("status")).to_have_text("No run is recorded yet.")
    looked_at(page, "runs-none")
    page.get_by_role("link", name="note-importer").click()
    rows = [(f"p{i}", f"Note {i} for Ann", "Public") for i in range(13)]
    rows += [("INVALID-1", "Refused", "Public"), ("p8", "", "Public")]
    drop(page, write(tmp_path / "Kontakte März.csv", rows))
    page.get_by_role("button", name="Continue").click()
    send(page, "14 notes")
    expect(page.get_by_role("heading", name="Rows to fix")).to_be_visible()
    expect(page.get_by_role("row", name="INVALID-1")).to_contain_text("Refused")
    looked_at(page, "rows-to-fix")
    mend = page.get_by_role("link", name="Correct rows here")
    expect(mend).to_contain_class("main")
    expect(page.locator(".main")).to_have_count(1)
    page.get_by_role("link", name="created").click()
    expect(page.get_by_role("row", name="p12")).to_contain_text("Note 12 for Ann")
    expect(page.get_by_role("row", name="INVALID-1")).to_have_count(0)
    words = page.get_by_label("Prospect, note or reason contains, or note ID is")
    words.fill("NOTE 1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Rows 1 to 4 of 4")).to_be_visible()
    expect(page.get_by_label("Result", exact=True)).to_have_value("created")
    page.get_by_label("Result", exact=True).select_option("rejected")
    page.get_by_role("button", name="Show rows").click()
    expect(page.get_by_text("No row matches.")).to_be_visible()
    looked_at(page, "rows-none")
    page.get_by_label("Result", exact=True).select_option("Rows to fix")
    words.fill("")
    page.get_by_role("button", name="Show rows").click()
    expect(page.get_by_role("link", name="15")).to_have_attribute("href", re.compile(r"/mend\?words=15$"))
    mend.click()
    expect(page.locator("#grid tbody tr")).to_have_count(1)
    page.go_back()
    page.get_by_role("navigation").get_by_role("link", name="Runs").click()
    expect(page.get_by_role("row", name="Kontakte März.csv")).to_contain_text("13 created")
    looked_at(page, "runs")
    page.get_by_role("link", name="Kontakte März.csv").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kontakte März.csv")
    expect(page.get_by_role("row", name="INVALID-1")).to_contain_text("Refused")
    expect(mend).to_contain_class("main")
    words.fill("for ann")
    page.get_by_role("button", name="Show rows").click()
    expect(page.get_by_text("Rows 1 to 13 of 13")).to_be_visible()
    looked_at(page, "run-rows")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download results").click()
    assert download.value.suggested_filename == "Kontakte März.results.xlsx"
    hides(page, box)


def hides(page: Page, box: Sandbox) -> None:
    page.get_by_role("link", name="Hide its notes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hide 13 notes?")
    expect(page.get_by_role("cell", name="for Ann").first).to_be_visible()
    looked_at(page, "hide")
    page.get_by_role("button", name="Hide 13 notes").click()
    expect(page.get_by_label("Yes, I mean these 13 notes")).to_be_focused()
    assert {note.status for note in box.notes} == {"1"}
    page.get_by_label("Yes, I mean these 13 notes").check()
    page.get_by_role("button", name="Hide 13 notes").click()
    expect(page.get_by_role("status")).to_have_text("Done.")
    expect(page.get_by_text("13 notes are now private drafts.")).to_be_visible()
    looked_at(page, "hidden")
    assert {(note.visibility, note.status) for note in box.notes} == {("2", "0")}
    page.get_by_role("link", name="Back to the run").click()
    expect(page.get_by_text("the notes were hidden later: private drafts now")).to_be_visible()
    expect(page.get_by_role("link", name="Hide its notes")).to_have_count(0)
    page.get_by_role("navigation").get_by_role("link", name="Runs").click()
    expect(page.get_by_role("row", name="Kontakte März.csv")).to_contain_text("13 hidden later")
    looked_at(page, "runs-hidden")


def test_hostile_html_does_nothing(browser: Browser, page: Page, server: PageServer, tmp_path: Path) -> None:
    rows = [(f"p{i}", f"Text {i} {html}", "Public") for i, html in enumerate(HOSTILE)]
    rows += [("INVALID<img/src=x>", "a", "Public"), ("q1", "b", HOSTILE[1])]
    drop(page, write(tmp_path / "n.csv", [(*row, row[1]) for row in rows], (*HEAD, HOSTILE[1])))
    expect(page.get_by_role("status")).to_have_text("Ready: 9 notes to send; not sent: 1 row with problems.")
    assert page.locator("main img").count() == 0
    page.get_by_role("button", name="Continue").click()
    send(page, "9 notes")
    expect(page.get_by_role("status")).to_have_text("Done. Something needs your attention.")
    assert page.locator("main img").count() == 0
    page.get_by_role("link", name="created").click()
    for i, words in enumerate(("", "x.example/p.png", "bold", "javascript:window.ran=4", "not ours", "", "", "x")):
        row = page.get_by_role("row", name=f"p{i}", exact=False).last
        expect(row).to_contain_text(f"Text {i}")
        expect(row).to_contain_text(words)
        row.hover()
    page.get_by_text("bold").click()
    page.get_by_text("press me").click()
    assert page.locator("img, iframe, svg, main form button:text-is('x'), main style").count() == 0
    assert page.locator("h1").count() == 1
    assert page.evaluate("window.ran") is None
    expect(page.get_by_role("heading", level=1)).to_have_text("Results of n.csv")
    assert page.url.startswith(home_of(server))
    looked_at(page, "html-hostile")


@contextmanager
def opened(browser: Browser, settings: Settings, folder: Path, readers: Readers) -> Iterator[Page]:
    """The page, from its start to a clean end, in a browser of its own."""
    with served(settings, folder, readers) as server, browser.new_context() as context:
        page = context.new_page()
        page.goto(server.guard.address)
        page.wait_for_url(home_of(server))
        yield page


def test_after_a_restart_the_rest_is_sent_from_the_runs_screen(
    browser: Browser, settings: Settings, readers: Readers, box: Sandbox, tmp_path: Path
) -> None:
    head = ("Prospect ID", "Full Comments", "Comments of ours", "Visibility")
    file = write(tmp_path / "n.csv", [(f"p{i}", "", f"Note {i}", "Public") for i in range(8)], head)
    box.set_limit(Limit.parse("4/12s:headers:429:first-call"))
    with opened(browser, settings, tmp_path / "uploads", readers) as page:
        drop(page, file)
        listening = page.locator("html.script")  # a choice that is made before the script has begun is not sent
        listening.get_by_label("Column C: Comments of ours").select_option(label="Text of the note")
        expect(page.get_by_role("status")).to_have_text("Ready: 8 notes to send.")
        page.get_by_role("button", name="Continue").click()
        send(page, "8 notes")
        expect(page.get_by_text(re.compile("[1-7] of 8 notes"))).to_be_visible()
    box.set_limit(None)
    with opened(browser, settings, tmp_path / "uploads", readers) as page:
        expect(page.get_by_role("link", name="n.csv")).to_be_visible()
        looked_at(page, "import-kept")
        page.get_by_role("link", name="Runs").click()
        page.get_by_role("link", name="n.csv").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("n.csv")
        looked_at(page, "run-stopped")
        page.get_by_role("link", name="Send the rest").click()
        page.get_by_role("button", name="Continue").click()
        send(page, "")
        expect(page.get_by_role("status")).to_have_text("Done. All rows are delivered.")
        expect(page.get_by_text("All rows are delivered. Save the results now")).to_be_visible()
    assert sorted((note.prospect_id, note.content) for note in box.notes) == [
        (f"p{i}", f"<p>Note {i}</p>") for i in range(8)
    ]
    with opened(browser, settings, tmp_path / "uploads", readers) as page:
        expect(page.get_by_role("link", name="n.csv")).to_have_count(0)
        page.get_by_role("link", name="Runs").click()
        page.get_by_role("link", name="n.csv").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("n.csv")
        expect(page.get_by_role("link", name="Download results")).to_have_count(0)
        looked_at(page, "run-gone")
    assert [*(tmp_path / "uploads").iterdir()] == []
