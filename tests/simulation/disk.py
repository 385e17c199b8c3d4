"""The disk: a journal in memory whose process may die before a transaction is on it, and after; and that fills up."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache

from importer.errors import JournalFailed
from importer.journal import Journal, schema
from importer.journal.sqlite import SQLiteJournal, connect


class Disk:
    """What outlives a process: one database, to which a process connects anew.

    There is one at a time: a new one takes the old one's place, so that SQLite compiles each statement only once.
    """

    def __init__(self) -> None:
        self.raw = _database()
        self.crash()
        self.raw.deserialize(_template())

    def uploads(self) -> set[str]:
        """The digests of the files whose ids stand in the journal."""
        return {name for (name,) in self.raw.execute("SELECT name FROM remembered WHERE kind = 'uploads'")}

    def crash(self) -> None:
        """What was not committed is gone."""
        if self.raw.in_transaction:
            self.raw.rollback()


@cache
def _database() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None, cached_statements=1000)


@cache
def _template() -> bytes:
    with in_memory() as journal:
        content: bytes = journal.connection.serialize()
    return content


class _InMemory(SQLiteJournal):
    def __init__(self, connection: sqlite3.Connection) -> None:
        Journal.__init__(self, connection, "in memory")

    def see_that_it_stands(self) -> None:
        """Nobody can replace it."""


def in_memory() -> Journal:
    """An empty journal of a process that doesn't die."""
    journal = _InMemory(connect(":memory:"))
    with journal.transaction():
        schema.make_tables(journal)
    return journal


class MortalJournal(_InMemory):
    """The journal of a process that may die; ``step`` is asked before and after each transaction's commit."""

    disk: Disk
    step: Callable[[], None] = staticmethod(lambda: None)
    fails_after = 0
    _transactions = 0

    @classmethod
    def on(cls, disk: Disk) -> MortalJournal:
        """A process's own view of the disk."""
        journal = cls(disk.raw)
        journal.disk = disk
        return journal

    def close(self) -> None:
        """The disk stays for the next process."""

    def reading(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """One process reads: it needs no transaction."""
        return nullcontext()

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
