"""Exports as the CRMs make them: a person answers at most two questions once, and later nights ask nothing."""

import sys
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from importer.cli import main
from tests.exports import EMAILS, EXPORTS, LATER, LATEST, TEXTS, Export
from tests.sandbox import Sandbox

if sys.platform == "win32":
    pytest.skip("needs a pseudo-terminal, which Windows has none of", allow_module_level=True)

from tests.pseudo_terminal import types

MOST_ANSWERS = 2
WITHOUT_EMAILS = frozenset(
    "hubspot-notes.csv hubspot-calls.xlsx hubspot-associations.csv salesforce-data-loader.csv"
    " zoho-notes.csv close-notes.csv close-leads.csv apollo-contacts.csv outreach-calls.csv salesloft-calls.csv"
    " lemlist-leads.csv freshsales-notes.csv copper-people.csv dynamics-notes.xlsx".split()
)
"""Those in which the program's own IDs or names are left, by which no prospect of Saleshandy can be found."""
PROSPECTS = {f"8PvBmrB7P{i}": email for i, email in enumerate(EMAILS)}


@pytest.fixture
def crm(desk: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A workspace in which these people are prospects, and a namesake of one."""
    with Sandbox(prospects={**PROSPECTS, "8PvBmrB7Px": f"x{EMAILS[0]}"}) as box:
        monkeypatch.setenv("NOTE_IMPORTER_BASE_URL", box.url)
        yield box


# What these have beside the text is offered, and the notes go as they stand where only Enter is pressed.
OFFERED = frozenset(
    "hubspot-notes.csv hubspot-associations.csv salesforce-report.csv salesforce-details.xlsx zoho-notes.csv"
    " salesforce-data-loader.csv pipedrive-people.csv"
    " copper-people.csv dynamics-notes.xlsx".split()
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


@pytest.mark.parametrize("export", [e for e in EXPORTS if e.name in WITHOUT_EMAILS], ids=lambda export: export.name)
def test_an_export_without_emails_calls_nothing(export: Export, crm: Sandbox, tmp_path: Path) -> None:
    path = export.write(tmp_path, without_emails=True)
    assert main(["run", path.name, "--yes", "--default-visibility", "private"]) == 2
    assert not crm.received
