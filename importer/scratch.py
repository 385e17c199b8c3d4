"""Make private temporary folders, and tell a folder in use from one that a killed program left behind.

Input: nothing, or a folder. Output: a folder that is removed afterwards, or whether a folder is in use. A program holds
a lock in each folder that it uses. The system releases the lock however the program ends.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from importer.files import OWNER_ONLY

PREFIX = "note-importer-"
LOCKS = "in-use-*.lock"
_UNKNOWN = 3600.0
"""Seconds for which a folder without a lock counts as in use: its program may be about to lock it, or be an old one."""


@contextmanager
def folder() -> Iterator[Path]:
    """Make a private temporary folder, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name, in_use(Path(name)):
        yield Path(name)


@contextmanager
def in_use(place: Path) -> Iterator[None]:
    """Mark a folder as in use while the block runs. Several programs may use it at the same time."""
    path = place / LOCKS.replace("*", secrets.token_hex(8))
    lock = _lock(path)
    with contextlib.suppress(OSError, NotImplementedError, Timeout):  # without a lock, the folder is still usable
        lock.acquire(timeout=0)
    try:
        yield
    finally:
        lock.release()
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def is_in_use(place: Path) -> bool:
    """Return whether a program uses a folder, or a folder within it, at this moment."""
    for path in place.rglob(LOCKS):
        lock = _lock(path)
        try:
            lock.acquire(timeout=0)
        except (OSError, NotImplementedError, Timeout):
            return True
        lock.release()
        path.touch(OWNER_ONLY)  # releasing may remove it, but it shows that the folder's program has ended
    return False


def folders() -> Iterator[Path]:
    """Yield this user's temporary folders: those in use, and those that programs left behind."""
    for place in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")):
        with contextlib.suppress(OSError):  # just removed
            info = place.lstat()
            if stat.S_ISDIR(info.st_mode) and (os.name != "posix" or info.st_uid == os.geteuid()):
                yield place


def left_over() -> Iterator[Path]:
    """Yield the temporary folders that programs left behind because they were killed."""
    for place in folders():
        with contextlib.suppress(OSError):
            is_known = any(place.glob(LOCKS)) or place.stat().st_mtime < time.time() - _UNKNOWN
            if is_known and not is_in_use(place):
                yield place


def _lock(path: Path) -> FileLock:
    return FileLock(path, mode=OWNER_ONLY, fallback_to_soft=False)
