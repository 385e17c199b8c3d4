"""What a notification says of how an import ended; it leaves the house.

So it holds what happened, counts, kinds of reasons, where the results are and what to do, but nothing of what stands in
a sheet, and none of the API's words. A file's name is whoever's: it is written on one line, and mentions nobody.

Comes in: what became of files. Goes out: a :class:`~importer.commands.notifications.Notification`.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from importer.commands.batch import FileEnded, FileResult
from importer.commands.notifications import Notification
from importer.commands.rendering import calling_nobody, clock_time, count, in_result_words, listed, taken
from importer.errors import BadSettings, Busy, Guarded, ImporterError, NotBegun, OutOfHours, UnclearColumns
from importer.messages import Message, as_message, render, say, words
from importer.models import NEEDS_A_PERSON, Result
from importer.results.presentation import MEANINGS

_TITLES = {0: "notice.delivered", 2: "notice.nothing-sent", 3: "notice.stopped", 4: "notice.needs-a-person"}
_ADVICE = {0: "notice.do-nothing", 2: "notice.correct-it", 3: "notice.run-again", 4: "notice.mend-it-first"}


def notification(ended: Sequence[FileEnded], profile: str, log_file: Path | None = None) -> Notification:
    """What is told of how an import of files ended.

    Args:
        ended: what became of each of them.
        profile: as which it ran.
        log_file: where more stands.
    """
    groups = _by_status(ended)
    status = max(one.exit_status for one in ended)
    what = words(ended[0].file.name) if len(ended) == 1 else count(len(ended), "file")
    lines = [line for one in ended for line in (*_about(one), None)]
    lines.extend(_what_to_do(groups))
    lines.append(say("notice.profile", profile=profile, machine=_machine(), status=str(status)))
    if log_file is not None:
        lines.append(say("notice.log", path=str(log_file.absolute())))
    title = say("notice.title", title=_title(ended, groups), what=what)
    body = "\n".join(calling_nobody(render(line)) for line in lines)
    return Notification(calling_nobody(render(title)), body, status, is_for_switch=not _left_to_another(ended))


def trial(profile: str) -> Notification:
    """What is sent to see whether notifications arrive."""
    body = say("notice.trial", profile=profile, machine=_machine())
    return Notification(render(say("notice.trial.title")), calling_nobody(render(body)), 0)


def _machine() -> Message:
    return words(platform.node()) if platform.node() else say("notice.this-machine")


def _by_status(ended: Sequence[FileEnded]) -> Mapping[int, Sequence[FileEnded]]:
    """The files by exit status, the worst first; those that went well only where all did."""
    found: dict[int, list[FileEnded]] = {}
    for one in sorted(ended, key=lambda one: -one.exit_status):
        found.setdefault(one.exit_status, []).append(one)
    if len(found) > 1:
        found.pop(0, None)
    return found


def _title(ended: Sequence[FileEnded], groups: Mapping[int, Sequence[FileEnded]]) -> Message:
    if len(groups) > 1:
        parts = (
            say("notice.files", files=count(len(files), "file"), ended=_in_short(files, it))
            for it, files in groups.items()
        )
        return say("notice.several", parts=tuple(parts))
    [(status, files)] = groups.items()
    return say("notice.not-every-file") if status == 2 and len(files) < len(ended) else _in_short(files, status)


def _in_short(files: Sequence[FileEnded], status: int) -> Message:
    """How files of one exit status ended."""
    if all(_is_owed(one) for one in files):
        return say("notice.results-owed")
    if _only_stay(files, status):
        return say("notice.not-archived")
    if status != 1:
        return say(_TITLES[status])
    reports = [one.report for one in files if one.report is not None]
    rows = sum(report.counts.get(result, 0) for report in reports for result in NEEDS_A_PERSON)
    rows += sum(len(report.duplicates) + len(report.not_found) for report in reports)
    return say("notice.rows-need-a-person", n=rows)


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


def _what_to_do(groups: Mapping[int, Sequence[FileEnded]]) -> Iterator[Message]:
    """In a line; or in one for each kind of end, with the names of the files."""
    if len(groups) == 1:
        [(status, files)] = groups.items()
        yield say("notice.what-to-do", advice=_advice(files, status))
        return
    yield say("notice.what-to-do-for-each")
    for status, files in groups.items():
        yield say("notice.to-do", files=listed([one.file.name for one in files]), advice=_advice(files, status))


def _about(one: FileEnded) -> Iterator[Message]:
    """What happened to a file."""
    name, report = one.file.name, one.report
    if report is None:
        yield _not_begun(one)
        return
    ended = say("notice.finished")
    if report.stopped is not None:
        ended = say("notice.stopped-because", why=report.stopped.kind)
    begin, end = clock_time(report.started_at), clock_time(report.ended_at)
    took = taken(report.ended_at - report.started_at)
    yield say("notice.ended", file=name, ended=ended, begin=begin, end=end, took=took)
    rows = count(sum(report.counts.values()), "row")
    yield say("notice.counts", rows=rows, counts=in_result_words(report.counts))
    for result, kinds in report.reasons.items():
        reasons = tuple(say("why.times", rows=rows, why=kind) for kind, rows in kinds.items())
        yield say("notice.reasons", result=result.value, reasons=reasons)
    if report.duplicates:
        yield say("notice.duplicates", n=len(report.duplicates))
    if report.not_found:
        yield say("notice.not-found", n=len(report.not_found))
    if report.results_owed:
        yield say("notice.results-kept")
    elif one.why_it_stays:
        yield as_message(one.why_it_stays)
    yield say("notice.results", path=str(report.results.absolute()))
    yield say("notice.run", run=report.run)


def _not_begun(one: FileEnded) -> Message:
    """What kept a file from being imported."""
    why = _why(one.error) if one.error is not None else say("notice.own-fault")
    if one.fate in (FileResult.LEFT, FileResult.NOT_BEGUN):
        why = say("notice.left", fate=one.fate.value, why=why)
    elif one.error is None and not one.exit_status:
        why = say("notice.gone" if one.fate is FileResult.GONE else "notice.nothing-to-import")
    return say("notice.file-nothing-sent" if one.exit_status == 2 else "notice.file", file=one.file.name, why=why)


def _why(error: ImporterError) -> Message:
    """What kept a file from being imported; a guard's words hold numbers alone, and a setting's name is ours."""
    if isinstance(error, Guarded):
        return say("notice.guard", why=error.message)
    kind = error.kind
    if isinstance(error, BadSettings) and error.setting:
        return say("notice.setting", kind=kind, setting=error.setting)
    return kind


def _advice(ended: Sequence[FileEnded], status: int) -> Message:
    if all(isinstance(one.error, OutOfHours) for one in ended):
        return say("notice.run-in-its-hours")
    if all(isinstance(one.error, UnclearColumns) and one.error.questions for one in ended):
        return say("notice.answer-at-a-terminal")
    if status != 1:
        return say(_ADVICE[status])
    if _only_stay(ended, status):
        return say("notice.do-what-is-said")
    found = {result for one in ended if one.report is not None for result in one.report.counts}
    parts = [
        say("notice.of-result", result=result.value, advice=following)
        for result in Result
        if result in found & NEEDS_A_PERSON and (following := MEANINGS[result].next)
    ]
    if any(one.report is not None and one.report.duplicates for one in ended):
        parts.append(say("notice.remove-duplicates"))
    if any(one.report is not None and one.report.not_found for one in ended):
        parts.append(say("notice.look-at-not-found"))
    return say("notice.look-at-to-fix", parts=tuple(parts))
