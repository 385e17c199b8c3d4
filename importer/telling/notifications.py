"""Send a notification to each recipient, and call the addresses of dead man's switches.

Input: recipients, whose addresses are secrets; a notification. Output: the notification, sent to each of them; and a
sentence for each recipient that could not be reached. An address is one that `apprise` understands (mail, Slack, Teams
and some hundred more), or one of two kinds that are only called, named pings:

    ping+https://hc-ping.com/…            if a run came to its end (exit status 0 or 1)
    ping-fail+https://hc-ping.com/…/fail  if it didn't

So a service such as healthchecks notices when *nothing* arrives, for example because the machine was off. A ping
contains no text.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from importer.api.proxy import certificates_for, proxy_for
from importer.errors import BadSettings, ImporterError
from importer.importing import logs
from importer.messages import Message, from_json, render, say
from importer.settings.secrets import Occasion, Recipient
from importer.telling import messenger

_PING = re.compile(r"ping(?P<fail>-fail)?\+(?P<url>https?://[^\s/]+\S*)", re.IGNORECASE)
_SECONDS = 30.0
"""Time limit for one notification, with the start of Python and the import of apprise; a mail server may be slow."""


@dataclass(frozen=True)
class Notification:
    """Message that leaves this computer. It contains no cell value, no note and no key.

    Attributes:
        title: what happened, in a line.
        body: the details, in lines.
        exit_status: exit status of the program.
        is_for_switch: whether it also goes to dead man's switches.
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
    """

    origin: Message
    address: str = field(repr=False)
    ping: frozenset[int] | None = None

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


def send(channels: Sequence[Channel], notification: Notification, occasion: Occasion | None) -> list[Message]:
    """Send a notification to each recipient that should get it. Return a message per failure; raise no error."""
    is_due, status = occasion is Occasion.ALWAYS or notification.exit_status != 0, notification.exit_status
    due = [
        channel
        for channel in channels
        if (is_due if channel.ping is None else notification.is_for_switch and status in channel.ping)
    ]
    failed = []
    with ThreadPoolExecutor(max(1, len(due))) as pool:
        reasons = [*pool.map(lambda channel: channel.send(notification), due)]
    for channel, reason in zip(due, reasons, strict=True):
        if reason:
            failed.append(say("notifying.failed", origin=channel.origin, why=reason))
        logs.event(
            "notification failed" if reason else "notification sent",
            logging.WARNING if reason else logging.INFO,
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
    try:
        service = messenger.service(recipient.address)
    except ImportError as error:
        raise BadSettings(say("notifying.needs-package", origin=recipient.origin)) from error
    except Exception:  # noqa: BLE001 - what a library says of an address may hold it
        service = None
    if service is None:
        raise BadSettings(say("notifying.bad-address", origin=recipient.origin))
    return Channel(recipient.origin, recipient.address)
