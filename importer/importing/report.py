"""Report on a run, or on practice: its facts, which everything renders, and its results.

Input: a file and the outcomes of its rows. Output: a :class:`Report`; a results file with the sheet *Summary*.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from importer import grouping, results
from importer.delivery.outcomes import Outcomes
from importer.errors import Stopped
from importer.importing.loaded import Loaded, LookedUpEmails
from importer.importing.preview import Totals
from importer.messages import Message, Said, say, when
from importer.models import Result, Rows
from importer.results.layout import IN_PRACTICE, MEANINGS
from importer.settings.reading import meanings_in_words
from importer.storage import place


@dataclass(frozen=True, kw_only=True)
class Report(Totals):
    """All facts about a run, for the terminal, the page, the JSON document, the log, notifications and *Summary*.

    Its fields are the JSON document.

    Attributes:
        headline: the numbers of rows, in one sentence.
        run: name of the run in the journal.
        requests: number of requests that were sent, without those that reached no server.
        results: path of the results.
        remark: why the results are not in the requested place; None if they are.
        stopped: why the run ended early, or None.
        duplicates: row number → IDs of its notes, for notes that reading back found more than once.
        started_at, ended_at: seconds since 1970.
        look_ups: number of calls to look up the prospects of emails.
        not_found: row number → IDs of its notes that were created, but not found when they were read back.
        ended: the journal's word for how the run ended.
        is_practice: whether nothing was sent, and this is what would have happened.
    """

    headline: Message = field(repr=False)
    run: str = ""
    requests: int = 0
    results: Path
    remark: Message | None = None
    stopped: Stopped | None = None
    duplicates: Mapping[int, Sequence[str]] = field(default_factory=dict)
    started_at: float
    ended_at: float
    look_ups: int = 0
    not_found: Mapping[int, Sequence[str]] = field(default_factory=dict)
    ended: str = "finished"
    is_practice: bool = False

    @classmethod
    def of(cls, loaded: Loaded, outcomes: Outcomes, stopped: Stopped | None = None, **facts: Any) -> Report:
        """Return what the outcomes of all rows of a file say, with further facts."""

        def by_number(marked: Mapping[int, Sequence[str]]) -> dict[int, Sequence[str]]:
            return {int(loaded.rows.number[position]): note_ids for position, note_ids in sorted(marked.items())}

        return cls(
            **vars(totals(loaded, outcomes, stopped)),
            headline=results.headline(outcomes),
            stopped=stopped,
            duplicates=by_number({at: (outcomes.note_id(at), *ids) for at, ids in outcomes.duplicates.items()}),
            not_found=by_number(outcomes.missing),
            **facts,
        )

    @property
    def exit_status(self) -> int:
        """Exit status. 0: every row is delivered; 1: some need a person; 3: run it again; 4: only a person can help."""
        if self.stopped is not None:
            return self.stopped.exit_status
        if self.counts.get(Result.NOT_SENT, 0) > self.asked:
            return Stopped.exit_status
        return int(bool(self.to_fix))


def totals(loaded: Loaded, outcomes: Outcomes, stopped: Stopped | None = None) -> Totals:
    """Return the numbers that the outcomes of all rows of a file come to."""
    return Totals(
        counts=outcomes.counts(),
        reasons=results.reasons(loaded.rows, outcomes, stopped.kind if stopped else None),
        to_fix=int(outcomes.to_fix().sum()),
        asked=len(outcomes.asked) - outcomes.to_agree,
        to_agree=outcomes.to_agree,
        more_visible=len(outcomes.visible),
        left_alone=len(outcomes.left),
    )


def practised(planned: LookedUpEmails, target: Path) -> Report:
    """Write results of a file as a run's would be if the API knew every prospect and accepted every note."""
    began, (loaded, outcomes) = time.time(), planned.expected
    report = Report.of(loaded, outcomes, results=target, started_at=began, ended_at=time.time(), is_practice=True)
    written = write_results(target, loaded, outcomes, summary_of(report, loaded))
    return replace(report, results=written.path, remark=written.remark)


def summary_of(report: Report, loaded: Loaded) -> results.Summary:
    """Return the content of the sheet *Summary*; that of practice doesn't tell of a run in the journal, or of calls."""
    stopped, sheet, workspace = report.stopped, loaded.sheet, loaded.settings.workspace
    sizes = (f"{name}: {size:,}" for name, size in grouping.counted(loaded.plan.groups).items())
    lines: list[tuple[str, Said | int | None]] = [
        ("history.of-file", loaded.file),
        ("label.rows", loaded.rows.in_sheet),
        *(("label.remark", remark) for remark in (*sheet.remarks, *loaded.rows.remarks)),
        ("history.of-run", None if report.is_practice else report.run),
        ("history.of-workspace", None if report.is_practice else str(workspace)),
        ("history.of-start", when(report.started_at)),
        ("history.of-end", f"{when(report.ended_at)} ({report.ended})"),
        ("label.stopped", stopped.message if stopped is not None else None),
        ("label.requests", None if report.is_practice else report.requests),
        ("label.look-ups", None if report.is_practice else report.look_ups or None),
        ("label.visibility", ", ".join(sizes)),
        *((f"role.{role}", meanings_in_words(meanings)) for role, meanings in loaded.rows.meanings.items()),
    ]
    said = [(say(kind), value) for kind, value in lines if value is not None]
    meanings = IN_PRACTICE if report.is_practice else MEANINGS
    title, headline = say("summary.title"), report.headline
    if report.is_practice:
        title, headline = say("practice.title"), say("summary.practised")
    return results.Summary(title, headline, said, workspace.profile, meanings, report.is_practice, report.run)


def write_results(target: Path, loaded: Loaded, outcomes: Outcomes, summary: results.Summary) -> results.Written:
    """Write the outcomes of a file's rows."""
    outcomes.composed = partial(_composed, loaded.rows) if loaded.template else None
    return results.write(
        target,
        loaded.sheet,
        outcomes,
        summary,
        source=place(loaded.sheet.source),
        ours=loaded.roles.ours,
        marked=results.marked(loaded.rows, loaded.roles),
    )


def _composed(rows: Rows, start: int, stop: int) -> list[str]:
    """Return the texts of some rows' notes; empty for a row without a note."""
    return [rows.notes[note].text if note >= 0 else "" for note in rows.note[start:stop].tolist()]
