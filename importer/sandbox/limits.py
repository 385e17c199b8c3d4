"""Limit the rate: a number of calls in each fixed window of time.

Input: the time of a call. Output: whether it is allowed, and the headers of its reply. The vendor documents no limit,
so every way to announce one that a client may meet can be chosen. `FORMS` describes how a limit is written as text.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from importer.sandbox.clock import http_date, iso_text, moment

RESETS = ("date", "http-date", "epoch", "epoch-ms", "seconds", "off")
RETRIES = ("seconds", "date", "off")

FORMS = {
    "20/1s": "20 calls a second; the unit is ms, s, min, h or d, and 60/min means 60/1min",
    ":date": "x-ratelimit-reset is an ISO date-time with milliseconds, as without a word",
    ":http-date": "... an HTTP date",
    ":epoch": "... whole seconds since 1970",
    ":epoch-ms": "... milliseconds since 1970",
    ":seconds": "... whole seconds from now",
    ":off": "no x-ratelimit headers at all",
    ":first-call": "the window opens with the first call, instead of at a whole multiple of its length",
    ":retry-date": "retry-after of a 429 is an HTTP date instead of seconds",
    ":no-retry": "a 429 carries no retry-after",
}

_TEXT = re.compile(r"(?P<calls>\d+)/(?P<count>\d+(?:\.\d+)?)?(?P<unit>ms|s|sec|min|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_RETRY_WORDS = {"retry-date": "date", "no-retry": "off"}


@dataclass(frozen=True, slots=True)
class Limit:
    """Limit of ``calls`` in each window of ``seconds``, announced as ``reset`` and ``retry`` say.

    ``reset`` is one of `RESETS`, ``retry`` one of `RETRIES`. ``aligned`` windows start at whole multiples of their
    length on the sandbox's clock, others with their first call.
    """

    calls: int
    seconds: float
    reset: str = "date"
    retry: str = "seconds"
    aligned: bool = True

    def __post_init__(self) -> None:
        if self.calls < 1 or self.seconds <= 0:
            raise ValueError(f"a limit needs at least one call in more than no time, not {self.calls}/{self.seconds}s")
        if self.reset not in RESETS:
            raise ValueError(f"x-ratelimit-reset can be {', '.join(RESETS)}, not {self.reset!r}")
        if self.retry not in RETRIES:
            raise ValueError(f"retry-after can be {', '.join(RETRIES)}, not {self.retry!r}")

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Read a limit from its text form (see `FORMS`); ValueError says what is wrong with it."""
        rate, *words = text.strip().split(":")
        match = _TEXT.fullmatch(rate)
        if match is None:
            raise ValueError(f"{text!r} is not a limit: write calls and time, such as 20/1s or 60/min")
        reset, retry, aligned = "date", "seconds", True
        for word in words:
            if word in RESETS:
                reset = word
            elif word in _RETRY_WORDS:
                retry = _RETRY_WORDS[word]
            elif word == "first-call":
                aligned = False
            else:
                words_allowed = ", ".join([*RESETS, *_RETRY_WORDS, "first-call"])
                raise ValueError(f"{text!r} is not a limit: {word!r} is none of {words_allowed}")
        return cls(int(match["calls"]), float(match["count"] or 1) * _UNITS[match["unit"]], reset, retry, aligned)


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
        headers = _announced(limit, self._left, self._ends, now)
        if not allowed and limit.retry != "off":
            by_date = limit.retry == "date"
            # Rounded up, so that a client that waits so long does not come back too early.
            wait = http_date(math.ceil(self._ends)) if by_date else str(max(1, math.ceil(self._ends - now)))
            headers = (*headers, ("retry-after", wait))
        return Admission(allowed, headers)


def _announced(limit: Limit, left: int, ends: float, now: float) -> tuple[tuple[str, str], ...]:
    if limit.reset == "off":
        return ()
    match limit.reset:
        case "date":
            reset = iso_text(moment(ends))
        case "http-date":
            reset = http_date(math.ceil(ends))
        case "epoch":
            reset = str(math.ceil(ends))
        case "epoch-ms":
            reset = str(math.ceil(ends * 1000))
        case _:
            reset = str(math.ceil(ends - now))
    return (
        ("x-ratelimit-limit", str(limit.calls)),
        ("x-ratelimit-remaining", str(left)),
        ("x-ratelimit-reset", reset),
    )
