"""Learn how many calls the API lets through in what time, and decide when the next call may go.

The vendor documents no limit. Input: calls that begin, come back or are refused, and what replies announce, if they
announce anything. Output: seconds to wait, and a rate from which times are estimated.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from importer.api.exchange import Announcement
from importer.settings.kinds import Rate

ASSUMED = Rate(20, 60.0)
"""Limit of each endpoint that other clients of the service saw. Only estimates use it, until this one's is known."""

_LENGTHS = (0.5, 1, 2, 5, 6, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600)  # seconds that people choose
_MINUTE = 60.0  # seconds; the calls of the last minute are what the first refusal is judged by
_FEW = 2  # calls in flight while the limit isn't known, because all of them may be refused
_MANY = 40  # calls in a minute without a refusal, after which the limit isn't low
_TRIAL_AFTER = 11  # windows between two trials, each of which may cost one refusal: fewer than one in ten windows
_SOON = 0.75  # share of a window's length; if as many calls as the limit went in it, the next is beyond the limit
_MARGIN, _LATE = 1.01, 0.05  # factor on a window's length, and seconds, because calls take different times to arrive
_UNSAID = 1.0  # seconds after which a window is tested if its reset isn't announced
_SHORT = 1.2  # seconds; if a refusal is over sooner, it was about calls in a second, or at a time
_WHOLE = 1.5  # seconds by which a wait that is told in whole seconds may be too long, with a call's own time
_REMEMBERED = 1000  # calls of which the times are remembered


@dataclass(slots=True)
class _Told:
    """What the API announced of its open window: calls that remain, and the reset by our clock."""

    remaining: int
    reset: float
    began: float  # when the first call of this window began


class Window:
    """Calls that the API lets through in a stretch of time, for one kind of call.

    Refusals teach two numbers: the calls in a window, and its length. Calls go until one is refused. Then one
    call after another tests whether the next window is open. The calls of that window, and the time until the one after
    it opens, are the numbers. From then on, no stretch of that length has more calls, which suits every way of
    counting. Replies that announce what remains are followed as well.

    Args:
        learned: the limit that an earlier run learned.

    Attributes:
        in_flight: number of calls that have begun and not come back.
    """

    def __init__(self, learned: Rate | None = None) -> None:
        self._few: float = _FEW
        self._limit = learned.calls if learned else 0
        self._shortest = 0.0  # seconds; windows are longer than this
        self._length = learned.seconds if learned else math.inf  # windows are no longer than this
        self._accepted: deque[float] = deque(maxlen=_REMEMBERED)  # when the API certainly had received each call
        self.in_flight = 0
        self._last_began = -math.inf
        self._fastest = math.inf  # seconds of the fastest call
        self._told: _Told | None = None
        self._told_limit, self._told_length = 0, 0.0
        # While the window is closed by a refusal.
        self._closed_since: float | None = None  # the time from which tests are measured
        self._is_measuring = False  # whether the time until the window opens shows its length
        self._closed_at = -math.inf  # when the refusal came
        self._is_full = False  # whether as many calls as the limit had gone
        self._lowered = 0  # the limit, unless the next test shows something else
        self._opens = -math.inf  # when the next test is due
        self._is_told = False  # whether the API said when
        self._refused_at = -math.inf
        self._opened: float | None = None  # when the first call after the last refusal was let through
        self._trial_at = -math.inf  # when the limit was learned, or last confirmed by a refusal
        self._surprised_at = -math.inf  # when a call was last refused that the limit should have allowed

    # -- when the next call may go ----------------------------------------------------------------------------------

    def wait(self, now: float) -> float:
        """Return the seconds until another call may go; infinity if a call in flight must come back first."""
        if self._closed_since is not None:
            return math.inf if self.in_flight else max(0.0, self._opens - now)
        return max(self._wait_as_told(now), self._wait_as_learned(now))

    def _wait_as_told(self, now: float) -> float:
        told = self._told
        if told is None or told.remaining > self.in_flight:
            return 0.0
        if now < told.reset:
            return told.reset - now
        return math.inf if self.in_flight and self._last_began >= told.reset else 0.0  # one call sees the next window

    def _wait_as_learned(self, now: float) -> float:
        if math.isinf(self._length):
            if self._told is not None or self._since(max(now - _MINUTE, self._refused_at)) >= _MANY:
                self._few = math.inf  # the limit isn't low
            return math.inf if self.in_flight >= self._few else 0.0
        allowed = self._limit - self.in_flight
        if allowed <= 0 or self.in_flight >= self._enough:
            return math.inf
        if len(self._accepted) < allowed:
            return 0.0
        oldest = self._accepted[-allowed]
        is_trial_due = not self.in_flight and now >= self._trial_at + _TRIAL_AFTER * self._length
        if is_trial_due and now < oldest + _SOON * self._length:
            return 0.0  # the trial shows whether more is allowed now; it may cost a refusal
        return max(0.0, oldest + _MARGIN * self._length + _LATE - now)

    @property
    def _enough(self) -> float:
        """Number of calls in flight that use the limit fully; each further one might be refused, too."""
        took = 0.0 if math.isinf(self._fastest) else self._fastest
        return max(self._few, 3 * took * self._limit / self._length)

    # -- calls and their replies ------------------------------------------------------------------------------------

    def began(self, now: float) -> None:
        """Record that a call is sent now."""
        self.in_flight += 1
        self._last_began = now
        if math.isinf(self._trial_at):
            self._trial_at = now  # a limit that an earlier run learned needs no trial at once

    def withdrawn(self, came: float = -math.inf) -> None:
        """Record that a call ended without an answer of the API; the API may have counted it until ``came``."""
        self.in_flight -= 1
        if math.isfinite(came):
            self._accepted.append(came)

    def accepted(self, began: float, came: float) -> bool:
        """Record that a call was let through; return whether it shows that only a burst was refused before.

        Args:
            began: when the call began.
            came: when it came back.
        """
        self.in_flight -= 1
        self._fastest = min(self._fastest, came - began)
        spacing = began - self._accepted[-self._limit] if 0 < self._limit <= len(self._accepted) else math.inf
        self._accepted.append(came - self._fastest)
        if self._closed_since is not None and began > self._refused_at:
            return self._open(began)
        if spacing < _SOON * self._length < math.inf:
            self._limit += 1  # a trial was let through
        return False

    def _open(self, began: float) -> bool:
        """Learn from a test that was let through. Return True for a limit on calls in a second, or at a time."""
        assert self._closed_since is not None
        since, self._closed_since = self._closed_since, None
        if not self._is_told and began - self._closed_at < _SHORT and not self._is_full:
            return True
        self._opened = began
        length = _chosen(began - since)
        if self._is_told and began - since > length + _WHOLE:
            length = began - since
        if self._is_measuring:
            self._length, self._trial_at = length, began
        else:
            self._limit = self._lowered
        return False

    def refused(self, began: float, came: float, wait: float | None) -> None:
        """Record that a call was refused because of the limit, with the seconds that the API asked to wait, if any."""
        self.in_flight -= 1
        told = came + wait if wait else -math.inf
        if began <= self._refused_at:  # it left before the refusal of another call came back
            self._opens = max(self._opens, told)
            return
        if self._closed_since is None:
            self._close(began, came)
        elif self._is_measuring or self._opened is None:
            self._shortest = max(self._shortest, min(began - self._closed_since, self._length))
        self._refused_at, self._is_told = came, bool(wait)
        self._opens = max(told, self._next_test(began, came))

    def _close(self, began: float, came: float) -> None:
        """Note what the refusal that closes a window shows; it began and came back at these times."""
        self._closed_at, self._is_full = came, False
        if math.isinf(self._length):
            self._is_measuring = self._opened is not None
            self._closed_since = came if self._opened is None else self._opened
            self._limit = max(1, self._since(came - _MINUTE if self._opened is None else self._opened))
            self._lowered = self._limit
            return
        used = min(self._since(began - 1.2 * self._length), self._limit)
        spacing = began - self._accepted[-self._limit] if len(self._accepted) >= self._limit else math.inf
        self._closed_since, self._lowered = self._accepted[-used] if used else came, self._limit
        self._is_measuring, self._is_full = False, used >= self._limit
        if spacing >= _SOON * self._length:  # no trial
            is_again, self._surprised_at = came - self._surprised_at < 2 * self._length, came
            if is_again:  # others use the account too, or the limit has changed
                passed = self._since(came - self._length if self._opened is None else self._opened)
                self._lowered = max(1, 3 * self._limit // 4, min(passed, self._limit - 1))
        self._trial_at = came

    def _next_test(self, began: float, came: float) -> float:
        """Return when to test whether a closed window is open again."""
        assert self._closed_since is not None
        if math.isfinite(self._length):
            due = self._closed_since + _MARGIN * self._length + _LATE
            if came == self._closed_at and not self._is_full:
                return min(due, came + _SHORT / 2)
            return due if due > came else came + self._length / 8  # somebody else uses the account too
        passed = max(began - self._closed_since, self._shortest if self._is_measuring else 0.0)
        length = next((length for length in _LENGTHS if length > passed), math.inf)
        if passed >= _MINUTE:  # maybe another program on this key fills each window as it opens: it isn't left alone
            length = min(length, passed + max(_MINUTE / 3, passed / 4))
        return max(came, self._closed_since + _MARGIN * length + _LATE)

    def announced(self, announcement: Announcement, began: float, came: float) -> None:
        """Take what the reply to a call announces; the call began, and the reply came, at these times."""
        told = self._told
        reset = announcement.reset or came + _UNSAID
        if told is None or began >= told.reset:
            self._told = _Told(announcement.remaining, reset, began)
        elif began >= told.began:
            told.remaining, told.reset = min(told.remaining, announcement.remaining), max(told.reset, reset)
        self._told_limit = announcement.limit or max(self._told_limit, announcement.remaining + 1)
        self._told_length = max(self._told_length, _chosen(reset - came))

    def announced_nothing(self, began: float) -> None:
        """Record that a call succeeded whose reply announced no limit."""
        if self._told is not None and began >= self._told.reset:
            self._told = None

    # -- estimates --------------------------------------------------------------------------------------------------

    @property
    def rate(self) -> Rate | None:
        """Limit of the API, as far as refusals or announcements have shown it; otherwise None."""
        if self._limit and math.isfinite(self._length):
            return Rate(self._limit, self._length)
        return Rate(self._told_limit, self._told_length) if self._told_length >= 0.5 else None

    def is_spent(self, now: float) -> bool:
        """Return whether calls wait for the limit."""
        rate = self.rate
        return rate is not None and (self._closed_since is not None or self._since(now - rate.seconds) >= rate.calls)

    def seconds_for(self, calls: int, now: float) -> float | None:
        """Return the seconds until this many more calls may have gone; None if the limit isn't known yet."""
        rate = self.rate
        if rate is None:
            if self._since(now - ASSUMED.seconds) > ASSUMED.calls:
                return None
            rate = ASSUMED
        times = [at for at in self._accepted if at > now - rate.seconds]
        left = max(0, rate.calls - len(times) - self.in_flight)
        if calls <= left:
            return 0.0
        windows, place = divmod(calls - left - 1, rate.calls)  # each call goes a window after the one in its place
        before = times[place] if place < len(times) else now
        return before + (windows + 1) * rate.seconds - now

    def _since(self, time: float) -> int:
        return sum(at >= time for at in self._accepted)


def _chosen(seconds: float) -> float:
    """Return the longest of the lengths that people choose for a window which these seconds allow."""
    return float(max((length for length in _LENGTHS if length <= seconds), default=seconds))
