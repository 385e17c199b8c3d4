"""What a run didn't come to write, as it was ended or the disk was full, the next one writes, truly."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from importer import results
from importer.calls import dispatcher
from importer.commands.report import Report
from importer.commands.run import prepare
from importer.errors import ResultsNotWritten, as_argument
from importer.messages import render
from importer.models import Result
from importer.settings import Settings
from tests.sandbox import Fault, Sandbox
from tests.truth import Line, read_results, write_sheet


class EndedAtOnceError(BaseException):
    """As when a person or the system wants it to end at once."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, results_name="{name}.results.csv")


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return write_sheet(tmp_path / "first.csv", [Line("P1", "x"), Line("INVALID", "x"), Line("P2", "y")])


@pytest.fixture
def second(tmp_path: Path) -> Path:
    return write_sheet(tmp_path / "second.csv", [Line("P3", "z")])


def run(sheet: Path, settings: Settings) -> Report:
    with prepare(sheet, settings) as prepared:
        return prepared.send(expected=prepared.preview.remaining.total)


@pytest.fixture(params=[EndedAtOnceError(), ResultsNotWritten("The disk is full.")], ids=["ended", "disk full"])
def ended_before_its_results(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> Callable[[Path], None]:
    """An import that delivers everything, and doesn't come to write its results."""

    def fail(*_: object, **__: object) -> None:
        raise request.param

    def run_it(sheet: Path) -> None:
        with monkeypatch.context() as patch, pytest.raises(type(request.param)):
            patch.setattr(results, "write", fail)
            run(sheet, settings)
        assert not sheet.with_name(f"{sheet.stem}.results.csv").exists()

    return run_it


def test_the_next_start_writes_what_couldnt_be_written(
    box: Sandbox, settings: Settings, first: Path, second: Path, ended_before_its_results: Callable[[Path], None]
) -> None:
    """Whatever it imports itself; once, and with each row's true fate."""
    ended_before_its_results(first)
    report = run(second, settings)
    assert report.counts == {Result.CREATED: 1}
    target = first.with_name("first.results.csv")
    [said] = report.caught_up
    assert render(said).endswith(f"of {first} ended before its results were written. They are written now: {target}")
    rows = read_results(target)
    assert [row["result"] for row in rows] == ["created", "rejected", "created"]
    assert {row["note_id"] for row in rows if row["note_id"]} < {note.id for note in box.notes}
    assert run(second, settings).caught_up == []


def test_the_same_file_again_brings_its_results_itself(
    settings: Settings, first: Path, second: Path, ended_before_its_results: Callable[[Path], None]
) -> None:
    ended_before_its_results(first)
    assert run(first, settings).caught_up == []
    assert run(second, settings).caught_up == []


@pytest.mark.parametrize("change", ["file", "gone", "flags"])
def test_what_cant_be_told_any_more_is_not_told(
    settings: Settings,
    first: Path,
    second: Path,
    ended_before_its_results: Callable[[Path], None],
    change: str,
) -> None:
    """Of a file that has changed, or is read in another way, rows would get fates of others; a person is told how."""
    ended_before_its_results(first)
    content = first.read_bytes()
    if change == "file":
        first.write_bytes(content + b"P9,new,1\r\n")
    elif change == "gone":
        first.unlink()
    else:
        settings = replace(settings, ignored=["State"])
    [said] = run(second, settings).caught_up
    assert re.search(rf"`note-importer results 20\S+ {re.escape(as_argument(str(first)))}`", render(said))
    assert not first.with_name("first.results.csv").exists()


def test_calls_that_dont_come_back_leave_their_rows_unconfirmed_and_the_next_run_settles_them(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks for the end has its results soon, whatever the calls' timeout is; nothing is sent twice or lost."""
    monkeypatch.setattr(dispatcher, "LAST_CALLS", 0.2)
    sheet = write_sheet(tmp_path / "n.csv", [Line(f"P{number}", f"Note {number}") for number in range(4)])
    with Sandbox(faults=[Fault.parse("hang=60@2:after")]) as box:
        settings = replace(settings, base_url=box.url, key=box.api_key, workers=1, read_timeout=600.0)
        with prepare(sheet, settings) as prepared:
            report = prepared.send(stop=lambda: "SIGTERM." if len(box.notes) >= 2 else None)
        assert report.exit_status == 3
        rows = read_results(report.results)
        assert [row["result"] for row in rows][:2] == ["created", "unconfirmed"]
        assert "the run ended before the API replied. To find out" in rows[1]["reason"]
        later = replace(settings, read_timeout=1.0)
        assert run(sheet, later).exit_status == 0
        assert sorted(note.prospect_id for note in box.notes) == ["P0", "P1", "P2", "P3"]
