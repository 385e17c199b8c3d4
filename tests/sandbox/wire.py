"""Define a reply as it is sent, and write the error replies of the API and of gateways."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Literal

from tests.sandbox.calls import BAD_TYPE, NOT_UPLOADED, TOO_LARGE, Document, ServiceReply, invalid, refusal

JSON = ("Content-Type", "application/json; charset=utf-8")
HTML = ("Content-Type", "text/html; charset=utf-8")
_PAGE = b"<!DOCTYPE html>\n<html><head><title>%s</title></head><body><h1>%s</h1><hr>gateway</body></html>\n"
_MESSAGES = {
    401: (1001, "Invalid token"),
    403: (4003, "You don't have required permissions to perform this task"),
    404: (1001, "Note not found or access denied"),
    413: (413, "Payload too large: too many prospects"),
    422: (422, "Unprocessable entity: prospectIds"),
    429: (40000, "Rate Limit exceeded"),
}
_UPLOAD_MESSAGES = {400: (4000, NOT_UPLOADED), 404: (404, "Not found"), 413: (4002, TOO_LARGE), 422: (4001, BAD_TYPE)}
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
_SERVER_ERROR = (5001, "Internal server error, please try again later")

Shape = Callable[[Document], Document]
"""Function that lays out the document of a reply in another way."""

Headers = tuple[tuple[str, str], ...]
Pieces = Callable[[list[bytes], bytes], Iterable[tuple[bytes, float]]]


@dataclass(frozen=True, slots=True)
class Wire:
    """A reply as it is sent.

    A reply that ``is_gateways`` lacks the API's own headers. A ``lost`` one is not sent: the connection is closed or
    reset. A reply that ``ends_connection`` is the last one on it. Without ``has_length`` there is no Content-Length.
    ``pieces`` turns the lines of the head and the body into what is sent, each piece with the seconds to wait after it.
    """

    status: int
    body: bytes
    headers: Headers = (JSON,)
    is_gateways: bool = False
    lost: Literal["", "closed", "reset"] = ""
    ends_connection: bool = False
    has_length: bool = True
    pieces: Pieces = lambda lines, body: [(b"".join(lines) + body, 0.0)]  # one piece is one packet if it fits


def plain(reply: ServiceReply) -> Wire:
    return Wire(reply.status, encoded(reply.document), (JSON, *reply.headers))


def error(status: int, headers: Headers = (), *, upload: bool) -> Wire:
    """Return an error reply in the API's words."""
    messages = {**_MESSAGES, **_UPLOAD_MESSAGES} if upload else _MESSAGES
    if status == 400 and not upload:
        return plain(replace(invalid("prospectIds must be a list of known prospects value").reply, headers=headers))
    return plain(replace(refusal(status, *messages.get(status, _SERVER_ERROR)), headers=headers))


def gateways_page(status: int, headers: Headers = (), *, in_json: bool = False) -> Wire:
    """Return the reply of a gateway in the API's place: its page, or JSON of its own layout."""
    phrase = HTTPStatus(status).phrase if status in frozenset(HTTPStatus) else "Unknown"
    if in_json:
        body = encoded({"message": _GATEWAYS.get(status, phrase)})
        return Wire(status, body, (JSON, *headers), is_gateways=True)
    return Wire(status, page(f"{status} {phrase}"), (HTML, *headers), is_gateways=True)


def shaped(wire: Wire, shapes: Iterable[Shape]) -> Wire:
    """Return a reply of the API with its document laid out in other ways; anything else stays as it is."""
    try:
        document = json.loads(wire.body)
    except ValueError:
        return wire
    if wire.is_gateways or not isinstance(document, dict):
        return wire
    for shape in shapes:
        document = shape(document)
    return replace(wire, body=encoded(document))


def page(title: str) -> bytes:
    return _PAGE % (title.encode(), title.encode())


def encoded(document: Document) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
