"""Keep a durable record across runs: the deliveries, the runs that made them, and what was learned about the API.

Input: claims (requests about to be sent) and answers. Output: the state of each delivery. The journal holds digests
and IDs, never a note's text or the key. Only one import of a workspace at a time writes to it (:meth:`Journal.held`).
Reads don't wait for writers.

    runs         record when each run began and how it ended
    deliveries   record claims and answers, and return the state of each delivery; delivery_sql: the statements
                 also the changes of notes, and who was told what: the digests by which deliveries are found again
    known        define the values that go into deliveries and come back
    memory       remember what the API showed, for a day emails and uploaded files, and what a person left out
    identity     remember outside the journal which journal and which API keys belong to a workspace
    schema       define the tables
    store        run SQL over one connection, in transactions
    sqlite       everything specific to SQLite and its file; lock: allow one import of a workspace at a time, by a file
    postgres     everything specific to PostgreSQL
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Self

from importer.errors import BadSettings
from importer.journal import sqlite
from importer.journal.deliveries import Changes, Deliveries, Identities, Identity
from importer.journal.known import (
    ACCEPTED,
    READ_BACK,
    Answered,
    Claim,
    DeliveryState,
    FoundDelivery,
    KnownDelivery,
    NoteKey,
)
from importer.journal.memory import LeftOut, Memory, Owners, keyed
from importer.journal.runs import Run, Runs
from importer.journal.schema import VERSION
from importer.journal.store import Store
from importer.messages import say
from importer.models import Workspace
from importer.settings.address import SERVERS, journal_place

__all__ = [
    "ACCEPTED",
    "READ_BACK",
    "VERSION",
    "Answered",
    "Claim",
    "DeliveryState",
    "FoundDelivery",
    "Identity",
    "Journal",
    "KnownDelivery",
    "Memory",
    "NoteKey",
    "Owners",
    "Run",
]


def _store_for(place: Path | str) -> type[Store]:
    """Return the class for a journal's database. Raises BadSettings if a package that it needs isn't installed."""
    if isinstance(place, Path):
        return sqlite.SQLiteStore
    extra = SERVERS[place.partition(":")[0]]
    try:
        store: type[Store] = import_module(f"importer.journal.{extra}").STORE  # only such a journal needs the driver
    except ImportError as error:
        raise BadSettings(say("journal.needs-package", error=str(error), extra=extra)) from error
    return store


class Journal:
    """Open journal. It must not be used by several threads at once.

    ``name`` is the absolute path of its file, or its URL; ``id`` is random, and only its copies share it. ``count`` is
    called with the number of the latest request, to remember that outside the journal; see :meth:`claimed`.
    """

    def __init__(self, store: Store) -> None:
        self.name, self.is_shared, self._store = store.name, store.is_shared, store
        self.runs, self.deliveries, self.identities = Runs(store), Deliveries(store), Identities(store)
        self.changes, self.id = Changes(store), store.about("id")
        self.count: Callable[[int], None] = lambda _: None

    @staticmethod
    def exists(address: Path | str) -> bool:
        """Return whether a journal exists at this address; also True if its location can't be checked."""
        place = journal_place(address)
        return _store_for(place).exists(place)

    @classmethod
    def open(cls, address: Path | str) -> Self:
        """Open the journal in a file, or at a URL (``postgresql://HOST/DATABASE``); create it if there is none.

        Raises BadSettings, JournalFailed (the database can't be reached), UnusableJournal, and WrongJournal if the
        journal is damaged, isn't ours, or is of another version; it is left unchanged.
        """
        place = journal_place(address)
        store = _store_for(place).open(place)
        try:
            return cls(store)
        except BaseException:
            store.close()
            raise

    def back_up(self, target: Path) -> None:
        """Write a copy of the current journal to a file; an import may be running. The copy has the journal's ID.

        Raises BadSettings if an existing file isn't an earlier copy, or the journal is on a server; UnusableJournal.
        """
        self._store.back_up(target)

    def has(self, workspace: Workspace) -> bool:
        """Return whether anything was ever entered for a workspace."""
        with self._store.reading():
            return self._store.number_of(workspace) is not None

    def owner(self, workspace: Workspace) -> Workspace:
        """Return the workspace that this is another name of, or the workspace itself."""
        return self._store.owner(workspace)

    def learned(self, workspace: Workspace) -> Memory:
        """Return the record of what the API showed."""
        return Memory(self._store, workspace, "learned")

    def left_out(self, workspace: Workspace) -> LeftOut:
        """Return the record of the rows that a person left out."""
        return LeftOut(self._store, workspace)

    def found(self, workspace: Workspace, key: str, clock: Callable[[], float]) -> Memory:
        """Return the record of the prospects that imports found for emails, hashed with the API key."""
        return Memory(self._store, workspace, "emails", clock, partial(keyed, key))

    def uploads(self, workspace: Workspace, clock: Callable[[], float]) -> Memory:
        """Return the record of the IDs of uploaded files, by their SHA-256 (hexadecimal digits)."""
        return Memory(self._store, workspace, "uploads", clock)

    def close(self) -> None:
        """Close the journal."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def now(self) -> float:
        """Return the database's time in seconds since 1970 if several machines share the journal, otherwise 0."""
        return self._store.now()

    def transaction(self) -> AbstractContextManager[None]:
        """Run the block as one transaction, on disk when it ends. Raises JournalFailed; then nothing is stored."""
        return self._store.transaction()

    def claimed(self, requests: Sequence[int]) -> None:
        """Check after a claim, and before any request leaves, that the journal is still the one that was opened.

        The latest request is also remembered outside the journal, so that an earlier copy isn't mistaken for it. Raises
        JournalReplaced.
        """
        self.see_that_it_stands()
        self.count(max(requests))

    def see_that_it_stands(self) -> None:
        """Check that the journal is still the one that was opened. Raises JournalReplaced."""
        self._store.see_that_it_stands()

    @contextmanager
    def held(self, workspace: Workspace) -> Iterator[None]:
        """Hold the workspace's lock, so that only one import at a time claims its deliveries.

        Raises Busy, which says who holds it and since when, and UnusableJournal if no lock can be made there.
        """
        owner = self.owner(workspace)
        with self._store.held(str(owner)):
            if (now := self.owner(workspace)) == owner:
                yield
                return
        with self.held(now):  # it became another name meanwhile
            yield
