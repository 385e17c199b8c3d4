"""When a run may be at work: a window of the day by the clock on the wall, and so long at most.

Comes in: settings, a clock and a zone. Goes out: :class:`Hours`, which says why it is time to end. The window is open
whenever a clock on the wall shows a time in it: on the days on which clocks are set, it is an hour shorter or longer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from importer.errors import OutOfHours
from importer.messages import Said, say
from importer.settings import Settings, TimeWindow

_MINUTE = 60
_AT_THE_END = 30.0
"""Seconds before its hours are over at which a run stops: for calls under way, and for the results."""
_ROWS_WRITTEN = 15_000
"""Rows of results that a slow machine writes in a second; of a large file they take longer."""


@dataclass(frozen=True)
class Hours:
    """The hours in which a run may be at work; without an end, whenever and however long it likes.

    Attributes:
        ends_at: seconds since 1970, by the system's clock; None: never.
        why: what is said at the end.
        clock: the system's; unlike a run's own it goes on while a computer sleeps.
    """

    ends_at: float | None = None
    why: Said = ""
    clock: Callable[[], float] = time.time

    @classmethod
    def of(cls, settings: Settings, clock: Callable[[], float] = time.time, zone: tzinfo | None = None) -> Hours:
        """The hours of a run that begins now.

        Args:
            settings: which say when.
            clock: seconds since 1970, by the system's clock.
            zone: where the clock on the wall hangs; None: here.

        Raises:
            OutOfHours: now is outside of the window; nothing was sent.
        """
        now, found = clock(), []
        if (window := settings.between) is not None:
            check(window, _on_the_wall(now, zone))
            found.append((_closing(window, now, zone), say("stopped.window-over", window=str(window))))
        if settings.longest is not None:
            found.append((now + settings.longest, say("stopped.time-over")))
        if not found:
            return cls()
        ends_at, why = min(found, key=lambda end: end[0])
        return cls(ends_at, say("stopped.hours-over", why=why), clock)

    def over(self, rows: int = 0) -> Said | None:
        """Why it is time to end, or None.

        Args:
            rows: of the file at hand, whose results are still to be written.
        """
        if self.ends_at is None or self.clock() < self.ends_at - _AT_THE_END - rows / _ROWS_WRITTEN:
            return None
        return self.why


def check(window: TimeWindow, shown: datetime) -> None:
    """See whether a window is open by what the clock on the wall shows.

    Raises:
        OutOfHours: it isn't; nothing was sent.
    """
    if not window.holds(shown.time()):
        raise OutOfHours(say("stopped.out-of-hours", time=f"{shown:%H:%M}", window=str(window)))


def _on_the_wall(at: float, zone: tzinfo | None) -> datetime:
    """What the clock on the wall shows; clocks are set in whole minutes, so nothing happens between these."""
    return datetime.fromtimestamp(at, zone)


def _closing(window: TimeWindow, now: float, zone: tzinfo | None) -> float:
    """The first minute after the open window in which a clock on the wall shows a time outside of it."""
    minute = (now // _MINUTE + 1) * _MINUTE
    while window.holds(_on_the_wall(minute, zone).time()):
        minute += _MINUTE
    return minute
