"""Record the successive windows of one rate limit, a *budget*, and estimate how long further calls take.

Input: when calls began, and when a window opened. Output: seconds for people to read; they don't
affect when calls are made.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from importer.settings.rate import Rate

_CYCLES = 10  # windows over which the averages are taken
_SPENT = 0.8  # share of a window's calls; if so much is used, the limit holds up calls


@dataclass(frozen=True, slots=True)
class _Opening:
    """Window that opened ``at`` a time, after ``begun`` calls, of which the last began at the time ``last``."""

    at: float
    begun: int
    last: float


@dataclass(frozen=True, slots=True)
class _Window:
    """Average window.

    Attributes:
        seconds: the time from one window's opening to the next.
        calls: the number of calls in the window.
        busy: the seconds from the window's opening to its last call.
        is_spent: whether windows are used up, so that calls wait.
    """

    seconds: float
    calls: float
    busy: float
    is_spent: bool


class Windows:
    """Windows of one budget, in their order.

    The recorded windows are a little longer than the API's, because it takes a call to see that a window is
    open, and clocks differ.
    """

    def __init__(self) -> None:
        self._begun = 0
        self._first = -math.inf
        self._last = -math.inf
        self._openings: deque[_Opening] = deque(maxlen=_CYCLES)

    def began(self, now: float) -> None:
        """Record that a call on this budget is sent now."""
        if not self._begun:
            self._first = now
        self._begun, self._last = self._begun + 1, now

    def opened(self, at: float, begun: Iterable[float], length: float) -> None:
        """Record that a window has opened.

        Args:
            at: the time from which the window is open.
            begun: the times when the last calls began.
            length: the length of a window in seconds; infinity if unknown.
        """
        if self._openings and at < self._openings[-1].at + (length / 2 if math.isfinite(length) else 0.0):
            return  # if the API counts over any stretch of time, each reply announces another window
        times = list(begun)
        calls_since = sum(time >= at for time in times)
        earlier = [time for time in times if time < at]
        self._openings.append(_Opening(at, self._begun - calls_since, earlier[-1] if earlier else at))

    def measured(self, rate: Rate | None) -> _Window | None:
        """Return the average window; None if no whole window was seen.

        Args:
            rate: the calls in a window, and its length, if known.
        """
        openings = [*self._openings]
        if len(openings) < 2:
            return None
        first, last = openings[0], openings[-1]
        span, calls, number = last.at - first.at, last.begun - first.begun, len(openings) - 1
        if rate is not None:  # not every opening is noticed
            number = max(number, round(span / rate.seconds))
        per_window = max(1.0, calls / number)
        is_spent = rate is not None and per_window >= _SPENT * rate.calls
        busy = last.last - openings[-2].at
        return _Window(span / number, float(rate.calls) if rate and is_spent else per_window, busy, is_spent)

    def seconds_for(
        self, calls: int, now: float, rate: Rate | None, left: float | None, reset_in: float | None
    ) -> float | None:
        """Estimate the seconds that this many further calls take; None if that is unknown.

        Args:
            calls: the number of calls that have not begun.
            now: the time by our clock.
            rate: the calls in a window, and its length, if known.
            left: the calls that the open window still allows, if announced.
            reset_in: the seconds until that window ends, if announced.
        """
        measured = self.measured(rate)
        window = measured
        if window is None and rate is not None:
            busy = min(rate.seconds, max(0.0, self._last - self._first)) * rate.calls / max(self._begun, 1)
            window = _Window(rate.seconds, float(rate.calls), busy, is_spent=False)
        if window is None:
            return None
        opening = self._openings[-1] if self._openings else _Opening(self._first, 0, self._first)
        if left is None or measured is not None:  # announcements lag behind by the calls in flight
            left = max(0.0, window.calls - (self._begun - opening.begun))
        if calls <= left:
            return window.busy * calls / window.calls
        wait = max(0.0, opening.at + window.seconds - now) if reset_in is None else reset_in
        further = calls - left
        whole_windows = math.ceil(further / window.calls) - 1
        return (
            wait
            + whole_windows * window.seconds
            + (further / window.calls - whole_windows) * min(window.busy, window.seconds)
        )
