"""Remember outside the journal which journal a workspace uses, so that no other journal is mistaken for it.

Input: a workspace and the journal to be used. Output: nothing; or an error if the journal isn't the previous one, or is
an earlier copy of it. With an empty journal all notes would be sent again, with a copy all notes that the copy lacks.
Two small files for each workspace are kept in the user's data folder. If they are missing, as on a new machine, nothing
is checked. A third file records that a person has confirmed the workspace. A shared journal records this itself.
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
from importer.journal.runs import Confirmation, Latest
from importer.messages import say
from importer.models import Workspace

FOLDER_VARIABLE = "NOTE_IMPORTER_JOURNALS"


@dataclass(frozen=True)
class RememberedJournal:
    """Journal that a workspace used so far.

    Attributes:
        id: the journal's ID.
        place: the place where the journal was.
        latest: the numbers of its latest run and request at that time; 0 if that wasn't remembered yet.
    """

    id: str
    place: str
    latest: Latest


def remembered(workspace: Workspace) -> RememberedJournal | None:
    """Return the journal that the workspace used so far; None if none is remembered.

    Raises:
        WrongJournal: the remembered data can't be read.
    """
    file = _note(workspace)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        journal_id = str(content["journal"])
        latest = Latest(int(content.get("latest", 0)), _counted(workspace, journal_id))
        return RememberedJournal(journal_id, str(content["place"]), latest)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = say("identity.unreadable", workspace=str(workspace), file=str(file), error=files.why(error))
        raise WrongJournal(message) from error


def check(workspace: Workspace, journal_id: str | None, place: str, latest: Callable[[], Latest]) -> None:
    """Check that a journal is the one that the workspace used so far.

    Args:
        workspace: the workspace whose deliveries are to be recorded.
        journal_id: the journal's ID; None if there is no journal yet.
        place: the journal's place.
        latest: returns the latest run and request in the journal; called last, because an import may be running.

    Raises:
        WrongJournal: the journal is another one or an earlier copy, or doesn't exist although one is remembered.
    """
    usual = remembered(workspace)
    if usual is None:
        return
    if usual.id == journal_id:
        if all(present >= recorded for present, recorded in zip(latest(), usual.latest, strict=True)):
            return
        kind = "identity.earlier-copy"
    else:
        kind = "identity.none" if journal_id is None else "identity.another"
    raise WrongJournal(say(kind, workspace=str(workspace), place=place, usual=usual.place))


def remember(workspace: Workspace, journal_id: str, place: str, latest: Latest) -> None:
    """Remember the workspace's journal. A failure to write this is ignored, and then nothing is checked."""
    file = _note(workspace)
    content = {
        "profile": workspace.profile,
        "base_url": workspace.base_url,
        "journal": journal_id,
        "place": place,
        "latest": latest.run,
    }
    with contextlib.suppress(OSError, BadSettings):
        files.make_private_folder(file.parent)
        files.replace(file, json.dumps(content, indent=1).encode())
        files.replace(_counter(workspace), _entry(journal_id, latest.request))


def counter(workspace: Workspace, journal_id: str) -> Callable[[int], None]:
    """Return a function that remembers a request's number; call it before the request's first byte leaves.

    With this number, a copy made during the run is recognised as an earlier one even if the run is killed. The number
    is overwritten in place, in some 30 µs. If power fails, it may be lost; then an earlier copy may go unnoticed.
    """
    place = str(_counter(workspace))

    def count(request: int) -> None:
        with contextlib.suppress(OSError), open(place, "r+b", buffering=0) as file:  # noqa: PTH123 - twice as fast
            file.write(_entry(journal_id, request))

    return count


def _entry(journal_id: str, request: int) -> bytes:
    return f"{journal_id} {request:020d}".encode()


def _counted(workspace: Workspace, journal_id: str) -> int:
    """Return the number of the latest request that was remembered for this journal; 0 if there is none."""
    with contextlib.suppress(OSError, ValueError):
        counted_id, number = _counter(workspace).read_text(encoding="ascii").split()
        return int(number) if counted_id == journal_id else 0
    return 0


def _counter(workspace: Workspace) -> Path:
    return _note(workspace).with_suffix(".request")


def confirm(workspace: Workspace, confirmation: Confirmation) -> None:
    """Remember that a person has confirmed the workspace, who, and when. The first run enters it into the journal.

    Raises:
        UnusableJournal: the confirmation can't be written.
    """
    file = _note(workspace).with_suffix(".confirmed")
    try:
        files.make_private_folder(file.parent)
        files.replace(file, json.dumps({"workspace": str(workspace), **confirmation._asdict()}).encode())
    except OSError as error:
        message = say("identity.not-confirmed", workspace=str(workspace), file=str(file), error=files.why(error))
        raise UnusableJournal(message) from error


def confirmation(workspace: Workspace) -> Confirmation | None:
    """Return who confirmed the workspace, and when. Earlier versions recorded only the time, as that of the file."""
    file = _note(workspace).with_suffix(".confirmed")
    try:
        at = file.stat().st_mtime
        content = json.loads(file.read_text(encoding="utf-8"))
        return Confirmation(float(content["at"]), str(content["by"]))
    except OSError:
        return None
    except (ValueError, KeyError, TypeError):
        return Confirmation(at, "")


def is_confirmed(workspace: Workspace) -> bool:
    """Return whether a person has confirmed the workspace, or earlier runs delivered to it."""
    file = _note(workspace)
    return file.exists() or file.with_suffix(".confirmed").exists()


def folder() -> Path:
    """Return the folder for everything remembered outside of journals."""
    override = os.environ.get(FOLDER_VARIABLE)
    return Path(override) if override else platformdirs.user_data_path("note-importer", appauthor=False) / "journals"


def _note(workspace: Workspace) -> Path:
    note = folder() / f"{files.called_after(str(workspace))}.json"
    files.keep_private(note)
    return note
