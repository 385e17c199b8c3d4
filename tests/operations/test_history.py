"""The history is filtered, tells how long each run took, and shows one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from importer.errors import BadSettings
from importer.journal import Journal
from importer.messages import render
from importer.operations import documents, hide, history, report_messages
from importer.operations.history import History
from importer.settings import Settings
from tests import running
from tests.truth import Line, write_sheet


@pytest.fixture
def imported(settings: Settings, tmp_path: Path) -> Callable[..., str]:
    def imported(name: str, at: float) -> str:
        sheet = write_sheet(tmp_path / name, [Line("P1", name), Line("INVALID1", name)])
        ticks = iter(range(1_000_000))
        return running.ran(sheet, settings, clock=lambda: at + next(ticks) / 100).run

    return imported


def test_two_runs_of_one_workbook_name_their_sheets(settings: Settings, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for name in ("March", "April"):
        sheet = book.create_sheet(name)
        for row in (("Prospect ID", "Note", "Visibility"), ("P1", name, "Public")):
            sheet.append(row)
    book.remove(book.worksheets[0])
    book.save(path := tmp_path / "n.xlsx")
    for name in ("March", "April"):
        assert running.run(path, replace(settings, sheet=name)) is not None
    del book["April"]
    book["March"].append(("P2", "later", "Public"))
    book.save(path)
    assert running.run(path, settings) is not None
    found = history.history(settings)
    assert [past["sheet"] for past in documents.history(found)["runs"]] == ["", "April", "March"]
    said = [render(saying.text).rpartition("n.xlsx") for saying in report_messages.history(found)]
    assert [sheet for _, file, sheet in said if file] == ["", ", sheet 'April'", ", sheet 'March'"]
    assert running.run(path, settings) is not None  # which creates nothing, so it isn't the last
    assert history.one(settings, "last").run == hide.what_to_hide(hide.Which("last"), settings).run == found.runs[0].run


def test_one_run_is_shown_with_what_its_results_mean(imported: Callable[..., str], settings: Settings) -> None:
    name = imported("march.csv", 1_772_000_000.0)
    for asked in (name, "last"):
        past = history.one(settings, asked)
        said = [render(saying.text) for saying in report_messages.past_run(past)]
        assert said[0] == f"Run:        {name}"
        assert any(line.startswith("Duration:   0:0") for line in said)
        assert any("1  rejected  not accepted. See the reason. Correct the row" in line for line in said)
        assert said[-1].startswith("To see its rows and write its results again, import its file again.")
    with pytest.raises(BadSettings, match="has no run 'none'"):
        history.one(settings, "none")


def test_what_was_hidden_since_is_told_in_list_and_run(imported: Callable[..., str], settings: Settings) -> None:
    first, second = imported("march.csv", 1_772_000_000.0), imported("april.csv", 1_775_000_000.0)
    assert hide.hide(hide.what_to_hide(hide.Which(first), settings), settings).hidden == 1
    for asked in (settings, replace(settings, profile="other")):
        listed = history.history(asked, of_all=True).runs
        assert [(past.run.name, past.hidden) for past in listed] == [(second, 0), (first, 1)]
    said = [render(saying.text).strip() for saying in report_messages.history(history.history(settings))]
    assert said[1::2] == ["created: 1  rejected: 1", "created: 1  rejected: 1  hidden later: 1"]
    assert "1 note was hidden later and is now a private draft." in [
        render(saying.text) for saying in report_messages.past_run(history.one(settings, first))
    ]
    assert documents.history(History([history.one(settings, first)]))["runs"][0]["hidden"] == 1


def test_one_that_never_ended_is_over_once_another_began(settings: Settings) -> None:
    with Journal.open(settings.journal) as journal:
        begun = [
            journal.runs.begin(workspace, "n.csv", "f", at, again=False).name
            for at, workspace in enumerate((settings.workspace, replace(settings, profile="other").workspace))
        ]

    def ended(name: str) -> str:
        [past] = history.history(settings, name=name).runs
        return past.ended

    assert ended(begun[0]) == "still running, or broken off"
    assert history.history(settings, name=begun[1]).runs == [], "another workspace's"
    with Journal.open(settings.journal) as journal:
        begun.append(journal.runs.begin(settings.workspace, "n.csv", "f", 2.0, again=False).name)
    assert [*map(ended, begun[::2])] == ["broken off", "still running, or broken off"]
    assert history.one(settings, begun[0]).ended == "broken off"
