"""A person says once which workspace a profile has: before its first import, and for each key.

The address is elsewhere, but no call leaves this machine: the vendor leads to the sandbox whatever the address is.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from importer.api import Vendor
from importer.api.saleshandy import SALESHANDY
from importer.errors import Busy, Changed, FirstRun, WrongJournal
from importer.importing import batch, workspaces
from importer.importing.batch import Batch, BatchFace
from importer.importing.run import prepare
from importer.importing.workspaces import Unconfirmed
from importer.journal import Journal, machine
from importer.journal.lock import held
from importer.messages import render
from importer.models import Workspace
from importer.operations import doctor, hide, history, verify
from importer.operations.choosing import choose
from importer.settings import Settings
from importer.telling.notifications import notification
from tests.sandbox import Sandbox
from tests.truth import Line, write_sheet

AWAY = "https://notes.invalid/v1"
KEY = "a-key-that-nobody-may-see"
ANOTHER = "another-key-of-the-same-account"


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return write_sheet(tmp_path / "n.csv", [Line("P1", "x")])


@pytest.fixture
def away(tmp_path: Path) -> Settings:
    return Settings(profile="night", base_url=AWAY, key=KEY, journal=tmp_path / "journal.sqlite", settle=0)


@pytest.fixture
def box() -> Any:
    with Sandbox(api_key=KEY) as box:
        yield box


@pytest.fixture
def vendor(box: Sandbox) -> Vendor:
    def connect(_: str, key: str, **options: Any) -> Any:
        return SALESHANDY.connect(box.url, KEY if key == ANOTHER else key, **options)

    return replace(SALESHANDY, connect=connect)


def run(sheet: Path, settings: Settings, vendor: Vendor, answers: Sequence[bool | str] | None = None) -> Batch:
    """An import; ``answers`` are a person's, in their order: yes, no, or the profile to continue. None: nobody's."""

    left = [*(answers or ())]

    def confirm(unclear: Unconfirmed, own: Workspace) -> Workspace | None:
        answer = left.pop(0)
        if isinstance(answer, bool):
            return own if answer else None
        return next(other for other in unclear.others if other.profile == answer)

    return batch.run(choose([sheet]), settings, BatchFace(confirm=None if answers is None else confirm), vendor=vendor)


def test_where_nobody_can_be_asked_nothing_is_sent_until_a_person_has_confirmed_it_once(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor
) -> None:
    found = run(sheet, away, vendor)
    assert found.exit_status == 2
    assert isinstance(found.files[0].error, FirstRun)
    assert "Nobody has imported as profile 'night' at https://notes.invalid/v1" in render(found.files[0].why)
    assert run(sheet, away, vendor, [False]).files[0].fate == "declined"
    assert run(sheet, away, vendor).exit_status == 2
    assert box.received == ()
    assert run(sheet, away, vendor, [True]).exit_status == 0
    assert run(sheet, away, vendor, []).exit_status == 0
    assert run(sheet, away, vendor).exit_status == 0
    assert len(box.notes) == 1
    for other in (replace(away, profile="nite"), replace(away, base_url="https://others.invalid/v1")):
        assert isinstance(run(sheet, replace(other, key=ANOTHER), vendor).files[0].error, FirstRun)


def test_a_journal_that_knows_the_workspace_is_confirmation_enough(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor
) -> None:
    """As after a move to another machine, where nothing but the journal is known."""
    run(sheet, away, vendor, [True])
    for note in machine.folder().iterdir():
        note.unlink()
    assert run(sheet, away, vendor).exit_status == 0
    assert len(box.notes) == 1


def test_a_shared_journal_keeps_it_for_all_machines(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shared = replace(away, journal=url)
    assert isinstance(run(sheet, shared, vendor).files[0].error, FirstRun)
    found = next(finding for finding in doctor.examine(shared, vendor=vendor) if finding.exit_status)
    assert render(found.text).startswith("Nobody has imported as profile 'night'")
    workspaces.confirm(shared)
    monkeypatch.setenv(machine.FOLDER_VARIABLE, str(tmp_path / "another machine's"))
    assert run(sheet, shared, vendor).exit_status == 0
    assert len(box.notes) == 1
    assert isinstance(run(sheet, replace(shared, profile="nite", key=ANOTHER), vendor).files[0].error, FirstRun)


def test_from_python_the_number_that_was_agreed_to_is_the_confirmation(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor
) -> None:
    with prepare(sheet, away, vendor=vendor) as prepared:
        assert prepared.preview.unconfirmed is not None
        with pytest.raises(FirstRun):
            prepared.send()
        assert box.received == ()
        assert prepared.send(agreed=prepared.preview.digest).exit_status == 0


@pytest.mark.parametrize("key", [KEY, ANOTHER])
def test_a_profile_continues_with_another_ones_deliveries(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor, tmp_path: Path, key: str
) -> None:
    run(sheet, replace(away, profile="default", key=key), vendor, [True])
    night = replace(away, key=KEY)
    found = run(sheet, night, vendor)
    assert (found.exit_status, type(found.files[0].error)) == (2, FirstRun)
    assert "default" in render(found.files[0].why)
    for said in (render(found.files[0].why), notification(found).body):
        assert "Run `note-importer run FILE" in said
        assert "once at a terminal and answer there" in said
    more = write_sheet(tmp_path / "more.csv", [Line("P1", "x"), Line("P2", "x")])
    assert run(more, night, vendor, ["default"]).exit_status == 0
    assert [note.prospect_id for note in box.notes] == ["P1", "P2"]
    with prepare(more, night, vendor=vendor) as prepared:
        assert (prepared.preview.unconfirmed, prepared.preview.remaining.total) == (None, 0)
    assert run(more, night, vendor).exit_status == 0
    assert len(box.notes) == 2
    assert hide.what_to_hide(hide.Which("last"), night).run is not None
    assert verify.verify(night, vendor=vendor).exit_status == 0
    assert run(tmp_path / "n.results.xlsx", night, vendor).exit_status == 0
    assert len(box.notes) == 2
    with Journal.open(away.journal) as journal:
        assert journal.owner(night.workspace) == Workspace("default", AWAY)
        assert len(journal.runs.listed(night.workspace)) == 4
        with journal.held(night.workspace), pytest.raises(Busy):
            run_held(replace(night, profile="default"))


def run_held(settings: Settings) -> None:
    with held(settings):
        pass


def test_a_key_of_another_profile_is_for_another_account_only_if_a_person_says_so(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor
) -> None:
    run(sheet, away, vendor, [True])
    day = replace(away, profile="day")
    workspaces.confirm(replace(day, key=""))
    assert run(sheet, day, vendor).exit_status == 2
    assert run(sheet, day, vendor, [False]).exit_status == 2
    with prepare(sheet, day, vendor=vendor) as prepared, pytest.raises(FirstRun, match="used before as 'night at"):
        prepared.send(agreed=prepared.preview.digest)
    assert len(box.notes) == 1
    assert run(sheet, day, vendor, [True]).exit_status <= 1  # the last look finds what the other profile has just sent
    assert [note.prospect_id for note in box.notes] == ["P1", "P1"]
    assert max(run(sheet, day, vendor).exit_status, run(sheet, away, vendor).exit_status) <= 1
    assert len(box.notes) == 2


def test_who_continues_has_the_journal_of_those_deliveries(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor, tmp_path: Path
) -> None:
    run(sheet, away, vendor, [True])
    copy, more = tmp_path / "copy.sqlite", write_sheet(tmp_path / "more.csv", [Line("P2", "x")])
    history.back_up(away, copy)
    assert run(more, away, vendor).exit_status == 0
    day = replace(away, profile="day", journal=copy)
    assert isinstance(run(more, day, vendor, ["night"]).files[0].error, WrongJournal)
    day = replace(day, journal=away.journal)
    assert run(more, day, vendor, ["night"]).exit_status == 0
    assert isinstance(run(more, replace(day, journal=copy), vendor).files[0].error, FirstRun | WrongJournal)
    assert len(box.notes) == 2


def test_a_profile_becomes_no_other_name_that_was_not_offered(sheet: Path, away: Settings, vendor: Vendor) -> None:
    run(sheet, away, vendor, [True])
    day = replace(away, profile="day")
    with pytest.raises(Changed, match="can't continue"):
        workspaces.confirm(day, Workspace("nobody", AWAY))
    workspaces.confirm(day)
    with pytest.raises(Changed, match="can't continue"):
        workspaces.confirm(day, away.workspace)
    with Journal.open(away.journal) as journal:
        assert journal.owner(day.workspace) == day.workspace


def test_a_new_key_of_a_known_workspace_is_confirmed_again(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor, tmp_path: Path
) -> None:
    run(sheet, away, vendor, [True])
    new, more = replace(away, key=ANOTHER), write_sheet(tmp_path / "more.csv", [Line("P2", "x")])
    found = run(more, new, vendor)
    assert (found.exit_status, type(found.files[0].error)) == (2, FirstRun)
    assert "For another account, use another profile" in render(found.files[0].why)
    planned = hide.what_to_hide(hide.Which("last"), new)
    with pytest.raises(FirstRun):
        hide.hide(planned, new, vendor=vendor)
    assert [finding.about for finding in doctor.examine(new, vendor=vendor) if finding.exit_status] == ["First import"]
    assert len(box.notes) == 1
    assert run(more, new, vendor, [True]).exit_status == 0
    assert run(more, new, vendor).exit_status == 0
    assert run(more, away, vendor).exit_status == 0
    assert len(box.notes) == 2


def test_an_address_on_this_machine_can_be_guarded_as_any_other(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor
) -> None:
    """It may be a program that forwards calls to the real service."""
    local = replace(away, base_url="http://127.0.0.1:8081/v1", guard_local_address=True)
    assert isinstance(run(sheet, local, vendor).files[0].error, FirstRun)
    assert run(sheet, local, vendor, [True]).exit_status == 0
    assert "key was used before" in render(run(sheet, away, vendor).files[0].why)
    another = replace(local, journal=Path(str(away.journal)).with_name("another.sqlite"))
    with pytest.raises(WrongJournal, match="are recorded in another journal"), prepare(sheet, another, vendor=vendor):
        pass
    assert len(box.notes) == 1


@pytest.mark.usefixtures("jumping")
def test_a_copy_of_the_journal_made_during_the_latest_run_is_known_as_an_earlier_one(
    box: Sandbox, tmp_path: Path, away: Settings, vendor: Vendor
) -> None:
    """It lacks what that run delivered after the copy was made."""
    settings = replace(away, batch_size=1, workers=2)
    sheet = write_sheet(tmp_path / "n.csv", [Line(f"P{number}", f"Note {number}") for number in range(30)])
    during, after = tmp_path / "during.sqlite", tmp_path / "after.sqlite"

    def back_up() -> None:
        if len(box.notes) >= 5 and not during.exists():
            history.back_up(settings, during)

    with prepare(sheet, settings, vendor=vendor) as prepared:
        assert prepared.send(agreed=prepared.preview.digest, stop=back_up).exit_status == 0
    history.back_up(settings, after)
    earlier = replace(settings, journal=during)
    with pytest.raises(WrongJournal, match="is an earlier copy") as caught, prepare(sheet, earlier, vendor=vendor):
        pass
    assert caught.value.exit_status == 4
    assert run(sheet, replace(settings, journal=after), vendor).exit_status == 0
    accepted = replace(settings, journal=during, new_journal=True)
    other = write_sheet(tmp_path / "m.csv", [Line("P1", "x")])
    assert run(other, accepted, vendor).exit_status == 0
    assert len(box.notes) == 31
    assert run(other, replace(accepted, new_journal=False), vendor).exit_status == 0


def test_two_profiles_that_share_a_key_dont_import_at_the_same_time(
    sheet: Path, away: Settings, vendor: Vendor
) -> None:
    run(sheet, away, vendor, [True])
    other = replace(away, profile="day")
    workspaces.confirm(other)
    with (
        held(away),
        prepare(sheet, other, vendor=vendor) as prepared,
        pytest.raises(Busy, match="Another import with this API key is running"),
    ):
        prepared.send(agreed=prepared.preview.digest)


def test_what_is_kept_of_a_key_tells_nobody_the_key(sheet: Path, away: Settings, vendor: Vendor) -> None:
    run(sheet, away, vendor, [True])
    kept = {note.name: note.read_bytes() for note in machine.folder().iterdir()}
    assert not any(KEY in name or KEY.encode() in content for name, content in kept.items())
