"""Track how many calls one rate limit of the API, a *budget*, still allows, and estimate how long calls take.

The API counts calls in windows of time, each of which ends at its reset. Input: when calls begin, and what replies
announce. Output: the seconds until another call may go, and estimates for people to read, which affect no call.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from importer.api import Endpoint, Reply
from importer.api.headers import Announcement, ServerClock, Time
from importer.settings.rate import Rate

_SAME = 0.02  # seconds by which two announcements of the same reset may differ
_UNSAID = 1.0  # seconds after which a call tests whether a budget without an announced reset has refilled
_REMEMBERED = 1000  # calls whose beginnings are remembered
_STRETCH = 1.05  # factor of a window's length, because calls don't all take equally long to arrive
_CYCLES = 10  # windows over which the averages are taken
_SPENT = 0.8  # share of a window's calls; if so much is used, the limit holds up calls
_SPREAD = 4  # a window's calls are spread over a quarter of it, or of a second: replies to a burst come out of order


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


class QuotaWindow:
    """Windows of one budget, one after the other, and the calls in them.

    Either of two rules allows a call:

    - The window (D101): replies announce how many calls remain until the reset. Calls in flight are subtracted. After
      the reset, one call goes ahead alone, and its reply announces the next window.
    - The stretch (D102): once a window's length is known, no more calls than a window allows begin in any stretch of
      that length. This rule suits every way of counting, and needs no reply. So it also uses windows that end before a
      reply comes back, and tolerates inexact resets. After a refusal, the length is measured again first.

    While the open window and its exact reset are announced, only the window counts, because other programs may use the
    account too.
    """

    def __init__(self, clock: ServerClock) -> None:
        self._clock = clock
        self._is_free = False  # whether calls succeed without any announced limit
        # The window.
        self._is_told = False  # whether a reply has announced the window that is open now
        self._left = 0  # calls that the open window still allows, including those in flight
        self._opened = -math.inf  # since when the window is certainly open, by our clock
        self._reset: Time | None = None  # as last announced; seconds to go become seconds since 1970 by our clock
        self._lag = 0.0  # seconds by which windows open later than announced: 1 once a reply has shown it
        # The stretch.
        self._begun: deque[float] = deque(maxlen=_REMEMBERED)  # when the last calls began
        self._limit = 0  # calls in a window, as last announced, otherwise the most announced to remain, plus one
        self._length = math.inf  # seconds of a window, once one was seen to follow another
        self._is_sure = False  # whether no call was refused since the length was measured
        self._windows = Windows()

    @property
    def is_limited(self) -> bool:
        """Whether the API announces how many calls remain."""
        return self._reset is not None and not self._is_free

    @property
    def rate(self) -> Rate | None:
        """Limit of the API, once its windows have shown it; otherwise None."""
        return Rate(self._limit, self._length) if self._limit and math.isfinite(self._length) else None

    def began(self, now: float) -> None:
        """Record that a call on this budget is sent now."""
        self._begun.append(now)
        self._windows.began(now)

    @property
    def is_spent(self) -> bool | None:
        """Whether calls wait because windows are used up; None if no whole window was seen."""
        average = self._windows.measured(self.rate)
        return None if average is None else self.is_limited and average.is_spent

    def seconds_for(self, calls: int, now: float, in_flight: int, usual: Rate | None) -> float | None:
        """Return the seconds for this many new calls if only this budget limits them; None if that is unknown.

        Args:
            calls: the number of calls.
            now: the time by our clock.
            in_flight: calls on this budget that have not come back.
            usual: the limit in an earlier run; used until a window was seen in this run.
        """
        if self._is_free:
            return None
        is_told = self._is_told and now < self._reset_at
        left = max(0, self._left - in_flight) if is_told else None
        return self._windows.seconds_for(
            calls, now, self.rate or usual, left, self._reset_at - now if is_told else None
        )

    def wait(self, now: float, in_flight: int) -> float:
        """Return the seconds until another call may go; infinity if a call in flight must come back first.

        Args:
            now: the time by our clock.
            in_flight: calls on this budget that have not come back.
        """
        if self._is_free:
            return 0.0
        if self._is_told and now >= self._reset_at:
            self._is_told, self._opened = False, now
        last = self._begun[-1] if self._begun else -math.inf
        next_slot = last + min(1.0, self._length) / _SPREAD / max(1, self._limit)
        ready = self._ready_by_window(now, in_flight, last, next_slot)
        if self._is_sure and self._limit and not (self._is_told and self._is_exact):
            ready = min(ready, max(next_slot, self._ready_by_stretch))
        return max(0.0, ready - now)

    def _ready_by_window(self, now: float, in_flight: int, last: float, next_slot: float) -> float:
        if not self._is_told:
            return math.inf if in_flight and last >= self._opened else now
        return next_slot if self._left > in_flight else self._reset_at

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

    def learn(self, reply: Reply[Any], announcement: Announcement, in_flight: int) -> None:
        """Learn from a reply's announcement; ``in_flight`` counts the reply's own call too."""
        self._is_free = False
        reset = self._by_a_clock(reply, announcement.reset)
        if (reply.came if reset.is_to_go else reply.began) >= self._opens(reset):
            # The call was made after the reset that its own reply still announces.
            self._lag = 1.0
        self._limit = announcement.limit or max(self._limit, announcement.remaining + 1)
        if reply.is_rate_limited:
            self._is_sure = False
        self._measure(reset, announcement.remaining, reply.came)
        is_ours = reply.began >= self._opened
        is_next = self._ends_later(reset) or (is_ours and self._has_risen(announcement.remaining, in_flight))
        is_late = reply.came - reply.began > self._length / 2  # its announcement is probably outdated
        if is_next and not is_late:
            self._opened = reply.began
            self._windows.opened(reply.began, self._begun, self._length)
        elif not (is_next or is_ours or (self._is_told and self._ends_later(reset, by=-_SAME))):
            return  # a late reply from a window that is over
        if is_next or not self._is_told:
            self._left, self._reset, self._is_told = announcement.remaining, reset, not is_late
        else:
            assert self._reset is not None
            self._left = min(self._left, announcement.remaining)
            # Until a length is known, the latest of several resets in seconds counts: the window after it is new.
            if not reset.is_to_go or math.isinf(self._length) or reset.at < self._reset.at:
                self._reset = reset

    def learn_nothing(self) -> None:
        """Record that a call succeeded whose reply announced no limit."""
        if not self._is_told:
            self._is_free = True

    def _measure(self, reset: Time, remaining: int, came: float) -> None:
        """Measure a window's length, from the first call after the end of the window before.

        Other calls can't show it: if the API counts over any stretch of time, each reply announces another reset.
        """
        last = self._reset
        if last is None or last.is_to_go != reset.is_to_go or remaining < self._limit - 1 or came < self._reset_at:
            return
        length = reset.at - last.at
        if reset.is_whole:
            length = round(max(length, reset.at - came if reset.is_to_go else 0.0))
            # Two seconds may be one second and a wait for an inexact reset. If one is wrong, a refusal shows it.
            length = 1 if length == 2 else length
        if length > _SAME:
            self._length, self._is_sure = min(self._length, length) if self._is_sure else length, True

    def _by_a_clock(self, reply: Reply[Any], reset: Time | None) -> Time:
        """Return a reset as a point in time: by our clock if seconds to go were announced, otherwise by the server's.

        If no reset was announced, or it is a date and the server's clock is unknown, assume that
        the reset is :data:`_UNSAID` seconds away.
        """
        if reset is None or not (reset.is_to_go or self._clock.is_known):
            return Time(reply.came + _UNSAID, is_to_go=True, is_whole=False)
        return Time(reply.came + reset.at, is_to_go=True, is_whole=reset.is_whole) if reset.is_to_go else reset

    def _ends_later(self, reset: Time, by: float = _SAME) -> bool:
        """Return whether a reset is later than the last one; False unless both are dates."""
        last = self._reset
        return last is not None and not (last.is_to_go or reset.is_to_go) and reset.at > last.at + by

    def _has_risen(self, remaining: int, in_flight: int) -> bool:
        """Return whether more calls remain than replies in the wrong order explain; False if resets are dates."""
        if not (self._is_told and self._reset is not None and self._reset.is_to_go):
            return False
        return remaining > self._left + in_flight

    def _opens(self, reset: Time) -> float:
        """Return when the next window is certainly open, by our clock."""
        return (reset.at if reset.is_to_go else self._clock.ours_at_most(reset.at)) + self._lag


class Quotas:
    """Quota windows: one for all calls, or one for each kind of call once the API shows separate limits."""

    def __init__(self, clock: ServerClock) -> None:
        self._clock = clock
        self._shared = QuotaWindow(clock)
        self._own: dict[Endpoint, QuotaWindow] = {}
        self._limits: dict[Endpoint, tuple[int, float]] = {}  # the limit of each kind as last announced, and when

    @property
    def is_limited(self) -> bool:
        """Whether the API announces how many calls remain."""
        return self._shared.is_limited or bool(self._own)

    def of(self, kind: Endpoint) -> QuotaWindow:
        """Return the window that calls of this kind count in."""
        return self._own.get(kind, self._shared)

    def tell_apart(self, reply: Reply[Any], announcement: Announcement) -> None:
        """Give two kinds of calls separate windows if each kept its limit while the other had a different one."""
        if announcement.limit is None:
            return
        earlier = self._limits.get(reply.kind)
        self._limits[reply.kind] = (announcement.limit, reply.came)
        if earlier is None or earlier[0] != announcement.limit:
            return
        for other, (limit, came) in self._limits.items():
            if limit != announcement.limit and earlier[1] <= came <= reply.began:
                for kind in (other, reply.kind):
                    self._own.setdefault(kind, QuotaWindow(self._clock))
