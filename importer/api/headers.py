"""What a reply's headers say of time and limits, whichever form they come in, by whichever clock.

Comes in: a reply's headers and times. Goes out: an :class:`Announcement` of the limit, and how far the clock that sets
the ``date`` header is from ours; a gateway may set it, so it serves for ``retry-after`` and resets only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

_PART = re.compile(r"\b(limit|remaining|reset|q|r|t)=(\d+)", re.ASCII)
_NAMES = {"q": "limit", "r": "remaining", "t": "reset"}
_LATEST = 7e9  # seconds since 1970, in the year 2191; what is said to be later is no time that anyone can reckon with


@dataclass(frozen=True, slots=True)
class Time:
    """A time as a header gave it, in seconds.

    Attributes:
        at: since 1970, or from now where ``is_to_go``.
        is_whole: whether the form shows whole seconds only, so that the true time may be up to a second later.
    """

    at: float
    is_to_go: bool
    is_whole: bool

    @classmethod
    def read(cls, text: str) -> Time | None:
        """Read ISO and HTTP dates, milliseconds and seconds since 1970, and seconds to go; None for anything else.

        Numbers are told apart by their size: seconds to go are under nine years, seconds since 1970 are over forty,
        milliseconds a thousand times that.
        """
        text = text.strip()
        if re.fullmatch(r"\d{1,18}(\.\d{1,9})?", text, re.ASCII):
            number = float(text)
            if number > 1e11:
                number /= 1000
                return cls(number, is_to_go=False, is_whole=False) if number < _LATEST else None
            return None if number >= _LATEST else cls(number, is_to_go=number < 3e8, is_whole="." not in text)
        at = seconds_since_1970(text)
        return None if at is None else cls(at, is_to_go=False, is_whole=re.search(r":\d\d[.,]\d", text) is None)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a reply says of its limit.

    Attributes:
        limit: calls in a window, or None where it doesn't say.
        remaining: calls left in the window.
        reset: when the next window opens, or None where it doesn't say.
    """

    limit: int | None
    remaining: int
    reset: Time | None

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> Announcement | None:
        """Read the headers; None where they say nothing of what remains."""
        parts = _parts(headers)
        remaining = _number(parts.get("remaining", ""))
        if remaining is None:
            return None
        return cls(_number(parts.get("limit", "")), remaining, Time.read(parts.get("reset", "")))


class ServerClock:
    """How far the server's clock is from ours, narrowed down by every reply's ``date`` header.

    The header is cut to whole seconds: at some moment between ``began`` and ``came`` the server's clock stood in
    [date, date + 1). So each reply bounds the difference, and their intersection is far finer than a second.
    """

    def __init__(self) -> None:
        self._low, self._high = -math.inf, math.inf

    def observe(self, date_header: str, began: float, came: float) -> None:
        """Take in the date of a reply to a call that began and came back at these times, by our clock."""
        date = Time.read(date_header)
        if date is None or date.is_to_go:
            return
        low, high = date.at - came, date.at + 1 - began
        if low > self._high or high < self._low:  # one of the clocks was set anew
            self._low, self._high = low, high
        else:
            self._low, self._high = max(low, self._low), min(high, self._high)

    @property
    def is_known(self) -> bool:
        """Whether any reply bore a date."""
        return math.isfinite(self._low)

    def server_at_least(self, ours: float) -> float:
        """The earliest that the server's clock may have shown at our time ``ours``; ``ours`` while nothing is known."""
        return ours + self._low if self.is_known else ours

    def ours_at_most(self, server: float) -> float:
        """The latest that our clock may show when the server's shows ``server``."""
        return server - self._low if self.is_known else server

    def ours_at_least(self, server: float) -> float:
        """The earliest that our clock may show when the server's shows ``server``."""
        return server - self._high if self.is_known else server


@lru_cache(64)  # the replies of a second bear the same date
def seconds_since_1970(text: str) -> float | None:
    """An ISO or HTTP date as seconds since 1970, read as UTC where it names no zone.

    None for what is no date, and for dates before 1970 or after 2190: no clock that is of any use shows them.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError, TypeError, IndexError):  # what the standard library raises for odd zones
            return None
    try:
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return at if 0 <= at < _LATEST else None


def seconds_to_wait(retry_after: str, now: float) -> float | None:
    """What a ``retry-after`` header asks for, given in seconds or as a date; ``now`` is the server's time.

    None where it says nothing that can be understood.
    """
    time = Time.read(retry_after)
    if time is None:
        return None
    return time.at if time.is_to_go else max(0.0, time.at - now)


def _parts(headers: Mapping[str, str]) -> dict[str, str]:
    """Limit, remaining and reset: each in a header of its own, or all in one as the IETF's drafts have it.

    ``RateLimit: limit=20, remaining=7, reset=1`` is the older draft; the newer one writes ``"default";r=7;t=1``, with
    the limit as ``"default";q=20;w=1`` in ``RateLimit-Policy``. Of several policies, the first is taken.
    """
    parts: dict[str, str] = {}
    for name in ("ratelimit", "ratelimit-policy"):
        for key, value in _PART.findall(headers.get(name, "").lower()):
            parts.setdefault(_NAMES.get(key, key), value)
    for start in ("x-rate-limit", "ratelimit", "x-ratelimit"):
        for key in ("limit", "remaining", "reset"):
            parts[key] = headers.get(f"{start}-{key}") or parts.get(key, "")
    return parts


def _number(text: str) -> int | None:
    match = re.match(r"\s*(\d{1,12})(?!\d)", text, re.ASCII)
    return int(match[1]) if match else None


def server_now(headers: Mapping[str, str], ours: float) -> float:
    """The server's clock by this reply, for a ``retry-after`` that is a date."""
    date = seconds_to_wait(headers.get("date", ""), 0.0)
    return date or ours
