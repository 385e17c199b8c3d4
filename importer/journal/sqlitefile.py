"""Examine, copy and create a journal's SQLite file.

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
from pathlib import Path

from importer.errors import UnusableJournal, WrongJournal
from importer.files import OWNER_ONLY, make_private_folder
from importer.journal import schema, shares
from importer.messages import say


def see_that_it_can_stand(path: Path) -> None:
    """Check that a journal may be kept at this path, as far as its name and the file system tell.

    Raises:
        UnusableJournal: the file has several names, each of which would get its own lock and log; or it is on a network
            share, where other machines may write to it without seeing what this machine has in memory.
    """
    if (share := shares.kind_of(path)) is not None:
        message = say("sqlite.on-a-share", path=str(path), share=share)
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


def create_private(path: Path) -> None:
    """Make the file, for its owner only, unless it exists. An existing file is not opened. Raises OSError."""
    make_private_folder(path.parent)
    if not path.exists():
        with contextlib.suppress(FileExistsError):  # another process may make it at the same moment
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, OWNER_ONLY))


def log_of(path: Path) -> Path:
    """Return the path of the database's log, which holds the content that isn't in the file yet."""
    return path.with_name(f"{path.name}-wal")
