"""Count the rows by result and kind of reason. The kinds contain no cell values, so they may leave this computer.

Input: a loaded file, and the outcomes of its rows. Output: result → kind of reason → rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from importer.commands.loading import Loaded
from importer.delivery.outcomes import Outcomes
from importer.errors import Stopped
from importer.messages import Message, say
from importer.models import Problem, Result

Kinds = Mapping[Result, Mapping[Message, int]]

_SUMMARIES = {
    Result.REJECTED: {
        "email.nobodys": "why.email-unknown",
        "email.several": "why.email-of-several",
        "email.several-undated": "why.email-of-several",
        "email.refused": "why.email-not-looked-up",
        "email.failed": "why.email-not-looked-up",
        "upload.refused": "why.file-refused",
        "upload.failed": "why.file-not-uploaded",
        "outcome.turned-away": "why.turned-away",
        "api.gave-no-reason": "why.gave-no-reason",
    },
    Result.NOT_SENT: {
        "outcome.held-back": "result.held-back",
        "upload.not-sent": "why.file-changed",
        "upload.failed": "why.file-changed",
        "upload.not-uploaded": "why.file-not-uploaded",
        "outcome.waits-for-another": "why.waits-for-another",
        "outcome.could-not-be-sent": "why.could-not-be-sent",
    },
}
"""Result → kind of a reason → kind of its summary, which contains no cell value and none of the API's words."""


def kinds(loaded: Loaded, outcomes: Outcomes, stopped: Stopped | None = None) -> Kinds:
    """Return the number of rows by kind of reason, for each result that needs action; the most frequent first."""
    broke_off = stopped.kind if stopped else say("outcome.broke-off")
    counters = {
        Result.REJECTED: _summaries(outcomes, Result.REJECTED, say("why.refused")),
        Result.INVALID: problems(loaded),
        Result.UNCONFIRMED: _summaries(outcomes, Result.UNCONFIRMED, say("why.no-clear-answer")),
        Result.NOT_SENT: _summaries(outcomes, Result.NOT_SENT, broke_off),
    }
    return {result: dict(counter.most_common()) for result, counter in counters.items() if counter}


def problems(loaded: Loaded) -> Counter[Message]:
    """Return the number of rows by kind of problem. Of several problems in a row, the first counts."""
    role_of = {column: role.value for role, column in loaded.roles.columns.items()}
    return Counter(_kind(row_problems[0], role_of) for row_problems in loaded.rows.problems.values() if row_problems)


def _kind(problem: Problem, role_of: Mapping[int, str]) -> Message:
    role = role_of.get(problem.column) if problem.column is not None else None
    if role is None:
        return say("why.row-unreadable")
    return say("why.cell-unusable" if problem.value.strip() else "why.cell-blank", role=role)


def _summaries(outcomes: Outcomes, result: Result, otherwise: Message) -> Counter[Message]:
    counts: Counter[Message] = Counter()
    for reason, rows in outcomes.reasons(result).items():
        kinds_of = reason.kinds() if reason is not None else ()
        summaries = (_SUMMARIES.get(result, {}).get(kind) for kind in kinds_of)
        summary = next(filter(None, summaries), None)
        counts[say(summary) if summary else otherwise] += rows
    return counts
