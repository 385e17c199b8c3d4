"""Rows that made several notes, since several prospects have their email: one outcome for each row of the sheet.

Comes in: the outcomes of all notes, and which row each is of. Goes out: outcomes of the sheet's rows. A row is as well
off as the worst of its notes; the reason names each.
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
    """One outcome for each row of the sheet."""
    if rows.sheet_rows is None:
        return outcomes
    size = rows.in_sheet
    found = outcomes.first(size)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for position in range(size, len(rows)):
        members[int(rows.sheet_rows[position])].append(position)
    for row, others in members.items():
        _gather(found, outcomes, rows, row, [row, *others])
    return found


def _gather(found: Outcomes, outcomes: Outcomes, rows: Rows, row: int, positions: list[int]) -> None:
    ended = [outcomes.result(position) for position in positions]
    worst = min(ended, key=_WORST_FIRST.index)
    told = []
    for position, result in [*zip(positions, ended, strict=True)][:_MOST_NAMED]:
        note_id, why = outcomes.note_id(position), outcomes.reason(position)
        about = {"prospect": str(rows.prospect[position]), "result": result.value}
        if note_id or why:
            told.append(say("outcome.of-one-because", **about, why=note_id or why or ""))
        else:
            told.append(say("outcome.of-one", **about))
    if len(positions) > _MOST_NAMED:
        told.append(say("more", n=len(positions) - _MOST_NAMED))
    reason = say("outcome.of-several", n=len(positions), outcomes=tuple(told))
    is_delivered = worst in DELIVERED or worst is Result.DUPLICATE
    note_ids = [outcomes.note_id(row)] if is_delivered else None
    found.settle([row], worst, note_ids=note_ids, reason=reason, at=outcomes.finished_at(row))
    if duplicates := [twin for position in positions for twin in outcomes.duplicates.get(position, ())]:
        found.found_duplicates(row, duplicates)
    if missing := [note_id for position in positions for note_id in outcomes.missing.get(position, ())]:
        found.found_missing(row, missing)
