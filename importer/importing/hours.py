"""Decide when a run may work and for how long it goes on trying, and estimate how long it takes.

Input: settings, a clock and a time zone; the calls of a run, and the limits that an earlier run learned. Output:
:class:`Hours`, which say when and why to stop; an :class:`Estimate`. A window is open whenever the local time is in it.
So on days when the clocks change, it is an hour shorter or longer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from importer.api import Endpoint
from importer.calls.windows import ASSUMED
from importer.errors import Interrupted
from importer.messages import Said, say
from importer.settings import Settings
from importer.settings.kinds import Rate, TimeWindow

_MINUTE = 60
AT_THE_END = 30.0
"""Seconds before the end of the allowed hours at which a run stops, to finish calls and to write the results."""
_ROWS_WRITTEN = 4_000
"""Rows of results that a slow machine writes in a second. The results of a large file need more time."""


@dataclass(frozen=True)
class Hours:
    """Hours in which a run may work. Without an end, a run may work at any time and for any duration.

    Attributes:
        closes_at: when the window of the day closes, in seconds since 1970; None: there is no window.
        why: the message at its end.
        clock: the system's clock. Unlike a run's own clock, it goes on while the computer sleeps.
    """

    closes_at: float | None = None
    why: Said = ""
    clock: Callable[[], float] = time.time

    @classmethod
    def of(cls, settings: Settings, clock: Callable[[], float] = time.time, zone: tzinfo | None = None) -> Hours:
        """Return the hours of a run that begins now.

        Args:
            settings: the window of the day.
            clock: seconds since 1970, by the system's clock.
            zone: time zone of the window; None: the local one.

        Raises:
            Interrupted: the current time is outside the window; nothing was sent.
        """
        if (window := settings.between) is None:
            return cls()
        now = clock()
        shown = datetime.fromtimestamp(now, zone)
        if not window.holds(shown.time()):
            raise Interrupted(say("stopped.out-of-hours", time=f"{shown:%H:%M}", window=str(window)))
        why = say("stopped.hours-over", window=str(window))
        return cls(_closing(window, now, zone), why, clock)

    def patient(self, settings: Settings) -> Settings:
        """Return settings by which a run tries to reach the API until its window closes, unless they say how long."""
        if self.closes_at is None or settings.give_up is not None:
            return settings
        return replace(settings, give_up=max(1.0, self.closes_at - self.clock()))

    def left(self, rows: int = 0) -> float:
        """Return the seconds until the run has to stop, to write the results of this number of rows."""
        return math.inf if self.closes_at is None else self.closes_at - self.clock() - AT_THE_END - rows / _ROWS_WRITTEN

    def over(self, rows: int = 0) -> Said | None:
        """Return the reason to stop if the allowed hours are nearly over, else None; see :meth:`left`."""
        return self.why if self.left(rows) <= 0 else None


def for_a_person(settings: Settings) -> Settings:
    """Return settings without the profile's window if a person starts a run outside it: it is for unattended runs."""
    window = settings.between
    if window is None or "between" in settings.origin.said or window.holds(datetime.now().astimezone().time()):
        return settings
    return replace(settings, between=None)


def _closing(window: TimeWindow, now: float, zone: tzinfo | None) -> float:
    """Return when the window closes, in seconds since 1970. Try every minute: clocks change at full minutes."""
    minute = (now // _MINUTE + 1) * _MINUTE
    while window.holds(datetime.fromtimestamp(minute, zone).time()):
        minute += _MINUTE
    return minute


@dataclass(frozen=True)
class Estimate:
    """How long the calls of a run take, one kind after the other.

    Attributes:
        seconds: the whole duration.
        rate: the limit for the kind that takes longest, which is told. Of equals, it is the last.
        is_assumed: whether no earlier run has seen that limit, so that other accounts' is assumed.
    """

    seconds: float
    rate: Rate
    is_assumed: bool


def estimated(calls: Mapping[Endpoint, int], learned: Mapping[Endpoint, Rate], own: Rate | None) -> Estimate:
    """Estimate how long some calls take, whether or not a person set a slower rate of their ``own``."""
    rates = {kind: learned.get(kind, ASSUMED) for kind in calls}
    if own is not None:
        rates = {kind: min(own, rate, key=lambda one: one.calls / one.seconds) for kind, rate in rates.items()}
    takes = {kind: (max(1, number) - 1) // rates[kind].calls * rates[kind].seconds for kind, number in calls.items()}
    longest = max(reversed(takes), key=takes.__getitem__)
    return Estimate(sum(takes.values()), rates[longest], longest not in learned and rates[longest] == ASSUMED)
