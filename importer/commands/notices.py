"""What a notification says of how an import ended; it leaves the house.

So it holds what happened, counts, kinds of reasons, where the results are and what to do, but nothing of what stands in
a sheet, and none of the API's words. A file's name is whoever's: it is written on one line, and mentions nobody.

Comes in: what became of files. Goes out: a :class:`~importer.commands.notifying.Notice`.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from importer.commands.notifying import Notice
from importer.commands.sayings import calling_nobody, clock_time, count, first_sentence, in_result_words, listed, taken
from importer.commands.series import Fate, FileEnded
from importer.errors import BadSettings, Busy, Guarded, ImporterError, NotBegun, OutOfHours, UnclearColumns, by_name
from importer.models import NEEDS_A_PERSON, Result
from importer.results.presentation import MEANINGS

_TITLES = {
    0: "everything is delivered",
    2: "nothing was sent",
    3: "stopped before the end",
    4: "stopped, and needs a person",
}
_ADVICE = {
    0: "Nothing.",
    2: "Correct it, then run the same command again.",
    3: "Run the same command again: it goes on where it was, and sends nothing twice.",
    4: "Mend it first, then run the same command again. Repeating it as it is won't help.",
}


def notice(ended: Sequence[FileEnded], profile: str, log_file: Path | None = None) -> Notice:
    """What is told of how an import of files ended.

    Args:
        ended: what became of each of them.
        profile: as which it ran.
        log_file: where more stands.
    """
    groups = _by_status(ended)
    status = max(one.exit_status for one in ended)
    what = ended[0].file.name if len(ended) == 1 else count(len(ended), "file")
    lines = [line for one in ended for line in (*_about(one), "")]
    lines.extend(_what_to_do(groups))
    lines.append(f"Profile {profile}, on {platform.node() or 'this machine'}, exit status {status}.")
    if log_file is not None:
        lines.append(f"What was said in full stands in the log: {log_file.absolute()}")
    title = f"note-importer: {_title(ended, groups)} ({what})"
    return Notice(
        calling_nobody(title), "\n".join(map(calling_nobody, lines)), status, is_for_switch=not _left_to_another(ended)
    )


def trial(profile: str) -> Notice:
    """What is sent to see whether notifications arrive."""
    body = (
        f"Notifications of the profile {profile} on {platform.node() or 'this machine'} arrive here. Nothing is wrong."
    )
    return Notice("note-importer: this is a test", calling_nobody(body), 0)


def _by_status(ended: Sequence[FileEnded]) -> Mapping[int, Sequence[FileEnded]]:
    """The files by exit status, the worst first; those that went well only where all did."""
    found: dict[int, list[FileEnded]] = {}
    for one in sorted(ended, key=lambda one: -one.exit_status):
        found.setdefault(one.exit_status, []).append(one)
    if len(found) > 1:
        found.pop(0, None)
    return found


def _title(ended: Sequence[FileEnded], groups: Mapping[int, Sequence[FileEnded]]) -> str:
    if len(groups) > 1:
        return "; ".join(f"{count(len(files), 'file')}: {_in_short(files, it)}" for it, files in groups.items())
    [(status, files)] = groups.items()
    return "not every file was imported" if status == 2 and len(files) < len(ended) else _in_short(files, status)


def _in_short(files: Sequence[FileEnded], status: int) -> str:
    """How files of one exit status ended."""
    if all(_is_owed(one) for one in files):
        return "finished, but the results are still to be put where they belong"
    if _only_stay(files, status):
        return "finished, but not moved into the archive"
    if status != 1:
        return _TITLES[status]
    reports = [one.report for one in files if one.report is not None]
    rows = sum(report.counts.get(result, 0) for report in reports for result in NEEDS_A_PERSON)
    rows += sum(len(report.twins) + len(report.not_found) for report in reports)
    return f"{count(rows, 'row')} {'needs' if rows == 1 else 'need'} a person"


def _left_to_another(ended: Sequence[FileEnded]) -> bool:
    """Whether nothing else is wrong than that another import is at work, of which a switch hears anyway."""
    wrong = [one.error for one in ended if one.exit_status > 1]
    return any(isinstance(error, Busy) for error in wrong) and all(
        isinstance(error, (Busy, NotBegun)) for error in wrong
    )


def _is_owed(one: FileEnded) -> bool:
    """Whether nothing else is wrong with a file than that its results could not be put where they were wanted."""
    return one.report is not None and one.report.results_owed and one.report.stopped is None


def _only_stay(files: Sequence[FileEnded], status: int) -> bool:
    """Whether nothing else is wrong with any of these files than that it wasn't moved into the archive."""
    return all(one.why_it_stays and one.report is not None and one.report.exit_status < status for one in files)


def _what_to_do(groups: Mapping[int, Sequence[FileEnded]]) -> Iterator[str]:
    """In a line; or in one for each kind of end, with the names of the files."""
    if len(groups) == 1:
        [(status, files)] = groups.items()
        yield f"What to do: {_advice(files, status)}"
        return
    yield "What to do:"
    for status, files in groups.items():
        yield f"- {listed([one.file.name for one in files])}: {_advice(files, status)}"


def _about(one: FileEnded) -> Iterator[str]:
    """What happened to a file."""
    name, report = one.file.name, one.report
    if report is None:
        why = _why(one.error) if one.error is not None else "a fault of note-importer's own"
        if one.fate in (Fate.LEFT, Fate.NOT_BEGUN):
            why = f"{one.fate}, for {why}"
        elif one.error is None and not one.exit_status:
            why = "gone when its turn came" if one.fate is Fate.GONE else "there was nothing to import"
        yield f"{name}: {why}." + (" Nothing was sent." if one.exit_status == 2 else "")
        return
    ended = f"stopped before the end: {report.stopped.kind}" if report.stopped is not None else "finished"
    span = f"{clock_time(report.started_at)} to {clock_time(report.ended_at)}"
    yield f"{name}: {ended} ({span}, {taken(report.ended_at - report.started_at)})."
    yield f"{count(sum(report.counts.values()), 'row')}: {in_result_words(report.counts)}"
    for result, kinds in report.reasons.items():
        yield f"{result}: " + "; ".join(f"{rows:,} × {kind}" for kind, rows in kinds.items())
    if report.twins:
        yield f"{count(len(report.twins), 'note')} there more than once; the sheet To fix names them"
    if report.not_found:
        yield f"{count(len(report.not_found), 'note')} created, but not found when read back; the results name them"
    if report.results_owed:
        yield "The results could not be put where they were wanted; they are kept on this machine"
    elif one.why_it_stays:
        yield one.why_it_stays
    yield f"Results: {report.results.absolute()}"
    yield f"Run: {report.run}"


def _why(error: ImporterError) -> str:
    """What kept a file from being imported; a guard's words hold numbers alone, and a setting's name is ours."""
    if isinstance(error, Guarded):
        return first_sentence(str(error))
    return f"{error.kind}: {error.setting}" if isinstance(error, BadSettings) and error.setting else error.kind


def _advice(ended: Sequence[FileEnded], status: int) -> str:
    if all(isinstance(one.error, OutOfHours) for one in ended):
        return f"Run the same command again while it may be at work ({by_name('between')})."
    if all(isinstance(one.error, UnclearColumns) and one.error.questions for one in ended):
        return "Correct it, or run it once by hand at a terminal: there it asks, and can remember the answers."
    if status != 1:
        return _ADVICE[status]
    if _only_stay(ended, status):
        return "Do what is said of it above."
    found = {result for one in ended if one.report is not None for result in one.report.counts}
    parts = [f"{result}: {MEANINGS[result].next}" for result in Result if result in found & NEEDS_A_PERSON]
    if any(one.report is not None and one.report.twins for one in ended):
        parts.append("there more than once: remove all but one of each by hand")
    if any(one.report is not None and one.report.not_found for one in ended):
        parts.append("created, but not found: look at these prospects in Saleshandy")
    return "look at the sheet To fix of the results. " + "; ".join(parts) + "."
