"""Notifications: a notice goes to every address that was given, and a dead man's switch hears that the run was there.

Comes in: recipients, whose addresses are secrets; a notice. Goes out: the notice, to each of them; and a sentence for
every one that could not be reached. An address is what `apprise` understands (mail, Slack, Teams and some hundred
more), or one of two that are simply called:

    ping+https://hc-ping.com/…            when a run came to its end (exit status 0 or 1)
    ping-fail+https://hc-ping.com/…/fail  when it didn't

So a service such as healthchecks says that *nothing* was heard, as when the machine was off. A ping carries no word.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from importer.api.proxy import certificates_for, proxy_for
from importer.commands import logs, messenger
from importer.errors import BadSettings, ImporterError
from importer.messages import Message, from_json, render, say
from importer.settings import Occasion, Recipient

_PING = re.compile(r"ping(?P<fail>-fail)?\+(?P<url>https?://[^\s/]+\S*)", re.IGNORECASE)
_SECONDS = 30.0
"""Time limit for one notification. Python starts and apprise is imported within it, and a mail server may be slow."""


@dataclass(frozen=True)
class Notification:
    """What is told outside of the house: no cell's value, no note, no key stands in it.

    Attributes:
        title: what happened, in a line.
        body: the rest, in lines.
        exit_status: how the program ends.
        is_for_switch: whether a dead man's switch hears of it.
    """

    title: str
    body: str
    exit_status: int
    is_for_switch: bool = True


@dataclass(frozen=True)
class _Channel:
    """One recipient, understood.

    Attributes:
        origin: where its address stood.
        address: as it stood there, or of a ping the URL.
        ping: the exit statuses of which a ping hears; None: it is no ping.
    """

    origin: Message
    address: str = field(repr=False)
    ping: frozenset[int] | None = None

    def send(self, notification: Notification) -> Message | None:
        """Send a notice, within a time; return why that failed, without the address; None if it was sent."""
        try:
            done = subprocess.run(  # noqa: S603 - this Python, and a script of ours
                [sys.executable, "-P", messenger.__file__],
                input=json.dumps(self._task(notification)).encode(),  # not on the command line, which others can see
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                env={**os.environ, "NETRC": os.devnull},  # passwords in it are meant for others
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                check=True,
            )
            return from_json(json.loads(done.stdout))
        except subprocess.TimeoutExpired:
            return say("notifying.no-answer", seconds=round(_SECONDS))
        except (subprocess.SubprocessError, OSError, ValueError, RuntimeError, ImporterError):
            return from_json([*messenger.NOT_REACHED])

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


@dataclass(frozen=True)
class Notifier:
    """Sends notices.

    Attributes:
        ways: to each recipient.
        occasion: when a notice goes out; a ping goes out unless that is never.
    """

    ways: Sequence[_Channel]
    occasion: Occasion

    @classmethod
    def to(
        cls, recipients: Sequence[Recipient], occasion: Occasion | None = None, *, as_far_as_possible: bool = False
    ) -> Notifier:
        """What sends notices to these recipients.

        Args:
            recipients: who is told.
            occasion: when; None: on a problem.
            as_far_as_possible: leave out those that nothing can be sent to, so that the others hear of that.

        Raises:
            BadSettings: an address is none that anything can be sent to, or `apprise` isn't installed.
        """
        ways: list[_Channel] = []
        for recipient in recipients if occasion is not Occasion.NEVER else ():
            try:
                ways.append(_way(recipient))
            except BadSettings:
                if not as_far_as_possible:
                    raise
        return cls(ways, occasion or Occasion.PROBLEM)

    def tell(self, notification: Notification) -> list[Message]:
        """Send a notice to whoever is to have it; a message for each that failed. Nothing is raised."""
        is_due = self.occasion is Occasion.ALWAYS or notification.exit_status != 0
        ways = [
            channel
            for channel in self.ways
            if (is_due if channel.ping is None else notification.exit_status in channel.ping)
        ]
        return self._send(
            notification, [channel for channel in ways if notification.is_for_switch or channel.ping is None]
        )

    @property
    def pings(self) -> int:
        """How many addresses are simply called: a test leaves them alone, for they would take it for a run."""
        return sum(channel.ping is not None for channel in self.ways)

    def test(self, notification: Notification) -> list[Message]:
        """Send a notice to everyone who isn't a ping, whatever the occasion; a message for each that failed."""
        return self._send(notification, [channel for channel in self.ways if channel.ping is None])

    def _send(self, notification: Notification, ways: Sequence[_Channel]) -> list[Message]:
        failed = []
        for channel, why in zip(ways, _sent_at_once(notification, ways), strict=True):
            if why:
                failed.append(say("notifying.failed", origin=channel.origin, why=why))
            logs.event(
                "notification failed" if why else "notification sent",
                logging.WARNING if why else logging.INFO,
                to=render(channel.origin),
                why=why,
            )
        return failed


def _sent_at_once(notification: Notification, ways: Sequence[_Channel]) -> list[Message | None]:
    """Send a notice to all recipients at once; if the system starts no thread, send it to one after another."""
    found: list[Message | None] = [None] * len(ways)

    def send(number: int) -> None:
        found[number] = ways[number].send(notification)

    threads = []
    for number in range(len(ways)):
        thread = threading.Thread(target=send, args=(number,))
        try:
            thread.start()
        except RuntimeError:
            send(number)
        else:
            threads.append(thread)
    for thread in threads:
        thread.join()
    return found


def lacks_package(address: str) -> bool:
    """Whether sending to an address needs `apprise`, which isn't installed."""
    return not _PING.fullmatch(address) and importlib.util.find_spec("apprise") is None


def _way(recipient: Recipient) -> _Channel:
    if ping := _PING.fullmatch(recipient.address):
        return _Channel(recipient.origin, ping["url"], frozenset({2, 3, 4} if ping["fail"] else {0, 1}))
    try:
        service = messenger.service(recipient.address)
    except ImportError as error:
        raise BadSettings(say("notifying.needs-package", origin=recipient.origin)) from error
    except Exception:  # noqa: BLE001 - what a library says of an address may hold it
        service = None
    if service is None:
        raise BadSettings(say("notifying.bad-address", origin=recipient.origin))
    return _Channel(recipient.origin, recipient.address)
