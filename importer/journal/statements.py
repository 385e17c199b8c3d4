"""Statements as the journal's parts write them down, once for every database; each database compiles them in its way.

What SQLAlchemy would do anew at each call, dicts of all rows and a query's text, is done once, by a :class:`Dialect`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa

from importer.messages import Message

Upsert: TypeAlias = Callable[[sa.Table], Any]
"""Begins an insert that may say what is to be done where such a row is there already; each database has its own."""
Row: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Among:
    """A query for rows whose columns are among many values.

    Attributes:
        query: for some of all rows.
        columns: the columns, which the values that are asked for are tuples of.
    """

    query: sa.Select[Any]
    columns: tuple[sa.Column[Any], ...]


class Many:
    """A statement that is run for many rows, none of which it changes twice.

    Args:
        statement: with ``bindparam`` where a value comes in; or what makes it of a database's :data:`Upsert`.
        varying: the names of those that differ from row to row, in the order of a row's values.
    """

    def __init__(self, statement: sa.Executable | Callable[[Upsert], Any], *varying: str) -> None:
        self._statement, self.varying = statement, varying

    def compiled(self, dialect: sa.Dialect, upsert: Upsert) -> tuple[Any, dict[str, Any]]:
        """In a dialect of SQLAlchemy's; and the values that may be the same for all rows, where they are known."""
        statement: Any = self._statement
        if not isinstance(statement, sa.Executable):
            statement = statement(upsert)
        compiled = statement.compile(dialect=dialect)
        return compiled, {name: value for name, value in compiled.params.items() if name not in self.varying}


@dataclass(frozen=True)
class Dialect:
    """What a database says in its own way.

    Attributes:
        name: its name.
        upsert: begins an insert that may say ``on_conflict_do_nothing`` and ``on_conflict_do_update``.
        many: a statement, rows, and what is the same for all of them → its text, and the values for it.
        among: a query for rows whose columns are among some tuples of values → its text, and the values for it.
        failures: what its driver raises.
        mend: what a person may do where it can't be written.
        clock: a query for the time by its clock, in seconds since 1970, and for what it calls the connection, where
            several machines share it; None where this one is alone with it.
    """

    name: str
    upsert: Upsert
    many: Callable[[Many, Sequence[Row], Mapping[str, Any]], tuple[str, Any]]
    among: Callable[[Among, Sequence[Row]], tuple[str, Any]]
    failures: tuple[type[BaseException], ...]
    mend: Message
    clock: sa.TextClause | None = None
