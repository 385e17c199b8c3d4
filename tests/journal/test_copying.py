"""A journal is moved from a file into PostgreSQL, or back: whole, compared, the same by id, and to no other journal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from importer.cli import main
from importer.commands import workspaces
from importer.errors import BadSettings, Busy, JournalFailed, WrongJournal
from importer.journal import Journal
from importer.journal.connecting import SCHEMA
from importer.journal.schema import TABLES
from importer.models import Result, Workspace
from importer.settings import Settings
from tests import running
from tests.postgres import Postgres
from tests.sandbox import Fault, Sandbox
from tests.truth import Line, write_sheet

pytestmark = pytest.mark.usefixtures("jumping")

AWAY = "https://notes.invalid/v1"


@pytest.fixture
def used(box: Sandbox, settings: Settings, tmp_path: Path) -> Settings:
    """Settings whose journal knows of two runs in two workspaces: what was created, rejected and left unclear."""
    lines = [Line(f"P{number}", f"Note {number % 7}") for number in range(60)]
    sheet = write_sheet(tmp_path / "n.csv", [*lines, Line("INVALID1", "Note 1")])
    other = replace(settings, profile="other", results=tmp_path / "other.csv")
    assert running.run(write_sheet(tmp_path / "other-n.csv", [Line("P1", "Else", "2")]), other) is not None
    box.set_faults([Fault.parse("close:before@2")])
    settings = replace(settings, batch_size=5, workers=1, results=tmp_path / "r.csv")
    assert running.run(sheet, settings, stop=lambda: "enough" if len(box.notes) > 15 else None) is not None
    box.set_faults([])
    return settings


def content(address: Path | str) -> dict[str, set[tuple[object, ...]]]:
    """All that a journal holds."""
    with Journal.open(address) as journal:
        return {table: set(journal._store.rows(f"SELECT * FROM {table}")) for table in TABLES}


def test_it_is_the_same_journal_there_and_the_same_command_goes_on(
    used: Settings, postgres: Postgres, box: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And back again into a file."""
    url = postgres.empty()
    assert main(["journal", "copy", str(used.journal), url]) == 0
    assert "2 runs with all their deliveries were copied" in capsys.readouterr().out
    assert content(url) == content(used.journal)
    report = running.run(tmp_path / "n.csv", replace(used, journal=url))
    assert report is not None
    assert report.counts[Result.ALREADY_IMPORTED] > 0
    assert report.counts[Result.CREATED] > 0
    assert len({(note.prospect_id, note.sent_content) for note in box.notes}) == len(box.notes) == 61
    back = tmp_path / "back.sqlite"
    workspaces.copy(url, f"sqlite:///{back}")
    assert content(back) == content(url)


def test_the_workspaces_journal_is_still_the_one_that_it_had(tmp_path: Path, postgres: Postgres) -> None:
    """What is remembered of it outside is its id; the file that stays behind is an earlier copy, and refused."""
    settings = Settings(base_url=AWAY, key="k", journal=tmp_path / "journal.sqlite")
    with workspaces.held(settings) as journal:
        journal.runs.begin(settings.workspace, "n.csv", "f", 1.0, again=False)
        workspaces.keep_in_mind(journal, settings)
    moved = replace(settings, journal=postgres.empty())
    workspaces.copy(settings.journal, moved.journal)
    with workspaces.held(moved) as journal:
        run = journal.runs.begin(settings.workspace, "n.csv", "f", 2.0, again=False)
        assert run.id == 2
        workspaces.keep_in_mind(journal, moved)
    with pytest.raises(WrongJournal, match="earlier copy"), workspaces.held(settings):
        pass


def test_a_place_that_isnt_empty_is_left_alone(used: Settings, url: str) -> None:
    with Journal.open(url) as journal:
        journal.learned.learn_batch_size(Workspace("default", "https://a.example"), 50)
    before = content(url)
    with pytest.raises(BadSettings, match="is not empty"):
        workspaces.copy(used.journal, url)
    assert content(url) == before


def test_what_is_no_journal_is_said(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="no journal at"):
        workspaces.copy(tmp_path / "none.sqlite", url)
    with pytest.raises(BadSettings, match="the same journal"):
        workspaces.copy(url, url)
    assert not (tmp_path / "none.sqlite").exists()


def test_nothing_is_copied_while_an_import_is_at_work(used: Settings, url: str) -> None:
    with workspaces.held(used), pytest.raises(Busy):
        workspaces.copy(used.journal, url)
    assert content(url)["runs"] == set()


def test_a_row_that_isnt_the_same_there_undoes_it_all(used: Settings, postgres: Postgres) -> None:
    """Whatever changed it on the way, here a trigger that somebody made."""
    Journal.open(url := postgres.empty()).close()
    before = content(url)
    with Journal.open(used.journal) as journal, Journal.open(url) as other:
        with psycopg.connect(url) as connection:  # made before, it would be refused
            connection.execute(f"""
                CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN NEW.reason := ''x''; RETURN NEW; END';
                CREATE TRIGGER change BEFORE INSERT ON {SCHEMA}.deliveries
                FOR EACH ROW WHEN (NEW.prospect = 'P7') EXECUTE FUNCTION change()
            """)
        with pytest.raises(JournalFailed, match="A row of deliveries differs"):
            journal.copy_to(other)
    with psycopg.connect(url) as connection:
        connection.execute(f"DROP TRIGGER change ON {SCHEMA}.deliveries")
    assert content(url) == before
