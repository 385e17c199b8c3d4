"""Spoil a reply as a fault says: from the service's reply to the bytes sent."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

from importer.sandbox.calls import Document, ServiceReply, refusal
from importer.sandbox.faults import CONTRADICTIONS, SPOILS_ENTRIES, Fault

HUGE = 64 * 1024 * 1024
_JSON = ("Content-Type", "application/json; charset=utf-8")
_HTML = ("Content-Type", "text/html; charset=utf-8")
_PAGE = b"<!DOCTYPE html>\n<html><head><title>%s</title></head><body><h1>%s</h1><hr>gateway</body></html>\n"
_STUB: Document = {"message": "Notes created successfully", "payload": {"results": []}}
_UPLOAD_STUB: Document = {"message": "Attachment uploaded successfully", "payload": {}}
_MESSAGES = {
    400: (1000, "Bad request: prospectIds"),
    401: (1001, "Invalid token"),
    403: (403, "Forbidden"),
    404: (1001, "Note not found or access denied"),
    413: (413, "Payload too large: too many prospects"),
    422: (422, "Unprocessable entity: prospectIds"),
    429: (429, "Too many requests"),
}
_UPLOAD_MESSAGES = {
    400: (4000, "Failed to upload attachment"),
    404: (404, "Not found"),
    413: (4002, "Attachment is larger than 20 MB"),
    422: (4001, "Attachment type not supported"),
}
# In the words of a widely used gateway; their layout is not that of the API's errors.
_GATEWAYS = {
    401: "No API key found in request",
    403: "You cannot consume this service",
    404: "no Route matched with those values",
    413: "Request size limit exceeded",
    429: "API rate limit exceeded",
    502: "An invalid response was received from the upstream server",
    503: "failure to get a peer from the ring-balancer",
    504: "The upstream server is timing out",
}
_PHRASED = frozenset(HTTPStatus)
_SERVER_ERROR = (5001, "Internal server error, please try again later")


@dataclass(frozen=True, slots=True)
class Wire:
    """A reply as it is sent.

    ``sent`` is the number of body bytes sent before the connection is closed (None sends all, and keeps it open).
    ``line_pause`` and ``byte_pause`` are seconds between two header lines and between two bytes of the body. An
    ``endless`` body continues with filling up to `HUGE` bytes, and has no Content-Length. A reply that ``is_gateways``
    lacks the API's own headers.
    """

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (_JSON,)
    sent: int | None = None
    line_pause: float = 0.0
    byte_pause: float = 0.0
    endless: bool = False
    is_gateways: bool = False


def plain(reply: ServiceReply) -> Wire:
    """Return a reply unchanged, as it is sent."""
    return Wire(reply.status, _json(reply.document), (_JSON, *reply.headers))


def spoiled(fault: Fault, reply: ServiceReply | None, elsewhere: str, *, upload: bool) -> Wire:
    """Return a reply as the fault spoils it.

    ``reply`` is None if the request was not applied; ``elsewhere`` is the URL that a redirect names; ``upload`` says
    that a file was uploaded.
    """
    if fault.status is not None:
        return _error(fault, fault.status, elsewhere, upload=upload)
    if reply is not None and fault.kind in SPOILS_ENTRIES:
        return plain(_respelt(fault, reply))
    honest = plain(reply or ServiceReply(200, _UPLOAD_STUB if upload else _STUB))
    if fault.kind == "redirect":
        return Wire(307, b"", (("Location", elsewhere),))
    spoil = _SPOILS.get(fault.kind)
    return spoil(honest, fault.seconds or 0.0) if spoil else honest  # late: a proper reply, but long overdue


def gateways_page(status: int, *, as_json: bool, headers: tuple[tuple[str, str], ...] = ()) -> Wire:
    """Return the reply of a gateway in the API's place: its page, or JSON of its own layout."""
    phrase = HTTPStatus(status).phrase if status in _PHRASED else "Unknown"
    if not as_json:
        return Wire(status, _page(f"{status} {phrase}"), (_HTML, *headers), is_gateways=True)
    return Wire(status, _json({"message": _GATEWAYS.get(status, phrase)}), (_JSON, *headers), is_gateways=True)


def _error(fault: Fault, status: int, elsewhere: str, *, upload: bool) -> Wire:
    wait = () if fault.seconds is None else (("retry-after", f"{fault.seconds:g}"),)
    if fault.is_gateways:
        away = (("Location", elsewhere),) if 300 <= status < 400 else ()
        return gateways_page(status, as_json=fault.kind.startswith("gateway-"), headers=(*wait, *away))
    messages = {**_MESSAGES, **_UPLOAD_MESSAGES} if upload else _MESSAGES
    code, message = _MESSAGES[401] if fault.kind == "400-token" else messages.get(status, _SERVER_ERROR)
    return plain(replace(refusal(status, code, message), headers=wait))


def _respelt(fault: Fault, reply: ServiceReply) -> ServiceReply:
    """Spoil the entries of a reply: results of a POST, notes or prospects of a GET, or an upload's ID."""
    payload = reply.document.get("payload")
    if isinstance(payload, list):
        return replace(reply, document={**reply.document, "payload": _entries(fault.kind, payload)})
    if not isinstance(payload, dict):
        return reply
    if fault.kind.startswith("missing") and payload.keys() <= {"attachmentId", "id"}:
        return replace(reply, document={**reply.document, "payload": {}})
    name = "results" if "results" in payload else "notes"
    entries = payload.get(name)
    if not isinstance(entries, list):
        return reply
    # The same rule (every second entry) as in `Fault.struck`, because the service keeps the prospects' order.
    spoilt: Document = {name: _entries(fault.kind, entries)}
    if fault.kind == "missing-all" and "draftNote" in payload:
        spoilt["draftNote"] = None
    return replace(reply, document={**reply.document, "payload": {**payload, **spoilt}})


def _entries(kind: str, entries: list[Document]) -> list[Document]:
    if kind in _RESPELLINGS:
        return _RESPELLINGS[kind](entries)
    spoilt: list[Document] = []
    for place, entry in enumerate(entries):
        if kind == "contradictory":
            spoilt += _contradicted(CONTRADICTIONS[place % len(CONTRADICTIONS)], entry)
        else:
            spoilt += _contradicted(kind, entry) if place % 2 == 0 else [entry]
    return spoilt


def _contradicted(kind: str, entry: Document) -> list[Document]:
    if kind == "true-null":
        return [{**entry, "noteId": None, "success": True}]
    if kind == "false-id":
        return [{**entry, "noteId": entry["noteId"] or "Zz00Zz00", "success": False}]
    contrary: Document = {**entry, "success": not entry["success"]}
    contrary["noteId"] = "Zz00Zz00" if contrary["success"] else None
    return [entry, contrary]


def _encoded(wire: Wire, body: bytes) -> Wire:
    return replace(wire, body=body, headers=(*wire.headers, ("Content-Encoding", "gzip")))


def _page(title: str) -> bytes:
    return _PAGE % (title.encode(), title.encode())


def _json(document: Document) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


_SPOILS: dict[str, Callable[[Wire, float], Wire]] = {
    "empty": lambda _wire, _pause: Wire(200, b""),
    "html": lambda _wire, _pause: Wire(200, _page("Welcome"), (_HTML,)),
    "not-json": lambda wire, _pause: Wire(200, wire.body[: len(wire.body) // 2]),
    "null": lambda _wire, _pause: Wire(200, _json({"message": "OK", "payload": None})),
    "truncated": lambda wire, _pause: replace(wire, sent=len(wire.body) // 2),
    "gzip": lambda wire, _pause: _encoded(wire, gzip.compress(wire.body)),
    "bad-gzip": lambda wire, _pause: _encoded(wire, gzip.compress(b"")[:10] + b"\xff" * 40),
    "huge": lambda _wire, _pause: Wire(200, b'{"message": "', endless=True),
    "drip": lambda wire, pause: replace(wire, byte_pause=pause),
    "slow-headers": lambda wire, pause: replace(wire, line_pause=pause),
}

_RESPELLINGS: dict[str, Callable[[list[Document]], list[Document]]] = {
    "missing": lambda entries: entries[1::2],
    "missing-all": lambda _entries: [],
    "repeated": lambda entries: [entry for entry in entries for _ in range(2)],
    "shuffled": lambda entries: entries[::-1],
    "wrong-id": lambda entries: [*entries, {"prospectId": "NeverAsked", "noteId": "Zz00Zz00", "success": True}],
}
