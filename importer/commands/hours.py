"""Decide when a run may work, and run a program again while it stops early and its window of the day is open.

Input: settings, a clock and a time zone. Output: :class:`Hours`, which say when and why to stop; :class:`Tries`; the
exit status of the last try. A window is open whenever the local time is in it. So on days when the clocks change, it is
an hour shorter or longer. Only status 3 is repeated, because 2 and 4 need a person, and 0 and 1 are final. Any other
end counts as 3, as when the system kills the program for lack of memory.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from importer.errors import BadSettings, OutOfHours, Stopped
from importer.messages import Message, Said, say, words
from importer.settings import Settings, TimeWindow
from importer.settings.kinds import Span
from importer.settings.sources import TRIES_VARIABLE

_MINUTE = 60
AT_THE_END = 30.0
"""Seconds before the end of the allowed hours at which a run stops, to finish calls and to write the results."""
_ROWS_WRITTEN = 15_000
"""Rows of results that a slow machine writes in a second. The results of a large file need more time."""


_MARGIN = 60.0
"""Seconds before the window closes. A try that is due later than that may not happen, so nobody relies on it."""


@dataclass(frozen=True)
class Hours:
    """Hours in which a run may work. Without an end, a run may work at any time and for any duration.

    Attributes:
        ends_at: seconds since 1970, by the system's clock; None: no end.
        why: the message at the end.
        clock: the system's clock. Unlike a run's own clock, it goes on while the computer sleeps.
    """

    ends_at: float | None = None
    why: Said = ""
    clock: Callable[[], float] = time.time

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
        now, ends = clock(), []
        if (window := settings.between) is not None:
            check(window, datetime.fromtimestamp(now, zone))
            ends.append((_closing(window, now, zone), say("stopped.window-over", window=str(window))))
        if settings.longest is not None:
            ends.append((now + settings.longest, say("stopped.time-over")))
        if not ends:
            return cls()
        ends_at, reason = min(ends, key=lambda end: end[0])
        return cls(ends_at, say("stopped.hours-over", why=reason), clock)

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


def check(window: TimeWindow, shown: datetime) -> None:
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


# -- repeating ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tries:
    """Schedule for trying a run again if it stops early. The run reads the schedule from an environment variable.

    Attributes:
        window: window of the day in which the run is tried again.
        every: seconds from the end of a try to the next one.
    """

    window: TimeWindow
    every: float

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Tries | None:
        """Return the schedule that a run was given, or None if the run is not tried again.

        Raises:
            BadSettings: the variable contains something else.
        """
        if not (text := environment.get(TRIES_VARIABLE)):
            return None
        window, _, every = text.partition(" ")
        try:
            return cls(TimeWindow.parse(window), Span().read(every))
        except BadSettings as error:
            reason = error.reason
            raise BadSettings(say("repeating.bad-variable", name=TRIES_VARIABLE, error=reason)) from error

    @property
    def variable(self) -> tuple[str, str]:
        """Name and value of the environment variable that passes the schedule to a run."""
        return TRIES_VARIABLE, f"{self.window} {self.every:g}s"

    def follow(self, at: datetime) -> bool:
        """Return whether another try certainly follows a run that stops early at this local time."""
        return self.window.holds((at + timedelta(seconds=self.every + _MARGIN)).time())


def repeat(
    run: Callable[[], int],
    tries: Tries,
    *,
    now: Callable[[], datetime],
    wait: Callable[[float], bool],
    tell: Callable[[Message], None],
) -> int:
    """Run a program, and again while it stops early and the window is open. Return the last exit status.

    Args:
        run: runs the program once, and returns its exit status.
        tries: the window of the day by local time, and the seconds between tries.
        now: the local time.
        wait: waits so many seconds, and returns whether it was interrupted, so that nothing more is to be run.
        tell: receives when the next try is, or that none fits into the window any more.

    Raises:
        Interrupted: the window isn't open; nothing was run.
    """
    check(tries.window, now())
    while True:
        status = run()
        if status != Stopped.exit_status:
            return status
        at = now() + timedelta(seconds=tries.every)
        if not tries.window.holds(at.time()):
            tell(say("repeating.no-further-try", window=str(tries.window)))
            return status
        tell(say("repeating.next-try", time=f"{at:%H:%M}"))
        if wait(tries.every) or not tries.window.holds(now().time()):
            return status


def broke_off(status: int) -> Message | None:
    """Return a message about an exit status that isn't one of the program's own (0 to 4); None for these."""
    if 0 <= status <= 4:
        return None
    reason = say("repeating.exit-status", status=str(status))
    if status < 0:
        with contextlib.suppress(ValueError):
            reason = words(signal.Signals(-status).name)
    return say("repeating.broke-off", how=reason)
