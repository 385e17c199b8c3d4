"""Make calls in a pool of threads. Input: tasks. Output: tasks with their replies, as they come back."""

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
"""Longest wait of the main thread at one time, in seconds, so that Ctrl-C is noticed soon on every system."""


class WorkerPool(Protocol[Task]):
    """Pool that makes calls, in threads or, in a test, without them."""

    def submit(self, task: Task, perform: Callable[[Task], Reply[Any]]) -> None:
        """Begin a call."""

    def wait(self, seconds: float) -> list[tuple[Task, Reply[Any]]]:
        """Return the calls that came back; wait at most this long for the first of them."""


class Threads(Generic[Task]):
    """Pool of threads that makes calls. Raises NoThread if the system starts no thread."""

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="call")
        self._one = ThreadPoolExecutor(1, thread_name_prefix="call-apart")  # makes all calls of tasks that are apart
        self._back: queue.SimpleQueue[tuple[Task, Reply[Any] | BaseException]] = queue.SimpleQueue()
        try:
            for pool in (self._pool, self._one):
                pool.submit(int).result()
        except RuntimeError as error:
            raise NoThread(say("stopped.no-thread", error=str(error))) from error

    def submit(self, task: Task, perform: Callable[[Task], Reply[Any]]) -> None:
        """Begin a call; tasks that are *apart* share one thread, and so one connection.

        The pool takes the call before it starts a thread. If no more threads start, an existing one makes the call.
        """
        pool = self._one if getattr(task, "is_apart", False) else self._pool
        with contextlib.suppress(RuntimeError):
            pool.submit(self._carry, task, perform)

    def _carry(self, task: Task, perform: Callable[[Task], Reply[Any]]) -> None:
        try:
            self._back.put((task, perform(task)))
        except BaseException as error:  # noqa: BLE001 - raised in the main thread
            self._back.put((task, error))

    def wait(self, seconds: float) -> list[tuple[Task, Reply[Any]]]:
        """Return the calls that came back; wait at most this long for the first of them.

        Anything that :func:`perform` raised is a bug of ours. It is raised here once nothing else has come back,
        because the replies to the other calls are valid and must be recorded.
        """
        results = []
        with contextlib.suppress(queue.Empty):
            results.append(self._back.get(timeout=min(seconds, LONGEST_WAIT)))
            while True:
                results.append(self._back.get_nowait())
        replies = [(task, reply) for task, reply in results if not isinstance(reply, BaseException)]
        errors = [(task, error) for task, error in results if isinstance(error, BaseException)]
        for task, error in errors if replies else ():
            self._back.put((task, error))
        if errors and not replies:
            raise errors[0][1]
        return replies

    def close(self, *, wait: bool = False) -> None:
        """Close the pool; calls in flight are left to their timeout or, with ``wait``, waited for."""
        for pool in (self._pool, self._one):
            pool.shutdown(wait=wait, cancel_futures=not wait)
