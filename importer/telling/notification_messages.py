"""Write the text of a notification about how an import ended.

A notification leaves this computer. It holds the lines of the screen without what is from a sheet or quoted from the
API: the types of a message's parts say so. A file's name is on one line and mentions (@) nobody in a chat. The worst
comes first.

Input: the results of files. Output: a :class:`~importer.telling.notifications.Notification`.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from importer.errors import Busy, ImporterError, NotBegun, ProgramFault, UnclearColumns
from importer.importing.batch import Batch, FileEnded
from importer.messages import Face, Message, as_message, render, say, words
from importer.models import Result
from importer.settings import profiles
from importer.telling import report_messages
from importer.telling.notifications import Notification
from importer.telling.rendering import calling_nobody, clock_time, in_result_words, taken

_TITLES = {
    0: "notice.delivered",
    1: "notice.look-at-it",
    2: "notice.not-imported",
    3: "notice.stopped",
    4: "notice.needs-a-person",
}
_DETAILED = 5
"""Maximum number of files that are described in detail."""


class _Notified(Face):
    """Rendering for recipients: settings are flags, and commands name the profile, so that they can be run as sent."""

    def __init__(self, profile: str) -> None:
        self._profile = profile

    def command(self, command: str) -> str:
        """Return the command with the profile."""
        return profiles.in_commands(super().command(command), self._profile)


def notifications(batch: Batch, log_file: Path | None = None) -> Iterator[Notification]:
    """Yield each kind of notification about the import of files; today, this is one."""
    yield notification(batch, log_file)


def notification(batch: Batch, log_file: Path | None = None) -> Notification:
    """Return the notification about how the import of files ended.

    Args:
        batch: the result of each file.
        log_file: log with the details; None if there is no log.
    """
    said = [*_files(batch)]
    said.append(say("notice.profile", profile=batch.profile, machine=_machine(), status=str(batch.exit_status)))
    if log_file is not None:
        said.append(say("notice.log", path=str(log_file.absolute())))
    face = _Notified(batch.profile)
    body = "\n".join(calling_nobody(render(line.without_others(), face)).strip() for line in said)
    return Notification(
        calling_nobody(render(_title(batch))), body, batch.exit_status, is_for_switch=not is_left_to_another(batch)
    )


def trial(profile: str) -> Notification:
    """Return a test notification, which no dead man's switch gets: a service would take it for a run."""
    body = say("notice.trial", profile=profile, machine=_machine())
    return Notification(render(say("notice.trial.title")), calling_nobody(render(body)), 0, is_for_switch=False)


def is_left_to_another(batch: Batch) -> bool:
    """Return whether the only problem is that another import of the workspace is running."""
    errors = [ended.error for ended in batch.files if ended.exit_status > 1]
    is_busy = any(isinstance(error, Busy) for error in errors)
    return is_busy and all(isinstance(error, (Busy, NotBegun)) for error in errors)


def _machine() -> Message:
    return words(platform.node()) if platform.node() else say("notice.this-machine")


def _title(batch: Batch) -> Message:
    """Return what happened to the worst of the files, and how many these are."""
    worst = [ended for ended in batch.files if ended.exit_status == batch.exit_status]
    rows = sum(ended.report.to_fix for ended in worst if ended.report is not None)
    is_about_rows = batch.exit_status == 1 and rows > 0
    title = say("notice.rows-need-a-person", n=rows) if is_about_rows else say(_TITLES[batch.exit_status])
    what: Message = words(worst[0].file.name)
    if len(batch.files) > 1:
        what = say("notice.of-files", n=len(worst), all=len(batch.files))
    return say("notice.title", title=title, what=what)


def _files(batch: Batch) -> Iterator[Message]:
    """Yield the lines about each file, the worst first; the good ones only as numbers."""
    good = [ended for ended in batch.files if not ended.exit_status] if len(batch.files) > 1 else []
    others = sorted((ended for ended in batch.files if ended not in good), key=lambda ended: -ended.exit_status)
    for ended in others[:_DETAILED]:
        yield from _about(ended)
        yield words("")
    for kind, left in (("notice.further-files", others[_DETAILED:]), ("notice.good-files", good)):
        if left:
            counts = Batch("", left).counts
            by_result, rows = in_result_words(counts), say("count.row", n=sum(counts.values()))
            about = () if by_result is None else (say("labelled", label=rows, text=by_result),)
            yield say(kind, n=len(left), counts=about)
            yield words("")


def _about(ended: FileEnded) -> Iterator[Message]:
    report = ended.report
    if report is None:
        error = ended.error
        yield say("ended.file", file=ended.file.name, fate=ended.fate.value, why=_why(ended, error))
        if isinstance(error, UnclearColumns) and error.how_to_ask is not None:
            yield error.how_to_ask
        return
    begin, end = clock_time(report.started_at), clock_time(report.ended_at)
    took = taken(report.ended_at - report.started_at)
    yield say("notice.ended", file=ended.file.name, fate=ended.fate.value, begin=begin, end=end, took=took)
    ended = replace(ended, report=replace(report, results=report.results.absolute()))
    yield from (as_message(line.text) for line in report_messages.file_ended(ended) if line.text)
    for result, kinds in report.reasons.items():
        if result is not Result.NOT_SENT:
            yield say("notice.reasons", result=result.value, reasons=report_messages.reasons(kinds))
    yield say("notice.run", run=report.run)


def _why(ended: FileEnded, error: ImporterError | None) -> Message:
    """Return why no run began. Questions are about the sheet, and a fault of the program may quote anything."""
    if isinstance(error, (UnclearColumns, ProgramFault)):
        return say("series.sentence", why=error.kind)
    return as_message(ended.why)
