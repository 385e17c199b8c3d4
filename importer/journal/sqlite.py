"""Keep a journal in SQLite; the rest of the journal doesn't depend on that database.

Input: a file's path. Output: an engine whose commits are on disk, and statements in SQLite's dialect. Readers and
writers don't wait for each other (WAL).
"""

from __future__ import annotations

import functools
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles

from importer.errors import (
    BadSettings,
    JournalFailed,
    JournalReplaced,
    UnusableJournal,
    as_argument,
)
from importer.files import OWNER_ONLY, draft, own_link_followed
from importer.journal import lock, migrations, schema
from importer.journal.sqlitefile import (
    Mark,
    back_up,
    copy,
    create_private,
    examine,
    identity_of,
    log_of,
    mark_of,
    see_that_it_can_stand,
)
from importer.journal.statements import Among, Dialect, Many, Row
from importer.journal.store import WRITES, Store, cause
from importer.messages import say


@compiles(sa.BigInteger, "sqlite")
def _big_integer(*_: Any, **__: Any) -> str:
    return "INTEGER"  # 64 bits in SQLite, which assigns keys only to a column of this type


# Deliveries are stored in the tree of their key, without row IDs. Each index holds only the few rows searched by it.
schema.deliveries.dialect_options["sqlite"]["with_rowid"] = False
schema.drafts.dialect_options["sqlite"]["where"] = sa.text("status = '0'")
schema.unclear.dialect_options["sqlite"]["where"] = sa.text("state IN ('sending', 'unconfirmed')")
schema.resent.dialect_options["sqlite"]["where"] = sa.text("resent_at IS NOT NULL")
schema.sampled.dialect_options["sqlite"]["where"] = sa.text("sample IS NOT NULL")


def _many(many: Many, rows: Sequence[Row], constants: Mapping[str, Any]) -> tuple[str, list[Row]]:
    """Return a statement that is run for each row, and the values of each row."""
    text, defaults, arranged = _for_each(many)
    assert constants.keys() <= defaults.keys()
    shared = tuple({**defaults, **constants}.values())
    return text, [arranged(shared + row) for row in rows]


@functools.cache
def _for_each(many: Many) -> tuple[str, dict[str, Any], Callable[[Row], Row]]:
    compiled, constants = many.compiled(_COMPILER, sqlite.insert)
    order = [*constants, *many.varying]
    return str(compiled), constants, itemgetter(*(order.index(name) for name in compiled.positiontup))


def _among(among: Among, values: Sequence[Row]) -> tuple[str, Row]:
    return _text(among, len(values)), tuple(chain.from_iterable(values))


@functools.cache
def _text(among: Among, count: int) -> str:
    """Return the query for this number of value tuples."""
    placeholders = [tuple(range(len(among.columns)))] * count
    query = among.query.where(sa.tuple_(*among.columns).in_(placeholders))
    return str(query.compile(dialect=_COMPILER, compile_kwargs={"render_postcompile": True}))


_COMPILER = sqlite.dialect()
_FAILURES = (sa.exc.DBAPIError, sqlite3.Error)
DIALECT = Dialect("sqlite", sqlite.insert, _many, _among, _FAILURES, say("sqlite.mend"))


class SQLiteFile:
    """Location of a journal in a file, whether or not the journal exists yet.

    Attributes:
        name: its name in messages.
        is_shared: whether other machines may use it.
        beside: the path after which the journal's small files are named.
    """

    is_shared = False

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.path = self.beside = Path(os.path.realpath(path))  # one file has one lock, whatever link leads to it
        self._marks: dict[Path, Mark | None] = {}
        self._store: Store | None = None

    def exists(self) -> bool:
        """Return whether a journal exists; also True if its path can't be checked."""
        try:
            return self.path.exists()
        except OSError:
            return True

    def open(self) -> Store:
        """Open the journal's store, with its tables at the current version.

        Raises:
            Busy, UnusableJournal, WrongJournal: see :meth:`importer.journal.Journal.open`.
        """
        path = self.path
        try:
            own_link_followed(Path(self.name))
            see_that_it_can_stand(path)
            version = examine(path)
            create_private(path)
            store = Store(engine(path), self.name, DIALECT)
            try:
                if version != schema.VERSION:
                    migrations.bring_up(store, version, lambda name: self.held(store, name))
                self._marks = {file: mark_of(file) for file in (path, log_of(path))}
            except BaseException:
                store.close()
                raise
        except (*_FAILURES, JournalFailed, OSError) as error:
            raise UnusableJournal(say("sqlite.unusable", path=str(path), error=cause(error))) from error
        self._store = store
        return store

    @contextmanager
    def held(self, _: Store, workspace: str) -> Iterator[None]:
        """Hold a workspace's lock; see :func:`importer.journal.lock.held`."""
        with lock.held(self.path, workspace) as place:
            self._marks[place] = mark_of(place)
            try:
                yield
            finally:
                del self._marks[place]

    def see_that_it_stands(self) -> None:
        """Check that the files are still those that were opened; see :meth:`importer.journal.Journal.claimed`."""
        changed = [path for path, mark in self._marks.items() if mark_of(path) != mark]
        if changed:
            raise self._replaced(changed[0])

    def _replaced(self, changed: Path) -> JournalReplaced:
        kind, change = "lock" if changed.suffix == ".lock" else "file", "replaced" if changed.exists() else "removed"
        event = say(f"gone.{kind}-{change}", file=str(changed))
        if kind == "lock":
            return JournalReplaced(say("journal.lock-gone", what=event))
        saved = self.path.with_name(f"{self.path.name}.saved-{datetime.now().astimezone():%Y%m%dT%H%M%S}")
        try:
            assert self._store is not None
            driver_connection: Any = self._store.connection.connection.driver_connection
            with draft(saved) as copied:
                back_up(driver_connection, copied.path)
                copied.finish(OWNER_ONLY)
                copied.put(saved)
        except (*_FAILURES, OSError) as error:
            return JournalReplaced(say("journal.gone-unsaved", what=event, error=cause(error)))
        return JournalReplaced(say("journal.gone", what=event, saved=str(saved), argument=as_argument(str(saved))))

    def go_on_numbering(self, store: Store) -> None:
        """Do nothing, because SQLite numbers new rows after the existing ones by itself."""

    def back_up(self, store: Store, target: Path) -> None:
        """Write a copy of the journal to a file; see :meth:`importer.journal.Journal.back_up`."""
        is_itself = target.exists() and target.samefile(self.path)
        if is_itself or (target.exists() and identity_of(target) != store.about("id")):
            raise BadSettings(say("copy.to-itself" if is_itself else "copy.over-something-else", file=str(target)))
        try:
            with draft(target) as copied:
                copy(self.path, copied.path)
                copied.finish(OWNER_ONLY)
                copied.put(target)
        except (*_FAILURES, OSError) as error:
            raise UnusableJournal(say("copy.failed", name=self.name, file=str(target), error=cause(error))) from error


def engine(path: Path) -> sa.Engine:
    """Return the engine for a file."""
    url = sa.URL.create("sqlite", database=str(path.absolute()))
    return _prepared(sa.create_engine(url, connect_args={"timeout": 30.0}))


def in_memory(kept: bytes | None = None) -> sa.Engine:
    """Return an engine for a database in this process's memory, which is gone when the engine is closed.

    Args:
        kept: the content, as :func:`content` returned it; None for empty tables.
    """

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:")
        connection.deserialize(_template() if kept is None else kept)
        return connection

    return _prepared(sa.create_engine("sqlite://", creator=connect, poolclass=sa.StaticPool))


@functools.cache
def _template() -> bytes:
    """Return a database with empty tables; making the tables takes longer than a small import, so this is cached."""
    template = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with template.begin() as connection:
        schema.tables.create_all(connection)
    with template.connect() as connection:
        tables = content(connection)
    template.dispose()
    return tables


def content(connection: sa.Connection) -> bytes:
    """Return everything in a database in memory; don't call this inside a transaction."""
    driver_connection: Any = connection.connection.driver_connection
    serialized: bytes = driver_connection.serialize()
    return serialized


def _prepared(new_engine: sa.Engine) -> sa.Engine:
    @sa.event.listens_for(new_engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # _begin begins each transaction
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a commit must be on disk: power may fail at any moment
        connection.execute("PRAGMA fullfsync = ON")  # otherwise macOS leaves commits in the disk's cache
        connection.execute("PRAGMA checkpoint_fullfsync = ON")

    @sa.event.listens_for(new_engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return new_engine
