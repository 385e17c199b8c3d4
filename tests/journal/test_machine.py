"""A workspace's journal is remembered: another in its place, or none, sends nothing until a person says so.

No call is made here: the guard stands before the first.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from importer.errors import WrongJournal
from importer.importing import workspaces
from importer.journal import Journal, machine
from importer.journal.lock import held
from importer.models import Workspace
from importer.operations import hide, verify
from importer.settings import Settings
from tests import running
from tests.truth import Line, write_sheet

AWAY = "https://notes.invalid/v1"


@pytest.fixture
def live(tmp_path: Path) -> Settings:
    """Settings for a service elsewhere, with a journal that was used with it."""
    settings = Settings(base_url=AWAY, key="k", journal=tmp_path / "journal.sqlite")
    with held(settings) as journal:
        workspaces.keep_in_mind(journal, settings, is_agreed=True)
    return settings


def opened(settings: Settings) -> str:
    with held(settings) as journal:
        return journal.id


def test_the_same_journal_is_taken_wherever_it_is_moved(live: Settings, tmp_path: Path) -> None:
    usual = opened(live)
    moved = Path(live.journal).rename(tmp_path / "moved.sqlite")
    assert opened(replace(live, journal=moved)) == usual


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
    another = replace(live, journal=tmp_path / "another.sqlite")
    accepted = replace(another, new_journal=True)
    with held(accepted) as journal:
        workspaces.keep_in_mind(journal, accepted, is_agreed=True)
    assert opened(another)
    with pytest.raises(WrongJournal):
        opened(live)


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
    assert machine.remembered(settings.workspace) is None


def test_what_is_remembered_and_cant_be_read_is_no_leave_to_send(live: Settings, profiles: Path) -> None:
    [note] = profiles.with_name("journals").glob("*.journal")
    note.write_text("{", encoding="utf-8")
    with pytest.raises(WrongJournal, match="can't be read"):
        opened(live)
    assert opened(replace(live, new_journal=True))


def test_an_earlier_copy_is_known_by_the_latest_request_of_any_workspace() -> None:
    for profile, request in (("a", 15), ("b", 10)):
        machine.remember(Workspace(profile, AWAY), "ID", "place", request)
    for profile in ("a", "b", "new"):
        machine.check(Workspace(profile, AWAY), "ID", "place", lambda: 15)
        with pytest.raises(WrongJournal):
            machine.check(Workspace(profile, AWAY), "ID", "place", lambda: 14)
