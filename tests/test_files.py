"""A file replaced in one step, in folders that others may write to as well."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from importer import files
from importer.errors import OpenToOthers
from importer.journal import Journal, machine
from importer.models import Workspace
from importer.page.uploads import DroppedFiles
from importer.settings import profiles
from importer.telling.log_file import logging_to
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
    assert [(path, path.read_bytes()) for path in tmp_path.iterdir()] == [(place, b"new\n")]
    assert os.name != "posix" or rights(place) == 0o600


def test_until_it_is_put_there_the_old_file_stands_and_afterwards_nothing_else_does(tmp_path: Path) -> None:
    place = tmp_path / "f"
    place.write_text("old")
    with pytest.raises(ZeroDivisionError), files.draft(place) as new:
        new.file.write(b"x" * 100_000)
        raise ZeroDivisionError
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("f", "old")]


@pytest.mark.skipif(os.name != "posix", reason="Windows lets no open file's name go")
def test_a_link_that_is_planted_while_a_file_is_written_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("theirs")
    with files.draft(tmp_path / "f") as new:
        [name] = tmp_path.glob(".*.tmp")
        name.unlink()
        name.symlink_to("theirs")
        new.file.write(b"new")
        new.finish()
        assert files.digest(new.file) == hashlib.sha256(b"new").digest()
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [tmp_path / "theirs"]


@systems.links
def test_a_name_that_is_taken_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda _: "guessed")
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / ".guessed.f.tmp").symlink_to("theirs")
    with pytest.raises(FileExistsError):
        files.replace(tmp_path / "f", b"new")
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert not (tmp_path / "f").exists()


@POSIX
@pytest.mark.parametrize(
    ("bound", "granted"), [(0o600, 0o600), (0o640, 0o640), (0o444, 0o644), (0o666, 0o644), (None, 0o644)]
)
def test_it_grants_no_more_than_its_bound_and_the_umask_do(
    tmp_path: Path, mask: None, bound: int | None, granted: int
) -> None:
    """While it is written only its owner can read it."""
    (tmp_path / "like").touch()
    (tmp_path / "like").chmod(bound or 0o600)
    with files.draft(tmp_path / "f") as new:
        assert [rights(path) for path in tmp_path.glob(".*.tmp")] == [0o600]
        new.finish(bound=None if bound is None else (tmp_path / "like").stat())
        new.put(tmp_path / "f")
    assert rights(tmp_path / "f") == granted


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


def refused(path: Path, words: str) -> None:
    with pytest.raises(OpenToOthers, match=words) as caught:
        files.keep_private(path)
    assert caught.value.exit_status == 4


@POSIX
@pytest.mark.parametrize(
    ("mode", "way"), [(0o777, "chmod (go|o)-w"), (0o702, "chmod o-w"), (0o1777, "Choose a folder")]
)
def test_a_folder_in_which_others_can_write_is_refused_with_the_command_that_closes_it(
    home: Path, mode: int, way: str
) -> None:
    """One that is meant for others is not to be closed."""
    (folder := home / "our folder").mkdir()
    folder.chmod(mode)
    refused(folder / "f", f"(?s)Other users can write to {folder}.*{way}")
    refused(folder, f"Other users can write to {home},")
    assert rights(folder) == mode & 0o777


@POSIX
def test_a_file_that_others_can_change_is_refused_and_a_missing_one_is_not(home: Path) -> None:
    (home / "own").mkdir(mode=0o700)
    files.keep_private(home / "own" / "f", home / "own" / "missing" / "g")
    (home / "own" / "f").touch()
    refused(home / "own" / "f", f"Other users can write to {home / 'own' / 'f'}")
    (home / "own" / "f").chmod(0o644)
    files.keep_private(home / "own" / "f")


@POSIX
def test_a_link_is_as_private_as_the_folder_that_holds_it_and_the_one_that_it_leads_to(home: Path) -> None:
    for name in ("own", "shared"):
        (home / name).mkdir(mode=0o700)
        (home / name / "f").write_text("")
        (home / name / "f").chmod(0o600)
    (home / "own" / "link").symlink_to(home / "shared" / "f")
    (home / "shared" / "link").symlink_to(home / "own" / "f")
    files.keep_private(home / "own" / "link", home / "shared" / "link")
    (home / "shared").chmod(0o777)
    for path in (home / "own" / "link", home / "shared" / "link"):
        refused(path, f"Other users can write to {home / 'shared'},")


@ROOT
@pytest.mark.parametrize(
    ("owner", "group", "mode", "user", "its_group", "is_used"),
    [
        (0, ANOTHER, 0o2775, ANOTHER, ANOTHER, True), (0, OTHER, 0o2775, ANOTHER, ANOTHER, False),
        (0, ANOTHER, 0o2777, ANOTHER, ANOTHER, False), (0, OTHER, 0o755, ANOTHER, ANOTHER, True),
        (ANOTHER, ANOTHER, 0o775, ANOTHER, ANOTHER, True), (ANOTHER, OTHER, 0o775, ANOTHER, ANOTHER, False),
        (OTHER, 0, 0o700, ANOTHER, 0, False), (OTHER, ANOTHER, 0o755, ANOTHER, ANOTHER, False),
        (OTHER, 0, 0o755, 0, 0, False),
    ],
)  # fmt: skip
def test_a_folder_that_was_given_to_our_group_is_used_and_another_users_is_refused(
    home: Path, owner: int, group: int, mode: int, user: int, its_group: int, is_used: bool
) -> None:
    """So Kubernetes mounts a volume for a process that isn't root (fsGroup), and many systems make a user's folders.

    Another user can write to his own folder, whatever its mode is; that counts for the administrator, too.
    """
    (home / "folder").mkdir()
    os.chown(home / "folder", owner, group)
    (home / "folder").chmod(mode)
    with acting_as(user, its_group):
        if is_used:
            files.keep_private(home / "folder" / "f")
        else:
            refused(home / "folder" / "f", f"Other users can write to {home / 'folder'}")


def back_up(home: Path) -> None:
    with Journal.open(home / "own" / "journal.sqlite") as journal:
        journal.back_up(home / "shared" / "backup.sqlite")


@POSIX
@pytest.mark.parametrize(
    "keep",
    [
        lambda home: Journal.open(home / "shared" / "journal.sqlite"),
        back_up,
        lambda home: logging_to(home / "shared" / "note-importer.log").__enter__(),
        lambda _: profiles.load("default"),
        lambda _: machine.remembered(Workspace("default", "https://a.example")),
        lambda home: DroppedFiles(home / "shared"),
    ],
    ids=["journal", "backup", "log", "profiles", "what is remembered", "page"],
)
def test_all_that_the_program_keeps_is_refused_where_others_can_write(
    home: Path, monkeypatch: pytest.MonkeyPatch, keep: Callable[[Path], object]
) -> None:
    (home / "own").mkdir(mode=0o700)
    (shared := home / "shared").mkdir(mode=0o777)
    monkeypatch.setenv(profiles.FILE_VARIABLE, str(shared / "profiles.toml"))
    monkeypatch.setenv(machine.FOLDER_VARIABLE, str(shared))
    (shared / "profiles.toml").write_text("[default]\nbase-url = 'http://127.0.0.1:9'\n")
    with pytest.raises(OpenToOthers, match=str(home)) as caught:
        keep(home)
    assert caught.value.exit_status == 4
    assert [path.name for path in shared.iterdir()] == ["profiles.toml"]


@POSIX
def test_a_log_that_was_planted_beside_the_journal_is_not_taken(home: Path) -> None:
    """Others could write there once; SQLite would take whatever pages the log holds."""
    (home / "own").mkdir(mode=0o700)
    Journal.open(home / "own" / "journal.sqlite").close()
    (home / "own" / "journal.sqlite-wal").touch()
    (home / "own" / "journal.sqlite-wal").chmod(0o666)
    with pytest.raises(OpenToOthers, match=r"journal\.sqlite-wal"):
        Journal.open(home / "own" / "journal.sqlite")


@POSIX
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY | os.O_APPEND | os.O_CREAT])
def test_nobody_waits_for_the_other_end_of_a_pipe(tmp_path: Path, flags: int) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"it is not a regular file|No such device"):
        files.open_regular(tmp_path / "pipe", flags)


@ROOT
def test_a_link_is_followed_unless_another_user_made_it(home: Path) -> None:
    """That user may not be allowed to read the file that the link leads to."""
    (home / "sheet").write_text("ours")
    os.chown(home / "sheet", ANOTHER, -1)
    for maker in (ANOTHER, 0, OTHER):
        (link := home / f"link of {maker}").symlink_to(home / "sheet")
        os.chown(link, maker, -1, follow_symlinks=False)
        with acting_as(ANOTHER):
            if maker == OTHER:
                with pytest.raises(files.FileTrouble, match="another user made the link to this file"):
                    files.opened(link)
            else:
                files.opened(link).close()
