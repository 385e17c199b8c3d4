"""Find the column in which another program has an ID for each of its records: an activity, a task, a note.

Input: a sheet, the roles of its columns, and the rows as they were read. Output: the rows' IDs, each after the heading
of the column. By such an ID a delivery is found again although its text has changed. A note is lost if two records
share an ID. So only headings that name a record of notes count, and each ID must stand for one note; short ones, which
people assign anew in each sheet, and numbers that lost digits don't count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from importer.models import Ints, Role, Texts
from importer.reading import Sheet
from importer.rows.columns import Roles
from importer.rows.suggestions import folded_heading
from importer.rows.values import LONGEST_ID, TEXT, cleaned_id, is_damaged

_HEADINGS = frozenset(map(folded_heading, (
    "Activity ID", "Task ID", "Event ID", "Engagement ID", "Note ID", "Call ID", "Meeting ID", "Comment ID",
    "Interaction ID", "Activity Record ID", "(Do Not Modify) Note", "(Do Not Modify) Activity", "(Do Not Modify) Task",
    "(Do Not Modify) Phone Call", "(Do Not Modify) Appointment",
    "Aktivitäts-ID", "Aktivität-ID", "Aufgaben-ID", "Ereignis-ID", "Notiz-ID", "Anruf-ID",
    "ID activité", "ID de l'activité", "ID de la tâche", "ID de la note",
    "ID de actividad", "ID de la actividad", "ID de tarea", "ID de la tarea", "ID de nota", "ID de la nota",
    "ID da atividade", "ID da tarefa", "ID da nota",
)))  # fmt: skip
_OURS = "note_id"  # in parts of a results file
_SHORTEST = 8
"""Minimum length of an ID in characters. Two programs, or two sheets of one person, hardly share longer ones."""


@dataclass(frozen=True)
class Records:
    """A column with IDs of records.

    Attributes:
        position: its position.
        ids: each row's ID, empty if it has none; None if the column isn't used.
        shared: an ID that stands for several notes, so that the column isn't used.
    """

    position: int
    ids: Texts | None
    shared: str = ""


def found(sheet: Sheet, roles: Roles, prospect: Texts, note: Ints) -> Records | None:
    """Return the column of the records' IDs, or one that can't be used; None if there is no such column."""
    unfit: Records | None = None
    positions = sorted({*roles.unused, *(at for role, at in roles.columns.items() if role is Role.KEY)})
    for position in positions:
        heading = sheet.headings[position]
        if folded_heading(heading) in _HEADINGS and heading.strip() != _OURS:
            ids = [*_ids(sheet, position)]
            if not any(ids):
                continue
            if shared := _shared(ids, prospect.tolist(), note.tolist()):
                unfit = unfit or Records(position, None, shared)
            else:
                records: Texts = np.full(len(ids), "", dtype=TEXT)
                records[:] = [f"{folded_heading(heading)} {record}" if record else "" for record in ids]
                return Records(position, records)
    return unfit


def _ids(sheet: Sheet, position: int) -> Iterator[str]:
    for numbers, columns in sheet.columns():
        for number, text in zip(numbers, columns[position], strict=True):
            record = cleaned_id(text)
            is_sure = _SHORTEST <= len(record) <= LONGEST_ID and not is_damaged(record)
            is_flawed = any(flaw.column in (None, position) for flaw in sheet.wrong(number))
            yield record if is_sure and not is_flawed else ""


def _shared(ids: Sequence[str], prospects: Sequence[str], notes: Sequence[int]) -> str:
    """Return an ID that stands in two rows of which none repeats the other; empty if there is none."""
    first: dict[str, tuple[str, int]] = {}
    rows = zip(ids, prospects, notes, strict=True)
    repeated = (record for record, who, what in rows if record and first.setdefault(record, (who, what)) != (who, what))
    return next(repeated, "")
