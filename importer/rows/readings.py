"""List the value of each word for visibility and status, so that the user can check them before notes are sent.

Input: columns whose cells were read. Output: their words, each with its value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from importer.models import Role, Status, Visibility
from importer.rows.values import cleaned_id, folded


class ColumnMeanings(Protocol):
    """A column whose cells were read, with the value of each distinct text."""

    @property
    def position(self) -> int | None:
        """The column's position in the sheet; None if the sheet has no such column."""

    @property
    def code(self) -> Mapping[str, int]:
        """Text of a cell → index into ``values``."""

    @property
    def values(self) -> Sequence[object]:
        """The value, or the error, for each code."""


def meanings(columns: Mapping[Role, ColumnMeanings]) -> dict[Role, dict[str, Visibility | Status]]:
    """Return the value of each word in these columns, the public words first; "" stands for a blank cell."""
    words_by_role: dict[Role, dict[str, Visibility | Status]] = {}
    for role, column in columns.items():
        if column.position is None:
            continue
        spellings: dict[str, tuple[str, Visibility | Status]] = {}
        for text, code in column.code.items():
            if isinstance(value := column.values[code], Visibility | Status):
                word = cleaned_id(text)
                spellings.setdefault(folded(word), (word, value))
        words_by_role[role] = dict(sorted(spellings.values(), key=lambda pair: pair[1]))
    return words_by_role
