"""A program, run again while it stops before its end and its window of the day is open.

Comes in: how to run it, the window, a clock. Goes out: the exit status that counts. What ended with another status than
3 isn't repeated: 2 and 4 need a person, 0 and 1 are done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from importer.errors import Stopped
from importer.settings import Window


def repeat(
    run: Callable[[], int], window: Window, every: float, *, now: Callable[[], datetime], wait: Callable[[float], bool]
) -> int:
    """Run something, again and again while that helps; the last exit status.

    Args:
        run: runs it once; its exit status.
        window: while it is open by the clock on the wall, it is run again.
        every: seconds from an end to the next beginning.
        now: the local time.
        wait: waits so many seconds; whether that was broken off, and nothing is to be run any more.
    """
    while True:
        status = run()
        if status != Stopped.exit_status or wait(every) or not window.holds(now().time()):
            return status
