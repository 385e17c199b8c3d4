"""Run SQL over one connection to the journal's database, in transactions; reads block nobody.

Input: SQL text, the same for every database, with values as ``:name``. Output: rows as tuples, or one error for every
failure of a database. :mod:`.sqlite` and :mod:`.postgres` add what is special about their database.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from importer.errors import ImporterError, JournalFailed
from importer.messages import Message, say
from importer.models import Workspace

Row: TypeAlias = tuple[Any, ...]

_AT_ONCE = 500  # rows in one statement


class ForRows:
    """Statement about many given rows of values. Their columns are written as ``note INTEGER, prospect TEXT``.

    Its text has ``{column}`` for a value of a given row. It has ``{values} … {end}`` around the values of an insert. A
    database may run a statement for all rows at once, so there is ``{from_given}`` before the condition of an update,
    ``{using_given}`` before that of a deletion, and ``{and_given}`` before that of what is selected from a table. A
    query has ``{given}`` for all given rows.
    """

    def __init__(self, text: str, columns: str) -> None:
        self.text, self.columns = text, dict(column.split() for column in columns.split(", "))


class Store(ABC):
    """Open database. It must not be used by several threads at once.

    Attributes:
        connection: the driver's connection.
        name: the journal's name in messages.
        file: the path of the journal's file; None if it is in no file.
        is_shared: whether other machines may use the journal.
        failures: the exceptions that the driver raises.
        mend: advice for a person if the database can't be written.
    """

    is_shared: ClassVar[bool] = False
    failures: ClassVar[tuple[type[BaseException], ...]]
    mend: ClassVar[Message]

    def __init__(self, connection: Any, name: str, file: Path | None = None) -> None:
        self.connection, self.name, self.file = connection, name, file
        self._inside: str | None = None

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

    # -- differences between databases ------------------------------------------------------------------------------

    @abstractmethod
    def _begin(self, *, writes: bool) -> None:
        """Begin a transaction. A transaction that only reads sees one state of the journal and blocks nobody."""

    @abstractmethod
    def _run(self, text: str, values: Mapping[str, Any]) -> Any:
        """Run a statement; return the driver's cursor."""

    @abstractmethod
    def _run_for_all(self, statement: ForRows, rows: Sequence[Row], constants: Mapping[str, Any]) -> int:
        """Run a statement for all rows; return how many rows it changed."""

    @abstractmethod
    def _matching(self, query: ForRows, rows: Sequence[Row], constants: Mapping[str, Any]) -> Sequence[Row]:
        """Return the rows that a query finds for some given rows."""

    @abstractmethod
    def numbered(self, insert: ForRows, rows: Sequence[Row], **constants: object) -> list[int]:
        """Insert rows; return the ID that the database assigns to each."""

    def define(self, text: str) -> None:
        """Create or change a table; the text has SQLite's types."""
        self._run(text, {})

    @contextmanager
    def held(self, workspace: str) -> Iterator[None]:  # noqa: ARG002 - a journal in memory has only one user
        """Hold a workspace's lock while the block runs. Raises Busy, UnusableJournal, WrongJournal."""
        yield

    def see_that_it_stands(self) -> None:  # noqa: B027 - most databases can't be replaced while they are open
        """Check that the journal is still the one that was opened. Raises JournalReplaced."""

    @abstractmethod
    def back_up(self, target: Path) -> None:
        """Write a copy of the journal to a file. Raises BadSettings, UnusableJournal."""

    def now(self) -> float:
        """Return the database's time in seconds since 1970 if several machines share the journal, otherwise 0.

        Raises:
            JournalFailed: the connection isn't the one that holds the lock.
        """
        return 0.0

    # -- transactions -----------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block as one transaction, on disk when the block ends. Inside another, it is part of that one.

        Raises:
            JournalFailed: the transaction could not be written; nothing of the block was stored.
        """
        assert self._inside != "reading"
        with self._begun("writing"):
            yield

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Run the block as one transaction that changes tables. Raises JournalFailed."""
        with self.transaction():
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let the whole block see one state of the journal. The block waits for no writer, and no writer waits for it.

        Raises:
            JournalFailed: the journal could not be read.
        """
        with self._begun("reading"):
            yield

    @contextmanager
    def _begun(self, purpose: str) -> Iterator[None]:
        if self._inside:
            yield
            return
        self._inside = purpose
        try:
            self._begin(writes=purpose == "writing")
            try:
                yield
                self.connection.commit()
            except BaseException:
                with contextlib.suppress(*self.failures):
                    self.connection.rollback()
                raise
        except self.failures as error:
            mend = self.mend if purpose == "writing" else say("journal.mend-reading")
            raise JournalFailed(
                say(f"journal.failed-{purpose}", name=self.name, error=cause(error), mend=mend)
            ) from error
        finally:
            self._inside = None

    # -- statements -------------------------------------------------------------------------------------------------

    def execute(self, text: str, **values: object) -> None:
        """Run a statement inside the caller's transaction."""
        assert self._inside == "writing"
        self._run(text, values)

    def many(self, statement: ForRows, rows: Iterable[Row], **constants: object) -> int:
        """Run a statement for each row, inside the caller's transaction; return how many rows it changed."""
        assert self._inside == "writing"
        return sum(self._run_for_all(statement, batch, constants) for batch in _batches(rows))

    def rows(self, query: str, **values: object) -> list[Row]:
        """Return all rows that a query finds."""
        with self.reading():
            rows: list[Row] = self._run(query, values).fetchall()
        return rows

    def scalar(self, query: str, **values: object) -> Any:
        """Return the first value that a query finds, or None; inside a transaction the query may write."""
        rows = self.rows(query, **values)
        return rows[0][0] if rows else None

    def among(self, query: ForRows, rows: Iterable[Row], **constants: object) -> Iterator[Row]:
        """Yield the rows that a query finds for the given rows; inside :meth:`reading`, all are of one state."""
        for batch in _batches(rows):
            with self.reading():
                yield from self._matching(query, batch, constants)

    def about(self, name: str) -> str:
        """Return the journal's description of itself under a name: ``application``, ``schema`` or ``id``."""
        return str(self.scalar(_ABOUT, name=name))

    def number_of(self, workspace: Workspace) -> int | None:
        """Return the number of the workspace, or of that which it is another name of; None if it was never entered."""
        number: int | None = self.scalar(f"SELECT {OWNER}", profile=workspace.profile, base_url=workspace.base_url)
        return number

    def owner(self, workspace: Workspace) -> Workspace:
        """Return the workspace that this is another name of, or the workspace itself."""
        rows = self.rows(_OWNER, profile=workspace.profile, base_url=workspace.base_url)
        return Workspace(*rows[0]) if rows else workspace

    def entered(self, workspace: Workspace) -> int:
        """Return the workspace's number, and enter the workspace if it is new; call this inside a transaction."""
        number = self.number_of(workspace)
        if number is None:
            self.execute(_NEW_WORKSPACE, profile=workspace.profile, base_url=workspace.base_url)
            number = self.number_of(workspace)
        assert number is not None
        return number


_ABOUT = "SELECT value FROM about WHERE name = :name"
OWNER = "(SELECT coalesce(same_as, id) FROM workspaces WHERE profile = :profile AND base_url = :base_url)"
"""The number of a workspace, or of that which it is another name of, as a part of statements."""
_OWNER = f"SELECT profile, base_url FROM workspaces WHERE id = {OWNER}"
_NEW_WORKSPACE = "INSERT INTO workspaces (profile, base_url) VALUES (:profile, :base_url) ON CONFLICT DO NOTHING"


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, _AT_ONCE)):
        yield batch


def cause(error: BaseException) -> Message | str:
    """Return the first line of the database's own words, or the message of our own error."""
    if isinstance(error, ImporterError):
        return error.message
    return (str(error).splitlines() or [type(error).__name__])[0]
