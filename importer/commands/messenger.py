"""Send one notification, in a process of its own, which can be ended whatever the other side does.

Comes in: on standard input an object with ``url`` (to be called) or ``address`` (for apprise), and what goes with it.
Goes out: on standard output a JSON text that says why it failed, without the address; empty where it was sent. It is
started as a script and imports nothing of ours, so that it begins soon; :mod:`importer.commands.notifications` does so.
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
from requests.adapters import HTTPAdapter

Reason: TypeAlias = "tuple[str, dict[str, str]]"
"""A kind of message and its parts, for a process that knows nothing of this package."""

NOT_REACHED: Reason = ("notifying.not-reached", {})
_SECONDS = 10.0
"""For each step; whoever starts the process gives all of it a time."""
_LATEST = 45.0
_MOST = 1 << 14  # bytes of a reply that are read


def ping(url: str, proxy: str | None, certificates: str | None) -> Reason | None:
    """Call an address, and read no more than the status."""
    with requests.Session() as session:
        session.trust_env = False  # no name or password from anywhere
        proxies = {"https": proxy} if proxy else {}
        session.verify = certificates or True
        with session.get(url, timeout=_SECONDS, allow_redirects=False, stream=True, proxies=proxies) as reply:
            if reply.status_code < 300:
                return None
            return "notifying.answered", {"status": str(reply.status_code)}


def service(address: str) -> Any | None:
    """Return apprise's service for an address; None where there is none. Raises ImportError without apprise."""
    import apprise  # noqa: PLC0415 - an extra, and only who is notified waits for it

    # Who the notices are from; no picture is fetched from anywhere.
    asset = apprise.AppriseAsset(
        app_id="note-importer", app_desc="note-importer", app_url="", image_url_mask="", image_url_logo=""
    )
    with _hushed():
        return apprise.Apprise.instantiate(address, asset=asset)


def notify(address: str, title: str, body: str, kind: str) -> Reason | None:
    """Send a notice by apprise."""
    _bound_replies()
    found = service(address)
    if found is None:
        return NOT_REACHED
    with _hushed() as said:
        is_sent = found.notify(title=title, body=body, notify_type=kind, body_format="text")
    return None if is_sent else _why(said, str(found.service_name))


def _bound_replies() -> None:
    """From now on no reply in this process leads anywhere else, and only the beginning of each is read."""
    send = HTTPAdapter.send

    def bounded(self: HTTPAdapter, *given: Any, **more: Any) -> requests.Response:
        reply = send(self, *given, **{**more, "stream": True})
        reply._content = reply.raw.read(_MOST, decode_content=True)  # as requests reads all of it
        reply.close()
        return reply

    HTTPAdapter.send = bounded  # type: ignore[method-assign]
    requests.Session.get_redirect_target = lambda *_: None  # type: ignore[method-assign]


def _why(said: Sequence[str], service: str) -> Reason:
    """What of the library's words is sure to hold no address."""
    words = " ".join(said)
    if code := re.search(r"\berror=(\d{3})\b", words):
        return "notifying.service-answered", {"service": service, "status": code[1]}
    is_unreachable = "onnection error" in words
    return "notifying.service-not-reached" if is_unreachable else "notifying.not-taken", {"service": service}


@contextlib.contextmanager
def _hushed() -> Iterator[list[str]]:
    """What the library would log, gathered: it may show addresses, so nobody else gets it."""
    log, said = logging.getLogger("apprise"), _Gathering()
    before = log.propagate
    log.propagate = False
    log.addHandler(said)
    try:
        yield said.texts
    finally:
        log.removeHandler(said)
        log.propagate = before


class _Gathering(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def main() -> None:
    """Send what standard input says; the process ends by itself if whoever started it is gone."""
    latest = threading.Timer(_LATEST, os._exit, (1,))
    latest.daemon = True
    latest.start()
    task = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):  # where nobody reads
        try:
            why = ping(**task) if "url" in task else notify(**task)
        except Exception:  # noqa: BLE001 - whatever it is, its words may hold the address
            why = NOT_REACHED
    json.dump(why, sys.stdout)


if __name__ == "__main__":
    main()
