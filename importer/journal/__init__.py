"""Keep a durable record across runs: the deliveries, the runs that made them, and what was learned about the API.

Input: claims (requests about to be sent) and answers. Output: the state of each delivery. The journal holds digests
and IDs, never a note's text or the key. Only one import of a workspace at a time writes to it (:meth:`Journal.held`).
Reads don't wait for writers.

    runs         record when each run began and how it ended
    deliveries   record claims and answers, and return the state of each delivery; delivery_sql: the statements
    known        define the values that go into deliveries and come back
    learned      remember what the API accepted, which limits it showed, and which results files were written
    findings     remember for a day which prospects have an email, and the ID of each uploaded file
    identity     remember outside the journal which journal belongs to a workspace
    accounts     remember which workspace an API key belongs to, also outside the journal
    pending_results  list the runs whose results are not written yet, in a file beside the journal
    schema       define the tables, and change the tables of earlier versions
    copying      copy a journal into another database
    store        run SQL over one connection, in transactions
    sqlite       everything specific to SQLite; lock: allow one import of a workspace at a time, by a file
    sqlitefile   examine, copy and make the SQLite file; restoring: replace it by a copy; shares: find network shares
    postgres     everything specific to PostgreSQL; connecting: connect to a server
    owners       check who owns the tables in PostgreSQL; views: views for reports in SQL
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol, Self

from importer.errors import BadSettings
from importer.journal import copying, sqlite
from importer.journal.deliveries import Deliveries
from importer.journal.findings import EmailMatches, KnownUploads, Match, Matches
from importer.journal.known import (
    ACCEPTED,
    READ_BACK,
    Answered,
    Claim,
    DeliveryState,
    KnownDelivery,
    Made,
    NoteKey,
    SampleState,
)
from importer.journal.learned import Files, Learned
from importer.journal.pending_results import PendingResults
from importer.journal.runs import AGAIN, Run, Runs
from importer.journal.schema import VERSION
from importer.journal.store import Store
from importer.messages import say
from importer.models import Workspace
from importer.settings import journal_place

__all__ = [
    "ACCEPTED",
    "AGAIN",
    "READ_BACK",
    "VERSION",
    "Answered",
    "Claim",
    "DeliveryState",
    "EmailMatches",
    "Journal",
    "KnownDelivery",
    "KnownUploads",
    "Made",
    "Match",
    "Matches",
    "NoteKey",
    "Run",
    "SampleState",
]


class JournalPlace(Protocol):
    """Location of a journal: a :class:`.sqlite.SQLiteFile` or a :class:`.postgres.PostgresServer`."""

    name: str
    is_shared: bool
    beside: Path

    def exists(self) -> bool:
        """Return whether a journal exists; also True if its location can't be checked."""

    def open(self) -> Store:
        """Open the journal's store, with its tables at the current version."""

    def held(self, workspace: str) -> AbstractContextManager[None]:
        """Hold a workspace's lock while the block runs; the journal must be open."""

    def see_that_it_stands(self) -> None:
        """Raise JournalReplaced if the journal or its lock was replaced or removed since it was opened."""

    def back_up(self, target: Path) -> None:
        """Write a copy of the open journal to a file."""


def place_of(address: Path | str) -> JournalPlace:
    """Return the location of the journal at this address.

    Raises:
        BadSettings: the address isn't valid, or a package that it needs isn't installed.
    """
    place = journal_place(address)
    if isinstance(place, Path):
        return sqlite.SQLiteFile(place)
    try:
        from importer.journal.postgres import PostgresServer  # noqa: PLC0415 - only such a journal needs the driver
    except ImportError as error:
        raise BadSettings(say("journal.needs-postgres", error=str(error))) from error
    return PostgresServer(place)


class Journal:
    """Open journal. It must not be used by several threads at once.

    Attributes:
        name: its name in messages: the file or the URL.
        is_shared: whether other machines may use it.
        id: its random ID, which only its copies share.
        count: called with the number of the latest request, to remember that outside the journal; see :meth:`claimed`.
        runs, deliveries, learned, files: the journal's parts; see the modules of these names.
    """

    def __init__(self, store: Store, place: JournalPlace | None) -> None:
        self.name, self._store, self._place = store.name, store, place
        self.is_shared = place is not None and place.is_shared
        self.runs, self.deliveries = Runs(store), Deliveries(store)
        self.learned, self.files = Learned(store), Files(store)
        self.pending_results = PendingResults(None if place is None else place.beside)
        self.id = store.about("id")
        self.count: Callable[[int], None] = lambda _: None

    @property
    def place(self) -> str:
        """URL of the journal, or the absolute path of its file."""
        return self.name if self.is_shared or self._place is None else str(self._place.beside.absolute())

    @staticmethod
    def exists(address: Path | str) -> bool:
        """Return whether a journal exists at this address; also True if its location can't be checked."""
        return place_of(address).exists()

    @classmethod
    def open(cls, address: Path | str) -> Self:
        """Open a journal; create or migrate it if necessary.

        Args:
            address: a file's path, or a URL: ``sqlite:///FILE``, ``postgresql://HOST/DATABASE``.

        Raises:
            BadSettings: the URL can't be used.
            Busy: the journal must be migrated, but an import is using it.
            JournalFailed: the database can't be reached.
            UnusableJournal: the journal can't be opened or created.
            WrongJournal: the journal is damaged, isn't ours, or is of a later version; it is left unchanged.
        """
        place = place_of(address)
        store = place.open()
        try:
            return cls(store, place)
        except BaseException:
            store.close()
            raise

    @classmethod
    def in_memory(cls, content: bytes | None = None) -> Self:
        """Return a journal in memory, for tests and simulations; ``content`` is another journal's :meth:`content`."""
        return cls(sqlite.in_memory(content), None)

    def content(self) -> bytes:
        """Return everything committed to a journal in memory, as the next process would find it after a crash."""
        content: bytes = self._store.connection.serialize()
        return content

    def back_up(self, target: Path) -> None:
        """Write a copy of the current journal to a file; an import may be running. The copy has the journal's ID.

        Raises:
            BadSettings: an existing file isn't an earlier copy of this journal; or the journal is on a server, which
                has its own tools for copies.
            UnusableJournal: the copy can't be written.
        """
        assert self._place is not None
        self._place.back_up(target)

    def copy_to(self, other: Journal) -> dict[str, int]:
        """Copy all rows and the ID to another, empty journal; return table → number of rows.

        Raises:
            BadSettings: the other journal isn't empty.
            Busy: an import is using one of the two journals.
            JournalFailed: a row couldn't be copied, or differs in the other journal; nothing was copied.
        """
        if not copying.is_empty(other._store):
            raise BadSettings(say("journal.not-empty", name=other.name))
        with ExitStack() as locks:
            for workspace in copying.workspaces_of(self._store):
                locks.enter_context(self.held(workspace))
                locks.enter_context(other.held(workspace))
            return copying.copy(self._store, other._store)

    def found(self, workspace: Workspace, key: str, clock: Callable[[], float]) -> EmailMatches:
        """Return the record of the prospects that an unfinished import found for emails, hashed with the API key."""
        return EmailMatches(self._store, workspace, key, clock)

    def uploads(self, workspace: Workspace, clock: Callable[[], float]) -> KnownUploads:
        """Return the record of the files uploaded for a workspace."""
        return KnownUploads(self._store, workspace, clock)

    def close(self) -> None:
        """Close the journal."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def now(self) -> float:
        """Return the database's time in seconds since 1970 if several machines share the journal, otherwise 0.

        Raises:
            JournalFailed: the connection isn't the one that holds the lock.
        """
        return self._store.now()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block as one transaction, which is on disk when the block ends.

        Raises:
            JournalFailed: the transaction could not be written; nothing of the block was stored.
        """
        with self._store.transaction():
            yield

    def claimed(self, requests: Sequence[int]) -> None:
        """Check after a claim, and before any request leaves, that the journal is still the one that was opened.

        The latest request is also remembered outside the journal, so that an earlier copy isn't mistaken for it.

        Raises:
            JournalReplaced: the journal's file, its log or the workspace's lock was removed or replaced.
        """
        self.see_that_it_stands()
        self.count(max(requests))

    def see_that_it_stands(self) -> None:
        """Check that the journal is still the one that was opened. Raises JournalReplaced."""
        if self._place is not None:
            self._place.see_that_it_stands()

    def held(self, workspace: Workspace) -> AbstractContextManager[None]:
        """Hold the workspace's lock, so that only one import at a time claims its deliveries.

        Raises:
            Busy: another process holds the lock; the message says who, and since when.
            UnusableJournal: the lock can't be made there.
            WrongJournal: another process has migrated the journal meanwhile.
        """
        return nullcontext() if self._place is None else self._place.held(str(workspace))
