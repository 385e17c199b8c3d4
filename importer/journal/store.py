"""One connection to the journal's database: transactions that write, and reads that hold nobody up.

Comes in: statements of the journal's parts. Goes out: their rows, or one word for all that a database can fail with.
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
"""The execution option of a connection whose next transaction may write."""

_AT_ONCE = 500  # values in one query
_NUMBER = sa.select(schema.workspaces.c.id).where(
    schema.workspaces.c.profile == sa.bindparam("of_profile"), schema.workspaces.c.base_url == sa.bindparam("of_url")
)


class Store:
    """An open database. Not for several threads at once.

    Args:
        engine: of the database.
        name: what messages call it.
        dialect: what it says in its own way.
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
        """All or nothing; on disk when the block is left. Inside another, a part of that.

        Raises:
            JournalFailed: it could not be written, and nothing of the block was.
        """
        assert self._inside != "reading"
        with self._begun("writing"):
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """All of the block sees one state of the journal, waits for no writer, and holds none up.

        Raises:
            JournalFailed: it could not be read.
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
        """Begins an insert that may say what is to be done where such a row is there already."""
        return self.dialect.upsert

    def about(self, name: str) -> str:
        """What the journal says of itself under a name: ``application``, ``schema`` or ``id``."""
        return str(self.rows(sa.select(schema.about.c.value).where(schema.about.c.name == name))[0].value)

    def now(self) -> float:
        """Seconds since 1970 by the database's clock, where several machines share it; 0 where nobody else does.

        Raises:
            JournalFailed: the connection isn't the one that it was when it was to :meth:`stay` so.
        """
        if self.dialect.clock is None:
            return 0.0
        [(now, connection)] = self.rows(self.dialect.clock)
        if self._home not in (None, connection):
            raise JournalFailed(say("journal.another-connection", name=self.name))
        return float(now)

    def stay(self) -> None:
        """What the connection is now, by the database's word, it is to be whenever it is asked for the time."""
        assert self.dialect.clock is not None
        [(_, self._home)] = self.rows(self.dialect.clock)

    def scalar(self, query: sa.Executable, **parameters: object) -> Any:
        """The one value that a query finds, or None; inside of a transaction it may write."""
        rows = self.rows(query, parameters)
        return rows[0][0] if rows else None

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """Run a statement inside the transaction that the caller has opened."""
        assert self._inside == "writing"
        return self.connection.execute(statement, parameters)

    def many(self, statement: Many, rows: Sequence[tuple[object, ...]], **constants: object) -> int:
        """Run a statement for each row, inside the transaction that the caller has opened; how many it changed."""
        assert self._inside == "writing"
        if not rows:
            return 0
        return self.connection.exec_driver_sql(*self.dialect.many(statement, rows, constants)).rowcount

    def rows(self, query: sa.Executable, parameters: Any = None) -> Sequence[Any]:
        """All rows that a query finds."""
        with self.reading():
            rows: Sequence[Any] = self.connection.execute(query, parameters).all()
        return rows

    def each(self, query: sa.Executable, parameters: Any = None) -> Iterator[Any]:
        """Yield the rows that a query finds, without holding all of them."""
        with self.reading():
            yield from self.connection.execute(query, parameters, execution_options={"yield_per": _AT_ONCE})

    def among(self, query: Among, values: Sequence[tuple[object, ...]]) -> Iterator[Any]:
        """All rows of a query that have some of these values; all of one state where the caller has opened a read."""
        for start in range(0, len(values), _AT_ONCE):
            some = values[start : start + _AT_ONCE]
            with self.reading():
                yield from self.connection.exec_driver_sql(*self.dialect.among(query, some))

    def number_of(self, workspace: Workspace) -> int | None:
        """The workspace's number, None where nothing was ever entered for it."""
        found = self.rows(_NUMBER, {"of_profile": workspace.profile, "of_url": workspace.base_url})
        return int(found[0].id) if found else None

    def entered(self, workspace: Workspace) -> int:
        """The workspace's number, inside a transaction; a new one is entered."""
        values = {"profile": workspace.profile, "base_url": workspace.base_url}
        number = self.number_of(workspace)
        if number is None:
            self.execute(self.upsert(schema.workspaces).on_conflict_do_nothing(), [values])
            number = self.number_of(workspace)
        assert number is not None
        return number


def cause(error: BaseException) -> Message | str:
    """The database's own words, without the statement that SQLAlchemy adds; or the message of an error of ours."""
    if isinstance(error, ImporterError):
        return error.message
    original = getattr(error, "orig", None)
    return (str(original or error).splitlines() or [type(error).__name__])[0]
