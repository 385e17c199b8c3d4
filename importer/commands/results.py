"""Write the results of a run: at its end, when a person asks, or at the next run if it couldn't. Sends nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np

from importer import results
from importer.commands.answering import of_results
from importer.commands.email_lookup import asked
from importer.commands.loading import Loaded, counted, how_read, load, results_path, writable
from importer.commands.rendering import count, duration, listed_duplicates, not_found, when
from importer.commands.report import Report
from importer.commands.workspaces import find_run
from importer.delivery import earlier
from importer.delivery.other_names import under_other_names
from importer.delivery.outcomes import Outcomes, gathered, settle_after, settle_before
from importer.delivery.row_names import by_row_names
from importer.delivery.sorted_group import SortedGroup
from importer.errors import BadSettings, ImporterError, ResultsNotWritten, as_argument
from importer.journal import DeliveryName, DeliveryState, Journal, KnownDelivery, NoteKey, Run
from importer.messages import Message, Said, say
from importer.models import Result, Role, Rows, Workspace
from importer.reading import column_letter
from importer.rows.columns import shown
from importer.settings import Settings, remembering
from importer.storage import place

_OF_REAL_RUNS = ("history.of-run", "history.of-workspace", "label.requests", "label.finding-calls", "label.uploads")
"""Lines of *Summary* that practice doesn't have, because they tell of a run in the journal, or of calls."""


class _ReadDifferently(Exception):
    """The file would be read with other settings than in its run."""


def rewrite(
    name: str,
    path: Path,
    settings: Settings,
    *,
    reading: str | None = None,
    see: Callable[[Loaded, Outcomes], object] = lambda *_: None,
) -> tuple[results.Written, Outcomes]:
    """Write the results of an earlier run again, from its file and the journal.

    Args:
        name: the run's name.
        path: its file.
        settings: the settings for all files.
        reading: how the run read the file, if that is to be the same; see :func:`importer.commands.loading.how_read`.
        see: receives the sheet and the outcomes of its rows.

    Raises:
        BadSettings: there is no such run, it imported another file or read it with other settings, or the outcomes of
            its rows aren't known any more.
    """
    with Journal.open(settings.journal) as journal:
        run = find_run(journal, name, settings.workspace)
        with load(path, settings) as given:
            settings = given.settings
            if reading not in (None, how_read(settings)):
                raise _ReadDifferently
            if given.unclear is not None:
                raise given.unclear
            if given.sheet.fingerprint != run.fingerprint:
                raise BadSettings(say("results.other-file", path=str(path), run=run.name, file=str(run.file)))
            looked_up = asked(given, journal, settings, run.occurrence)
            naming = looked_up.emails.naming
            if naming and len(looked_up.open.naming) == len(naming):
                raise BadSettings(say("results.emails-forgotten", path=str(path)))
            loaded = looked_up.resolved
            outcomes = Outcomes(len(loaded.rows))
            settle_before(loaded.rows, outcomes, loaded.sheet.headings)
            recalled = _recall(journal, run, loaded, outcomes)
            outcomes.explain(Result.NOT_SENT, say("outcome.run-ended"))
            settle_after(loaded.rows, loaded.plan, outcomes)
            outcomes = gathered(outcomes, loaded.rows)
            _see_that_it_reads_as_then(outcomes, run, loaded, path)
            forgotten = outcomes.counts().get(Result.NOT_SENT, 0) - run.counts.get(Result.NOT_SENT, 0)
            if run.ended == "finished" and forgotten > 0:  # more rows than the run itself left unsent
                raise BadSettings(say("results.rows-forgotten", rows=count(forgotten, "row"), path=str(path)))
            made = sum(n for result, n in journal.deliveries.so_far(run).items() if result is not Result.REJECTED)
            if made > len(recalled):
                raise BadSettings(say("results.other-notes", n=made - len(recalled), path=str(path), run=run.name))
            lines = [
                (say("history.of-file"), run.file),
                (say("history.of-run"), run.name),
                (say("history.of-start"), when(run.started_at)),
                (say("history.of-end"), f"{when(run.ended_at)} ({run.ended})" if run.ended_at else "broken off"),
                (say("label.written-again"), when(time.time())),
            ]
            target = results_path(path, settings)
            summary = results.Summary(say("summary.title"), lines, run.workspace.profile)
            see(loaded, outcomes)
            written = write_results(target, loaded, outcomes, run, summary, journal)
            return written, outcomes


def catch_up(journal: Journal, settings: Settings, source: str) -> Iterator[Message]:
    """Write the pending results, except those of the file that is about to be imported. Yield a message about each.

    Args:
        journal: the journal, with its lock held.
        settings: the settings of the run that begins.
        source: the file that it imports.
    """
    current_file = str(place(source).absolute())
    for pending in journal.pending_results.pending(settings.workspace):
        if pending.file == current_file:
            continue
        message = say("owed.ended-before-results", run=pending.run, file=str(pending.file))
        by_hand = say("owed.by-hand", run=pending.run, file=str(as_argument(pending.file)))
        try:
            target = replace(settings, results=place(pending.results))
            written, _ = rewrite(pending.run, place(pending.file), target, reading=pending.reading)
        except _ReadDifferently:
            yield say("owed.read-differently", said=message, by_hand=by_hand)
        except ResultsNotWritten as error:
            yield say("owed.still-not", said=message, why=error.message)
            continue
        except ImporterError as error:
            yield say("owed.not-now", said=message, why=error.message, by_hand=by_hand)
        else:
            if written.is_owed:
                yield say("owed.still-not-since", said=message, remark=written.remark or "")
                continue
            yield say("owed.written", said=message, path=str(written.path))
        journal.pending_results.cross_out(settings.workspace, pending.run)


def _see_that_it_reads_as_then(outcomes: Outcomes, run: Run, loaded: Loaded, path: Path) -> None:
    """Check that no more rows have problems now than in the run, because their notes may exist.

    Raises:
        BadSettings: more rows have problems; the message shows the first problem.
    """
    invalid = outcomes.counts().get(Result.INVALID, 0) - run.counts.get(Result.INVALID, 0)
    if run.counts and invalid > 0:
        rows, first = count(invalid, "row"), loaded.first_problem
        raise BadSettings(say("results.reads-otherwise", rows=rows, path=str(path), run=run.name, first=first))


def in_sheet(notes: Sequence[KnownDelivery], path: Path, settings: Settings) -> dict[str, tuple[Sequence[int], str]]:
    """Return the rows and the text of each note by its ID, from the file, because the journal contains no texts.

    There are no rows if the file names the prospect by email.

    Raises:
        Unusable: the file can't be used.
    """
    found: dict[str, tuple[Sequence[int], str]] = {}
    with Journal.open(settings.journal) as journal, load(path, settings) as loaded:
        rows, groups = loaded.rows, loaded.plan.groups
        numbers = journal.deliveries.find_notes(settings.workspace, [NoteKey.of(group.note) for group in groups])
        group_of = dict(zip(numbers, groups, strict=True))
        for known in notes:
            if (group := group_of.get(known.note)) is not None:
                at = group.positions[rows.prospect[group.positions] == known.prospect]
                found[known.note_id or ""] = rows.number[at].tolist(), group.note.text
    return found


def _recall(journal: Journal, run: Run, loaded: Loaded, outcomes: Outcomes) -> set[DeliveryName]:
    """Set the outcome of each row to that of its delivery in the journal.

    Returns:
        the deliveries of this run that rows have and whose notes exist or may exist.
    """
    recalled: set[DeliveryName] = set()

    def settle(position: int, delivery: KnownDelivery) -> None:
        _settle_known(outcomes, position, delivery, run)
        if delivery.run == run.id and delivery.state is not DeliveryState.REJECTED:
            recalled.add((delivery.note, delivery.prospect, delivery.occurrence))

    rows, groups = loaded.rows, loaded.plan.groups
    numbers = journal.deliveries.find_notes(run.workspace, [group.note for group in groups])
    read_before: list[SortedGroup] = []
    for block in earlier.blocks(groups, numbers):
        later = earlier.look_up(groups, numbers, block, rows, journal)
        deliveries = by_row_names({name: one for name, one in later.items() if one.run <= run.id}, run.occurrence)
        for index in block:
            group, number, left = groups[index], numbers[index] or 0, []
            prospects, keys = rows.deliveries(group.positions)
            for i, (prospect, key) in enumerate(zip(prospects, keys, strict=True)):
                name = (number, prospect, run.occurrence + key)
                delivery = deliveries.get(name)
                if delivery is not None and (delivery.run == run.id or delivery.state is not DeliveryState.REJECTED):
                    settle(int(group.positions[i]), delivery)
                elif delivery is not None or name not in later:
                    left.append(i)
            if left:
                read_before.append(SortedGroup(group, NoteKey.of(group.note), number, left))
    for sorted_group in under_other_names(read_before, numbers, rows, journal, run.workspace, run.occurrence):
        for i, delivery in sorted_group.known:
            if delivery.run <= run.id:
                settle(int(sorted_group.group.positions[i]), delivery)
    return recalled


def _settle_known(outcomes: Outcomes, position: int, delivery: KnownDelivery, run: Run) -> None:
    request = delivery.request if delivery.run == run.id else 0
    note_ids = [delivery.note_id or ""]
    if delivery.state in (DeliveryState.CREATED, DeliveryState.HIDDEN):
        result = Result.CREATED if delivery.run == run.id else Result.ALREADY_IMPORTED
        reason = say("outcome.hidden") if delivery.state is DeliveryState.HIDDEN else None
        outcomes.settle([position], result, note_ids=note_ids, reason=reason, at=delivery.at, request=request)
        if delivery.duplicates:
            outcomes.found_duplicates(position, delivery.duplicates)
        if delivery.is_missing:
            outcomes.found_missing(position, note_ids)
    elif delivery.state is DeliveryState.REJECTED:
        outcomes.settle([position], Result.REJECTED, reason=delivery.why, at=delivery.at, request=request)
    else:
        reason = say("outcome.no-clear-answer")
        outcomes.settle([position], Result.UNCONFIRMED, reason=reason, at=delivery.at, request=request)


def summary_of(report: Report, loaded: Loaded, workspace: Workspace) -> results.Summary:
    """Return the content of the sheet *Summary* for a run."""
    stopped, lag, waits = report.stopped, report.readable_within, report.rate_limited
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
        ("label.readable-within", duration(lag) if lag is not None else None),
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
    journal: Journal,
) -> results.Written:
    """Write the outcomes of a file's rows."""
    source, columns = place(loaded.sheet.source), loaded.roles.columns
    read_as = of_results(loaded.settings, loaded.sheet.source, loaded.columns, run.name)
    summary = replace(
        summary,
        prospect=columns.get(Role.PROSPECT, columns.get(Role.EMAIL)),
        read_as="" if read_as is None else remembering.signed(read_as, journal.id),
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
