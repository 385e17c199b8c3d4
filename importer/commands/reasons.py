"""Why rows ended as they did, in a few kinds that hold nothing of what stands in the sheet: they may leave the house.

Comes in: a loaded file and what became of its rows. Goes out: result → kind of reason → rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from importer.commands.loading import Loaded
from importer.delivery.outcomes import Outcomes
from importer.errors import Stopped
from importer.models import Problem, Result
from importer.results import presentation

Kinds = Mapping[Result, Mapping[str, int]]

HELD_BACK = f"{presentation.HELD_BACK.means}: {presentation.HELD_BACK.next}"
_REJECTED = (
    ("no prospect has the email", "no prospect has the email"),
    ("several prospects have the email", "several prospects have the email"),
    ("the API refused to look up the email", "the email could not be looked up"),
    ("the email", "the email could not be looked up"),
    ("the API refused the file", "the API refused a file that it carries"),
    ("the file", "a file that it carries could not be uploaded"),
    ("what stands between this machine and the API", "something between this machine and the API turned it away"),
    (
        "the API did not accept this prospect and gave no reason",
        "the API did not accept the prospect, without a reason",
    ),
)
"""Beginnings of our own sentences, and what they come to; anything else is the API's words, which stay here."""
_NOT_SENT = (
    ("the file", "a file that it carries has changed, or could not be uploaded"),
    ("its files", "a file that it carries could not be uploaded"),
    ("another note of the prospect", "another note of the prospect is unconfirmed"),
    ("it could not be sent", "its request failed again and again"),
)
_KNOWN = {Result.REJECTED: _REJECTED, Result.NOT_SENT: _NOT_SENT}


def kinds(loaded: Loaded, outcomes: Outcomes, stopped: Stopped | None = None) -> Kinds:
    """Of each result that asks for something, how many rows have which kind of reason; the most frequent first."""
    found = {
        Result.REJECTED: _of_sentences(outcomes, Result.REJECTED, "the API refused it in words of its own"),
        Result.INVALID: problems(loaded),
        Result.UNCONFIRMED: _of_sentences(outcomes, Result.UNCONFIRMED, "no clear answer came for it"),
        Result.NOT_SENT: _of_sentences(outcomes, Result.NOT_SENT, stopped.kind if stopped else "the run broke off"),
    }
    return {result: dict(counted.most_common()) for result, counted in found.items() if counted}


def problems(loaded: Loaded) -> Counter[str]:
    """How many rows have which kind of problem; of several in a row, the first counts."""
    role_of = {column: role.value for role, column in loaded.roles.columns.items()}
    return Counter(_kind(found[0], role_of) for found in loaded.rows.problems.values() if found)


def _kind(problem: Problem, role_of: Mapping[int, str]) -> str:
    role = role_of.get(problem.column) if problem.column is not None else None
    if role is None:
        return "the row can't be read"
    return f"the {role} {'is blank' if not problem.value.strip() else 'cannot be used'}"


def _of_sentences(outcomes: Outcomes, result: Result, otherwise: str) -> Counter[str]:
    counted: Counter[str] = Counter()
    for sentence, rows in outcomes.reasons(result).items():
        if sentence == HELD_BACK:
            counted[presentation.HELD_BACK.means] += rows
            continue
        known = (kind for beginning, kind in _KNOWN.get(result, ()) if sentence.startswith(beginning))
        counted[next(known, otherwise)] += rows
    return counted
