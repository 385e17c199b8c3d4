"""What verify says is what it found: of unconfirmed deliveries, and, reading them all back, of each note of a file."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook

from importer.cli import main
from importer.journal import Claim, Journal, NoteKey
from importer.messages import Message
from importer.models import Note, Request, Status, Visibility
from importer.operations.hide import Which, hide, what_to_hide
from importer.operations.verify import ReadBack, verify_all
from importer.settings.secrets import KEY_VARIABLE
from tests import running
from tests.delivering import KEY, counts, deliver, settings
from tests.sandbox import Fault, Sandbox
from tests.sandbox.service import View
from tests.truth import Line, latest, write_sheet

pytestmark = pytest.mark.usefixtures("jumping")

LINES = [Line(f"P{number}", f"Note {number}") for number in range(1, 7)]

Verify = Callable[..., tuple[int, str]]


@pytest.fixture
def verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verify:
    """Run the command against a sandbox: its status, and what it said."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)

    def verify(box: Sandbox, *more: str) -> tuple[int, str]:
        capsys.readouterr()
        given = ["--journal", str(tmp_path / "journal.sqlite"), "--base-url", box.url, "--settle", "0.05"]
        return main(["verify", *more, *given, "--read-timeout", "1"]), " ".join(capsys.readouterr().out.split())

    return verify


@pytest.fixture
def verify_file(verify: Verify, tmp_path: Path) -> Verify:
    return lambda box, *more: verify(box, str(tmp_path / "sheet.csv"), "--all", *more)


def reasons(folder: Path, heading: str = "reason") -> list[str]:
    rows = [*load_workbook(folder / "sheet.verified.xlsx").worksheets[0].values]
    return [str(row[rows[0].index(heading)]) for row in rows[1:]]


def test_what_only_a_date_stands_against_is_settled_once_a_note_has_shown_the_clock(
    verify: Verify, tmp_path: Path
) -> None:
    """The API's clock is ten minutes behind: what reads the same might as well be an older note of somebody's hand."""
    with Sandbox(api_key=KEY, notes_behind=600.0, faults=[Fault.parse("500:after@1")]) as box:
        assert counts(deliver(box, tmp_path, LINES[:1]))["unconfirmed"] == 1
        status, said = verify(box)
        assert status == 1
        assert "1 note still unconfirmed. 1: " in said
        assert "found, but it is not known yet how the clocks differ" in said
        assert counts(deliver(box, tmp_path, LINES[:2]))["created"] == 2
        assert len(box.notes) == 2


def test_what_may_exist_without_a_clear_reply_is_named_by_hide(tmp_path: Path) -> None:
    """Its run is the last one, although it has no note that is known, and not the run before."""
    with Sandbox(api_key=KEY) as box:
        deliver(box, tmp_path, LINES[:1])
        here, note = settings(box, tmp_path), Note("Hello", Visibility.PUBLIC, Status.PUBLISHED)
        with Journal.open(here.journal) as journal, journal.transaction():
            run = journal.runs.begin(here.workspace, "b.csv", "f", 1.0, again=False)
            journal.deliveries.claim(run, [Claim(NoteKey.of(note), Request(note, (0,), ("P2",), (b"P2",)))], 1.0)
        planned = what_to_hide(Which("last"), here)
        assert (planned.notes, planned.unclear) == ([], 1)
        assert hide(planned, here).exit_status == 1
        assert {note.status for note in box.notes} == {"1"}


def test_it_says_what_became_of_each_note_and_changes_nothing(verify_file: Verify, tmp_path: Path) -> None:
    with Sandbox(api_key=KEY) as box:
        deliver(box, tmp_path, LINES)
        ids = {note.prospect_id: note.id for note in box.notes}
        before = sum(call.method != "GET" for call in box.received)
        status, said = verify_file(box)
        assert (status, reasons(tmp_path)) == (0, ["there"] * 6)
        assert "6 prospects takes 6 calls or more: less than a second at 20 calls per minute." in said
        assert "There: 6" in said
        (tmp_path / "sheet.verified.xlsx").unlink()
        box.change(ids["P1"], visibility="2")
        write_sheet(tmp_path / "sheet.csv", [*LINES[:2], Line("P3", "Note 3", "2"), *LINES[3:]])
        box.change(ids["P2"], content="<p>Somebody's own words</p>")
        box.change(ids["P3"], status="0")
        box.remove(ids["P4"])
        box.write("P5", "Note 5")
        box.write("P6", "Another note of a colleague's")
        journal = (tmp_path / "journal.sqlite").read_bytes()
        status, said = verify_file(box)
        assert (status, sum(call.method != "GET" for call in box.received)) == (1, before)
        assert (tmp_path / "journal.sqlite").read_bytes() == journal
    begin = ("changed since: private now", "changed since: a new text", "changed since: a draft now", "gone")
    found = reasons(tmp_path)
    assert all(map(str.startswith, found, (*begin, "there; there twice: ", "there")))
    assert all(", last changed on " in reason and " by " in reason for reason in found[:3])
    assert "too" not in found[0] and "more visible than your sheet says. Change it" in found[2]
    assert "There, more visible than the sheet says: 1; Changed since: 3; Gone: 1; There twice: 1" in said


def test_hidden_notes_are_said_to_be_hidden_and_each_of_a_rows_people_is_named(
    verify_file: Verify, tmp_path: Path
) -> None:
    with Sandbox(api_key=KEY) as box:
        here = settings(box, tmp_path, several_in_cell="each")
        ada, ben, cal = "AbCdEfGh1", "AbCdEfGh2", "AbCdEfGh3"
        running.ran(write_sheet(tmp_path / "sheet.csv", [Line(f"{ada}; {ben}", "Hello"), Line(cal, "Ho")]), here)
        one, two, three = (note.id for note in sorted(box.notes, key=lambda note: note.prospect_id))
        hide(what_to_hide(Which(note_ids=[one, three]), here), here)
        status, said = verify_file(box, "--several-in-cell", "each")
    assert (status, "There: 1" in said, "Hidden drafts: 2" in said) == (0, True, True)
    hidden = "hidden: it is a private draft"
    people = f"2 people: {ada} already imported ({one}, {hidden}); {ben} already imported ({two}, there)"
    assert reasons(tmp_path) == [people, hidden]
    assert reasons(tmp_path, "note_id") == [f"{one}; {two}", three]


def test_a_note_that_is_more_visible_than_the_sheet_says_now_is_to_be_fixed(
    verify_file: Verify, tmp_path: Path
) -> None:
    with Sandbox(api_key=KEY) as box:
        deliver(box, tmp_path, LINES[:2])
        seen = len(box.received)
        sheet = tmp_path / "sheet.csv"
        sheet.write_text(sheet.read_text(encoding="utf-8").replace("Note 1,1,", "Note 1,2,"), encoding="utf-8")
        status, said = verify_file(box)
        assert len(box.received) == seen + 2, "what is no doubt is read once"
        with sheet.open("a", encoding="utf-8") as file:
            file.write(sheet.read_text(encoding="utf-8").splitlines()[2].replace("Note 2,1,", "Note 2,2,") + "\n")
        assert "There, more visible than the sheet says: 2" in verify_file(box)[1], "the least of two rows counts"
    assert (status, "There, more visible than the sheet says: 1" in said) == (1, True)
    assert reasons(tmp_path)[0].startswith("there: still public, although your sheet says private.")
    book = load_workbook(tmp_path / "sheet.verified.xlsx")
    assert ("To fix" in book.sheetnames, book["Summary"]["F6"].value) == (True, "Look at its rows on To fix.")


def test_reading_that_is_behind_makes_no_note_gone(
    verify_file: Verify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note that the first look misses is looked up again later."""
    with Sandbox(api_key=KEY) as box:
        deliver(box, tmp_path, LINES[:1])
        seen = len(box.received)
        looks = iter([True])
        monkeypatch.setattr(box, "view", lambda _: View(lambda _: True, str, 0) if next(looks, False) else None)
        assert verify_file(box)[0] == 0
        assert len(box.received) == seen + 2
        write_sheet(tmp_path / "sheet.csv", [*LINES[:1], Line("P8", "Not sent", "Pubic"), Line("P9", "Never sent")])
        status, said = verify_file(box)
        assert (status, "Not delivered (rows): 2" in said) == (1, True)
        [_, one, two] = load_workbook(latest(tmp_path / "sheet.verified.xlsx"))["To fix"].values
        assert "P8" in one and "P9" in two, "a row that was not delivered is to be fixed"


def test_it_ends_when_a_run_begins(tmp_path: Path) -> None:
    with Sandbox(api_key=KEY) as box:
        deliver(box, tmp_path, LINES)
        here = settings(box, tmp_path)

        def of(profile: str) -> ReadBack:
            def begin(_: Message, notes: int) -> None:
                assert notes == len(LINES)
                with Journal.open(here.journal) as journal:
                    journal.runs.begin(replace(here, profile=profile).workspace, "other.csv", "f", 1.0, again=False)

            return verify_all(tmp_path / "sheet.csv", here, begin=begin)

        assert of("other").exit_status == 0
        (tmp_path / "sheet.verified.xlsx").unlink()
        found = of(here.profile)
    assert found.exit_status == 3
    assert found.stopped is not None and found.stopped.message.kind == "verified.yields"
    assert "not read back: " in reasons(tmp_path)[-1]
