"""What one budget of calls still holds. The API counts calls in windows; each window ends at its reset.

Comes in: what replies announce. Goes out: how long until another call may go.
"""

from __future__ import annotations

import math

from importer.pacing.rate import Rate
from importer.pacing.times import Announcement, ServerClock, Signals, Time

_SAME = 0.02  # seconds by which two announcements of one reset may differ
_UNSAID = 1.0  # seconds after which a call tries whether a budget without a reset has filled up again


class Budget:
    """The calls of one window after the other.

    While a window is open, replies tell what remains of it, and what is in flight is taken off. Once it is over, the
    next is trusted to hold a quarter of what the last one held when it opened, until the first reply to a call made
    in it tells. So nobody runs into a closed door in numbers, and no window waits a round trip for its first word.
    Where the reset is known only to the second, and where nothing is known yet, one call goes ahead alone.
    """

    def __init__(self, clock: ServerClock) -> None:
        self._clock = clock
        self._left: int | None = 1  # calls, those in flight included; None: as many as one likes
        self._is_told = False  # whether a reply has told so of this window
        self._opened = -math.inf  # since when this window is surely open, by our clock
        self._full = 0  # what the last window that we saw open held then
        self._reset: Time | None = None  # as last told; seconds to go are made seconds since 1970 by our clock
        self._gap = 0.0  # seconds between calls, so that they are spread over a window's beginning
        self._limit: int | None = None  # calls in a window, as last told
        self._length = math.inf  # of a window in seconds, once one has been seen to follow on another
        self._lag = 0.0  # how much later than announced a window has proved to open

    @property
    def is_limited(self) -> bool:
        """Whether the API tells what remains."""
        return self._reset is not None

    @property
    def rate(self) -> Rate | None:
        """What the API allows, once its windows have shown that."""
        return Rate(self._limit, self._length) if self._limit and math.isfinite(self._length) else None

    def wait(self, now: float, in_flight: int, last: float) -> float:
        """Seconds until another call may go; infinity when one in flight must come back first.

        Args:
            now: by our clock.
            in_flight: calls on this budget that have not come back.
            last: when the last call began.
        """
        if self._left is None:
            return 0.0
        if self._is_told and self._reset is not None and now >= self._opens(self._reset):
            is_sure = not self._reset.is_to_go and (self._lag > 0 or not self._reset.is_whole)
            self._left = max(1, self._full // 4) if is_sure else 1
            self._is_told, self._opened = False, now
        if self._left > in_flight:
            return max(0.0, last + max(self._gap, self._gap_to_learn(now, self._left - in_flight)) - now)
        if self._left > 0 or self._reset is None:
            return math.inf
        return self._opens(self._reset) - now

    def _gap_to_learn(self, now: float, calls: int) -> float:
        """Seconds between calls while the server's clock is known only roughly, else none.

        Spread over a second, their replies show when the server's seconds begin; after a burst at one moment of the
        second every reset would be waited for up to a second too long.
        """
        if not (self._is_told and self._reset is not None and self._clock.is_rough) or self._reset.is_to_go:
            return 0.0
        return max(0.0, min(1.0, self._clock.ours_at_least(self._reset.at) - now)) / calls

    def learn(self, reply: Signals, told: Announcement, in_flight: int) -> None:
        """Take in what a reply says; ``in_flight`` counts its own call too."""
        reset = self._by_a_clock(reply, told.reset)
        if (reply.came if reset.is_to_go else reply.began) >= self._opens(reset):
            # The call was made after the reset which its own reply still announces.
            self._lag = 1.0 if reset.is_whole else min(1.0, max(0.05, 2 * self._lag))
        remaining = told.remaining
        is_ours = reply.began >= self._opened
        is_next = self._ends_later(reset) or (is_ours and self._has_risen(remaining, in_flight))
        if is_next:
            self._opened = reply.began
        elif not is_ours and not (self._is_told and self._ends_later(reset, by=-_SAME)):
            return  # a straggler from a window that is over
        if is_next or not self._is_told:
            self._measure(reset, told.limit or self._full, reply.came)
            self._left, self._full, self._reset, self._is_told = remaining, 0, reset, True
            self._gap = min(1.0, max(0.0, self._opens(reset) - reply.came)) / 4 / (remaining + 1)
        else:
            assert self._left is not None
            assert self._reset is not None
            self._left = min(self._left, remaining)
            if not reset.is_to_go or reset.at < self._reset.at:
                self._reset = reset
        if reply.status != 429 and math.isfinite(self._opened):
            self._full = max(self._full, remaining + 1)

    def learn_nothing(self) -> None:
        """A call succeeded without a word of any limit."""
        if not self._is_told:
            self._left, self._reset = None, None

    def _measure(self, reset: Time, limit: int, came: float) -> None:
        """Take in how long a window is that has followed on another's end; a reset that moves on before tells none."""
        known = self._reset
        if known is None or known.is_to_go != reset.is_to_go or not limit or came < self._opens(known):
            return
        length = reset.at - known.at
        self._limit, self._length = limit, min(self._length, max(1.0, round(length)) if reset.is_whole else length)

    def _by_a_clock(self, reply: Signals, reset: Time | None) -> Time:
        """A reset that stays true: seconds to go count from now, and a date needs to be by a clock that we know."""
        if reset is None or not (reset.is_to_go or self._clock.is_known):
            return Time(reply.came + _UNSAID, is_to_go=True, is_whole=False)
        return Time(reply.came + reset.at, is_to_go=True, is_whole=reset.is_whole) if reset.is_to_go else reset

    def _ends_later(self, reset: Time, by: float = _SAME) -> bool:
        """Whether it is later than the one told last, where dates are told."""
        known = self._reset
        return known is not None and not (known.is_to_go or reset.is_to_go) and reset.at > known.at + by

    def _has_risen(self, remaining: int, in_flight: int) -> bool:
        """Where only seconds to go are told: whether more remains than replies in the wrong order can explain."""
        if not (self._is_told and self._reset is not None and self._reset.is_to_go):
            return False
        return remaining > (self._left or 0) + in_flight

    def _opens(self, reset: Time) -> float:
        """When the next window surely is open, by our clock."""
        return (reset.at if reset.is_to_go else self._clock.ours_at_most(reset.at)) + self._lag
