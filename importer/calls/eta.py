"""Estimate how long the remaining calls take, from the rate limit if it is known, and say whether it delays them.

Input: when calls begin. Output: numbers for people to read; they don't affect when calls are made.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from importer.calls.quota import Quotas, QuotaWindow
from importer.calls.throttle import Throttle
from importer.settings.rate import Rate

_LATELY = 300.0  # seconds for which the times of calls are kept
_ENOUGH = 2.0  # seconds after which these times give a useful pace
_KIND = "POST"  # the kind of call that delivers notes


class Eta:
    """Estimator of the time that the remaining calls take.

    Args:
        clock: returns seconds since 1970, never going back.
        quotas: the API's limits.
        throttle: the person's own limit, if there is one.
        drawn: returns how many calls that count against a quota are in flight.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        quotas: Quotas,
        throttle: Throttle | None,
        drawn: Callable[[QuotaWindow], int],
    ) -> None:
        self._clock, self._quotas, self._throttle, self._drawn = clock, quotas, throttle, drawn
        self._lately: deque[float] = deque(maxlen=10_000)

    def began(self, now: float) -> None:
        """Record that a call is being sent at ``now``."""
        self._lately.append(now)
        while self._lately[0] < now - _LATELY:
            self._lately.popleft()

    def seconds_for(self, calls: int, usual: Rate | None = None) -> float | None:
        """Return the seconds until this many more calls have been sent; None if that is unknown.

        Args:
            calls: the number of calls.
            usual: the rate that the API allowed an earlier run; used until this run knows better.
        """
        now, quota = self._clock(), self._quotas.of(_KIND)
        by_limit = quota.seconds_for(calls, now, self._drawn(quota), usual)
        if self._throttle:
            return max(by_limit or 0.0, self._throttle.seconds_for(calls, now))
        if by_limit is not None and quota.is_spent is not False:
            return by_limit
        pace = self._at_the_pace_so_far(calls, now)
        return by_limit if pace is None else pace

    def _at_the_pace_so_far(self, calls: int, now: float) -> float | None:
        span = now - self._lately[0] if self._lately else 0.0
        return calls * span / len(self._lately) if span >= _ENOUGH else None

    @property
    def held_to(self) -> Rate | None:
        """Rate limit of the API if it is what delays calls, otherwise None."""
        quota = self._quotas.of(_KIND)
        rate = quota.rate if quota.is_spent else None
        personal = self._throttle.rate if self._throttle else None
        return None if rate and personal and personal.calls / personal.seconds < rate.calls / rate.seconds else rate
