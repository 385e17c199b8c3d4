"""Write the text of a notification about how an import ended.

A notification leaves this computer. It contains what happened, counts, kinds of reasons, the path of the results and
advice, but no cell values and none of the API's words. A file's name is on one line and mentions (@) nobody in a chat.
The worst comes first. If an error's message holds nothing that must stay here, it is told as the screen shows it.

Input: the results of files. Output: a :class:`~importer.telling.notifications.Notification`.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from importer.errors import (
    BadSettings,
    Busy,
    Guarded,
    ImporterError,
    NeedsAPerson,
    NotBegun,
    OutOfHours,
    Stopped,
    UnclearColumns,
    as_argument,
)
from importer.importing.batch import Batch, FileEnded, FileResult
from importer.importing.report import Report
from importer.importing.wording import clock_time, count, listed, taken
from importer.messages import Message, Plain, as_message, lines, render, say, words
from importer.models import NEEDS_A_PERSON, Result
from importer.results.presentation import HELD_BACK, MEANINGS
from importer.settings import profiles
from importer.telling.notifications import Notification
from importer.telling.rendering import calling_nobody, in_result_words

_TITLES = {0: "notice.delivered", 2: "notice.nothing-sent", 3: "notice.stopped", 4: "notice.needs-a-person"}
_ADVICE = {0: "notice.do-nothing", 2: "notice.correct-it", 3: "notice.run-again", 4: "notice.mend-it-first"}
_DETAILED = 5
"""Maximum number of files that are described in detail."""
_TOLD = frozenset(
    """
    archive.no-folder archive.other-store attachments.no-folder
    attachments.holds-own-files files.of-another-user files.open-to-others files.shared
    choosing.folder-unreadable choosing.no-spreadsheet choosing.only-ours choosing.stands-for choosing.the-folder
    count.note count.public-note count.row disk.full disk.no-folder disk.not-allowed disk.read-only files.none
    guard.by-email guard.by-id guard.few-rows guard.many-notes guard.no-rows guard.nothing-to-fix
    guard.unknown-prospects identity.another identity.earlier-copy identity.none identity.unreadable
    journal.failed-reading journal.failed-writing journal.gone journal.mend-reading
    journals.folder-is-none key.file-empty key.file-unreadable key.not-a-text-file key.not-given key.not-in-file
    key.not-in-variable key.of-another-address key.system-says key.what-it-is lock.not-made notifying.bad-address
    notifying.needs-package origin.file origin.file-named origin.profile origin.profile-line origin.variable
    postgres.mend profile.file-missing profile.no-closing-quote profile.no-setting profile.no-table
    profile.not-there profile.not-toml profile.unreadable profile.write-a-table recipients.in-file
    recipients.in-variable recipients.none recipients.unreadable series.nothing-to-import
    settings.invalid settings.invalid-from sqlite.is-damaged sqlite.mend sqlite.unusable stopped.hours-over
    stopped.no-thread stopped.time-over stopped.unsaid stopped.window-over store.no-folder target.impossible
    target.is-folder target.no-folder unconfirmed.first unconfirmed.first-beside unconfirmed.first.then
    unconfirmed.key-of-another unconfirmed.key-of-another-journal unconfirmed.key-of-another.then unconfirmed.new-key
    unconfirmed.new-key.then unconfirmed.refused written.nowhere written.trouble
    """.split()
)
"""Kinds of messages whose parts are paths, names of ours and the system's words, so that they may leave whole."""


class _Notified(Plain):
    """Rendering for recipients: settings are flags, and commands name the profile, so that they can be run as sent."""

    def __init__(self, profile: str) -> None:
        self._profile = profile

    def command(self, command: str) -> str:
        """Return the command with the profile."""
        return profiles.in_commands(super().command(command), self._profile)


def notification(batch: Batch, log_file: Path | None = None) -> Notification:
    """Return the notification about the import of files.

    Args:
        batch: the result of each file.
        log_file: log with the details; None if there is no log.
    """
    files, status = batch.files, batch.exit_status
    subject = words(files[0].file.name) if len(files) == 1 else count(len(files), "file")
    said = [*_files(files, status), *_what_to_do(batch.by_status)]
    said.append(say("notice.profile", profile=batch.profile, machine=_machine(), status=str(status)))
    if log_file is not None:
        said.append(say("notice.log", path=str(log_file.absolute())))
    title = say("notice.title", title=_title(batch), what=subject)
    face = _Notified(batch.profile)
    body = "\n".join(calling_nobody(render(line, face)) for line in said)
    return Notification(calling_nobody(render(title)), body, status, is_for_switch=not batch.is_left_to_another)


def trial(profile: str) -> Notification:
    """Return a test notification."""
    body = say("notice.trial", profile=profile, machine=_machine())
    return Notification(render(say("notice.trial.title")), calling_nobody(render(body)), 0)


def _machine() -> Message:
    return words(platform.node()) if platform.node() else say("notice.this-machine")


def _title(batch: Batch) -> Message:
    groups = batch.by_status
    if len(groups) > 1:
        parts = (
            say("notice.files", files=count(len(files), "file"), ended=_in_short(files, status))
            for status, files in groups.items()
        )
        return say("notice.several", parts=tuple(parts))
    [(status, files)] = groups.items()
    is_some = status == 2 and len(files) < len(batch.files)
    return say("notice.not-every-file") if is_some else _in_short(files, status)


def _in_short(files: Sequence[FileEnded], status: int) -> Message:
    if all(ended.report is not None and ended.report.is_finished_but_owed for ended in files):
        return say("notice.results-owed")
    if all(ended.only_stays for ended in files):
        return say("notice.not-archived")
    if all(isinstance(ended.error, (Busy, NotBegun)) for ended in files):
        return say("notice.not-begun")
    if status != 1:
        return say(_TITLES[status])
    reports = [ended.report for ended in files if ended.report is not None]
    elsewhere = sum(note.row is None for report in reports for note in report.not_found)
    rows = sum(report.rows_to_fix + len(report.duplicates) + len(report.not_found) for report in reports) - elsewhere
    rows += sum(report.more_visible + report.left_alone + report.asked for report in reports)
    notes = say("notice.earlier-notes-lost", n=elsewhere)
    if not elsewhere:
        return say("notice.rows-need-a-person", n=rows)
    return say("notice.several", parts=(say("notice.rows-need-a-person", n=rows), notes)) if rows else notes


def _what_to_do(groups: Mapping[int, Sequence[FileEnded]]) -> Iterator[Message]:
    """Yield the advice in one line; or in one line per advice, the worst first, with the names of the files."""
    by_advice: dict[Message, list[FileEnded]] = {}
    for status, files in groups.items():
        usual = _advice(files, status)
        for ended in files:
            by_advice.setdefault(_own_advice(ended) or usual, []).append(ended)
    if len(by_advice) == 1:
        yield say("notice.what-to-do", advice=next(iter(by_advice)))
        return
    yield say("notice.what-to-do-for-each")
    for advice, files in by_advice.items():
        yield say("notice.to-do", files=listed([ended.file.name for ended in files]), advice=advice)


def _own_advice(ended: FileEnded) -> Message | None:
    """Return what to do about one file, if its error's message or the place of its key may leave."""
    if ended.report is not None and ended.report.key_place is not None:
        return say("notice.check-key", place=ended.report.key_place)
    error = ended.error if ended.report is None else ended.report.stopped
    if isinstance(error, Busy):
        return say("notice.wait-for-the-other")
    if isinstance(error, UnclearColumns) and error.how_to_ask is not None:
        return error.how_to_ask
    if isinstance(error, Guarded) and error.setting == "max-invalid":
        return say("notice.may-be-wrong-file", file=as_argument(str(ended.file)))
    if (message := _told(error)) is not None and render(advice := say("notice.as-told", why=message)):
        return advice
    if isinstance(error, BadSettings) and (origin := _origin(error)) is not None:
        return say("notice.correct-setting", setting=error.setting, origin=origin)
    return None


def _told(error: ImporterError | None) -> Message | None:
    """Return an error's message if it may leave this computer as the screen shows it."""
    message = error.message if error is not None else None
    return message if message is not None and _may_leave(message) else None


def _may_leave(message: Message) -> bool:
    """Return whether a message holds nothing of the sheet or the API. Words of the system may stand within others."""
    reason = dict(message.parts).get("reason", message)
    is_only_words = isinstance(reason, Message) and reason.kind == "words"
    return not is_only_words and (_TOLD | {"words"}).issuperset(message.kinds())


def _files(files: Sequence[FileEnded], worst: int) -> Iterator[Message | None]:
    """Yield the lines about each file, the worst first, and an empty line after each; the good ones only as numbers."""
    good = [ended for ended in files if not ended.exit_status] if worst or len(files) > 1 else []
    not_begun = [ended for ended in files if isinstance(ended.error, NotBegun)]
    others = [ended for ended in files if ended not in good and ended not in not_begun]
    others.sort(key=lambda ended: -ended.exit_status)
    for ended in others[:_DETAILED]:
        yield from _about(ended)
        yield None
    if not_begun:
        names, why = listed([ended.file.name for ended in not_begun], most=3), _told(not_begun[0].error)
        if why is None or any(ended.why == why for ended in others):
            yield say("notice.none-begun", files=names)
        else:
            yield say("notice.none-begun-because", files=names, why=why)
        yield None
    for kind, left in (("notice.further-files", others[_DETAILED:]), ("notice.good-files", good)):
        if left:
            counts = Batch("", left).counts
            by_result, rows = in_result_words(counts), count(sum(counts.values()), "row")
            about = () if by_result is None else (say("notice.counts", rows=rows, counts=by_result),)
            yield say(kind, n=len(left), counts=about)
            yield None


def _about(ended: FileEnded) -> Iterator[Message]:
    name, report = ended.file.name, ended.report
    if report is None:
        yield _not_begun(ended)
        return
    ending = say("notice.finished")
    if report.stopped is not None:
        ending = say("notice.stopped-because", why=_told(report.stopped) or report.stopped.kind)
    begin, end = clock_time(report.started_at), clock_time(report.ended_at)
    took = taken(report.ended_at - report.started_at)
    yield say("notice.ended", file=name, ended=ending, begin=begin, end=end, took=took)
    rows = count(sum(report.counts.values()), "row")
    if report.more_visible:
        yield say("notice.more-visible", n=report.more_visible)
    yield say("notice.counts", rows=rows, counts=in_result_words(report.counts) or "")
    if report.asked:
        yield say("notice.in-question", n=report.asked)
    if report.stopped is not None and report.stopped.message.kind == "stopped.hours-over" and report.waiting:
        yield say("notice.rest-waits", rows=report.waiting)
    for result, kinds in report.reasons.items():
        reasons = tuple(say("why.times", rows=rows, why=kind) for kind, rows in kinds.items())
        yield say("notice.reasons", result=result.value, reasons=reasons)
    if report.duplicates:
        yield say("notice.duplicates", n=len(report.duplicates))
    if own := sum(note.row is not None for note in report.not_found):
        yield say("notice.not-found", n=own)
    for (run, file), notes in _lost_elsewhere([report]).items():
        yield say("notice.not-found-of-run", n=notes, run=run, file=file)
    if report.results_owed:
        yield say("notice.results-kept")
    elif ended.why_it_stays:
        yield as_message(ended.why_it_stays)
    yield say("notice.results", path=str(report.results.absolute()))
    yield say("notice.run", run=report.run)


def _lost_elsewhere(reports: Sequence[Report]) -> Counter[tuple[str, str]]:
    """Return earlier run and its file → number of its notes that were not found."""
    return Counter((note.run, note.file) for report in reports for note in report.not_found if note.row is None)


def _not_begun(ended: FileEnded) -> Message:
    if (message := _told(ended.error)) is not None:
        return say("notice.file", file=ended.file.name, why=message)
    reason = _why(ended.error) if ended.error is not None else say("notice.own-fault")
    if ended.fate in (FileResult.LEFT, FileResult.NOT_BEGUN):
        reason = say("notice.left", fate=ended.fate.value, why=reason)
    elif ended.error is None and not ended.exit_status:
        reason = say("notice.gone" if ended.fate is FileResult.GONE else "notice.nothing-to-import")
    return say(
        "notice.file-nothing-sent" if ended.exit_status == 2 else "notice.file", file=ended.file.name, why=reason
    )


def _why(error: ImporterError) -> Message:
    """Return why a file wasn't imported. A guard's headline has only numbers, and a setting's name is ours."""
    if isinstance(error, Guarded):
        return error.message
    kind = error.kind
    if not isinstance(error, BadSettings) or not error.setting:
        return kind
    if (origin := _origin(error)) is not None:
        return say("notice.setting-from", kind=kind, setting=error.setting, origin=origin)
    return say("notice.setting", kind=kind, setting=error.setting)


def _origin(error: BadSettings) -> Message | None:
    """Return the place where a wrong setting was set, such as a line of the profile, if it may leave."""
    return error.origin if error.origin is not None and _may_leave(error.origin) else None


def _advice(ended: Sequence[FileEnded], status: int) -> Message:
    if all(isinstance(file.error, OutOfHours) for file in ended):
        return say("notice.run-in-its-hours")
    if all(isinstance(file.error, UnclearColumns) and file.error.questions for file in ended):
        return say("notice.answer-at-a-terminal")
    if status == Stopped.exit_status and any(file.needs_a_hand for file in ended):
        return say(_ADVICE[NeedsAPerson.exit_status])
    if status != 1:
        return say(_ADVICE[status])
    if all(file.only_stays for file in ended):
        return say("notice.do-what-is-said")
    reports = [file.report for file in ended if file.report is not None]
    results = {result for report in reports for result in report.counts}
    parts = [
        say("notice.of-result", result=result.value, advice=following)
        for result in Result
        if result in results & NEEDS_A_PERSON and (following := MEANINGS[result].next)
    ]
    if any(report.asked for report in reports):
        parts.append(say("notice.answer"))
    if any(report.more_visible for report in reports):
        parts.insert(0, say("notice.make-private"))
    if any(report.held_back for report in reports):
        parts.append(say("notice.of-result", result=HELD_BACK.means, advice=HELD_BACK.next or ""))
    if any(report.duplicates for report in reports):
        parts.append(say("notice.remove-duplicates"))
    if any(note.row is not None for report in reports for note in report.not_found):
        parts.append(say("notice.look-at-not-found"))
    lost = [say("notice.list-lost", run=run) for run, _ in _lost_elsewhere(reports)]
    earlier = [say("notice.look-at-earlier", lists=tuple(lost[:_DETAILED]))] if lost else []
    return lines(*([_look_at_to_fix(reports, parts)] if parts else []), *earlier)


def _look_at_to_fix(reports: Sequence[Report], parts: Sequence[Message]) -> Message:
    to_fix = [report.results for report in reports if report.counts.keys() & {Result.REJECTED, Result.INVALID}]
    if any(results.suffix == ".xlsx" for results in to_fix):
        place = as_argument(str(to_fix[0].absolute())) if len(to_fix) == 1 else "RESULTS"
        return say("notice.run-to-fix", parts=tuple(parts), results=place)
    return say("notice.look-at-to-fix", parts=tuple(parts))
