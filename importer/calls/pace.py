"""Pace calls: within the person's own rate, and by what the API seems to bear.

Input: when calls begin, succeed and fail. Output: when the next call may go, and how many calls may be in flight.

An API may limit calls per second, or calls at a time, without announcing the limit. One number, the flow, keeps calls
within either limit. It is the number of calls in flight; calls are sent evenly, so it also sets their rate. A flow
below 1 means one call at a time, with pauses.
"""

from __future__ import annotations

import math
from collections import deque

from importer.settings.limits import Rate

_LATE = 0.1  # seconds by which the dispatcher's rounds may be late
_GROWTH = 1.005  # factor by which a success raises the flow; some fifty successes make up for one refusal
_REGROWTH = 1.5  # the same factor after refusals in a row, which an outage may have caused
_UNKNOWN = 0.1  # seconds that a call is assumed to take until one has succeeded


class Throttle:
    """Limit on the calls in any period of the rate's length (D106)."""

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


class ConcurrencyLimiter:
    """Number of calls that may be in flight, at most ``workers`` (D107)."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._size = float(workers)
        self._flow: float | None = None  # set once an unannounced limit has refused a call
        self._borne = 0.0  # a little below the last flow at which calls succeeded before a refusal
        self._usual = 0.0  # average seconds of a call

    @property
    def size(self) -> int:
        """Maximum number of calls in flight."""
        return max(1, int(self._size if self._flow is None else min(self._size, self._flow)))

    @property
    def gap(self) -> float:
        """Seconds between two calls."""
        return 0.0 if self._flow is None else (self._usual or _UNKNOWN) / self._flow

    def succeeded(self) -> None:
        """Allow more calls after a success."""
        self._size = min(float(self._workers), self._size + max(1.0, self._workers / 8))
        if self._flow is not None:
            flow = max(self._flow * _GROWTH, min(self._flow * _REGROWTH, self._borne))
            self._flow = flow if flow < self._workers else None

    def refused(self, *, again: bool) -> None:
        """Reduce the flow after an unannounced limit refused a call.

        Args:
            again: whether no call has succeeded since the limit's last refusal.
        """
        flow = self.size if self._flow is None else self._flow
        if not again:
            self._borne = 0.8 * flow
        self._flow = flow * (0.5 if again else 0.8)

    def failed(self) -> None:
        """Allow half as many calls after a failure."""
        self._size = max(1.0, self._size / 2)

    def only_one(self) -> None:
        """Allow one call at a time, because call after call fails."""
        self._size = 1.0

    def took(self, seconds: float) -> None:
        """Record a call's duration."""
        self._usual += (seconds - self._usual) / 100 if self._usual else seconds
