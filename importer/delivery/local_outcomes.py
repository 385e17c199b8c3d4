"""Settle rows that need no call: invalid, skipped, rejected, already imported, or a repetition of an earlier row.

Input: rows and their plan. Output: their outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten

import numpy as np

from importer.delivery.outcomes import Outcomes
from importer.messages import say
from importer.models import DELIVERED, Plan, Problem, Result, Rows


def settle_before(rows: Rows, outcomes: Outcomes, headings: Sequence[str]) -> None:
    """Settle rows that need no delivery: invalid, without data, with an unknown email, or with a note ID already."""
    for position, problems in rows.problems.items():
        placed = (say("problem", place=_place(problem, headings), text=problem.text) for problem in problems)
        outcomes.settle([position], Result.INVALID, reason=say("outcome.reasons", reasons=tuple(placed)))
    for position, reason in rows.skipped.items():
        outcomes.settle([position], Result.SKIPPED, reason=reason)
    for position, reason in rows.rejected.items():
        outcomes.settle([position], Result.REJECTED, reason=reason)
    if rows.done:
        outcomes.settle(
            list(rows.done),
            Result.ALREADY_IMPORTED,
            note_ids=list(rows.done.values()),
            reason=say("outcome.says-results-file"),
        )


def _place(problem: Problem, headings: Sequence[str]) -> str:
    """Return the problem's cell, row and heading in the sheet that was read, because the results differ."""
    heading = "" if problem.column is None else shorten(headings[problem.column], 40, placeholder=" …")
    return f"{problem.cell} (row {problem.row}, {heading})" if heading else problem.cell


def settle_after(rows: Rows, plan: Plan, outcomes: Outcomes) -> None:
    """Settle each row that repeats an earlier one: as a duplicate if that was delivered, else with its result."""
    reason = say("outcome.duplicate" if rows.key is None else "outcome.duplicate-with-key", row="")
    for position in np.flatnonzero(plan.original >= 0).tolist():
        original = int(plan.original[position])
        result = outcomes.result(original)
        row = int(rows.number[original])
        if result in DELIVERED:
            note_ids = [outcomes.note_id(original)]
            outcomes.settle([position], Result.DUPLICATE, note_ids=note_ids, reason=reason, repeated=row)
        else:
            outcomes.settle_as(position, original, say("outcome.repeats", row="", result=result.value), row)
