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
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from importer import files
from importer.errors import Busy, UnusableJournal
from importer.messages import Message, say


@contextmanager
def held(journal: Path, workspace: str, kind: str = "lock.busy") -> Iterator[None]:
    """Hold the workspace's lock file beside the journal while the block runs; the system releases it in any case.

    Raises Busy with a message of this kind, which says who holds it and since when; UnusableJournal.
    """
    place = journal.with_name(f"{journal.name}.{files.called_after(workspace)[:8]}.lock")
    lock = FileLock(place, mode=files.OWNER_ONLY, fallback_to_soft=False)  # a soft lock survives a killed process
    holder_file = place.with_suffix(".holder")  # a second file, because Windows can't read a locked one
    try:
        files.make_private_folder(place.parent)
        lock.acquire(timeout=0)
    except Timeout as error:
        who = _holder_in(holder_file)
        raise Busy(say(kind, who=who), who) from error
    except (OSError, NotImplementedError) as error:  # NotImplementedError: the file system has no locks
        raise UnusableJournal(say("lock.not-made", place=str(place), error=files.why(error))) from error
    try:
        with contextlib.suppress(OSError):
            files.replace(holder_file, json.dumps([this_process(), datetime.now(UTC).timestamp()]).encode())
        yield
    finally:
        with contextlib.suppress(OSError):
            holder_file.unlink()
        lock.release()


def user() -> str:
    """Return the name of the user who runs the program, to show it to others."""
    with contextlib.suppress(Exception):  # OSError, KeyError or ImportError if this user has no name
        return getpass.getuser()
    return "someone"


def this_process() -> str:
    """Return a name for this process, by which others see who holds a lock."""
    return f"{user()} on {platform.node()} (process {os.getpid()})"


def holder(name: str, since: float) -> Message:
    """Return who holds a lock, by the name of its process, and since when, in seconds since 1970."""
    return say("holder.named", name=name, since=f"{datetime.fromtimestamp(since).astimezone():%Y-%m-%d %H:%M:%S}")


def _holder_in(file: Path) -> Message:
    try:
        name, since = json.loads(file.read_text(encoding="utf-8"))
        return holder(str(name), float(since))
    except (OSError, ValueError, TypeError, OverflowError):
        return say("holder.nameless")
