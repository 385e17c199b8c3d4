"""Write the results of a run at its end, and find the rows of notes in their sheet. Sends nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np

from importer import results
from importer.delivery.matching import How
from importer.delivery.outcomes import Outcomes
from importer.importing.known_rows import known_rows
from importer.importing.loading import Loaded, counted, load, writable
from importer.importing.report import Report
from importer.importing.wording import listed_duplicates, not_found, when
from importer.journal import Journal, KnownDelivery, Run
from importer.messages import Said, say
from importer.models import Role, Rows, Workspace
from importer.reading import Correction, column_letter
from importer.rows.columns import shown
from importer.settings import Settings
from importer.storage import place

_OF_REAL_RUNS = ("history.of-run", "history.of-workspace", "label.requests", "label.finding-calls", "label.uploads")
"""Lines of *Summary* that practice doesn't have, because they tell of a run in the journal, or of calls."""


def in_sheet(
    notes: Sequence[KnownDelivery],
    path: Path,
    settings: Settings,
    corrections: Mapping[int, Correction] | None = None,
) -> dict[str, tuple[Sequence[int], str]]:
    """Return the rows and the text of each note by its ID, from the file, because the journal contains no texts.

    Raises:
        Unusable: the file can't be used.
    """
    wanted = {known.name: known.note_id or "" for known in notes}
    with Journal.open(settings.journal) as journal, load(path, settings, corrections) as loaded:
        found = deliveries_in(loaded, settings, journal)
        return {wanted[known.name]: (numbers, text) for numbers, text, known in found if known.name in wanted}


def deliveries_in(
    loaded: Loaded, settings: Settings, journal: Journal
) -> Iterator[tuple[Sequence[int], str, KnownDelivery]]:
    """Yield the deliveries of a file's rows that exist, with the numbers of their rows and their texts."""
    unanswered = replace(settings, hidden=None, in_doubt=None)
    rows, found = loaded.rows, list[tuple[int, KnownDelivery]]()
    groups = known_rows(loaded, unanswered, journal).sort(
        loaded.plan, lambda answered: found.extend((one.position, one.delivery) for one in answered)
    )
    for group in groups:
        for i, match in group.asked.items():
            if match.how is How.HIDDEN and match.known is not None:
                found.append((int(group.group.positions[i]), match.known.delivery))
    repeats = loaded.plan.original
    for position, known in sorted(found, key=lambda one: one[0]):
        numbers = [int(rows.number[position]), *rows.number[np.flatnonzero(repeats == position)].tolist()]
        yield numbers, rows.notes[int(rows.note[position])].text if rows.note[position] >= 0 else "", known


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
    lost = [*_of_earlier_runs(report)]
    return results.Summary(title, said, workspace.profile, report.meanings, report.is_practice, lost)


def _of_earlier_runs(report: Report) -> Iterator[tuple[Said, Said]]:
    """Yield each earlier run with notes that were not found, with the command that lists them again; and the notes."""
    of_others = [note for note in report.not_found if note.row is None]
    for run, notes in groupby(of_others, lambda note: note.run):
        listed = [*notes]
        yield say("not-found.run"), say("not-found.run-and-list", n=len(listed), run=run, file=listed[0].file)
        yield from ((note.prospect, note.note_id) for note in listed)


def write_results(
    target: Path,
    loaded: Loaded,
    outcomes: Outcomes,
    run: Run,
    summary: results.Summary,
) -> results.Written:
    """Write the outcomes of a file's rows."""
    source, columns = place(loaded.sheet.source), loaded.roles.columns
    summary = replace(
        summary,
        prospect=columns.get(Role.PROSPECT, columns.get(Role.EMAIL)),
        run=run.name,
    )
    outcomes.composed = partial(_composed, loaded.rows) if loaded.template else None
    return results.write(
        target,
        loaded.sheet,
        outcomes,
        summary,
        source=source,
        ours=loaded.roles.ours,
        run="practice" if summary.is_practice else run.name,
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
    for position, problems in loaded.rows.problems.items():
        cells[position] = {problem.column for problem in problems if problem.column is not None}
    return cells
