"""Combine a sheet and its outcomes into the columns of a results file, a few thousand rows at a time.

Input: the sheet's columns and the rows' outcomes. Output: :class:`ResultRows`, columns that a writer can zip.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from importer.delivery.outcomes import Outcomes
from importer.messages import Message, Said, render, say
from importer.models import Result, Role, Rows
from importer.reading import Sheet
from importer.resultsfile import COLUMNS, COMPOSED, PRACTISED, ResultColumn
from importer.rows.columns import Roles
from importer.settings import profiles
from importer.texts import TEXTS

_ROWS = 4_000  # rows in a block; few enough for small lists
_ROW_NUMBER = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")


class Meaning(NamedTuple):
    """The meaning of a result, and the user's next step, if there is one; both in lower case, without a full stop."""

    means: Message
    next: Message | None = None


def _meaning(result: Result) -> Meaning:
    name = result.value.replace(" ", "-")
    return Meaning(say(f"result.{name}"), say(f"result.{name}.next") if f"result.{name}.next" in TEXTS else None)


MEANINGS: Mapping[Result, Meaning] = {result: _meaning(result) for result in Result}
"""Meanings of the results, worded the same wherever they are explained."""
IN_PRACTICE: Mapping[Result, Meaning] = {
    **MEANINGS,
    Result.CREATED: Meaning(say("result.practised")),
    Result.UPDATED: Meaning(say("result.practised-update")),
    Result.REJECTED: MEANINGS[Result.REJECTED]._replace(next=say("result.practised.next")),
    Result.INVALID: MEANINGS[Result.INVALID]._replace(next=say("result.practised.next")),
}
"""Meanings of the results of practice."""


@dataclass(frozen=True)
class Summary:
    """The content of the workbook's sheet *Summary*, and what the other sheets need beside the rows.

    ``lines`` are labels and values in the order shown. If it ``is_practice``, nothing was sent, so that the headings
    say so. ``run`` is the run's name; empty if there is none.
    """

    title: Said
    headline: Message
    lines: Sequence[tuple[Said, Said | int]] = ()
    profile: str = profiles.DEFAULT
    meanings: Mapping[Result, Meaning] = field(default_factory=lambda: MEANINGS)
    is_practice: bool = False
    run: str = ""


@dataclass(frozen=True)
class ResultRows:
    """A block of result rows, as columns: the sheet's own (``theirs``), and ours (see :class:`ResultTable`).

    An unknown number is None. A time is in seconds since 1970, NaN if nothing decided the row's result.
    """

    theirs: Sequence[Sequence[str]]
    ours: Sequence[Sequence[Any]]
    to_fix: Sequence[bool]


@dataclass(frozen=True)
class ResultTable:
    """A sheet and the outcomes of its rows, as a results file shows them.

    Attributes:
        earlier: heading → position of our columns in an earlier results file, of which ``source_row`` is kept, and
            ``note_id`` where there is none now, so that a row can still be told by it.
        marked: cells with problems: row position → positions of columns.
    """

    sheet: Sheet
    outcomes: Outcomes
    summary: Summary
    earlier: Mapping[str, int]
    marked: Mapping[int, Collection[int]]

    @cached_property
    def theirs(self) -> Mapping[int, str]:
        """Position and heading of each column of the sheet's own."""
        return {at: text for at, text in enumerate(self.sheet.headings) if at not in self.earlier.values()}

    @cached_property
    def ours(self) -> Mapping[str, ResultColumn]:
        """Our columns by their headings. The first heading says if nothing was sent, and few sheets need the last."""
        first, *others = (one for one in COLUMNS if one.heading != COMPOSED or self.outcomes.composed is not None)
        heading = PRACTISED if self.summary.is_practice else first.heading
        return {heading: first, **{column.heading: column for column in others}}

    def blocks(self) -> Iterator[ResultRows]:
        """Yield the rows in blocks; raise ValueError if the numbers of rows and outcomes differ."""
        outcomes, source_row, note_id = self.outcomes, self.earlier.get("source_row"), self.earlier.get("note_id")
        to_fix, rendered = outcomes.to_fix(), lru_cache(maxsize=4096)(render)  # a million rows have few reasons
        start = 0
        for numbers, columns in _parts(self.sheet):
            stop = start + len(numbers)
            if stop > len(outcomes):
                raise ValueError(f"the sheet brought {stop:,} rows or more, but {len(outcomes):,} have outcomes")
            block = outcomes.columns(start, stop)
            named = block.note_id
            if note_id is not None:
                named = [one or before for one, before in zip(named, columns[note_id], strict=True)]
            values: dict[str, Sequence[Any]] = {
                "result": block.result,
                "note_id": encodable(named),
                "reason": encodable(["" if reason is None else rendered(reason) for reason in block.reason]),
                "source_row": numbers if source_row is None else _numbers(columns[source_row]),
                "finished_at": block.finished_at,
                "request": [f"{self.summary.run}/{number}" if number else "" for number in block.request],
                COMPOSED: () if outcomes.composed is None else encodable(outcomes.composed(start, stop)),
            }
            theirs = [encodable(columns[position]) for position in self.theirs]
            ours = [values[column.heading] for column in self.ours.values()]
            yield ResultRows(theirs, ours, to_fix[start:stop].tolist())
            start = stop
        if start != len(outcomes):
            raise ValueError(f"the sheet brought {start:,} rows, but {len(outcomes):,} have outcomes")


def _numbers(texts: Sequence[str]) -> list[int | None]:
    return [int(text) if _ROW_NUMBER.fullmatch(text.strip()) else None for text in texts]


def _parts(sheet: Sheet) -> Iterator[tuple[Sequence[int], list[Sequence[str]]]]:
    for numbers, columns in sheet.columns():
        for first in range(0, len(numbers), _ROWS):
            part = slice(first, first + _ROWS)
            yield numbers[part], [column[part] for column in columns]


def encodable(values: Sequence[str]) -> Sequence[str]:
    """Return the texts with lone surrogates, which can't be encoded, replaced by U+FFFD."""
    try:
        "".join(values).encode()
    except UnicodeEncodeError:
        return [_SURROGATE.sub("\ufffd", value) for value in values]
    return values


def marked(rows: Rows, roles: Roles) -> dict[int, Collection[int]]:
    """Return the cells with problems: row position → positions of columns."""
    email = roles.columns.get(Role.EMAIL)
    cells: dict[int, Collection[int]] = {}
    if email is not None:
        positions = np.array([*rows.rejected], dtype=np.int32)
        cells |= {row: {email} for row in rows.of_sheet(positions).tolist()}
    for position, of_row in rows.problems.items():
        cells[position] = {problem.column for problem in of_row if problem.column is not None}
    return cells
