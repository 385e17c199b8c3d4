"""How long the calls take that are still to come, by the limit where it is known, and what holds them up.

Comes in: when calls begin. Goes out: numbers for people; nothing waits for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from importer.calls.quota import Quotas, QuotaWindow
from importer.calls.throttle import Throttle
from importer.settings.rate import Rate

_LATELY = 300.0  # seconds of which it is known how fast calls went
_ENOUGH = 2.0  # seconds after which that is worth telling
_KIND = "POST"  # what delivery is made of


class Eta:
    """What can be said of the calls to come.

    Args:
        clock: seconds since 1970, never going back.
        quotas: what the API allows.
        throttle: what the person allows, if that was said.
        drawn: how many calls on a quota are in flight.
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
        """A call goes now."""
        self._lately.append(now)
        while self._lately[0] < now - _LATELY:
            self._lately.popleft()

    def seconds_for(self, calls: int, usual: Rate | None = None) -> float | None:
        """How long it takes until so many more calls have gone; None while that isn't known.

        Args:
            calls: how many.
            usual: what the API allowed an earlier run; counts until this one knows better.
        """
        now, quota = self._clock(), self._quotas.of(_KIND)
        told = quota.seconds_for(calls, now, self._drawn(quota), usual)
        if self._throttle:
            return max(told or 0.0, self._throttle.seconds_for(calls, now))
        if told is not None and quota.is_spent is not False:
            return told
        pace = self._at_the_pace_so_far(calls, now)
        return told if pace is None else pace

    def _at_the_pace_so_far(self, calls: int, now: float) -> float | None:
        span = now - self._lately[0] if self._lately else 0.0
        return calls * span / len(self._lately) if span >= _ENOUGH else None

    @property
    def held_to(self) -> Rate | None:
        """The API's limit, where it is that which holds calls up."""
        quota = self._quotas.of(_KIND)
        rate = quota.rate if quota.is_spent else None
        own = self._throttle.rate if self._throttle else None
        return None if rate and own and own.calls / own.seconds < rate.calls / rate.seconds else rate
