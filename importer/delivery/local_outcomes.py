"""Rows that need no call: invalid ones, those that are no data, carry a note id, or repeat an earlier row.

Comes in: rows and their plan. Goes out: their outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten

import numpy as np

from importer.delivery.outcomes import Outcomes
from importer.messages import say
from importer.models import DELIVERED, Plan, Problem, Result, Rows


def settle_before(rows: Rows, outcomes: Outcomes, headings: Sequence[str]) -> None:
    """Settle the rows that need no delivery: invalid, no data, named by an email in vain, or with a note id."""
    for position, problems in rows.problems.items():
        placed = (say("problem", place=_place(problem, headings), text=problem.text) for problem in problems)
        outcomes.settle([position], Result.INVALID, reason=say("outcome.reasons", reasons=tuple(placed)))
    for position, why in rows.skipped.items():
        outcomes.settle([position], Result.SKIPPED, reason=why)
    for position, why in rows.rejected.items():
        outcomes.settle([position], Result.REJECTED, reason=why)
    if rows.done:
        outcomes.settle(
            list(rows.done),
            Result.ALREADY_IMPORTED,
            note_ids=list(rows.done.values()),
            reason=say("outcome.says-results-file"),
        )


def _place(problem: Problem, headings: Sequence[str]) -> str:
    """The cell in the sheet that was read, and its row and heading: in the results it is another cell."""
    heading = "" if problem.column is None else shorten(headings[problem.column], 40, placeholder=" …")
    return f"{problem.cell} (row {problem.row}, {heading})" if heading else problem.cell


def settle_after(rows: Rows, plan: Plan, outcomes: Outcomes) -> None:
    """Make every row that repeats an earlier one its duplicate, or what that one is where it isn't delivered."""
    same = say("outcome.duplicate" if rows.key is None else "outcome.duplicate-with-key", row="")
    for position in np.flatnonzero(plan.original >= 0).tolist():
        original = int(plan.original[position])
        result = outcomes.result(original)
        row = int(rows.number[original])
        if result in DELIVERED:
            note_ids = [outcomes.note_id(original)]
            outcomes.settle([position], Result.DUPLICATE, note_ids=note_ids, reason=same, repeated=row)
        else:
            outcomes.settle_as(position, original, say("outcome.repeats", row="", result=result.value), row)
