"""SQLite, and nothing else of the journal knows that it is SQLite.

Comes in: a file's path. Goes out: an engine whose commits are on disk, word of what a file holds, and statements in its
dialect. A reader of a transaction's tables holds no writer up, nor the other way round (WAL).
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
    return "INTEGER"  # which are of 64 bits; only a key that is called so is given by the database


# A delivery lies in the tree of its key, not beside it; an index holds the few that are ever looked for by it.
schema.deliveries.dialect_options["sqlite"]["with_rowid"] = False
schema.drafts.dialect_options["sqlite"]["where"] = sa.text("status = '0'")
schema.unclear.dialect_options["sqlite"]["where"] = sa.text("state IN ('sending', 'unconfirmed')")
schema.resent.dialect_options["sqlite"]["where"] = sa.text("resent_at IS NOT NULL")
schema.sampled.dialect_options["sqlite"]["where"] = sa.text("sample IS NOT NULL")


def _many(many: Many, rows: Sequence[Row], constants: Mapping[str, Any]) -> tuple[str, list[Row]]:
    """A statement that is run for each row."""
    text, known, arranged = _for_each(many)
    assert constants.keys() <= known.keys()
    same = tuple({**known, **constants}.values())
    return text, [arranged(same + row) for row in rows]


@functools.cache
def _for_each(many: Many) -> tuple[str, dict[str, Any], Callable[[Row], Row]]:
    compiled, constants = many.compiled(_COMPILER, sqlite.insert)
    order = [*constants, *many.varying]
    return str(compiled), constants, itemgetter(*(order.index(name) for name in compiled.positiontup))


def _among(among: Among, values: Sequence[Row]) -> tuple[str, Row]:
    return _text(among, len(values)), tuple(chain.from_iterable(values))


@functools.cache
def _text(among: Among, count: int) -> str:
    """The query for so many tuples of values."""
    some = [tuple(range(len(among.columns)))] * count
    query = among.query.where(sa.tuple_(*among.columns).in_(some))
    return str(query.compile(dialect=_COMPILER, compile_kwargs={"render_postcompile": True}))


_COMPILER = sqlite.dialect()
_FAILURES = (sa.exc.DBAPIError, sqlite3.Error)
DIALECT = Dialect("sqlite", sqlite.insert, _many, _among, _FAILURES, say("sqlite.mend"))


class SQLiteFile:
    """A journal in a file: the place of one that may not be there yet.

    Attributes:
        name: what messages call it.
        is_shared: whether other machines may use it.
        beside: what small files that go with it are called after.
    """

    is_shared = False

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.path = self.beside = Path(os.path.realpath(path))  # whatever link leads there, one file has one lock
        self._marks: dict[Path, Mark | None] = {}
        self._store: Store | None = None

    def exists(self) -> bool:
        """Whether there is one, or something in its place that can't even be looked at."""
        try:
            return self.path.exists()
        except OSError:
            return True

    def open(self) -> Store:
        """Its store, with the present tables.

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
                self._marks = {each: mark_of(each) for each in (path, log_of(path))}
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
        """See that the files are still those that were opened; see :meth:`importer.journal.Journal.claimed`."""
        gone = [path for path, mark in self._marks.items() if mark_of(path) != mark]
        if gone:
            raise self._replaced(gone[0])

    def _replaced(self, gone: Path) -> JournalReplaced:
        which, how = "lock" if gone.suffix == ".lock" else "file", "replaced" if gone.exists() else "removed"
        what = say(f"gone.{which}-{how}", file=str(gone))
        if which == "lock":
            return JournalReplaced(say("journal.lock-gone", what=what))
        saved = self.path.with_name(f"{self.path.name}.saved-{datetime.now().astimezone():%Y%m%dT%H%M%S}")
        try:
            assert self._store is not None
            inner: Any = self._store.connection.connection.driver_connection
            with draft(saved) as new:
                back_up(inner, new.path)
                new.finish(OWNER_ONLY)
                new.put(saved)
        except (*_FAILURES, OSError) as error:
            return JournalReplaced(say("journal.gone-unsaved", what=what, error=cause(error)))
        return JournalReplaced(say("journal.gone", what=what, saved=str(saved), argument=as_argument(str(saved))))

    def go_on_numbering(self, store: Store) -> None:
        """SQLite does so by itself."""

    def back_up(self, store: Store, target: Path) -> None:
        """Put a copy of it into a file; see :meth:`importer.journal.Journal.back_up`."""
        is_itself = target.exists() and target.samefile(self.path)
        if is_itself or (target.exists() and identity_of(target) != store.about("id")):
            raise BadSettings(say("copy.to-itself" if is_itself else "copy.over-something-else", file=str(target)))
        try:
            with draft(target) as new:
                copy(self.path, new.path)
                new.finish(OWNER_ONLY)
                new.put(target)
        except (*_FAILURES, OSError) as error:
            raise UnusableJournal(say("copy.failed", name=self.name, file=str(target), error=cause(error))) from error


def engine(path: Path) -> sa.Engine:
    """The engine for a file."""
    url = sa.URL.create("sqlite", database=str(path.absolute()))
    return _prepared(sa.create_engine(url, connect_args={"timeout": 30.0}))


def in_memory(kept: bytes | None = None) -> sa.Engine:
    """An engine for a database of this process alone, gone when it is closed.

    Args:
        kept: what it holds, as :func:`content` gave it; None: the tables, empty.
    """

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:")
        connection.deserialize(_template() if kept is None else kept)
        return connection

    return _prepared(sa.create_engine("sqlite://", creator=connect, poolclass=sa.StaticPool))


@functools.cache
def _template() -> bytes:
    """The tables, empty: to make them takes longer than a small import."""
    made = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with made.begin() as connection:
        schema.tables.create_all(connection)
    with made.connect() as connection:
        found = content(connection)
    made.dispose()
    return found


def content(connection: sa.Connection) -> bytes:
    """All that a database in memory holds; not to be asked for inside a transaction."""
    inner: Any = connection.connection.driver_connection
    kept: bytes = inner.serialize()
    return kept


def _prepared(made: sa.Engine) -> sa.Engine:
    @sa.event.listens_for(made, "connect")
    def _prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions begin where we say, see _begin
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a commit is on disk: power may fail at any moment
        connection.execute("PRAGMA fullfsync = ON")  # macOS otherwise leaves it in the disk's own memory
        connection.execute("PRAGMA checkpoint_fullfsync = ON")

    @sa.event.listens_for(made, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return made
