"""One budget of calls shared by all workers, learned from what the API's replies say of its limits.

Comes in: every reply's status, headers and times (:class:`Signals`). Goes out: how many seconds until the next call may
go. What is known of the headers is little (vendor's clients have seen ``x-ratelimit-remaining``, ``-reset`` as a
date-time and ``retry-after``), so every form in use is understood, and none is needed.
"""

from __future__ import annotations

import math
import random
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importer.retry import Attempts

from importer.errors import CallFailed


@dataclass(frozen=True, slots=True)
class Signals:
    """What one reply says besides its body.

    Attributes:
        kind: the HTTP method; reading and writing may have budgets of their own.
        status: the HTTP status.
        headers: the reply's, names in lower case.
        began: when the request began, in seconds since 1970 by our clock.
        came: when the reply's headers came, by the same clock.
    """

    kind: str
    status: int
    headers: Mapping[str, str]
    began: float
    came: float


@dataclass(frozen=True)
class Rate:
    """At most ``calls`` in any ``seconds``."""

    calls: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read ``20/1s``, ``60/min``, ``1000/h``.

        Raises:
            ValueError: it isn't a rate.
        """
        match = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+(?:\.\d+)?)?\s*(s|sec|second|m|min|minute|h|hour)?\s*", text)
        if match is None or not (match[2] or match[3]):
            raise ValueError(f"{text!r} is no rate; write it like 20/1s, 60/min or 1000/h")
        calls, seconds = int(match[1]), float(match[2] or 1) * {"s": 1, "m": 60, "h": 3600}[(match[3] or "s")[0]]
        if calls < 1 or seconds <= 0:
            raise ValueError(f"{text!r} would allow no call at all")
        return cls(calls, seconds)

    def __str__(self) -> str:
        return f"{self.calls:,} calls in {self.seconds:g} seconds"


class ServerClock:
    """How far the server's clock is from ours, narrowed down by every reply's ``date`` header.

    The header is cut to whole seconds: at some moment between ``began`` and ``came`` the server's clock stood in
    [date, date + 1). So each reply bounds the difference, and their intersection is far finer than a second.
    """

    def __init__(self) -> None:
        self._low, self._high = -math.inf, math.inf

    def observe(self, date: float, began: float, came: float) -> None:
        """Take in one reply's date; all in seconds since 1970."""
        low, high = date - came, date + 1 - began
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


@dataclass
class _Budget:
    """What is known of one budget of calls."""

    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None  # by the server's clock
    in_flight: int = 0
    is_probing: bool = True  # one call at a time until a reply tells how much there is


class Pacer:
    """Says when the next call may go. Safe to use from several threads.

    Args:
        workers: calls in flight at most.
        clock: seconds since 1970, never going back.
        outage: makes the patience with an API that fails call after call.
        rate: what the person allows at most.
    """

    _FAILURES_TO_AN_OUTAGE = 3

    def __init__(
        self,
        workers: int,
        clock: Callable[[], float],
        outage: Callable[[], Attempts],
        rate: Rate | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.server_clock = ServerClock()
        self.rate_limited = 0
        self._clock = clock
        self._workers = workers
        self._new_outage = outage
        self._rng = rng or random.Random()  # noqa: S311 - jitter, no secret
        self._lock = threading.Lock()
        self._shared = _Budget()
        self._own: dict[str, _Budget] = {}  # by method, once the API shows separate limits
        self._seen: dict[str, tuple[int | None, float | None]] = {}
        self._cap = float(workers)
        self._not_before = -math.inf
        self._lag = 0.0  # how much later than announced a window has proved to open
        self._rate = rate
        self._recent: deque[float] = deque(maxlen=max(64, rate.calls if rate else 0))
        self._guess: float | None = None  # calls a second, learned from 429s where no header tells the limit
        self._has_headers = False
        self._streak: Attempts | None = None
        self._quiet_since: float | None = None

    # -- asked by delivery ------------------------------------------------------------------------------------------

    def wait(self, kind: str) -> float:
        """Seconds until a call of this kind may go: 0 now, infinity when one in flight must come back first."""
        with self._lock:
            now = self._clock()
            in_flight = self._shared.in_flight + sum(budget.in_flight for budget in self._own.values())
            if in_flight >= max(1, int(self._cap)):
                return math.inf
            waits = [self._not_before - now, self._budget_wait(kind, now)]
            if self._guess and self._recent:
                waits.append(self._recent[-1] + 1 / self._guess - now)
            if self._rate and len(self._recent) >= self._rate.calls:
                waits.append(self._recent[-self._rate.calls] + self._rate.seconds - now)
            return max(0.0, *waits)

    def began(self, kind: str) -> None:
        """A call of this kind goes now."""
        with self._lock:
            self._budget(kind).in_flight += 1
            self._recent.append(self._clock())

    def ended(self, kind: str) -> None:
        """A call came back, in whichever way."""
        with self._lock:
            self._budget(kind).in_flight -= 1

    def succeeded(self) -> None:
        """The API did what it was asked, or said plainly that it won't."""
        with self._lock:
            self._streak = None
            self._quiet_since = None
            self._cap = min(float(self._workers), self._cap + max(1.0, self._workers / 8))
            if self._guess:
                self._guess += 0.5 / self._guess  # half a call a second more, every second

    def failed(self, error: CallFailed) -> bool:
        """The API could not be reached or failed; True when it is time to give up.

        A single failure concerns its own request. After three in a row everyone pauses, and one call at a time tries.
        """
        with self._lock:
            now = self._clock()
            self._cap = max(1.0, self._cap / 2)
            self._streak = self._streak or self._new_outage()
            pause = self._streak.failed(error, now)
            if pause is None:
                return True
            if error.wait is not None:
                self._not_before = max(self._not_before, now + error.wait)
            if self._streak.failures >= self._FAILURES_TO_AN_OUTAGE:
                self._cap = 1.0
                self._not_before = max(self._not_before, now + pause)
            return False

    def limited(self, error: CallFailed, longest: float) -> bool:
        """The API said 429: everyone waits as told. True when that would take longer than ``longest`` seconds."""
        with self._lock:
            now = self._clock()
            self.rate_limited += 1
            self._quiet_since = now if self._quiet_since is None else self._quiet_since
            if error.wait is not None:
                pause = error.wait
            else:
                pause = min(60.0, 2.0 ** min(6, (now - self._quiet_since) // 1)) * self._rng.uniform(0.5, 1.0)
            self._not_before = max(self._not_before, now + pause)
            if not self._has_headers:
                measured = len(self._recent) / max(now - self._recent[0], 1e-3) if self._recent else 1.0
                self._guess = max(1 / 60, min(measured, self._guess or measured) / 2)
            return now + pause - self._quiet_since > longest

    # -- told by the client -----------------------------------------------------------------------------------------

    def observe(self, signals: Signals) -> None:
        """Learn from a reply's headers."""
        with self._lock:
            date = _moment(signals.headers.get("date", ""), None)
            if date is not None:
                self.server_clock.observe(date, signals.began, signals.came)
            limit = _number(signals.headers, "x-ratelimit-limit", "ratelimit-limit")
            remaining = _number(signals.headers, "x-ratelimit-remaining", "ratelimit-remaining")
            now_there = self.server_clock.server_at_least(signals.came)
            reset = _moment(
                signals.headers.get("x-ratelimit-reset", signals.headers.get("ratelimit-reset", "")), now_there
            )
            if remaining is None:
                self._budget(signals.kind).is_probing = False
                return
            self._has_headers = True
            self._guess = None
            self._tell_apart(signals.kind, limit, reset)
            self._learn(self._budget(signals.kind), signals, limit, remaining, reset)

    def _learn(self, budget: _Budget, signals: Signals, limit: int | None, remaining: int, reset: float | None) -> None:
        if signals.status == 429:
            remaining = 0
            if budget.is_probing and budget.reset is not None and reset is not None and reset <= budget.reset + 0.001:
                # It was asked after the announced reset, and was too early all the same.
                self._lag = min(1.0, max(0.05, self._lag * 2))
        is_new = budget.reset is None or reset is None or reset > budget.reset + 0.001
        if is_new or budget.remaining is None:
            budget.remaining = remaining
            budget.reset = reset
        elif reset is not None and abs(reset - (budget.reset or 0.0)) <= 0.001:
            budget.remaining = min(budget.remaining, remaining)
        else:
            return  # a straggler from a window that is over
        budget.limit = limit if limit is not None else budget.limit
        budget.is_probing = False

    def _tell_apart(self, kind: str, limit: int | None, reset: float | None) -> None:
        """Two methods whose current windows have different limits draw on different budgets."""
        now_there = self.server_clock.server_at_least(self._clock())
        self._seen[kind] = (limit, reset)
        if kind in self._own or limit is None:
            return
        for other, (its_limit, its_reset) in self._seen.items():
            current = its_reset is not None and reset is not None and min(its_reset, reset) > now_there
            if other != kind and current and its_limit is not None and its_limit != limit:
                for name in (kind, other):
                    self._own.setdefault(name, _Budget())

    # -- one budget -------------------------------------------------------------------------------------------------

    def _budget(self, kind: str) -> _Budget:
        return self._own.get(kind, self._shared)

    def _budget_wait(self, kind: str, now: float) -> float:
        budget = self._budget(kind)
        if budget.is_probing:
            return math.inf if budget.in_flight else 0.0
        if budget.remaining is None:
            return 0.0
        if budget.reset is not None:
            opens = self.server_clock.ours_at_most(budget.reset) + self._lag
            if now >= opens:
                # A new window: one call goes ahead and brings word of it, so that nobody runs into a closed door.
                budget.is_probing = True
                return math.inf if budget.in_flight else 0.0
            if budget.remaining - budget.in_flight > 0:
                return 0.0
            return opens - now if budget.remaining <= 0 else math.inf
        if budget.remaining - budget.in_flight > 0:
            return 0.0
        if budget.in_flight:
            return math.inf
        budget.is_probing = True  # no word of when it opens: one call tries after a second
        return max(0.0, self._recent[-1] + 1.0 - now) if self._recent else 0.0


def _number(headers: Mapping[str, str], *names: str) -> int | None:
    for name in names:
        match = re.match(r"\s*(\d{1,12})", headers.get(name, ""))
        if match:
            return int(match[1])
    return None


def _moment(text: str, now: float | None) -> float | None:
    """A time in any of the forms in use, as seconds since 1970.

    ISO or HTTP dates; numbers are epoch milliseconds, epoch seconds or seconds to go, told apart by their size: seconds
    to go are under ten years, epoch seconds are over thirty, milliseconds a thousand times that.
    """
    text = text.strip()
    if not text:
        return None
    if re.fullmatch(r"\d+(\.\d+)?", text):
        number = float(text)
        if number > 1e11:
            return number / 1000
        if number > 3e8:
            return number
        return None if now is None else now + number
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def seconds_to_wait(retry_after: str, now: float) -> float | None:
    """What a ``retry-after`` header asks for, given in seconds or as a date; ``now`` is the server's time.

    None where it says nothing that can be understood.
    """
    moment = _moment(retry_after, now)
    return None if moment is None else max(0.0, moment - now)
