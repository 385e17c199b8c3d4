"""A journal, copied while an import may be at work; or, while none is, put back from a copy, or moved into a database.

Comes in: settings that name the journal, and a file; or two journals. Goes out: a copy of it there, whole and of one
moment; the copy in the journal's place; or the same journal, in the other's place.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from importer.errors import BadSettings, by_name
from importer.journal import Journal, Run, restoring
from importer.settings import Settings, journal_place


def back_up(settings: Settings, target: Path) -> None:
    """Copy the journal; an earlier copy of it that stands there is replaced, and nothing else is.

    Raises:
        BadSettings: there is no journal, or something else stands there.
        Unusable: the journal can't be read, or the copy not be written.
    """
    if not Journal.exists(settings.journal):
        raise BadSettings(
            f"There is no journal at {settings.journal}, where the profile {settings.profile!r} has it. Say which"
            f" profile is meant with {by_name('profile')}, or name the journal with {by_name('journal')}."
        )
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
        raise BadSettings(
            f"The journal {place} is in PostgreSQL, which is restored by its own means, such as pg_restore. Name a file"
            f" with {by_name('journal')}."
        )
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
        raise BadSettings(f"There is no journal at {source}. Nothing was copied.")
    with Journal.open(source) as journal, Journal.open(target) as other:
        if journal.id == other.id:
            raise BadSettings(f"{source} and {target} are the same journal. Nothing was copied.")
        return journal.copy_to(other)
