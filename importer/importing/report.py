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
from importer.errors import ResultsNotWritten, Stopped
from importer.importing.loaded import Loaded, counted
from importer.messages import Message, Said, say, when
from importer.models import DELIVERED, NEEDS_A_PERSON, Result, Role, Rows, Workspace
from importer.results import Written, presentation
from importer.storage import place
from importer.texts import TEXTS

Kinds = Mapping[Result, Mapping[Message, int]]


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
        results: path of the results.
        remark: why the results are not in the requested place; None if they are.
        results_owed: whether the results are kept on this machine for now; the same command again puts them in place.
        stopped: why the run ended early, or None.
        duplicates: row number → IDs of its notes, for notes that reading back found more than once.
        reasons: why rows need action, in kinds without cell values: result → kind → rows.
        started_at, ended_at: seconds since 1970.
        asked: number of rows in question, which aren't sent before a person has answered.
        more_visible: number of rows whose notes are more visible than the sheet says.
        to_agree: number of changes of notes that wait for a person's yes.
        left_alone: number of rows whose notes were to follow them and don't: somebody changed them, or they are gone.
        held_back: number of rows that wait until a person has looked at the sent ones (the setting ``first``).
        look_ups: number of calls to look up the prospects of emails.
        unknown_people: number of emails that no prospect has.
        unknown_emails: the file with the people who have these emails, if one was wanted.
        not_found: row number → IDs of its notes that were created, but not found when they were read back.
        ended: the journal's word for how the run ended.
        is_practice: whether nothing was sent, and this is what would have happened.
        key_place: where the key comes from that the API refused; None for any other end.
    """

    run: str
    counts: Mapping[Result, int]
    requests: int
    results: Path
    remark: Message | None
    stopped: Stopped | None
    duplicates: Mapping[int, Sequence[str]] = field(default_factory=dict)
    reasons: Kinds = field(default_factory=dict)
    started_at: float = 0.0
    ended_at: float = 0.0
    held_back: int = 0
    asked: int = 0
    to_agree: int = 0
    more_visible: int = 0
    left_alone: int = 0
    look_ups: int = 0
    unknown_people: int = 0
    unknown_emails: Written | None = None
    results_owed: bool = False
    not_found: Mapping[int, Sequence[str]] = field(default_factory=dict)
    ended: str = "finished"
    is_practice: bool = False
    key_place: Message | None = None

    @property
    def is_finished_but_owed(self) -> bool:
        """Whether the run finished, but its results couldn't be put where they belong."""
        return self.results_owed and self.stopped is None

    @property
    def rows_to_look_at(self) -> int:
        """Number of rows, and of notes, for which a person has something to do besides waiting."""
        besides = self.more_visible + self.left_alone + self.asked
        return self.rows_to_fix + len(self.duplicates) + len(self.not_found) + besides

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
        if self.counts.get(Result.NOT_SENT, 0) > self.held_back + self.asked:
            return Stopped.exit_status
        return int(bool(self.rows_to_look_at or self.held_back))


def by_number(rows: Rows, marked: Mapping[int, Sequence[str]]) -> dict[int, Sequence[str]]:
    """Return the note IDs of rows by row number, from those by position."""
    return {int(rows.number[position]): note_ids for position, note_ids in sorted(marked.items())}


def kinds(loaded: Loaded, outcomes: Outcomes, stopped: Stopped | None = None) -> Kinds:
    """Return the number of rows by kind of reason, for each result that needs action; the most frequent first."""
    otherwise = {
        Result.REJECTED: say("why.refused"),
        Result.UNCONFIRMED: say("why.no-clear-answer"),
        Result.NOT_SENT: stopped.kind if stopped else say("outcome.broke-off"),
    }
    counters = {result: _summaries(outcomes, result, other) for result, other in otherwise.items()}
    problems = (found[0].kind.without_others() for found in loaded.rows.problems.values() if found)
    counters[Result.INVALID] = Counter(problems)
    return {result: dict(counter.most_common()) for result, counter in counters.items() if counter}


def _summaries(outcomes: Outcomes, result: Result, otherwise: Message) -> Counter[Message]:
    """Return the number of rows by summary of their reason, which has a text of its own for some kinds."""
    counts: Counter[Message] = Counter()
    for reason, rows in outcomes.reasons(result).items():
        kinds_of = [*reason.kinds()] if reason is not None else []
        names = (kind.replace(".", "-") for kind in kinds_of)
        summary = next((say(f"why.of-{name}") for name in names if f"why.of-{name}" in TEXTS), otherwise)
        counts[say("why.in-question") if any(kind.startswith("in-question.") for kind in kinds_of) else summary] += rows
    return counts


_OF_REAL_RUNS = (
    *("history.of-run", "history.of-workspace"),
    *("label.requests", "label.look-ups"),
)
"""Lines of *Summary* that practice doesn't have, because they tell of a run in the journal, or of calls."""


def summary_of(report: Report, loaded: Loaded, workspace: Workspace) -> results.Summary:
    """Return the content of the sheet *Summary* for a run."""
    stopped = report.stopped
    sheet = loaded.sheet
    sizes = (f"{name}: {size:,}" for name, size in counted(loaded.plan.groups).items())
    lines: list[tuple[str, Said | int | None]] = [
        ("history.of-file", loaded.file),
        ("label.rows", loaded.rows.in_sheet),
        *(("label.remark", remark) for remark in (*sheet.remarks, *loaded.rows.remarks)),
        ("history.of-run", report.run),
        ("history.of-workspace", str(workspace)),
        ("history.of-start", when(report.started_at)),
        ("history.of-end", f"{when(report.ended_at)} ({report.ended})"),
        ("label.stopped", stopped.message if stopped is not None else None),
        ("label.requests", report.requests),
        ("label.held-back", say("summary.held-back", n=report.held_back) if report.held_back else None),
        ("label.look-ups", report.look_ups or None),
        ("label.visibility", ", ".join(sizes)),
    ]
    left_out = _OF_REAL_RUNS if report.is_practice else ()
    said = [(say(kind), value) for kind, value in lines if value is not None and kind not in left_out]
    meanings = presentation.PRACTISED if report.is_practice else presentation.MEANINGS
    title = say("practice.title" if report.is_practice else "summary.title")
    return results.Summary(title, said, workspace.profile, meanings, report.is_practice)


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
