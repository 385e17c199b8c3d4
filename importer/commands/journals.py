"""A journal, copied while an import may be at work; or, while none is, put back from a copy, or moved into a database.

Comes in: settings that name the journal, and a file; or two journals. Goes out: a copy of it there, whole and of one
moment; the copy in the journal's place; or the same journal, in the other's place.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from importer.errors import BadSettings
from importer.journal import Journal, Run, restoring
from importer.messages import say
from importer.settings import Settings, journal_place


def back_up(settings: Settings, target: Path) -> None:
    """Copy the journal; an earlier copy of it that stands there is replaced, and nothing else is.

    Raises:
        BadSettings: there is no journal, or something else stands there.
        Unusable: the journal can't be read, or the copy not be written.
    """
    if not Journal.exists(settings.journal):
        raise BadSettings(say("journals.none", journal=str(settings.journal), profile=repr(settings.profile)))
    with Journal.open(settings.journal) as journal:
        journal.back_up(target)


@dataclass(frozen=True)
class Restored:
    """A copy that was put in the journal's place.

    Attributes:
        journal: the journal's path.
        kept: where the file is now that stood there; None if there was none.
        latest: the latest run that the copy knows; None if it knows none.
    """

    journal: Path
    kept: Path | None
    latest: Run | None


def restore(settings: Settings, source: Path) -> Restored:
    """Put a copy in the place of the journal, whose file is kept under another name.

    Raises:
        BadSettings: a server keeps the journal, or the file is no copy of it.
        Busy: an import is at work with it.
        Unusable, WrongJournal: one of them can't be used.
    """
    place = journal_place(settings.journal)
    if not isinstance(place, Path):
        raise BadSettings(say("journals.in-postgresql", place=str(place)))
    journal = Path(os.path.realpath(place))
    kept = restoring.restore(journal, source)
    with Journal.open(journal) as restored:
        return Restored(journal, kept, next(iter(restored.runs.listed()), None))


def copy(source: Path | str, target: Path | str) -> dict[str, int]:
    """Move a journal to another place, mostly from a file into PostgreSQL: table → rows.

    Raises:
        BadSettings: there is no journal, or the other place isn't empty.
        Busy: an import is at work with it.
        Unusable, Stopped: one of them can't be used; nothing was copied.
    """
    if not Journal.exists(source):
        raise BadSettings(say("journals.none-to-copy", source=str(source)))
    with Journal.open(source) as journal, Journal.open(target) as other:
        if journal.id == other.id:
            raise BadSettings(say("journals.same", source=str(source), target=str(target)))
        return journal.copy_to(other)
