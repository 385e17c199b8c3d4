"""The disk: a journal in memory whose process may die before a transaction is on it, and after; and that fills up."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from importer.errors import JournalFailed
from importer.journal import Journal, sqlite
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
