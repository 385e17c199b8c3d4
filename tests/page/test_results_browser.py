"""Results in a real browser: all rows with their notes, found by result and words; HTML does nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from importer.page.serving import PageServer
from tests.page.conftest import home_of, write
from tests.page.test_browser import drop, looked_at, send
from tests.sandbox import Sandbox

pytestmark = pytest.mark.slow

HOSTILE = (
    "<script>window.ran = 1</script>", "<img src='https://x.example/p.png' onerror='window.ran = 2'>",
    "<b onclick='window.ran = 3' onmouseover='window.ran = 3'>bold</b>",
    "<a href='javascript:window.ran=4'>press me</a>",
    "</blockquote></li></ul></main><h1>not ours</h1><style>main { display: none }</style>", "<iframe src='/'></iframe>",
    "<svg onload='window.ran = 5'><style>*{color:red}</style>", "<form action='https://x.example'><button>x</button>",
)  # fmt: skip


def test_every_row_can_be_looked_at_and_found_by_a_word(page: Page, box: Sandbox, tmp_path: Path) -> None:
    """On the screen of the run as well."""
    rows = [(f"p{i}", f"Note {i} for Ann", "Public") for i in range(13)]
    rows += [("INVALID-1", "Refused", "Public"), ("p8", "", "Public")]
    drop(page, write(tmp_path / "n.csv", rows))
    page.get_by_role("button", name="Continue").click()
    send(page, "14 notes")
    expect(page.get_by_role("heading", name="Rows to fix")).to_be_visible()
    expect(page.get_by_role("row", name="INVALID-1")).to_contain_text("Refused")
    looked_at(page, "rows-to-fix")
    mend = page.get_by_role("link", name="Correct 1 invalid row here")
    expect(mend).to_contain_class("main")
    expect(page.locator(".main")).to_have_count(1)
    page.get_by_role("link", name="created").click()
    expect(page.get_by_role("row", name="p12")).to_contain_text("Note 12 for Ann")
    page.get_by_label("Prospect, note or reason contains, or note ID is").fill("NOTE 1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Rows 1 to 4 of 4")).to_be_visible()
    expect(page.get_by_label("Result", exact=True)).to_have_value("created")
    page.get_by_label("Result", exact=True).select_option("rejected")
    page.get_by_role("button", name="Show rows").click()
    expect(page.get_by_text("No row matches.")).to_be_visible()
    looked_at(page, "rows-none")
    page.get_by_label("Result", exact=True).select_option("Rows to fix")
    page.get_by_label("Prospect, note or reason contains, or note ID is").fill("")
    page.get_by_role("button", name="Show rows").click()
    expect(page.get_by_role("heading", name="Rows to fix")).to_be_visible()
    mend.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("n.csv")
    expect(page.locator("#grid tbody tr")).to_have_count(1)
    page.go_back()
    page.get_by_role("link", name="See this run").click()
    expect(page.get_by_role("row", name="INVALID-1")).to_contain_text("Refused")
    expect(mend).to_contain_class("main")
    page.get_by_label("Prospect, note or reason contains, or note ID is").fill("for ann")
    page.get_by_role("button", name="Show rows").click()
    expect(page.get_by_text("Rows 1 to 13 of 13")).to_be_visible()
    looked_at(page, "run-rows")
    assert len(box.notes) == 13


def test_hostile_html_does_nothing(browser: Browser, page: Page, server: PageServer, tmp_path: Path) -> None:
    """Nothing runs, nothing is loaded from elsewhere, no policy is offended, and the page stays whole."""
    drop(page, write(tmp_path / "n.csv", [(f"p{i}", f"Text {i} {html}", "Public") for i, html in enumerate(HOSTILE)]))
    page.get_by_role("button", name="Continue").click()
    send(page, "8 notes")
    expect(page.get_by_role("status")).to_have_text("Done. All rows are delivered.")
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
