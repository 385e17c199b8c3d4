"""A file replaced in one step: written under a name of its own, and put in its place when it is whole and on disk.

Comes in: a place, what is to stand there, and whose rights bound who may read it. Goes out: the new file in its place,
or what stood there before. The folder may be shared: a new file is made exclusively, never through a link that
somebody planted, is its owner's alone while it is written, and is written through its descriptor only. Here, too, are
the folders and files that nobody else may open.
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

from platformdirs import user_config_path, user_data_path

from importer.errors import BadSettings
from importer.messages import Message, render, say, words

OWNER_ONLY = 0o600
USUAL = 0o666
"""What the system's umask takes its part of."""

_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP}
"""A disk knows no hard links, or the system makes none of another user's file."""

_NAMES = 999
_PROGRAM = "note-importer"
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag; what it makes exclusively follows no link either
_NO_WAITING = getattr(os, "O_NONBLOCK", 0)  # for the other end of a pipe
_BINARY = getattr(os, "O_BINARY", 0)  # only Windows would translate line ends


class FileTrouble(OSError):
    """A file isn't what it should be, though the system itself would give it.

    Attributes:
        message: what is wrong, for a person to read.
    """

    def __init__(self, message: Message, number: int = 0) -> None:
        super().__init__(number, render(message))
        self.message = message

    def __str__(self) -> str:
        """Return the message, for tracebacks and tests."""
        return render(self.message)


class NotAllowed(FileTrouble, PermissionError):
    """A file may not be used."""


def why(error: OSError) -> Message:
    """Return what is wrong with a file, in our words or the system's."""
    return error.message if isinstance(error, FileTrouble) else words(error.strerror or str(error))


class Draft:
    """A new file that isn't in its place yet.

    Attributes:
        folder, path: where it is written.
        file: what to write to.
    """

    def __init__(self, path: Path, file: BufferedRandom) -> None:
        self.folder, self.path, self.file = path.parent, path, file
        self._digest: bytes | None = None

    def finish(self, rights: int = USUAL, bounds: Iterable[os.stat_result] = ()) -> None:
        """See that everything is on disk, and say who may read it.

        Args:
            rights: the most that the file gets; the umask takes its part of them.
            bounds: files whose rights the new one must not exceed.

        Raises:
            OSError: the disk is full, or the like.
        """
        self.file.flush()
        own = os.fstat(self.file.fileno())
        for bound in bounds:
            rights &= _granted(bound, own.st_gid)
        _set_rights(self.file.fileno(), rights & ~_umask() | OWNER_ONLY)
        os.fsync(self.file.fileno())

    @property
    def digest(self) -> bytes:
        """SHA-256 of what was written; to be asked for before the file is put in its place."""
        if self._digest is None:
            self.file.seek(0)
            self._digest = hashlib.file_digest(self.file, "sha256").digest()
        return self._digest

    @property
    def content(self) -> bytes:
        """What was written."""
        self.file.seek(0)
        return self.file.read()

    def put(self, place: Path) -> None:
        """Put the file in its place, over what stands there; where that fails, another place may be tried.

        Raises:
            OSError: the system doesn't let what stands there go.
        """
        self.file.close()  # Windows renames no open file
        self.path.replace(place)
        _folder_to_disk(place.parent)

    def put_new(self, place: Path) -> None:
        """Put the file in its place, where nothing stands.

        Raises:
            FileExistsError: something stands there by now.
            OSError: the system doesn't let it be put there.
        """
        self.file.close()
        move(self.path, place)
        _folder_to_disk(place.parent)


def move(path: Path, place: Path) -> None:
    """Give a file another name on the same disk, which nothing has: whatever appears there meanwhile stays.

    Nobody else may use the file's present name: what appears under that is lost.

    Raises:
        FileExistsError: something has it by now.
        OSError: the file isn't there, or the system doesn't let it be moved.
    """
    if os.name == "nt":
        path.rename(place)  # there it never replaces
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
    """Give a file a second name; False where that can't be, and an empty file holds the name. Raises OSError."""
    try:
        os.link(path, place, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, OWNER_ONLY))
        return False
    return True


def put_back(moved: Path, path: Path) -> None:
    """Move a file back to where it was, or to a free name beside that if another has come there. Raises OSError."""
    for number in range(1, _NAMES + 1):
        with contextlib.suppress(FileExistsError):
            move(moved, path if number == 1 else path.with_name(f"{path.stem} ({number}){path.suffix}"))
            return
    raise FileTrouble(say("files.names-taken", count=str(_NAMES), name=path.name), errno.EEXIST)


def called_after(name: str) -> str:
    """Sixteen signs that tell a name from others, to call a file after what no file can be called."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def digest(path: Path) -> bytes:
    """SHA-256 of a file's content. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


@contextmanager
def draft(place: Path) -> Iterator[Draft]:
    """Begin a file that is to stand at ``place`` or beside it; unless it was put there, it is gone afterwards.

    Raises:
        OSError: the folder takes no file.
    """
    path = place.with_name(f".{secrets.token_hex(4)}.{place.name[-60:]}.tmp")
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINK | _BINARY, OWNER_ONLY)
    file = os.fdopen(handle, "w+b")
    try:
        yield Draft(path, file)
    finally:
        with contextlib.suppress(OSError):  # of what could not be written Draft.finish has told
            file.close()
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def replace(place: Path, content: bytes, rights: int = OWNER_ONLY) -> None:
    """Put a small file in its place in one step. Raises OSError; then what stood there stands there still."""
    with draft(place) as new:
        new.file.write(content)
        new.finish(rights)
        new.put(place)


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter, and each folder above it that isn't there yet.

    A folder of the program's own that stands open to others is closed to them. A folder that a person named, and that
    stands already, is left as it is.

    Raises:
        BadSettings: see :func:`keep_private`.
        OSError: it can't be made.
    """
    if os.name != "posix":  # a folder there has the rights of the one above it, which is the user's
        folder.mkdir(parents=True, exist_ok=True)
        return
    folder = folder.absolute()
    missing = [folder]
    while not os.path.lexists(missing[-1]):
        missing.append(missing[-1].parent)
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
    keep_private(folder)


def keep_private(folder: Path) -> None:
    """See that nobody else can write to a folder of the program's own; one that a person named is left as it is.

    Raises:
        BadSettings: it belongs to another user, or others may write to it.
    """
    if os.name != "posix":
        return
    folder = folder.absolute()
    for own in {user_data_path(_PROGRAM, appauthor=False), user_config_path(_PROGRAM, appauthor=False)}:
        for each in (folder, *folder.parents):
            if each.is_relative_to(own) and each.exists():
                _close_to_others(each)


def _close_to_others(folder: Path) -> None:
    there, user = folder.stat(), os.geteuid()
    if os.statvfs(folder).f_flag & os.ST_RDONLY:  # nobody can write there
        return
    is_own = there.st_uid == user
    closed = 0o077 if is_own else 0o022  # users decide themselves who may read their folders
    if there.st_mode & closed and (is_own or user == 0):
        with contextlib.suppress(OSError):
            folder.chmod(stat.S_IMODE(there.st_mode) & ~closed)
            return
    is_theirs = there.st_uid not in (user, 0) and user != 0 and there.st_uid != _owner_of_new_files(folder)
    if is_theirs or there.st_mode & (0o002 if _is_for_our_group(there) else 0o022):
        here = shlex.quote(str(folder))
        mend = f"chmod go-rwx {here}" if is_own or user == 0 else _by_administrator(f"chown -R {_name_of(user)} {here}")
        owner = _name_of(there.st_uid)
        raise BadSettings(say("files.open-to-others", folder=str(folder), owner=owner, command=mend))


def _is_for_our_group(there: os.stat_result) -> bool:
    """Whether the administrator gave a folder to a group of ours, as Kubernetes does (fsGroup)."""
    return there.st_uid == 0 and there.st_gid in {os.getegid(), *os.getgroups()}


def _by_administrator(command: str) -> str | Message:
    return command if os.geteuid() == 0 else say("files.by-administrator", command=command)


def open_private(path: Path, flags: int = os.O_RDWR) -> int:
    """Open a file that only its owner can open, and make it where there is none; its descriptor.

    On Windows a file's rights are its folder's.

    Raises:
        OSError: it can't be made or opened, it is a link or no file, or it belongs to another user.
    """
    handle = os.open(path, flags | os.O_CREAT | _NO_LINK | _NO_WAITING | _BINARY, OWNER_ONLY)
    try:
        there = os.fstat(handle)
        if not stat.S_ISREG(there.st_mode):
            raise FileTrouble(say("files.no-file"), errno.EINVAL)  # noqa: TRY301 - the descriptor is to be closed
        if os.name == "posix":
            see_that_it_is_ours(path, there)
            close_to_others(handle, there)
    except BaseException:
        os.close(handle)
        raise
    return handle


def make_private(path: Path) -> None:
    """See that an empty file stands here, or whatever stands here already, and that only its owner can open it.

    Raises:
        OSError: see :func:`open_private`.
    """
    os.close(open_private(path))


def own_link_followed(path: Path) -> Path:
    """Return where a link of the user's own leads, or else the path itself.

    Raises:
        OSError: the link is another user's, or leads nowhere.
    """
    if os.name != "posix" or not path.is_symlink():
        return path
    see_that_it_is_ours(path, path.lstat())
    return path.resolve()


def close_to_others(file: Path | int, there: os.stat_result) -> None:
    """Take the rights to a file from everybody but its owner.

    An administrator's file that its group can use, as logrotate makes them, stays as it is.

    Raises:
        OSError: that can't be done, and others may use the file.
    """
    if not there.st_mode & 0o077:
        return
    try:
        os.chmod(file, stat.S_IMODE(there.st_mode) & ~0o077)  # noqa: PTH101 - it may be a descriptor
    except OSError:
        if there.st_uid != 0 or there.st_mode & 0o007:
            raise


def see_that_it_is_ours(path: Path, there: os.stat_result) -> None:
    """See that a file isn't one that another user made beforehand, in order to read what we write to it.

    The administrator's files are used by everybody who can. The administrator uses a user's file in that user's own
    folder, and in a folder that only the administrator can write to: no stranger can have put it there.

    Raises:
        PermissionError: it is.
    """
    user, folder = os.geteuid(), path.parent.stat()
    is_safe = not folder.st_mode & {there.st_uid: 0o002, 0: 0o022}.get(folder.st_uid, 0o777)
    if there.st_uid in (user, 0) or (user == 0 and is_safe):
        return
    if there.st_uid == _owner_of_new_files(path.parent):
        return
    mend = _by_administrator(f"chown -h {_name_of(user)} {shlex.quote(str(path))}")
    raise NotAllowed(say("files.anothers", owner=_name_of(there.st_uid), command=mend), errno.EPERM)


def _owner_of_new_files(folder: Path) -> int | None:
    """Who owns what we make in a folder: we, unless it is a server's that gives all files to one user."""
    with contextlib.suppress(OSError), draft(folder / "owner") as new:
        return os.fstat(new.file.fileno()).st_uid
    return None


def _name_of(user: int) -> str:
    """A user's name; the number where there is none."""
    with contextlib.suppress(ImportError, KeyError):
        import pwd  # noqa: PLC0415 - Windows has none

        return pwd.getpwuid(user).pw_name
    return str(user)


def _granted(bound: os.stat_result, group: int) -> int:
    """What a file grants, to a file of this group: where that is another, its members are others to the first."""
    granted = bound.st_mode & USUAL
    if bound.st_gid != group:
        granted &= ~0o060 | (granted & 0o006) << 3
    return granted


def _umask() -> int:
    """What the system takes from the rights of new files; it can only be read by being set."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _set_rights(handle: int, rights: int) -> None:
    if os.name == "posix":  # elsewhere a file's rights are its folder's
        os.fchmod(handle, rights)


def _folder_to_disk(folder: Path) -> None:
    with contextlib.suppress(OSError):  # Windows opens no folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
