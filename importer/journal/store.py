"""Run SQL over one connection to the journal's database, in transactions; reads block nobody.

Input: SQL text, the same for every database, with values as ``:name``. Output: rows as tuples, or one error for every
failure of a database. :mod:`.sqlite` and :mod:`.postgres` add what is special about their database.
"""

from __future__ import annotations

import contextlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, ClassVar, TypeAlias, TypeVar

from importer.errors import ImporterError, JournalFailed
from importer.messages import Message, say
from importer.models import Workspace

Row: TypeAlias = tuple[Any, ...]
_T = TypeVar("_T")

_AT_ONCE = 500  # values in one query, rows in one batch


class Store(ABC):
    """Open database. It must not be used by several threads at once.

    ``failures`` are the exceptions that the driver raises, and ``mend`` is advice if the database can't be written. If
    the database spells SQL otherwise than SQLite, ``spelling`` has patterns, and what replaces them, in this order.
    """

    spelling: ClassVar[Sequence[tuple[str, str]]] = ()
    failures: ClassVar[tuple[type[BaseException], ...]]
    mend: ClassVar[Message]

    def __init__(self, connection: Any, name: str) -> None:
        self.connection, self.name = connection, name
        self._inside: str | None = None

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

    @abstractmethod
    def _begin(self, *, writes: bool) -> None:
        """Begin a transaction. A transaction that only reads sees one state of the journal and blocks nobody."""

    # -- transactions -----------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block as one transaction, on disk when the block ends. Inside another, it is part of that one."""
        assert self._inside != "reading"
        with self._begun("writing"):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let the whole block see one state of the journal. The block waits for no writer, and no writer for it."""
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

    @classmethod
    def _own(cls, text: str) -> str:
        """Return SQL in the database's own spelling."""
        for pattern, ours in cls.spelling:
            text = re.sub(pattern, ours, text)
        return text

    @abstractmethod
    def inserted(self, text: str, **values: object) -> int:
        """Insert one row, inside the caller's transaction; return the ID that the database assigns to it."""

    def _run(self, text: str, values: Mapping[str, Any]) -> Any:
        return self.connection.execute(self._own(text), values)

    def execute(self, text: str, **values: object) -> None:
        """Run a statement inside the caller's transaction."""
        assert self._inside == "writing"
        self._run(text, values)

    def many(self, text: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Run a statement for each row of values, inside the caller's transaction; return how many rows it changed."""
        assert self._inside == "writing"
        own, cursor, changed = self._own(text), self.connection.cursor(), 0
        for batch in _batches(rows):
            cursor.executemany(own, batch)
            changed += cursor.rowcount
        return changed

    def rows(self, query: str, **values: object) -> list[Row]:
        """Return all rows that a query finds. A workspace among the values stands for its number."""
        if isinstance(workspace := values.get("workspace"), Workspace):
            query = query.replace(":workspace", _NUMBER)
            values |= {"profile": workspace.profile, "base_url": workspace.base_url}
        with self.reading():
            rows: list[Row] = self._run(query, values).fetchall()
        return rows

    def scalar(self, query: str, **values: object) -> Any:
        """Return the first value that a query finds, or None; inside a transaction the query may write."""
        rows = self.rows(query, **values)
        return rows[0][0] if rows else None

    def among(self, query: str, given: Iterable[object], **constants: object) -> Iterator[Row]:
        """Yield the rows that a query finds for some values, which stand for its ``{given}``.

        Inside :meth:`reading`, all rows are of one state.
        """
        for batch in _batches(given):
            values = {f"given_{number}": value for number, value in enumerate(batch)}
            yield from self.rows(query.format(given=", ".join(f":{name}" for name in values)), **constants, **values)

    def number_of(self, workspace: Workspace) -> int | None:
        """Return the number of the workspace, or of that which it is another name of; None if it was never entered."""
        number: int | None = self.scalar("SELECT :workspace", workspace=workspace)
        return number

    def owner(self, workspace: Workspace) -> Workspace:
        """Return the workspace that this is another name of, or the workspace itself."""
        rows = self.rows(_OWNER, workspace=workspace)
        return Workspace(*rows[0]) if rows else workspace

    def entered(self, workspace: Workspace) -> int:
        """Return the workspace's number, and enter the workspace if it is new; call this inside a transaction."""
        if (number := self.number_of(workspace)) is None:
            number = self.inserted(_NEW_WORKSPACE, profile=workspace.profile, base_url=workspace.base_url)
        return number


_NUMBER = "(SELECT coalesce(same_as, id) FROM workspaces WHERE profile = :profile AND base_url = :base_url)"
_OWNER = "SELECT profile, base_url FROM workspaces WHERE id = :workspace"
_NEW_WORKSPACE = "INSERT INTO workspaces (profile, base_url) VALUES (:profile, :base_url)"


def _batches(rows: Iterable[_T]) -> Iterator[list[_T]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, _AT_ONCE)):
        yield batch


def cause(error: BaseException) -> Message | str:
    """Return the first line of the database's own words, or the message of our own error."""
    if isinstance(error, ImporterError):
        return error.message
    return (str(error).splitlines() or [type(error).__name__])[0]
