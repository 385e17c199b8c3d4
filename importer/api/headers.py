"""Read rate limits and times from a reply's headers, in any of their formats.

Input: a reply's headers and times. Output: an :class:`Announcement` of the limit, and the difference between our clock
and the clock that sets the ``date`` header. A gateway may set that header, so the difference is used only for
``retry-after`` and resets. The headers that all successes of a kind of call share tell the API's refusals from an
intermediary's.
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
_MARK = re.compile(r"x-ratelimit-|x-rate-limit-|ratelimit")
_LATEST = 7e9  # seconds since 1970, in the year 2191; no later time is plausible


@dataclass(frozen=True, slots=True)
class Time:
    """A time from a header, in seconds.

    Attributes:
        at: since 1970, or from now if ``is_to_go``.
        is_whole: whether the format has only whole seconds, so that the true time may be up to a second later.
    """

    at: float
    is_to_go: bool
    is_whole: bool

    @classmethod
    def read(cls, text: str) -> Time | None:
        """Read ISO and HTTP dates, milliseconds and seconds since 1970, and seconds to go; None for anything else.

        The size of a number decides: below 3e8 (nine years) it is seconds to go, above 1e11 it is milliseconds since
        1970, and between these it is seconds since 1970.
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
    """The limit on calls that a reply announces.

    Attributes:
        limit: calls per window, or None if the reply doesn't say.
        remaining: calls left in the window.
        reset: when the next window opens, or None if the reply doesn't say.
    """

    limit: int | None
    remaining: int
    reset: Time | None

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> Announcement | None:
        """Read the announcement from a reply's headers; None if they don't say how many calls remain."""
        parts = _parts(headers)
        remaining = _number(parts.get("remaining", ""))
        if remaining is None:
            return None
        return cls(_number(parts.get("limit", "")), remaining, Time.read(parts.get("reset", "")))


class ServerClock:
    """The difference between the server's clock and ours, narrowed down by each reply's ``date`` header.

    The header is cut to whole seconds. At some moment between ``began`` and ``came``, the server's clock was within
    [date, date + 1). So each reply bounds the difference, and all bounds together are much finer than a second.
    """

    def __init__(self) -> None:
        self._low, self._high = -math.inf, math.inf

    def observe(self, date_header: str, began: float, came: float) -> None:
        """Narrow the difference by a reply's date. The call began, and the reply came, at these times by our clock."""
        date = Time.read(date_header)
        if date is None or date.is_to_go:
            return
        low, high = date.at - came, date.at + 1 - began
        if low > self._high or high < self._low:  # one of the clocks was set to another time
            self._low, self._high = low, high
        else:
            self._low, self._high = max(low, self._low), min(high, self._high)

    @property
    def is_known(self) -> bool:
        """Whether a reply with a date was observed."""
        return math.isfinite(self._low)

    def ours_at_most(self, server: float) -> float:
        """Return the latest time that our clock may show when the server's shows ``server``."""
        return server - self._low if self.is_known else server


@lru_cache(64)  # the replies of one second have the same date
def seconds_since_1970(text: str) -> float | None:
    """Return an ISO or HTTP date as seconds since 1970, read as UTC if it names no time zone.

    None if it isn't a date, or is before 1970 or after 2190, which no usable clock shows.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, OverflowError, TypeError, IndexError):  # raised for odd time zones
            return None
    try:
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return at if 0 <= at < _LATEST else None


def seconds_to_wait(retry_after: str, now: float) -> float | None:
    """Return the seconds that a ``retry-after`` header asks for at the server's time ``now``; None if unreadable."""
    time = Time.read(retry_after)
    if time is None:
        return None
    return time.at if time.is_to_go else max(0.0, time.at - now)


def _parts(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the limit, the remaining calls and the reset, from separate headers or from those of the IETF's drafts.

    ``RateLimit: limit=20, remaining=7, reset=1`` is the older draft. The newer draft writes ``"default";r=7;t=1``, and
    the limit as ``"default";q=20;w=1`` in ``RateLimit-Policy``. Of several policies, the first counts.
    """
    parts: dict[str, str] = {}
    for name in ("ratelimit", "ratelimit-policy"):
        for key, value in _PART.findall(headers.get(name, "").lower()):
            parts.setdefault(_NAMES.get(key, key), value)
    for prefix in ("x-rate-limit", "ratelimit", "x-ratelimit"):
        for key in ("limit", "remaining", "reset"):
            parts[key] = headers.get(f"{prefix}-{key}") or parts.get(key, "")
    return parts


def _number(text: str) -> int | None:
    match = re.match(r"\s*(\d{1,12})(?!\d)", text, re.ASCII)
    return int(match[1]) if match else None


def server_now(headers: Mapping[str, str], ours: float) -> float:
    """Return the server's time, with which a ``retry-after`` date is compared: the reply's ``date``, or ``ours``."""
    date = seconds_to_wait(headers.get("date", ""), 0.0)
    return date or ours


class Signature:
    """The content type and the headers about rate limits that the successes of one kind of call share.

    The API's refusals of such calls have them, too. Several threads may learn at once. At worst a header too many
    remains, which makes the check only stricter.

    Attributes:
        fastest: seconds of the fastest success; infinity before the first one.
    """

    def __init__(self) -> None:
        self._type = ""
        self._marks: frozenset[str] | None = None
        self.fastest = math.inf

    def learn(self, headers: Mapping[str, str], took: float) -> None:
        """Learn from a success's headers, and from the seconds that the call took."""
        self.fastest = min(took, self.fastest)
        marks = frozenset(name for name in headers if _MARK.match(name))
        self._type = _media_type(headers)  # set before the marks, which show that a success was learned
        self._marks = marks if self._marks is None else self._marks & marks

    def is_other(self, headers: Mapping[str, str]) -> bool:
        """Return whether a reply's headers differ from those of the successes; False before the first success."""
        if self._marks is None:
            return False
        return _media_type(headers) != self._type or not self._marks <= headers.keys()


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()
