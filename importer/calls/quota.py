"""What one budget of calls still holds. The API counts calls in windows; each window ends at its reset.

Comes in: when calls begin, and what replies announce. Goes out: how long until another call may go.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any

from importer.api import Reply
from importer.api.headers import Announcement, ServerClock, Time
from importer.calls.windows import Windows
from importer.settings.rate import Rate

_SAME = 0.02  # seconds by which two announcements of one reset may differ
_UNSAID = 1.0  # seconds after which a call tries whether a budget without a reset has filled up again
_REMEMBERED = 1000  # calls of which it is known when they began
_STRETCH = 1.05  # of a window's length, since calls don't all take as long to arrive
_SPREAD = 4  # a window's calls take a quarter of it, or of a second: the replies to a burst overtake each other


class QuotaWindow:
    """The calls of one window after the other.

    Two rules allow a call, and either is enough:

    - The window: replies tell what remains until the reset, and what is in flight is taken off. After the reset one
      call goes ahead alone, and its reply tells of the next window.
    - The stretch: once a window's length is known, no more calls than a window holds begin in any stretch of that
      length. This suits every way of counting and waits for no reply; so it fills windows that are over before a reply
      comes back, and makes up for resets that are told roughly. After a refusal the length is measured anew first.

    While an exact reset is told in time, the window alone counts: other programs may draw on the account, too.
    """

    def __init__(self, clock: ServerClock) -> None:
        self._clock = clock
        self._is_free = False  # whether calls succeed without a word of any limit
        # The window.
        self._is_told = False  # whether a reply has told of the one that is open now
        self._left = 0  # calls that it still holds, those in flight included
        self._opened = -math.inf  # since when it is surely open, by our clock
        self._reset: Time | None = None  # as last told; seconds to go are made seconds since 1970 by our clock
        self._lag = 0.0  # how much later than announced windows open: a second, once one has proved to
        # The stretch.
        self._begun: deque[float] = deque(maxlen=_REMEMBERED)  # when the last calls began
        self._limit = 0  # calls in a window, as last told; where it isn't, the most that were said to remain, and one
        self._length = math.inf  # of a window in seconds, once one has been seen to follow on another
        self._is_sure = False  # whether no call was refused since
        self._windows = Windows()

    @property
    def is_limited(self) -> bool:
        """Whether the API tells what remains."""
        return self._reset is not None and not self._is_free

    @property
    def rate(self) -> Rate | None:
        """What the API allows, once its windows have shown that."""
        return Rate(self._limit, self._length) if self._limit and math.isfinite(self._length) else None

    def began(self, now: float) -> None:
        """A call on this budget goes now."""
        self._begun.append(now)
        self._windows.began(now)

    @property
    def is_spent(self) -> bool | None:
        """Whether it is what a window holds that calls wait for; None while none was seen whole."""
        cycle = self._windows.measured(self.rate)
        return None if cycle is None else self.is_limited and cycle.is_spent

    def seconds_for(self, calls: int, now: float, in_flight: int, usual: Rate | None) -> float | None:
        """How long so many calls take that have not begun, and draw on this budget alone; None where that isn't known.

        Args:
            calls: how many.
            now: by our clock.
            in_flight: calls on this budget that have not come back.
            usual: what a window held in an earlier run; counts until one was seen in this.
        """
        if self._is_free:
            return None
        is_told = self._is_told and now < self._reset_at
        left = max(0, self._left - in_flight) if is_told else None
        return self._windows.seconds_for(
            calls, now, self.rate or usual, left, self._reset_at - now if is_told else None
        )

    def wait(self, now: float, in_flight: int) -> float:
        """Seconds until another call may go; infinity when one in flight must come back first.

        Args:
            now: by our clock.
            in_flight: calls on this budget that have not come back.
        """
        if self._is_free:
            return 0.0
        if self._is_told and now >= self._reset_at:
            self._is_told, self._opened = False, now
        last = self._begun[-1] if self._begun else -math.inf
        throttle = last + min(1.0, self._length) / _SPREAD / max(1, self._limit)
        ready = self._ready_by_window(now, in_flight, last, throttle)
        if self._is_sure and self._limit and not (self._is_told and self._is_exact):
            ready = min(ready, max(throttle, self._ready_by_stretch))
        return max(0.0, ready - now)

    def _ready_by_window(self, now: float, in_flight: int, last: float, throttle: float) -> float:
        if not self._is_told:
            return math.inf if in_flight and last >= self._opened else now
        return throttle if self._left > in_flight else self._reset_at

    @property
    def _ready_by_stretch(self) -> float:
        calls = min(self._limit, _REMEMBERED)
        return self._begun[-calls] + self._length * _STRETCH if len(self._begun) >= calls else -math.inf

    @property
    def _reset_at(self) -> float:
        return self._opens(self._reset) if self._reset is not None else math.inf

    @property
    def _is_exact(self) -> bool:
        return self._reset is not None and not (self._reset.is_to_go or self._reset.is_whole)

    def learn(self, reply: Reply[Any], told: Announcement, in_flight: int) -> None:
        """Take in what a reply says; ``in_flight`` counts its own call too."""
        self._is_free = False
        reset = self._by_a_clock(reply, told.reset)
        if (reply.came if reset.is_to_go else reply.began) >= self._opens(reset):
            # The call was made after the reset which its own reply still announces.
            self._lag = 1.0
        self._limit = told.limit or max(self._limit, told.remaining + 1)
        if reply.is_rate_limited:
            self._is_sure = False
        self._measure(reset, told.remaining, reply.came)
        is_ours = reply.began >= self._opened
        is_next = self._ends_later(reset) or (is_ours and self._has_risen(told.remaining, in_flight))
        is_late = reply.came - reply.began > self._length / 2  # what it tells of its window is hardly true any more
        if is_next and not is_late:
            self._opened = reply.began
            self._windows.opened(reply.began, self._begun, self._length)
        elif not (is_next or is_ours or (self._is_told and self._ends_later(reset, by=-_SAME))):
            return  # a straggler from a window that is over
        if is_next or not self._is_told:
            self._left, self._reset, self._is_told = told.remaining, reset, not is_late
        else:
            assert self._reset is not None
            self._left = min(self._left, told.remaining)
            # Until a length is known, the latest of several seconds to go leaves a window that is surely new.
            if not reset.is_to_go or math.isinf(self._length) or reset.at < self._reset.at:
                self._reset = reset

    def learn_nothing(self) -> None:
        """A call succeeded without a word of any limit."""
        if not self._is_told:
            self._is_free = True

    def _measure(self, reset: Time, remaining: int, came: float) -> None:
        """Take in how long a window is, which is told by the first call in it that follows on another's end.

        Any other call won't do: where the API counts over any stretch of time, each reply tells a reset of its own.
        """
        known = self._reset
        if known is None or known.is_to_go != reset.is_to_go or remaining < self._limit - 1 or came < self._reset_at:
            return
        length = reset.at - known.at
        if reset.is_whole:
            length = round(max(length, reset.at - came if reset.is_to_go else 0.0))
            # Two may be one, and another one waited for since the reset is told roughly; a refusal would show it.
            length = 1 if length == 2 else length
        if length > _SAME:
            self._length, self._is_sure = min(self._length, length) if self._is_sure else length, True

    def _by_a_clock(self, reply: Reply[Any], reset: Time | None) -> Time:
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
        return remaining > self._left + in_flight

    def _opens(self, reset: Time) -> float:
        """When the next window surely is open, by our clock."""
        return (reset.at if reset.is_to_go else self._clock.ours_at_most(reset.at)) + self._lag


class Quotas:
    """The windows of all kinds of calls: one for all, or one each once the API shows separate limits."""

    def __init__(self, clock: ServerClock) -> None:
        self._clock = clock
        self._shared = QuotaWindow(clock)
        self._own: dict[str, QuotaWindow] = {}
        self._limits: dict[str, tuple[int, float]] = {}  # the limit as last told, and when

    @property
    def is_limited(self) -> bool:
        """Whether the API tells what remains."""
        return self._shared.is_limited or bool(self._own)

    def of(self, kind: str) -> QuotaWindow:
        """The window that calls of this kind draw on."""
        return self._own.get(kind, self._shared)

    def tell_apart(self, reply: Reply[Any], told: Announcement) -> None:
        """Two kinds have quotas of their own when each kept its limit while the other was told another one."""
        if told.limit is None:
            return
        before = self._limits.get(reply.kind)
        self._limits[reply.kind] = (told.limit, reply.came)
        if before is None or before[0] != told.limit:
            return
        for other, (limit, came) in self._limits.items():
            if limit != told.limit and before[1] <= came <= reply.began:
                for kind in (other, reply.kind):
                    self._own.setdefault(kind, QuotaWindow(self._clock))
