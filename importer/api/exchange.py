"""One attempt at a call as a value: the HTTP reply as far as it was read, or the reason why there is none.

A reply's JSON and headers may hold anything. They are read without trust: a value that is missing or can't be used is
None. A time of the server's clock is compared with the reply's own ``date``. This module knows no vendor.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from importer.api import Failure
from importer.messages import Message

_SURROGATE = re.compile("[\ud800-\udfff]")
_TITLE = re.compile(rb"<title>\s*(\d{3}\b[^<]*)", re.IGNORECASE)


SMALL = 256 * 1024
"""Maximum size in bytes of a reply of which only a few words matter."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One attempt at a call, and its reply. The body is empty if it wasn't read, or ended early, as ``cut`` says.

    It left, or couldn't leave, and the reply's headers came, at these seconds since 1970, by our clock.
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


# -- limits and times in headers: ``x-ratelimit-remaining`` and its like, and ``retry-after`` --------------------------

_LATEST = 7e9  # seconds since 1970, in the year 2191; no later time is plausible
_WHOLE = 1.0  # seconds by which a reset may be later, because the API cuts its times to whole seconds


@dataclass(frozen=True, slots=True)
class Announcement:
    """The calls per window, those that remain, and when the next window opens at the latest, as a reply announces."""

    limit: int | None
    remaining: int
    reset: float | None

    @classmethod
    def read(cls, headers: Mapping[str, str], came: float) -> Announcement | None:
        """Read the announcement of a reply that came at this time; None if it doesn't say how many calls remain."""
        remaining, reset = _number(_told(headers, "remaining")), _told(headers, "reset")
        if remaining is None:
            return None
        wait = seconds_to_wait(reset, headers)
        cut = 0.0 if "." in reset else _WHOLE
        return cls(_number(_told(headers, "limit")), remaining, None if wait is None else came + wait + cut)


@lru_cache(64)  # the replies of one second have the same date
def seconds_since_1970(text: str) -> float | None:
    """Return an ISO or HTTP date as seconds since 1970, read as UTC if it names no time zone.

    None if it isn't a date, or is before 1970 or after 2190, which no usable clock shows.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(re.sub(r"\bGMT([+-]\d{4}).*", r"\1", text))  # as JavaScript writes it
        except (ValueError, OverflowError, TypeError, IndexError):  # raised for odd time zones
            return None
    try:
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return at if 0 <= at < _LATEST else None


def seconds_to_wait(text: str, headers: Mapping[str, str]) -> float | None:
    """Return the seconds to a time that one of a reply's headers names; None if it can't be read.

    The time is an ISO or HTTP date, or a number, whose size decides: below 3e8 (nine years) it is seconds to go, above
    1e11 it is milliseconds since 1970, and between these it is seconds since 1970. A time of the server's clock is
    compared with the reply's ``date``; without a date, nothing is known.
    """
    text = text.strip()
    at = seconds_since_1970(text)
    if re.fullmatch(r"\d{1,18}(\.\d{1,9})?", text, re.ASCII):
        number = float(text)
        if number < 3e8:
            return number
        at = number / 1000 if number > 1e11 else number
    now = seconds_since_1970(headers.get("date", ""))
    return None if at is None or now is None or at >= _LATEST else max(0.0, at - now)


def _told(headers: Mapping[str, str], name: str) -> str:
    return headers.get(f"x-ratelimit-{name}") or headers.get(f"ratelimit-{name}") or ""


def _number(text: str) -> int | None:
    match = re.match(r"\s*(\d{1,12})(?!\d)", text, re.ASCII)
    return int(match[1]) if match else None
