"""When the next call may go: what the API allows, what the person allows, and what the API seems to bear."""

from __future__ import annotations

import math
import random
import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from importer.errors import CallFailed
from importer.pacing.budget import Budget
from importer.pacing.rate import Rate
from importer.pacing.times import Announcement, ServerClock, Signals

if TYPE_CHECKING:
    from importer.retry import Attempts

_OUTAGE = 3  # failures in a row that concern everyone, and no longer each its own request
_LONGEST_SILENCE = 15.0  # seconds between two tries while the API fails, unless it asks for more
_LONGEST_BACKOFF = 60.0
_SLOW = 0.25  # seconds; what is faster needs no relief
_MOST_WORDS = 120  # characters of an error that are shown while it is tried again

LONG_PAUSE = 5.0
"""Seconds; a person is told of a longer wait."""


class Pacer:
    """Says when the next call may go. Safe to use from several threads.

    Args:
        workers: calls in flight at most.
        clock: seconds since 1970, never going back.
        outage: makes the patience with an API that fails call after call.
        rate: what the person allows at most.
        rng: for jitter.

    Attributes:
        server_clock: what the replies showed of the server's clock.
        rate_limited: how often the API said 429.
    """

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
        self._rng = rng or random.Random()  # noqa: S311 - jitter, no secret
        self._lock = threading.Lock()
        self._in_flight: Counter[str] = Counter()  # by method
        # What the API allows.
        self._limited_until = -math.inf
        self._shared = Budget(self.server_clock)
        self._own: dict[str, Budget] = {}  # by method, once the API shows separate limits
        self._limits: dict[str, tuple[int, float]] = {}  # by method: the limit as last told, and when
        self._speed = _Speed()
        self._odd_refusals = 0  # calls that were refused though their own replies say that calls remain
        # What the person allows.
        self._rate = rate
        self._recent: deque[float] = deque(maxlen=rate.calls if rate else 1)
        # What the API seems to bear.
        self._down_until = -math.inf
        self._trouble = ""
        self._crew = _Crew(workers)
        self._outage = outage
        self._failing: Attempts | None = None
        self._limited_since: float | None = None
        self._backoff = 1.0

    @property
    def learned_rate(self) -> Rate | None:
        """What the API allows for POST requests, once it has shown that."""
        with self._lock:
            return self._budget("POST").rate

    # -- asked by those who call ------------------------------------------------------------------------------------

    def wait(self, kind: str) -> float:
        """Seconds until a call of this kind may go: 0 now, infinity when one in flight must come back first."""
        with self._lock:
            now = self._clock()
            if self._in_flight.total() >= self._crew.size:
                return math.inf
            waits = [self._down_until - now, self._wait_for_limit(kind, now)]
            if self._rate and len(self._recent) == self._rate.calls:
                waits.append(self._recent[0] + self._rate.seconds - now)
            return max(0.0, *waits)

    def wait_for_limit(self, kind: str) -> float:
        """Seconds until the account's limit lets a call of this kind go; infinity as for :meth:`wait`."""
        with self._lock:
            return self._wait_for_limit(kind, self._clock())

    def trouble(self, kind: str | None) -> str:
        """What holds everyone up, in a few words; empty when nothing does.

        Args:
            kind: of the call that is next, if there is one; only then does it matter what the limit allows.
        """
        with self._lock:
            now = self._clock()
            pause = max(0.0, self._down_until - now)
            limit = self._wait_for_limit(kind, now) if kind is not None else 0.0
            if math.isfinite(limit) and limit > max(LONG_PAUSE, pause):
                return f"waiting {math.ceil(limit):,} s for the account's limit"
            if not self._trouble:
                return ""
            return f"trying again{f' in {math.ceil(pause):,} s' if pause else ''}: {self._trouble}"

    @property
    def is_outage(self) -> bool:
        """Whether everyone pauses, and one call at a time tries."""
        with self._lock:
            return self._is_outage()

    def began(self, kind: str) -> None:
        """A call of this kind goes now."""
        with self._lock:
            now = self._clock()
            self._in_flight[kind] += 1
            self._recent.append(now)
            self._budget(kind).began(now)
            self._speed.began(now)

    def ended(self, kind: str) -> None:
        """A call came back, in whichever way."""
        with self._lock:
            self._in_flight[kind] -= 1

    def succeeded(self) -> None:
        """The API did what it was asked, or said plainly that it won't."""
        with self._lock:
            self._failing, self._trouble = None, ""
            self._limited_since, self._backoff = None, 1.0
            self._crew.succeeded()
            self._speed.succeeded(self._clock())

    def failed(self, error: CallFailed) -> bool:
        """The API could not be reached or failed; True when it is time to give up.

        A single failure concerns its own request. After three in a row everyone pauses, and one call at a time tries.
        """
        with self._lock:
            now = self._clock()
            self._trouble = _few_words(error)
            if self._is_outage() and self._is_pause(now):
                return False  # it left before everyone began to pause
            self._crew.failed()
            self._failing = self._failing or self._outage()
            pause = self._failing.failed(error, now)
            if pause is None:
                return True
            if self._is_outage():
                self._crew.only_one()
                pause = max(min(pause, _LONGEST_SILENCE), error.wait or 0.0)
                self._down_until = max(self._down_until, now + pause)
            elif error.wait is not None:
                self._down_until = max(self._down_until, now + error.wait)
            return False

    def limited(self, error: CallFailed, longest: float) -> bool:
        """The API said 429: everyone waits as told. True when that would take longer than ``longest`` seconds."""
        with self._lock:
            now = self._clock()
            self.rate_limited += 1
            if self._limited_since is None:
                self._limited_since = now
            is_first = not self._is_pause(now)  # others left before everyone began to pause
            if error.wait:
                self._limited_until = max(self._limited_until, now + error.wait)
            elif is_first:
                self._limited_until = max(self._limited_until, now + self._backoff * self._rng.uniform(0.5, 1.0))
                self._backoff = min(2 * self._backoff, _LONGEST_BACKOFF)
            if is_first and not (self._is_told_all and (self._shared.is_limited or self._own)):
                self._speed.refused(now)
            return self._limited_until - self._limited_since > longest

    # -- told by the client -----------------------------------------------------------------------------------------

    def observe(self, reply: Signals) -> None:
        """Learn from a reply's headers and times."""
        with self._lock:
            self.server_clock.observe(reply)
            is_answer = reply.status < 500 and reply.status != 429
            if is_answer:
                self._crew.took(reply.came - reply.began)
            told = Announcement.read(reply.headers)
            if told is not None:
                self._tell_apart(reply, told)
                budget = self._budget(reply.kind)
                budget.learn(reply, told, self._drawn(budget))
                if reply.status == 429 and told.remaining:
                    self._odd_refusals += 1
                if self._is_told_all:
                    self._speed.lift()
            elif is_answer:
                self._budget(reply.kind).learn_nothing()

    def _tell_apart(self, reply: Signals, told: Announcement) -> None:
        """Two methods have budgets of their own when each kept its limit while the other was told another one."""
        if told.limit is None:
            return
        before = self._limits.get(reply.kind)
        self._limits[reply.kind] = (told.limit, reply.came)
        if before is None or before[0] != told.limit:
            return
        for other, (limit, came) in self._limits.items():
            if limit != told.limit and before[1] <= came <= reply.began:
                for kind in (other, reply.kind):
                    self._own.setdefault(kind, Budget(self.server_clock))

    def _budget(self, kind: str) -> Budget:
        return self._own.get(kind, self._shared)

    def _drawn(self, budget: Budget) -> int:
        """How many calls on a budget are in flight."""
        return sum(count for kind, count in self._in_flight.items() if self._budget(kind) is budget)

    def _wait_for_limit(self, kind: str, now: float) -> float:
        budget = self._budget(kind)
        waits = (self._limited_until - now, self._speed.ready_at - now, budget.wait(now, self._drawn(budget)))
        return max(0.0, *waits)

    @property
    def _is_told_all(self) -> bool:
        """Whether the limit that is told is the only one; a single refusal beyond it may be a slip of the API's."""
        return self._odd_refusals < 2

    def _is_outage(self) -> bool:
        return self._failing is not None and self._failing.failures >= _OUTAGE

    def _is_pause(self, now: float) -> bool:
        return now < max(self._down_until, self._limited_until)


def _few_words(error: CallFailed) -> str:
    """The beginning of what went wrong, fit for a terminal's line."""
    text = "".join(sign if sign.isprintable() else " " for sign in str(error))
    return text if len(text) <= _MOST_WORDS else f"{text[: _MOST_WORDS - 1]}…"


class _Crew:
    """How many calls may be in flight: fewer when the API fails or slows down, back to all when it recovers."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._size = float(workers)
        self._usual = self._lately = 0.0  # seconds a call takes

    @property
    def size(self) -> int:
        return max(1, int(self._size))

    def succeeded(self) -> None:
        self._size = min(float(self._workers), self._size + max(1.0, self._workers / 8))

    def failed(self) -> None:
        self._size = max(1.0, self._size / 2)

    def only_one(self) -> None:
        self._size = 1.0

    def took(self, seconds: float) -> None:
        """What takes twice as long as usual is relieved, until that has become the usual."""
        self._usual += (seconds - self._usual) / 100 if self._usual else seconds
        self._lately += (seconds - self._lately) / 8 if self._lately else seconds
        if self._lately > max(2 * self._usual, _SLOW):
            self._size = max(1.0, self._size * 0.9 - 1)


class _Speed:
    """Calls a second, where nothing but 429s tells the limit: down by a fifth at each, and up again step by step.

    After a minute without one, what it came from is over: the rate grows by a hundredth with every call.
    """

    def __init__(self) -> None:
        self._rate: float | None = None
        self._step = 0.0
        self._refused_at = -math.inf
        self._recent: deque[float] = deque(maxlen=1000)
        self.ready_at = -math.inf

    def began(self, now: float) -> None:
        self._recent.append(now)
        if self._rate is not None:
            self.ready_at = now + 1 / self._rate

    def succeeded(self, now: float) -> None:
        if self._rate is not None:
            self._rate += self._step if now < self._refused_at + 60.0 else self._rate / 100

    def lift(self) -> None:
        self._rate, self.ready_at = None, -math.inf

    def refused(self, now: float) -> None:
        while self._recent and self._recent[0] < now - 1.0:
            self._recent.popleft()
        rate = self._rate or max(5.0, len(self._recent))  # of the first calls there may be too few to tell
        self._refused_at = now
        self._rate = max(0.8 * rate, 1 / 60)
        self._step = (rate - self._rate) / 200  # so that two hundred calls later it is where it was
        self.ready_at = now + 1 / self._rate
