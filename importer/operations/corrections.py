"""Represent a person's corrections of a sheet as values, and keep the rows with problems for a screen of them.

Input: steps, the last of which can be taken back; the rows with problems, and their kinds. Output: the correction of
each row, by its number; JSON values; a SQLite file beside the sheet, so that a screen needs no look at the whole sheet,
and single pages of its rows. That file holds cells, and stands in a folder that only its owner can enter. The sheet's
own file is never changed.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from importer.models import hashed
from importer.reading import Correction

__all__ = ["Act", "Correction", "Corrections", "Step"]


class Act(StrEnum):
    """Acts of a person on rows of a sheet."""

    WRITE = "write"
    LEAVE_OUT = "leave-out"
    CONFIRM = "confirm"
    TAKE_BACK = "take-back"


@dataclass(frozen=True)
class Step:
    """Act of a person on one or several rows.

    Attributes:
        act: the act.
        rows: the numbers of the rows.
        column: position of the column that is written to.
        text: the new text of the cells in this column.
    """

    act: Act
    rows: tuple[int, ...]
    column: int = 0
    text: str = ""


def _after(one: Correction, step: Step) -> Correction | None:
    """Return the correction of a row after a further step; None if nothing is left of it."""
    match step.act:
        case Act.WRITE:
            return replace(one, texts={**one.texts, step.column: step.text}, is_left_out=False)
        case Act.LEAVE_OUT:
            return replace(one, is_left_out=True)
        case Act.CONFIRM:
            return replace(one, is_left_out=False, is_confirmed=True)
        case Act.TAKE_BACK:
            return None


@dataclass(frozen=True)
class Corrections:
    """All corrections of a sheet.

    Attributes:
        steps: what a person did, in this order.
    """

    steps: tuple[Step, ...] = ()

    @cached_property
    def by_row(self) -> dict[int, Correction]:
        """Number of a row → its correction."""
        rows: dict[int, Correction | None] = {}
        for step in self.steps:
            for number in step.rows:
                rows[number] = _after(rows.get(number) or Correction(), step)
        return {number: one for number, one in rows.items() if one is not None}

    def and_also(self, *steps: Step) -> Corrections:
        """Return the corrections after further steps. A text replaces one that was just written to the same cells."""
        all_steps = [*self.steps]
        for step in steps:
            last = all_steps[-1] if all_steps else None
            if last and step.act is Act.WRITE is last.act and (last.rows, last.column) == (step.rows, step.column):
                all_steps.pop()
            all_steps.append(step)
        return Corrections(tuple(all_steps))

    def without_last(self) -> Corrections:
        """Return the corrections before the last step."""
        return Corrections(self.steps[:-1])

    def as_json(self) -> list[Any]:
        """Return the corrections as JSON values."""
        return [[step.act, [*step.rows], step.column, step.text] for step in self.steps]

    @classmethod
    def from_json(cls, steps: Sequence[Any]) -> Corrections:
        """Return the corrections from JSON values. Raises ValueError, TypeError."""
        return cls(
            tuple(Step(Act(act), tuple(map(int, rows)), int(column), str(text)) for act, rows, column, text in steps)
        )


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


def keep(
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
    """Rows with problems of a sheet."""

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
    return hashed(text)[:16]
