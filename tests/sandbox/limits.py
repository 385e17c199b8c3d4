"""Limit the rate of calls: so many calls of each kind, and so many in all, in each window of time.

Input: a call's kind and its time. Output: whether it is allowed, and how its reply tells of the limit. `REFERENCE` is
the service's limit. Everything else is a mode, which words after the rate switch on (`WORDS`).
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.sandbox.calls import ServiceReply
from tests.sandbox.clock import iso_text, moment

_TEXT = re.compile(r"(?P<calls>\d+)/(?P<count>\d+(?:\.\d+)?)?(?P<unit>ms|s|sec|min|h|d)")
_IN_ALL = re.compile(r"all=([1-9]\d{0,8})")
_UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_REFUSAL = "Rate Limit exceeded"

Announcement = Callable[[float, float], str]


def as_moment(ends: float, _now: float) -> str:
    """Return the end of the window as an ISO date-time with milliseconds."""
    return iso_text(moment(ends))


def as_seconds(ends: float, now: float) -> str:
    """Return the seconds until the window ends, rounded up, so that a client that waits so long is not too early."""
    return str(max(1, math.ceil(ends - now)))


WORDS: dict[str, dict[str, Any]] = {
    "headers": {"reset": as_moment},
    "429": {"status": 429, "retry": as_seconds},
    "first-call": {"aligned": False},
}
"""Words that may follow the rate, and the options that they set."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Limit of ``calls`` of each kind, and of ``in_all`` calls of all kinds, in each window of ``seconds``.

    A refusal has ``status`` and ``code``. ``reset`` writes ``x-ratelimit-reset`` beside ``x-ratelimit-remaining`` in
    all replies, and ``retry`` the ``retry-after`` of a refusal; None leaves these headers out. ``aligned`` windows
    start at whole multiples of their length on the sandbox's clock, others with their first call. If it is ``sliding``,
    the calls of any stretch of that length count.
    """

    calls: int
    seconds: float
    in_all: int | None = None
    status: int = 400
    code: int = 40000
    reset: Announcement | None = None
    retry: Announcement | None = None
    aligned: bool = True
    sliding: bool = False

    def __post_init__(self) -> None:
        if self.calls < 1 or self.seconds <= 0:
            raise ValueError(f"a limit needs at least one call in more than no time, not {self.calls}/{self.seconds}s")

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Read a limit from its text form (see README.md); ValueError says what is wrong with it."""
        rate, *words = text.strip().split(":")
        match = _TEXT.fullmatch(rate)
        if match is None:
            raise ValueError(f"{text!r} is not a limit: write calls and time, such as 20/1s or 60/min")
        options: dict[str, Any] = {}
        for word in words:
            in_all = _IN_ALL.fullmatch(word)
            if in_all is None and word not in WORDS:
                raise ValueError(f"{text!r} is not a limit: {word!r} is none of all=300, {', '.join(WORDS)}")
            options |= {"in_all": int(in_all[1])} if in_all else WORDS[word]
        return cls(int(match["calls"]), float(match["count"] or 1) * _UNITS[match["unit"]], **options)


REFERENCE = Limit(20, 60.0, in_all=300)
"""The service's limit."""

DEFAULT: Limit | None = REFERENCE
"""Limit of a sandbox for which none is named. The project's tests set it to None in one place, because they can't wait
for minutes."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Decision about a call: its refusal, None if it is allowed, and the headers of its reply."""

    refusal: ServiceReply | None = None
    headers: tuple[tuple[str, str], ...] = ()


class _Window:
    """The calls of one window, which allows ``calls``."""

    def __init__(self, limit: Limit, calls: int) -> None:
        self._limit, self._calls = limit, calls
        self._spent: deque[float] = deque()
        self._ends = -math.inf

    def look(self, now: float) -> tuple[int, float]:
        """Return the calls that are left, and when more of them will be."""
        limit = self._limit
        if limit.sliding:
            while self._spent and self._spent[0] <= now - limit.seconds:
                self._spent.popleft()
            self._ends = (self._spent[0] if self._spent else now) + limit.seconds
        elif now >= self._ends:
            start = math.floor(now / limit.seconds) * limit.seconds if limit.aligned else now
            self._ends = start + limit.seconds
            self._spent.clear()
        return self._calls - len(self._spent), self._ends

    def spend(self, now: float) -> None:
        self._spent.append(now)


class RateWindows:
    """The windows of the account. Not thread-safe: the owner's lock guards it."""

    def __init__(self, limit: Limit | None) -> None:
        self._limit = limit
        self._in_all = _Window(limit, limit.in_all) if limit and limit.in_all else None
        self._own: dict[str, _Window] = {}

    def spend(self, kind: str, now: float) -> Admission:
        """Count one call of a kind, made at ``now`` (seconds since the epoch), if it is allowed."""
        limit = self._limit
        if limit is None:
            return Admission()
        own = self._own.setdefault(kind, _Window(limit, limit.calls))
        windows = [own, self._in_all] if self._in_all else [own]
        left, ends = min((window.look(now) for window in windows), key=lambda look: (look[0], -look[1]))
        refusal = None
        if left > 0:
            for window in windows:
                window.spend(now)
        else:
            refusal = ServiceReply(limit.status, {"code": limit.code, "message": _REFUSAL})
        headers: tuple[tuple[str, str], ...] = ()
        if limit.reset:
            headers += (("x-ratelimit-remaining", str(max(0, left - 1))),)
            headers += (("x-ratelimit-reset", limit.reset(ends, now)),)
        if refusal is not None and limit.retry:
            headers += (("retry-after", limit.retry(ends, now)),)
        return Admission(refusal, headers)
