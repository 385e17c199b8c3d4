"""Measure how far the clock that dates notes is ahead of a run's clock, from that run's own notes.

The ``date`` header is not used, because a gateway may set it. If a reply contains a note's ID, we know when its request
left and when the reply came. Reading the note back shows the date that the API gave it.
"""

from __future__ import annotations

import math

from importer.delivery.readback import DateWindow
from importer.delivery.tasks import Post

_ASSUMED = 300.0  # seconds by which the two clocks may differ until the difference is measured (D67)
_CLOCKS_APART = 5.0  # seconds by which the clocks of the API's servers may differ (D69)
_CLOCKS_ASTRAY = 900.0  # seconds around a window within which a date proves nothing (D68)
_ANY_ZONE = 26 * 3600.0  # seconds by which an unmeasured clock may be off (D67, D70)


class NoteClock:
    """Bounds in seconds of how far the clock that dates notes is ahead of each run's clock (D65).

    The clocks of two runs may differ: a clock may have been reset, or belong to another machine. So only a run's own
    notes measure its clock. In all methods ``run`` is an earlier run's number; None is this run.
    """

    def __init__(self) -> None:
        self._bounds: dict[int | None, tuple[float, float]] = {}

    def observe(self, left: float, came: float, dated: float, run: int | None = None) -> None:
        """Widen the bounds by a note that was made between two times of the run's clock and has this date.

        The bounds cover all observations, because the API's clock may be reset during a run.
        """
        low, high = self._bounds.get(run, (math.inf, -math.inf))
        self._bounds[run] = min(low, dated - came), max(high, dated - left)

    def is_known(self, run: int | None = None) -> bool:
        """Return whether a note of the run was observed."""
        return run in self._bounds

    def at_least(self, time: float, run: int | None = None) -> float:
        """Return the earliest date of a note that was made at this time or later."""
        return time + self._bounds[run][0] if run in self._bounds else time - _ASSUMED

    def at_most(self, time: float, run: int | None = None) -> float:
        """Return the latest date of a note that was made at this time or earlier; infinity if the clock is unknown."""
        return time + self._bounds[run][1] if run in self._bounds else math.inf

    def window(self, post: Post, applied_until: float, *, is_ours: bool = True) -> DateWindow:
        """Return the dates that a request's note can have, by the clock that dates notes (D64).

        Args:
            post: the request.
            applied_until: the latest time at which the request can have been applied.
            is_ours: whether that time is by this run's clock; otherwise by the clock of the run that sent the request.
        """
        run_until = None if is_ours else post.clock_of
        since = self.since(post)
        if since is None:
            # The run's clock was not measured, so any note that reads differently may be the delivery's own.
            earliest, latest = post.first_sent_at - _ANY_ZONE, max(post.first_sent_at, post.sent_at) + _ANY_ZONE
            surely, until = post.first_sent_at - _ASSUMED, latest
            if not is_ours:
                until = applied_until + _ASSUMED
                if self._bounds:
                    # Colleagues write other notes every day. A reset clock together with changed texts is rare.
                    lows, highs = zip(*self._bounds.values(), strict=True)
                    earliest_other = min(surely, post.first_sent_at + min(lows)) - _CLOCKS_ASTRAY
                    latest_other = max(until, applied_until + max(highs)) + _CLOCKS_ASTRAY
                    return DateWindow(surely, earliest, until, earliest_other, latest_other, is_assumed=True)
            if post.clock_of is not None:  # this run has sent the request again
                surely, until = min(surely, self.at_least(post.sent_at)), min(self.at_most(applied_until), latest)
            return DateWindow(surely, earliest, until, earliest, latest, is_assumed=post.clock_of is not None)
        # If several deliveries are alike, the only tolerance is for a date that is cut to the second.
        tolerance = 1.0 if post.conflict is not None else _CLOCKS_APART
        latest = since + max(0.0, applied_until - post.first_sent_at) + _ANY_ZONE  # a run may last several days
        until = min(self.at_most(applied_until, run_until), latest) + _CLOCKS_APART
        is_measured = self.is_known(run_until)
        rewritten_until = until if is_measured else until + _CLOCKS_ASTRAY
        return DateWindow(since - tolerance, since - _CLOCKS_ASTRAY, until, since - tolerance, rewritten_until)

    def since(self, post: Post) -> float | None:
        """Return the earliest date that a request's note can have; None if that is not certain."""
        if post.since is not None or not self.is_known(post.clock_of):
            return post.since
        return self.at_least(post.first_sent_at, post.clock_of)
