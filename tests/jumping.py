"""A clock for imports and sandboxes of this process, which jumps over pauses in which no call is under way.

Everything else is real: the calls, their timeouts, the journal's commits. So a test of many retries waits for none.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from importer.api import Reply
from importer.calls.workers import LONGEST_WAIT, Threads
from tests.sandbox.clock import Clock


class Jumping:
    """The clock: seconds since 1970, never going back."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def __call__(self) -> float:
        return time.monotonic() + self._offset

    def jump(self, seconds: float) -> None:
        self._offset += seconds


class Impatient(Threads[Any]):
    """Threads whose owner doesn't wait while none of them has anything to do, but puts the clock forward."""

    def __init__(self, workers: int, clock: Jumping) -> None:
        super().__init__(workers)
        self._clock, self._under_way = clock, 0

    def submit(self, task: Any, perform: Callable[[Any], Reply[Any]]) -> None:
        self._under_way += 1
        super().submit(task, perform)

    def wait(self, seconds: float) -> list[tuple[Any, Reply[Any]]]:
        if not self._under_way:
            self._clock.jump(min(seconds, LONGEST_WAIT))  # in steps, since progress is told after each
            return []
        found = super().wait(seconds)
        self._under_way -= len(found)
        return found


@contextmanager
def jumping() -> Iterator[Jumping]:
    """Imports and sandboxes that begin inside the block have such a clock, one for all of them."""
    clock = Jumping()
    with (
        patch("importer.operations.doctor.steady_clock", lambda: clock),  # first: it would keep a clock of calling
        patch("importer.importing.api_context.Threads", lambda workers: Impatient(workers, clock)),
        patch("importer.importing.api_context.steady_clock", lambda: clock),
        patch.object(
            Clock, "now", lambda self: (clock if self._source is time.time else self._source)() + self._offset
        ),
    ):
        yield clock
