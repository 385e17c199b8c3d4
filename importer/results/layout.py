"""What the columns of a results file hold, a few thousand rows at a time.

Comes in: the sheet's columns and the rows' outcomes. Goes out: :class:`ResultRows`, as columns that a writer can zip.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from importer.delivery.outcomes import Outcomes
from importer.messages import Said, render
from importer.models import Result
from importer.results.presentation import MEANINGS, Meaning
from importer.settings import profiles

_ROWS = 4_000  # of which a writer's lists and cells stay small
_ROW_NUMBER = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")


class Input(Protocol):
    """What the results need of the sheet that was imported."""

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings, in the order of the columns; they may repeat or be empty."""

    @property
    def row_count(self) -> int:
        """How many rows :meth:`columns` brings in all."""

    def columns(self) -> Iterator[tuple[Sequence[int], Sequence[Sequence[str]]]]:
        """The rows from the first on, some at a time: their numbers in the sheet, and a column for each heading."""


@dataclass(frozen=True)
class Summary:
    """What the workbook's last sheet says of the run.

    Attributes:
        title: what was done, as a heading.
        lines: label and value, in the order to be shown.
        profile: as which it ran.
        not_sent: what that means here.
    """

    title: Said
    lines: Sequence[tuple[str, Said]] = ()
    profile: str = profiles.DEFAULT
    not_sent: Meaning = MEANINGS[Result.NOT_SENT]


@dataclass(frozen=True)
class ResultRows:
    """Some rows of the results, by columns.

    Attributes:
        start: the position of the first of them.
        theirs: the input's own columns, those left out excepted.
        finished_at: seconds since 1970, NaN where nothing settled the row.
        source_row: its number in the file that was imported first, None where it wasn't there.
        to_fix: whether the row needs a person.
    """

    start: int
    theirs: Sequence[Sequence[str]]
    result: Sequence[str]
    note_id: Sequence[str]
    reason: Sequence[str]
    source_row: Sequence[int | None]
    finished_at: Sequence[float]
    request: Sequence[str]
    to_fix: Sequence[bool]


def result_rows(
    sheet: Input,
    outcomes: Outcomes,
    *,
    keep: Sequence[int],
    source_row: int | None,
    run: str,
) -> Iterator[ResultRows]:
    """The rows with what became of them.

    Args:
        sheet: the rows as they were read.
        outcomes: what became of them.
        keep: positions of the columns that go into the results.
        source_row: position of the column in which earlier results say what row of the first file it is.
        run: the run's id.

    Raises:
        ValueError: the sheet brings more or fewer rows than have outcomes.
    """
    to_fix, shown = outcomes.to_fix(), lru_cache(maxsize=4096)(render)  # a million rows have few reasons
    start = 0
    for numbers, columns in _parts(sheet):
        stop = start + len(numbers)
        if stop > len(outcomes):
            raise ValueError(f"the sheet brought {stop:,} rows or more, but {len(outcomes):,} have outcomes")
        ended = outcomes.columns(start, stop)
        yield ResultRows(
            start,
            [encodable(columns[position]) for position in keep],
            ended.result,
            encodable(ended.note_id),
            encodable(["" if reason is None else shown(reason) for reason in ended.reason]),
            numbers if source_row is None else _numbers(columns[source_row]),
            ended.finished_at,
            [f"{run}/{number}" if number else "" for number in ended.request],
            to_fix[start:stop].tolist(),
        )
        start = stop
    if start != len(outcomes):
        raise ValueError(f"the sheet brought {start:,} rows, but {len(outcomes):,} have outcomes")


def _numbers(texts: Sequence[str]) -> list[int | None]:
    """The texts that are row numbers, as such."""
    return [int(text) if _ROW_NUMBER.fullmatch(text.strip()) else None for text in texts]


def _parts(sheet: Input) -> Iterator[tuple[Sequence[int], list[Sequence[str]]]]:
    for numbers, columns in sheet.columns():
        for first in range(0, len(numbers), _ROWS):
            part = slice(first, first + _ROWS)
            yield numbers[part], [column[part] for column in columns]


def encodable(values: Sequence[str]) -> Sequence[str]:
    """The same texts; half characters (lone surrogates), which no file can hold, become the replacement sign."""
    try:
        "".join(values).encode()
    except UnicodeEncodeError:
        return [_SURROGATE.sub("\ufffd", value) for value in values]
    return values


def kept(headings: Sequence[str], leave_out: Collection[int]) -> list[int]:
    """The positions of the columns that go into the results."""
    return [position for position in range(len(headings)) if position not in leave_out]
