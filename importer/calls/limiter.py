"""Decide when the next call may be sent, by the API's limits, the person's own limit, and the load the API can take.

Input: calls that begin, and their replies. Output: seconds to wait. Only one thread uses this module: the
dispatcher passes each reply to the limiter.
"""

from __future__ import annotations

import math
import random
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any

from importer.api import API_REFUSED, READS, STOPS, Cause, Endpoint, Failure, Reply
from importer.api.exchange import Announcement
from importer.calls.retry import Attempts, RetryPolicy
from importer.calls.windows import Window
from importer.messages import Message, say
from importer.settings.kinds import Rate

_OUTAGE = 3  # failures in a row that count as an outage, no longer as failures of single requests
_LONGEST_SILENCE = 15.0  # seconds between two tries during an outage, unless the API asks for more
_FAST = 2.0  # seconds; a limit refuses a call within this time
_UNTOLD = 8  # refusals in a row that an unannounced limit may cause; more are an outage
_WRONG_ADDRESS = 60.0  # seconds after which a server that never answered like the API counts as another server (D43)
_LATE = 0.1  # seconds by which the dispatcher's rounds may be late
_GROWTH = 1.005  # factor by which a success raises the flow; some fifty successes make up for one refusal
_REGROWTH = 1.5  # the same factor after refusals in a row, which an outage may have caused
_UNKNOWN = 0.1  # seconds that a call is assumed to take until one has succeeded
_KEPT = 300.0  # seconds; limits of longer windows aren't kept for the next run, which would wait too long for nothing
_TURNED_AWAY = frozenset({Cause.INTERMEDIARY, Cause.REDIRECTED})
# These causes say nothing about the API's state.
_SAYS_NOTHING = STOPS | {Cause.FILE_CHANGED}

LONG_PAUSE = 5.0
"""Seconds; longer waits are reported to a person."""


class Limiter:
    """Limiter that decides when the next call to the API may be sent.

    Args:
        workers: the maximum number of calls in flight.
        clock: returns seconds since 1970, never going back.
        give_up: seconds without any progress after which it is time to give up.
        rate: the person's own limit, which holds in any period of its length; calls are spread evenly.
        learned: the API's limit for each kind of call, as an earlier run learned it.

    Attributes:
        down_until: when the next call may be tried while the API fails, by our clock.
        sent: calls of each kind that left for the API, answered or not.
        answered: kinds of calls of which the API has carried out or refused one, in its own words.
    """

    def __init__(
        self,
        workers: int,
        clock: Callable[[], float],
        give_up: float,
        rate: Rate | None = None,
        learned: Mapping[Endpoint, Rate] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._own = {kind: Window(learned=(learned or {}).get(kind)) for kind in Endpoint}
        self.rate_limited = 0
        self.sent: Counter[Endpoint] = Counter()
        self._clock = clock
        self._give_up = give_up
        self._rng = rng or random.Random()  # noqa: S311 - jitter, no secret
        # The person's limit.
        self._throttle = Throttle(rate) if rate else None
        # The load that the API seems to bear.
        self.down_until = -math.inf
        self._trouble: Message | None = None
        self._flow = Flow(workers)
        self._failing: Attempts | None = None
        self.answered = set[Endpoint]()
        self._is_turned_away = False
        self._limited_since: float | None = None
        self._untold = 0  # refusals in a row, maybe by an unannounced limit
        self._untold_at = -math.inf  # when the last of these refusals that reduced the flow came
        self._began_at = self._looked_up_at = -math.inf

    # -- before a call ----------------------------------------------------------------------------------------------

    def wait(self, kind: Endpoint) -> float:
        """Return the seconds until a call of this kind may go; infinity if a call in flight must come back first."""
        now = self._clock()
        if sum(window.in_flight for window in self._own.values()) >= self._flow.size:
            return math.inf
        gap = self._flow.gap
        waits = [self.down_until - now, self.wait_for_limit(kind), self._began_at + gap - now]
        if self._throttle:
            waits.append(self._throttle.ready_at - now)
        if kind in READS:  # at most every second call, so that sending goes on
            waits.append(self._looked_up_at + 2 * gap - now)
        return max(0.0, *waits)

    def wait_for_limit(self, kind: Endpoint) -> float:
        """Return the seconds until the limit allows a call of this kind; infinity as for :meth:`wait`."""
        return self._own[kind].wait(self._clock())

    @property
    def rates(self) -> dict[Endpoint, Rate]:
        """Limits of each kind of call that are known, for the next run."""
        known = {kind: window.rate for kind, window in self._own.items()}
        return {kind: rate for kind, rate in known.items() if rate is not None and rate.seconds <= _KEPT}

    def trouble(self, kind: Endpoint | None) -> Message | None:
        """Return a message about what holds up all calls; None if nothing does.

        Args:
            kind: the kind of the next call, if there is one; otherwise the limit doesn't matter.
        """
        now = self._clock()
        pause = max(0.0, self.down_until - now)
        limit = self.wait_for_limit(kind) if kind is not None else 0.0
        if math.isfinite(limit) and limit > max(LONG_PAUSE, pause):
            return say("trouble.limit", seconds=math.ceil(limit))
        if self._trouble and pause:
            return say("trouble.again-in", seconds=math.ceil(pause), why=self._trouble)
        return say("trouble.again", why=self._trouble) if self._trouble else None

    def seconds_for(self, calls: int, kind: Endpoint) -> float | None:
        """Return the seconds until this many more calls of a kind have been sent; None if that is unknown."""
        now = self._clock()
        by_limit = self._own[kind].seconds_for(calls, now)
        return max(by_limit or 0.0, self._throttle.seconds_for(calls, now)) if self._throttle else by_limit

    @property
    def held_to(self) -> Rate | None:
        """Rate limit of the API if it is what delays calls that send notes, otherwise None."""
        window, personal = self._own[Endpoint.CREATE], self._throttle.rate if self._throttle else None
        rate = window.rate if window.is_spent(self._clock()) else None
        return None if rate and personal and personal.calls / personal.seconds < rate.calls / rate.seconds else rate

    @property
    def is_outage(self) -> bool:
        """Whether the API is in an outage: all calls pause, except for one at a time that tests it."""
        return self._failing is not None and self._failing.failures >= _OUTAGE

    @property
    def is_way_lost(self) -> bool:
        """Whether there is an outage, and something other than the API turns away even calls that send notes."""
        return self.is_outage and self._is_turned_away

    @property
    def gives_up_at(self) -> float | None:
        """Time to give up, by our clock, if the API keeps failing; None while it doesn't fail."""
        return None if self._failing is None else self._failing.gives_up_at

    # -- calls and their replies ------------------------------------------------------------------------------------

    def began(self, kind: Endpoint) -> None:
        """Record that a call of this kind is sent now."""
        now = self._clock()
        if self._throttle:
            self._throttle.began(now)
        self._began_at = now
        if kind in READS:
            self._looked_up_at = now
        self._own[kind].began(now)

    def withdrawn(self, kind: Endpoint) -> None:
        """Record that a call announced with :meth:`began` was not sent after all."""
        self._own[kind].withdrawn()

    def came_back(self, reply: Reply[Any]) -> bool:
        """Learn from a reply; return True if it is time to give up, because nothing has succeeded for too long."""
        self.sent[reply.kind] += reply.has_left
        failure = reply.failure
        self.rate_limited += failure is not None and failure.cause is Cause.RATE_LIMITED
        self._observe(reply)
        is_let_through = bool(self.answered) and not self._is_turned_away
        if failure is None or failure.cause in API_REFUSED:
            self.answered.add(reply.kind)
            self._succeeded()
        elif self.answered and self._untold <= _UNTOLD and _is_untold(reply):
            self._slow_down(reply)
        elif failure.cause is Cause.RATE_LIMITED:
            return self._limited(reply.kind)
        elif reply.kind in READS and failure.cause is Cause.INTERMEDIARY and is_let_through:
            pass  # one prospect's notes may be blocked; a block of every call would also hit calls that send notes
        elif failure.cause not in _SAYS_NOTHING:
            self._is_turned_away |= reply.kind not in READS and failure.cause in _TURNED_AWAY
            return self._failed(failure)
        return False

    def _succeeded(self) -> None:
        """Record that the API carried out a call, or clearly refused it."""
        self._failing, self._trouble = None, None
        self._is_turned_away = False
        self._limited_since, self._untold = None, 0
        self._flow.succeeded()

    def _slow_down(self, reply: Reply[Any]) -> None:
        """Slow down after an immediate refusal without an announced limit: too many a second, or at a time.

        If several calls in flight together are refused, only the first refusal counts.
        """
        assert reply.failure is not None
        now = self._clock()
        self._trouble = reply.failure.text
        if reply.began < self._untold_at:
            return
        self._untold, self._untold_at = self._untold + 1, now
        self._flow.refused(again=self._untold > 1)

    def _failed(self, failure: Failure) -> bool:
        """Record that the API could not be reached or failed; return True if it is time to give up.

        A single failure concerns its own request. After three in a row all calls pause, except for one at a
        time that tests the API.
        """
        now = self._clock()
        self._trouble = failure.text
        if self.is_outage and now < self.down_until:
            return False  # the call left before the pause began
        if self._failing is None:
            is_doubtful = failure.is_strange and not self.answered
            patience = min(self._give_up, _WRONG_ADDRESS) if is_doubtful else self._give_up
            self._failing = Attempts(RetryPolicy(attempts=0, seconds=patience), self._rng)
        pause = self._failing.failed(failure, now)
        if pause is None:
            return True
        self._flow.failed(is_outage=self.is_outage)
        pause = min(pause, _LONGEST_SILENCE) if self.is_outage else 0.0
        self.down_until = max(self.down_until, now + max(pause, failure.wait or 0.0))
        return False

    def _limited(self, kind: Endpoint) -> bool:
        """Count a refusal for too many calls; return True if it is time to give up."""
        now = self._clock()
        if self._limited_since is None:
            self._limited_since = now
        wait = self.wait_for_limit(kind)
        return now + (wait if math.isfinite(wait) else 0.0) - self._limited_since > self._give_up

    def _observe(self, reply: Reply[Any]) -> None:
        """Learn the API's limits and speed from a reply."""
        began, came, failure, own = reply.began, reply.came, reply.failure, self._own[reply.kind]
        announcement = Announcement.read(reply.headers, came)
        if failure is not None and failure.cause is Cause.RATE_LIMITED:
            reset = announcement.reset if announcement is not None and not announcement.remaining else None
            own.refused(began, came, max(failure.wait or 0.0, (reset or came) - came))
        elif failure is None or failure.cause in API_REFUSED:
            self._flow.took(came - began)
            if own.accepted(began, came):
                self._flow.refused(again=False)
            if announcement is None:
                own.announced_nothing(began)
        else:
            own.withdrawn(came if reply.has_left else -math.inf)
        if announcement is not None:
            own.announced(announcement, began, came)


def _is_untold(reply: Reply[Any]) -> bool:
    """Return whether a refusal looks like an unannounced limit, such as a gateway's on calls a second or at a time."""
    if reply.failure is None or not reply.failure.is_busy or reply.came - reply.began >= _FAST:
        return False
    return "retry-after" not in reply.headers and Announcement.read(reply.headers, reply.came) is None


class Throttle:
    """Limit on the calls in any period of the rate's length."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._recent: deque[float] = deque(maxlen=rate.calls)
        self._slot = -math.inf  # when the next call is due

    def began(self, now: float) -> None:
        """Record that a call is being sent at ``now``. A small delay is made up for, to keep the pace the same."""
        self._recent.append(now)
        gap = self.rate.seconds / self.rate.calls
        self._slot = (self._slot if now - self._slot < max(gap, _LATE) else now) + gap

    @property
    def ready_at(self) -> float:
        """Time when another call may go."""
        is_full = len(self._recent) == self.rate.calls
        return max(self._slot, self._recent[0] + self.rate.seconds if is_full else -math.inf)

    def seconds_for(self, calls: int, now: float) -> float:
        """Return the seconds until this many calls have been sent."""
        return max(0.0, self.ready_at - now) + max(0, calls - 1) * self.rate.seconds / self.rate.calls


class Flow:
    """Number of calls that may be in flight, at most ``workers``, and below 1 with pauses between them."""

    def __init__(self, workers: int) -> None:
        self._workers = self._flow = float(workers)
        self._borne = self._flow  # a little below the last flow at which calls succeeded before a refusal
        self._usual = 0.0  # average seconds of a call

    @property
    def size(self) -> int:
        """Maximum number of calls in flight."""
        return max(1, int(self._flow))

    @property
    def gap(self) -> float:
        """Seconds between two calls."""
        return (self._usual or _UNKNOWN) / self._flow if self._borne < self._workers else 0.0

    def succeeded(self) -> None:
        """Allow more calls after a success."""
        more = self._flow * _REGROWTH if self._borne < self._workers else self._flow + max(1.0, self._workers / 8)
        self._flow = max(self._flow * _GROWTH, min(more, self._borne))
        if self._flow >= self._workers:
            self._flow = self._borne = self._workers

    def refused(self, *, again: bool) -> None:
        """Allow fewer calls after an unannounced limit refused one.

        Args:
            again: whether no call has succeeded since the limit's last refusal.
        """
        self._borne = self._borne if again else 0.8 * self._flow
        self._flow *= 0.5 if again else 0.8

    def failed(self, *, is_outage: bool) -> None:
        """Allow half as many calls after a failure, and one at a time if call after call fails."""
        self._flow = min(self._flow, 1.0 if is_outage else max(1.0, self._flow / 2))

    def took(self, seconds: float) -> None:
        """Record a call's duration."""
        self._usual += (seconds - self._usual) / 100 if self._usual else seconds
