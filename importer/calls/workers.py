"""Who carries the calls: tasks in, tasks with their replies out, as they come back."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, Protocol, TypeVar

from importer.api import Reply

Task = TypeVar("Task")

LONGEST_WAIT = 0.5
"""Seconds that the main thread waits at a stretch, so that it hears Ctrl-C soon on every system."""


class WorkerPool(Protocol[Task]):
    """Carries calls: with threads, or in a test by itself."""

    def submit(self, task: Task, perform: Callable[[Task], Reply[Any]]) -> None:
        """Begin a call."""

    def wait(self, seconds: float) -> list[tuple[Task, Reply[Any]]]:
        """The calls that came back, waiting for the first of them at most so long."""


class Threads(Generic[Task]):
    """Calls carried by a pool of threads."""

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="call")
        self._back: queue.SimpleQueue[tuple[Task, Future[Reply[Any]]]] = queue.SimpleQueue()

    def submit(self, task: Task, perform: Callable[[Task], Reply[Any]]) -> None:
        """Begin a call."""
        self._pool.submit(perform, task).add_done_callback(lambda future: self._back.put((task, future)))

    def wait(self, seconds: float) -> list[tuple[Task, Reply[Any]]]:
        """The calls that came back, waiting for the first of them at most so long.

        Whatever :func:`perform` raised is a bug of ours. It is raised here, once nothing else has come back: what the
        other calls came to is true, and must be written down.
        """
        found = []
        with contextlib.suppress(queue.Empty):
            found.append(self._back.get(timeout=min(seconds, LONGEST_WAIT)))
            while True:
                found.append(self._back.get_nowait())
        whole = [(task, future.result()) for task, future in found if future.exception() is None]
        broken = [(task, future) for task, future in found if future.exception() is not None]
        for task, future in broken if whole else ():
            self._back.put((task, future))
        if broken and not whole:
            broken[0][1].result()
        return whole

    def close(self, *, wait: bool = False) -> None:
        """Let the threads go; what is still under way is left to its timeout, or with ``wait`` waited for."""
        self._pool.shutdown(wait=wait, cancel_futures=not wait)
