"""Keep a durable record across runs: the deliveries, the runs that made them, and what was learned about the API.

Input: claims (requests about to be sent) and answers. Output: the state of each delivery. The journal holds digests
and IDs, never a note's text or the key. Only one import of a workspace at a time writes to it (:meth:`Journal.held`).
Reads don't wait for writers.

    runs         record when each run began and how it ended
    deliveries   record claims, answers and changes of notes, and who was told what: the digests by which deliveries
                 are found again; delivery_sql: the statements
    known        define the values that go into deliveries and come back
    memory       remember what the API showed, for a day emails and uploaded files, and what a person left out
    machine      remember outside the journal which journal and which API keys a workspace uses; locks in files
    lock         open a workspace's journal after checking it, and lock it
    schema       define the tables
    store        run SQL over one connection, in transactions
    sqlite       everything specific to SQLite and its file
    postgres     everything specific to PostgreSQL
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Self

from importer.errors import BadSettings
from importer.journal.deliveries import Deliveries, Identities, Identity
from importer.journal.known import (
    ACCEPTED,
    READ_BACK,
    Answered,
    Claim,
    DeliveryState,
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
    "Identity",
    "Journal",
    "KnownDelivery",
    "Memory",
    "NoteKey",
    "Owners",
    "Run",
]


def _kind_of(place: Path | str) -> type[Journal]:
    """Return the class for a journal's database. Raises BadSettings if a package that it needs isn't installed."""
    module = "sqlite" if isinstance(place, Path) else SERVERS[place.partition(":")[0]]
    try:
        kind: type[Journal] = import_module(f"importer.journal.{module}").JOURNAL
    except ImportError as error:  # only a journal on a server needs a driver
        raise BadSettings(say("journal.needs-package", error=str(error), extra=module)) from error
    return kind


class Journal(Store):
    """Open journal. It must not be used by several threads at once.

    ``name`` is the absolute path of its file, or its URL. ``count`` is called with the number of the latest request, to
    remember that outside the journal; see :meth:`claimed`.
    """

    is_shared: ClassVar[bool] = False

    def __init__(self, connection: Any, name: str) -> None:
        super().__init__(connection, name)
        self.runs, self.deliveries, self.identities = Runs(self), Deliveries(self), Identities(self)
        self.count: Callable[[int], None] = lambda _: None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- differences between databases ------------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def is_at(cls, place: Any) -> bool:
        """Return whether a journal is at this place; also True if that can't be checked."""

    @classmethod
    @abstractmethod
    def opened(cls, place: Any) -> Journal:
        """Open the journal at this place, and make its tables if there are none; see :meth:`open`."""

    @abstractmethod
    def _locked(self, workspace: str) -> AbstractContextManager[None]:
        """Hold a workspace's lock while the block runs; see :meth:`held`."""

    @abstractmethod
    def back_up(self, target: Path) -> None:
        """Write a copy of the current journal to a file; an import may be running. The copy has the journal's ID.

        Raises BadSettings if an existing file isn't an earlier copy, or the journal is on a server; UnusableJournal.
        """

    def see_that_it_stands(self) -> None:
        """Check that the journal is still the one that was opened. Raises JournalReplaced."""

    def now(self) -> float:
        """Return the database's time in seconds since 1970 if several machines share the journal, otherwise 0."""
        return 0.0

    # -- what all journals have -------------------------------------------------------------------------------------

    @staticmethod
    def exists(address: Path | str) -> bool:
        """Return whether a journal exists at this address; also True if its location can't be checked."""
        place = journal_place(address)
        return _kind_of(place).is_at(place)

    @staticmethod
    def open(address: Path | str) -> Journal:
        """Open the journal in a file, or at a URL (``postgresql://HOST/DATABASE``); create it if there is none.

        Raises BadSettings, JournalFailed (the database can't be reached), UnusableJournal, and WrongJournal if the
        journal is damaged, isn't ours, or is of another version; it is left unchanged.
        """
        place = journal_place(address)
        return _kind_of(place).opened(place)

    @cached_property
    def id(self) -> str:
        """The journal's random ID, which only its copies share."""
        return str(self.scalar("SELECT value FROM about WHERE name = 'id'"))

    def has(self, workspace: Workspace) -> bool:
        """Return whether anything was ever entered for a workspace."""
        return self.number_of(workspace) is not None

    def learned(self, workspace: Workspace) -> Memory:
        """Return the record of what the API showed."""
        return Memory(self, workspace, "learned")

    def left_out(self, workspace: Workspace) -> LeftOut:
        """Return the record of the rows that a person left out."""
        return LeftOut(self, workspace)

    def found(self, workspace: Workspace, key: str, clock: Callable[[], float]) -> Memory:
        """Return the record of the prospects that imports found for emails, hashed with the API key."""
        return Memory(self, workspace, "emails", clock, partial(keyed, key))

    def uploads(self, workspace: Workspace, clock: Callable[[], float]) -> Memory:
        """Return the record of the IDs of uploaded files, by their SHA-256 (hexadecimal digits)."""
        return Memory(self, workspace, "uploads", clock)

    def claimed(self, requests: Sequence[int]) -> None:
        """Check after a claim, and before any request leaves, that the journal is still the one that was opened.

        The latest request is also remembered outside the journal, so that an earlier copy isn't mistaken for it. Raises
        JournalReplaced.
        """
        self.see_that_it_stands()
        self.count(max(requests))

    @contextmanager
    def held(self, workspace: Workspace) -> Iterator[None]:
        """Hold the workspace's lock, so that only one import at a time claims its deliveries.

        Raises Busy, which says who holds it and since when, and UnusableJournal if no lock can be made there.
        """
        owner = self.owner(workspace)
        with self._locked(str(owner)):
            if (now := self.owner(workspace)) == owner:
                yield
                return
        with self.held(now):  # it became another name meanwhile
            yield
