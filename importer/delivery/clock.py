"""The clock that dates notes, as seen from ours: measured on notes whose ids we were given, and on nothing else.

A gateway may set the ``date`` header, so it says nothing of this clock. Of a note whose id came back with a reply, we
know by our clock when its request left and when the reply came; reading it back shows the date that it bears.
"""

from __future__ import annotations

import math

_ASSUMED = 300.0  # seconds by which it may differ while nothing is measured, before that is doubted


class NoteClock:
    """How far the clock that dates notes is ahead of ours, in seconds, between two bounds.

    The bounds hold all that was seen in this run, since clocks are set anew. Until then, notes of earlier runs tell.
    """

    def __init__(self) -> None:
        self._low, self._high = math.inf, -math.inf
        self._low_before, self._high_before = -math.inf, math.inf

    def observe(self, left: float, came: float, dated: float) -> None:
        """Take in a note of this run that was made between two times of ours and bears this date."""
        self._low, self._high = min(self._low, dated - came), max(self._high, dated - left)

    def observe_earlier(self, left: float, came: float, dated: float) -> None:
        """Take in a note of an earlier run that was made between two times of ours and bears this date."""
        low, high = dated - came, dated - left
        if low > self._high_before or high < self._low_before:  # one of the clocks was set anew
            self._low_before, self._high_before = min(low, self._low_before), max(high, self._high_before)
        else:
            self._low_before, self._high_before = max(low, self._low_before), min(high, self._high_before)

    @property
    def _ahead(self) -> float:
        return self._low if math.isfinite(self._low) else self._low_before

    @property
    def is_known(self) -> bool:
        """Whether any note has shown it."""
        return math.isfinite(self._ahead)

    def at_least(self, ours: float) -> float:
        """The earliest date that a note can bear which was made at our time ``ours`` or later."""
        return ours + (self._ahead if self.is_known else -_ASSUMED)

    def at_most(self, ours: float) -> float:
        """The latest date that a note can bear which was made at our time ``ours`` or earlier; infinity if unknown."""
        return ours + (self._high if math.isfinite(self._high) else self._high_before)
