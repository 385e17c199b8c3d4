"""One attempt at a call as a value: the HTTP reply as far as it was read, or the reason why there is none.

A reply's JSON may be invalid, too deep, or hold any value anywhere. It is parsed without trust:
a value that is missing or can't be used is None. This module knows no vendor.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from importer.api import Failure
from importer.messages import Message

_SURROGATE = re.compile("[\ud800-\udfff]")
_TITLE = re.compile(rb"<title>\s*(\d{3}\b[^<]*)", re.IGNORECASE)


SMALL = 256 * 1024
"""Maximum size in bytes of a reply of which only a few words matter."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One attempt at a call, and its reply.

    Attributes:
        began, came: when the request left and when the reply's headers came, in seconds since 1970 by our clock.
        data: the body; empty if it is incomplete or wasn't read.
        cut: why the body is incomplete, or None.
    """

    began: float
    came: float
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes = b""
    cut: Message | None = None
    failure: Failure | None = None


def title(data: bytes) -> str:
    """Return the title of a gateway's page if it begins with a status, as in *502 Bad Gateway*; otherwise empty."""
    match = _TITLE.search(data[:1000])
    return match[1].decode("utf-8", "replace") if match else ""


def parsed(data: bytes) -> object:
    """Return the parsed JSON; None if it is invalid or too deep."""
    try:
        return json.loads(data.decode("utf-8-sig", "surrogatepass"))
    except (ValueError, RecursionError):
        return None


def at(value: object, *path: str) -> object:
    """Return the value at a path of field names; None if there is none."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text_of(value: object) -> str | None:
    """Return an ID as text, from a text or a whole number; None for other values, and for text we can't encode."""
    if isinstance(value, str):
        is_odd = not value.isascii() and _SURROGATE.search(value)
        return None if is_odd else value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None
