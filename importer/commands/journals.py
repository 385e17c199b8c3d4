"""A journal, copied while an import may be at work.

Comes in: settings that name the journal, and a file. Goes out: a copy of it there, whole and of one moment.
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
