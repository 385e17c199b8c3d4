"""One import of a workspace at a time: a lock beside the journal, which dies with its holder.

Comes in: the journal's path and what the workspace is called. Goes out: a lock that is held, or word of who holds it
and since when.
"""

from __future__ import annotations

import contextlib
import getpass
import glob
import json
import os
import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from importer import files
from importer.errors import Busy, UnusableJournal
from importer.messages import Message, say


@contextmanager
def held(journal: Path, workspace: str, kind: str = "lock.busy") -> Iterator[Path]:
    """Hold the workspace's lock, a file, while the block runs; the system lets it go however the process ends.

    Args:
        journal: the lock stands beside this.
        workspace: whose it is.
        kind: of the message if another import holds it.

    Raises:
        Busy: another process holds it; says who, and since when.
        UnusableJournal: the lock can't be made there.
    """
    place = journal.with_name(f"{journal.name}.{files.called_after(workspace)[:8]}.lock")
    with _held(place, kind):
        yield place


@contextmanager
def all_held(journal: Path) -> Iterator[None]:
    """Hold the lock of every workspace whose lock file stands beside this journal. Raises as :func:`held` does.

    A lock file always stands there while its lock is held. Afterwards filelock may have removed it.
    """
    with ExitStack() as stack:
        for place in sorted(journal.parent.glob(f"{glob.escape(journal.name)}.*.lock")):
            stack.enter_context(_held(place, "lock.busy-with-journal"))
        yield


@contextmanager
def _held(place: Path, kind: str) -> Iterator[None]:
    lock = FileLock(place, mode=files.OWNER_ONLY, fallback_to_soft=False)  # a soft one outlives a killed process
    holder = place.with_suffix(".holder")  # beside the lock, for a locked file can't be read on Windows
    try:
        files.make_private_folder(place.parent)
        files.make_private(place)  # whoever can open a lock file can hold the lock
        lock.acquire(timeout=0)
    except Timeout as error:
        who = _who(holder)
        raise Busy(say(kind, who=who), who) from error
    except (OSError, NotImplementedError) as error:  # the latter where the file system knows no locks
        raise UnusableJournal(say("lock.not-made", place=str(place), error=str(error))) from error
    try:
        with contextlib.suppress(OSError):
            files.replace(holder, json.dumps(_self()).encode())
        yield
    finally:
        with contextlib.suppress(OSError):
            holder.unlink()
        lock.release()


def user() -> str:
    """Who runs the program, for others to know."""
    with contextlib.suppress(Exception):  # no name for this user: OSError, KeyError or ImportError, by system
        return getpass.getuser()
    return "someone"


def _self() -> dict[str, str]:
    return {
        "user": user(),
        "host": platform.node(),
        "process": str(os.getpid()),
        "since": f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}",
    }


def _who(holder: Path) -> Message:
    try:
        found = json.loads(holder.read_text(encoding="utf-8"))
        return say("holder.named", **{name: str(found[name]) for name in ("user", "host", "process", "since")})
    except (OSError, ValueError, KeyError, TypeError):
        return say("holder.nameless")
