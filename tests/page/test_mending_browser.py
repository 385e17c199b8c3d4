"""The grid of rows with problems in a real browser: with a script and without, with a mouse and by keyboard alone."""

from pathlib import Path
from unittest.mock import Mock

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from importer.page.jobs import Jobs
from importer.page.serving import PageServer
from importer.page.uploads import DroppedFiles
from tests.page.conftest import home_of, write
from tests.page.test_browser import drop, looked_at, reached, send
from tests.sandbox import Sandbox

pytestmark = pytest.mark.slow
HEAD = ("Prospect ID", "Email", "Note", "Visibility")
TEXT = "Spoke about the annual plan"
TWELVE = [
    *((f"p{i}", "", f"{TEXT} {i}", "Pubic") for i in range(5)),
    *((f"q{i}", "", "", "Private") for i in range(3)),
    *(("", email, TEXT, "Private") for email in ("8PvBmrB7P7@example", "al")),
    *((f"s{i}", "", f"{TEXT} again {i}", "") for i in range(2)),
]
"""Twelve problems of four kinds."""


def dropped(page: Page, tmp_path: Path) -> Path:
    """The grid of a sheet with twelve problems and two rows without."""
    path = write(tmp_path / "notes.csv", [("r1", "", TEXT, "Public"), *TWELVE, ("r2", "", TEXT, "Private")], HEAD)
    drop(page, path)
    expect(page.get_by_role("status")).to_have_text("Ready: 2 notes to send; not sent: 12 rows with problems.")
    page.get_by_role("link", name="Correct them here").click()
    expect(page.get_by_role("status")).to_have_text("0 of 12 rows are corrected.")
    return path


def test_twelve_problems_of_four_kinds_are_mended_sent_and_told_of(page: Page, box: Sandbox, tmp_path: Path) -> None:
    path = dropped(page, tmp_path)
    looked_at(page, "mend")
    status = page.get_by_role("status")
    page.get_by_label("Visibility, row 3").focus()
    page.get_by_role("button", name="Change all 5 like it to Public: row 3").click()
    expect(status).to_have_text("5 of 12 rows are corrected.")
    expect(page.get_by_label("Visibility, row 3")).to_be_focused()
    page.get_by_label("Note, row 8").fill("Left a message")
    expect(status).to_have_text("6 of 12 rows are corrected.")
    page.get_by_role("link", name="2 the note is empty. Write its text, or leave out the row").click()
    page.get_by_role("button", name="Leave out all 2 rows of this kind").click()
    expect(status).to_have_text("6 of 12 rows are corrected. 2 rows are left out.")
    looked_at(page, "mend-kind")
    page.get_by_role("link", name="4 All problems").click()
    page.get_by_label("Prospect ID, row 11").fill("8PvBmrB7P7")
    page.get_by_label("Email, row 11").fill("")
    page.get_by_label("Prospect ID, row 12").fill("8PvBmrB7P8")
    page.get_by_label("Email, row 12").fill("")
    expect(status).to_have_text("8 of 12 rows are corrected. 2 rows are left out.")
    page.get_by_label("Visibility, row 13").select_option("Private")
    page.get_by_label("Visibility, row 13").focus()
    page.get_by_role("button", name="Do the same for 1 other like it: row 13").click()
    expect(status).to_have_text("10 of 12 rows are corrected. 2 rows are left out.")
    looked_at(page, "mended")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("notes.csv")
    expect(status).to_have_text("Ready: 12 notes to send.")
    looked_at(page, "check-corrected")
    assert not box.received
    page.get_by_role("button", name="Continue").click()
    send(page, "12 notes")
    expect(status).to_contain_text("Done.")
    assert len(box.notes) == 12
    expect(page.get_by_text("12 of 12 rows delivered, 2 more were skipped.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download results").click()
    download.value.save_as(tmp_path / "results.xlsx")
    rows = [*openpyxl.load_workbook(tmp_path / "results.xlsx")["Results"].iter_rows(min_row=2, values_only=True)]
    assert [row[6] for row in rows[:10]] == [
        None, *[f"corrected: D{i}: Pubic → Public" for i in range(3, 8)],
        "corrected: C8: (blank) → Left a message", "left out by hand", "left out by hand",
        "corrected: A11: (blank) → 8PvBmrB7P7, B11: 8PvBmrB7P7@example → (blank)",
    ]  # fmt: skip
    assert [row[4] for row in rows].count("created") == 12
    assert [row[4] for row in rows].count("skipped") == 2
    assert path.read_bytes().count(b"Pubic") == 5


def test_the_keyboard_alone_mends_rows_and_stays_where_it_is(page: Page, tmp_path: Path) -> None:
    dropped(page, tmp_path)
    status = page.get_by_role("status")
    reached(page, "textbox", "Note, row 8")
    page.keyboard.type("Hello", delay=30)
    expect(status).to_have_text("1 of 12 rows are corrected.")
    expect(page.get_by_label("Note, row 8")).to_be_focused()
    expect(page.get_by_label("Note, row 8")).not_to_have_attribute("aria-invalid", "true")
    page.keyboard.type(" you")
    page.keyboard.press("Shift+Enter")  # a note may have several lines
    page.keyboard.type("all")
    expect(page.get_by_label("Note, row 8")).to_have_value("Hello you\nall")
    expect(page.get_by_label("Note, row 8")).to_be_focused()
    page.keyboard.press("Tab")  # Do the same for …
    page.keyboard.press("Tab")
    expect(page.get_by_label("Note, row 9")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    while not page.evaluate("document.activeElement.id === 'more-9'"):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    reached(page, "button", "Leave out: row 9")
    page.keyboard.press("Enter")
    expect(status).to_have_text("1 of 12 rows are corrected. 1 row is left out.")
    expect(page.get_by_role("button", name="Undo: row 9")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Note, row 9")).to_be_focused()
    reached(page, "combobox", "Visibility, row 13")
    page.keyboard.type("Pu")
    expect(status).to_have_text("2 of 12 rows are corrected.")
    expect(page.get_by_label("Visibility, row 13")).to_have_value("Public")
    expect(page.get_by_label("Note, row 8")).to_have_value("Hello you\nall")
    page.get_by_label("Email, row 11").focus()
    page.keyboard.press("End")
    page.keyboard.type(".")
    page.keyboard.press("Enter")  # checks at once, presses no button, and goes to the next wrong cell
    expect(status).to_contain_text("2 of 12 rows are corrected. '8PvBmrB7P7@example.' is not an email address.")
    expect(page.get_by_label("Email, row 12")).to_be_focused()
    reached(page, "button", "Continue")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("notes.csv")
    expect(status).to_have_text("Ready: 4 notes to send; not sent: 10 rows with problems.")


def test_somebody_who_is_faster_than_the_check_loses_nothing(page: Page, tmp_path: Path) -> None:
    """Tab goes to the next control, whatever the check shows anew; what is pressed waits for the change before it."""
    dropped(page, tmp_path)
    status = page.get_by_role("status")
    page.get_by_label("Visibility, row 3").focus()
    page.keyboard.type("Pu")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Change to Public: row 3")).to_be_focused()
    expect(status).to_have_text("1 of 12 rows are corrected.")
    expect(page.get_by_role("button", name="Do the same for 4 others like it: row 3")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Visibility, row 4")).to_be_focused()
    page.get_by_label("Note, row 8").focus()
    page.keyboard.type("Hello")
    same = page.get_by_role("button", name="Do the same for 2 others like it: row 8")
    expect(same).to_be_visible()
    page.keyboard.type(" you")
    page.keyboard.press("Tab")
    with page.expect_response(lambda answer: answer.url.partition("?")[0].endswith("/mend")) as answer:
        expect(same).to_be_focused()
    answer.value.finished()
    expect(same).to_have_attribute("value", "8 2 Hello you")
    expect(same).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Note, row 9")).to_be_focused()
    page.locator("#more-10").click()
    page.get_by_label("Note, row 10").fill("Hello")
    page.get_by_role("button", name="Leave out: row 10").focus()
    expect(status).to_have_text("3 of 12 rows are corrected.")
    expect(page.get_by_role("button", name="Undo: row 10")).to_be_focused()
    page.get_by_label("Note, row 9").fill("Hello")
    page.locator("#kinds nav a").nth(1).click()
    page.wait_for_url("**kind=0*")
    expect(status).to_have_text("4 of 12 rows are corrected.")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if held:
            route.continue_()
        held.append(route)

    page.route("**/mend/change*", hold)
    page.get_by_label("Visibility, row 4").focus()
    with page.expect_request("**/mend/change*"):
        page.get_by_role("button", name="Change all 4 like it to Public: row 4").click()
    page.get_by_role("button", name="Continue").click()
    held[0].continue_()
    expect(page.get_by_role("heading", level=1)).to_have_text("notes.csv")
    expect(status).to_have_text("Ready: 10 notes to send; not sent: 4 rows with problems.")


def test_a_change_that_is_refused_is_not_shown_as_saved(
    page: Page, browser: Browser, server: PageServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the reason is, it is said, and what was written stays; what isn't there has a screen, too.

    In a tab of its own: the console tells of it.
    """

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    ours, elsewhere = server.guard.home, f"/{'x' * 43}"
    with browser.new_context(storage_state=page.context.storage_state()) as context:
        tab = context.new_page()
        tab.goto(home_of(server))
        dropped(tab, tmp_path)
        status, note, row = tab.get_by_role("status"), tab.get_by_label("Note, row 8"), tab.locator("#row-8")
        [upload] = server.parts.uploads

        def is_refused(text: str, why: str) -> None:
            note.fill(text)
            expect(status).to_contain_text(f"Not saved. Your changes stay here for now. {why}")
            expect(status).to_have_class("status gone")
            expect(note).to_have_value(text)
            expect(row).to_have_class("open")

        tab.route("**/mend/change*", lambda route: route.continue_(url=route.request.url.replace(ours, elsewhere)))
        is_refused("a", "This page is open in another browser window.")
        tab.unroute_all()
        tab.route("**/mend/change*", lambda route: route.fulfill(status=405, body="<main><p>No.</p></main>"))
        is_refused("b", "No.")
        tab.unroute_all()
        with monkeypatch.context() as busy:
            busy.setattr(Jobs, "under_way", [Mock(id="a", upload=upload, heading="Sending notes.csv")])
            is_refused("c", "Sending notes.csv. Wait until that is done.")
            looked_at(tab, "mend-refused")
        with monkeypatch.context() as broken:
            broken.setattr(DroppedFiles, "change", full)
            is_refused("d", "No space left on device.")
        expect(status).to_have_text("1 of 12 rows are corrected.")  # it was tried again
        expect(row).to_have_class("mended")
        expect(status).not_to_have_class("status gone")
        tab.context.set_offline(True)
        tab.get_by_label("Note, row 9").fill("Hello")
        expect(status).to_contain_text("Not saved. The program doesn't answer.")
        tab.locator("#kinds nav a").nth(1).click()  # what is typed isn't left behind
        expect(tab.get_by_label("Note, row 9")).to_have_value("Hello")
        tab.context.set_offline(False)
        expect(status).to_have_text("2 of 12 rows are corrected.")
        tab.reload()
        expect(tab.get_by_label("Note, row 9")).to_have_value("Hello")
        tab.goto(f"{home_of(server)}run/0")
        expect(tab.get_by_text("There is nothing here.")).to_be_visible()
        looked_at(tab, "nothing")
        tab.get_by_role("link", name="Go back").click()
        expect(tab.get_by_role("heading", level=1)).to_have_text("Choose a spreadsheet")
