"""Examine, copy, create and restore a journal's SQLite file, and notice if another file takes its name.

Input: a path, without links. Output: the file's content, a copy, or an error. Only SQLite opens a journal's file: when
a process closes any other handle on it, the system drops all locks that the process has on the file. The next process
that closes the journal then believes that it is the last, and deletes the log that this process writes to.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from importer.errors import BadSettings, UnusableJournal, WrongJournal, as_argument
from importer.files import OWNER_ONLY, draft, keep_private, make_private_folder, why
from importer.journal import lock, schema, shares
from importer.messages import say


def see_that_it_can_stand(path: Path) -> None:
    """Check that a journal may be kept at this path, as far as its name and the file system tell.

    Raises:
        UnusableJournal: the file has several names, each of which would get its own lock and log; or it is on a network
            share, where other machines may write to it without seeing what this machine has in memory.
    """
    if (share := shares.kind_of(path)) is not None:
        message = say("sqlite.on-a-share", path=str(path), share=share, argument=as_argument(str(path)))
        raise UnusableJournal(message)
    try:
        links = path.stat().st_nlink
    except OSError:
        return  # opening the file will report the error
    if links > 1 and path.is_file():
        raise UnusableJournal(say("sqlite.several-names", path=str(path), number=str(links)))


def examine(path: Path) -> int:
    """Return the schema version in an existing file without changing the file; 0 if it is missing or empty.

    Raises:
        UnusableJournal: the path isn't a file.
        WrongJournal: the file is damaged, isn't one of our journals, or is of a later version.
        sqlite3.OperationalError: the file can't be opened or read.
    """
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return 0
    if not path.is_file():
        raise UnusableJournal(say("sqlite.no-file", path=str(path)))
    contents = look_into(path)
    if contents.damage:
        contents = look_into(path)  # the file may have been replaced meanwhile, which isn't damage
    if contents.damage:
        raise WrongJournal(say("sqlite.is-damaged", path=str(path), damage=contents.damage))
    if contents.tables and contents.about.get("application") != schema.APPLICATION:
        raise WrongJournal(say("sqlite.foreign", path=str(path)))
    if not contents.tables:
        return 0
    version = schema.version_in(contents.about, str(path))
    if version is None:
        raise WrongJournal(say("sqlite.no-schema", path=str(path)))
    return version


@dataclass(frozen=True)
class FileContents:
    """Contents of a file at one moment.

    Attributes:
        tables: the names of its tables.
        about: the journal's description of itself.
        damage: the damage to the file, in the database's words; empty if the file is sound.
    """

    tables: frozenset[str] = frozenset()
    about: Mapping[str, str] = field(default_factory=dict)
    damage: str = ""


def look_into(path: Path) -> FileContents:
    """Read a file's contents like any other reader: with the database's locks, in one transaction.

    Raises:
        sqlite3.OperationalError: the file can't be opened or read.
    """
    # Read-only mode leaves an existing log as it is. Without a log, "rw" writes nothing and leaves nothing behind.
    log = log_of(path)
    mode = "ro" if log.exists() and log.stat().st_size else "rw"
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, timeout=30.0)) as connection:
            connection.isolation_level = None
            connection.execute("BEGIN")
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            columns = {row[1] for row in connection.execute("PRAGMA table_info(about)")}
            is_ours = {"name", "value"} <= columns
            rows = connection.execute("SELECT name, value FROM about") if is_ours else ()
            about = {str(name): str(value) for name, value in rows}
            state = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if about else "ok"
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        return FileContents(damage=str(error))
    return FileContents(frozenset(tables), about, "" if state == "ok" else str(state))


def identity_of(path: Path) -> str | None:
    """Return the ID of the journal in a file; None if the file can't be read or isn't a journal."""
    try:
        return look_into(path.absolute()).about.get("id")
    except (sqlite3.Error, OSError):
        return None


def copy(path: Path, target: Path) -> None:
    """Copy a database, as it is at one moment, into an empty file, and check the copy; others may write meanwhile.

    Raises:
        sqlite3.Error: the database can't be read, or the copy can't be written.
    """
    with contextlib.closing(sqlite3.connect(path, timeout=30.0)) as source:
        back_up(source, target)


def back_up(source: sqlite3.Connection, target: Path) -> None:
    """Copy the database of a connection into an empty file, and check that the copy is sound. Raises sqlite3.Error."""
    with contextlib.closing(sqlite3.connect(target)) as copied:
        source.backup(copied)  # all pages at once, in one read
    with contextlib.closing(sqlite3.connect(target)) as copied:
        copied.execute("PRAGMA journal_mode = DELETE")  # makes the copy readable in a read-only folder
        state = copied.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if state != "ok":
        raise sqlite3.DatabaseError(state)


def create_private(path: Path) -> None:
    """Make the file, for its owner only, unless it exists. An existing file is not opened. Raises OSError."""
    make_private_folder(path.parent)
    if not path.exists():
        with contextlib.suppress(FileExistsError):  # another process may make it at the same moment
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, OWNER_ONLY))


def log_of(path: Path) -> Path:
    """Return the path of the database's log, which holds the content that isn't in the file yet."""
    return path.with_name(f"{path.name}-wal")


def restore(journal: Path, source: Path) -> Path | None:
    """Put a copy in the journal's place; return the new path of the old file, None if there was none.

    The old file's log is renamed with it, because a log damages any other file that it lies beside.

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
        keep_private(journal, log_of(journal), source, log_of(source))
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
            raise UnusableJournal(say("restore.failed", **paths, error=why(error))) from error
        raise UnusableJournal(say("restore.failed-halfway", **paths, error=why(error), kept=str(kept))) from error
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
