"""What the person allows: so many calls in a time, evenly spread.

Comes in: when calls begin. Goes out: when the next may go, and how long so many take.
"""

from __future__ import annotations

import math
from collections import deque

from importer.settings.rate import Rate

_LATE = 0.1  # seconds by which our own rounds may be late


class Throttle:
    """So many calls in a time at most, in any such stretch of it."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._recent: deque[float] = deque(maxlen=rate.calls)
        self._slot = -math.inf  # when the next call is due

    def began(self, now: float) -> None:
        """A call goes now. A little lateness is made up for, so that it costs no pace."""
        self._recent.append(now)
        gap = self.rate.seconds / self.rate.calls
        self._slot = (self._slot if now - self._slot < max(gap, _LATE) else now) + gap

    @property
    def ready_at(self) -> float:
        """When another call may go."""
        is_full = len(self._recent) == self.rate.calls
        return max(self._slot, self._recent[0] + self.rate.seconds if is_full else -math.inf)

    def seconds_for(self, calls: int, now: float) -> float:
        """How long it takes until so many calls have gone."""
        return max(0.0, self.ready_at - now) + max(0, calls - 1) * self.rate.seconds / self.rate.calls
