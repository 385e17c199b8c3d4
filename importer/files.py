"""A file replaced in one step: written under a name of its own, and put in its place when it is whole and on disk.

Comes in: a place, what is to stand there, and whose rights bound who may read it. Goes out: the new file in its place,
or what stood there before. The folder may be shared: a new file is made exclusively, never through a link that
somebody planted, is its owner's alone while it is written, and is written through its descriptor only.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path

OWNER_ONLY = 0o600
USUAL = 0o666
"""What the system's umask takes its part of."""

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag; what it makes exclusively follows no link either
_BINARY = getattr(os, "O_BINARY", 0)  # only Windows would translate line ends


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
    """Make a folder that only its owner can enter, where there is none yet. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def make_private(path: Path) -> None:
    """See that an empty file stands here, or whatever stands here already, and that only its owner can open it.

    Nothing is done on Windows, where a file's rights are its folder's.

    Raises:
        OSError: it can't be made, or a link stands in its place.
    """
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, OWNER_ONLY)
    try:
        if os.fstat(handle).st_mode & 0o077:
            with contextlib.suppress(PermissionError):  # it is another's, who decides
                _set_rights(handle, OWNER_ONLY)
    finally:
        os.close(handle)


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
