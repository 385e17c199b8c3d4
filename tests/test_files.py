"""A file replaced in one step, in folders that others may write to as well."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from platformdirs import user_config_path, user_data_path

from importer import files
from importer.errors import BadSettings
from importer.journal import identity
from importer.journal.pending_results import PendingResult, PendingResults
from importer.journal.runs import Latest
from importer.journal.sqlitefile import create_private
from importer.models import Workspace
from importer.page.uploads import DroppedFiles
from importer.settings import profiles
from tests import systems

POSIX = pytest.mark.skipif(os.name != "posix", reason="elsewhere a file's rights are its folder's")


@pytest.fixture
def mask() -> Iterator[None]:
    """The umask that most systems have."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def rights(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_stood_there_is_replaced_whole(tmp_path: Path) -> None:
    place = tmp_path / "f"
    place.write_bytes(b"the old one, which is longer")
    files.replace(place, b"new\n")
    assert place.read_bytes() == b"new\n"
    assert list(tmp_path.iterdir()) == [place]


def test_until_it_is_put_there_the_old_file_stands_and_afterwards_nothing_else_does(tmp_path: Path) -> None:
    place = tmp_path / "f"
    place.write_text("old")
    with pytest.raises(ZeroDivisionError), files.draft(place) as new:
        new.file.write(b"x" * 100_000)
        raise ZeroDivisionError
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("f", "old")]


def test_a_file_that_can_not_be_put_in_one_place_can_be_put_in_another(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with files.draft(tmp_path / "folder") as new:
        new.file.write(b"x")
        new.finish()
        assert new.digest == hashlib.sha256(b"x").digest()
        with pytest.raises(OSError, match="folder"):
            new.put(tmp_path / "folder")
        new.put(tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == b"x"


def test_nothing_is_written_through_a_link_that_stands_there(tmp_path: Path) -> None:
    """Somebody planted a link to another's file: the link goes, the file stays as it was."""
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "f").symlink_to("theirs")
    files.replace(tmp_path / "f", b"new")
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert not (tmp_path / "f").is_symlink()
    assert (tmp_path / "f").read_text() == "new"


@pytest.mark.skipif(os.name != "posix", reason="Windows lets no open file's name go")
def test_a_link_that_is_planted_while_a_file_is_written_is_not_followed(tmp_path: Path) -> None:
    """The new file's name is taken away under the writer and led to another's file, which stays as it was."""
    (tmp_path / "theirs").write_text("theirs")
    with files.draft(tmp_path / "f") as new:
        [name] = tmp_path.glob(".*.tmp")
        name.unlink()
        name.symlink_to("theirs")
        new.file.write(b"new")
        new.finish()
        assert new.digest == hashlib.sha256(b"new").digest()
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [tmp_path / "theirs"]


@systems.links
def test_a_name_that_is_taken_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even who guesses the new file's name can't have it written into a file or a link of theirs."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "guessed")
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / ".guessed.f.tmp").symlink_to("theirs")
    with pytest.raises(FileExistsError):
        files.replace(tmp_path / "f", b"new")
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert not (tmp_path / "f").exists()


@POSIX
def test_while_it_is_written_only_its_owner_can_read_it(tmp_path: Path, mask: None) -> None:
    with files.draft(tmp_path / "f") as new:
        [name] = tmp_path.iterdir()
        assert rights(name) == 0o600
        new.finish()
        new.put(tmp_path / "f")
    assert rights(tmp_path / "f") == 0o644
    files.replace(tmp_path / "f", b"")
    assert rights(tmp_path / "f") == 0o600


@POSIX
@pytest.mark.parametrize(
    ("bounds", "granted"),
    [((0o600,), 0o600), ((0o640,), 0o640), ((0o444,), 0o644), ((0o644, 0o660), 0o640), ((0o666,), 0o644), ((), 0o644)],
)
def test_it_grants_no_more_than_its_bounds_and_the_umask_do(
    tmp_path: Path, mask: None, bounds: tuple[int, ...], granted: int
) -> None:
    found = []
    for number, bound in enumerate(bounds):
        (tmp_path / str(number)).touch()
        (tmp_path / str(number)).chmod(bound)
        found.append((tmp_path / str(number)).stat())
    with files.draft(tmp_path / "f") as new:
        new.finish(bounds=found)
        new.put(tmp_path / "f")
    assert rights(tmp_path / "f") == granted


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can give a file to another group")
@pytest.mark.parametrize(("bound", "granted"), [(0o640, 0o600), (0o644, 0o644), (0o660, 0o600)])
def test_another_group_gets_no_more_than_others_got(tmp_path: Path, mask: None, bound: int, granted: int) -> None:
    """The members of the new file's group are strangers to a source that belongs to another group."""
    source = tmp_path / "source"
    source.touch()
    source.chmod(bound)
    os.chown(source, -1, os.getgid() + 4321)
    with files.draft(tmp_path / "f") as new:
        new.finish(bounds=[source.stat()])
        new.put(tmp_path / "f")
    assert rights(tmp_path / "f") == granted


@POSIX
def test_a_private_file_is_made_or_made_private_and_keeps_what_it_holds(tmp_path: Path, mask: None) -> None:
    (tmp_path / "old").write_text("kept")
    for name in ("old", "new"):
        files.make_private(tmp_path / name)
        assert rights(tmp_path / name) == 0o600
    assert (tmp_path / "old").read_text() == "kept"
    files.make_private_folder(tmp_path / "a" / "b")
    assert rights(tmp_path / "a" / "b") == 0o700


@POSIX
def test_a_link_is_no_private_file(tmp_path: Path, mask: None) -> None:
    (tmp_path / "theirs").touch()
    (tmp_path / "f").symlink_to("theirs")
    with pytest.raises(OSError, match="f"):
        files.make_private(tmp_path / "f")
    assert rights(tmp_path / "theirs") == 0o644


# -- what nobody else may open -----------------------------------------------------------------------------------------

ROOT = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="needs files of two users: run it as root, as CI does"
)
OTHER, ANOTHER = 65_534, 54_321


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home that any user can enter, under a umask that keeps nothing from anybody."""
    before = os.umask(0)
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        monkeypatch.setenv("HOME", name)
        for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(variable, raising=False)
        yield Path(name)
    os.umask(before)


@contextmanager
def acting_as(user: int, group: int | None = None) -> Iterator[None]:
    before = os.getegid(), os.getgroups()
    if group is not None:
        os.setgroups([group])
        os.setegid(group)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(before[0])
        os.setgroups(before[1])


def data(home: Path) -> Path:
    """The program's own folder, wherever this system has it."""
    folder = user_data_path("note-importer", appauthor=False)
    assert folder.is_relative_to(home)
    return folder


@POSIX
def test_where_the_page_comes_first_no_folder_that_it_makes_is_open_to_others(home: Path) -> None:
    DroppedFiles(data(home) / "page")
    made = [path for path in home.rglob("*") if path.is_dir()]
    assert data(home) / "page" in made
    assert {path: rights(path) for path in made} == dict.fromkeys(made, 0o700)


@POSIX
def test_folders_of_ours_that_stand_open_are_closed_and_those_that_a_person_named_are_left(home: Path) -> None:
    (data(home) / "journals").mkdir(parents=True)
    (home / "shared").mkdir()
    files.make_private_folder(data(home) / "journals")
    files.make_private_folder(home / "shared")
    assert [rights(path) for path in (data(home), data(home) / "journals")] == [0o700, 0o700]
    assert [rights(path) for path in (data(home).parent, home / "shared")] == [0o777, 0o777]


@ROOT
def test_a_folder_of_ours_that_another_user_made_is_refused_with_the_command_that_mends_it(home: Path) -> None:
    data(home).mkdir(parents=True)
    os.chown(data(home), OTHER, -1)
    with acting_as(ANOTHER), pytest.raises(BadSettings, match=rf"chown -R {ANOTHER} {data(home)} \(as an"):
        files.make_private_folder(data(home) / "page")


@ROOT
@pytest.mark.parametrize(("mode", "closed"), [(0o755, 0o755), (0o775, 0o755), (0o777, 0o755), (0o700, 0o700)])
def test_the_administrator_closes_a_users_folder_to_writers_and_leaves_it_to_that_user(
    home: Path, mode: int, closed: int
) -> None:
    data(home).mkdir(parents=True)
    os.chown(data(home), OTHER, -1)
    data(home).chmod(mode)
    files.make_private_folder(data(home))
    assert (rights(data(home)), data(home).stat().st_uid) == (closed, OTHER)


@ROOT
@pytest.mark.parametrize(
    ("group", "mode", "is_taken"),
    [(ANOTHER, 0o2775, True), (OTHER, 0o2775, False), (ANOTHER, 0o2777, False), (OTHER, 0o755, True)],
)
def test_a_folder_that_the_administrator_gave_to_our_group_is_used(
    home: Path, group: int, mode: int, is_taken: bool
) -> None:
    """So Kubernetes mounts a volume for a process that isn't root (fsGroup)."""
    data(home).mkdir(parents=True)
    os.chown(data(home), 0, group)
    data(home).chmod(mode)
    with acting_as(ANOTHER, ANOTHER):
        if is_taken:
            files.make_private_folder(data(home))
        else:
            with pytest.raises(BadSettings, match=f"Other users can write to the folder {data(home)}"):
                files.make_private_folder(data(home))
    assert data(home).stat().st_mode & 0o7777 == mode


@ROOT
def test_what_is_only_remembered_there_holds_nobody_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run has its journal elsewhere, and the folder is another user's."""
    monkeypatch.delenv(identity.FOLDER_VARIABLE, raising=False)
    data(home).mkdir(parents=True)
    os.chown(data(home), OTHER, -1)
    workspace = Workspace("default", "https://a.example")
    with acting_as(ANOTHER):
        identity.remember(workspace, "id", "place", Latest(1, 1))
        PendingResults(data(home) / "journal.sqlite").enter(
            workspace, PendingResult("run", "file", "results", "reading")
        )
    assert [path for path in data(home).rglob("*") if path.is_file()] == []


@POSIX
def test_the_folder_of_the_profiles_is_closed_where_they_are_only_read(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can write there decides where the key goes."""
    monkeypatch.delenv(profiles.FILE_VARIABLE)
    folder = user_config_path("note-importer", appauthor=False)
    folder.mkdir(parents=True)
    (folder / "profiles.toml").write_text("[night]\n")
    assert profiles.names() == ["night"]
    assert rights(folder) == 0o700
    if os.geteuid() == 0:
        os.chown(folder, OTHER, -1)
        folder.chmod(0o755)
        with acting_as(ANOTHER), pytest.raises(BadSettings, match=rf"chown -R {ANOTHER} {folder} \(as an"):
            profiles.names()


@ROOT
@pytest.mark.parametrize("user", [0, ANOTHER])
def test_a_file_that_another_user_made_beforehand_is_not_used(home: Path, user: int) -> None:
    """In a shared folder it would stay theirs, and they could read what is written to it."""
    (home / "f").touch()
    os.chown(home / "f", OTHER, -1)
    with (
        acting_as(user),
        pytest.raises(PermissionError, match="it belongs to nobody, who could read everything that is written"),
    ):
        files.make_private(home / "f")
    (home / "g").touch()
    os.chown(home / "g", user, -1)
    with acting_as(user):
        files.make_private(home / "g")
    assert rights(home / "g") == 0o600


@ROOT
@pytest.mark.parametrize(
    ("owner", "mode", "is_used"),
    [
        (OTHER, 0o755, True),
        (OTHER, 0o775, True),
        (OTHER, 0o777, False),
        (0, 0o755, True),
        (0, 0o775, False),
        (0, 0o1777, False),
        (ANOTHER, 0o755, False),
    ],
)
def test_the_administrator_may_use_a_users_file_where_no_stranger_can_have_put_it(
    home: Path, owner: int, mode: int, is_used: bool
) -> None:
    (home / "folder").mkdir()
    (home / "folder").chmod(mode)
    (home / "folder" / "f").touch(0o600)
    os.chown(home / "folder" / "f", OTHER, -1)
    os.chown(home / "folder", owner, -1)
    if is_used:
        files.make_private(home / "folder" / "f")
    else:
        with pytest.raises(PermissionError, match=f"run: chown -h root {home / 'folder' / 'f'}"):
            files.make_private(home / "folder" / "f")


@ROOT
@pytest.mark.parametrize("make", [files.make_private, create_private])
@pytest.mark.parametrize(("mode", "is_used"), [(0o660, True), (0o666, False)])
def test_a_file_that_the_administrator_made_for_our_group_is_used_as_it_is(
    home: Path, make: Callable[[Path], None], mode: int, is_used: bool
) -> None:
    """So logrotate makes a new log (create 0660 root svc)."""
    (home / "f").touch()
    (home / "f").chmod(mode)
    os.chown(home / "f", 0, ANOTHER)
    with acting_as(ANOTHER, ANOTHER):
        if is_used:
            make(home / "f")
        else:
            with pytest.raises(PermissionError):
                make(home / "f")
    assert rights(home / "f") == mode


@POSIX
def test_a_pipe_is_no_private_file_and_nobody_waits_for_its_other_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="it is not a regular file"):
        files.make_private(tmp_path / "pipe")
