"""SQLite, and nothing else of the journal knows that it is SQLite.

Comes in: a file's path. Goes out: an engine whose commits are on disk, word of what a file holds, and statements in its
dialect. A reader of a transaction's tables holds no writer up, nor the other way round (WAL).
"""

from __future__ import annotations

import contextlib
import functools
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles

from importer.errors import BadSettings, JournalFailed, UnusableJournal, WrongJournal, by_name
from importer.files import OWNER_ONLY, draft, make_private, make_private_folder, own_link_followed
from importer.journal import lock, migrations, schema
from importer.journal.statements import Among, Dialect, Many, Row
from importer.journal.store import WRITES, Store, cause


@compiles(sa.BigInteger, "sqlite")
def _big_integer(*_: Any, **__: Any) -> str:
    return "INTEGER"  # which are of 64 bits; only a key that is called so is given by the database


# A delivery lies in the tree of its key, not beside it; an index holds the few that are ever looked for by it.
schema.deliveries.dialect_options["sqlite"]["with_rowid"] = False
schema.drafts.dialect_options["sqlite"]["where"] = sa.text("status = '0'")
schema.unclear.dialect_options["sqlite"]["where"] = sa.text("state IN ('sending', 'unconfirmed')")
schema.resent.dialect_options["sqlite"]["where"] = sa.text("resent_at IS NOT NULL")


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
DIALECT = Dialect(
    "sqlite", sqlite.insert, _many, _among, _FAILURES, "Make room, or see that the file may be written to"
)


class File:
    """A journal in a file: the place of one that may not be there yet.

    Attributes:
        name: what messages call it.
        is_shared: whether other machines may use it.
        beside: what small files that go with it are called after.
    """

    is_shared = False

    def __init__(self, path: Path) -> None:
        self.path = self.beside = path
        self.name = str(path)

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
            version = examine(path)
            create_private(path)
            store = Store(engine(path), self.name, DIALECT)
            try:
                if version != schema.VERSION:
                    migrations.bring_up(store, version, lambda name: lock.held(path, name))
            except BaseException:
                store.close()
                raise
        except (*_FAILURES, JournalFailed, OSError) as error:
            raise UnusableJournal(
                f"The journal {path} can't be used: {cause(error)}. Nothing was sent and the file was left as it"
                " is. See that the folder exists, may be written to and has room, or name another with"
                f" {by_name('journal')}."
            ) from error
        return store

    def held(self, _: Store, workspace: str) -> AbstractContextManager[None]:
        """Hold a workspace's lock; see :func:`importer.journal.lock.held`."""
        return lock.held(self.path, workspace)

    def go_on_numbering(self, store: Store) -> None:
        """SQLite does so by itself."""

    def back_up(self, store: Store, target: Path) -> None:
        """Put a copy of it into a file; see :meth:`importer.journal.Journal.back_up`."""
        is_itself = target.exists() and target.samefile(self.path)
        if is_itself or (target.exists() and identity_of(target) != store.about("id")):
            what = "is the journal itself" if is_itself else "is something else than an earlier copy of this journal"
            raise BadSettings(f"{target} {what}, and was left alone. Name another file for the copy.")
        try:
            with draft(target) as new:
                copy(self.path, new.path)
                new.finish(OWNER_ONLY)
                new.put(target)
        except (*_FAILURES, OSError) as error:
            raise UnusableJournal(
                f"The journal {self.name} could not be copied to {target}: {cause(error)}. See that the folder"
                " exists, may be written to and has room, or name another file."
            ) from error


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

    @sa.event.listens_for(made, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return made


def examine(path: Path) -> int:
    """Look at an existing file without changing it; the version of its schema, 0 where there is nothing yet.

    Raises:
        UnusableJournal: it is no file.
        WrongJournal: it is damaged, isn't a journal of ours, or is of a later version.
        sqlite3.OperationalError: it can't be opened or read.
    """
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return 0
    untouched = "It was left as it is, and nothing was sent."
    another = f"{untouched} Name another with {by_name('journal')}."
    copy = (
        f"{untouched} Put your latest copy of the journal in its place; a new one would know nothing of what was"
        f" delivered. If this isn't the journal, name it with {by_name('journal')}."
    )
    if not path.is_file():
        raise UnusableJournal(f"The journal {path} is not a file. {another}")
    try:
        tables, about, state = _look_into(path)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise WrongJournal(f"The journal {path} is damaged, or no journal at all: {error}. {copy}") from error
    if tables and about.get("application") != schema.APPLICATION:
        raise WrongJournal(f"{path} is a database of some other program. {another}")
    version = str(about.get("schema", "0" if not tables else ""))
    if state != "ok" or not re.fullmatch(r"\d{1,9}", version):
        raise WrongJournal(f"The journal {path} is damaged: {state if state != 'ok' else 'no schema'}. {copy}")
    if int(version) > schema.VERSION:
        raise WrongJournal(
            f"The journal {path} was written by a later version of note-importer; install that one. {untouched}"
        )
    return int(version)


def _look_into(path: Path) -> tuple[set[str], dict[str, str], str]:
    """The names of the tables, what they say of themselves, and ``ok`` or what is damaged."""
    # Unless a log stands beside it, everything is in the file, and SQLite need not make a log in order to read it.
    log = path.with_name(f"{path.name}-wal")
    mode = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True, timeout=30.0)
    try:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        columns = {row[1] for row in connection.execute("PRAGMA table_info(about)")}
        is_ours = {"name", "value"} <= columns
        about = dict(connection.execute("SELECT name, value FROM about")) if is_ours else {}
        state = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if about else "ok"
    finally:
        connection.close()
    return tables, about, state


def identity_of(path: Path) -> str | None:
    """The id of the journal in a file; None where it can't be read, or is no journal."""
    try:
        return _look_into(path)[1].get("id")
    except (sqlite3.Error, OSError):
        return None


def copy(path: Path, target: Path) -> None:
    """Copy a database into an empty file as it is at one moment, whoever writes to it meanwhile; what is made is whole.

    Raises:
        sqlite3.Error: it can't be read or written.
    """
    with contextlib.closing(sqlite3.connect(path, timeout=30.0)) as source:
        with contextlib.closing(sqlite3.connect(target)) as made:
            source.backup(made)  # all pages in one go, so within one read
        with contextlib.closing(sqlite3.connect(target)) as made:
            state = made.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if state != "ok":
        raise sqlite3.DatabaseError(state)


def create_private(path: Path) -> None:
    """Make the file readable by its owner only, before anything stands in it."""
    make_private_folder(path.parent)
    make_private(own_link_followed(path))
