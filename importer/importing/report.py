"""Hold the result of a run as a value: the outcomes of its rows, the path of its results, and the exit status.

Input: what a run counted. Output: a :class:`Report`, which is the source of screens, documents and notifications; and
the number of rows by kind of reason. These kinds hold no cell values, so that they may leave this computer.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from importer.delivery.outcomes import Outcomes
from importer.errors import (
    ImporterError,
    JournalFailed,
    NeedsAPerson,
    NoThread,
    OutputFailed,
    ResultsNotWritten,
    Stopped,
)
from importer.importing.loading import Loaded, writable
from importer.journal import Journal
from importer.messages import Message, say
from importer.models import DELIVERED, NEEDS_A_PERSON, Problem, Result, Rows
from importer.results import Written, presentation

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
        "outcome.waits-for-another": "why.waits-for-another",
        "outcome.could-not-be-sent": "why.could-not-be-sent",
    },
}
"""Result → kind of a reason → kind of its summary, which contains no cell value and none of the API's words."""


@dataclass(frozen=True)
class NotFound:
    """A note that the API reported as created, but that was not found when it was read back.

    Attributes:
        row: number of its row; None if an import of another file created it.
        prospect: the prospect of the note.
        note_id: the ID that the API gave.
        run: name of the earlier run that created it; empty for a row of this file, or if the run isn't known.
        file: file of that run.
    """

    row: int | None
    prospect: str
    note_id: str
    run: str = ""
    file: str = ""


ON_THE_PROSPECT = DELIVERED | {Result.DUPLICATE}
"""Results of rows whose note is on the prospect, by this row or by another one."""


@dataclass(frozen=True)
class Report:
    """All facts about a run, for the terminal, the page, the JSON document, the log, notifications and *Summary*.

    Its fields are the JSON document.

    Attributes:
        run: name of the run in the journal.
        counts: result → rows.
        requests: number of requests that were sent, without those that reached no server.
        looks: number of look-ups after unclear answers.
        rate_limited: number of calls that the API refused because there were too many.
        results: path of the results.
        remark: why the results are not in the requested place; None if they are.
        results_owed: whether the results are kept on this machine for now; the same command again puts them in place.
        stopped: why the run ended early, or None.
        duplicates: row number → IDs of its notes, for notes that reading back found more than once.
        reasons: why rows need action, in kinds without cell values: result → kind → rows.
        started_at, ended_at: seconds since 1970.
        asked: number of rows in question, which aren't sent before a person has answered.
        more_visible: number of rows whose notes are more visible than the sheet says.
        left_alone: number of rows whose notes were to follow them and don't: somebody changed them, or they are gone.
        held_back: number of rows that wait until a person has looked at the sent ones (the setting ``first``).
        finding_calls: number of calls to find prospects by their emails.
        uploads: number of calls to upload files.
        unknown_people: number of emails that no prospect has.
        unknown_emails: the file with the people who have these emails, if one was wanted.
        not_found: notes that were created, but not found when they were read back.
        could_not_look: whether reading back showed no note of the sample, so that nothing is known about them.
        not_looked_at: number of notes still to be read back, of a run with notes that weren't found.
        ended: the journal's word for how the run ended.
        batch_size: maximum number of prospects in a request.
        distinct_notes: number of distinct notes in the file.
        is_practice: whether nothing was sent, and this is what would have happened.
        waiting: the numbers of the rows that weren't sent, as in ``2-40, 44``.
        key_place: where the key comes from that the API refused; None for any other end.
    """

    run: str
    counts: Mapping[Result, int]
    requests: int
    looks: int
    rate_limited: int
    results: Path
    remark: Message | None
    stopped: Stopped | None
    duplicates: Mapping[int, Sequence[str]] = field(default_factory=dict)
    reasons: Kinds = field(default_factory=dict)
    started_at: float = 0.0
    ended_at: float = 0.0
    held_back: int = 0
    asked: int = 0
    more_visible: int = 0
    left_alone: int = 0
    finding_calls: int = 0
    uploads: int = 0
    unknown_people: int = 0
    unknown_emails: Written | None = None
    results_owed: bool = False
    not_found: Sequence[NotFound] = ()
    could_not_look: bool = False
    not_looked_at: int = 0
    ended: str = "finished"
    batch_size: int = 0
    distinct_notes: int = 0
    is_practice: bool = False
    waiting: str = ""
    key_place: Message | None = None

    @property
    def meanings(self) -> Mapping[Result, presentation.Meaning]:
        """Meaning of each result. *Not sent*: the run stopped, held rows back, or came to its end."""
        meanings = {**presentation.MEANINGS, **(presentation.PRACTISED if self.is_practice else {})}
        if self.stopped is None:
            meanings[Result.NOT_SENT] = presentation.HELD_BACK if self.held_back else presentation.PASSED_OVER
        return meanings

    @property
    def needs_a_hand(self) -> bool:
        """Whether the run stopped for a reason that the same command alone won't remove."""
        return needs_a_hand(self.stopped)

    @property
    def is_finished_but_owed(self) -> bool:
        """Whether the run finished, but its results couldn't be put where they belong."""
        return self.results_owed and self.stopped is None

    @property
    def rows_to_fix(self) -> int:
        """Number of rows that need a person's attention."""
        return sum(self.counts.get(result, 0) for result in NEEDS_A_PERSON)

    @property
    def exit_status(self) -> int:
        """Exit status. 0: every row is delivered; 1: some need a person; 3: run it again; 4: only a person can help."""
        if self.stopped is not None:
            return self.stopped.exit_status
        if self.results_owed:
            return ResultsNotWritten.exit_status
        waiting = self.held_back + self.asked
        others = {**self.counts, Result.NOT_SENT: self.counts.get(Result.NOT_SENT, 0) - waiting}
        differing = self.more_visible or self.left_alone
        return exit_status(others) or int(bool(self.duplicates or waiting or self.not_found or differing))


def needs_a_hand(error: ImporterError | None) -> bool:
    """Return whether a person has to remove the cause of an error before the same command can continue."""
    return isinstance(error, (NeedsAPerson, JournalFailed, OutputFailed, NoThread))


def exit_status(counts: Mapping[Result, int]) -> int:
    """Return the exit status for rows with these results, if no reason for stopping is known."""
    if counts.get(Result.NOT_SENT):
        return Stopped.exit_status
    return 1 if any(counts.get(result) for result in NEEDS_A_PERSON) else 0


def duplicates_of(rows: Rows, outcomes: Outcomes) -> dict[int, Sequence[str]]:
    """Return the note IDs of each row with several notes, by row number."""
    return {
        int(rows.number[position]): (outcomes.note_id(position), *others)
        for position, others in sorted(outcomes.duplicates.items())
    }


def not_found_of(rows: Rows, outcomes: Outcomes, journal: Journal) -> tuple[NotFound, ...]:
    """Return the notes that were created, but not found, those of this file's rows first."""
    of_this_file = [
        NotFound(int(rows.number[position]), str(rows.prospect[position]), note_id)
        for position, note_ids in sorted(outcomes.missing.items())
        for note_id in note_ids
    ]
    return (*of_this_file, *not_found_elsewhere(outcomes.missing_elsewhere, journal))


def not_found_elsewhere(missing: Sequence[tuple[str, str, int]], journal: Journal) -> Iterator[NotFound]:
    """Yield the notes of other files that were created, but not found, by their runs."""
    with contextlib.suppress(JournalFailed):  # then the run itself reports it
        names = {run.id: run for run in journal.runs.listed()} if missing else {}
        for prospect, note_id, number in sorted(missing, key=lambda note: note[2]):
            run = names.get(number)
            yield NotFound(None, prospect, note_id, run.name if run else "", writable(run.file) if run else "")


def kinds(loaded: Loaded, outcomes: Outcomes, stopped: Stopped | None = None) -> Kinds:
    """Return the number of rows by kind of reason, for each result that needs action; the most frequent first."""
    broke_off = stopped.kind if stopped else say("outcome.broke-off")
    counters = {
        Result.REJECTED: _summaries(outcomes, Result.REJECTED, say("why.refused")),
        Result.INVALID: problem_kinds(loaded),
        Result.UNCONFIRMED: _summaries(outcomes, Result.UNCONFIRMED, say("why.no-clear-answer")),
        Result.NOT_SENT: _summaries(outcomes, Result.NOT_SENT, broke_off),
    }
    return {result: dict(counter.most_common()) for result, counter in counters.items() if counter}


def problem_kinds(loaded: Loaded) -> Counter[Message]:
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
