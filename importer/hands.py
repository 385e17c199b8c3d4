"""Who carries the calls: work with its call in, work with what its call came to out, as they come back."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

Work = TypeVar("Work")

LONGEST_WAIT = 0.5
"""Seconds that the main thread waits at a stretch, so that it hears Ctrl-C soon on every system."""


class Hands(Protocol[Work]):
    """Who carries the calls: threads, or in a test the caller itself."""

    def submit(self, work: Work, call: Callable[[], object]) -> None:
        """Begin a call."""

    def wait(self, seconds: float) -> list[tuple[Work, Future[object]]]:
        """The calls that came back, waiting for the first of them at most so long."""


class Threads(Generic[Work]):
    """Calls carried by a pool of threads."""

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="call")
        self._back: queue.SimpleQueue[tuple[Work, Future[object]]] = queue.SimpleQueue()

    def submit(self, work: Work, call: Callable[[], object]) -> None:
        """Begin a call."""
        self._pool.submit(call).add_done_callback(lambda future: self._back.put((work, future)))

    def wait(self, seconds: float) -> list[tuple[Work, Future[object]]]:
        """The calls that came back, waiting for the first of them at most so long."""
        found = []
        with contextlib.suppress(queue.Empty):
            found.append(self._back.get(timeout=min(seconds, LONGEST_WAIT)))
            while True:
                found.append(self._back.get_nowait())
        return found

    def close(self) -> None:
        """Let the threads go; what is still under way is left to its timeout."""
        self._pool.shutdown(wait=False, cancel_futures=True)
