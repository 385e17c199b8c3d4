"""Decide when a run may work, and for how long it goes on trying.

Input: settings, a clock and a time zone. Output: :class:`Hours`, which say when and why to stop. A window is open
whenever the local time is in it. So on days when the clocks change, it is an hour shorter or longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from importer.errors import OutOfHours
from importer.messages import Said, say
from importer.settings import Settings, TimeWindow

_MINUTE = 60
AT_THE_END = 30.0
"""Seconds before the end of the allowed hours at which a run stops, to finish calls and to write the results."""
_ROWS_WRITTEN = 15_000
"""Rows of results that a slow machine writes in a second. The results of a large file need more time."""


@dataclass(frozen=True)
class Hours:
    """Hours in which a run may work. Without an end, a run may work at any time and for any duration.

    Attributes:
        ends_at: seconds since 1970, by the system's clock; None: no end.
        why: the message at the end.
        clock: the system's clock. Unlike a run's own clock, it goes on while the computer sleeps.
        closes_at: when the window of the day closes, in seconds since 1970; None: there is no window.
    """

    ends_at: float | None = None
    why: Said = ""
    clock: Callable[[], float] = time.time
    closes_at: float | None = None

    @classmethod
    def of(cls, settings: Settings, clock: Callable[[], float] = time.time, zone: tzinfo | None = None) -> Hours:
        """Return the hours of a run that begins now.

        Args:
            settings: the window of the day, and the maximum time.
            clock: seconds since 1970, by the system's clock.
            zone: time zone of the window; None: the local one.

        Raises:
            OutOfHours: the current time is outside the window; nothing was sent.
        """
        now, ends, closes_at = clock(), [], None
        if (window := settings.between) is not None:
            _check(window, datetime.fromtimestamp(now, zone))
            closes_at = _closing(window, now, zone)
            ends.append((closes_at, say("stopped.window-over", window=str(window))))
        if settings.longest is not None:
            ends.append((now + settings.longest, say("stopped.time-over")))
        if not ends:
            return cls()
        ends_at, reason = min(ends, key=lambda end: end[0])
        return cls(ends_at, say("stopped.hours-over", why=reason), clock, closes_at)

    def patient(self, settings: Settings) -> Settings:
        """Return settings by which a run tries to reach the API until its window closes, unless they say how long."""
        if self.closes_at is None or settings.give_up is not None:
            return settings
        return replace(settings, give_up=max(1.0, self.closes_at - self.clock()))

    def over(self, rows: int = 0) -> Said | None:
        """Return the reason to stop if the allowed hours are nearly over, else None.

        Args:
            rows: number of rows of the current file, whose results are still to be written.
        """
        if self.ends_at is None or self.clock() < self.ends_at - AT_THE_END - rows / _ROWS_WRITTEN:
            return None
        return self.why


def for_a_person(settings: Settings) -> Settings:
    """Return settings without the profile's window if a person starts a run outside it: it is for unattended runs."""
    window = settings.between
    if window is None or "between" in settings.said or window.holds(datetime.now().astimezone().time()):
        return settings
    return replace(settings, between=None)


def _check(window: TimeWindow, shown: datetime) -> None:
    """Check that a local time is in a window.

    Raises:
        OutOfHours: the time is outside the window; nothing was sent.
    """
    if not window.holds(shown.time()):
        raise OutOfHours(say("stopped.out-of-hours", time=f"{shown:%H:%M}", window=str(window)))


def _closing(window: TimeWindow, now: float, zone: tzinfo | None) -> float:
    """Return when the window closes, in seconds since 1970. Try every minute: clocks change at full minutes."""
    minute = (now // _MINUTE + 1) * _MINUTE
    while window.holds(datetime.fromtimestamp(minute, zone).time()):
        minute += _MINUTE
    return minute
