"""A program, run again while it stops before its end and its window of the day is open.

Comes in: how to run it, the window, a clock. Goes out: the exit status that counts. What ended with another status than
3 isn't repeated: 2 and 4 need a person, 0 and 1 are done. An end that is none of these, as when the system kills it for
want of memory, counts as 3.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable
from datetime import datetime

from importer.commands import hours
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

    Raises:
        Interrupted: the window isn't open; nothing was run.
    """
    hours.check(window, now())
    while True:
        status = run()
        if status != Stopped.exit_status or wait(every) or not window.holds(now().time()):
            return status


def broke_off(status: int) -> str | None:
    """What is said of a status that isn't the program's own; None where it is."""
    if 0 <= status <= 4:
        return None
    how = f"exit status {status}"
    if status < 0:
        with contextlib.suppress(ValueError):
            how = signal.Signals(-status).name
    return (
        f"The command ended all at once ({how}), as when the computer's memory runs out or somebody ends it by force."
        " What was delivered is recorded, and what was under way is looked up before anything is sent again. It is"
        " begun again while the window is open."
    )
