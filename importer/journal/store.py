"""One connection to the journal's database: transactions that write, and reads that hold nobody up.

Comes in: statements of the journal's parts. Goes out: their rows, or one word for all that a database can fail with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import sqlalchemy as sa

from importer.errors import JournalFailed
from importer.journal import schema
from importer.journal.sqlite import FAILURES, MEND, WRITES, Among, Many, cause, upsert
from importer.models import Workspace

_AT_ONCE = 500  # values in one query
_NUMBER = sa.select(schema.workspaces.c.id).where(
    schema.workspaces.c.profile == sa.bindparam("of_profile"), schema.workspaces.c.base_url == sa.bindparam("of_url")
)


class Store:
    """An open database. Not for several threads at once.

    Args:
        engine: of the database.
        name: what messages call it.
    """

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self.name = name
        self._engine = engine
        self.connection = engine.connect()
        self._inside: str | None = None

    def close(self) -> None:
        """Close the database."""
        self.connection.close()
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; on disk when the block is left. Inside another, a part of that.

        Raises:
            JournalFailed: it could not be written, and nothing of the block was.
        """
        assert self._inside != "reading"
        with self._begun("writing", f"written: %s. Nothing more was sent. {MEND}"):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """All of the block sees one state of the journal, waits for no writer, and holds none up.

        Raises:
            JournalFailed: it could not be read.
        """
        with self._begun("reading", "read: %s. Nothing more was sent. See that it is there and may be read"):
            yield

    @contextmanager
    def _begun(self, purpose: str, trouble: str) -> Iterator[None]:
        if self._inside:
            yield
            return
        self._inside = purpose
        try:
            self.connection.execution_options(**{WRITES: purpose == "writing"})
            with self.connection.begin():
                yield
        except FAILURES as error:
            raise JournalFailed(
                f"The journal {self.name} could not be {trouble % cause(error)}; then run the same command again."
            ) from error
        finally:
            self._inside = None

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """Run a statement inside the transaction that the caller has opened."""
        assert self._inside == "writing"
        return self.connection.execute(statement, parameters)

    def many(self, statement: Many, rows: Sequence[tuple[object, ...]], **constants: object) -> int:
        """Run a statement for each row, inside the transaction that the caller has opened; how many it changed."""
        assert self._inside == "writing"
        if not rows:
            return 0
        return self.connection.exec_driver_sql(statement.text, statement.parameters(rows, constants)).rowcount

    def rows(self, query: sa.Executable, parameters: Any = None) -> Sequence[Any]:
        """All rows that a query finds."""
        with self.reading():
            rows: Sequence[Any] = self.connection.execute(query, parameters).all()
        return rows

    def among(self, query: Among, values: Sequence[tuple[object, ...]]) -> Iterator[Any]:
        """All rows of a query that have some of these values; all of one state where the caller has opened a read."""
        for start in range(0, len(values), _AT_ONCE):
            some = values[start : start + _AT_ONCE]
            with self.reading():
                yield from self.connection.exec_driver_sql(query.text(len(some)), tuple(chain.from_iterable(some)))

    def number_of(self, workspace: Workspace) -> int | None:
        """The workspace's number, None where nothing was ever entered for it."""
        found = self.rows(_NUMBER, {"of_profile": workspace.profile, "of_url": workspace.base_url})
        return int(found[0].id) if found else None

    def entered(self, workspace: Workspace) -> int:
        """The workspace's number, inside a transaction; a new one is entered."""
        values = {"profile": workspace.profile, "base_url": workspace.base_url}
        number = self.number_of(workspace)
        if number is None:
            self.execute(upsert(schema.workspaces).on_conflict_do_nothing(), [values])
            number = self.number_of(workspace)
        assert number is not None
        return number
