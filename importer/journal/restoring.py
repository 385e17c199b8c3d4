"""Replace a journal by a copy while no import is using it.

Input: the journal's path, and a copy. Output: the copy in the journal's place, and the old file under another name. The
old file's log is renamed with it, because a log damages any other file that it lies beside.
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
    """Put a copy in the journal's place; return the new path of the old file, None if there was none.

    Args:
        journal: the journal's path, without links.
        source: the copy, which is left where it is.

    Raises:
        BadSettings: the file isn't a copy, is the journal itself, or is a copy of another journal.
        Busy: an import is using the journal.
        UnusableJournal: one of the files can't be read or written.
        WrongJournal: the copy is damaged, or of a later version.
    """
    see_that_it_can_stand(journal)
    kept: Path | None = None
    paths = {"copy": str(source), "journal": str(journal)}
    try:
        if not source.exists() or not examine(source.absolute()):
            raise BadSettings(say("restore.no-copy", **paths))
        if journal.exists() and source.samefile(journal):
            raise BadSettings(say("restore.itself", copy=str(source)))
        make_private_folder(journal.parent)
        with lock.all_held(journal):
            if journal.exists() and identity_of(journal) not in (None, identity_of(source)):
                raise BadSettings(say("restore.another-journals", **paths, name=journal.name))
            with draft(journal) as new:
                copy(source, new.path)
                new.finish(OWNER_ONLY)
                kept = _put_away(journal)
                new.put(journal)
    except (sqlite3.Error, OSError) as error:
        if kept is None:
            raise UnusableJournal(say("restore.failed", **paths, error=str(error))) from error
        raise UnusableJournal(say("restore.failed-halfway", **paths, error=str(error), kept=str(kept))) from error
    return kept


def _put_away(journal: Path) -> Path | None:
    """Rename the old file, its log and the log's index; return the file's new path or None. Raises OSError.

    A log is renamed even if its file is gone, because SQLite would write its pages into the copy. Logs go before their
    file: if the program is killed in between, no log is left for another file.
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
