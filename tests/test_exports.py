"""Exports as the CRMs make them: a person answers at most two questions once, and later nights ask nothing."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from importer.cli import main
from importer.importing.run import prepare
from importer.messages import render
from importer.settings import Settings
from importer.settings.secrets import KEY_VARIABLE
from tests.exports import EMAILS, EXPORTS, LATER, LATEST, TEXTS, Export
from tests.sandbox import Sandbox

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal, which Windows has none of", allow_module_level=True)

from tests.pseudo_terminal import types

MOST_ANSWERS = 2
PROSPECTS = {f"8PvBmrB7P{i}": email for i, email in enumerate(EMAILS)}


@pytest.fixture
def crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A workspace in which these people are prospects, and a namesake of one."""
    monkeypatch.chdir(tmp_path)
    with Sandbox(prospects={**PROSPECTS, "8PvBmrB7Px": f"x{EMAILS[0]}"}) as box:
        for name, value in {"BASE_URL": box.url, "JOURNAL": str(tmp_path / "journal.sqlite"), "SETTLE": "0"}.items():
            monkeypatch.setenv(f"NOTE_IMPORTER_{name}", value)
        monkeypatch.setenv(KEY_VARIABLE, box.api_key)
        yield box


# What these have beside the text is offered, and the notes go as they stand where only Enter is pressed.
OFFERED = frozenset(
    "hubspot-notes.csv hubspot-associations.csv salesforce-report.csv salesforce-details.xlsx zoho-notes.csv"
    " salesforce-data-loader.csv pipedrive-notes.csv pipedrive-activities.xlsx pipedrive-people.csv"
    " outreach-tasks.csv copper-people.csv dynamics-notes.xlsx".split()
)


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_an_export_is_imported_with_few_answers_and_later_nights_with_none(
    export: Export, crm: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every note once, on the right prospect, for the right eyes; and each night's one new row.

    In the third night there is a new column that says nothing.
    """
    assert len(export.answers) <= MOST_ANSWERS + export.own_words
    path = export.write(tmp_path)
    send, as_they_stand = "y", [""] * (export.name in OFFERED)
    seen = types(["run", path.name, "--results", "first.xlsx"], [*export.answers, *as_they_stand, send])
    assert seen.status == 0, seen.screen
    assert seen.screen.count("(Enter alone stops)") == len(export.answers), seen.screen
    private = range(len(TEXTS)) if export.private is None else export.private
    wanted = [(f"8PvBmrB7P{i}", text, "2" if i in private else "1") for i, text in enumerate(TEXTS)]
    assert sorted(made(crm)) == wanted
    assert results(tmp_path / "first.xlsx") == ["created"] * len(TEXTS) + ["skipped"] * export.skipped
    for later, more in (([LATER], ""), ([LATER, LATEST], "Sales region")):
        capsys.readouterr()
        path = export.write(tmp_path, later=later, more=more)
        assert main(["run", path.name, "--yes"]) == 0, capsys.readouterr().err
        assert [note[:2] for note in made(crm)[len(TEXTS) :]] == [("8PvBmrB7P0", text) for text in later]


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


CREATED = "2026-10-01T08:15:00Z"
NOTES = {
    "zendesk": {
        "id": "88120033", "resource_type": "contact", "resource_email": EMAILS, "content": TEXTS, "creator_id": "77",
        "created_at": CREATED, "tags": "",
    },
    "copper": {
        "Activity Type": "Note", "Details": TEXTS, "Activity Date": "10/21/2026 1:15 PM", "Email": EMAILS,
        "Visibility": ["Everyone", "Only Me"], "Owner": "Dana Diaz",
    },
    "insightly": {
        "NOTE_ID": "910020001", "TITLE": "Call", "BODY": TEXTS, "EMAIL_ADDRESS": EMAILS, "DATE_CREATED_UTC": CREATED,
        "VISIBLE_TO": ["Everyone", "Team"], "VISIBLE_TEAM_ID": ["", "4"],
    },
    "attio": {
        "Note ID": "a1b2c3d4-0000-4000-8000-000000000001", "Parent Record > Email addresses": EMAILS, "Title": "Call",
        "content_plaintext": TEXTS, "created_at": CREATED, "Access": ["Workspace", "Only owner"],
    },
    "freshsales": {
        "Note : Id": "4010000001", "Note : Description": TEXTS, "Contact : Emails": EMAILS,
        "Contact : Id": "4020000001", "Note : Created at": CREATED, "Note : Created by": "Dana Diaz",
        "Note : Sharing": ["Team", "Public"],
    },
}  # fmt: skip
"""Fields of further CRMs' notes, by their documentation, connectors and code that reads such exports."""


@pytest.mark.parametrize("crm", NOTES)
def test_notes_of_further_crms_cost_at_most_four_answers(crm: str, tmp_path: Path) -> None:
    """The last one is the offer to put the date before the text."""
    path = tmp_path / f"{crm}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        columns = [cells if isinstance(cells, list) else [cells] for cells in NOTES[crm].values()]
        lines = [[cells[row % len(cells)] for cells in columns] for row in range(len(TEXTS))]
        csv.writer(file).writerows([[*NOTES[crm]], *lines])
    asked = []
    with prepare(path, Settings(journal=tmp_path / "journal.sqlite")) as prepared:
        while question := next(iter([*prepared.loaded.questions, *prepared.optional]), None):
            asked.append(render(question.asks))
            prepared.decide(next((choice for choice in question.choices if choice.is_likely), question.choices[0]))
    assert len(asked) <= 4
    assert asked[-1].startswith("The notes don't use")
    assert "created" in asked[-1].casefold() or "date" in asked[-1].casefold()
