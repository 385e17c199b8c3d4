"""What the words of the visibility and the status were read as, for a person to see before anything is sent.

Comes in: columns whose cells were read. Goes out: their words, each with its value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from importer.models import Role, Status, Visibility
from importer.rows.values import cleaned_id, folded


class ColumnMeanings(Protocol):
    """A column whose cells were read."""

    @property
    def position(self) -> int | None:
        """Its place in the sheet; None if the sheet has no such column."""

    @property
    def code(self) -> Mapping[str, int]:
        """Text of a cell → index into ``values``."""

    @property
    def values(self) -> Sequence[object]:
        """The value, or the error, for each code."""


def meanings(columns: Mapping[Role, ColumnMeanings]) -> dict[Role, dict[str, Visibility | Status]]:
    """Return the value of each word in these columns, the public words first; "" stands for a blank cell."""
    found: dict[Role, dict[str, Visibility | Status]] = {}
    for role, column in columns.items():
        if column.position is None:
            continue
        spelt: dict[str, tuple[str, Visibility | Status]] = {}
        for text, code in column.code.items():
            if isinstance(value := column.values[code], Visibility | Status):
                word = cleaned_id(text)
                spelt.setdefault(folded(word), (word, value))
        found[role] = dict(sorted(spelt.values(), key=lambda pair: pair[1]))
    return found
