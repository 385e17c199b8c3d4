"""Define rarer kinds of faults: replies that can't be read, entries that are wrong, and what intermediaries do.

Importing it adds them to `tests.sandbox.faults.KINDS`, and ways to announce a limit to `tests.sandbox.limits.WORDS`.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from tests.sandbox.calls import Document, ServiceReply, invalid, refusal
from tests.sandbox.faults import ANY_MOMENT, KINDS, Fault, FaultKind, Standing, Struck, When
from tests.sandbox.limits import WORDS
from tests.sandbox.wire import HTML, Pieces, Wire, encoded, page, plain

Entries = list[Document]
_LATER: tuple[When, ...] = ("after", "before")
_AFTER: tuple[When, ...] = ("after",)
_BEFORE: tuple[When, ...] = ("before",)


# -- replies


def _redirect(_fault: Fault, struck: Struck) -> Wire:
    return Wire(307, b"", struck.redirect(307))


def _half_a_document(_fault: Fault, struck: Struck) -> Wire:
    body = struck.honest.body
    return Wire(200, body[: len(body) // 2])


def _truncated(_fault: Fault, struck: Struck) -> Wire:
    def pieces(head: list[bytes], body: bytes) -> Iterator[tuple[bytes, float]]:
        yield b"".join(head) + body[: len(body) // 2], 0.0

    return replace(struck.honest, ends_connection=True, pieces=pieces)


def _in_pieces(cut: Callable[[float], Pieces]) -> Callable[[Fault, Struck], Wire]:
    return lambda fault, struck: replace(struck.honest, pieces=cut(fault.seconds or 0.0))


def _byte_by_byte(pause: float) -> Pieces:
    return lambda head, body: [(b"".join(head), 0.0), *((body[at : at + 1], pause) for at in range(len(body)))]


def _line_by_line(pause: float) -> Pieces:
    return lambda head, body: [*((line, pause) for line in head[:-1]), (head[-1] + body, 0.0)]


# -- entries of a reply: results of a POST, notes or prospects of a GET, or an upload's id


def _every_second(prospects: Sequence[str]) -> Sequence[str]:
    return prospects[::2]


def _entries(
    does: str,
    spoil: Callable[[Entries], Entries],
    moments: tuple[When, ...] = _LATER,
    withholds: Callable[[Sequence[str]], Sequence[str]] = _every_second,
    **more: Any,
) -> FaultKind:
    def reply(fault: Fault, struck: Struck) -> Wire:
        return plain(_respelt(struck.reply, spoil, fault.kind)) if struck.reply is not None else struck.honest

    return FaultKind(does=does, moments=moments, reply=reply, withholds=withholds, **more)


def _respelt(reply: ServiceReply, spoil: Callable[[Entries], Entries], kind: str) -> ServiceReply:
    payload = reply.document.get("payload")
    if isinstance(payload, list):
        return replace(reply, document={**reply.document, "payload": spoil(payload)})
    if not isinstance(payload, dict):
        return reply
    if kind.startswith("missing") and payload.keys() <= {"attachmentId", "id"}:
        return replace(reply, document={**reply.document, "payload": {}})
    name = "results" if "results" in payload else "notes"
    entries = payload.get(name)
    if not isinstance(entries, list):
        return reply
    spoilt: Document = {name: spoil(entries)}
    if kind == "missing-all" and "draftNote" in payload:
        spoilt["draftNote"] = None
    return replace(reply, document={**reply.document, "payload": {**payload, **spoilt}})


# -- intermediaries


class _Clock(Standing):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.ahead = fault.seconds or 0.0


class _Counting(Standing):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.count = int(fault.value)


class _Drops(_Counting):
    _promised = 0

    def drops(self, prospects: Sequence[str]) -> set[str]:
        first, self._promised = self._promised + 1, self._promised + len(prospects)
        return {prospect for place, prospect in enumerate(prospects, first) if place % self.count == 0}


class _Moving(_Counting):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.moves = self.count


class _Rewriting(Standing):
    """An intermediary that changes the texts of notes, but not their tags."""

    def shows(self, content: str) -> str:
        change = _CHANGES[self.fault.value]
        pieces = re.split(r"(<[^<>]*>)", content)
        pieces[::2] = [html.escape(change(html.unescape(piece)), quote=False) for piece in pieces[::2]]
        return "".join(pieces)


def _without_emoji(text: str) -> str:
    return "".join(sign for sign in text if unicodedata.category(sign) != "So" and ord(sign) < 0x10000)


_CHANGES: dict[str, Callable[[str], str]] = {
    "emoji": _without_emoji,
    "spaces": lambda text: re.sub(r"\s+", " ", text),
}


def _failed(_fault: Fault, struck: Struck) -> Wire:
    """The general refusal, which says of no call why it failed, or whether it was applied."""
    path = urlsplit(struck.url).path
    what = "create notes" if path.endswith("/v1/notes") else "upload attachment" if struck.is_upload else "fetch notes"
    return plain(refusal(400, 4000, f"Failed to {'fetch prospects' if path.endswith('/prospects') else what}"))


def _reply(
    does: str, reply: Callable[[Fault, Struck], Wire], moments: Iterable[When] = _LATER, **more: Any
) -> FaultKind:
    return FaultKind(does=does, reply=reply, moments=tuple(moments), **more)


def _waits(does: str, seconds: float, **more: Any) -> FaultKind:
    return FaultKind(does=does, value="SECONDS", seconds=seconds, **more)


def _stands(does: str, standing: type[Standing], value: str, method: str = "any", **more: Any) -> FaultKind:
    return FaultKind(does=does, standing=standing, value=value, method=method, **more)


WORDS |= {
    "503": {"status": 503},
    "code-4000": {"code": 4000},
    "sliding": {"sliding": True},
}

KINDS |= {
    "400-failed": _reply("400 Failed to …", _failed, ANY_MOMENT),
    "400-property": _reply(
        "400 property X should not exist", lambda *_: plain(invalid("property colour should not exist").reply), _BEFORE
    ),
    "redirect": _reply("307 to the same path under another host name", _redirect, ANY_MOMENT),
    "cut-request": FaultKind(does="closed before the request's body is read", moments=_BEFORE, cuts=True),
    "stale": FaultKind(does="the same, where a connection is used again", moments=_BEFORE, cuts=True, on_reuse=True),
    "late": _waits("waits, then applies, then answers properly", 30.0, moments=_BEFORE, waits="before"),
    "empty": _reply("200 with no body", lambda *_: Wire(200, b"")),
    "html": _reply("200 with an HTML page", lambda *_: Wire(200, page("Welcome"), (HTML,))),
    "not-json": _reply("200 with half a JSON document", _half_a_document),
    "null": _reply("200 whose payload is null", lambda *_: Wire(200, encoded({"message": "OK", "payload": None}))),
    "truncated": _reply("a body shorter than its Content-Length, then closed", _truncated),
    "drip": _waits("a proper reply, byte by byte", 0.05, moments=_AFTER, reply=_in_pieces(_byte_by_byte)),
    "slow-headers": _waits("a proper reply, header by header", 0.2, moments=_AFTER, reply=_in_pieces(_line_by_line)),
    "missing": _entries("every second entry left out", lambda entries: entries[1::2]),
    "missing-all": _entries("all entries left out", lambda _entries: [], withholds=lambda prospects: prospects),
    "shuffled": _entries("the entries in reverse order", lambda entries: entries[::-1], _AFTER),
    "wrong-id": _entries(
        "one entry more, for a prospect that was not asked for",
        lambda entries: [*entries, {"prospectId": "NeverAsked", "noteId": "Zz00Zz00", "success": True}],
        _AFTER,
    ),
    "clock": _stands(
        "the gateway's clock: Date is so far ahead, while notes are dated by the API's", _Clock, "±SECONDS"
    ),
    "drops": _stands("every COUNT-th note gets a reply with an ID, but is not kept", _Drops, "COUNT", "POST"),
    "moving": _stands(
        "so many prospects are gone from before a page by the time it is asked for", _Moving, "COUNT", "GET"
    ),
    "rewrite": _stands("texts are shown with emoji dropped, or spaces folded", _Rewriting, "HOW", "GET"),
}
