"""A workspace's first import is confirmed by a person once, and a key is one profile's.

The address is elsewhere, but no call leaves this machine: the vendor leads to the sandbox whatever the address is.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from importer.api import Vendor
from importer.api.saleshandy import SALESHANDY
from importer.cli import main
from importer.commands import batch, doctor, workspaces
from importer.commands.batch import Batch, BatchFace
from importer.commands.choosing import choose
from importer.commands.run import prepare
from importer.errors import Busy, FirstRun, SharedKey, WrongJournal
from importer.journal import accounts, identity
from importer.messages import render
from importer.settings import KEY_VARIABLE, Settings
from tests.sandbox import Sandbox
from tests.truth import Line, write_sheet

AWAY = "https://notes.invalid/v1"
KEY = "a-key-that-nobody-may-see"


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
        return SALESHANDY.connect(box.url, key, **options)

    return replace(SALESHANDY, connect=connect)


def run(sheet: Path, settings: Settings, vendor: Vendor, answers: list[bool] | None = None) -> Batch:
    """An import; ``answers`` are a person's, in their order, and None: there is none."""
    confirm = None if answers is None else lambda _: answers.pop(0)
    return batch.run(choose([sheet]), settings, BatchFace(confirm=confirm), vendor=vendor)


def test_where_nobody_can_be_asked_nothing_is_sent_until_a_person_has_confirmed_it_once(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor
) -> None:
    """Then it runs by itself; another profile, or another address, is asked for anew."""
    found = run(sheet, away, vendor)
    assert found.exit_status == 2
    assert isinstance(found.files[0].error, FirstRun)
    assert "profile 'night' at https://notes.invalid/v1" in render(found.files[0].why)
    assert run(sheet, away, vendor, [False]).files[0].fate == "declined"
    assert run(sheet, away, vendor).exit_status == 2
    assert box.received == ()
    asked = [True]
    assert (run(sheet, away, vendor, asked).exit_status, asked) == (0, [])
    assert run(sheet, away, vendor, []).exit_status == 0
    assert run(sheet, away, vendor).exit_status == 0
    assert len(box.notes) == 1
    for other in (replace(away, profile="nite"), replace(away, base_url="https://others.invalid/v1")):
        assert isinstance(run(sheet, replace(other, key="another"), vendor).files[0].error, FirstRun)


def test_of_several_files_the_first_alone_says_so(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor, tmp_path: Path
) -> None:
    """It would be so for all of them; the status stays 2, on which nothing is repeated."""
    other = write_sheet(tmp_path / "o.csv", [Line("P2", "x")])
    found = batch.run(choose([sheet, other]), away, vendor=vendor)
    assert [over.fate.value for over in found.files] == ["not imported", "not begun"]
    assert found.exit_status == 2


def test_it_may_be_confirmed_beforehand(box: Sandbox, sheet: Path, away: Settings, vendor: Vendor) -> None:
    """As whoever sets a profile up does."""
    workspaces.confirm(away)
    assert run(sheet, away, vendor).exit_status == 0
    assert len(box.notes) == 1


def test_the_checkup_says_that_nobody_has_confirmed_it(away: Settings, vendor: Vendor) -> None:
    """It would be the first night that ends with 2."""
    found = [finding for finding in doctor.examine(away, vendor=vendor) if finding.exit_status]
    assert [finding.about for finding in found] == ["First import"]
    assert "nobody has confirmed yet" in render(found[0].text)
    workspaces.confirm(away)
    assert not [finding for finding in doctor.examine(away, vendor=vendor) if finding.exit_status]


def test_a_journal_that_knows_the_workspace_is_confirmation_enough(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor
) -> None:
    """As after a move to another machine, where nothing but the journal is known."""
    run(sheet, away, vendor, [True])
    for note in identity.folder().iterdir():
        note.unlink()
    assert run(sheet, away, vendor).exit_status == 0
    assert len(box.notes) == 1


def test_a_shared_journal_keeps_it_for_all_machines(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Confirmed on one, though nothing was sent yet; each remembers things of its own."""
    shared = replace(away, journal=url)
    assert isinstance(run(sheet, shared, vendor).files[0].error, FirstRun)
    found = next(finding for finding in doctor.examine(shared, vendor=vendor) if finding.exit_status)
    assert render(found.text).startswith("nobody has confirmed yet that profile 'night'")
    workspaces.confirm(shared)
    monkeypatch.setenv(identity.FOLDER_VARIABLE, str(tmp_path / "another machine's"))
    assert run(sheet, shared, vendor).exit_status == 0
    assert len(box.notes) == 1
    assert isinstance(run(sheet, replace(shared, profile="nite", key="another"), vendor).files[0].error, FirstRun)


def test_from_python_the_number_that_was_agreed_to_is_the_confirmation(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor
) -> None:
    with prepare(sheet, away, vendor=vendor) as prepared:
        assert prepared.preview.is_first
        with pytest.raises(FirstRun):
            prepared.send()
        assert box.received == ()
        assert prepared.send(expected=1).exit_status == 0


def test_a_server_on_this_machine_is_free_of_it(box: Sandbox, sheet: Path, away: Settings) -> None:
    """Nobody is asked, and all profiles may use one key."""
    for profile in ("one", "two"):
        assert run(sheet, replace(away, profile=profile, base_url=box.url), SALESHANDY).exit_status == 0
    assert not identity.folder().exists()


def test_the_command_line_ends_with_2_where_nobody_sits(
    sheet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says what to do; ``--yes`` is no confirmation."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    arguments = ["run", str(sheet), "--yes", "--base-url", AWAY, "--journal", str(tmp_path / "journal.sqlite")]
    assert main(arguments) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "Error: This would be the first import as profile 'default' at https://notes.invalid/v1" in said
    assert "Run the same command once at a terminal" in said


# -- one key, one profile


def test_a_key_is_one_profiles_unless_it_is_allowed(box: Sandbox, sheet: Path, away: Settings, vendor: Vendor) -> None:
    """Before anybody is asked, or anything sent; both profiles' journals may be different ones."""
    run(sheet, away, vendor, [True])
    other = replace(away, profile="day", journal=Path(str(away.journal)).with_name("other.sqlite"))
    found = run(sheet, other, vendor, [True])
    assert found.exit_status == 2
    assert isinstance(found.files[0].error, SharedKey)
    assert "the profile 'night' (at https://notes.invalid/v1)" in render(found.files[0].why)
    assert "--shared-account" in render(found.files[0].why)
    assert len(box.notes) == 1
    assert run(sheet, replace(other, shared_account=True), vendor, [True]).exit_status == 0
    assert [note.prospect_id for note in box.notes] == ["P1", "P1"]
    assert run(sheet, replace(away, base_url="https://gateway.invalid/v1"), vendor, [True]).exit_status == 2
    assert run(sheet, replace(away, shared_account=True), vendor).exit_status == 0


def test_a_key_that_was_used_at_another_address_asks_whatever_the_profile(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor
) -> None:
    """Another name of the same service would get everything again; a server on this machine is free of it."""
    run(sheet, away, vendor, [True])
    other = replace(away, base_url="https://gateway.invalid/v1")
    found = run(sheet, other, vendor, [True])
    assert found.exit_status == 2
    assert isinstance(found.files[0].error, SharedKey)
    assert "was used at another address: https://notes.invalid/v1" in render(found.files[0].why)
    assert "--shared-account" in render(found.files[0].why)
    assert len(box.notes) == 1
    local = replace(away, base_url="http://127.0.0.1:8081/v1")
    assert run(sheet, local, vendor, [True]).exit_status == 0
    assert run(sheet, replace(local, base_url="http://127.0.0.1:8082/v1"), vendor, [True]).exit_status == 0
    assert run(sheet, away, vendor).exit_status == 0
    assert [note.prospect_id for note in box.notes] == ["P1"] * 3
    assert run(sheet, replace(other, shared_account=True), vendor, [True]).exit_status == 0
    assert [note.prospect_id for note in box.notes] == ["P1"] * 4


def test_an_address_on_this_machine_can_be_guarded_as_any_other(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor
) -> None:
    """It may be a program that forwards calls to the real service."""
    local = replace(away, base_url="http://127.0.0.1:8081/v1", guard_local_address=True)
    assert isinstance(run(sheet, local, vendor).files[0].error, FirstRun)
    assert run(sheet, local, vendor, [True]).exit_status == 0
    assert isinstance(run(sheet, away, vendor, [True]).files[0].error, SharedKey)
    another = replace(local, journal=Path(str(away.journal)).with_name("another.sqlite"))
    with pytest.raises(WrongJournal, match="are recorded in another journal"):
        prepare(sheet, another, vendor=vendor)
    assert len(box.notes) == 1


def test_a_copy_of_the_journal_made_during_the_latest_run_is_known_as_an_earlier_one(
    box: Sandbox, tmp_path: Path, away: Settings, vendor: Vendor
) -> None:
    """It lacks what that run delivered after the copy was made."""
    settings = replace(away, batch_size=1, workers=2)
    sheet = write_sheet(tmp_path / "n.csv", [Line(f"P{number}", f"Note {number}") for number in range(30)])
    during, after = tmp_path / "during.sqlite", tmp_path / "after.sqlite"

    def back_up() -> None:
        if len(box.notes) >= 5 and not during.exists():
            workspaces.back_up(settings, during)

    with prepare(sheet, settings, vendor=vendor) as prepared:
        assert prepared.send(expected=30, stop=back_up).exit_status == 0
    workspaces.back_up(settings, after)
    with pytest.raises(WrongJournal, match="is an earlier copy") as caught:
        prepare(sheet, replace(settings, journal=during), vendor=vendor)
    assert caught.value.exit_status == 4
    assert run(sheet, replace(settings, journal=after), vendor).exit_status == 0
    accepted = replace(settings, journal=during, new_journal=True, first=1)
    assert run(sheet, accepted, vendor).exit_status == 1
    assert len(box.notes) == 31
    assert run(sheet, replace(accepted, new_journal=False), vendor).exit_status == 1


def test_two_profiles_that_share_a_key_dont_import_at_the_same_time(
    sheet: Path, away: Settings, vendor: Vendor
) -> None:
    """Each would take the account's whole limit."""
    run(sheet, away, vendor, [True])
    other = replace(away, profile="day", shared_account=True)
    with (
        workspaces.held(away),
        prepare(sheet, other, vendor=vendor) as prepared,
        pytest.raises(Busy, match="Another import with this API key is running"),
    ):
        prepared.send(expected=1)


def test_what_is_kept_of_a_key_tells_nobody_the_key(
    sheet: Path, away: Settings, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nor, elsewhere, that it is the same: the digest is keyed with a secret of this user's own."""
    run(sheet, away, vendor, [True])
    kept = {note.name: note.read_bytes() for note in identity.folder().iterdir()}
    assert not any(KEY in name or KEY.encode() in content for name, content in kept.items())
    monkeypatch.setenv(identity.FOLDER_VARIABLE, str(tmp_path / "elsewhere"))
    accounts.remember(away.workspace, KEY)
    accounts_there = {note.name for note in identity.folder().iterdir()} - {"accounts.secret"}
    assert len(accounts_there) == 1
    assert not accounts_there & kept.keys()


def test_where_nothing_can_be_kept_nothing_is_held_up(
    box: Sandbox, sheet: Path, away: Settings, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(identity.FOLDER_VARIABLE, str(sheet / "no folder"))
    with prepare(sheet, away, vendor=vendor) as prepared:
        assert prepared.send(expected=1).exit_status == 0
    assert len(box.notes) == 1
