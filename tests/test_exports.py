"""Exports as the CRMs make them: a person answers at most three questions once, and later nights ask nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from importer.cli import main
from importer.sandbox import Sandbox
from importer.settings import KEY_VARIABLE
from tests.exports import EMAILS, EXPORTS, LATER, TEXTS, Export

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal, which Windows has none of", allow_module_level=True)

from tests.pseudo_terminal import types

MOST_ANSWERS = 3
PROSPECTS = {f"8PvBmrB7P{i}": email for i, email in enumerate(EMAILS)}


@pytest.fixture
def crm() -> Iterator[Sandbox]:
    """A workspace in which these people are prospects, and a namesake of one."""
    with Sandbox(prospects={**PROSPECTS, "8PvBmrB7Px": f"x{EMAILS[0]}"}) as box:
        yield box


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_an_export_is_imported_with_few_answers_and_the_next_night_with_none(
    export: Export, crm: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every note once, on the right prospect, for the right eyes; and the night's one new row."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"BASE_URL": crm.url, "JOURNAL": str(tmp_path / "journal.sqlite"), "SETTLE": "0"}.items():
        monkeypatch.setenv(f"NOTE_IMPORTER_{name}", value)
    monkeypatch.setenv(KEY_VARIABLE, crm.api_key)
    assert len(export.answers) <= MOST_ANSWERS
    path = export.write(tmp_path)
    send, remember = "y", "y"
    seen = types(["run", path.name, "--results", "first.xlsx"], [*export.answers, send, remember])
    assert seen.status == 0, seen.screen
    assert seen.screen.count("(Enter alone stops)") == len(export.answers), seen.screen
    private = range(len(TEXTS)) if export.private is None else export.private
    wanted = [(f"8PvBmrB7P{i}", text, "2" if i in private else "1") for i, text in enumerate(TEXTS)]
    assert sorted(made(crm)) == wanted
    assert results(tmp_path / "first.xlsx") == ["created"] * len(TEXTS) + ["skipped"] * export.skipped
    capsys.readouterr()
    assert main(["run", export.write(tmp_path, later=True).name, "--yes", *export.flags]) == 0, capsys.readouterr().err
    assert [note[:2] for note in made(crm)[len(TEXTS) :]] == [("8PvBmrB7P0", LATER)]


def made(box: Sandbox) -> list[tuple[str, str, str]]:
    """What stands there, in the order in which it was made: prospect, text, visibility."""
    return [
        (note.prospect_id, note.sent_content.removeprefix("<p>").removesuffix("</p>"), note.visibility)
        for note in box.notes
    ]


def results(path: Path) -> list[str]:
    rows = [*openpyxl.load_workbook(path)["Results"].iter_rows(values_only=True)]
    column = rows[0].index("result")
    return [str(row[column]) for row in rows[1:]]


def test_there_are_sixteen_and_no_two_alike() -> None:
    """Of nine programs and a spreadsheet."""
    assert len({export.name for export in EXPORTS}) == 16
    assert len({tuple(export.headings) for export in EXPORTS}) == 16
    assert {export.name.partition("-")[0] for export in EXPORTS} == {
        "hubspot", "salesforce", "pipedrive", "outreach", "freshsales", "close", "copper", "zoho", "google",
    }  # fmt: skip
