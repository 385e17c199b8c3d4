"""Who carries the calls: tasks in, tasks with their replies out, as they come back."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, Protocol, TypeVar

from importer.api import Reply
from importer.errors import NoThread
from importer.messages import say

Task = TypeVar("Task")

LONGEST_WAIT = 0.5
"""Seconds that the main thread waits at a stretch, so that it hears Ctrl-C soon on every system."""


class WorkerPool(Protocol[Task]):
    """Carries calls: with threads, or in a test by itself."""

    def submit(self, task: Task, perform: Callable[[Task], Reply[Any]]) -> None:
        """Begin a call. Raises NoThread; then it never begins."""

    def wait(self, seconds: float) -> list[tuple[Task, Reply[Any]]]:
        """The calls that came back, waiting for the first of them at most so long."""


class Threads(Generic[Task]):
    """Calls carried by a pool of threads."""

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="call")
        self._has_threads = False
        self._back: queue.SimpleQueue[tuple[Task, Reply[Any] | BaseException]] = queue.SimpleQueue()

    def submit(self, task: Task, perform: Callable[[Task], Reply[Any]]) -> None:
        """Begin a call.

        The pool has taken the call before it starts a thread. If that fails, one that it has carries the call.

        Raises:
            NoThread: it has none, so the call never begins.
        """
        try:
            self._pool.submit(self._carry, task, perform)
        except RuntimeError as error:
            if not self._has_threads:
                self._pool.shutdown(wait=False, cancel_futures=True)
                raise NoThread(say("stopped.no-thread", error=str(error))) from error
        self._has_threads = True

    def _carry(self, task: Task, perform: Callable[[Task], Reply[Any]]) -> None:
        try:
            self._back.put((task, perform(task)))
        except BaseException as error:  # noqa: BLE001 - raised in the main thread
            self._back.put((task, error))

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
        whole = [(task, reply) for task, reply in found if not isinstance(reply, BaseException)]
        broken = [(task, error) for task, error in found if isinstance(error, BaseException)]
        for task, error in broken if whole else ():
            self._back.put((task, error))
        if broken and not whole:
            raise broken[0][1]
        return whole

    def close(self, *, wait: bool = False) -> None:
        """Let the threads go; what is still under way is left to its timeout, or with ``wait`` waited for."""
        self._pool.shutdown(wait=wait, cancel_futures=not wait)
