"""How far the clock that dates notes is ahead of a run's clock, measured on notes of that run and on nothing else.

A gateway may set the ``date`` header, so that header says nothing about this clock. If a reply brought a note's ID, we
know when its request left and when the reply came; reading the note back shows the date that the API gave it.
"""

from __future__ import annotations

import math

from importer.delivery.readback import DateWindow
from importer.delivery.tasks import Post

_ASSUMED = 300.0  # seconds by which the two clocks may differ while nothing is measured
_CLOCKS_APART = 5.0  # seconds by which the clocks of the API's servers may differ from one another
_CLOCKS_ASTRAY = 900.0  # seconds within which a date is neither believed nor ruled out
_ANY_ZONE = 26 * 3600.0  # seconds by which a clock that was never measured may be off


class NoteClock:
    """Bounds of how far the clock that dates notes is ahead of each run's clock, in seconds.

    The clocks of two runs are two clocks: one may have been set since, or belong to another machine. So only a run's
    own notes say anything about its clock. In all methods ``run`` is an earlier run's number; None is this run.
    """

    def __init__(self) -> None:
        self._bounds: dict[int | None, tuple[float, float]] = {}

    def observe(self, left: float, came: float, dated: float, run: int | None = None) -> None:
        """Learn from a note that was made between two times of the run's clock and bears this date.

        The bounds hold everything that was seen, because the API's clock may be set in the middle of a run.
        """
        low, high = self._bounds.get(run, (math.inf, -math.inf))
        self._bounds[run] = min(low, dated - came), max(high, dated - left)

    def is_known(self, run: int | None = None) -> bool:
        """Whether any note of the run was seen."""
        return run in self._bounds

    def at_least(self, time: float, run: int | None = None) -> float:
        """Return the earliest date that a note can bear that was made at this time or later."""
        return time + self._bounds[run][0] if run in self._bounds else time - _ASSUMED

    def at_most(self, time: float, run: int | None = None) -> float:
        """Return the latest date that a note can bear that was made at this time or earlier; infinity if unknown."""
        return time + self._bounds[run][1] if run in self._bounds else math.inf

    def window(self, post: Post, applied_until: float, *, is_ours: bool = True) -> DateWindow:
        """Return when the note of a post can have been made, by the clock that dates notes.

        Args:
            post: the request.
            applied_until: the latest time at which it can have been applied.
            is_ours: whether that time is by this run's clock; otherwise by the clock of the run that sent the post.
        """
        run_until = None if is_ours else post.clock_of
        since = self.since(post)
        if since is None:
            # Nobody knows which notes are of that time, so each one that reads differently may be the delivery's own.
            earliest, latest = post.first_sent_at - _ANY_ZONE, max(post.first_sent_at, post.sent_at) + _ANY_ZONE
            surely, until = post.first_sent_at - _ASSUMED, latest
            if not is_ours:
                until = applied_until + _ASSUMED
                if self._bounds:
                    # Colleagues write something else every day; that a clock was set and texts are changed is rare.
                    lows, highs = zip(*self._bounds.values(), strict=True)
                    earliest_other = min(surely, post.first_sent_at + min(lows)) - _CLOCKS_ASTRAY
                    latest_other = max(until, applied_until + max(highs)) + _CLOCKS_ASTRAY
                    return DateWindow(surely, earliest, until, earliest_other, latest_other, is_assumed=True)
            if post.clock_of is not None:  # this run has sent it again
                surely, until = min(surely, self.at_least(post.sent_at)), min(self.at_most(applied_until), latest)
            return DateWindow(surely, earliest, until, earliest, latest, is_assumed=post.clock_of is not None)
        # If several deliveries are alike, only a date cut to the second may make a note look older.
        apart = 1.0 if post.conflict is not None else _CLOCKS_APART
        latest = since + max(0.0, applied_until - post.first_sent_at) + _ANY_ZONE  # a run may last for days
        until = min(self.at_most(applied_until, run_until), latest) + _CLOCKS_APART
        is_over = self.is_known(run_until)
        rewritten_until = until if is_over else until + _CLOCKS_ASTRAY
        return DateWindow(since - apart, since - _CLOCKS_ASTRAY, until, since - apart, rewritten_until)

    def since(self, post: Post) -> float | None:
        """Return the earliest date that the note of a post can bear; None unless that is certain."""
        if post.since is not None or not self.is_known(post.clock_of):
            return post.since
        return self.at_least(post.first_sent_at, post.clock_of)
