"""A journal, moved into another database: every row, with its numbers and the journal's id, and then compared.

Comes in: two open journals' stores, the second of them empty. Goes out: how many rows of each table the second has now;
or, where anything fails or differs, the second as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from importer.errors import JournalFailed
from importer.journal.schema import about, tables, workspaces
from importer.journal.statements import Among, Many, Row
from importer.journal.store import Store
from importer.messages import say
from importer.models import Workspace

_AT_ONCE = 500  # rows


def is_empty(store: Store) -> bool:
    """Whether nothing was ever entered."""
    return not any(store.rows(sa.select(sa.literal(1)).select_from(table).limit(1)) for table in _tables())


def workspaces_of(store: Store) -> list[Workspace]:
    """All that anything was ever entered of."""
    return [Workspace(row.profile, row.base_url) for row in store.rows(sa.select(workspaces))]


def copy(source: Store, target: Store) -> dict[str, int]:
    """Copy all rows, and compare them, in one transaction of the target's: table → rows.

    Raises:
        JournalFailed: one can't be read or written, or a row isn't in the target what it is in the source.
    """
    with source.reading(), target.transaction():
        copied = {table.name: sum(_copied(table, source, target)) for table in _tables()}
        identity = sa.update(about).where(about.c.name == "id").values(value=source.about("id"))
        target.execute(identity)
        for table in _tables():
            _compare(table, source, target)
    return copied


def _tables() -> list[sa.Table]:
    """In an order in which each refers to those before it; what a journal says of itself is no row to copy."""
    return [table for table in tables.sorted_tables if table is not about]


def _copied(table: sa.Table, source: Store, target: Store) -> Iterator[int]:
    values: dict[str, Any] = {column.name: sa.bindparam(column.name) for column in table.c}
    insert = Many(sa.insert(table).inline().values(values), *values)
    for rows in _rows(table, source):
        yield target.many(insert, rows)


def _compare(table: sa.Table, source: Store, target: Store) -> None:
    keys = tuple(table.primary_key.columns)
    places = [list(table.c).index(key) for key in keys]
    same = Among(sa.select(table), keys)
    size = 0
    for rows in _rows(table, source):
        there = {tuple(row) for row in target.among(same, [tuple(row[place] for place in places) for row in rows])}
        if there != set(rows):
            raise JournalFailed(say("copy.row-differs", table=table.name, name=target.name))
        size += len(rows)
    if target.scalar(sa.select(sa.func.count()).select_from(table)) != size:
        raise JournalFailed(say("copy.other-rows", table=table.name, name=target.name))


def _rows(table: sa.Table, store: Store) -> Iterator[list[Row]]:
    """A table's rows, some at a time, in the order of their keys."""
    query = sa.select(table).order_by(*table.primary_key.columns)
    result: Any = store.connection.execute(query, execution_options={"yield_per": _AT_ONCE})
    for rows in result.partitions():
        yield [tuple(row) for row in rows]
