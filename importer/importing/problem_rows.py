"""Keep the rows with problems of a sheet in a file, so that a screen of them needs no look at the whole sheet.

Input: these rows and the kinds of their problems; other rows that a person looks for. Output: a SQLite file in the
sheet's folder, which only its owner can enter, because the file holds cells; single pages of its rows.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

_TABLES = """
DROP TABLE IF EXISTS rows;
DROP TABLE IF EXISTS problems;
CREATE TABLE rows (number INTEGER PRIMARY KEY, cells TEXT NOT NULL);
CREATE TABLE problems (kind INTEGER NOT NULL, number INTEGER NOT NULL, position INTEGER, value BLOB NOT NULL);
CREATE INDEX problems_by_kind ON problems (kind, value);
CREATE INDEX problems_by_row ON problems (number);
"""
_AT_ONCE = 500  # row numbers in a statement
_PATIENCE = 30.0  # seconds for another process that writes the same rows again


def write(
    path: Path,
    rows: Iterable[tuple[int, Sequence[str]]],
    problems: Iterable[tuple[int, int, int | None, str]],
) -> None:
    """Write the rows with problems, in place of those that an earlier look found.

    Args:
        path: the file.
        rows: number and cells of each row.
        problems: kind of each problem, number of its row, position of its column, and text of its cell.
    """
    with _opened(path) as connection:
        connection.executescript(f"PRAGMA synchronous = OFF; BEGIN IMMEDIATE; {_TABLES}")
        connection.executemany(
            "INSERT INTO rows VALUES (?, ?)", ((number, json.dumps(cells)) for number, cells in rows)
        )
        connection.executemany(
            "INSERT INTO problems VALUES (?, ?, ?, ?)", ((*where, _digest(text)) for *where, text in problems)
        )


def add(path: Path, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
    """Add rows without a problem to the file, so that a person can change them, too."""
    with _opened(path) as connection:
        connection.executemany(
            "INSERT OR IGNORE INTO rows VALUES (?, ?)", ((number, json.dumps(cells)) for number, cells in rows)
        )


class ProblemRows:
    """Rows with problems of a sheet.

    Args:
        path: the file that :func:`write` wrote.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def numbers(self, kind: int | None = None) -> list[int]:
        """Return the numbers of the rows with a problem of this kind, or with any."""
        query = "SELECT DISTINCT number FROM problems WHERE :kind IS NULL OR kind = :kind ORDER BY number"
        with _opened(self._path) as connection:
            return [number for (number,) in connection.execute(query, {"kind": kind})]

    def kinds(self, numbers: Collection[int]) -> dict[tuple[int, int | None], int]:
        """Return the number of a row, and the position of a column → the kind of problem that its cell had."""
        query = "SELECT number, position, kind FROM problems"
        return {(number, position): kind for number, position, kind in self._of(query, numbers)}

    def alike(self, kind: int, text: str) -> list[int]:
        """Return the numbers of the rows whose cell has this text and, because of it, this problem."""
        query = "SELECT number FROM problems WHERE kind = ? AND value = ? ORDER BY number"
        with _opened(self._path) as connection:
            return [number for (number,) in connection.execute(query, (kind, _digest(text)))]

    def cells(self, numbers: Collection[int]) -> dict[int, list[str]]:
        """Return the cells of rows as the sheet has them."""
        return {number: json.loads(cells) for number, cells in self._of("SELECT number, cells FROM rows", numbers)}

    def _of(self, query: str, numbers: Collection[int]) -> Iterator[tuple[Any, ...]]:
        wanted = [*numbers]
        with _opened(self._path) as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                yield from connection.execute(f"{query} WHERE number IN ({', '.join('?' * len(some))})", some)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=_PATIENCE)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
