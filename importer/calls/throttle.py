"""Keep calls within the person's own rate limit, and spread them evenly.

Input: when calls begin. Output: when the next call may go, and how long a number of calls take.
"""

from __future__ import annotations

import math
from collections import deque

from importer.settings.rate import Rate

_LATE = 0.1  # seconds by which the dispatcher's rounds may be late


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
