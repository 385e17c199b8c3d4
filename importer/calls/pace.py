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
