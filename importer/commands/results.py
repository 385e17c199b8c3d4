"""The results of a run: written at its end, or written again from its file and the journal. Sends nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from importer import results
from importer.commands.email_lookup import asked, resolved
from importer.commands.loading import Loaded, load, marked, results_path
from importer.commands.rendering import count, when
from importer.commands.workspaces import find_run
from importer.delivery import earlier
from importer.delivery.local_outcomes import settle_after, settle_before
from importer.delivery.outcomes import Outcomes
from importer.delivery.several_prospects import gathered
from importer.errors import BadSettings
from importer.journal import DeliveryState, Journal, KnownDelivery, NoteKey, Run
from importer.messages import say
from importer.models import Result
from importer.results.presentation import MEANINGS, Meaning
from importer.settings import Settings
from importer.storage import place


def rewrite(name: str, path: Path, settings: Settings) -> tuple[results.Written, Outcomes]:
    """Write the results of an earlier run again, from its file and the journal.

    Raises:
        BadSettings: there is no such run, it imported another file, or what became of its rows can't be told any more.
    """
    with Journal.open(settings.journal) as journal:
        run = find_run(journal, name, settings.workspace)
        loaded = load(path, settings)
        with loaded:
            if loaded.unclear is not None:
                raise loaded.unclear
            if loaded.sheet.fingerprint != run.fingerprint:
                raise BadSettings(say("results.other-file", path=str(path), run=run.name, file=str(run.file)))
            known = asked(loaded, journal, settings, run.occurrence)
            naming = known.emails.naming
            if naming and len(known.open.naming) == len(naming):
                raise BadSettings(say("results.emails-forgotten", path=str(path)))
            loaded = resolved(known.loaded, known.answers, settings, known.made)
            outcomes = Outcomes(len(loaded.rows))
            settle_before(loaded.rows, outcomes, loaded.sheet.headings)
            _recall(journal, run, loaded, outcomes)
            outcomes.explain(Result.NOT_SENT, say("outcome.run-ended"))
            settle_after(loaded.rows, loaded.plan, outcomes)
            outcomes = gathered(outcomes, loaded.rows)
            _see_that_it_reads_as_then(outcomes, run, loaded, path)
            untold = outcomes.counts().get(Result.NOT_SENT, 0) - run.counts.get(Result.NOT_SENT, 0)
            if run.ended == "finished" and untold > 0:  # those that it couldn't send it had said why
                raise BadSettings(say("results.rows-forgotten", rows=count(untold, "row"), path=str(path)))
            lines = [
                ("File", run.file),
                ("Run", run.name),
                ("Started", when(run.started_at)),
                ("Ended", f"{when(run.ended_at)} ({run.ended})" if run.ended_at else "broken off"),
                ("Written again", when(time.time())),
            ]
            target = results_path(path, settings)
            written = write_results(target, loaded, outcomes, run, lines, journal)
            return written, outcomes


def _see_that_it_reads_as_then(outcomes: Outcomes, run: Run, loaded: Loaded, path: Path) -> None:
    """See that no row has a problem now that the run had none with: that would be told of a note that is there.

    Raises:
        BadSettings: some have; says what the first one is.
    """
    wrong = outcomes.counts().get(Result.INVALID, 0) - run.counts.get(Result.INVALID, 0)
    if run.counts and wrong > 0:
        first = next(iter(sorted(loaded.rows.problems.items())))[1][0]
        raise BadSettings(
            say(
                "results.reads-otherwise",
                rows=count(wrong, "row"),
                path=str(path),
                run=run.name,
                first=say("problem", place=first.cell, text=first.text),
            )
        )


def texts(notes: Sequence[KnownDelivery], path: Path, settings: Settings) -> dict[int, str]:
    """What notes say, from the file that they came from, for the journal holds no text: a note's number → its text.

    Raises:
        Unusable: the file can't be used.
    """
    wanted = {known.note for known in notes}
    with Journal.open(settings.journal) as journal, load(path, settings) as loaded:
        groups = loaded.plan.groups
        numbers = journal.deliveries.find_notes(settings.workspace, [NoteKey.of(group.note) for group in groups])
    return {number: group.note.text for number, group in zip(numbers, groups, strict=True) if number in wanted}


def _recall(journal: Journal, run: Run, loaded: Loaded, outcomes: Outcomes) -> None:
    """Settle rows by what the journal knows of their deliveries."""
    rows, groups = loaded.rows, loaded.plan.groups
    numbers = journal.deliveries.find_notes(run.workspace, [group.note for group in groups])
    read_before: list[earlier.SortedGroup] = []
    for block in earlier.blocks(groups, numbers):
        known = earlier.look_up(groups, numbers, block, rows, journal)
        for index in block:
            group, number, left = groups[index], numbers[index] or 0, []
            prospects, keys = rows.deliveries(group.positions)
            for i, (prospect, key) in enumerate(zip(prospects, keys, strict=True)):
                found = known.get((number, prospect, run.occurrence + key))
                if found is None:
                    left.append(i)
                elif found.run <= run.id:
                    _settle_known(outcomes, int(group.positions[i]), found, run)
            if left and rows.former is not None:
                read_before.append(earlier.SortedGroup(group, NoteKey.of(group.note), number, left))
    for one in earlier.under_former_readings(read_before, rows, journal, run.workspace, run.occurrence):
        for i, found in [*one.made, *(pair for members in one.unclear.values() for pair in members)]:
            if found.run <= run.id:
                _settle_known(outcomes, int(one.group.positions[i]), found, run)


def _settle_known(outcomes: Outcomes, position: int, known: KnownDelivery, run: Run) -> None:
    number = known.request if known.run == run.id else 0
    note_ids = [known.note_id or ""]
    if known.state in (DeliveryState.CREATED, DeliveryState.HIDDEN):
        result = Result.CREATED if known.run == run.id else Result.ALREADY_IMPORTED
        reason = say("outcome.hidden") if known.state is DeliveryState.HIDDEN else None
        outcomes.settle([position], result, note_ids=note_ids, reason=reason, at=known.at, request=number)
        if known.duplicates:
            outcomes.found_duplicates(position, known.duplicates)
        if known.is_missing:
            outcomes.found_missing(position, note_ids)
    elif known.state is DeliveryState.REJECTED:
        outcomes.settle([position], Result.REJECTED, reason=known.why, at=known.at, request=number)
    else:
        reason = say("outcome.no-clear-answer")
        outcomes.settle([position], Result.UNCONFIRMED, reason=reason, at=known.at, request=number)


def write_results(
    target: Path,
    loaded: Loaded,
    outcomes: Outcomes,
    run: Run,
    lines: Sequence[tuple[str, str]],
    journal: Journal,
    *,
    not_sent: Meaning = MEANINGS[Result.NOT_SENT],
) -> results.Written:
    """Write what became of a file's rows; ``lines`` say in the summary what was run, ``not_sent`` what that means."""
    summary = results.Summary("What became of the notes", lines, run.workspace.profile, not_sent)
    return results.write(
        target,
        loaded.sheet,
        outcomes,
        summary,
        policy=results.OverwriteWritten(journal, place(loaded.sheet.source)),
        ours=loaded.roles.ours,
        run=run.name,
        marked=marked(loaded),
    )
