"""The disk: a journal in memory whose process may die before a transaction is on it, and after; and that fills up."""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite as plain
from sqlalchemy.pool import StaticPool

from importer.errors import JournalFailed
from importer.journal import Journal, delivery_sql, sqlite, store
from importer.journal.statements import Among
from importer.journal.store import WRITES, Store


class Disk:
    """What outlives a process: one database, to which a process connects anew.

    There is one at a time: a new one takes the old one's place, so that SQLAlchemy compiles each statement only once.
    """

    def __init__(self) -> None:
        self.raw = _database()
        self.crash()
        self.raw.deserialize(_template())

    def uploads(self) -> set[str]:
        """The digests of the files whose ids stand in the journal."""
        return {digest.hex() for (digest,) in self.raw.execute("SELECT digest FROM uploads")}

    def crash(self) -> None:
        """What was not committed is gone."""
        if self.raw.in_transaction:
            self.raw.rollback()


@cache
def _database() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)


@cache
def _engine() -> sa.Engine:
    engine = sa.create_engine("sqlite://", creator=_database, poolclass=StaticPool, pool_reset_on_return=None)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get(WRITES):  # one process reads: it needs no transaction
            _database().execute("BEGIN IMMEDIATE")

    return engine


@cache
def _template() -> bytes:
    """An empty journal, made once."""
    import tempfile  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        Journal.open(path).close()
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode = DELETE")
        data = connection.serialize()
        connection.close()
    return data


class MortalStore(Store):
    """The store of a process that may die; ``step`` is asked before and after each transaction's commit."""

    disk: Disk
    step: Callable[[], None] = staticmethod(lambda: None)
    fails_after = 0
    _transactions = 0

    @classmethod
    def on(cls, disk: Disk) -> MortalStore:
        """A process's own view of the disk."""
        store = cls(_engine(), "journal.sqlite", sqlite.DIALECT)
        store.disk = disk
        return store

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self._inside:
            yield
            return
        self._transactions += 1
        if self._transactions == self.fails_after:
            raise JournalFailed("The journal could not be written: the disk is full.")
        with super().transaction():
            yield
            self.step()
        self.step()

    # SQLAlchemy would take a query anew each time, which is a fifth of an import's time. These are the same queries.

    def rows(self, query: sa.Executable, parameters: Any = None) -> Sequence[Any]:
        if id(query) not in _queries():
            return super().rows(query, parameters)
        text, names, own = _queries()[id(query)]
        return _found(text, [parameters[name] if name in parameters else own[name] for name in names])

    def among(self, query: Among, values: Sequence[tuple[object, ...]]) -> Iterator[Any]:
        return iter(_found(*self.dialect.among(query, values)) if values else ())


@cache
def _queries() -> Mapping[int, tuple[str, Sequence[str], Mapping[str, Any]]]:
    """The queries that modules keep, by their identity: each one's text, what its values are called, and its own."""
    found = {}
    for module in (store, delivery_sql):
        for value in vars(module).values():
            if isinstance(value, sa.Select | sa.CompoundSelect):
                compiled: Any = value.compile(dialect=plain.dialect())
                if not compiled.post_compile_params:
                    found[id(value)] = str(compiled), tuple(compiled.positiontup or ()), compiled.params
    return found


def _found(text: str, values: Sequence[Any]) -> list[Any]:
    cursor = _database().execute(text, values)
    row = _row(text, tuple(column[0] for column in cursor.description))
    return [row._make(found) for found in cursor]


@cache
def _row(text: str, names: tuple[str, ...]) -> Any:
    return namedtuple("Found", names)
