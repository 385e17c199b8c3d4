"""A journal, copied while an import may be at work, or moved into another database while none is.

Comes in: settings that name the journal, and a file; or two journals. Goes out: a copy of it there, whole and of one
moment; or the same journal, in the other's place.
"""

from __future__ import annotations

from pathlib import Path

from importer.errors import BadSettings, by_name
from importer.journal import Journal
from importer.settings import Settings


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
