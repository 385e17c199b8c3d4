"""Allow one import of a workspace at a time, by a lock beside the journal that ends with its holder's process.

Input: the journal's path and the workspace's name. Output: a lock that is held, or an error that says who holds it and
since when.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from importer import files
from importer.errors import Busy, UnusableJournal
from importer.messages import Message, say


@contextmanager
def held(journal: Path, workspace: str, kind: str = "lock.busy") -> Iterator[None]:
    """Hold the workspace's lock file while the block runs; the system releases it however the process ends.

    Args:
        journal: the journal's path; the lock file is made beside it.
        workspace: the workspace's name.
        kind: the kind of the message if another import holds the lock.

    Raises:
        Busy: another process holds the lock; the message says who, and since when.
        UnusableJournal: the lock can't be made there.
    """
    place = journal.with_name(f"{journal.name}.{files.called_after(workspace)[:8]}.lock")
    with _held(place, kind):
        yield


@contextmanager
def _held(place: Path, kind: str) -> Iterator[None]:
    lock = FileLock(place, mode=files.OWNER_ONLY, fallback_to_soft=False)  # a soft lock survives a killed process
    holder_file = place.with_suffix(".holder")  # a second file, because Windows can't read a locked one
    try:
        files.make_private_folder(place.parent)
        lock.acquire(timeout=0)
    except Timeout as error:
        holder = _who(holder_file)
        raise Busy(say(kind, who=holder), holder) from error
    except (OSError, NotImplementedError) as error:  # NotImplementedError: the file system has no locks
        raise UnusableJournal(say("lock.not-made", place=str(place), error=files.why(error))) from error
    try:
        with contextlib.suppress(OSError):
            files.replace(holder_file, json.dumps(_self()).encode())
        yield
    finally:
        with contextlib.suppress(OSError):
            holder_file.unlink()
        lock.release()


def user() -> str:
    """Return the name of the user who runs the program, to show it to others."""
    with contextlib.suppress(
        Exception
    ):  # this user has no name: OSError, KeyError or ImportError, depending on the system
        return getpass.getuser()
    return "someone"


def _self() -> dict[str, str]:
    return {
        "user": user(),
        "host": platform.node(),
        "process": str(os.getpid()),
        "since": f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}",
    }


def _who(holder_file: Path) -> Message:
    try:
        holder = json.loads(holder_file.read_text(encoding="utf-8"))
        return say("holder.named", **{name: str(holder[name]) for name in ("user", "host", "process", "since")})
    except (OSError, ValueError, KeyError, TypeError):
        return say("holder.nameless")
