"""Keep a journal in SQLite; the rest of the journal doesn't depend on that database.

Input: a file's path. Output: a store whose commits are on disk. Readers and writers don't wait for each other (WAL).

Only SQLite opens a journal's file: when a process closes any other handle on it, the system drops all locks that the
process has on the file. The next process that closes the journal then believes that it is the last, and deletes the log
that this process writes to.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

from importer.errors import (
    BadSettings,
    JournalFailed,
    JournalReplaced,
    UnusableJournal,
    WrongJournal,
    as_argument,
)
from importer.files import OWNER_ONLY, draft, keep_private, make_private_folder
from importer.journal import lock, schema, shares
from importer.journal.store import ForRows, Row, Store, cause
from importer.messages import say


class SQLiteStore(Store):
    """Open SQLite database."""

    failures = (sqlite3.Error,)
    mend = say("sqlite.mend")

    def _begin(self, *, writes: bool) -> None:
        self.connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    def _run(self, text: str, values: Mapping[str, Any]) -> Any:
        return self.connection.execute(text, values)

    def _run_for_all(self, statement: ForRows, rows: Sequence[Row], constants: Mapping[str, Any]) -> int:
        """Run a statement for each row."""
        text, arranged = _for_each(statement, tuple(constants))
        shared = tuple(constants.values())
        changed: int = self.connection.executemany(text, [arranged(row + shared) for row in rows]).rowcount
        return changed

    def _matching(self, query: ForRows, rows: Sequence[Row], constants: Mapping[str, Any]) -> Sequence[Row]:
        text, names = _among(query, len(rows))
        values = (chain.from_iterable(rows) if name == "given" else (constants[name],) for name in names)
        found: list[Row] = self.connection.execute(text, tuple(chain.from_iterable(values))).fetchall()
        return found

    def numbered(self, insert: ForRows, rows: Sequence[Row], **constants: object) -> list[int]:
        """See :class:`.store.Store`."""
        text, arranged = _for_each(insert, tuple(constants))
        shared = tuple(constants.values())
        return [self.connection.execute(text, arranged(row + shared)).lastrowid for row in rows]

    def back_up(self, target: Path) -> None:
        """Copy the database into an empty file with SQLite's own backup, and check that the copy is sound."""
        with contextlib.closing(sqlite3.connect(target)) as copied:
            self.connection.backup(copied)  # all pages at once, in one read
            copied.execute("PRAGMA journal_mode = DELETE")  # makes the copy readable in a read-only folder
            state = copied.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if state != "ok":
            raise sqlite3.DatabaseError(state)


# Values are given by position, because a dict for each row would take twice the time.


@functools.cache
def _for_each(statement: ForRows, constants: tuple[str, ...]) -> tuple[str, Callable[[Row], Row]]:
    """Return a statement's text for one row, and a function that arranges a row and the constants for it."""
    columns = statement.columns
    names = {column: f":{column}" for column in columns}
    text = statement.text.format(values="VALUES (", end=")", from_given="", using_given="", and_given="", **names)
    known = [*columns, *constants]
    places = [known.index(name) for name in _VALUE.findall(text)]
    arranged = itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))
    return _VALUE.sub("?", text), arranged


@functools.cache
def _among(query: ForRows, count: int) -> tuple[str, list[str]]:
    """Return a query's text for this number of rows, and the names of its values; ``given`` are all those of rows."""
    text = query.text.format(given=":given")
    row = f"({', '.join('?' * len(query.columns))})"
    given = f"VALUES {', '.join([row] * count)}"
    return _VALUE.sub(lambda value: given if value[1] == "given" else "?", text), _VALUE.findall(text)


_VALUE = re.compile(r":(\w+)")


class SQLiteFile(SQLiteStore):
    """Open database in a file, which must stay the same file."""

    def __init__(self, path: Path, name: str) -> None:
        super().__init__(connect(path), name, path)
        self._path, self._opened = path, path.stat()

    @staticmethod
    def exists(path: Path) -> bool:
        """Return whether a journal exists; also True if its path can't be checked."""
        try:
            return path.exists()
        except OSError:
            return True

    @classmethod
    def open(cls, given: Path) -> SQLiteFile:
        """Open a journal, and make its tables if there are none.

        Raises:
            Busy, UnusableJournal, WrongJournal: see :meth:`importer.journal.Journal.open`.
        """
        path = Path(os.path.realpath(given))  # one file has one lock, whatever link leads to it
        try:
            keep_private(given, log_of(path))  # SQLite takes whatever pages lie in a log
            see_that_it_can_stand(path)
            version = examine(path)
            create_private(path)
            store = cls(path, str(given))
            try:
                schema.make(store, version)
            except BaseException:
                store.close()
                raise
        except (sqlite3.Error, JournalFailed, OSError) as error:
            reason = cause(error.__cause__ or error)  # the database's words, not a sentence of ours about them
            raise UnusableJournal(say("sqlite.unusable", path=str(path), error=reason)) from error
        return store

    @contextmanager
    def held(self, workspace: str) -> Iterator[None]:
        """Hold a workspace's lock; see :func:`importer.journal.lock.held`."""
        with lock.held(self._path, workspace):
            yield

    def see_that_it_stands(self) -> None:
        """Check that the file is still the one that was opened; see :meth:`importer.journal.Journal.claimed`."""
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(self._path.stat(), self._opened):
                return
        event = say(f"gone.file-{'replaced' if self._path.exists() else 'removed'}", file=str(self._path))
        saved = self._path.with_name(f"{self._path.name}.saved-{datetime.now().astimezone():%Y%m%dT%H%M%S}")
        try:
            self._copy(saved)
        except (sqlite3.Error, OSError) as error:
            raise JournalReplaced(say("journal.gone-unsaved", what=event, error=cause(error))) from error
        raise JournalReplaced(say("journal.gone", what=event, saved=str(saved), argument=as_argument(str(saved))))

    def _copy(self, target: Path) -> None:
        with draft(target) as copied:
            super().back_up(copied.path)
            copied.finish(OWNER_ONLY)
            copied.put(target)

    def back_up(self, target: Path) -> None:
        """Write a copy of the journal to a file; see :meth:`importer.journal.Journal.back_up`."""
        is_itself = target.exists() and target.samefile(self._path)
        if is_itself or (target.exists() and identity_of(target) != self.about("id")):
            raise BadSettings(say("copy.to-itself" if is_itself else "copy.over-something-else", file=str(target)))
        try:
            keep_private(target)
            self._copy(target)
        except (sqlite3.Error, OSError) as error:
            raise UnusableJournal(say("copy.failed", name=self.name, file=str(target), error=cause(error))) from error


def connect(place: Path | str) -> sqlite3.Connection:
    """Return a connection to a file, or to ``:memory:``."""
    with ExitStack() as undo:
        connection = sqlite3.connect(place, timeout=30.0, isolation_level=None, check_same_thread=False)
        undo.callback(connection.close)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a commit must be on disk: power may fail at any moment
        connection.execute("PRAGMA fullfsync = ON")  # otherwise macOS leaves commits in the disk's cache
        connection.execute("PRAGMA checkpoint_fullfsync = ON")
        undo.pop_all()
    return connection


# -- the file ----------------------------------------------------------------------------------------------------------


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
