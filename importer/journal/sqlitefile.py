"""A journal's SQLite file: looked into, copied and made, and told from any other that has its name later.

Comes in: a path, without links. Goes out: what the file holds; a copy; or what is wrong. Only SQLite opens a journal's
file: when a process closes any other handle on it, the system drops all locks that the process has on the file. The
next process that closes the journal then takes itself for the last, and deletes the log that this one writes to.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from importer.errors import UnusableJournal, WrongJournal, as_argument
from importer.files import OWNER_ONLY, close_to_others, make_private_folder, see_that_it_is_ours
from importer.journal import schema, shares
from importer.messages import say


def see_that_it_can_stand(path: Path) -> None:
    """See that a journal may be kept at this place, as far as its name and the file system tell.

    Raises:
        UnusableJournal: the file has several names, each of which would get a lock and a log of its own; or other
            machines may write it, whose database doesn't see what this one's has in memory.
    """
    if (share := shares.kind_of(path)) is not None:
        said = say("sqlite.on-a-share", path=str(path), share=share, argument=as_argument(str(path)))
        raise UnusableJournal(said)
    try:
        names = path.stat().st_nlink
    except OSError:
        return  # whatever is wrong with it shows when it is opened
    if names > 1 and path.is_file():
        raise UnusableJournal(say("sqlite.several-names", path=str(path), number=str(names)))


def examine(path: Path) -> int:
    """Look at an existing file without changing it; the version of its schema, 0 where there is nothing yet.

    Raises:
        UnusableJournal: it is no file.
        WrongJournal: it is damaged, isn't a journal of ours, or is of a later version.
        sqlite3.OperationalError: it can't be opened or read.
    """
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return 0
    if not path.is_file():
        raise UnusableJournal(say("sqlite.no-file", path=str(path)))
    found = look_into(path)
    if found.damage:
        found = look_into(path)  # a file that somebody puts in its place meanwhile isn't damaged for that
    if found.damage:
        raise WrongJournal(say("sqlite.is-damaged", path=str(path), damage=found.damage))
    if found.tables and found.about.get("application") != schema.APPLICATION:
        raise WrongJournal(say("sqlite.foreign", path=str(path)))
    version = found.about.get("schema", "0" if not found.tables else "")
    if not re.fullmatch(r"\d{1,9}", version):
        raise WrongJournal(say("sqlite.no-schema", path=str(path)))
    if int(version) > schema.VERSION:
        raise WrongJournal(say("journal.of-later-version", name=str(path)))
    return int(version)


@dataclass(frozen=True)
class FileContents:
    """What a file holds, as it was at one moment.

    Attributes:
        tables: their names.
        about: what the journal says of itself.
        damage: what is wrong with the file, in the database's words; empty where it is sound.
    """

    tables: frozenset[str] = frozenset()
    about: Mapping[str, str] = field(default_factory=dict)
    damage: str = ""


def look_into(path: Path) -> FileContents:
    """Look into a file as any other of its readers does: with the database's locks, in one transaction.

    Raises:
        sqlite3.OperationalError: it can't be opened or read.
    """
    # A log that stands beside it is left as it is. Without one, there is nothing to write, and nothing to leave behind.
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
    """The id of the journal in a file; None where it can't be read, or is no journal."""
    try:
        return look_into(path.absolute()).about.get("id")
    except (sqlite3.Error, OSError):
        return None


def copy(path: Path, target: Path) -> None:
    """Copy a database into an empty file as it is at one moment, whoever writes to it meanwhile; what is made is whole.

    Raises:
        sqlite3.Error: it can't be read or written.
    """
    with contextlib.closing(sqlite3.connect(path, timeout=30.0)) as source:
        back_up(source, target)


def back_up(source: sqlite3.Connection, target: Path) -> None:
    """Copy what a connection sees into an empty file, and see that the copy is whole. Raises sqlite3.Error."""
    with contextlib.closing(sqlite3.connect(target)) as made:
        source.backup(made)  # all pages in one go, so within one read
    with contextlib.closing(sqlite3.connect(target)) as made:
        made.execute("PRAGMA journal_mode = DELETE")  # a copy in a folder that can't be written to can be read then
        state = made.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if state != "ok":
        raise sqlite3.DatabaseError(state)


def create_private(path: Path) -> None:
    """Make the file if it is missing, without opening one that is there, and see that only its owner can read it.

    Raises:
        OSError: it can't be made, or it belongs to another user.
    """
    make_private_folder(path.parent)
    if not path.exists():
        with contextlib.suppress(FileExistsError):  # another process makes it at this moment
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, OWNER_ONLY))
    if os.name == "posix":
        there = path.stat()
        see_that_it_is_ours(path, there)
        close_to_others(path, there)


Mark = tuple[int, int]


def mark_of(path: Path) -> Mark | None:
    """What tells the file that has this name from any other, as long as it is open; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def log_of(path: Path) -> Path:
    """The database's log, which holds what isn't in its file yet."""
    return path.with_name(f"{path.name}-wal")
