"""Copy a journal into another database: every row with its numbers, and the journal's ID; then compare the rows.

Input: the stores of two open journals, of which the second is empty. Output: the number of rows in each table of the
second. If anything fails or differs, the second journal is left as it was.
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
    """Return whether no row was ever entered."""
    return not any(store.rows(sa.select(sa.literal(1)).select_from(table).limit(1)) for table in _tables())


def workspaces_of(store: Store) -> list[Workspace]:
    """Return all workspaces that have entries."""
    return [Workspace(row.profile, row.base_url) for row in store.rows(sa.select(workspaces))]


def copy(source: Store, target: Store) -> dict[str, int]:
    """Copy all rows and compare them, in one transaction of the target; return table → number of rows.

    Raises:
        JournalFailed: a row can't be read or written, or differs in the target.
    """
    with source.reading(), target.transaction():
        copied = {table.name: sum(_copied(table, source, target)) for table in _tables()}
        update_id = sa.update(about).where(about.c.name == "id").values(value=source.about("id"))
        target.execute(update_id)
        for table in _tables():
            _compare(table, source, target)
    return copied


def _tables() -> list[sa.Table]:
    """Return the tables to copy, each after those that it refers to; the journal's own description isn't copied."""
    return [table for table in tables.sorted_tables if table is not about]


def _copied(table: sa.Table, source: Store, target: Store) -> Iterator[int]:
    values: dict[str, Any] = {column.name: sa.bindparam(column.name) for column in table.c}
    insert = Many(sa.insert(table).inline().values(values), *values)
    for rows in _rows(table, source):
        yield target.many(insert, rows)


def _compare(table: sa.Table, source: Store, target: Store) -> None:
    keys = tuple(table.primary_key.columns)
    indexes = [list(table.c).index(key) for key in keys]
    query = Among(sa.select(table), keys)
    count = 0
    for rows in _rows(table, source):
        copied = {tuple(row) for row in target.among(query, [tuple(row[index] for index in indexes) for row in rows])}
        if copied != set(rows):
            raise JournalFailed(say("copy.row-differs", table=table.name, name=target.name))
        count += len(rows)
    if target.scalar(sa.select(sa.func.count()).select_from(table)) != count:
        raise JournalFailed(say("copy.other-rows", table=table.name, name=target.name))


def _rows(table: sa.Table, store: Store) -> Iterator[list[Row]]:
    """Yield a table's rows in batches, in the order of their keys."""
    query = sa.select(table).order_by(*table.primary_key.columns)
    result: Any = store.connection.execute(query, execution_options={"yield_per": _AT_ONCE})
    for rows in result.partitions():
        yield [tuple(row) for row in rows]
