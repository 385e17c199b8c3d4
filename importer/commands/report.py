"""What a run came to, as a value: what became of its rows, where the results are, and the exit status.

Comes in: what a run counted. Goes out: a :class:`Report`, from which screens, documents and notices tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from importer.commands.reasons import Kinds
from importer.delivery.outcomes import Outcomes
from importer.errors import ResultsNotWritten, Stopped
from importer.messages import Message
from importer.models import NEEDS_A_PERSON, Result, Rows
from importer.results import Written, presentation


@dataclass(frozen=True)
class ToFix:
    """A row that needs a person.

    Attributes:
        row: its number as the spreadsheet program shows it.
        prospect: whose note it is, as far as that is known.
        result, reason: as the results say.
    """

    row: int
    prospect: str
    result: Result
    reason: Message | None


@dataclass(frozen=True)
class NotFound:
    """A note that the API said it created, and that was not found when it was read back.

    Attributes:
        row: its row; None if an import of another file created it.
        prospect: whose note it is.
        note_id: the ID that the API gave.
    """

    row: int | None
    prospect: str
    note_id: str


MOST_TO_FIX = 100
"""So many of them are told by a report; the results have all."""


@dataclass(frozen=True)
class Report:
    """How a run ended.

    Attributes:
        run: its name in the journal.
        counts: result → rows.
        requests: how many requests were sent; those that reached nobody don't count.
        looks: how many look-ups were made of what got no clear answer.
        rate_limited: how often the API said 429.
        results: where the results are.
        remark: why they are not where they were wanted, if they aren't.
        results_owed: whether they are kept on this machine for now, and the same command again puts them where they
            belong.
        stopped: why the run ended before its end, or None.
        duplicates: notes that reading back found more than once: the row's number → the ids of all of them.
        reasons: why rows need something, in kinds that hold nothing of the sheet: result → kind → rows.
        started_at, ended_at: in seconds since 1970.
        caught_up: what is to be said of results that earlier runs didn't come to write.
        held_back: how many rows wait until a person has looked at those that were sent (the setting ``first``).
        finding_calls: how many calls it took to find prospects by their emails.
        uploads: how many calls it took to upload files.
        unknown_emails: where the emails are that nobody has, if they were to be written.
        to_fix: the first rows that need a person.
        not_found: notes that were created, but not found when they were read back.
        could_not_look: whether reading showed no note of the sample, so that nothing is known of them.
        not_looked_at: notes of a run with such notes that are still to be read back.
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
    caught_up: Sequence[Message] = ()
    held_back: int = 0
    finding_calls: int = 0
    uploads: int = 0
    unknown_emails: Written | None = None
    to_fix: Sequence[ToFix] = ()
    results_owed: bool = False
    not_found: Sequence[NotFound] = ()
    could_not_look: bool = False
    not_looked_at: int = 0

    @property
    def not_sent(self) -> presentation.Meaning:
        """What it means here that a row wasn't sent."""
        return not_sent(self.stopped, self.held_back)

    @property
    def exit_status(self) -> int:
        """0: every row delivered; 1: some need a person; 3: again, please; 4: and only a person can help."""
        if self.stopped is not None:
            return self.stopped.exit_status
        if self.results_owed:
            return ResultsNotWritten.exit_status
        others = {**self.counts, Result.NOT_SENT: self.counts.get(Result.NOT_SENT, 0) - self.held_back}
        return exit_status(others) or int(bool(self.duplicates or self.held_back or self.not_found))


def exit_status(counts: Mapping[Result, int]) -> int:
    """The exit status for rows that ended like this, where nothing says why a run stopped."""
    if counts.get(Result.NOT_SENT):
        return Stopped.exit_status
    return 1 if any(counts.get(result) for result in NEEDS_A_PERSON) else 0


def not_sent(stopped: Stopped | None, held_back: int) -> presentation.Meaning:
    """What it means that a row wasn't sent, where the run stopped, held some back, or came to its end."""
    if stopped is not None:
        return presentation.MEANINGS[Result.NOT_SENT]
    return presentation.HELD_BACK if held_back else presentation.PASSED_OVER


def to_fix(rows: Rows, outcomes: Outcomes) -> Iterator[ToFix]:
    """The first rows that need a person."""
    for position in np.flatnonzero(outcomes.to_fix())[:MOST_TO_FIX].tolist():
        ended = outcomes.columns(position, position + 1)
        prospect = str(rows.prospect[position])
        yield ToFix(int(rows.number[position]), prospect, Result(ended.result[0]), ended.reason[0])


def duplicates_of(rows: Rows, outcomes: Outcomes) -> dict[int, Sequence[str]]:
    """Row number → the ids of its notes, where there are more than one."""
    return {
        int(rows.number[position]): (outcomes.note_id(position), *others)
        for position, others in sorted(outcomes.duplicates.items())
    }


def not_found_of(rows: Rows, outcomes: Outcomes) -> tuple[NotFound, ...]:
    """Return the notes that were created, but not found; first those of this file's rows."""
    here = [
        NotFound(int(rows.number[position]), str(rows.prospect[position]), note_id)
        for position, note_ids in sorted(outcomes.missing.items())
        for note_id in note_ids
    ]
    return (*here, *(NotFound(None, prospect, note_id) for prospect, note_id in outcomes.missing_elsewhere))
