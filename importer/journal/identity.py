"""Remember outside the journal which journal a workspace uses, so that no other journal is mistaken for it.

Input: a workspace and the journal to be used. Output: nothing; or an error if the journal isn't the previous one, or is
an earlier copy of it. With an empty journal all notes would be sent again, with a copy all notes that the copy lacks.
A small file for each workspace in the user's data folder holds the journal's ID, the number of its latest request, and
its place. An earlier copy lacks that request. If the file is missing, as on a new machine, nothing is checked.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import platformdirs

from importer import files
from importer.errors import BadSettings, WrongJournal
from importer.messages import say
from importer.models import Workspace

FOLDER_VARIABLE = "NOTE_IMPORTER_JOURNALS"


class RememberedJournal(NamedTuple):
    """The ID of the journal that a workspace used so far, the number of its latest request, and its place."""

    id: str
    request: int
    place: str


def remembered(workspace: Workspace) -> RememberedJournal | None:
    """Return the journal that the workspace used so far; None if none is remembered.

    Raises:
        WrongJournal: the remembered data can't be read.
    """
    file = _note(workspace)
    try:
        journal_id, request, place = file.read_text(encoding="utf-8").split(" ", 2)
        return RememberedJournal(journal_id, int(request), place)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        message = say("identity.unreadable", workspace=str(workspace), file=str(file), error=files.why(error))
        raise WrongJournal(message) from error


def check(workspace: Workspace, journal_id: str | None, place: str, latest: Callable[[], int]) -> None:
    """Check that a journal is the one that the workspace used so far.

    Args:
        workspace: the workspace whose deliveries are to be recorded.
        journal_id: the journal's ID; None if there is no journal yet.
        place: the journal's place.
        latest: returns the latest request in the journal; called last, because an import may be running.

    Raises:
        WrongJournal: the journal is another one or an earlier copy, or doesn't exist although one is remembered.
    """
    usual = remembered(workspace)
    if usual is None or (usual.id == journal_id and latest() >= usual.request):
        return
    is_copy, kind = usual.id == journal_id, "identity.none" if journal_id is None else "identity.another"
    kind = "identity.earlier-copy" if is_copy else kind
    raise WrongJournal(say(kind, workspace=str(workspace), place=place, usual=usual.place))


def remember(workspace: Workspace, journal_id: str, place: str, latest: int) -> Callable[[int], None]:
    """Remember the workspace's journal and its latest request. A failure to write is ignored; then nothing is checked.

    Return a function that remembers a later request; call it before the request's first byte leaves. So a copy made
    during the run is recognised as an earlier one even if the run is killed. The number is overwritten in place, in
    some 30 µs. If power fails, it may be lost; then an earlier copy may go unnoticed.
    """
    file = _note(workspace)
    with contextlib.suppress(OSError, BadSettings):
        files.make_private_folder(file.parent)
        files.replace(file, f"{_entry(journal_id, latest)} {place}".encode())

    def count(request: int) -> None:
        with contextlib.suppress(OSError), open(file, "r+b", buffering=0) as opened:  # noqa: PTH123 - twice as fast
            opened.write(_entry(journal_id, request).encode())

    return count


def _entry(journal_id: str, request: int) -> str:
    return f"{journal_id} {request:020d}"


def folder() -> Path:
    """Return the folder for everything remembered outside of journals."""
    override = os.environ.get(FOLDER_VARIABLE)
    return Path(override) if override else platformdirs.user_data_path("note-importer", appauthor=False) / "journals"


def _note(workspace: Workspace) -> Path:
    note = folder() / f"{files.called_after(str(workspace))}.journal"
    files.keep_private(note)
    return note
