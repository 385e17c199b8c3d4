"""When the next call may go: what the API allows, what the person allows, and what the API seems to bear.

Comes in: calls that begin, and the replies that they come to. Goes out: seconds to wait. One thread's alone: a reply
brings its metadata with it, and the dispatcher hands it on.
"""

from __future__ import annotations

import math
import random
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from importer.api import Cause, Failure, Reply
from importer.api.headers import Announcement, ServerClock
from importer.api.protocol import API_REFUSED
from importer.calls.concurrency import ConcurrencyLimiter
from importer.calls.eta import Eta
from importer.calls.quota import Quotas, QuotaWindow
from importer.calls.retry import Attempts, RetryPolicy
from importer.calls.throttle import Throttle
from importer.messages import Message, render, say
from importer.settings.rate import Rate

_OUTAGE = 3  # failures in a row that concern everyone, and no longer each its own request
_LONGEST_SILENCE = 15.0  # seconds between two tries while the API fails, unless it asks for more
_LONGEST_BACKOFF = 60.0
_FAST = 2.0  # seconds within which a limiter says no
_UNTOLD = 8  # refusals in a row that may be a limit's that nobody tells; more are an outage
_WRONG_ADDRESS = 60.0  # seconds after which what never was the API is believed not to be it
_MOST_WORDS = 120  # characters of an error that are shown while it is tried again
_TURNED_AWAY = frozenset({Cause.INTERMEDIARY, Cause.REDIRECTED})
_SAYS_NOTHING = frozenset({Cause.CLAIM_EXPIRED, Cause.BLOCKED, Cause.BAD_KEY})  # of how the API fares

LONG_PAUSE = 5.0
"""Seconds; a person is told of a longer wait."""


class Limiter:
    """Says when the next call may go.

    Args:
        workers: calls in flight at most.
        clock: seconds since 1970, never going back.
        give_up: seconds without any progress after which it is time to give up.
        rate: what the person allows at most, in any such stretch of time; spread evenly.
        rng: for jitter.

    Attributes:
        server_clock: what the replies' ``date`` showed.
        rate_limited: how often a call was refused for too many.
        outlook: how long the calls take that are still to come.
        down_until: when the next may try, by our clock, while the API fails.
    """

    def __init__(
        self,
        workers: int,
        clock: Callable[[], float],
        give_up: float,
        rate: Rate | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.server_clock = ServerClock()
        self.rate_limited = 0
        self._clock = clock
        self._give_up = give_up
        self._rng = rng or random.Random()  # noqa: S311 - jitter, no secret
        self._in_flight: Counter[str] = Counter()  # by kind
        # What the API allows.
        self._limited_until = -math.inf
        self._quotas = Quotas(self.server_clock)
        self._speed = _Speed()
        self._odd_refusals = 0  # calls that were refused though their own replies say that calls remain
        # What the person allows.
        self._throttle = Throttle(rate) if rate else None
        self.eta = Eta(clock, self._quotas, self._throttle, self._drawn)
        # What the API seems to bear.
        self.down_until = -math.inf
        self._trouble = ""
        self._concurrency = ConcurrencyLimiter(workers)
        self._failing: Attempts | None = None
        self._has_succeeded = False
        self._is_turned_away = False
        self._limited_since: float | None = None
        self._is_wait_told = False  # whether the last refusal said how long to wait
        self._backoff = 1.0
        self._untold = 0  # refusals in a row by a limit that isn't told, if it is one
        self._untold_at = -math.inf  # when the last came that taught something
        self._began_at = self._looked_up_at = -math.inf

    @property
    def learned_rate(self) -> Rate | None:
        """What the API allows for POST requests, once it has shown that."""
        told = self._quotas.of("POST").rate
        pace = self._concurrency.pace
        return told or (None if pace is None else Rate(max(1, round(60 * pace)), 60.0))

    # -- asked before a call ----------------------------------------------------------------------------------------

    def wait(self, kind: str) -> float:
        """Seconds until a call of this kind may go: 0 now, infinity when one in flight must come back first."""
        now = self._clock()
        if self._in_flight.total() >= self._concurrency.size:
            return math.inf
        gap = self._concurrency.gap
        waits = [self.down_until - now, self._wait_for_limit(kind, now), self._began_at + gap - now]
        if self._throttle:
            waits.append(self._throttle.ready_at - now)
        if kind == "GET":  # every second call at most, so that requests go on
            waits.append(self._looked_up_at + 2 * gap - now)
        return max(0.0, *waits)

    def wait_for_limit(self, kind: str) -> float:
        """Seconds until the account's limit lets a call of this kind go; infinity as for :meth:`wait`."""
        return self._wait_for_limit(kind, self._clock())

    def trouble(self, kind: str | None) -> Message | None:
        """What holds everyone up; None if nothing does.

        Args:
            kind: of the call that is next, if there is one; only then does it matter what the limit allows.
        """
        now = self._clock()
        pause = max(0.0, self.down_until - now)
        limit = self._wait_for_limit(kind, now) if kind is not None else 0.0
        if math.isfinite(limit) and limit > max(LONG_PAUSE, pause):
            return _held_up(math.ceil(limit), is_limit_known=self._quotas.is_limited or self._is_wait_told)
        if self._trouble and pause:
            return say("trouble.again-in", seconds=math.ceil(pause), why=self._trouble)
        return say("trouble.again", why=self._trouble) if self._trouble else None

    @property
    def is_outage(self) -> bool:
        """Whether everyone pauses, and one call at a time tries."""
        return self._failing is not None and self._failing.failures >= _OUTAGE

    @property
    def is_way_lost(self) -> bool:
        """Whether it is the way that is out, since calls that send are turned away, too."""
        return self.is_outage and self._is_turned_away

    @property
    def gives_up_at(self) -> float | None:
        """When it is time to give up, by our clock, if the API goes on failing; None while it doesn't."""
        return None if self._failing is None else self._failing.gives_up_at

    # -- told of calls ----------------------------------------------------------------------------------------------

    def began(self, kind: str) -> None:
        """A call of this kind goes now."""
        now = self._clock()
        self._in_flight[kind] += 1
        self.eta.began(now)
        if self._throttle:
            self._throttle.began(now)
        self._began_at = now
        if kind == "GET":
            self._looked_up_at = now
        self._quotas.of(kind).began(now)
        self._speed.began(now)

    def withdrawn(self, kind: str) -> None:
        """A call that was to go now doesn't."""
        self._in_flight[kind] -= 1

    def came_back(self, reply: Reply[Any]) -> bool:
        """Learn from a reply; True when it is time to give up, since nothing has succeeded for too long."""
        if reply.metadata is not None:
            self._observe(reply)
        self._in_flight[reply.kind] -= 1
        failure = reply.failure
        is_let_through = self._has_succeeded and not self._is_turned_away
        if failure is None or failure.cause in API_REFUSED:
            self._succeeded()
        elif self._has_succeeded and self._untold <= _UNTOLD and _is_untold(reply):
            self._slow_down(reply)
        elif failure.cause is Cause.RATE_LIMITED:
            return self._limited(failure)
        elif reply.kind == "GET" and failure.cause is Cause.INTERMEDIARY and is_let_through:
            pass  # one prospect's notes may be kept from us; what strikes every call strikes those that send, too
        elif failure.cause not in _SAYS_NOTHING:
            self._is_turned_away |= reply.kind != "GET" and failure.cause in _TURNED_AWAY
            return self._failed(failure)
        return False

    def _succeeded(self) -> None:
        """The API did what it was asked, or said plainly that it won't."""
        self._failing, self._trouble, self._has_succeeded = None, "", True
        self._is_turned_away = False
        self._limited_since, self._backoff, self._untold = None, 1.0, 0
        self._concurrency.succeeded()
        self._speed.succeeded(self._clock())

    def _slow_down(self, reply: Reply[Any]) -> None:
        """Refused at once and without a word: too many a second, or too many at a time.

        Of several that were under way together, the first teaches.
        """
        assert reply.failure is not None
        now = self._clock()
        self._trouble = _few_words(reply.failure)
        self.rate_limited += reply.failure.cause is Cause.RATE_LIMITED
        if reply.began < self._untold_at:
            return
        self._untold, self._untold_at = self._untold + 1, now
        self._concurrency.refused(again=self._untold > 1)

    def _failed(self, failure: Failure) -> bool:
        """The API could not be reached or failed.

        A single failure concerns its own request. After three in a row everyone pauses, and one call at a time tries.
        """
        now = self._clock()
        self._trouble = _few_words(failure)
        if self.is_outage and self._is_pause(now):
            return False  # it left before everyone began to pause
        self._concurrency.failed()
        if self._failing is None:
            is_doubtful = failure.is_strange and not self._has_succeeded
            patience = min(self._give_up, _WRONG_ADDRESS) if is_doubtful else self._give_up
            self._failing = Attempts(RetryPolicy(attempts=0, seconds=patience), self._rng)
        pause = self._failing.failed(failure, now)
        if pause is None:
            return True
        if self.is_outage:
            self._concurrency.only_one()
            pause = max(min(pause, _LONGEST_SILENCE), failure.wait or 0.0)
            self.down_until = max(self.down_until, now + pause)
        elif failure.wait is not None:
            self.down_until = max(self.down_until, now + failure.wait)
        return False

    def _limited(self, failure: Failure) -> bool:
        """Too many calls: everyone waits as told."""
        now = self._clock()
        self.rate_limited += 1
        if self._limited_since is None:
            self._limited_since = now
        self._is_wait_told = bool(failure.wait)
        is_first = not self._is_pause(now)  # others left before everyone began to pause
        if failure.wait:
            self._limited_until = max(self._limited_until, now + failure.wait)
        elif is_first:
            self._limited_until = max(self._limited_until, now + self._backoff * self._rng.uniform(0.5, 1.0))
            self._backoff = min(2 * self._backoff, _LONGEST_BACKOFF)
        if is_first and not (self._is_told_all and self._quotas.is_limited):
            self._speed.refused(now)
        return self._limited_until - self._limited_since > self._give_up

    def _observe(self, reply: Reply[Any]) -> None:
        """Learn from a reply's headers and times."""
        assert reply.metadata is not None
        headers, failure = reply.metadata.headers, reply.failure
        self.server_clock.observe(headers.get("date", ""), reply.began, reply.came)
        is_refusal = reply.is_rate_limited or (failure is not None and failure.is_busy)
        is_answer = not is_refusal and (failure is None or failure.cause is not Cause.FAILED)
        if is_answer:
            self._concurrency.took(reply.came - reply.began)
        told = Announcement.read(headers)
        if told is not None:
            self._quotas.tell_apart(reply, told)
            quota = self._quotas.of(reply.kind)
            quota.learn(reply, told, self._drawn(quota))
            if reply.is_rate_limited and told.remaining:
                self._odd_refusals += 1
            if self._is_told_all:
                self._speed.lift()
        elif is_answer:
            self._quotas.of(reply.kind).learn_nothing()

    def _drawn(self, quota: QuotaWindow) -> int:
        """How many calls on a quota are in flight."""
        return sum(count for kind, count in self._in_flight.items() if self._quotas.of(kind) is quota)

    def _wait_for_limit(self, kind: str, now: float) -> float:
        quota = self._quotas.of(kind)
        waits = (self._limited_until - now, self._speed.ready_at - now, quota.wait(now, self._drawn(quota)))
        return max(0.0, *waits)

    @property
    def _is_told_all(self) -> bool:
        """Whether the limit that is told is the only one; a single refusal beyond it may be a slip of the API's."""
        return self._odd_refusals < 2

    def _is_pause(self, now: float) -> bool:
        return now < max(self.down_until, self._limited_until)


def _held_up(seconds: int, *, is_limit_known: bool) -> Message:
    return say("trouble.limit" if is_limit_known else "trouble.too-many-calls", seconds=seconds)


def _is_untold(reply: Reply[Any]) -> bool:
    """Whether it looks like a limit of which nothing is told, such as a gateway's on calls a second or at a time."""
    failure, told = reply.failure, reply.metadata
    if failure is None or not failure.is_busy or told is None or reply.came - reply.began >= _FAST:
        return False
    return "retry-after" not in told.headers and Announcement.read(told.headers) is None


def _few_words(failure: Failure) -> str:
    """The beginning of what went wrong, fit for a terminal's line."""
    text = "".join(sign if sign.isprintable() else " " for sign in render(failure.text))
    return text if len(text) <= _MOST_WORDS else f"{text[: _MOST_WORDS - 1]}…"


class _Speed:
    """Calls a second, where nothing but refusals tells the limit: down by a fifth at each, and up again step by step.

    After the first one, and after a minute without any, little is known: the rate grows by a hundredth with every call.
    """

    def __init__(self) -> None:
        self._rate: float | None = None
        self._step = 0.0
        self._is_first = False  # whether the rate stands on one refusal alone
        self._refused_at = -math.inf
        self._recent: deque[float] = deque(maxlen=1000)
        self.ready_at = -math.inf

    def began(self, now: float) -> None:
        self._recent.append(now)
        if self._rate is not None:
            self.ready_at = now + 1 / self._rate

    def succeeded(self, now: float) -> None:
        if self._rate is not None:
            is_guess = self._is_first or now >= self._refused_at + 60.0
            self._rate += self._rate / 100 if is_guess else self._step

    def lift(self) -> None:
        self._rate, self.ready_at = None, -math.inf

    def refused(self, now: float) -> None:
        while self._recent and self._recent[0] < now - 1.0:
            self._recent.popleft()
        rate = self._rate or max(5.0, len(self._recent))  # of the first calls there may be too few to tell
        self._refused_at, self._is_first = now, self._rate is None
        self._rate = max(0.8 * rate, 1 / 60)
        self._step = (rate - self._rate) / 200  # so that two hundred calls later it is where it was
        self.ready_at = now + 1 / self._rate
