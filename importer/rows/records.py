"""Read the column in which another program has an ID for each of its records: an activity, a task, a note.

Input: a sheet, the roles of its columns, and the rows as they were read. Output: the rows' IDs, each after the heading
of the column. By such an ID a delivery is found again although its text has changed. So only a column counts that a
person chose for this kind of sheet. Short IDs, which people assign anew in each sheet, and numbers that lost digits
don't count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from importer.models import Role, Texts
from importer.reading import Sheet
from importer.rows.columns import Roles
from importer.rows.suggestions import suggests
from importer.rows.values import LONGEST_ID, TEXT, cleaned_id, is_damaged
from importer.settings.reading import folded_heading

_OF_NOTES = re.compile(r"(note|call|meeting|task|email|engagement) (body|notes|description)", re.IGNORECASE)
"""Headings of an export of HubSpot's notes or calls, in which *Record ID* is the ID of each of them."""
_OURS = "note_id"  # in parts of a results file
_SHORTEST = 8
"""Minimum length of an ID in characters. Two programs, or two sheets of one person, hardly share longer ones."""


@dataclass(frozen=True)
class Records:
    """A column with IDs of records: each row's, empty if it has none. A person chose it, or it may be offered."""

    position: int
    is_chosen: bool
    ids: Texts


def found(sheet: Sheet, roles: Roles) -> Records | None:
    """Return the column of the records' IDs, or one that could be chosen; None if there is none."""
    chosen, headings = roles.columns.get(Role.RECORD), sheet.headings
    is_of_notes = any(map(_OF_NOTES.fullmatch, headings))
    free = (*roles.unexplained, *([] if roles.foreign is None else [roles.foreign]))
    suggested = (
        i for i in free
        if suggests(Role.RECORD, headings[i]) or (is_of_notes and folded_heading(headings[i]) == "recordid")
    )  # fmt: skip
    for position in [chosen] if chosen is not None else (i for i in suggested if headings[i].strip() != _OURS):
        ids = [*_ids(sheet, position)]
        if not any(ids):
            continue
        heading = folded_heading(headings[position])
        records: Texts = np.full(len(ids), "", dtype=TEXT)
        records[:] = [f"{heading} {record}" if record else "" for record in ids]
        return Records(position, chosen is not None, records)
    return None


def _ids(sheet: Sheet, position: int) -> Iterator[str]:
    for numbers, columns in sheet.columns():
        for number, text in zip(numbers, columns[position], strict=True):
            record = cleaned_id(text)
            is_sure = _SHORTEST <= len(record) <= LONGEST_ID and not is_damaged(record)
            is_flawed = any(flaw.column in (None, position) for flaw in sheet.wrong(number))
            yield record if is_sure and not is_flawed else ""
