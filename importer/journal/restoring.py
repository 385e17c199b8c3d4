"""A copy of a journal, put in the journal's place while nobody is at work with it.

Comes in: the journal's path, and a copy. Goes out: the copy in the journal's place, and the file that stood there under
another name, with its log: a log beside another file than its own would damage that.
"""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import datetime
from pathlib import Path

from importer.errors import BadSettings, UnusableJournal
from importer.files import OWNER_ONLY, draft, make_private_folder
from importer.journal import lock
from importer.journal.sqlitefile import copy, examine, identity_of, see_that_it_can_stand
from importer.messages import say


def restore(journal: Path, source: Path) -> Path | None:
    """Put a copy in the journal's place; return where the file is now that stood there, None if there was none.

    Args:
        journal: its path, without links.
        source: the copy; it stays where it is.

    Raises:
        BadSettings: the copy is none, is the journal itself, or is a copy of another journal.
        Busy: an import is at work with the journal.
        UnusableJournal: one of the files can't be read or written.
        WrongJournal: the copy is damaged, or of a later version.
    """
    see_that_it_can_stand(journal)
    kept: Path | None = None
    places = {"copy": str(source), "journal": str(journal)}
    try:
        if not source.exists() or not examine(source.absolute()):
            raise BadSettings(say("restore.no-copy", **places))
        if journal.exists() and source.samefile(journal):
            raise BadSettings(say("restore.itself", copy=str(source)))
        make_private_folder(journal.parent)
        with lock.all_held(journal):
            if journal.exists() and identity_of(journal) not in (None, identity_of(source)):
                raise BadSettings(say("restore.another-journals", **places, name=journal.name))
            with draft(journal) as new:
                copy(source, new.path)
                new.finish(OWNER_ONLY)
                kept = _put_away(journal)
                new.put(journal)
    except (sqlite3.Error, OSError) as error:
        if kept is None:
            raise UnusableJournal(say("restore.failed", **places, error=str(error))) from error
        raise UnusableJournal(say("restore.failed-halfway", **places, error=str(error), kept=str(kept))) from error
    return kept


def _put_away(journal: Path) -> Path | None:
    """Rename the file that stands there, its log and the log's index; return the file's new name. Raises OSError.

    A log goes even if its file is gone: SQLite would write its pages into the copy. It goes before its file: if the
    program is killed in between, no log is left for another file.
    """
    kept = journal.with_name(f"{journal.name}.replaced-{datetime.now().astimezone():%Y%m%dT%H%M%S}")
    moved: list[tuple[Path, Path]] = []
    try:
        for end in ("-wal", "-shm", ""):
            old, new = (path.with_name(path.name + end) for path in (journal, kept))
            with contextlib.suppress(FileNotFoundError):
                old.rename(new)
                moved.append((old, new))
    except OSError:
        for old, new in moved:
            with contextlib.suppress(OSError):
                new.rename(old)
        raise
    return kept if kept.exists() else None
