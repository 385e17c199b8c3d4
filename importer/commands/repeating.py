"""Run a program again while it stops early and its window of the day is open.

Input: how to run it, the window, a clock. Output: the last exit status. Only status 3 is repeated, because 2 and 4 need
a person, and 0 and 1 are final. Any other end counts as 3, as when the system kills the program for lack of memory.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from importer.commands import hours
from importer.commands.batch import FileEnded
from importer.errors import BadSettings, Stopped
from importer.messages import Message, say, words
from importer.settings import TimeWindow
from importer.settings.kinds import Span
from importer.settings.sources import TRIES_VARIABLE

_MARGIN = 60.0
"""Seconds before the window closes. A try that is due later than that may not happen, so nobody relies on it."""


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

    def goes_on(self, ended: Sequence[FileEnded], now: datetime) -> bool:
        """Return whether another try follows and reports everything, so that nobody needs to be notified of this one.

        A file in the archive isn't tried again, so its rows that need a person must be reported now.
        """
        if any(file.exit_status == 1 and file.archived for file in ended):
            return False
        next_start = now + timedelta(seconds=self.every + _MARGIN)
        return max(file.exit_status for file in ended) == Stopped.exit_status and self.window.holds(next_start.time())


def repeat(run: Callable[[], int], tries: Tries, *, now: Callable[[], datetime], wait: Callable[[float], bool]) -> int:
    """Run a program, and again while it stops early and the window is open. Return the last exit status.

    Args:
        run: runs the program once, and returns its exit status.
        tries: the window of the day by local time, and the seconds between tries.
        now: the local time.
        wait: waits so many seconds, and returns whether it was interrupted, so that nothing more is to be run.

    Raises:
        Interrupted: the window isn't open; nothing was run.
    """
    hours.check(tries.window, now())
    while True:
        status = run()
        if status != Stopped.exit_status or wait(tries.every) or not tries.window.holds(now().time()):
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
