"""Limit the rate: a number of calls in each fixed window of time.

Input: the time of a call. Output: whether it is allowed, and the headers of its reply. The vendor documents no limit,
so tests add further ways in which a client may be told of one to `WORDS`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from importer.sandbox.clock import iso_text, moment

WORDS: dict[str, dict[str, Any]] = {"first-call": {"aligned": False}}
"""Words that may follow the rate, and the options that they set."""

_TEXT = re.compile(r"(?P<calls>\d+)/(?P<count>\d+(?:\.\d+)?)?(?P<unit>ms|s|sec|min|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}

Announcement = Callable[[float, float], str]


def as_moment(ends: float, _now: float) -> str:
    """Return the end of the window as an ISO date-time with milliseconds."""
    return iso_text(moment(ends))


def as_seconds(ends: float, now: float) -> str:
    """Return the seconds until the window ends, rounded up, so that a client that waits so long is not too early."""
    return str(max(1, math.ceil(ends - now)))


@dataclass(frozen=True, slots=True)
class Limit:
    """Limit of ``calls`` in each window of ``seconds``.

    ``reset`` writes ``x-ratelimit-reset``, and ``retry`` the ``retry-after`` of a 429; None leaves these headers out.
    ``aligned`` windows start at whole multiples of their length on the sandbox's clock, others with their first call.
    """

    calls: int
    seconds: float
    reset: Announcement | None = as_moment
    retry: Announcement | None = as_seconds
    aligned: bool = True

    def __post_init__(self) -> None:
        if self.calls < 1 or self.seconds <= 0:
            raise ValueError(f"a limit needs at least one call in more than no time, not {self.calls}/{self.seconds}s")

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Read a limit from its text form (see docs/practice.md); ValueError says what is wrong with it."""
        rate, *words = text.strip().split(":")
        match = _TEXT.fullmatch(rate)
        if match is None:
            raise ValueError(f"{text!r} is not a limit: write calls and time, such as 20/1s or 60/min")
        options: dict[str, Any] = {}
        for word in words:
            if word not in WORDS:
                raise ValueError(f"{text!r} is not a limit: {word!r} is none of {', '.join(WORDS)}")
            options |= WORDS[word]
        return cls(int(match["calls"]), float(match["count"] or 1) * _UNITS[match["unit"]], **options)


@dataclass(frozen=True, slots=True)
class Admission:
    """Decision about a call: whether it is allowed, and its reply's headers, with ``retry-after`` if it is not."""

    allowed: bool
    headers: tuple[tuple[str, str], ...] = ()


class RateWindow:
    """Count of the calls in the current window. Not thread-safe: the owner's lock guards it."""

    def __init__(self, limit: Limit | None) -> None:
        self._limit = limit
        self._ends = -math.inf
        self._left = 0

    def spend(self, now: float) -> Admission:
        """Count one call, made at ``now`` (seconds since the epoch), in the window."""
        limit = self._limit
        if limit is None:
            return Admission(allowed=True)
        if now >= self._ends:
            start = math.floor(now / limit.seconds) * limit.seconds if limit.aligned else now
            self._ends = start + limit.seconds
            self._left = limit.calls
        allowed = self._left > 0
        self._left -= allowed
        headers: tuple[tuple[str, str], ...] = ()
        if limit.reset:
            headers += (("x-ratelimit-limit", str(limit.calls)), ("x-ratelimit-remaining", str(self._left)))
            headers += (("x-ratelimit-reset", limit.reset(self._ends, now)),)
        if not allowed and limit.retry:
            headers += (("retry-after", limit.retry(self._ends, now)),)
        return Admission(allowed, headers)
