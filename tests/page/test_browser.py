"""The page in a real browser: a file is dropped, checked, agreed to, sent; the server holds what was agreed to."""

import base64
import os
import re
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from importer import messages
from importer.page.serving import PageServer
from tests.page.conftest import HEAD, home_of, write
from tests.sandbox import Limit, Sandbox

pytestmark = pytest.mark.slow
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
TEXTS = ("Spoke about the annual plan", "Left a message, will call again on Monday")


STICKS_OUT = """Math.max(
    ...[document.documentElement, ...document.querySelectorAll(".wide:has(.stacked)")]
        .map((one) => one.scrollWidth - one.clientWidth)
)"""


def ready(page: Page, element: Locator) -> None:
    """Wait for a screen with this element, and for the script that answers its keys."""
    element.wait_for()
    page.wait_for_load_state()


def drop(page: Page, path: Path) -> None:
    """Choose a file on the first screen, once the script is there that hands it over."""
    field = page.get_by_label("Drop the file here, or choose it")
    ready(page, field)
    field.set_input_files(path)


def accessible(page: Page) -> None:
    """No rule of axe's is broken on this screen; in the dark, colours are all that differs."""
    page.wait_for_load_state()
    session = page.context.new_cdp_session(page)  # the page's own policy lets no script in
    of_colours = "axe.run({ runOnly: ['color-contrast', 'link-in-text-block'] })"
    for scheme, asked in (("dark", f"{AXE}; {of_colours}"), ("light", "axe.run()")):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        script = f"{asked}.then(r => JSON.stringify(r.violations))"
        how = {"expression": script, "awaitPromise": True, "returnByValue": True}
        found = session.send("Runtime.evaluate", how)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        assert found["result"]["value"] == "[]", f"{page.url} ({scheme})"
    session.detach()


def wide(page: Page) -> None:
    """Nothing sticks out at the right of a small telephone's screen, nor of a desk's that is magnified twice."""
    session = page.context.new_cdp_session(page)
    for width in (320, 640):
        page.set_viewport_size({"width": width, "height": 844})
        found = session.send("Runtime.evaluate", {"expression": STICKS_OUT})
        assert found["result"]["value"] == 0, (page.url, width)
    session.detach()
    page.set_viewport_size({"width": 1280, "height": 800})


def looked_at(page: Page, name: str) -> None:
    """A screen, tried by axe, and on a telephone; SCREENSHOTS names a folder for pictures of it."""
    accessible(page)
    wide(page)
    if folder := os.environ.get("SCREENSHOTS"):
        for width, height in ((390, 844), (1280, 800)):
            page.set_viewport_size({"width": width, "height": height})
            page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)


def send(page: Page, notes: str) -> None:
    page.get_by_role("button", name=f"Send {notes}").first.click()


def reached(page: Page, role: str, name: str) -> None:
    """Go there with the Tab key, and see that one is there."""
    wanted = page.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
    ready(page, wanted)
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.and_(page.locator(":focus-visible")).count():
            return
    raise AssertionError(f"{name} can't be reached")


def test_a_file_is_dropped_checked_sent_and_its_results_are_taken(page: Page, box: Sandbox, tmp_path: Path) -> None:
    rows = [(f"p{i}", TEXTS[i % 2], ("Public", "Private")[i % 2]) for i in range(6)]
    rows[0] = ("p0", "\n".join(f"Line {i}" for i in range(40)), "Public")
    rows += [("INVALID-1", TEXTS[0], "Public"), ("p8", "", "Public"), ("p9", TEXTS[0], "pubic")]
    looked_at(page, "import")
    drop(page, write(tmp_path / "Kontakte März.csv", rows))
    expect(page.get_by_role("heading", level=1)).to_have_text("Kontakte März.csv")
    expect(page.get_by_role("status")).to_have_text("Ready: 7 notes to send; not sent: 2 rows with problems.")
    looked_at(page, "check")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Send 7 notes?")
    looked_at(page, "confirm")
    assert not box.received
    send(page, "7 notes")
    expect(page.get_by_role("status")).to_have_text("Done. Something needs your attention.")
    looked_at(page, "results")
    assert sorted(note.prospect_id for note in box.notes) == [f"p{i}" for i in range(6)]
    with page.expect_download() as download:
        page.get_by_role("link", name="Download results").click()
    assert download.value.suggested_filename == "Kontakte März.results.xlsx"
    download.value.save_as(tmp_path / "taken.xlsx")
    book = openpyxl.load_workbook(tmp_path / "taken.xlsx")
    results = [row[3] for row in book["Results"].iter_rows(min_row=2, values_only=True)]
    assert results == ["created"] * 6 + ["rejected", "invalid", "invalid"]
    summary = "\n".join(str(cell) for row in book["Summary"].iter_rows(values_only=True) for cell in row)
    assert "Kontakte März.csv" in summary
    assert str(tmp_path) not in summary
    expect(page.get_by_text("6 of 9 rows delivered, 3 to correct.")).to_be_visible()
    expect(page.get_by_role("row", name="INVALID-1")).to_contain_text("rejected")
    expect(page.get_by_role("row", name="p9")).to_contain_text(TEXTS[0])


def test_what_is_undecided_is_chosen_there_and_a_reload_loses_nothing(page: Page, box: Sandbox, tmp_path: Path) -> None:
    """Likely columns are marked, a word of their own has its drop-down; a change is looked at at once, and a reload
    shows the same, because the page keeps it."""
    head = ("Contact ID", "First Name", "Full Comments", "Shared?")
    rows = [(f"p{i}", "Jo", TEXTS[i % 2], ("Team only", "Yes")[i % 2]) for i in range(4)]
    drop(page, write(tmp_path / "n.csv", rows, head))
    expect(page.get_by_role("status")).to_contain_text("1 thing to decide")
    looked_at(page, "question")
    page.get_by_label("Column D: Shared?").select_option(label="Who may see it")
    expect(page.get_by_role("status")).to_contain_text("2 things to decide")
    expect(page.get_by_label("Column C: Full Comments")).to_have_value("")
    expect(page.get_by_role("row", name="C Full Comments")).to_contain_text("likely")
    expect(page.get_by_role("row", name="A Contact ID")).to_contain_text("matched by heading")
    looked_at(page, "undecided")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("status")).to_contain_text("2 things to decide")
    page.get_by_label("Meaning of 'Team only'").focus()
    page.get_by_label("Meaning of 'Team only'").select_option(label="Private: only the owner of the API key sees it")
    expect(page.get_by_role("status")).to_contain_text("1 thing to decide")
    expect(page.get_by_label("Meaning of 'Team only'")).to_be_focused()
    page.get_by_label("Meaning of 'Yes'").select_option(label="Public: all team members see the note")
    expect(page.get_by_role("status")).to_have_text("Ready: 4 notes to send.")
    page.reload()
    expect(page.get_by_role("status")).to_have_text("Ready: 4 notes to send.")
    looked_at(page, "decided")
    assert not box.received
    page.get_by_role("button", name="Continue").click()
    send(page, "4 notes")
    expect(page.get_by_role("status")).to_have_text("Done. All rows are delivered.")
    assert sorted((note.prospect_id, note.visibility) for note in box.notes) == [
        ("p0", "2"), ("p1", "1"), ("p2", "2"), ("p3", "1"),
    ]  # fmt: skip


def test_without_a_script_buttons_do_all(browser: Browser, server: PageServer, box: Sandbox, tmp_path: Path) -> None:
    rows = [("p1", TEXTS[0], "Ann", "Pubic"), ("p2", "", "Ben", "Public"), ("p3", TEXTS[1], "", "Pubic")]
    path = write(tmp_path / "n.csv", rows, ("Prospect ID", "Note", "Owner", "Visibility"))
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(server.guard.address)
        page.goto(home_of(server))
        status = page.get_by_role("status")
        page.get_by_label("Drop the file here, or choose it").set_input_files(path)
        page.get_by_role("button", name="Check", exact=True).click()
        expect(status).to_contain_text("There is nothing to send.")
        page.get_by_role("link", name="Correct them here").click()
        page.get_by_label("Note, row 3").fill("Hello")
        page.get_by_label("Visibility, row 2").focus()
        page.get_by_role("button", name="Change to Public: row 2").click()
        expect(status).to_have_text("2 of 3 rows are corrected.")
        page.get_by_label("Note, row 3").fill("")
        page.get_by_role("button", name="Check again").click()
        expect(status).to_have_text("1 of 3 rows are corrected.")
        page.get_by_role("button", name="Undo the last change").click()
        expect(status).to_have_text("2 of 3 rows are corrected.")
        page.get_by_role("link", name="Only rows that are not corrected yet").click()
        expect(page.get_by_label("Note, row 3")).to_have_count(0)
        page.get_by_label("Visibility, row 4").select_option("Private")
        page.get_by_role("button", name="Continue").click()
        expect(status).to_have_text("Ready: 3 notes to send.")
        page.locator("#columns > summary").click()
        page.get_by_label("Column C: Owner").select_option(label="Text of the note")
        page.get_by_role("button", name="Check again").click()
        page.locator("#columns > summary").click()
        expect(page.get_by_role("row", name="C Owner")).to_contain_text("your choice")
        page.get_by_label("Column B: Note").select_option(label="Part of the text")
        page.get_by_role("button", name="Continue").click()
        expect(status).to_contain_text("checked again with your choices")
        expect(page.get_by_text(f"{TEXTS[0]}: Ann", exact=True)).to_be_visible()
        assert not box.received
        page.get_by_role("button", name="Continue").click()
        send(page, "")
        expect(status).to_contain_text("Done.")
    assert f"<p>{TEXTS[0]}: Ann</p>" in [note.content for note in box.notes]


def test_a_run_is_watched_reloaded_stopped_from_a_second_tab_and_its_rest_sent(
    page: Page, server: PageServer, box: Sandbox, tmp_path: Path
) -> None:
    box.set_limit(Limit.parse("4/60s:headers:429:first-call"))
    drop(page, write(tmp_path / "n.csv", [(f"p{i}", f"Note {i}", "Public") for i in range(8)]))
    page.get_by_role("button", name="Continue").click()
    send(page, "8 notes")
    expect(page.get_by_text(re.compile("[1-7] of 8 notes"))).to_be_visible()
    looked_at(page, "sending")
    page.reload()
    expect(page.get_by_text(re.compile("[1-7] of 8 notes"))).to_be_visible()
    other = page.context.new_page()
    other.goto(home_of(server))
    other.get_by_role("link", name="Show progress").click()
    other.get_by_role("button", name="Stop").click()
    expect(other.get_by_role("status")).to_contain_text("Not finished.")
    expect(page.get_by_role("status")).to_contain_text("Not finished.")
    left = 8 - len(box.notes)
    assert 0 < left < 8
    box.set_limit(None)
    page.get_by_role("link", name="Send the rest").click()
    expect(page.get_by_role("status")).to_contain_text(f"Ready: {left} note")
    page.get_by_role("button", name="Continue").click()
    send(page, f"{left} note")
    expect(page.get_by_role("status")).to_have_text("Done. All rows are delivered.")
    assert sorted(note.prospect_id for note in box.notes) == [f"p{i}" for i in range(8)]


def test_the_keyboard_alone_is_enough(page: Page, server: PageServer, box: Sandbox, tmp_path: Path) -> None:
    path = write(tmp_path / "n.csv", [("p1", "Hello", "Public"), ("p2", "Hello", "")])
    page.on("filechooser", lambda _: None)  # so that the browser leaves choosing to us before Enter is pressed

    reached(page, "button", "Drop the file here, or choose it")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(path)
    expect(page.get_by_role("status")).to_have_text("Ready: 1 note to send; not sent: 1 row with problems.")
    reached(page, "combobox", "If visibility is blank")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Ready: 2 notes to send.")
    expect(page.get_by_role("combobox", name="If visibility is blank")).to_be_focused()
    reached(page, "button", "Continue")
    page.keyboard.press("Enter")
    reached(page, "button", "Send 2 notes")
    page.keyboard.press("Space")
    reached(page, "link", "Download results")
    with page.expect_download() as taken:
        page.keyboard.press("Enter")
    assert taken.value.suggested_filename == "n.results.xlsx"
    assert sorted(note.visibility for note in box.notes) == ["1", "2"]


def test_hebrew_runs_from_right_to_left_and_what_is_said_of_it_from_left_to_right(page: Page, tmp_path: Path) -> None:
    """A quotation at the beginning of a sentence turns neither the sentence nor its list; long names wrap."""
    rows = [(f"KbtDE6k{i}", "דיברתי עם הלקוח על החוזה השנתי (2026).", ("Private", "סודי")[i]) for i in range(2)]
    drop(page, write(tmp_path / f"{'long' * 30}.csv", rows, ("Prospect ID", "Note", "Visibility")))
    expect(page.locator("blockquote")).to_have_css("direction", "rtl")
    expect(page.locator(".problems bdi")).to_have_css("direction", "ltr")
    looked_at(page, "hebrew")
    page.get_by_role("link", name="Correct them here").click()
    expect(page.locator("#kinds li").nth(1).locator("bdi")).to_have_css("direction", "ltr")
    expect(page.locator("#grid textarea")).to_have_css("direction", "rtl")
    wide(page)


def test_a_question_stays_while_keys_pass_by_its_answers(page: Page, server: PageServer, tmp_path: Path) -> None:
    drop(page, write(tmp_path / "n.csv", [("p1", "Hello")], HEAD[:2]))
    question = page.get_by_role("combobox", name="Who may see these notes?")
    ready(page, question)
    question.focus()
    options = question.locator("option")
    last = options.count() - 1
    for _ in range(last):
        page.keyboard.press("ArrowDown")
    expect(question).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text("1 thing to decide")
    for _ in range(last):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    chosen = question.input_value()
    assert chosen == "default-visibility private"
    page.keyboard.press("Tab")
    expect(page.get_by_role("status")).to_have_text("Ready: 1 note to send.")
    expect(question).to_have_count(0)
    assert page.evaluate("document.activeElement !== document.body")
    page.goto(home_of(server))
    drop(page, write(tmp_path / "m.csv", [("p2", "Hello")], HEAD[:2]))
    ready(page, question)
    question.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Ready: 1 note to send.")
    expect(page.get_by_role("button", name="Continue")).to_be_focused()


def test_an_outage_is_shown_a_program_that_is_gone_too_and_quit_asks_while_something_is_sent(
    page: Page, server: PageServer, box: Sandbox, tmp_path: Path
) -> None:
    drop(page, write(tmp_path / "n.csv", [("p1", "Hello", "Public")]))
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Send 1 note").wait_for()
    box.stop()
    send(page, "1 note")
    held_up, status = "Waiting.", page.get_by_role("status")
    expect(status).to_have_text(held_up)
    expect(page.locator("main")).to_contain_text("could not be reached")
    expect(page).to_have_title("0 % · Sending n.csv – note-importer")
    page.context.set_offline(True)
    expect(status).to_contain_text("note-importer doesn't answer.")
    expect(status).to_contain_class("gone")
    looked_at(page, "gone")
    page.context.set_offline(False)
    expect(status).to_have_text(held_up)
    expect(status).not_to_contain_class("gone")
    page.get_by_role("button", name="Quit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Quit now?")
    looked_at(page, "quit")
    page.get_by_role("link", name="Keep sending").click()
    expect(page.get_by_text("of 1 note")).to_be_visible()
    assert not server.ended.is_set()
    page.get_by_role("button", name="Quit").click()
    page.get_by_role("button", name="Stop and quit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("note-importer has stopped")
    page.wait_for_load_state()
    looked_at(page, "ended")
    assert server.ended.wait(30)
    for job in server.stop_jobs(messages.words("You pressed Quit.")):
        job.listener.join(60)
        assert job.ended is not None
        assert job.ended.results is not None


def test_a_file_is_dropped_again_and_again_as_are_a_useless_one_and_one_with_two_sheets(
    page: Page, server: PageServer, box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, status = write(tmp_path / "n.csv", [("p1", TEXTS[0], "Public")]), page.get_by_role("status")
    with monkeypatch.context() as held:  # reading is held up, so that it can be looked at
        held.setattr(server.parts.reading, "look", lambda *_, **__: None)
        drop(page, path)
        expect(status).to_have_text("n.csv is being read and checked. A large file takes a while.")
        looked_at(page, "reading")
    expect(status).to_have_text("Ready: 1 note to send.")
    page.goto(home_of(server))
    drop(page, path)
    expect(status).to_have_text("Ready: 1 note to send.")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a spreadsheet")
    expect(page.get_by_label("Drop the file here, or choose it")).to_have_value("")
    (tmp_path / "n.pdf").write_bytes(b"%PDF-1.7 " + bytes(range(256)))
    drop(page, tmp_path / "n.pdf")
    expect(status).to_contain_text("This file can't be used as it is.")
    looked_at(page, "unreadable")
    page.get_by_text("Forget this file").click()
    page.get_by_role("button", name="Forget n.pdf").click()
    expect(page.get_by_label("Drop the file here, or choose it")).to_be_visible()
    expect(page.get_by_role("link", name="n.pdf")).to_have_count(0)
    book = openpyxl.Workbook()
    for name in ("May", "June"):
        sheet = book.create_sheet(name)
        sheet.append(HEAD)
        sheet.append([f"p-{name}", "Hello", "public"])
    del book["Sheet"]
    book.save(tmp_path / "n.xlsx")
    data = base64.b64encode((tmp_path / "n.xlsx").read_bytes()).decode()
    files = "new File([Uint8Array.from(atob(data), sign => sign.charCodeAt(0))], 'n.xlsx')"
    making = "([data, times]) => { const held = new DataTransfer();"
    making += f" for (let i = 0; i < times; i++) held.items.add({files}); return held; }}"
    page.dispatch_event("#file", "drop", {"dataTransfer": page.evaluate_handle(making, [data, 2])})
    expect(status).to_have_text("Drop one file, please.")
    page.locator("#file").set_input_files(tmp_path / "n.xlsx")  # as the browser does
    expect(status).to_have_text("One question has to be answered first.")
    looked_at(page, "sheets")
    page.get_by_label("Which sheet do you want to import?").select_option(label="the sheet 'June': " + "; ".join(HEAD))
    page.get_by_role("button", name="Continue").click()
    expect(status).to_have_text("Ready: 1 note to send.")
    expect(page.get_by_text("row 2, for p-June (public)")).to_be_visible()
    page.get_by_text("More: how the file is read").click()
    page.get_by_label("Sheet", exact=True).select_option(label="May")
    expect(page.get_by_text("row 2, for p-May (public)")).to_be_visible()
    assert not box.received
