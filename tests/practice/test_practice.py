"""Practice ends as the import would, sends nothing, and leaves results that nobody can take for real ones."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from importer.errors import Guarded, UnclearColumns, Unusable
from importer.importing import batch
from importer.importing.report import Report
from importer.importing.run import prepare
from importer.journal import Journal
from importer.journal.machine import FOLDER_VARIABLE
from importer.messages import render
from importer.models import Result
from importer.operations.choosing import choose
from importer.operations.hide import Which, hide, what_to_hide
from importer.settings import Settings
from tests.running import run
from tests.sandbox import Sandbox
from tests.truth import write_csv
from tests.typing_commands import Terminal

ROWS = (("P1", "Hello", "Public"), ("P2", "Hello", "Private"), ("P1", "Hello", "Public"), ("P3", "", "Public"))


def write(folder: Path, rows: Sequence[Sequence[str]] = ROWS, heads: Sequence[str] = ("Prospect ID",)) -> Path:
    return write_csv(folder / "n.csv", (*heads, "Note", "Visibility"), *rows)


def practise(path: Path, settings: Settings) -> Report:
    with prepare(path, settings) as prepared:
        return prepared.practise()


def cells(path: Path, sheet: str = "Results") -> list[dict[str, object]]:
    head, *rows = openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def test_everything_happens_here_and_nothing_anywhere_else(settings: Settings, box: Sandbox, tmp_path: Path) -> None:
    file, before = write(tmp_path), {*tmp_path.iterdir()}
    ended = practise(file, replace(settings, key=""))
    assert (ended.counts, ended.exit_status) == ({Result.CREATED: 2, Result.DUPLICATE: 1, Result.INVALID: 1}, 1)
    assert not box.received
    assert {*tmp_path.iterdir()} - before == {tmp_path / "n.practice.xlsx"}
    assert not Path(os.environ[FOLDER_VARIABLE]).exists()


def test_what_is_undecided_is_refused_as_by_a_run(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UnclearColumns):
        practise(write(tmp_path, [("P1", "Hello", "for us"), ("P2", "Hello", "for us")]), settings)


def test_the_journal_is_read_and_not_written(settings: Settings, tmp_path: Path) -> None:
    file = write(tmp_path, ROWS[:1])
    assert run(file, settings)
    write(tmp_path)
    with Journal.open(settings.journal) as journal:
        runs = journal.runs.listed()
    ended = practise(file, replace(settings, max_notes=1, max_public=0))
    assert ended.counts == {Result.CREATED: 1, Result.DUPLICATE: 1, Result.ALREADY_IMPORTED: 1, Result.INVALID: 1}
    first, *_ = cells(ended.results)
    assert first["result (practice)"] == "already imported"
    assert str(first["reason"]).startswith("imported ")
    with Journal.open(settings.journal) as journal:
        assert journal.runs.listed() == runs
    with pytest.raises(Guarded):
        practise(file, replace(settings, max_notes=0))


def test_what_would_be_updated_is_told(box: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    type_ = Terminal(tmp_path, box, capsys)
    type_.file("n.csv", "Prospect ID,Note,Visibility\nP1,Hello,Public\n")
    assert type_("run", "n.csv", "--yes").status == 0
    type_.file("n.csv", "Prospect ID,Note,Visibility\nP1,Hello,Private\n")
    calls = len(box.received)
    ended = type_("run", "n.csv", "--update", "--practice")
    assert "1 note is updated without a question: it becomes less visible" in ended.all
    assert "1 updated the import would let the note follow the sheet" in ended.all
    type_.variables["NOTE_IMPORTER_UPDATE"] = "yes"
    assert "1 row; expected result: 1 updated." in type_("check", "n.csv").out
    assert len(box.received) == calls


def test_the_pace_the_hours_and_a_lock_dont_hold_it_up(settings: Settings, tmp_path: Path) -> None:
    slow = replace(settings, rate="1/h", between="00:00-00:01")  # type: ignore[arg-type]
    file = write(tmp_path, [(f"P{i}", f"Note {i}", "Private") for i in range(50)])
    with Journal.open(settings.journal) as journal, journal.held(settings.workspace):
        assert practise(file, slow).counts == {Result.CREATED: 50}


def test_the_results_say_in_every_sheet_what_they_are(settings: Settings, tmp_path: Path) -> None:
    ended = practise(write(tmp_path), settings)
    for sheet in ("Results", "To fix"):
        for row in cells(ended.results, sheet):
            assert row["result (practice)"]
            assert row["note_id"] is None
            assert row["request"] is None or str(row["request"]).startswith("practice/")
    summary = openpyxl.load_workbook(ended.results)["Summary"]
    texts = [str(cell) for row in summary.iter_rows(values_only=True) for cell in row if cell]
    assert texts[0] == "Practice: nothing was sent"
    assert "The import would create the note." in texts
    assert "Correct the original file." in texts
    assert not any("ID of the run" in text for text in texts)
    assert not {"The note was created.", "Run", "Workspace", "Requests sent", ended.run} & {*texts}
    assert not any("delivered" in text for text in texts)


def test_its_results_cant_be_imported(settings: Settings, tmp_path: Path) -> None:
    (folder := tmp_path / "folder").mkdir()
    file = write(folder)
    results = practise(file, settings).results
    for sheet in (None, "To fix"):
        with pytest.raises(Unusable) as refused, prepare(results, replace(settings, sheet=sheet)):
            pass
        assert render(refused.value.message).startswith(f"{results} contains the results of practice")
    assert run(file, settings)
    file.unlink()
    assert batch.run(choose([folder]), settings).files[0].fate is batch.FileResult.REFUSED
    assert choose([folder]).left_out[0].name.startswith(("n.re", "n.practice"))


def test_every_email_of_the_sheet_has_a_prospect(settings: Settings, tmp_path: Path) -> None:
    rows = [
        ("", "jo@example.com", "Hello", "Public"), ("P1", "jo@example.com", "Hello", "Public"),
        ("", "nobody@example.com", "Hello", "Public"), ("P2", "kim@example.com", "Hello", "Public"),
        ("", "no address", "Hello", "Public"), ("not an ID!", "jo@example.com", "Hello", "Public"),
    ]  # fmt: skip
    file = write(tmp_path, rows, ("Prospect ID", "Email"))
    ended = practise(file, replace(settings, max_notes=2))  # the limit counts no row whose email isn't looked up yet
    found = [row["result (practice)"] for row in cells(ended.results)]
    assert found == ["created", "duplicate", "created", "created", "invalid", "invalid"]


def test_emails_that_were_looked_up_today_have_the_prospects_that_were_found(tmp_path: Path) -> None:
    """So practice shows which rows name somebody else, and knows what is imported: with the key that emails need."""
    head = ("Prospect ID", "Email")
    with Sandbox(prospects={"P1": "jo@example.com"}) as box:
        settings = Settings(base_url=box.url, key=box.api_key, journal=tmp_path / "journal.sqlite", settle=0)
        file = write(tmp_path, [("", "jo@example.com", "Old", "Public")], head)
        assert run(file, settings)
        received = len(box.received)
        assert practise(file, settings).counts == {Result.ALREADY_IMPORTED: 1}
        assert practise(file, replace(settings, key="")).counts == {Result.CREATED: 1}
        rows = [("", "jo@example.com"), ("", "kim@example.com"), ("P9", "jo@example.com")]
        write(tmp_path, [(*row, "Hello", "Public") for row in rows], head)
        found = [row["result (practice)"] for row in cells(practise(file, settings).results)]
        assert (found, len(box.received)) == (["created", "created", "invalid"], received)
        hide(what_to_hide(Which("last"), settings), settings)
        with Journal.open(settings.journal) as journal:  # what is in question stays so when nobody knows the prospect
            journal.found(settings.workspace, settings.key, lambda: time.time() + 172_800).expire()
        write(tmp_path, [("", "jo@example.com", "Old", "Public")], head)
        assert practise(file, settings).counts == {Result.NOT_SENT: 1}


def test_several_files_are_practised_and_none_is_archived(settings: Settings, box: Sandbox, tmp_path: Path) -> None:
    live = replace(
        settings, key="", base_url="https://api.example.test/v1", archive=tmp_path / "done",
        between="00:00-00:01",  # type: ignore[arg-type]
    )  # fmt: skip
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    files = [write(tmp_path / name) for name in ("a", "b")]
    ended = batch.run(choose(files), live, batch.BatchFace(practises=True))
    assert [one.fate for one in ended.files] == [batch.FileResult.PRACTISED] * 2
    assert ended.counts == {Result.CREATED: 4, Result.DUPLICATE: 2, Result.INVALID: 2}
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"n.csv", "n.practice.xlsx"}
    assert not box.received


@pytest.mark.parametrize(("results", "place"), [("out.xlsx", "out.practice.xlsx"), ("n.results.csv", "n.practice.csv")])
def test_the_name_of_the_results_says_practice(settings: Settings, tmp_path: Path, results: str, place: str) -> None:
    settings = replace(settings, results=tmp_path / results)
    assert practise(write(tmp_path), settings).results == tmp_path / place
