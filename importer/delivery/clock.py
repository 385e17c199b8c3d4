"""The clock that dates notes, as seen from ours: measured on notes whose ids we were given, and on nothing else.

A gateway may set the ``date`` header, so it says nothing of this clock. Of a note whose id came back with a reply, we
know by our clock when its request left and when the reply came; reading it back shows the date that it bears.
"""

from __future__ import annotations

import math

from importer.delivery.readback import Window
from importer.delivery.tasks import Post

_ASSUMED = 300.0  # seconds by which it may differ while nothing is measured, before that is doubted
_CLOCKS_APART = 5.0  # seconds by which clocks that date notes may differ from one another
_CLOCKS_ASTRAY = 900.0  # seconds within which that isn't believed, and not ruled out either
_ANY_ZONE = 26 * 3600.0  # seconds by which a clock of which nothing is known may be off


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

    @property
    def is_measured(self) -> bool:
        """Whether a note of this run has: what those of earlier runs showed holds unless our clock was set since."""
        return math.isfinite(self._low)

    def at_least(self, ours: float) -> float:
        """The earliest date that a note can bear which was made at our time ``ours`` or later."""
        return ours + (self._ahead if self.is_known else -_ASSUMED)

    def at_most(self, ours: float) -> float:
        """The latest date that a note can bear which was made at our time ``ours`` or earlier; infinity if unknown."""
        return ours + (self._high if math.isfinite(self._high) else self._high_before)

    def window(self, post: Post, applied_until: float) -> Window:
        """When the note of a post can have been made, by the clock that dates notes; ``applied_until`` is by ours."""
        if post.since is None and not self.is_known:
            # Which notes are of that time nobody knows, so each that reads differently may be a delivery's own.
            earliest = post.first_sent_at - _ANY_ZONE
            until = post.sent_at + _ANY_ZONE
            return Window(self.at_least(post.first_sent_at), earliest, until, earliest, until)
        since = post.since if post.since is not None else self.at_least(post.first_sent_at)
        until = min(self.at_most(applied_until), since + _ANY_ZONE)
        # Where several deliveries are alike, only what a time cut to the second makes a note older is allowed for.
        apart = 1.0 if post.conflict is not None else _CLOCKS_APART
        until += _CLOCKS_APART
        rewritten = since - (apart if self.since(post) is not None else _CLOCKS_ASTRAY)
        is_over = self.is_measured and not post.of_earlier_run
        return Window(
            since - apart, since - _CLOCKS_ASTRAY, until, rewritten, until + (0.0 if is_over else _CLOCKS_ASTRAY)
        )

    def since(self, post: Post) -> float | None:
        """The earliest date that the note of a post can bear, where that is sure.

        Where another run sent it, or only other runs' notes show which clock dates notes, ours may be another by now.
        """
        if post.since is not None or post.of_other_clock or not self.is_measured:
            return post.since
        return self.at_least(post.first_sent_at)
