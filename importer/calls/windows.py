"""The windows of one budget of calls, as they really followed on each other; and how long so many calls take in them.

Comes in: when calls began, and when a window opened. Goes out: seconds. Nothing waits for these numbers; people read
them.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from importer.settings.rate import Rate

_CYCLES = 10  # windows over which the time between two is averaged
_SPENT = 0.8  # of what a window holds; where that much is used, it is the limit that holds calls up


@dataclass(frozen=True, slots=True)
class _Opening:
    """A window opened ``at`` a time, after so many calls had ``begun``, the ``last`` of them at another."""

    at: float
    begun: int
    last: float


@dataclass(frozen=True, slots=True)
class _Window:
    """From window to window: ``seconds``, ``calls`` in them, how long those are ``busy``, whether a window is spent."""

    seconds: float
    calls: float
    busy: float
    is_spent: bool


class Windows:
    """The windows of one budget of calls, as they really followed on each other.

    They are a little longer than the API's: to see that one is open takes a call, and clocks differ.
    """

    def __init__(self) -> None:
        self._begun = 0
        self._first = -math.inf
        self._last = -math.inf
        self._openings: deque[_Opening] = deque(maxlen=_CYCLES)

    def began(self, now: float) -> None:
        """A call on this budget goes now."""
        if not self._begun:
            self._first = now
        self._begun, self._last = self._begun + 1, now

    def opened(self, at: float, begun: Iterable[float], length: float) -> None:
        """A window was seen to be open since ``at``; ``begun`` are the times of the last calls, ``length`` its own."""
        if self._openings and at < self._openings[-1].at + (length / 2 if math.isfinite(length) else 0.0):
            return  # where calls are counted over any stretch of time, each reply tells of another window
        times = list(begun)
        since = sum(time >= at for time in times)
        before = [time for time in times if time < at]
        self._openings.append(_Opening(at, self._begun - since, before[-1] if before else at))

    def measured(self, rate: Rate | None) -> _Window | None:
        """What one window after the other came to, on average; None while none was seen whole.

        Args:
            rate: what a window holds, and how long it is, if that is known.
        """
        openings = [*self._openings]
        if len(openings) < 2:
            return None
        first, last = openings[0], openings[-1]
        span, calls, number = last.at - first.at, last.begun - first.begun, len(openings) - 1
        if rate is not None:  # not every opening is noticed
            number = max(number, round(span / rate.seconds))
        each = max(1.0, calls / number)
        is_spent = rate is not None and each >= _SPENT * rate.calls
        busy = last.last - openings[-2].at
        return _Window(span / number, float(rate.calls) if rate and is_spent else each, busy, is_spent)

    def seconds_for(
        self, calls: int, now: float, rate: Rate | None, left: float | None, reset_in: float | None
    ) -> float | None:
        """How long so many calls take; None while that isn't known.

        Args:
            calls: that have not begun.
            now: by our clock.
            rate: what a window holds, and how long it is, if that is known.
            left: calls that the window which is open now still allows, if that is told.
            reset_in: seconds until it is over, if that is told.
        """
        measured = self.measured(rate)
        cycle = measured
        if cycle is None and rate is not None:
            busy = min(rate.seconds, max(0.0, self._last - self._first)) * rate.calls / max(self._begun, 1)
            cycle = _Window(rate.seconds, float(rate.calls), busy, is_spent=False)
        if cycle is None:
            return None
        opening = self._openings[-1] if self._openings else _Opening(self._first, 0, self._first)
        if left is None or measured is not None:  # what is told lags by the calls whose replies are on their way
            left = max(0.0, cycle.calls - (self._begun - opening.begun))
        if calls <= left:
            return cycle.busy * calls / cycle.calls
        wait = max(0.0, opening.at + cycle.seconds - now) if reset_in is None else reset_in
        rest = calls - left
        whole = math.ceil(rest / cycle.calls) - 1
        return wait + whole * cycle.seconds + (rest / cycle.calls - whole) * min(cycle.busy, cycle.seconds)
