"""Replace a file in one step; open files that come from outside; check that nobody else can write to our own.

A file is written under a temporary name, and renamed when it is complete and on disk. Others may use the folder. So a
new file is created exclusively and never through a planted link, is private while it is written, and is written only
through its descriptor. Every file that may be somebody else's is opened by :func:`open_regular`.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
import secrets
import shlex
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedRandom, BufferedReader
from pathlib import Path
from typing import Any, TypeVar

from importer.errors import ImporterError, OpenToOthers
from importer.messages import Message, render, say, words

OWNER_ONLY = 0o600
USUAL = 0o666
"""Permissions of a usual file, before the umask removes some."""

# Errors of a disk without hard links, or of a system that makes none to another user's file.
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP}

_PathT = TypeVar("_PathT", bound=Path)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag; exclusive creation follows no link there either
# Don't wait for the other end of a pipe, or take over a terminal. Only Windows would translate line ends.
_AS_IT_IS = sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"))


class FileTrouble(OSError):
    """An error of a file with a message for a person, in place of the system's words."""

    def __init__(self, message: Message, number: int = 0) -> None:
        super().__init__(number, render(message))
        self.message = message


class NoRegularFile(FileTrouble):
    """There is a folder, a pipe or a device instead of a file."""


def why(error: Exception) -> Message:
    """Return the message of an error: our own message if it has one, otherwise the system's words, without a number."""
    if isinstance(error, (FileTrouble, ImporterError)):
        return error.message
    said = error.strerror if isinstance(error, OSError) else ""
    return words((said or str(error) or type(error).__name__).rstrip("."))


class Draft:
    """A new file under its temporary name; ``file`` is the open file to write to."""

    def __init__(self, path: Path, file: BufferedRandom) -> None:
        self.folder, self.path, self.file = path.parent, path, file

    def finish(self, rights: int = USUAL, bound: os.stat_result | None = None) -> None:
        """Write everything to disk, and set the file's permissions. Raises OSError, as for a full disk.

        It gets no more than these ``rights``, of which the umask removes some, nor more than the file ``bound`` has.
        """
        self.file.flush()
        own = os.fstat(self.file.fileno())
        if bound is not None:
            granted = bound.st_mode & USUAL
            if bound.st_gid != own.st_gid:  # members of another group count as others
                granted &= ~0o060 | (granted & 0o006) << 3
            rights &= granted
        if os.name == "posix":  # on Windows a file has its folder's permissions
            umask = os.umask(0o077)  # it can only be read by setting it
            os.umask(umask)
            os.fchmod(self.file.fileno(), rights & ~umask | OWNER_ONLY)
        os.fsync(self.file.fileno())

    def put(self, place: Path) -> None:
        """Put the file in its place, over an existing file. If this raises OSError, another place may be tried."""
        self.file.close()  # Windows renames no open file
        self.path.replace(place)
        _folder_to_disk(place.parent)

    def put_new(self, place: Path) -> None:
        """Put the file in its place, which must be free. Raises FileExistsError if it isn't, or another OSError."""
        self.file.close()
        move(self.path, place)
        _folder_to_disk(place.parent)


def move(path: Path, place: Path) -> None:
    """Give a file a new, free name on the same disk. A file that appears there meanwhile is never replaced.

    No one else may use the file's present name, because a file that appears there is lost. Raises FileExistsError if a
    file has the new name by now, or another OSError.
    """
    if os.name == "nt":
        path.rename(place)  # on Windows, this never replaces a file
        return
    is_linked = True
    try:
        os.link(path, place, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        is_linked = False
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, OWNER_ONLY))
    try:
        if is_linked:
            path.unlink()
        else:
            path.replace(place)
    except OSError:
        place.unlink()
        raise


def at_free_name(path: Path, put: Callable[[Path], None]) -> Path:
    """Put a file at a path, or at the next free name beside it; return which. ``put`` raises FileExistsError."""
    for place in numbered(path):
        with contextlib.suppress(FileExistsError):
            put(place)
            break
    return place


def numbered(path: _PathT) -> Iterator[_PathT]:
    """Yield a path, and then names beside it with the numbers 2, 3, …, without end."""
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.stem} ({number}){path.suffix}")


def digest(file: Any) -> bytes:
    """Return the SHA-256 of an open file's content. Raises OSError."""
    file.seek(0)
    return hashlib.file_digest(file, "sha256").digest()


@contextmanager
def draft(place: Path) -> Iterator[Draft]:
    """Begin a file for ``place``, or a name beside it. Unless it is put there, it is deleted afterwards."""
    path = place.with_name(f".{secrets.token_hex(4)}.{place.name[-60:]}.tmp")
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINK | _AS_IT_IS, OWNER_ONLY)
    file = os.fdopen(handle, "w+b")
    try:
        yield Draft(path, file)
    finally:
        with contextlib.suppress(OSError):  # Draft.finish has raised any error of writing
            file.close()
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def replace(place: Path, content: bytes) -> None:
    """Write a small private file in one step. Raises OSError; the old file is then unchanged."""
    with draft(place) as new:
        new.file.write(content)
        new.finish(OWNER_ONLY)
        new.put(place)


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter, with each missing folder above it. Raises OSError."""
    folder = folder.absolute()
    missing = [place for place in (folder, *folder.parents) if not os.path.lexists(place)]
    for place in reversed(missing):
        place.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(exist_ok=True)  # raises if it isn't a folder


def keep_private(*paths: Path) -> None:
    """Check that only this user, a group of this user and the administrator can write to these files and their folders.

    Anybody else who could write there could change what the program believes. Missing files and folders need no check.
    Windows is not checked: a folder has the rights of the one above it, which is the user's. Raises OpenToOthers,
    which names the place and the mend; OSError.
    """
    if os.name != "posix":
        return
    for path in paths:
        given, target = os.path.abspath(path), os.path.realpath(path)  # noqa: PTH100 - these raise for no circular link
        for place in dict.fromkeys(Path(one) for end in (given, target) for one in (os.path.dirname(end), end)):  # noqa: PTH120
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                _see_that_it_is_private(place, place.stat())


def _see_that_it_is_private(place: Path, there: os.stat_result) -> None:
    is_ours, is_in_group = there.st_uid in (os.geteuid(), 0), there.st_gid in (os.getegid(), *os.getgroups())
    others = 0o002 if is_in_group else 0o022  # to a group of ours somebody gave the place on purpose
    if (is_ours and not there.st_mode & others) or os.statvfs(place).f_flag & os.ST_RDONLY:
        return
    if there.st_uid != os.geteuid() or there.st_mode & stat.S_ISVTX:  # it is meant for others, as /tmp is
        raise OpenToOthers(say("files.shared", place=str(place)))
    command = f"chmod {'o' if is_in_group else 'go'}-w {shlex.quote(str(place))}"
    raise OpenToOthers(say("files.open-to-others", place=str(place), command=command))


def open_regular(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a file that may come from somebody else, and return its descriptor. This never waits.

    A link is followed, unless another user made it. A new file can be opened only by its owner. Raises NoRegularFile,
    or another OSError.
    """
    try:
        handle = os.open(path, flags | _AS_IT_IS, OWNER_ONLY)
    except (IsADirectoryError, PermissionError) as error:  # Windows opens no folder
        raise (NoRegularFile(say("files.no-file"), errno.EISDIR) if path.is_dir() else error) from error
    try:
        there = os.fstat(handle)
        if not stat.S_ISREG(there.st_mode):
            number = errno.EISDIR if stat.S_ISDIR(there.st_mode) else errno.EINVAL
            raise NoRegularFile(say("files.no-file"), number)  # noqa: TRY301 - the descriptor must be closed
        if os.name == "posix":
            _see_whose_link(path, there)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _see_whose_link(path: Path, opened: os.stat_result) -> None:
    """Raise FileTrouble if another user's link led to a file, because that user may not be allowed to open it."""
    there = path.lstat()
    if not ((stat.S_ISLNK(there.st_mode) and there.st_uid in (os.geteuid(), 0)) or os.path.samestat(there, opened)):
        raise FileTrouble(say("files.link-of-another-user"), errno.EPERM)


def opened(path: Path) -> BufferedReader:
    """Open a file that may come from somebody else for reading; see :func:`open_regular`."""
    return os.fdopen(open_regular(path), "rb")


def _folder_to_disk(folder: Path) -> None:
    with contextlib.suppress(OSError):  # Windows can't open folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
