"""Write the notification about how an import ended, send it to each recipient, and call dead man's switches.

A notification leaves this computer. It holds the lines of the screen without what is from a sheet or quoted from the
API: the types of a message's parts say so. A file's name is on one line and mentions (@) nobody in a chat. The worst
comes first.

Input: the results of files; recipients, whose addresses are secrets. Output: a notification, sent to each of them; and
a sentence for each recipient that could not be reached. An address is one that `apprise` understands (mail, Slack,
Teams and some hundred more), which is told of every run if it begins with ``always+``, and otherwise of each with
another exit status than 0. Or it is one of two kinds that are only called, named pings:

    ping+https://hc-ping.com/…            if a run came to its end (exit status 0 or 1)
    ping-fail+https://hc-ping.com/…/fail  if it didn't

So a service such as healthchecks notices when *nothing* arrives, for example because the machine was off. A ping
contains no text.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from importer.api.proxy import certificates_for, proxy_for
from importer.errors import BadSettings, Busy, ImporterError, ProgramFault, UnclearColumns
from importer.importing import logs
from importer.importing.batch import Batch, FileEnded, FileResult
from importer.messages import Face, Message, as_message, render, say, words
from importer.models import Result
from importer.settings import profiles
from importer.settings.secrets import Recipient
from importer.telling import messenger, report_messages
from importer.telling.rendering import calling_nobody, clock_time, in_result_words, taken

_PING = re.compile(r"ping(?P<fail>-fail)?\+(?P<url>https?://[^\s/]+\S*)", re.IGNORECASE)
_ALWAYS = "always+"
_SECONDS = 30.0
"""Time limit for one notification, with the start of Python and the import of apprise; a mail server may be slow."""
_TITLES = {
    0: "notice.delivered",
    1: "notice.look-at-it",
    2: "notice.not-imported",
    3: "notice.stopped",
    4: "notice.needs-a-person",
}
_DETAILED = 5
"""Maximum number of files that are described in detail."""


@dataclass(frozen=True)
class Notification:
    """Message that leaves this computer. It contains no cell value, no note and no key.

    Attributes:
        title: what happened, in a line.
        body: the details, in lines.
        exit_status: exit status of the program.
        is_for_switch: whether it also goes to dead man's switches. One that doesn't goes to all others.
    """

    title: str
    body: str
    exit_status: int
    is_for_switch: bool = True


@dataclass(frozen=True)
class Channel:
    """One recipient, after its address was parsed.

    Attributes:
        origin: where the address was set.
        address: the address as it was set; for a ping, the URL.
        ping: the exit statuses that trigger the ping; None: the address isn't a ping.
        is_always: whether it is told of runs with exit status 0, too.
    """

    origin: Message
    address: str = field(repr=False)
    ping: frozenset[int] | None = None
    is_always: bool = False

    def is_due(self, notification: Notification) -> bool:
        """Return whether the recipient gets a notification."""
        if self.ping is not None:
            return notification.is_for_switch and notification.exit_status in self.ping
        return self.is_always or notification.exit_status != 0 or not notification.is_for_switch

    def send(self, notification: Notification) -> Message | None:
        """Send a notification within a time limit. Return why that failed, without the address; None if it was sent."""
        try:
            done = subprocess.run(  # noqa: S603 - this Python, and a script of ours
                [sys.executable, "-P", messenger.__file__],
                input=json.dumps(self._task(notification)).encode(),  # not on the command line, which others can see
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                env={**os.environ, "NETRC": os.devnull},  # its passwords are for other programs
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                check=True,
            )
            reason: messenger.Reason | None = json.loads(done.stdout)
            return None if reason is None else Message(reason[0], tuple(reason[1].items()))
        except subprocess.TimeoutExpired:
            return say("notifying.no-answer", seconds=round(_SECONDS))
        except (subprocess.SubprocessError, OSError, ValueError, TypeError, LookupError, RuntimeError, ImporterError):
            return say("notifying.not-reached")

    def _task(self, notification: Notification) -> dict[str, str | None]:
        if self.ping is not None:
            proxy = proxy_for(self.address)
            return {
                "url": self.address,
                "proxy": proxy.url if proxy is not None else None,
                "certificates": certificates_for(self.address),
            }
        kind = {0: "success", 1: "warning"}.get(notification.exit_status, "failure")
        return {"address": self.address, "title": notification.title, "body": notification.body, "kind": kind}


def send(channels: Sequence[Channel], notification: Notification) -> list[Message]:
    """Send a notification to each recipient that should get it. Return a message per failure; raise no error."""
    due, failed = [channel for channel in channels if channel.is_due(notification)], []
    with ThreadPoolExecutor(max(1, len(due))) as pool:
        reasons = [*pool.map(lambda channel: channel.send(notification), due)]
    for channel, reason in zip(due, reasons, strict=True):
        if reason:
            failed.append(say("notifying.failed", origin=channel.origin, why=reason))
        logs.event(
            "notification failed" if reason else "notification sent",
            "WARNING" if reason else "INFO",
            to=render(channel.origin),
            why=reason,
        )
    return failed


def channel(recipient: Recipient) -> Channel:
    """Return the channel of a recipient.

    Raises:
        BadSettings: nothing can be sent to the address, or `apprise` isn't installed.
    """
    if ping := _PING.fullmatch(recipient.address):
        return Channel(recipient.origin, ping["url"], frozenset({2, 3, 4} if ping["fail"] else {0, 1}))
    address = recipient.address.removeprefix(_ALWAYS)
    try:
        service = messenger.service(address)
    except ImportError as error:
        raise BadSettings(say("notifying.needs-package", origin=recipient.origin)) from error
    except Exception:  # noqa: BLE001 - what a library says of an address may hold it
        service = None
    if service is None:
        raise BadSettings(say("notifying.bad-address", origin=recipient.origin))
    return Channel(recipient.origin, address, is_always=address != recipient.address)


class _Notified(Face):
    """Rendering for recipients: settings are flags, and commands name the profile, so that they can be run as sent."""

    def __init__(self, profile: str) -> None:
        self._profile = profile

    def command(self, command: str) -> str:
        """Return the command with the profile."""
        return profiles.in_commands(super().command(command), self._profile)


def notification(batch: Batch, log_file: Path | None = None) -> Notification:
    """Return the notification about how the import of files ended, which names the log with the details, if any."""
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
    bad = [ended for ended in batch.files if ended.exit_status > 1]
    is_busy = any(isinstance(ended.error, Busy) for ended in bad)
    return is_busy and all(ended.fate is FileResult.NOT_BEGUN for ended in bad)


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
