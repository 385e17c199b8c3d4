"""What the columns of a results file are, and a table and its outcomes as blocks of them.

Comes in: a :class:`Table` and its outcomes. Goes out: :class:`Block` after block, as lists that a writer can zip.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from importer.outcomes import Outcomes

CUT_MARK = "… [cut here: the whole text has {} characters]"
"""Ends a text of which a workbook's cell holds only the beginning."""

_ROWS = 4_000
_CUT = re.compile(re.escape(CUT_MARK).replace(r"\{\}", r"[\d,]+") + r"\Z")
_ROW_NUMBER = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")


class Table(Protocol):
    """What the results need of a sheet."""

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings, in the order of the columns; they may repeat or be empty."""

    @property
    def row_count(self) -> int:
        """How many rows :meth:`blocks` brings in all."""

    def blocks(self) -> Iterator[pd.DataFrame]:
        """The rows from the first on: columns numbered from 0, texts only, indexed by the sheet's row numbers."""


@dataclass(frozen=True)
class Summary:
    """What the workbook's last sheet says of the run.

    Attributes:
        title: what was done, as a heading.
        lines: label and value, in the order to be shown.
    """

    title: str
    lines: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Block:
    """Some rows, a list for each column.

    Attributes:
        start: the position of the first of them.
        theirs: the input's own columns, those left out excepted.
        finished_at: seconds since 1970, NaN where nothing settled the row.
        source_row: its number in the file that was imported first, None where it wasn't there.
        to_fix: whether the row needs a person.
    """

    start: int
    theirs: list[list[str]]
    result: list[str]
    note_id: list[str]
    reason: list[str]
    source_row: list[int | None]
    finished_at: list[float]
    request: list[str]
    to_fix: list[bool]


def was_cut(text: str) -> bool:
    """Whether this is only the beginning of a longer text, cut when a workbook was written."""
    return _CUT.search(text) is not None


def blocks(
    table: Table,
    outcomes: Outcomes,
    *,
    keep: Sequence[int],
    source_row: int | None,
    run: str,
) -> Iterator[Block]:
    """The rows with what became of them.

    Args:
        table: the rows as they were read.
        outcomes: what became of them.
        keep: positions of the columns that go into the results.
        source_row: position of the column in which earlier results say what row of the first file it is.
        run: the run's id.

    Raises:
        ValueError: the table brings more or fewer rows than have outcomes.
    """
    to_fix = outcomes.to_fix()
    start = 0
    for frame in (part for whole in table.blocks() for part in _parts(whole)):
        stop = start + len(frame)
        if stop > len(outcomes):
            raise ValueError(f"the table brought {stop:,} rows or more, but {len(outcomes):,} have outcomes")
        ended = outcomes.frame(start, stop)
        yield Block(
            start,
            [encodable(frame.iloc[:, position].tolist()) for position in keep],
            ended["result"].tolist(),
            encodable(ended["note_id"].tolist()),
            encodable(ended["reason"].tolist()),
            frame.index.tolist() if source_row is None else _numbers(frame.iloc[:, source_row].tolist()),
            ended["finished_at"].tolist(),
            [f"{run}/{number}" if number else "" for number in ended["request"].tolist()],
            to_fix[start:stop].tolist(),
        )
        start = stop
    if start != len(outcomes):
        raise ValueError(f"the table brought {start:,} rows, but {len(outcomes):,} have outcomes")


def _numbers(texts: Sequence[str]) -> list[int | None]:
    """The texts that are row numbers, as such."""
    return [int(text) if _ROW_NUMBER.fullmatch(text.strip()) else None for text in texts]


def _parts(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The frame cut into pieces, of which a writer's lists and cells stay small."""
    for start in range(0, len(frame), _ROWS):
        yield frame.iloc[start : start + _ROWS]


def encodable(values: list[str]) -> list[str]:
    """The same texts; half characters (lone surrogates), which no file can hold, become the replacement sign."""
    try:
        "".join(values).encode()
    except UnicodeEncodeError:
        return [_SURROGATE.sub("\ufffd", value) for value in values]
    return values


def kept(headings: Sequence[str], leave_out: Collection[int]) -> list[int]:
    """The positions of the columns that go into the results."""
    return [position for position in range(len(headings)) if position not in leave_out]
