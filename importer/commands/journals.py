"""Copy a journal, even during an import; restore it from a copy, or move it into a database, while no import runs.

Input: settings that name the journal, and a file; or two journals. Output: a complete copy of the journal at one
moment; the copy in the journal's place; or the journal in its new place.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from importer.errors import BadSettings
from importer.journal import Journal, Run, sqlitefile
from importer.messages import say
from importer.settings import Settings, journal_place


def back_up(settings: Settings, target: Path) -> None:
    """Copy the journal to a file. An earlier copy of the same journal is replaced, and no other file.

    Raises:
        BadSettings: there is no journal, or another file is in the copy's place.
        Unusable: the journal can't be read, or the copy can't be written.
    """
    if not Journal.exists(settings.journal):
        raise BadSettings(say("journals.none", journal=str(settings.journal), profile=repr(settings.profile)))
    with Journal.open(settings.journal) as journal:
        journal.back_up(target)


@dataclass(frozen=True)
class Restored:
    """Result of putting a copy in the journal's place.

    Attributes:
        journal: path of the journal.
        kept: new path of the file that was in this place; None if there was none.
        latest: latest run that the copy knows; None if it knows none.
    """

    journal: Path
    kept: Path | None
    latest: Run | None


def restore(settings: Settings, source: Path) -> Restored:
    """Put a copy in the place of the journal, and keep the old file under another name.

    Raises:
        BadSettings: the journal is on a database server, or the file isn't a copy of it.
        Busy: an import is using the journal.
        Unusable, WrongJournal: the journal or the copy can't be used.
    """
    place = journal_place(settings.journal)
    if not isinstance(place, Path):
        raise BadSettings(say("journals.in-postgresql", place=str(place)))
    journal = Path(os.path.realpath(place))
    kept = sqlitefile.restore(journal, source)
    with Journal.open(journal) as restored:
        return Restored(journal, kept, next(iter(restored.runs.listed()), None))


def copy(source: Path | str, target: Path | str) -> dict[str, int]:
    """Move a journal to another place, usually from a file into PostgreSQL. Return table → number of rows.

    Raises:
        BadSettings: there is no journal, or the other place isn't empty.
        Busy: an import is using the journal.
        Unusable, Stopped: one of the two journals can't be used; nothing was copied.
    """
    if not Journal.exists(source):
        raise BadSettings(say("journals.none-to-copy", source=str(source)))
    with Journal.open(source) as journal, Journal.open(target) as other:
        if journal.id == other.id:
            raise BadSettings(say("journals.same", source=str(source), target=str(target)))
        return journal.copy_to(other)
