"""Run read-only tasks in separate processes, so that the pages stay quick however large a file or a journal is.

Input: an upload and the choices for it, or a run. Output: the task's result, once there is one.
"""

from __future__ import annotations

import gc
import hashlib
import multiprocessing
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from importer.importing.corrections import Corrections
from importer.importing.overview import Overview
from importer.messages import say
from importer.page import tasks
from importer.page.choices import Choices
from importer.page.processes import begin, begin_reading, deaf
from importer.page.tasks import NOTHING, Hideable, Unread
from importer.page.uploads import DroppedFile
from importer.settings import Settings

A_MOMENT = 0.7
"""Seconds that a screen waits for the result before it says that the file is being read."""

GOOD_FOR = 60.0
"""Seconds for which a result is shown again. A run reads the file anew before it sends."""

_PROCESSES = 2

_T = TypeVar("_T")
_Key = tuple[str, str, bool]
"""Key of a task: an upload's ID, the query of its choices, whether rows are corrected; or empty, and a run's name."""


@dataclass
class _Task:
    future: Future[Any]
    given: tuple[Settings, Corrections]
    done_at: float | None = None

    def is_good(self, given: tuple[Settings, Corrections], good_for: float) -> bool:
        """Return whether the task's result may still be shown."""
        if self.future.done() and self.done_at is None:
            self.done_at = time.monotonic()
        return self.given == given and (self.done_at is None or time.monotonic() < self.done_at + good_for)


class Readers:
    """Read-only tasks that are under way or were finished lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looks: dict[_Key, _Task] = {}
        self._pool = _pool()
        self._template: bytes | None = None

    def begin(self) -> None:
        """Start a process in advance, so that nobody has to wait for its start."""
        with deaf():
            self._pool.submit(begin)

    def look(
        self,
        upload: DroppedFile,
        choices: Choices,
        settings: Settings,
        corrections: Corrections,
        *,
        wait: float,
        good_for: float = GOOD_FOR,
    ) -> Overview | Unread | None:
        """Return the overview of a file, or why it can't be read; None while the file is being read.

        Args:
            upload: the file.
            choices: the choices for the file.
            settings: the settings with these choices.
            corrections: what a person corrected in the file.
            wait: the longest wait, in seconds.
            good_for: the seconds for which an earlier look counts.
        """
        report = report_path(upload, choices, corrections)
        check = partial(tasks.check, upload.folder, upload.name, settings, report, corrections)
        key = upload.id, choices.query, bool(corrections.by_row)
        return self._found(key, (settings, corrections), check, wait, good_for)

    def to_hide(
        self, run: str | None, upload: DroppedFile | None, settings: Settings, *, wait: float, undo: bool = False
    ) -> Hideable | Unread | None:
        """Return the notes that would be hidden, or why that is unknown; None while they are being looked for.

        Args:
            run: the run's name; None for duplicates.
            upload: the run's file, if it is kept.
            settings: the settings by which the file was read.
            wait: the longest wait, in seconds.
            undo: whether hidden notes are to be given back.
        """
        folder, name = (None, "") if upload is None else (upload.folder, upload.name)
        corrections = NOTHING if upload is None else upload.corrections(upload.choices)
        task = partial(tasks.to_hide, run, settings, folder, name, corrections, undo=undo)
        return self._found(("", f"{run} {undo}", False), (settings, corrections), task, wait)

    def done(self, task: Callable[[], _T]) -> _T | Unread:
        """Return what a task returns, however long it takes; or why it failed."""
        with self._lock, deaf():
            future: Future[_T | Unread] = self._pool.submit(task)
        result = self._result(future, None)
        assert result is not None
        return result

    def _found(
        self,
        key: _Key,
        given: tuple[Settings, Corrections],
        task: Callable[[], _T | Unread],
        wait: float,
        good_for: float = GOOD_FOR,
    ) -> _T | Unread | None:
        with self._lock:
            read_task = self._looks.get(key)
            if read_task is None or not read_task.is_good(given, good_for):
                with deaf():
                    read_task = self._looks[key] = _Task(self._pool.submit(task), given)
        return self._result(read_task.future, wait)

    def _result(self, future: Future[_T | Unread], wait: float | None) -> _T | Unread | None:
        """Return what a future holds, or why its task failed; None if it isn't done after this number of seconds."""
        try:
            return future.result(wait)
        except NotYet:
            return None
        except BrokenProcessPool:
            self._begin_anew()
            return Unread(say("page.unread.broke-off"))
        except Exception as error:  # noqa: BLE001 - whatever it is, a person gets words and not a traceback
            return tasks.unread(error)

    def forget(self, upload: DroppedFile | None = None) -> None:
        """Discard the results about a file, or about the notes to hide, because something has changed."""
        number = "" if upload is None else upload.id
        with self._lock:
            for key in [key for key in self._looks if key[0] == number]:
                del self._looks[key]

    def template(self) -> bytes:
        """Return the bytes of the workbook to fill in."""
        if self._template is None:
            with deaf():
                future = self._pool.submit(tasks.template)
            self._template = future.result()
        return self._template

    def close(self) -> None:
        """End all tasks, and release the pool's system resources, because the program may end at once."""
        for process in [*(self._pool._processes or {}).values()]:
            process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)
        del self._pool
        gc.collect()

    def _begin_anew(self) -> None:
        with self._lock:
            self._looks.clear()
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = _pool()


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(_PROCESSES, multiprocessing.get_context("spawn"), begin_reading)


def report_path(upload: DroppedFile, choices: Choices, corrections: Corrections = NOTHING) -> Path:
    """Return the path of the list of a file's problems, which exists once the file was read like this."""
    way = choices.query + ("&corrected" if corrections.by_row else "")
    digest = hashlib.sha256(way.encode()).hexdigest()[:16]
    return upload.folder / f"problems-{digest}" / "problems.csv"
