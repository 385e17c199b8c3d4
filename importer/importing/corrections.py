"""Represent a person's corrections of a sheet as values: a list of steps, the last of which can be taken back.

Input: steps. Output: the correction of each row, by its number; JSON values. The file is never changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

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
    def digest(self) -> str:
        """16 digits that stand for all steps."""
        return hashlib.sha256(json.dumps(self.as_json()).encode()).hexdigest()[:16]

    @cached_property
    def by_row(self) -> dict[int, Correction]:
        """Number of a row → its correction."""
        rows: dict[int, Correction] = {}
        for step in self.steps:
            for number in step.rows:
                after = _after(rows.get(number, Correction()), step)
                if after is None:
                    rows.pop(number, None)
                else:
                    rows[number] = after
        return rows

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
        """Return the corrections from JSON values.

        Raises:
            ValueError, TypeError: the values hold no corrections.
        """
        return cls(
            tuple(Step(Act(act), tuple(map(int, rows)), int(column), str(text)) for act, rows, column, text in steps)
        )
