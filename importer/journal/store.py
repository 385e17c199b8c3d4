"""Run transactions and reads over one connection to the journal's database; reads block nobody.

Input: statements of the journal's other modules. Output: their rows, or one error for every failure of a database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from importer.errors import ImporterError, JournalFailed
from importer.journal import schema
from importer.journal.statements import Among, Dialect, Many, Upsert
from importer.messages import Message, say
from importer.models import Workspace

WRITES = "writes"
"""Execution option of a connection whose next transaction may write."""

_AT_ONCE = 500  # values in one query
_NUMBER = sa.select(schema.workspaces.c.id).where(
    schema.workspaces.c.profile == sa.bindparam("of_profile"), schema.workspaces.c.base_url == sa.bindparam("of_url")
)


class Store:
    """Open database. It must not be used by several threads at once.

    Args:
        engine: the database's engine.
        name: the journal's name in messages.
        dialect: the parts that differ between databases.
    """

    def __init__(self, engine: sa.Engine, name: str, dialect: Dialect) -> None:
        self.name, self.dialect = name, dialect
        self._engine = engine
        self.connection = engine.connect()
        self._inside: str | None = None
        self._home: int | None = None

    def close(self) -> None:
        """Close the database."""
        self.connection.close()
        self._engine.dispose()

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
            self.connection.execution_options(**{WRITES: purpose == "writing"})
            with self.connection.begin():
                yield
        except self.dialect.failures as error:
            mend = self.dialect.mend if purpose == "writing" else say("journal.mend-reading")
            raise JournalFailed(
                say(f"journal.failed-{purpose}", name=self.name, error=cause(error), mend=mend)
            ) from error
        finally:
            self._inside = None

    @property
    def upsert(self) -> Upsert:
        """Function that begins an insert which says what to do if the row exists already."""
        return self.dialect.upsert

    def about(self, name: str) -> str:
        """Return the journal's description of itself under a name: ``application``, ``schema`` or ``id``."""
        return str(self.rows(sa.select(schema.about.c.value).where(schema.about.c.name == name))[0].value)

    def now(self) -> float:
        """Return the database's time in seconds since 1970 if several machines share the journal, otherwise 0.

        Raises:
            JournalFailed: the connection isn't the one that the last :meth:`stay` remembered.
        """
        if self.dialect.clock is None:
            return 0.0
        [(now, connection)] = self.rows(self.dialect.clock)
        if self._home not in (None, connection):
            raise JournalFailed(say("journal.another-connection", name=self.name))
        return float(now)

    def stay(self) -> None:
        """Remember the current connection; :meth:`now` fails on any other."""
        assert self.dialect.clock is not None
        [(_, self._home)] = self.rows(self.dialect.clock)

    def scalar(self, query: sa.Executable, **parameters: object) -> Any:
        """Return the one value that a query finds, or None; inside a transaction the query may write."""
        rows = self.rows(query, parameters)
        return rows[0][0] if rows else None

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """Run a statement inside the caller's transaction."""
        assert self._inside == "writing"
        return self.connection.execute(statement, parameters)

    def many(self, statement: Many, rows: Sequence[tuple[object, ...]], **constants: object) -> int:
        """Run a statement for each row, inside the caller's transaction; return how many rows it changed."""
        assert self._inside == "writing"
        if not rows:
            return 0
        return self.connection.exec_driver_sql(*self.dialect.many(statement, rows, constants)).rowcount

    def rows(self, query: sa.Executable, parameters: Any = None) -> Sequence[Any]:
        """Return all rows that a query finds."""
        with self.reading():
            rows: Sequence[Any] = self.connection.execute(query, parameters).all()
        return rows

    def each(self, query: sa.Executable, parameters: Any = None) -> Iterator[Any]:
        """Yield the rows that a query finds, without holding all of them in memory."""
        with self.reading():
            yield from self.connection.execute(query, parameters, execution_options={"yield_per": _AT_ONCE})

    def among(self, query: Among, values: Sequence[tuple[object, ...]]) -> Iterator[Any]:
        """Yield a query's rows that match any of these value tuples; inside :meth:`reading`, all are of one state."""
        for start in range(0, len(values), _AT_ONCE):
            batch = values[start : start + _AT_ONCE]
            with self.reading():
                yield from self.connection.exec_driver_sql(*self.dialect.among(query, batch))

    def number_of(self, workspace: Workspace) -> int | None:
        """Return the workspace's number; None if nothing was ever entered for it."""
        rows = self.rows(_NUMBER, {"of_profile": workspace.profile, "of_url": workspace.base_url})
        return int(rows[0].id) if rows else None

    def entered(self, workspace: Workspace) -> int:
        """Return the workspace's number, and enter the workspace if it is new; call this inside a transaction."""
        values = {"profile": workspace.profile, "base_url": workspace.base_url}
        number = self.number_of(workspace)
        if number is None:
            self.execute(self.upsert(schema.workspaces).on_conflict_do_nothing(), [values])
            number = self.number_of(workspace)
        assert number is not None
        return number


def cause(error: BaseException) -> Message | str:
    """Return the database's own words, without the statement that SQLAlchemy adds, or the message of our own error."""
    if isinstance(error, ImporterError):
        return error.message
    original = getattr(error, "orig", None)
    return (str(original or error).splitlines() or [type(error).__name__])[0]
