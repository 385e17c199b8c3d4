"""Combine a row's notes into one outcome if several prospects have the row's email.

Input: the outcomes of all notes, and the row of each. Output: outcomes of the sheet's rows. A row has the worst result
of its notes, and its reason names each note.
"""

from __future__ import annotations

from collections import defaultdict

from importer.delivery.outcomes import Outcomes
from importer.messages import say
from importer.models import DELIVERED, Result, Rows

_WORST_FIRST = (
    Result.UNCONFIRMED,
    Result.NOT_SENT,
    Result.REJECTED,
    Result.CREATED,
    Result.ALREADY_IMPORTED,
    Result.DUPLICATE,
)
_MOST_NAMED = 10


def gathered(outcomes: Outcomes, rows: Rows) -> Outcomes:
    """Return one outcome for each row of the sheet."""
    if rows.sheet_rows is None:
        return outcomes
    size = rows.in_sheet
    sheet_outcomes = outcomes.first(size)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for position in range(size, len(rows)):
        members[int(rows.sheet_rows[position])].append(position)
    for row, others in members.items():
        _gather(sheet_outcomes, outcomes, rows, row, [row, *others])
    return sheet_outcomes


def _gather(found: Outcomes, outcomes: Outcomes, rows: Rows, row: int, positions: list[int]) -> None:
    results = [outcomes.result(position) for position in positions]
    worst = min(results, key=_WORST_FIRST.index)
    reasons = []
    for position, result in [*zip(positions, results, strict=True)][:_MOST_NAMED]:
        note_id, why = outcomes.note_id(position), outcomes.reason(position)
        parts = {"prospect": str(rows.prospect[position]), "result": result.value}
        if note_id or why:
            reasons.append(say("outcome.of-one-because", **parts, why=note_id or why or ""))
        else:
            reasons.append(say("outcome.of-one", **parts))
    if len(positions) > _MOST_NAMED:
        reasons.append(say("more", n=len(positions) - _MOST_NAMED))
    reason = say("outcome.of-several", n=len(positions), outcomes=tuple(reasons))
    is_delivered = worst in DELIVERED or worst is Result.DUPLICATE
    note_ids = [outcomes.note_id(row)] if is_delivered else None
    found.settle([row], worst, note_ids=note_ids, reason=reason, at=outcomes.finished_at(row))
    if duplicates := [duplicate_id for position in positions for duplicate_id in outcomes.duplicates.get(position, ())]:
        found.found_duplicates(row, duplicates)
    if missing := [note_id for position in positions for note_id in outcomes.missing.get(position, ())]:
        found.found_missing(row, missing)
