"""A workspace's journal is remembered: another in its place, or none, sends nothing until a person says so.

No call is made here: the guard stands before the first.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from importer.cli import main
from importer.delivery.ledger import Ledger
from importer.delivery.outcomes import Outcomes
from importer.delivery.tasks import Post
from importer.errors import WrongJournal
from importer.importing import workspaces
from importer.journal import Journal, NoteKey, identity
from importer.models import Note, Request, Status, Visibility
from importer.operations import hide, verify
from importer.settings import Settings
from tests import running
from tests.truth import Line, write_sheet

AWAY = "https://notes.invalid/v1"
NOTE = Note("Spoke about terms", Visibility.PUBLIC, Status.PUBLISHED)


@pytest.fixture
def live(tmp_path: Path) -> Settings:
    """Settings for a service elsewhere, with a journal that was used with it."""
    settings = Settings(base_url=AWAY, key="k", journal=tmp_path / "journal.sqlite")
    with workspaces.held(settings) as journal:
        workspaces.keep_in_mind(journal, settings, is_agreed=True)
    return settings


def opened(settings: Settings) -> str:
    with workspaces.held(settings) as journal:
        return journal.id


def test_the_same_journal_is_taken_wherever_it_is_moved(live: Settings, tmp_path: Path) -> None:
    usual = opened(live)
    moved = Path(live.journal).rename(tmp_path / "moved.sqlite")
    assert opened(replace(live, journal=moved)) == usual


def test_another_journal_in_its_place_stops_with_4(live: Settings, tmp_path: Path) -> None:
    another = tmp_path / "another.sqlite"
    Journal.open(another).close()
    with pytest.raises(WrongJournal, match="--new-journal") as caught:
        opened(replace(live, journal=another))
    assert caught.value.exit_status == 4
    assert str(live.journal) in str(caught.value)
    assert str(another) in str(caught.value)


def test_none_in_its_place_stops_and_none_is_made(live: Settings, tmp_path: Path) -> None:
    """Its disk may merely not be there; an empty journal would hide that."""
    Path(live.journal).rename(tmp_path / "kept elsewhere")
    before = sorted(tmp_path.iterdir())
    sheet = write_sheet(tmp_path / "n.csv", [Line("P1", "x")])
    with pytest.raises(WrongJournal, match="is no journal"):
        opened(live)
    with pytest.raises(WrongJournal, match="is no journal"):
        running.check(sheet, live)
    assert sorted(tmp_path.iterdir()) == [*before, sheet]


def test_a_person_can_take_on_another_journal(live: Settings, tmp_path: Path) -> None:
    """Said once; from then on it is the workspace's, and the first no longer is."""
    another = replace(live, journal=tmp_path / "another.sqlite")
    accepted = replace(another, new_journal=True)
    with workspaces.held(accepted) as journal:
        workspaces.keep_in_mind(journal, accepted, is_agreed=True)
    assert opened(another)
    with pytest.raises(WrongJournal):
        opened(live)


def test_an_earlier_copy_of_the_journal_stops_with_4_and_the_latest_is_taken(live: Settings, tmp_path: Path) -> None:
    """It has the journal's own id, but would let be sent again what the runs since delivered."""
    early, late = tmp_path / "early.sqlite", tmp_path / "late.sqlite"

    def ran() -> None:
        """A run that is killed once it has claimed a request."""
        with workspaces.held(live) as journal:
            run = journal.runs.begin(live.workspace, "n.csv", "f", 1.0, again=False)
            workspaces.keep_in_mind(journal, live, is_agreed=True)
            [note] = journal.deliveries.enter_notes(live.workspace, [NoteKey.of(NOTE)])
            post = Post(Request(NOTE, (0,), (f"P{run.id}",), (f"P{run.id}".encode(),)), NoteKey.of(NOTE), note)
            Ledger(journal, Outcomes(1), live.workspace, run).write([post], 1.0, lambda _: None)

    ran()
    workspaces.back_up(live, early)
    assert opened(replace(live, journal=early))
    ran()
    workspaces.back_up(live, late)
    with pytest.raises(WrongJournal, match="is an earlier copy") as caught:
        opened(replace(live, journal=early))
    assert caught.value.exit_status == 4
    assert opened(replace(live, journal=late))
    assert opened(replace(live, journal=early, new_journal=True))


def test_other_workspaces_may_have_other_journals(live: Settings, tmp_path: Path) -> None:
    for other in (
        replace(live, profile="other", key="another"),
        replace(live, base_url="https://other.invalid/v1", key="a-third"),
    ):
        assert opened(replace(other, journal=tmp_path / "another.sqlite"))


def test_looking_up_or_hiding_nothing_takes_no_journal_for_the_workspaces(tmp_path: Path) -> None:
    """A command whose address was forgotten would bind the journal of another workspace to the live one."""
    settings = Settings(base_url=AWAY, key="k", journal=tmp_path / "other.sqlite")
    Journal.open(settings.journal).close()
    assert verify.verify(settings).found == 0
    assert hide.hide(hide.what_to_hide(hide.Which(), settings), settings).hidden == 0
    assert identity.remembered(settings.workspace) is None


def test_a_server_on_this_machine_begins_anew_by_deleting_its_journal(tmp_path: Path) -> None:
    """Wherever on this machine; nothing is remembered of it."""
    for url in ("http://127.0.0.1:8081/v1", "http://localhost:8081/v1", "http://[::1]:8081/v1"):
        settings = Settings(base_url=url, key="k", journal=tmp_path / "other.sqlite")
        for _ in range(2):
            with workspaces.held(settings) as journal:
                workspaces.keep_in_mind(journal, settings, is_agreed=True)
            Path(settings.journal).unlink()
        assert identity.remembered(settings.workspace) is None


def test_the_command_line_says_what_to_do(live: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = write_sheet(tmp_path / "n.csv", [Line("P1", "x")])
    command = ["check", str(sheet), "--base-url", AWAY, "--journal", str(tmp_path / "another.sqlite")]
    assert main(command) == 4
    assert "To start a new one, import with --new-journal and --skip-existing" in " ".join(
        capsys.readouterr().err.split()
    )
    assert main([*command, "--new-journal"]) == 0
    assert main([*command[:-1], str(live.journal)]) == 0


def test_what_is_remembered_and_cant_be_read_is_no_leave_to_send(live: Settings, profiles: Path) -> None:
    [note] = profiles.with_name("journals").glob("*.journal")
    note.write_text("{", encoding="utf-8")
    with pytest.raises(WrongJournal, match="can't be read"):
        opened(live)
    assert opened(replace(live, new_journal=True))


def test_a_place_that_takes_no_word_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(identity.FOLDER_VARIABLE, str(tmp_path / "file"))
    settings = Settings(base_url=AWAY, key="k", journal=tmp_path / "journal.sqlite")
    for _ in range(2):
        with workspaces.held(settings) as journal:
            workspaces.keep_in_mind(journal, settings, is_agreed=True)
