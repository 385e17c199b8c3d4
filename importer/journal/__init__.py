"""What is durable, kept across runs: which deliveries were made, by which run, and what was learned on the way.

Comes in: intents and answers. Goes out: what is known of a delivery. It holds digests and ids, never a note's text or
the key. One import of a workspace at a time writes it (:meth:`Journal.held`); a read waits for no writer.

    runs         executions: begun, ended, listed
    deliveries   claims and answers, and what is known of each delivery; entries, known: these as values
    learned      what an API was seen to take and allow
    files        which results files were written
    email_matches  which prospects have an email, until an import is finished
    uploads      under which id a file was uploaded, for a day
    notes        a note as the journal knows it, and its number
    identity     which journal a workspace's deliveries are recorded in, remembered outside of it
    pending_results  runs whose results are still to be written, beside the journal
    accounts     whose key is whose, remembered there too
    schema       the tables; migrations: what leads to them from earlier versions
    copying      a journal, moved into another database
    statements   statements, written down once for every database; delivery_sql: those of the deliveries
    store        transactions and reads over one connection
    sqlite       all that is SQLite's own; lock: one import of a workspace at a time, by a file beside the journal
    sqlitefile   its file, looked into, copied and made; restoring: a copy in its place; shares: where none may be
    postgres     all that is PostgreSQL's own; connecting: the way to a server; views: for those who report with SQL
    owners       whose the tables in it are
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol, Self

from importer.errors import BadSettings
from importer.journal import copying, migrations, sqlite
from importer.journal.deliveries import Deliveries
from importer.journal.email_matches import EmailMatches, Match, Matches
from importer.journal.entries import Answered, Claim
from importer.journal.files import Files
from importer.journal.known import ACCEPTED, READ_BACK, DeliveryState, KnownDelivery, Made, SampleState
from importer.journal.learned import Learned
from importer.journal.notes import NoteKey
from importer.journal.pending_results import PendingResults
from importer.journal.runs import AGAIN, Run, Runs
from importer.journal.schema import VERSION
from importer.journal.store import Store
from importer.journal.uploads import KnownUploads
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
    """Where a journal is kept, by the module of its database: :class:`.sqlite.File` or :class:`.postgres.Server`."""

    name: str
    is_shared: bool
    beside: Path

    def exists(self) -> bool:
        """Whether there is one, or something in its place that can't even be looked at."""

    def open(self) -> Store:
        """Its store, with the present tables."""

    def held(self, store: Store, workspace: str) -> AbstractContextManager[None]:
        """Hold a workspace's lock."""

    def see_that_it_stands(self) -> None:
        """See that what was opened, and is locked, is what stands there now."""

    def go_on_numbering(self, store: Store) -> None:
        """Give the next rows numbers after those that are there, inside a transaction."""

    def back_up(self, store: Store, target: Path) -> None:
        """Put a copy of it into a file."""


def place_of(address: Path | str) -> JournalPlace:
    """Where the journal of this address is kept.

    Raises:
        BadSettings: it can't be an address, or what it needs isn't installed.
    """
    place = journal_place(address)
    if isinstance(place, Path):
        return sqlite.SQLiteFile(place)
    try:
        from importer.journal.postgres import PostgresServer  # noqa: PLC0415 - only who has one needs its driver
    except ImportError as error:
        raise BadSettings(say("journal.needs-postgres", error=str(error))) from error
    return PostgresServer(place)


class Journal:
    """An open journal. Not for several threads at once.

    Attributes:
        name: what messages call it: its file, or its URL.
        is_shared: whether other machines may use it.
        id: random, and its own: no other journal has it.
        count: told the number of the latest request, outside of the journal; see :meth:`claimed`.
        runs, deliveries, learned, files: its four parts.
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
        """Where it is, whatever folder one is in."""
        return self.name if self.is_shared or self._place is None else str(self._place.beside.absolute())

    @staticmethod
    def exists(address: Path | str) -> bool:
        """Whether there is one, or something in its place that can't even be looked at."""
        return place_of(address).exists()

    @classmethod
    def open(cls, address: Path | str) -> Self:
        """Open a journal, making or migrating it where need be.

        Args:
            address: a file's path, or a URL: ``sqlite:///FILE``, ``postgresql://HOST/DATABASE``.

        Raises:
            BadSettings: it is a URL that can't be used.
            Busy: it is to be migrated, and an import is at work with it.
            JournalFailed: the database can't be reached.
            UnusableJournal: it can't be opened or made.
            WrongJournal: it is damaged, isn't ours, or is of a later version; it is left untouched.
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
        """A journal of this process alone, for tests and simulations; ``content`` is another's :meth:`content`."""
        store = Store(sqlite.in_memory(content), "in memory", sqlite.DIALECT)
        if content is None:
            migrations.name_it(store)
        return cls(store, None)

    def content(self) -> bytes:
        """All that was committed to a journal in memory: what its next process would find after a crash."""
        return sqlite.content(self._store.connection)

    def back_up(self, target: Path) -> None:
        """Put a copy of it, as it is now, into a file; an import may be at work. The copy is the same journal, by id.

        Raises:
            BadSettings: something else than an earlier copy of this journal stands there; or a server keeps it, which
                has means of its own.
            UnusableJournal: the copy can't be written.
        """
        assert self._place is not None
        self._place.back_up(self._store, target)

    def copy_to(self, other: Journal) -> dict[str, int]:
        """Move all that it knows into another, empty one, which is then this journal, by id: table → rows.

        Raises:
            BadSettings: the other isn't empty.
            Busy: an import is at work with one of them.
            JournalFailed: a row couldn't be copied, or isn't the same there; nothing was.
        """
        if not copying.is_empty(other._store):
            raise BadSettings(say("journal.not-empty", name=other.name))
        with ExitStack() as locks:
            for workspace in copying.workspaces_of(self._store):
                locks.enter_context(self.held(workspace))
                locks.enter_context(other.held(workspace))
            with other.transaction():
                copied = copying.copy(self._store, other._store)
                if other._place is not None:
                    other._place.go_on_numbering(other._store)
        return copied

    def found(self, workspace: Workspace, key: str, clock: Callable[[], float]) -> EmailMatches:
        """What an import that isn't finished yet has found for emails, known by their digests with the API's key."""
        return EmailMatches(self._store, workspace, key, clock)

    def uploads(self, workspace: Workspace, clock: Callable[[], float]) -> KnownUploads:
        """Under which ids files were uploaded for a workspace."""
        return KnownUploads(self._store, workspace, clock)

    def close(self) -> None:
        """Close it."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def now(self) -> float:
        """Seconds since 1970 by the database's clock, where several machines share it; 0 where nobody else does.

        Raises:
            JournalFailed: the connection isn't the one any more that holds the lock.
        """
        return self._store.now()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; on disk when the block is left.

        Raises:
            JournalFailed: it could not be written, and nothing of the block was.
        """
        with self._store.transaction():
            yield

    def claimed(self, requests: Sequence[int]) -> None:
        """See after a claim, and before anything of it leaves, that the journal is still the one that was opened.

        That it knows these requests is remembered outside of it, so that an earlier copy can't pass for it.

        Raises:
            JournalReplaced: its file, its log or the workspace's lock was removed, or is another file now.
        """
        self.see_that_it_stands()
        self.count(max(requests))

    def see_that_it_stands(self) -> None:
        """See that the journal is still the one that was opened. Raises JournalReplaced."""
        if self._place is not None:
            self._place.see_that_it_stands()

    def held(self, workspace: Workspace) -> AbstractContextManager[None]:
        """Hold the workspace's lock, so that one import at a time claims its deliveries.

        Raises:
            Busy: another process holds it; says who, and since when.
            UnusableJournal: the lock can't be made there.
            WrongJournal: another has migrated the journal meanwhile.
        """
        return nullcontext() if self._place is None else self._place.held(self._store, str(workspace))
