"""Which journal a workspace's deliveries are recorded in, remembered outside of it: no other is taken for it.

Comes in: a workspace and the journal that is to be used. Goes out: nothing, or word that it is another than before, or
an earlier copy of it: with an empty one in its place everything would be sent again, with a copy what that lacks. What
is remembered are two small files a workspace, in the user's data folder of the system; where there is none, as on a new
machine, nothing is guarded. Beside it stands whether a person has confirmed that the workspace is what they mean; where
machines share the journal, that keeps it.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from importer import files
from importer.errors import BadSettings, UnusableJournal, WrongJournal
from importer.journal.runs import Latest
from importer.messages import say
from importer.models import Workspace

FOLDER_VARIABLE = "NOTE_IMPORTER_JOURNALS"


@dataclass(frozen=True)
class RememberedJournal:
    """The journal that a workspace had so far.

    Attributes:
        id: the journal's own.
        place: where it was.
        latest: the numbers of its latest run and request then; 0 where that wasn't remembered yet.
    """

    id: str
    place: str
    latest: Latest


def remembered(workspace: Workspace) -> RememberedJournal | None:
    """The workspace's journal so far; None where none is known.

    Raises:
        WrongJournal: what is remembered can't be read.
    """
    note = _note(workspace)
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
        journal_id = str(found["journal"])
        latest = Latest(int(found.get("latest", 0)), _counted(workspace, journal_id))
        return RememberedJournal(journal_id, str(found["place"]), latest)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        said = say("identity.unreadable", workspace=str(workspace), file=str(note), error=str(error))
        raise WrongJournal(said) from error


def check(workspace: Workspace, journal_id: str | None, place: str, latest: Callable[[], Latest]) -> None:
    """See that it is the journal that the workspace had so far.

    Args:
        workspace: whose deliveries are to be recorded.
        journal_id: the journal's id; None where there is no journal yet.
        place: where it is.
        latest: the latest run and request that it knows; asked for last, for an import may go on at any moment.

    Raises:
        WrongJournal: it is another, or an earlier copy, or there is none where one is known.
    """
    usual = remembered(workspace)
    if usual is None:
        return
    if usual.id == journal_id:
        if all(known >= remembered for known, remembered in zip(latest(), usual.latest, strict=True)):
            return
        kind = "identity.earlier-copy"
    else:
        kind = "identity.none" if journal_id is None else "identity.another"
    raise WrongJournal(say(kind, workspace=str(workspace), place=place, usual=usual.place))


def remember(workspace: Workspace, journal_id: str, place: str, latest: Latest) -> None:
    """Remember the workspace's journal. Where that can't be written, nothing is guarded, and nothing is held up."""
    note = _note(workspace)
    about = {
        "profile": workspace.profile,
        "base_url": workspace.base_url,
        "journal": journal_id,
        "place": place,
        "latest": latest.run,
    }
    with contextlib.suppress(OSError, BadSettings):
        files.make_private_folder(note.parent)
        files.replace(note, json.dumps(about, indent=1).encode())
        files.replace(_counter(workspace), _entry(journal_id, latest.request))


def counter(workspace: Workspace, journal_id: str) -> Callable[[int], None]:
    """Return what remembers a request that the journal knows, to be called before any of it leaves.

    So a copy that was made while the run was at work is known to be an earlier one, even if the run is killed. The
    number is written in place, in some 30 µs. If power fails it may be lost, and then guards less.
    """
    place = str(_counter(workspace))

    def count(request: int) -> None:
        with contextlib.suppress(OSError), open(place, "r+b", buffering=0) as file:  # noqa: PTH123 - twice as fast
            file.write(_entry(journal_id, request))

    return count


def _entry(journal_id: str, request: int) -> bytes:
    return f"{journal_id} {request:020d}".encode()


def _counted(workspace: Workspace, journal_id: str) -> int:
    """The latest request of this journal's that was counted; 0 where none was."""
    with contextlib.suppress(OSError, ValueError):
        counted, number = _counter(workspace).read_text(encoding="ascii").split()
        return int(number) if counted == journal_id else 0
    return 0


def _counter(workspace: Workspace) -> Path:
    return _note(workspace).with_suffix(".request")


def confirm(workspace: Workspace) -> None:
    """Remember that a person has confirmed it: the profile, at this address, is what they mean.

    Raises:
        UnusableJournal: that can't be written.
    """
    note = _note(workspace).with_suffix(".confirmed")
    try:
        files.make_private_folder(note.parent)
        files.replace(note, f"{workspace}\n".encode())
    except OSError as error:
        said = say("identity.not-confirmed", workspace=str(workspace), file=str(note), error=str(error))
        raise UnusableJournal(said) from error


def is_confirmed(workspace: Workspace) -> bool:
    """Whether a person has confirmed it, or earlier runs delivered to it."""
    note = _note(workspace)
    return note.exists() or note.with_suffix(".confirmed").exists()


def folder() -> Path:
    """Where all this is remembered."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else platformdirs.user_data_path("note-importer", appauthor=False) / "journals"


def _note(workspace: Workspace) -> Path:
    return folder() / f"{files.called_after(str(workspace))}.json"
