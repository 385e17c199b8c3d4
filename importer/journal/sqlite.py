"""Keep a journal in SQLite; the rest of the journal doesn't depend on that database.

Input: a file's path. Output: a store whose commits are on disk. Readers and writers don't wait for each other (WAL).

Only SQLite opens a journal's file: when a process closes any other handle on it, the system drops all locks that the
process has on the file. The next process that closes the journal then believes that it is the last, and deletes the log
that this process writes to.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from importer.errors import BadSettings, JournalFailed, JournalReplaced, UnusableJournal, WrongJournal
from importer.files import OWNER_ONLY, draft, keep_private, make_private_folder
from importer.journal import Journal, machine, schema
from importer.journal.store import cause
from importer.messages import as_argument, say


class SQLiteJournal(Journal):
    """Journal in a file of SQLite, which must stay the same file."""

    failures = (sqlite3.Error,)
    mend = say("sqlite.mend")

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        super().__init__(connection, str(path))
        self._path, self._opened = path, path.stat()

    @classmethod
    def is_at(cls, path: Path) -> bool:
        """See :class:`.Journal`."""
        try:
            return path.exists()
        except OSError:
            return True

    @classmethod
    def opened(cls, given: Path) -> SQLiteJournal:
        """See :class:`.Journal`."""
        path = Path(os.path.realpath(given))  # one file has one lock, whatever link leads to it
        try:
            keep_private(given, _log_of(path))  # SQLite takes whatever pages lie in a log
            _see_that_it_can_stand(path)
            if (about := _described(path)) is not None:
                schema.check(about, str(path))
            _create_private(path)
            journal = cls(connect(path), path)
            try:
                if about is None:
                    with journal.transaction():
                        schema.make_tables(journal)
            except BaseException:
                journal.close()
                raise
        except (sqlite3.Error, JournalFailed, OSError) as error:
            reason = cause(error.__cause__ or error)  # the database's words, not a sentence of ours about them
            raise UnusableJournal(say("sqlite.unusable", path=str(path), error=reason)) from error
        return journal

    def _begin(self, *, writes: bool) -> None:
        self.connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    def inserted(self, text: str, **values: object) -> int:
        """See :class:`.Journal`."""
        return int(self._run(text, values).lastrowid)

    def _locked(self, workspace: str) -> AbstractContextManager[None]:
        """Hold a workspace's lock; see :func:`importer.journal.machine.held`."""
        return machine.held(self._path, workspace)

    def see_that_it_stands(self) -> None:
        """Check that the file is still the one that was opened; see :meth:`.Journal.claimed`."""
        with contextlib.suppress(OSError):  # a folder that can't be reached is no better than one without it
            if os.path.samestat(self._path.stat(), self._opened):
                return
        file = str(self._path)
        saved = self._path.with_name(f"{self._path.name}.saved-{datetime.now().astimezone():%Y%m%dT%H%M%S}")
        try:
            self._copy(saved)
        except (sqlite3.Error, OSError) as error:
            raise JournalReplaced(say("journal.gone-unsaved", file=file, error=cause(error))) from error
        raise JournalReplaced(say("journal.gone", file=file, saved=str(saved), argument=as_argument(str(saved))))

    def back_up(self, target: Path) -> None:
        """Write a copy of the journal to a file; see :class:`.Journal`."""
        if target.exists() and (target.samefile(self._path) or not self._succeeds(target)):
            raise BadSettings(say("copy.over-something-else", file=str(target)))
        try:
            keep_private(target)
            self._copy(target)
        except (sqlite3.Error, OSError) as error:
            raise UnusableJournal(say("copy.failed", name=self.name, file=str(target), error=cause(error))) from error

    def _succeeds(self, path: Path) -> bool:
        """Return whether a file is an earlier copy of this journal, or one as late; False if it can't be read."""
        try:
            copy = _described(path.absolute()) or {}
        except (WrongJournal, sqlite3.Error, OSError):
            return False
        return copy.get("id") == self.id and int(copy.get("request", 0)) <= self.runs.latest_request()

    def _copy(self, target: Path) -> None:
        with draft(target) as copied:
            with contextlib.closing(sqlite3.connect(copied.path)) as copy:
                self.connection.backup(copy)  # all pages at once, in one read
                copy.execute("PRAGMA journal_mode = DELETE")  # makes the copy readable in a read-only folder
                state = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if state != "ok":
                raise sqlite3.DatabaseError(state)
            copied.finish(OWNER_ONLY)
            copied.put(target)


JOURNAL = SQLiteJournal


def connect(place: Path | str) -> sqlite3.Connection:
    """Return a connection to a file, or to ``:memory:``."""
    connection = sqlite3.connect(place, timeout=30.0, isolation_level=None, check_same_thread=False)
    try:
        connection.executescript(_PRAGMAS)
    except BaseException:
        connection.close()
        raise
    return connection


# A commit must be on disk: power may fail at any moment. Without fullfsync, macOS leaves it in the disk's cache.
_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA fullfsync = ON;
PRAGMA checkpoint_fullfsync = ON;
"""


# -- the file ----------------------------------------------------------------------------------------------------------


def _see_that_it_can_stand(path: Path) -> None:
    """Check that a path is free, or a file with one name. Each of several names would get its own lock and log.

    Raises UnusableJournal if it isn't.
    """
    if not path.exists():
        return
    if not path.is_file():
        raise UnusableJournal(say("sqlite.no-file", path=str(path)))
    if (links := path.stat().st_nlink) > 1:
        raise UnusableJournal(say("sqlite.several-names", path=str(path), number=str(links)))


def _described(path: Path) -> Mapping[str, str] | None:
    """Return the description of itself in an existing file, without changing the file; None without tables or a file.

    A journal's ``request`` is the number of its latest request.

    Raises WrongJournal if it is damaged, or isn't a database; sqlite3.OperationalError if it can't be opened or read.
    """
    if not path.exists() or not path.stat().st_size:
        return None
    there = [file.stat() for file in (path, _log_of(path)) if file.exists()]
    return _read(path, *((one.st_ino, one.st_size, one.st_mtime_ns) for one in there))


@lru_cache(maxsize=8)  # to look for damage takes long, and a command opens its journal several times
def _read(path: Path, *_: tuple[int, ...]) -> Mapping[str, str] | None:
    """Read a file like any other reader reads it: with the database's locks, in one transaction."""
    # Read-only mode leaves an existing log as it is. Without a log, "rw" writes nothing and leaves nothing behind.
    log = _log_of(path)
    mode = "ro" if log.exists() and log.stat().st_size else "rw"
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, timeout=30.0)) as connection:
            connection.isolation_level = None
            connection.execute("BEGIN")
            if not connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                return None
            columns = {row[1] for row in connection.execute("PRAGMA table_info(about)")}
            about = connection.execute("SELECT name, value FROM about") if {"name", "value"} <= columns else ()
            found = {str(name): str(value) for name, value in about}
            if found.get("schema") == str(schema.VERSION):
                found["request"] = str(connection.execute("SELECT max(id) FROM requests").fetchone()[0] or 0)
            state = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if found else "ok"
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise WrongJournal(say("sqlite.is-damaged", path=str(path), damage=str(error))) from error
    if state != "ok":
        raise WrongJournal(say("sqlite.is-damaged", path=str(path), damage=str(state)))
    return found


def _create_private(path: Path) -> None:
    """Make the file, for its owner only, unless it exists. An existing file is not opened. Raises OSError."""
    make_private_folder(path.parent)
    if not path.exists():
        with contextlib.suppress(FileExistsError):  # another process may make it at the same moment
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, OWNER_ONLY))


def _log_of(path: Path) -> Path:
    """Return the path of the database's log, which holds the content that isn't in the file yet."""
    return path.with_name(f"{path.name}-wal")
