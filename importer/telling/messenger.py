"""Send one notification in a process of its own, which can be stopped whatever the receiver does.

Input: a JSON object on standard input, with ``url`` (to be called) or ``address`` (for apprise), and the values that go
with it. Output: JSON on standard output that says why sending failed, without the address; null if it was sent. The
script imports nothing of ours, so that it starts fast. :mod:`importer.telling.notifications` starts it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import requests

Reason: TypeAlias = "tuple[str, dict[str, str]]"
"""Kind of a message and its parts, for a process that doesn't know this package."""

NOT_REACHED: Reason = ("notifying.not-reached", {})
_SECONDS = 10.0
"""Time limit for each step, in seconds. The process that starts this one limits the total time."""
_LATEST = 45.0


def ping(url: str, proxy: str | None, certificates: str | None) -> Reason | None:
    """Call an address, and read no more than the status. Return why that failed, or None."""
    with requests.Session() as session:
        session.trust_env = False  # use no name or password from the environment
        proxies = {"https": proxy} if proxy else {}
        session.verify = certificates or True
        with session.get(url, timeout=_SECONDS, allow_redirects=False, stream=True, proxies=proxies) as reply:
            if reply.status_code < 300:
                return None
            return "notifying.answered", {"status": str(reply.status_code)}


def service(address: str) -> Any | None:
    """Return apprise's service for an address; None if there is none. Raises ImportError without apprise."""
    import apprise  # noqa: PLC0415 - an extra, and only who is notified waits for it

    # Name the notifications' sender, and fetch no picture.
    asset = apprise.AppriseAsset(
        app_id="note-importer", app_desc="note-importer", app_url="", image_url_mask="", image_url_logo=""
    )
    with _hushed():
        return apprise.Apprise.instantiate(address, asset=asset)


def notify(address: str, title: str, body: str, kind: str) -> Reason | None:
    """Send a notification by apprise. Return why that failed, or None."""
    requests.Session.get_redirect_target = lambda *_: None  # type: ignore[method-assign]
    channel = service(address)
    if channel is None:
        return NOT_REACHED
    with _hushed() as log_lines:
        is_sent = channel.notify(title=title, body=body, notify_type=kind, body_format="text")
    return None if is_sent else _why(log_lines, str(channel.service_name))


def _why(log_lines: Sequence[str], name: str) -> Reason:
    """Return why sending failed, from those words of the library's log that can't contain an address."""
    words = " ".join(log_lines)
    if code := re.search(r"\berror=(\d{3})\b", words):
        return "notifying.service-answered", {"service": name, "status": code[1]}
    return "notifying.not-taken", {"service": name}


@contextlib.contextmanager
def _hushed() -> Iterator[list[str]]:
    """Collect the library's log, and hide it from everyone else, because it may contain addresses."""
    log, handler = logging.getLogger("apprise"), _Gathering()
    propagates = log.propagate
    log.propagate = False
    log.addHandler(handler)
    try:
        yield handler.texts
    finally:
        log.removeHandler(handler)
        log.propagate = propagates


class _Gathering(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def main() -> None:
    """Send the notification on standard input. A timer ends the process even if its parent process is gone."""
    latest = threading.Timer(_LATEST, os._exit, (1,))
    latest.daemon = True
    latest.start()
    task = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):  # nobody reads standard error
        try:
            reason = ping(**task) if "url" in task else notify(**task)
        except Exception:  # noqa: BLE001 - whatever it is, its words may hold the address
            reason = NOT_REACHED
    json.dump(reason, sys.stdout)


if __name__ == "__main__":
    main()
