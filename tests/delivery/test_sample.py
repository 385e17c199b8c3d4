"""A sample of the notes that the API said it created is read back; asserted on what the sandbox recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

import tests.jumping
from importer.cli import main
from importer.importing.report import Report
from importer.operations.history import history
from importer.operations.verify import Verified, verify
from importer.settings import ADDRESSES_VARIABLE, KEY_VARIABLE, Rate, Settings
from tests import running
from tests.jumping import Jumping
from tests.listening import Ear, http_ear
from tests.sandbox import Fault, Sandbox
from tests.sandbox.calls import Call
from tests.truth import Line, read_results, write_sheet

DUE = 2 * 60.0  # twice the assumed lag
NOTES = 40


@pytest.fixture
def clock() -> Iterator[Jumping]:
    with tests.jumping.jumping() as clock:
        yield clock


@pytest.fixture
def ear() -> Iterator[Ear]:
    with http_ear() as ear:
        yield ear


def lines(count: int = NOTES, text: str = "Spoke about terms", first: int = 1, status: str = "1") -> list[Line]:
    return [Line(f"P{number}", text, status=status) for number in range(first, first + count)]


def import_(folder: Path, settings: Settings, what: list[Line], **more: object) -> Report:
    given: dict[str, object] = {"results": folder / "results.csv", "batch_size": 10, **more}
    report = running.run(write_sheet(folder / "sheet.csv", what), replace(settings, **given))  # type: ignore[arg-type]
    assert report is not None
    return report


def reads(box: Sandbox, since: int = 0) -> list[str]:
    """The prospects whose notes were read, in order."""
    return [
        call.path.split("/")[-2]
        for call in box.received[since:]
        if call.path.endswith("/notes") and call.method == "GET"
    ]


def lost(box: Sandbox, what: list[Line]) -> set[str]:
    """The prospects that don't have their note."""
    kept = {(note.prospect_id, note.sent_content) for note in box.notes}
    return {line.prospect for line in what if (line.prospect, line.note) not in kept}


def drops(nth: int) -> Fault:
    return Fault.parse(f"drops={nth}")


# -- a healthy run ----------------------------------------------------------------------------------------------------


def test_a_short_healthy_run_reads_nothing_and_waits_for_nothing(
    box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping
) -> None:
    """The notes of its sample are too new; an import right after it doesn't read them either."""
    before = clock()
    assert import_(tmp_path, settings, lines()).exit_status == 0
    assert import_(tmp_path, settings, lines()).exit_status == 0
    assert reads(box) == []
    assert clock() - before < 30


def test_the_next_run_reads_ten_notes_once_each_and_no_later_one_does(
    box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping
) -> None:
    import_(tmp_path, settings, lines())
    clock.jump(DUE)
    before = clock()
    report = import_(tmp_path, settings, lines(5, "Another note"))
    assert report.exit_status == 0
    assert len(set(reads(box))) == len(reads(box)) == 10 == report.looks
    assert clock() - before < 30
    clock.jump(DUE)
    since = len(box.received)
    found = verify(settings)
    assert (found.exit_status, found.due_at) == (0, None)
    assert sorted(reads(box, since)) == [f"P{number}" for number in range(1, 6)]  # the sample of the second run


def test_a_large_run_reads_one_note_in_a_hundred(
    box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping
) -> None:
    import_(tmp_path, settings, lines(1_500), batch_size=100)
    clock.jump(DUE)
    verify(settings)
    assert len(set(reads(box))) == len(reads(box)) == 15


def test_a_long_run_reads_while_it_sends(box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping) -> None:
    """Looks go between the requests, and the run doesn't wait for those that are not due when all is sent."""
    report = import_(tmp_path, settings, lines(), batch_size=1, rate=Rate(6, 60.0))
    assert report.exit_status == 0
    methods = [call.method for call in box.received]
    assert 1 <= methods.count("GET") < 10
    assert methods[-1] == "POST"


def test_drafts_are_left_out(box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping) -> None:
    """The API shows only one draft of a prospect, so that a missing one says nothing."""
    import_(tmp_path, settings, [*lines(20, status="0"), *lines(3, "Published", first=50)])
    clock.jump(DUE)
    verify(settings)
    assert sorted(reads(box)) == ["P50", "P51", "P52"]


def test_what_is_older_than_a_day_is_not_read(box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping) -> None:
    """A person may have deleted it since. It is forgotten, so that no later run asks either."""
    import_(tmp_path, settings, lines())
    clock.jump(2 * 86_400)
    assert import_(tmp_path, settings, lines()).exit_status == 0
    assert verify(settings).due_at is None
    assert reads(box) == []


# -- notes that are not there -----------------------------------------------------------------------------------------


def check_told(report: Report, box: Sandbox, what: list[Line]) -> None:
    """Every note that is not there is told, and no other; its row stays created, with a reason."""
    missing = lost(box, what)
    assert missing
    assert report.exit_status == 1
    assert {note.prospect for note in report.not_found} == missing
    rows = read_results(report.results)
    assert {row["Prospect ID"] for row in rows if "created, but not found when read back" in row["reason"]} == missing
    assert all(row["note_id"] for row in rows)


def test_a_run_that_sees_a_miss_reads_all_of_its_notes(
    box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping
) -> None:
    """It waits for that, since something is known to be wrong; each prospect is read once, or twice if it is missed."""
    box.set_faults([drops(4)])
    report = import_(tmp_path, settings, lines(), batch_size=1, rate=Rate(6, 60.0))
    check_told(report, box, lines())
    assert {row["result"] for row in read_results(report.results)} == {"created"}
    assert set(reads(box)) == {f"P{number}" for number in range(1, NOTES + 1)}
    assert len(box.notes) == NOTES - len(lost(box, lines()))


def test_verify_finds_them_afterwards_and_later_imports_tell_them(
    box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping
) -> None:
    box.set_faults([drops(4)])
    assert import_(tmp_path, settings, lines()).exit_status == 0
    clock.jump(DUE)
    found = verify(settings)
    assert found.exit_status == 1
    assert {note.prospect for note in found.not_found} == lost(box, lines())
    assert verify(settings).exit_status == 0  # told once
    report = import_(tmp_path, settings, lines())
    check_told(report, box, lines())
    assert {row["result"] for row in read_results(report.results)} == {"already imported"}


def test_a_note_that_was_sent_again_on_purpose_is_told_no_more(
    box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping
) -> None:
    box.set_faults([drops(4)])
    import_(tmp_path, settings, lines())
    clock.jump(DUE)
    verify(settings)
    box.clear_faults()
    [one, *others] = [line for line in lines() if line.prospect in lost(box, lines())]
    assert import_(tmp_path, settings, [one], again=True).exit_status == 0
    report = import_(tmp_path, settings, lines())
    assert {note.prospect for note in report.not_found} == {line.prospect for line in others}


def test_the_next_run_tells_those_of_another_file(
    box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], ear: Ear,
) -> None:  # fmt: skip
    """On the screen and to programs, each with its prospect and its note ID, by run and file; with status 1.

    The Summary lists all of them, `history` too, and the journal's other readers mention them. A notification counts
    them as notes, and says where they are listed.
    """
    box.set_faults([drops(4)])
    earlier = import_(tmp_path, settings, lines())
    box.clear_faults()
    clock.jump(DUE)
    sheet, results = write_sheet(tmp_path / "other.csv", lines(3, "Another note")), tmp_path / "other.xlsx"
    monkeypatch.setenv(ADDRESSES_VARIABLE, f"json://{ear.place}")
    monkeypatch.setenv(KEY_VARIABLE, box.api_key)
    given = ["--base-url", box.url, "--journal", str(settings.journal), "--results", str(results), "--settle", "0"]
    assert main(["run", str(sheet), *given, "--yes", "--json"]) == 1
    out = capsys.readouterr()
    document = json.loads(out.out)["files"][0]["report"]
    assert {(note["row"], note["prospect"]) for note in document["not_found"]} == {
        (None, prospect) for prospect in lost(box, lines())
    }
    file = str(tmp_path / "sheet.csv")
    assert {(note["run"], note["file"]) for note in document["not_found"]} == {(earlier.run, file)}
    said = " ".join(out.err.split())
    assert f"10 notes were created, but not found when read back. Run {earlier.run} of {file}" in said
    assert "and 5 more. Look at these prospects" in said
    book = openpyxl.load_workbook(results, read_only=True)
    cells = [[str(cell) for cell in row if cell] for row in book["Summary"].iter_rows(values_only=True)]
    assert ["3 of 3 rows delivered, 10 notes of earlier runs were not found."] in cells
    again = f"To list them again: `note-importer history {earlier.run} --"  # with the address and the journal
    assert any(
        row[0] == "Run" and row[1].startswith(f"{earlier.run} of {file}: 10 notes. {again}") for row in cells if row
    )
    for note in document["not_found"]:
        assert [note["prospect"], note["note_id"]] in cells

    [told] = ear.told
    assert told["title"] == "note-importer: 10 notes of earlier runs were not found in Saleshandy (other.csv)"
    assert f"10 notes of the run {earlier.run} ({file}) were created, but not found when read back." in told["message"]
    assert f"To list them: `note-importer history {earlier.run}`\n" in told["message"]
    assert "To fix" not in told["message"]
    assert not any(note["note_id"] in told["message"] for note in document["not_found"])

    [_, past] = history(settings).runs
    assert {note.prospect for note in past.not_found} == lost(box, lines())
    assert main(["history", earlier.run, "--journal", str(settings.journal)]) == 0
    shown = capsys.readouterr().out
    for note in document["not_found"]:
        assert f"note {note['note_id']} of prospect {note['prospect']}" in shown
    clock.jump(2 * 86_400)
    known = verify(settings)
    assert (known.exit_status, known.not_found, known.known_missing) == (0, [], {earlier.run: 10})


def test_a_run_that_is_killed_leaves_the_rest_to_the_next(
    box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping
) -> None:
    """A person ends the first run while it reads all notes back; the next run goes on with that."""
    box.set_faults([drops(4)])

    def stop() -> str | None:
        return "enough" if len(set(reads(box))) > NOTES / 2 else None

    sheet = write_sheet(tmp_path / "sheet.csv", lines())
    slow = replace(settings, results=tmp_path / "results.csv", batch_size=1, rate=Rate(6, 60.0))
    report = running.run(sheet, slow, stop=stop)
    assert report is not None
    assert report.exit_status == 3
    report = running.run(sheet, replace(slow, rate=None))
    assert report is not None
    check_told(report, box, lines())


def test_notes_that_only_show_late_are_not_called_missing(
    box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping
) -> None:
    """Reading lags by five minutes. Older notes are seen, which doesn't show that so young ones could be."""
    box.set_faults([Fault.parse("lag=300")])
    import_(tmp_path, settings, lines())
    clock.jump(400)
    report = import_(tmp_path, settings, lines(text="Another note"), batch_size=1, rate=Rate(6, 60.0))
    assert report.exit_status == 0
    assert report.looks > 10
    clock.jump(400)
    assert verify(settings).exit_status == 0


def test_a_note_that_one_look_misses_gets_a_second_one(
    box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping
) -> None:
    """The run waits for that, and the note is there."""
    import_(tmp_path, settings, lines())
    clock.jump(DUE)
    box.set_faults([Fault.parse("lag=100000:GET@2-4")])
    report = import_(tmp_path, settings, lines(1, "Another note", first=NOTES + 1))
    looked = [prospect for prospect in reads(box) if prospect != f"P{NOTES + 1}"]  # its look may be due by then, too
    assert (report.exit_status, len(looked)) == (0, 13)
    assert sorted(looked.count(prospect) for prospect in set(looked)) == [1] * 7 + [2] * 3


# -- could not look ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lag=100000", "500:GET", "html-403:GET"])
def test_where_reading_shows_no_note_nothing_is_said_of_them(
    fault: str, box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping
) -> None:
    """It could not look: one line, the status is what it is, and once reading works, the notes are looked at."""
    box.set_faults([drops(4)])
    import_(tmp_path, settings, lines())
    clock.jump(DUE)
    box.set_faults([Fault.parse(fault)])
    report = import_(tmp_path, settings, lines(2, "Another note"))
    found = verify(settings)
    assert (report.exit_status, report.could_not_look, report.not_found) == (0, True, ())
    assert (found.exit_status, found.could_not_look, list(found.not_found)) == (0, True, [])
    assert len(reads(box)) <= 2 * 2 * 10
    box.clear_faults()
    assert {note.prospect for note in verify(settings).not_found} == lost(box, lines())


def test_a_prospect_that_reads_do_not_know_says_nothing(settings: Settings, tmp_path: Path, clock: Jumping) -> None:
    with Sandbox() as box:
        settings = replace(settings, base_url=box.url, key=box.api_key)
        import_(tmp_path, settings, lines())
        clock.jump(DUE)
        box.set_faults([Fault.parse("404:GET")])
        found = verify(settings)
        assert (found.exit_status, found.could_not_look) == (0, True)


def test_a_prospect_with_many_notes_is_read_to_its_end(
    box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping
) -> None:
    """Its note stands on the last page."""
    import_(tmp_path, settings, [Line("P1", "The first")])
    body = {"prospectIds": ["P1"], "content": "By a colleague", "visibility": "1"}
    for _ in range(250):
        assert box.service.answer(Call("POST", "/v1/notes", {}, box.api_key, True, body)).status == 201
    clock.jump(DUE)
    found: Verified = verify(settings)
    assert (found.exit_status, found.could_not_look) == (0, False)
    assert max(int(call.query["skip"]) for call in box.received if "skip" in call.query) > 150
