"""Keep on this machine, outside the journal: which journal and which API keys a workspace uses, and locks.

Input: a workspace, a key, and the journal to be used. Output: nothing, or an error if the journal isn't the previous
one, or is an earlier copy of it; the workspaces of a key, whatever their journals. With an empty journal all notes
would be sent again, with a copy all notes that the copy lacks.

A small file for each workspace in the user's data folder holds the journal's ID, the number of its latest request, its
place, and digests of keys. An earlier copy lacks that request. If a file is missing, as on a new machine, nothing is
checked; if nothing can be stored, nothing is known. A lock is held by a process and ends with it, so that only one
import of a workspace, and one of an account, runs at a time.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from importer import files
from importer.errors import Busy, UnusableJournal, WrongJournal
from importer.messages import Message, say
from importer.models import Workspace, hashed
from importer.settings.address import own_folders

FOLDER_VARIABLE = "NOTE_IMPORTER_JOURNALS"


class RememberedJournal(NamedTuple):
    """The journal that a workspace used so far, its latest request, and digests of the keys that were used."""

    id: str
    request: int
    place: str
    workspace: Workspace
    keys: tuple[str, ...] = ()


def remembered(workspace: Workspace) -> RememberedJournal | None:
    """Return the journal that the workspace used so far; None if none is remembered. Raises WrongJournal."""
    file = _note(workspace)
    try:
        return _read(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError) as error:
        message = say("identity.unreadable", workspace=str(workspace), file=str(file), error=files.why(error))
        raise WrongJournal(message) from error


def check(workspace: Workspace, journal_id: str | None, place: str, latest: Callable[[], int]) -> None:
    """Raise WrongJournal unless a journal is the one that the workspace used so far; no ID: there is none yet.

    A journal is no earlier copy if it has the latest request of each workspace that used it. ``latest`` returns its
    latest request. It is called last, because an import may be running.
    """
    usual, kind = remembered(workspace), "identity.none" if journal_id is None else "identity.another"
    if usual is None or usual.id == journal_id:
        usual = max((one for one in _every() if one.id == journal_id), key=lambda one: one.request, default=None)
        if usual is None or latest() >= usual.request:
            return
        kind = "identity.earlier-copy"
    raise WrongJournal(say(kind, workspace=str(workspace), place=place, usual=usual.place))


def remember(workspace: Workspace, journal_id: str, place: str, latest: int, key: str = "") -> Callable[[int], None]:
    """Remember the workspace's journal, its latest request, and a key that was used for the workspace.

    A failure to write is ignored; then nothing is checked. Return a function that remembers a later request; call it
    before the request's first byte leaves. So a copy made during the run is recognised as an earlier one even if the
    run is killed. The number is overwritten in place, in some 30 µs. If power fails, it may be lost; then an earlier
    copy may go unnoticed.
    """
    file, keys = _note(workspace), dict[str, None]()
    with contextlib.suppress(OSError, ValueError, TypeError):
        keys = dict.fromkeys(_read(file).keys)
    with contextlib.suppress(OSError):
        files.make_private_folder(file.parent)
        keys |= {key_digest(key): None} if key else {}
        content = json.dumps([place, [workspace.profile, workspace.base_url], [*keys]])
        files.replace(file, f"{_entry(journal_id, latest)}\n{content}".encode())

    def count(request: int) -> None:
        with contextlib.suppress(OSError), open(file, "r+b", buffering=0) as opened:  # noqa: PTH123 - twice as fast
            opened.write(_entry(journal_id, request).encode())

    return count


def known_as(key: str) -> list[Workspace]:
    """Return the workspaces that this key was used for."""
    return [one.workspace for one in _every() if key_digest(key) in one.keys]


def _every() -> Iterator[RememberedJournal]:
    """Yield what is remembered of every workspace, as far as it can be read."""
    for file in sorted(folder().glob("*.journal")):
        with contextlib.suppress(OSError, ValueError, TypeError):
            yield _read(file)


def folder() -> Path:
    """Return the folder for everything remembered outside of journals."""
    return Path(os.environ.get(FOLDER_VARIABLE) or own_folders().user_data_path / "journals")


def _entry(journal_id: str, request: int) -> str:
    return f"{journal_id} {request:020d}"


def _note(workspace: Workspace) -> Path:
    note = folder() / f"{hashed(str(workspace)).hex()[:16]}.journal"
    files.keep_private(note)
    return note


def _read(file: Path) -> RememberedJournal:
    entry, content = file.read_text(encoding="utf-8").split("\n", 1)
    journal_id, request = entry.split(" ")
    place, workspace, keys = json.loads(content)
    return RememberedJournal(journal_id, int(request), str(place), Workspace(*workspace), tuple(keys))


def key_digest(key: str) -> str:
    """Return the digest of a key, which reveals nothing of it, because a key is long and random."""
    return hashed(f"note-importer {key}").hex()[:32]


# -- locks ------------------------------------------------------------------------------------------------------------


@contextmanager
def held(journal: Path, workspace: str, kind: str = "lock.busy") -> Iterator[None]:
    """Hold the workspace's lock file beside the journal while the block runs; the system releases it in any case.

    Raises Busy with a message of this kind, which says who holds it and since when; UnusableJournal.
    """
    place = journal.with_name(f"{journal.name}.{hashed(workspace).hex()[:8]}.lock")
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


@contextmanager
def account_held(key: str) -> Iterator[None]:
    """Hold the account's lock while the block runs, so that two profiles don't each use the key's whole rate limit.

    If nothing can be stored on this machine, there is no lock. Raises Busy.
    """
    with ExitStack() as stack:
        with contextlib.suppress(UnusableJournal):
            stack.enter_context(held(folder() / f"account-{key_digest(key)}", "account", "lock.busy-with-key"))
        yield


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
