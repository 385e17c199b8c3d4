"""A file replaced in one step, in folders that others may write to as well."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from importer import files

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
