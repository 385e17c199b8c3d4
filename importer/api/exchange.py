"""One attempt at a call as a value: the HTTP reply as far as it was read, or the reason why there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from importer.api.protocol import Failure
from importer.messages import Message

_TITLE = re.compile(rb"<title>\s*(\d{3}\b[^<]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Most:
    """Limits on what is read of a reply.

    Attributes:
        size: bytes.
        values: texts, lists and other values in its JSON. Three bytes of JSON may take a hundred in memory.
    """

    size: int
    values: int


SMALL = Most(256 * 1024, 10_000)
"""Limits for a reply of which only a few words matter."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One attempt at a call, and its reply.

    Attributes:
        began, came: when the request left and when the reply's headers came, in seconds since 1970 by our clock.
        status: the HTTP status; 0 if no reply came.
        headers: names in lower case.
        data: the body; empty if it is incomplete or wasn't read.
        cut: why the body is incomplete, or None.
        is_too_large: whether the body exceeds the size limit.
        failure: why no reply came, or None.
    """

    began: float
    came: float
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes = b""
    cut: Message | None = None
    is_too_large: bool = False
    failure: Failure | None = None


def title(data: bytes) -> str:
    """Return the title of a gateway's page if it begins with a status, as in *502 Bad Gateway*; otherwise empty."""
    match = _TITLE.search(data[:1000])
    return match[1].decode("utf-8", "replace") if match else ""


def phrase(status: int) -> str:
    """Return an HTTP status in words."""
    from http import HTTPStatus  # noqa: PLC0415 - --help needn't wait for it

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(unknown status)"
