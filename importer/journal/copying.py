"""Copy a journal into another database: every row with its numbers, and the journal's ID; then compare the rows.

Input: the stores of two open journals, of which the second is empty. Output: the number of rows in each table of the
second. If anything fails or differs, the second journal is left as it was.
"""

from __future__ import annotations

from importer.errors import JournalFailed
from importer.journal.schema import TABLES
from importer.journal.store import Store
from importer.messages import say
from importer.models import Workspace

_TABLES = [table for table in TABLES if table != "about"]  # the journal's own description isn't copied
_WORKSPACES = "SELECT profile, base_url FROM workspaces"
_SET_ID = "UPDATE about SET value = :id WHERE name = 'id'"


def is_empty(store: Store) -> bool:
    """Return whether no row was ever entered."""
    return not any(store.rows(f"SELECT 1 FROM {table} LIMIT 1") for table in _TABLES)


def workspaces_of(store: Store) -> list[Workspace]:
    """Return all workspaces that have entries."""
    return [Workspace(profile, base_url) for profile, base_url in store.rows(_WORKSPACES)]


def copy(source: Store, target: Store) -> dict[str, int]:
    """Copy all rows and compare them, in one transaction of the target; return table → number of rows.

    Raises:
        JournalFailed: a row can't be read or written, or differs in the target.
    """
    with source.reading(), target.transaction():
        columns = {table: source.columns(table) for table in _TABLES}
        for table, names in columns.items():
            target.insert(table, names, source.each(f"SELECT {', '.join(names)} FROM {table}"))
        target.execute(_SET_ID, id=source.about("id"))
        return {table: _compared(table, names, source, target) for table, names in columns.items()}


def _compared(table: str, columns: list[str], source: Store, target: Store) -> int:
    """Return the number of a table's rows. Raises JournalFailed if the two stores don't hold the same rows."""
    counts, digests = [0, 0], [0, 0]
    for number, store in enumerate((source, target)):
        for row in store.each(f"SELECT {', '.join(columns)} FROM {table}"):
            counts[number] += 1
            digests[number] += hash(row)  # a sum, because the two databases don't sort texts alike
    if counts[0] != counts[1]:
        raise JournalFailed(say("copy.other-rows", table=table, name=target.name))
    if digests[0] != digests[1]:
        raise JournalFailed(say("copy.row-differs", table=table, name=target.name))
    return counts[0]
