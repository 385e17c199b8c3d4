"""What a person reads: the file as it was understood, the plan, the problems, the report.

Comes in: what the pipeline found. Goes out: lines on standard output.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from importer import grouping, pipeline
from importer.cli.terminal import paragraph, say
from importer.errors import JournalFailed, NeedsAPerson
from importer.journal import Known, Run
from importer.markup import is_html
from importer.models import Note, Result, Status, Visibility
from importer.reading import column_letter
from importer.settings import Settings

_SHOWN_PROBLEMS = 20
_MEANING: Mapping[Result, str] = {
    Result.CREATED: "the note exists now",
    Result.DUPLICATE: "the same note for the same prospect as an earlier row; not sent twice",
    Result.ALREADY_IMPORTED: "an earlier run created it; left alone",
    Result.REJECTED: "the API said no: correct the row, run again",
    Result.INVALID: "something is wrong in the sheet: correct the cell, run again",
    Result.UNCONFIRMED: "may or may not exist: run `note-importer verify`",
    Result.NOT_SENT: "the run stopped before it: run the same command again",
}
_NEED_A_HAND = (NeedsAPerson, JournalFailed)


def _show_file(loaded: pipeline.Loaded) -> None:
    """What the file was understood to be."""
    sheet = loaded.sheet
    about = [sheet.format] + ([f"sheet {sheet.name!r}"] if sheet.name else [])
    about += [f"headings in row {sheet.header_row}"] + ([sheet.encoding] if sheet.encoding else [])
    say(f"{sheet.source}: {', '.join(about)}")
    for role, column in loaded.roles.columns.items():
        say(f"  {role + ':':12} column {column_letter(column)}, {sheet.headings[column]!r}")
    if loaded.roles.unused:
        unused = [sheet.headings[column] or f"column {column_letter(column)}" for column in loaded.roles.unused]
        say(f"  {'not used:':12} {_listed(unused)}")
    for remark in (*sheet.remarks, *loaded.rows.remarks):
        paragraph(remark, "  Note: ")
    if not len(loaded.rows):
        paragraph("There is no row below the headings, so there is nothing to import.", "  Note: ")


def _show_profiles(preview: pipeline.Preview, settings: Settings) -> None:
    """A profile's first import may be a slip of the hand, and would deliver everything again."""
    if others := preview.other_profiles:
        paragraph(
            f"This is the first import as profile {settings.profile!r} at {settings.base_url}; what was delivered as"
            f" {_listed(others)} is not known here.",
            "  Note: ",
        )


def _show_sizes(preview: pipeline.Preview, settings: Settings) -> None:
    """Rows, notes, requests, and the time that they take."""
    rows, plan, remaining = preview.loaded.rows, preview.loaded.plan, preview.remaining
    duplicates = int((plan.original >= 0).sum())
    say(
        f"{count(len(rows), 'row')}: {count(plan.deliveries, 'note')} to deliver"
        + (f", {duplicates:,} {'repeats' if duplicates == 1 else 'repeat'} an earlier row" if duplicates else "")
        + (f", {len(rows.done):,} delivered already" if rows.done else "")
        + (f", {len(rows.problems):,} with problems" if rows.problems else "")
    )
    if before := plan.deliveries - remaining.deliveries - remaining.unclear:
        were, are = ("was", "is") if before == 1 else ("were", "are")
        say(f"{before:,} of them {were} imported by an earlier run and {are} left alone")
    if remaining.unclear:
        say(f"{remaining.unclear:,} got no clear answer in an earlier run and are looked up first")
    if remaining.made_without_key:
        paragraph(
            f"{remaining.made_without_key:,} of these notes were imported before without --key-column; with a key each"
            " counts as another occurrence, and is sent.",
            "  Note: ",
        )
    if remaining.requests:
        saved = remaining.deliveries - remaining.requests
        say(
            f"{count(remaining.notes, 'distinct note')} in {count(remaining.requests, 'request')} of up to"
            f" {preview.batch_size:,} prospects" + (f": {saved:,} fewer than one a row" if saved else "")
        )
        if drafts := grouping.several_drafts(plan.groups, rows):
            paragraph(
                f"{count(drafts, 'prospect')} would receive more than one draft; Saleshandy shows one draft a prospect,"
                " so the later one may replace the earlier.",
                "  Note: ",
            )
        # The slower of what the API allows and what the person allows.
        rates = [rate for rate in (settings.rate, preview.rate) if rate is not None]
        if rates:
            rate = min(rates, key=lambda found: found.calls / found.seconds)
            whose = "" if rate == settings.rate else ", the limit that the account was last seen to have,"
            windows = (remaining.requests - 1) // rate.calls  # the first calls go at once; after that the rate binds
            say(f"At {rate}{whose} that takes {_duration(windows * rate.seconds)}.")


def show_plan(preview: pipeline.Preview, settings: Settings) -> None:
    """What a run is about to do."""
    _show_file(preview.loaded)
    say(f"To: {settings.base_url}, profile {settings.profile!r}")
    _show_profiles(preview, settings)
    _show_sizes(preview, settings)
    _show_problems(preview.loaded, most=5, more="every one stands in the results")


def _show_problems(loaded: pipeline.Loaded, most: int, more: str) -> None:
    """The first problems, and how many more there are."""
    problems = [problem for _, found in sorted(loaded.rows.problems.items()) for problem in found]
    for problem in problems[:most]:
        paragraph(str(problem), "  ")
    if len(problems) > most:
        say(f"  … and {len(problems) - most:,} more; {more}")


def show_check(preview: pipeline.Preview, settings: Settings) -> None:
    """All that `check` has to say."""
    loaded = preview.loaded
    _show_file(loaded)
    _show_profiles(preview, settings)
    say()
    _show_sizes(preview, settings)
    groups = loaded.plan.groups
    sizes = {group.note: len(group.positions) for group in groups}
    counted = {
        "public": sum(size for note, size in sizes.items() if note.visibility is Visibility.PUBLIC),
        "private": sum(size for note, size in sizes.items() if note.visibility is Visibility.PRIVATE),
        "drafts": sum(size for note, size in sizes.items() if note.status is Status.DRAFT),
    }
    say("  ".join(f"{name}: {size:,}" for name, size in counted.items()))
    html = sum(size for note, size in sizes.items() if is_html(note.text))
    escaped = sum(size for note, size in sizes.items() if note.content != note.text)
    if html or escaped:
        say(f"HTML, sent as it is: {html:,}  text with line breaks, < or &, sent as HTML: {escaped:,}")
    if groups:
        say()
        say("The largest groups:")
        for group in sorted(groups, key=lambda found: -len(found.positions))[:5]:
            say(f"  {len(group.positions):7,} × {_first_words(group.note.text)}{_aside(group.note)}")
    near = grouping.near_identical(groups)
    if near:
        say()
        say("Groups that look the same but differ in spaces, the shape of quotes or the like; each stays a note:")
        for alike in near[:5]:
            numbers = [f"row {loaded.rows.number[group.positions[0]]}" for group in alike]
            say(f"  {_first_words(alike[0].note.text)}  ({', '.join(numbers[:4])})")
    if loaded.rows.overlooked:
        say()
        say("Nothing can be sent until this is settled:")
        for sentence in loaded.rows.overlooked:
            paragraph(sentence, "  ")
    if loaded.rows.problems:
        say()
        say("Problems:")
        _show_problems(loaded, most=_SHOWN_PROBLEMS, more="correct these first")


def show_report(report: pipeline.Report) -> None:
    """How a run ended."""
    if report.stopped is not None:
        paragraph(f"Stopped before the end. {report.stopped}")
    show_counts(report.counts, needs_a_hand=isinstance(report.stopped, _NEED_A_HAND))
    asked = f"; the API asked to wait {count(report.rate_limited, 'time')}" if report.rate_limited else ""
    looks = f", {count(report.looks, 'look-up')}" if report.looks else ""
    if report.twins:
        paragraph(
            f"{count(len(report.twins), 'note')} {'is' if len(report.twins) == 1 else 'are'} there more than once."
            f" {_capital(pipeline.twins_in_words(report.twins))}"
        )
    say(f"{count(report.requests, 'request')} sent{looks}{asked}.")
    if report.remark:
        paragraph(report.remark)
    say(f"Results: {report.results}")


def show_counts(counts: Mapping[Result, int], *, needs_a_hand: bool = False) -> None:
    """How many rows ended in which way, and what that means.

    Args:
        counts: result → rows.
        needs_a_hand: whether the run stopped for something that the same command alone won't mend.
    """
    width = max((len(result) for result in counts), default=0)
    for result, rows in counts.items():
        meaning = _MEANING[result]
        if result is Result.NOT_SENT and needs_a_hand:
            meaning = "the run stopped before it: mend what is said above first"
        say(f"  {rows:9,}  {result:{width}}  {meaning}")


def show_history(runs: Sequence[Run], *, of_all: bool) -> None:
    """Runs, the latest first; ``of_all`` workspaces, or of one."""
    if not runs:
        say("No run is recorded yet.")
    followed = set()
    for run in runs:
        # A later one could begin only when the lock was free, so this one is over.
        ended = run.ended or ("broken off" if run.profile in followed else "still running, or broken off")
        followed.add(run.profile)
        say(f"{run.name}  {pipeline.when(run.started_at)}  {ended}  {run.file}")
        if of_all:
            say(f"    workspace: {run.profile}")
        if run.counts:
            say("    " + "  ".join(f"{result}: {rows:,}" for result, rows in run.counts.items()))


def show_hiding(run: Run, notes: Sequence[tuple[int, Known]]) -> None:
    """What would be hidden."""
    if not notes:
        paragraph(
            f"Run {run.name} of {pipeline.when(run.started_at)}, which imported {run.file}, has no notes to hide: it"
            " created none, or they are private drafts already."
        )
        return
    say(f"Run {run.name} of {pipeline.when(run.started_at)} imported {run.file}.")
    say(f"{count(len(notes), 'note')} that it created would become private drafts:")
    for _, known in notes[:5]:
        say(f"  note {known.note_id} on prospect {known.prospect}")
    if len(notes) > 5:
        say(f"  … and {len(notes) - 5:,} more")
    paragraph("They will still exist: the API can't delete notes. The key's owner goes on seeing them, as drafts.")


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "no time to speak of"
    if seconds < 120:
        return count(round(seconds), "second")
    return count(round(seconds / 60), "minute") if seconds < 7200 else f"{seconds / 3600:,.1f} hours"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _first_words(text: str) -> str:
    return textwrap.shorten(" ".join(text.split()), 70, placeholder=" …")


def _aside(note: Note) -> str:
    """What tells a note from the usual public one of the same text."""
    found = ["private"] if note.visibility is Visibility.PRIVATE else []
    found += ["draft"] if note.status is Status.DRAFT else []
    found += [f"with {_first_words(', '.join(note.attachments))}"] if note.attachments else []
    return f"  ({', '.join(found)})" if found else ""


def _listed(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(repr(name) for name in names[:most])
    return shown + (f" and {len(names) - most:,} more" if len(names) > most else "")


def count(number: int, thing: str) -> str:
    """A number with its thing: 1 row, 2 rows."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def argument(path: Path) -> str:
    """A path as one word of a command line."""
    return f'"{path}"' if " " in str(path) else str(path)
