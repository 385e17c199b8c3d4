"""Define statements once for every database; each database compiles them in its own way.

A :class:`Dialect` makes a query's text only once, and needs no dict for each row. SQLAlchemy repeats both at each call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa

from importer.messages import Message

Upsert: TypeAlias = Callable[[sa.Table], Any]
"""Function that begins an insert which says what to do if the row exists already; each database has its own."""
Row: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Among:
    """Query for rows whose columns match any of many value tuples.

    Attributes:
        query: the query, without the condition on the values.
        columns: the columns that each value tuple is compared with.
    """

    query: sa.Select[Any]
    columns: tuple[sa.Column[Any], ...]


class Many:
    """Statement that is run for many rows and changes no row twice.

    Args:
        statement: a statement with ``bindparam`` for each value, or a function that makes one with an :data:`Upsert`.
        varying: the names of the values that differ from row to row, in the order of a row's values.
    """

    def __init__(self, statement: sa.Executable | Callable[[Upsert], Any], *varying: str) -> None:
        self._statement, self.varying = statement, varying

    def compiled(self, dialect: sa.Dialect, upsert: Upsert) -> tuple[Any, dict[str, Any]]:
        """Return the statement compiled in a dialect, and the values known so far that are the same for all rows."""
        statement: Any = self._statement
        if not isinstance(statement, sa.Executable):
            statement = statement(upsert)
        compiled = statement.compile(dialect=dialect)
        return compiled, {name: value for name, value in compiled.params.items() if name not in self.varying}


@dataclass(frozen=True)
class Dialect:
    """Parts that differ between databases.

    Attributes:
        name: the database's name.
        upsert: begins an insert that may say ``on_conflict_do_nothing`` and ``on_conflict_do_update``.
        many: takes a statement, rows, and the values that are the same for all rows; returns its text and values.
        among: takes a query and value tuples for its columns; returns its text and values.
        failures: the exceptions that the driver raises.
        mend: advice for a person if the database can't be written.
        clock: a query for the database's time, in seconds since 1970, and for an ID of the connection, if several
            machines share the database; otherwise None.
    """

    name: str
    upsert: Upsert
    many: Callable[[Many, Sequence[Row], Mapping[str, Any]], tuple[str, Any]]
    among: Callable[[Among, Sequence[Row]], tuple[str, Any]]
    failures: tuple[type[BaseException], ...]
    mend: Message
    clock: sa.TextClause | None = None
