"""Hold the result of a run as a value, and write its results: the outcomes of its rows, and the sheet *Summary*.

Input: what a run counted. Output: a :class:`Report`, the one document of facts about a run, which screens, documents,
notifications and *Summary* render; the number of rows by kind of reason. These kinds hold no cell values, so that they
may leave this computer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from importer import results
from importer.delivery.outcomes import Outcomes
from importer.delivery.takeover import ASKED
from importer.errors import (
    ImporterError,
    JournalFailed,
    NeedsAPerson,
    NoThread,
    OutputFailed,
    ResultsNotWritten,
    Stopped,
)
from importer.importing import problems
from importer.importing.loading import Loaded, counted, writable
from importer.importing.wording import when
from importer.messages import Message, Said, say, some
from importer.models import DELIVERED, NEEDS_A_PERSON, Result, Role, Rows, Workspace
from importer.reading import column_letter
from importer.results import Written, presentation
from importer.rows.columns import shown
from importer.storage import place

_MOST_NAMED = 5  # rows with duplicate or missing notes whose IDs are shown

Kinds = Mapping[Result, Mapping[Message, int]]

_SUMMARIES = {
    Result.REJECTED: {
        "email.nobodys": "why.email-unknown",
        "email.several": "why.email-of-several",
        "email.several-undated": "why.email-of-several",
        "email.failed": "why.email-not-looked-up",
        "upload.refused": "why.file-refused",
        "upload.failed": "why.file-not-uploaded",
        "outcome.turned-away": "why.turned-away",
        "api.gave-no-reason": "why.gave-no-reason",
    },
    Result.NOT_SENT: {
        "outcome.held-back": "result.held-back",
        "upload.failed": "why.file-changed",
        "outcome.waits-for-another": "why.waits-for-another",
        "outcome.could-not-be-sent": "why.could-not-be-sent",
        **dict.fromkeys(ASKED.values(), "why.in-question"),
    },
}
"""Result → kind of a reason → kind of its summary, which contains no cell value and none of the API's words."""


@dataclass(frozen=True)
class NotFound:
    """A note that the API reported as created, but that was not found when it was read back.

    Attributes:
        row: number of its row; None in a list of runs, because the journal has no rows.
        prospect: the prospect of the note.
        note_id: the ID that the API gave.
    """

    row: int | None
    prospect: str
    note_id: str


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
        looks: number of calls that read: the first call, look-ups before notes are changed and after unclear answers,
            and those of the sample.
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
        not_found: notes of rows that were created, but not found when they were read back.
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


def not_found_of(rows: Rows, outcomes: Outcomes) -> tuple[NotFound, ...]:
    """Return the notes of this file's rows that were created, but not found."""
    return tuple(
        NotFound(int(rows.number[position]), str(rows.prospect[position]), note_id)
        for position, note_ids in sorted(outcomes.missing.items())
        for note_id in note_ids
    )


def kinds(loaded: Loaded, outcomes: Outcomes, stopped: Stopped | None = None) -> Kinds:
    """Return the number of rows by kind of reason, for each result that needs action; the most frequent first."""
    broke_off = stopped.kind if stopped else say("outcome.broke-off")
    counters = {
        Result.REJECTED: _summaries(outcomes, Result.REJECTED, say("why.refused")),
        Result.INVALID: problems.summaries(loaded),
        Result.UNCONFIRMED: _summaries(outcomes, Result.UNCONFIRMED, say("why.no-clear-answer")),
        Result.NOT_SENT: _summaries(outcomes, Result.NOT_SENT, broke_off),
    }
    return {result: dict(counter.most_common()) for result, counter in counters.items() if counter}


def _summaries(outcomes: Outcomes, result: Result, otherwise: Message) -> Counter[Message]:
    counts: Counter[Message] = Counter()
    for reason, rows in outcomes.reasons(result).items():
        kinds_of = reason.kinds() if reason is not None else ()
        summaries = (_SUMMARIES.get(result, {}).get(kind) for kind in kinds_of)
        summary = next(filter(None, summaries), None)
        counts[say(summary) if summary else otherwise] += rows
    return counts


_OF_REAL_RUNS = (
    *("history.of-run", "history.of-workspace"),
    *("label.requests", "label.look-ups", "label.finding-calls", "label.uploads"),
)
"""Lines of *Summary* that practice doesn't have, because they tell of a run in the journal, or of calls."""


def summary_of(report: Report, loaded: Loaded, workspace: Workspace) -> results.Summary:
    """Return the content of the sheet *Summary* for a run."""
    stopped, waits = report.stopped, report.rate_limited
    sheet, columns_of = loaded.sheet, loaded.roles.columns.items()
    columns = (
        f"{role} {loaded.template!r}"
        if role is Role.CONTENT and loaded.template
        else f"{role} {column_letter(at)} {shown(sheet.headings[at]).text}"
        for role, at in columns_of
    )
    sizes = (f"{name}: {size:,}" for name, size in counted(loaded.plan.groups).items())
    lines: list[tuple[str, Said | int | None]] = [
        ("history.of-file", writable(sheet.source)),
        ("label.format", sheet.format),
        ("label.sheet", sheet.name),
        ("label.encoding", sheet.encoding),
        ("label.rows", loaded.rows.in_sheet),
        *(("label.remark", remark) for remark in (*sheet.remarks, *loaded.rows.remarks)),
        ("history.of-run", report.run),
        ("history.of-workspace", str(workspace)),
        ("history.of-start", when(report.started_at)),
        ("history.of-end", f"{when(report.ended_at)} ({report.ended})"),
        ("label.stopped", stopped.message if stopped is not None else None),
        ("label.requests", report.requests),
        ("label.held-back", say("summary.held-back", n=report.held_back) if report.held_back else None),
        ("label.look-ups", report.looks or None),
        ("label.finding-calls", report.finding_calls or None),
        ("label.uploads", report.uploads or None),
        ("label.batch-size", report.batch_size),
        ("label.distinct-notes", report.distinct_notes),
        ("label.columns", ", ".join(columns)),
        ("label.visibility", ", ".join(sizes)),
        ("label.duplicates", listed_duplicates(report.duplicates) if report.duplicates else None),
        ("label.not-found", not_found(report.not_found) if report.not_found else None),
        ("label.told-to-wait", say("label.times", n=waits) if waits else None),
    ]
    left_out = _OF_REAL_RUNS if report.is_practice else ()
    said = [(say(kind), value) for kind, value in lines if value is not None and kind not in left_out]
    title = say("practice.title" if report.is_practice else "summary.title")
    return results.Summary(title, said, workspace.profile, report.meanings, report.is_practice)


def not_found(found: Sequence[NotFound]) -> Message:
    """Return a message about the notes that were created, but not found, with what to do."""
    rows = [say("not-found.of-row", row=str(note.row), note=note.note_id, prospect=note.prospect) for note in found]
    return say("not-found", notes=some(rows, _MOST_NAMED))


def listed_duplicates(duplicates: Mapping[int, Sequence[str]]) -> Message:
    """Return a message about the notes that exist more than once, with their IDs and what to do."""
    rows = [say("duplicates.of-row", row=str(row), ids=tuple(ids)) for row, ids in [*duplicates.items()][:_MOST_NAMED]]
    rows += [say("duplicates.more", n=len(duplicates) - _MOST_NAMED)] if len(duplicates) > _MOST_NAMED else []
    return say("duplicates", rows=tuple(rows))


def write_results(
    target: Path,
    loaded: Loaded,
    outcomes: Outcomes,
    run: str,
    summary: results.Summary,
) -> results.Written:
    """Write the outcomes of a file's rows; ``run`` is the name of their run, if there is one."""
    source, summary = place(loaded.sheet.source), replace(summary, run=run)
    outcomes.composed = partial(_composed, loaded.rows) if loaded.template else None
    return results.write(
        target,
        loaded.sheet,
        outcomes,
        summary,
        source=source,
        ours=loaded.roles.ours,
        marked=_with_problems(loaded),
    )


def _composed(rows: Rows, start: int, stop: int) -> list[str]:
    """Return the texts of some rows' notes; empty for a row without a note."""
    return [rows.notes[note].text if note >= 0 else "" for note in rows.note[start:stop].tolist()]


def _with_problems(loaded: Loaded) -> dict[int, Collection[int]]:
    """Return the cells with problems: row position → positions of columns."""
    email = loaded.roles.columns.get(Role.EMAIL)
    cells: dict[int, Collection[int]] = {}
    if email is not None:
        positions = np.array([*loaded.rows.rejected], dtype=np.int32)
        cells |= {row: {email} for row in loaded.rows.of_sheet(positions).tolist()}
    for position, of_row in loaded.rows.problems.items():
        cells[position] = {problem.column for problem in of_row if problem.column is not None}
    return cells
