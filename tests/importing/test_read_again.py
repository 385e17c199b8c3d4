"""Of each run, the journal tells a year later how its sheet was read, and who confirmed the workspace."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from importer.cli import main
from importer.journal import Journal
from importer.journal.runs import Confirmation
from importer.models import Role, Visibility, Workspace
from importer.operations import history
from importer.settings import SETTINGS, Settings
from importer.version import __version__
from tests import running
from tests.importing.test_first_run import AWAY

HEAD = "Prospect ID,Email,MARK heading,Secret note,MARK key,Who sees it\n"
SHEET = (
    f"{HEAD}P1,,x,MARK text,7,Team\nP2,,x,MARK other,8,\n,mark@example.com,x,MARK third,9,Call MARK at 0171 2345678\n"
    ",mark2@example.com,x,MARK fourth,10,Nobody\n"
)


@pytest.fixture
def answered(settings: Settings, tmp_path: Path) -> Settings:
    """A run of a sheet with a mark in everything that the journal must not hold."""
    sheet = tmp_path / "n.csv"
    sheet.write_text(SHEET, encoding="utf-8")
    values = {"visibility:Team": "Public", "visibility:Nobody": "", "visibility:Call MARK at 0171 2345678": "Private"}
    told = replace(
        settings,
        mapping={Role.CONTENT: ("Secret note",), Role.VISIBILITY: ("Who sees it",)},
        values=SETTINGS["value"].read([f"{word}={meaning}" for word, meaning in values.items()]),  # type: ignore[arg-type]
        default_visibility=Visibility.PRIVATE,
    )
    running.ran(sheet, told)
    return told


def test_a_run_keeps_columns_words_and_settings(answered: Settings) -> None:
    about = history.one(answered, "last").reading
    assert about["program"] == __version__
    assert about["map"] == {"prospect": "0", "content": "3", "visibility": "5", "email": "1"}
    assert [digest[:7] for digest in about["headings"]] == ["sha256:"] * 6
    assert about["value"] == {"visibility": {"5": {"Team": "Public", "Nobody": ""}}}
    assert about["settings"] == {"default-visibility": "Private"}


def test_no_file_of_the_journal_holds_a_text_a_heading_an_email_or_the_key(answered: Settings) -> None:
    files = [*Path(answered.journal).parent.glob("journal.sqlite*")]
    assert files
    for file in files:
        content = file.read_bytes().lower()
        assert b"mark" not in content
        assert answered.key.encode().lower() not in content


def test_history_shows_it(answered: Settings, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    here = ["--journal", str(answered.journal), "--base-url", answered.base_url]
    assert main(["history", "last", *here]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Columns: prospect = A, content = D, visibility = F, email = B" in said
    assert "Visibility: Team = Public, Nobody = left out" in said
    assert "Settings: default-visibility = Private" in said
    assert main(["history", "last", "--json", *here]) == 0
    [past] = json.loads(capsys.readouterr().out)["runs"]
    assert past["reading"] == history.one(answered, "last").reading
    assert past["confirmed"] is None  # practice on this machine asks nobody
    assert main(["history", "--json", *here]) == 0
    [listed] = json.loads(capsys.readouterr().out)["runs"]
    assert listed == past


def test_the_template_is_known_without_its_words(settings: Settings, tmp_path: Path) -> None:
    """If it has words of its own, its digest tells whether another run had the same."""
    sheet = tmp_path / "n.csv"
    sheet.write_text("Prospect ID,Date,Note,Visibility\nP1,1 May,x,Public\n", encoding="utf-8")
    for template, *stored in (
        ("[MARK {Date}: ]{Note}", "1, 2", "sha256:"),
        ("[{Date}: ]{Note}", "[{1}: ]{2}", ""),
        ("{{5}} {Note}", "2", "sha256:"),  # it names no column 5
    ):
        told = replace(settings, mapping={Role.CONTENT: (template,)})
        running.ran(sheet, told)
        about = history.one(told, "last").reading
        assert [about["map"]["content"], about["template"][:7]] == stored
        assert "MARK" not in json.dumps(about)
        assert "Date" not in json.dumps(about)


def test_both_databases_keep_the_first_confirmation(address: str) -> None:
    here = Workspace("night", AWAY)
    with Journal.open(address) as journal:
        assert journal.runs.confirmation(here) is None
        journal.runs.confirm(here, Confirmation(5.0, "anna"))
        journal.runs.confirm(here, Confirmation(6.0, "bert"))
        assert journal.runs.confirmation(here) == Confirmation(5.0, "anna")
        began = journal.runs.begin(here, "n.csv", "f", 7.0, again=False, reading={"program": "1"})
        assert journal.runs.reading(began) == {"program": "1"}
