"""Replace a file in one step: write it under a temporary name, and rename it when it is complete and on disk.

Input: a path, the content, and files that bound the permissions. Output: the new file at the path, or the old one
unchanged. Others may use the folder. So a new file is created exclusively and never through a planted link, is private
while it is written, and is written only through its descriptor. This module also makes private folders and files.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shlex
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path
from typing import TypeVar

from platformdirs import user_config_path, user_data_path

from importer.errors import BadSettings
from importer.messages import Message, render, say, words

OWNER_ONLY = 0o600
USUAL = 0o666
"""Permissions of a usual file, before the umask removes some."""

# Errors of a disk without hard links, or of a system that makes none to another user's file.
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP}

_PathT = TypeVar("_PathT", bound=Path)
_NAMES = 999
_PROGRAM = "note-importer"
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag; exclusive creation follows no link there either
_NO_WAITING = getattr(os, "O_NONBLOCK", 0)  # don't wait for the other end of a pipe
_BINARY = getattr(os, "O_BINARY", 0)  # only Windows would translate line ends


class FileTrouble(OSError):
    """An error of a file with a message for a person, in place of the system's words.

    Attributes:
        message: message for a person that says what is wrong.
    """

    def __init__(self, message: Message, number: int = 0) -> None:
        super().__init__(number, render(message))
        self.message = message

    def __str__(self) -> str:
        """Return the message, for tracebacks and tests."""
        return render(self.message)


class NotAllowed(FileTrouble, PermissionError):
    """A file may not be used."""


def why(error: Exception) -> Message:
    """Return the message of an error: our own message if it has one, otherwise the system's words, without a number."""
    said = error.strerror if isinstance(error, OSError) else ""
    return error.message if isinstance(error, FileTrouble) else words(said or str(error))


class Draft:
    """A new file under its temporary name.

    Attributes:
        folder, path: folder and path of the temporary file.
        file: the open file to write to.
    """

    def __init__(self, path: Path, file: BufferedRandom) -> None:
        self.folder, self.path, self.file = path.parent, path, file
        self._digest: bytes | None = None

    def finish(self, rights: int = USUAL, bounds: Iterable[os.stat_result] = ()) -> None:
        """Write everything to disk, and set the file's permissions.

        Args:
            rights: the most permissions that the file may get; the umask removes some of them.
            bounds: files whose permissions the new one must not exceed.

        Raises:
            OSError: the file can't be written, for example because the disk is full.
        """
        self.file.flush()
        own = os.fstat(self.file.fileno())
        for bound in bounds:
            rights &= _granted(bound, own.st_gid)
        _set_rights(self.file.fileno(), rights & ~_umask() | OWNER_ONLY)
        os.fsync(self.file.fileno())

    @property
    def digest(self) -> bytes:
        """SHA-256 of the content; it must be read before the file is put in its place."""
        if self._digest is None:
            self.file.seek(0)
            self._digest = hashlib.file_digest(self.file, "sha256").digest()
        return self._digest

    @property
    def content(self) -> bytes:
        """The content written so far."""
        self.file.seek(0)
        return self.file.read()

    def put(self, place: Path) -> None:
        """Put the file in its place, over an existing file. If this fails, another place may be tried.

        Raises:
            OSError: the system doesn't let the existing file be replaced.
        """
        self.file.close()  # Windows renames no open file
        self.path.replace(place)
        _folder_to_disk(place.parent)

    def put_new(self, place: Path) -> None:
        """Put the file in its place, which must be free.

        Raises:
            FileExistsError: a file exists there by now.
            OSError: the system doesn't let the file be put there.
        """
        self.file.close()
        move(self.path, place)
        _folder_to_disk(place.parent)


def move(path: Path, place: Path) -> None:
    """Give a file a new, free name on the same disk. A file that appears there meanwhile is never replaced.

    No one else may use the file's present name, because a file that appears there is lost.

    Raises:
        FileExistsError: a file has the new name by now.
        OSError: the file doesn't exist, or the system doesn't let it be moved.
    """
    if os.name == "nt":
        path.rename(place)  # on Windows, this never replaces a file
        return
    is_linked = _link(path, place)
    try:
        if is_linked:
            path.unlink()
        else:
            path.replace(place)
    except OSError:
        place.unlink()
        raise


def _link(path: Path, place: Path) -> bool:
    """Make a hard link and return True; or, if that is impossible, an empty file and return False. Raises OSError."""
    try:
        os.link(path, place, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, OWNER_ONLY))
        return False
    return True


def put_back(moved: Path, path: Path) -> None:
    """Move a file back to its path, or to a free name beside it if the path is taken. Raises OSError."""
    for name in numbered(path, _NAMES):
        with contextlib.suppress(FileExistsError):
            move(moved, name)
            return
    raise FileTrouble(say("files.names-taken", count=str(_NAMES), name=path.name), errno.EEXIST)


def numbered(path: _PathT, count: int) -> Iterator[_PathT]:
    """Yield a path, and then names beside it with the numbers 2, 3, …, ``count`` in all."""
    yield path
    for number in range(2, count + 1):
        yield path.with_name(f"{path.stem} ({number}){path.suffix}")


def called_after(name: str) -> str:
    """Return 16 hexadecimal digits that identify a name, for a file's name that can't hold the name itself."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def digest(path: Path) -> bytes:
    """Return the SHA-256 of a file's content. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


@contextmanager
def draft(place: Path) -> Iterator[Draft]:
    """Begin a file for ``place``, or a name beside it. Unless it is put there, it is deleted afterwards.

    Raises:
        OSError: no file can be created in the folder.
    """
    path = place.with_name(f".{secrets.token_hex(4)}.{place.name[-60:]}.tmp")
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINK | _BINARY, OWNER_ONLY)
    file = os.fdopen(handle, "w+b")
    try:
        yield Draft(path, file)
    finally:
        with contextlib.suppress(OSError):  # Draft.finish has raised any error of writing
            file.close()
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def replace(place: Path, content: bytes, rights: int = OWNER_ONLY) -> None:
    """Write a small file in one step. Raises OSError; the old file is then unchanged."""
    with draft(place) as new:
        new.file.write(content)
        new.finish(rights)
        new.put(place)


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter, with each missing folder above it.

    A folder of the program itself that is open to others is closed to them. An existing folder that a person named is
    left unchanged.

    Raises:
        BadSettings: see :func:`keep_private`.
        OSError: the folder can't be made.
    """
    if os.name != "posix":  # a folder inherits the permissions of the one above it, which is the user's
        folder.mkdir(parents=True, exist_ok=True)
        return
    folder = folder.absolute()
    missing = [folder]
    while not os.path.lexists(missing[-1]):
        missing.append(missing[-1].parent)
    for missing_folder in reversed(missing):
        missing_folder.mkdir(mode=0o700, exist_ok=True)
    keep_private(folder)


def keep_private(folder: Path) -> None:
    """Ensure that no one else can write to the program's own folder; a folder that a person named is unchanged.

    Raises BadSettings if the folder belongs to another user, or others may write to it.
    """
    if os.name != "posix":
        return
    folder = folder.absolute()
    for own_folder in {user_data_path(_PROGRAM, appauthor=False), user_config_path(_PROGRAM, appauthor=False)}:
        for ancestor in (folder, *folder.parents):
            if ancestor.is_relative_to(own_folder) and ancestor.exists():
                _close_to_others(ancestor)


def _close_to_others(folder: Path) -> None:
    info, user = folder.stat(), os.geteuid()
    if os.statvfs(folder).f_flag & os.ST_RDONLY:  # no one can write there
        return
    is_own = info.st_uid == user
    forbidden = 0o077 if is_own else 0o022  # other users decide who may read their folders
    if info.st_mode & forbidden and (is_own or user == 0):
        with contextlib.suppress(OSError):
            folder.chmod(stat.S_IMODE(info.st_mode) & ~forbidden)
            return
    is_anothers = info.st_uid not in (user, 0) and user != 0 and info.st_uid != _owner_of_new_files(folder)
    if is_anothers or info.st_mode & (0o002 if _is_for_our_group(info) else 0o022):
        name = shlex.quote(str(folder))
        fix = f"chmod go-rwx {name}" if is_own or user == 0 else _by_administrator(f"chown -R {_name_of(user)} {name}")
        owner = _name_of(info.st_uid)
        raise BadSettings(say("files.open-to-others", folder=str(folder), owner=owner, command=fix))


def _is_for_our_group(there: os.stat_result) -> bool:
    """Return whether the administrator gave a folder to one of our groups, as Kubernetes does (fsGroup)."""
    return there.st_uid == 0 and there.st_gid in {os.getegid(), *os.getgroups()}


def _by_administrator(command: str) -> str | Message:
    return command if os.geteuid() == 0 else say("files.by-administrator", command=command)


def open_private(path: Path, flags: int = os.O_RDWR) -> int:
    """Open a file that only its owner can open (on Windows: its folder's users), or create it; return its descriptor.

    Raises:
        OSError: the file can't be created or opened, is a link or not a regular file, or belongs to another user.
    """
    handle = os.open(path, flags | os.O_CREAT | _NO_LINK | _NO_WAITING | _BINARY, OWNER_ONLY)
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            raise FileTrouble(say("files.no-file"), errno.EINVAL)  # noqa: TRY301 - the descriptor must be closed
        if os.name == "posix":
            see_that_it_is_ours(path, info)
            close_to_others(handle, info)
    except BaseException:
        os.close(handle)
        raise
    return handle


def make_private(path: Path) -> None:
    """Create an empty file unless one exists, and ensure that only its owner can open it; see :func:`open_private`."""
    os.close(open_private(path))


def own_link_followed(path: Path) -> Path:
    """Return the target of the user's own link, or the path itself if it isn't a link.

    Raises OSError if the link belongs to another user, or can't be followed.
    """
    if os.name != "posix" or not path.is_symlink():
        return path
    see_that_it_is_ours(path, path.lstat())
    return path.resolve()


def close_to_others(file: Path | int, there: os.stat_result) -> None:
    """Remove everyone's permissions to a file, except its owner's.

    An administrator's file that its group may use, as logrotate makes them, is left unchanged.

    Raises:
        OSError: the permissions can't be removed, and others may use the file.
    """
    if not there.st_mode & 0o077:
        return
    try:
        os.chmod(file, stat.S_IMODE(there.st_mode) & ~0o077)  # noqa: PTH101 - it may be a descriptor
    except OSError:
        if there.st_uid != 0 or there.st_mode & 0o007:
            raise


def see_that_it_is_ours(path: Path, there: os.stat_result) -> None:
    """Refuse a file that another user may have made in advance, in order to read what we write to it.

    Anyone may use the administrator's files. The administrator may use a user's file in that user's own folder, and in
    a folder that only the administrator can write to, because no other user can have put it there.

    Raises:
        PermissionError: the file is another user's.
    """
    user, folder = os.geteuid(), path.parent.stat()
    is_safe = not folder.st_mode & {there.st_uid: 0o002, 0: 0o022}.get(folder.st_uid, 0o777)
    if there.st_uid in (user, 0) or (user == 0 and is_safe):
        return
    if there.st_uid == _owner_of_new_files(path.parent):
        return
    command = _by_administrator(f"chown -h {_name_of(user)} {shlex.quote(str(path))}")
    raise NotAllowed(say("files.anothers", owner=_name_of(there.st_uid), command=command), errno.EPERM)


def _owner_of_new_files(folder: Path) -> int | None:
    """Return the owner of our new files in a folder; a file server may give all files to one user."""
    with contextlib.suppress(OSError), draft(folder / "owner") as new:
        return os.fstat(new.file.fileno()).st_uid
    return None


def _name_of(user: int) -> str:
    """Return a user's name, or the number if there is none."""
    with contextlib.suppress(ImportError, KeyError):
        import pwd  # noqa: PLC0415 - Windows has none

        return pwd.getpwuid(user).pw_name
    return str(user)


def _granted(bound: os.stat_result, group: int) -> int:
    """Return a file's permissions as bounds for a file of this group; members of another group count as others."""
    granted = bound.st_mode & USUAL
    if bound.st_gid != group:
        granted &= ~0o060 | (granted & 0o006) << 3
    return granted


def _umask() -> int:
    """Return the umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _set_rights(handle: int, rights: int) -> None:
    if os.name == "posix":  # on Windows a file has its folder's permissions
        os.fchmod(handle, rights)


def _folder_to_disk(folder: Path) -> None:
    with contextlib.suppress(OSError):  # Windows can't open folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
