"""A program, run again while it stops before its end and its window of the day is open.

Comes in: how to run it, the window, a clock. Goes out: the exit status that counts. What ended with another status than
3 isn't repeated: 2 and 4 need a person, 0 and 1 are done. An end that is none of these, as when the system kills it for
want of memory, counts as 3.
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
from importer.settings.sources import TRIES_VARIABLE
from importer.settings.times import Span

_MARGIN = 60.0
"""Seconds: a try that would begin so short before the window closes may come too late, and isn't counted on."""


@dataclass(frozen=True)
class Tries:
    """How a run that stops before its end is tried again; whoever does that tells the run by an environment variable.

    Attributes:
        window: while it is open.
        every: seconds from an end to the next beginning.
    """

    window: TimeWindow
    every: float

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Tries | None:
        """What a run was told; None: nobody tries it again.

        Raises:
            BadSettings: the variable holds something else.
        """
        if not (text := environment.get(TRIES_VARIABLE)):
            return None
        window, _, every = text.partition(" ")
        try:
            return cls(TimeWindow.parse(window), Span().read(every))
        except BadSettings as error:
            why = error.reason
            raise BadSettings(say("repeating.bad-variable", name=TRIES_VARIABLE, error=why)) from error

    @property
    def variable(self) -> tuple[str, str]:
        """The variable's name and value, for a run."""
        return TRIES_VARIABLE, f"{self.window} {self.every:g}s"

    def goes_on(self, ended: Sequence[FileEnded], now: datetime) -> bool:
        """Whether another try follows that tells all there is to tell, so that nobody needs to hear of this one.

        What is in the archive with rows that need a person isn't there for the next one.
        """
        if any(one.exit_status == 1 and one.archived for one in ended):
            return False
        next_one = now + timedelta(seconds=self.every + _MARGIN)
        return max(one.exit_status for one in ended) == Stopped.exit_status and self.window.holds(next_one.time())


def repeat(run: Callable[[], int], tries: Tries, *, now: Callable[[], datetime], wait: Callable[[float], bool]) -> int:
    """Run something, again and again while that helps; the last exit status.

    Args:
        run: runs it once; its exit status.
        tries: while what window is open by the clock on the wall it is run again, and how soon.
        now: the local time.
        wait: waits so many seconds; whether that was broken off, and nothing is to be run any more.

    Raises:
        Interrupted: the window isn't open; nothing was run.
    """
    hours.check(tries.window, now())
    while True:
        status = run()
        if status != Stopped.exit_status or wait(tries.every) or not tries.window.holds(now().time()):
            return status


def broke_off(status: int) -> Message | None:
    """What is said of a status that isn't the program's own; None where it is."""
    if 0 <= status <= 4:
        return None
    how = say("repeating.exit-status", status=str(status))
    if status < 0:
        with contextlib.suppress(ValueError):
            how = words(signal.Signals(-status).name)
    return say("repeating.broke-off", how=how)
