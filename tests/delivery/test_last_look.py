"""Notes are looked at once more when all else is done: ten that answers named, and all that were sent again."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

import tests.jumping
from importer.cli import main
from importer.importing.report import Report
from importer.models import Progress, Result
from importer.operations.history import history
from importer.operations.verify import verify
from importer.settings import Settings
from importer.settings.secrets import ADDRESSES_VARIABLE, KEY_VARIABLE
from tests import running
from tests.jumping import Jumping
from tests.listening import Ear, http_ear
from tests.sandbox import Fault, Sandbox
from tests.sandbox.calls import Call
from tests.truth import Line, write_sheet

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
    return running.ran(write_sheet(folder / "sheet.csv", what), replace(settings, **given))  # type: ignore[arg-type]


def reads(box: Sandbox, since: int = 0) -> list[str]:
    return [
        call.path.split("/")[-2]
        for call in box.received[since:]
        if call.path.endswith("/notes") and call.method == "GET"
    ]


def lost(box: Sandbox, what: list[Line]) -> set[str]:
    kept = {(note.prospect_id, note.sent_content) for note in box.notes}
    return {line.prospect for line in what if (line.prospect, line.note) not in kept}


def drops(nth: int) -> Fault:
    return Fault.parse(f"drops={nth}")


@pytest.mark.parametrize(("count", "batch_size"), [(4, 10), (NOTES, 10), (250, 100), (NOTES, 1)])
def test_ten_notes_of_a_healthy_run_are_read_once_each_at_its_end_and_nothing_is_waited_for(
    count: int, batch_size: int, box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping
) -> None:
    before = clock()
    report = import_(tmp_path, settings, lines(count), batch_size=batch_size)
    assert report.exit_status == 0
    assert len(set(reads(box))) == len(reads(box)) == min(count, 10)
    methods = [call.method for call in box.received]
    assert "POST" not in methods[-min(count, 10) :]
    since = len(box.received)
    assert import_(tmp_path, settings, lines(count)).exit_status == 0
    assert reads(box, since) == []
    assert clock() - before < 30


def test_all_notes_of_a_run_are_equally_likely_to_be_read(box: Sandbox, settings: Settings, tmp_path: Path) -> None:
    import_(tmp_path, settings, lines(1_000), batch_size=100)
    numbers = sorted(int(prospect[1:]) for prospect in reads(box))
    assert numbers[0] < 400
    assert numbers[-1] > 600


def test_drafts_are_left_out(box: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """The API shows only one draft of a prospect, so that a missing one says nothing."""
    import_(tmp_path, settings, [*lines(20, status="0"), *lines(3, "Published", first=50)])
    assert sorted(reads(box)) == ["P50", "P51", "P52"]


def test_a_note_that_is_not_found_is_told_with_its_row(
    box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], ear: Ear,
) -> None:  # fmt: skip
    """On the screen, to programs, on *To fix* and in a notification, with status 1; its row stays created."""
    box.set_faults([drops(3)])
    sheet, results = write_sheet(tmp_path / "sheet.csv", lines(10)), tmp_path / "results.xlsx"
    monkeypatch.setenv(ADDRESSES_VARIABLE, f"json://{ear.place}")
    monkeypatch.setenv(KEY_VARIABLE, box.api_key)
    given = ["--base-url", box.url, "--journal", str(settings.journal), "--results", str(results)]
    before = clock()
    assert main(["run", str(sheet), *given, "--yes", "--json"]) == 1
    assert 60 <= clock() - before < 120
    missing = lost(box, lines(10))
    assert missing
    assert all(reads(box).count(f"P{number}") == 1 + (f"P{number}" in missing) for number in range(1, 11))
    out = capsys.readouterr()
    document = json.loads(out.out)["files"][0]["report"]
    assert document["counts"]["created"] == 10
    assert {f"P{int(row) - 1}" for row in document["not_found"]} == missing
    said = " ".join(out.err.split())
    assert f"{len(missing)} notes were created, but not found when read back: row " in said
    assert "Only ten notes of a run are read back, so others may be missing, too. `note-importer verify" in said
    book = openpyxl.load_workbook(results, read_only=True)
    to_fix = [[str(cell) for cell in row if cell] for row in book["To fix"].iter_rows(values_only=True)]
    assert sum(any("created, but not found when read back" in cell for cell in row) for row in to_fix) == len(missing)
    [told] = ear.told
    assert f"{len(missing)} notes were created, but not found when read back: row " in told["message"]

    [past] = history(settings).runs
    assert {note.prospect for note in past.not_found} == missing
    assert verify(settings).exit_status == 0
    report = import_(tmp_path, settings, lines(10))
    assert report.exit_status == 1
    assert {f"P{row - 1}" for row in report.not_found} == missing
    assert report.counts == {Result.ALREADY_IMPORTED: 10}


@pytest.mark.parametrize("fault", ["500:GET", "html-403:GET", "404:GET"])
def test_a_look_that_fails_is_no_miss_and_does_not_stop_the_run(
    fault: str, box: Sandbox, settings: Settings, tmp_path: Path, clock: Jumping
) -> None:
    import_(tmp_path, settings, lines(1, "The first", first=99))  # the way to the API is known
    since = len(box.received)
    box.set_faults([drops(3), Fault.parse(fault)])
    report = import_(tmp_path, settings, lines(10))
    assert (report.exit_status, report.not_found, len(reads(box, since)) <= 10) == (0, {}, True)


@pytest.mark.parametrize("form", [{"visibility": "1"}, {"visibility": "2", "status": "0"}], ids=["as it was", "hidden"])
def test_a_note_that_is_there_twice_is_told_though_it_was_not_sent_again(
    form: dict[str, object], box: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    """Something on the way sent the request twice; nothing was unclear. Somebody may have hidden the second note."""
    body = {"prospectIds": ["P2"], "content": "Spoke about terms", **form}

    def observe(progress: Progress) -> None:
        if progress.settled and len(box.notes) == 3:
            assert box.service.answer(Call("POST", "/v1/notes", {}, box.api_key, True, body)).status == 201

    report = running.ran(write_sheet(tmp_path / "sheet.csv", lines(3)), settings, observe=observe)
    [twin] = [note.id for note in box.notes[3:]]
    assert (report.exit_status, report.counts) == (1, {Result.CREATED: 3})
    assert [(row, ids[-1]) for row, ids in report.duplicates.items()] == [(3, twin)]
