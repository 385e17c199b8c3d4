"""Define the common kinds of faults, which README.md beside this file lists. Many more are in `odd_kinds`.

Input: a fault, and the request or the notes that it affects. Output: the reply that is sent, or how notes are shown.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from tests.sandbox.calls import refusal
from tests.sandbox.faults import ANY_MOMENT, KINDS, Fault, FaultKind, Head, Standing, Struck
from tests.sandbox.service import StoredNote
from tests.sandbox.wire import Headers, Wire, error, gateways_page, plain


def retry_after(fault: Fault) -> Headers:
    """Return the header that tells a client when to come back, if the fault has one."""
    return () if fault.seconds is None else (("retry-after", f"{fault.seconds:g}"),)


def _error(fault: Fault, struck: Struck) -> Wire:
    return error(fault.status, retry_after(fault), upload=struck.is_upload)


def _invalid_token(_fault: Fault, _struck: Struck) -> Wire:
    return plain(refusal(400, 1001, "Invalid token"))


def _page(fault: Fault, struck: Struck) -> Wire:
    headers = (*retry_after(fault), *struck.redirect(fault.status))
    return gateways_page(fault.status, headers, in_json=fault.kind.startswith("gateway-"))


class LostRoute(Standing):
    """A gateway that finds no API for some time, from the request that is struck on."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self._until = 0.0

    def stands(self, now: float, *, is_struck: bool) -> bool:
        if is_struck:
            self._until = now + (self.fault.seconds or 0.0)
        return now < self._until

    def intervenes(self, *_: object) -> Wire:
        return self.page()


class Firewall(Standing):
    """A firewall that blocks notes with a word, files with it in their name, and searches for it."""

    def intervenes(self, head: Head, now: float) -> Wire | None:
        return self.blocks({"content": unquote(head.target)})

    def blocks(self, body: object) -> Wire | None:
        held = str(body.get("content", body.get("file", ""))) if isinstance(body, dict) else ""
        return self.page() if self.fault.value.casefold() in held.casefold() else None


class Lag(Standing):
    """A copy of the data that lags."""

    def hides(self, note: StoredNote, now: float) -> bool:
        return now - note.created_at.timestamp() < (self.fault.seconds or 0.0)


def _closed(*_: object) -> Wire:
    return Wire(0, b"", lost="closed")


def _reset(*_: object) -> Wire:
    return Wire(0, b"", lost="reset")


def _strikes(does: str, reply: Callable[[Fault, Struck], Wire], **more: Any) -> FaultKind:
    return FaultKind(does=does, moments=ANY_MOMENT, reply=reply, **more)


def _family(does: str, reply: Callable[[Fault, Struck], Wire], names: str) -> FaultKind:
    return _strikes(does, reply, value="SECONDS", family=re.compile(names))


KINDS |= {
    "400 ... 599": _family("that status and a JSON error; SECONDS: its retry-after", _error, r"[45]\d\d"),
    "html-300 ... html-599": _family("that status and a gateway's HTML page", _page, r"html-[345]\d\d"),
    "gateway-300 ... gateway-599": _family(
        "that status and a gateway's JSON, no API's words", _page, r"gateway-[345]\d\d"
    ),
    "400-token": _strikes("400 Invalid token", _invalid_token),
    "close": _strikes("the connection is closed without a reply", _closed),
    "reset": _strikes("the connection is reset without a reply", _reset),
    "hang": _strikes("nothing for so long, then closed", _closed, value="SECONDS", seconds=30.0, waits="after"),
    "lost-route": FaultKind(
        does="404 and a page for everybody so long, from the request that it strikes on",
        method="any",
        value="SECONDS",
        standing=LostRoute,
        answers=404,
        once=True,
    ),
    "firewall": FaultKind(
        does="403 and a page for calls with the word",
        method="any",
        value="WORD",
        standing=Firewall,
        answers=403,
    ),
    "lag": FaultKind(
        does="a note is shown only when it is so old; with @*/2 one of two copies lags",
        method="GET",
        value="SECONDS",
        standing=Lag,
    ),
}
