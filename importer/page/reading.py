"""What is only looked at, in processes of their own: the pages stay quick however large a file or a journal is.

Comes in: an upload and what was chosen for it, or a run. Goes out: what was found, once it is.
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

from importer.commands.overview import Overview
from importer.page import tasks
from importer.page.choices import Choices
from importer.page.processes import deaf
from importer.page.tasks import FAULT, Hideable, Unread
from importer.page.uploads import DroppedFile
from importer.settings import Settings

A_MOMENT = 0.7
"""Seconds for which a screen waits instead of saying that the file is being read."""

_PROCESSES = 2
_GOOD_FOR = 60.0  # seconds for which what was found is shown again; a run looks for itself before it sends

_T = TypeVar("_T")
_Key = tuple[str, str]
"""An upload's id and what was chosen for it; or nothing, and a run."""


@dataclass
class _Task:
    future: Future[Any]
    settings: Settings
    done_at: float | None = None

    def is_good(self, settings: Settings) -> bool:
        """Whether what it finds, or found, may still be shown."""
        if self.future.done() and self.done_at is None:
            self.done_at = time.monotonic()
        return self.settings == settings and (self.done_at is None or time.monotonic() < self.done_at + _GOOD_FOR)


class Readers:
    """All files that are being read, or were lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looks: dict[_Key, _Task] = {}
        self._pool = _pool()
        self._template: bytes | None = None

    def begin(self) -> None:
        """Begin a process before anybody waits for it."""
        with deaf():
            self._pool.submit(tasks.begin)

    def look(
        self, upload: DroppedFile, choices: Choices, settings: Settings, *, wait: float
    ) -> Overview | Unread | None:
        """What was found in a file; None while it is still read.

        Args:
            upload: the file.
            choices: what was chosen for it.
            settings: with these choices.
            wait: seconds.
        """
        report = _report(upload, choices)
        check = partial(tasks.check, upload.folder, upload.name, settings, report)
        return self._found((upload.id, choices.query), settings, check, wait)

    def to_hide(
        self, run: str | None, upload: DroppedFile | None, settings: Settings, *, wait: float
    ) -> Hideable | Unread | None:
        """What there is to hide; None while that is still looked at.

        Args:
            run: its name; None: what is there more than once.
            upload: its file, if that is kept.
            settings: by which the file was read.
            wait: seconds.
        """
        folder, name = (None, "") if upload is None else (upload.folder, upload.name)
        return self._found(("", str(run)), settings, partial(tasks.to_hide, run, settings, folder, name), wait)

    def _found(self, key: _Key, settings: Settings, task: Callable[[], _T | Unread], wait: float) -> _T | Unread | None:
        look = self._look(key, settings, task)
        found: _T | Unread
        try:
            found = look.future.result(wait)
        except NotYet:
            return None
        except BrokenProcessPool:
            self._begin_anew()
            found = Unread(
                "Reading it broke off: the computer may be short of memory. Close other programs, or split the file."
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, a person gets words and not a traceback
            found = Unread(FAULT.format(type(error).__name__))
        return found

    def report(self, upload: DroppedFile, choices: Choices) -> Path:
        """Where every problem of a file is listed, once it was read with these choices."""
        return _report(upload, choices)

    def forget(self, upload: DroppedFile | None = None) -> None:
        """Look anew the next time, at a file or at what there is to hide: something has been done."""
        number = "" if upload is None else upload.id
        with self._lock:
            for key in [key for key in self._looks if key[0] == number]:
                del self._looks[key]

    def template(self) -> bytes:
        """The workbook to fill in."""
        if self._template is None:
            with deaf():
                found = self._pool.submit(tasks.template)
            self._template = found.result()
        return self._template

    def close(self) -> None:
        """Let nothing more be read, and give back what the pool holds of the system: the program may end at once."""
        for process in [*(self._pool._processes or {}).values()]:
            process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)
        del self._pool
        gc.collect()

    def _look(self, key: _Key, settings: Settings, task: Callable[[], object]) -> _Task:
        with self._lock:
            found = self._looks.get(key)
            if found is None or not found.is_good(settings):
                with deaf():
                    found = self._looks[key] = _Task(self._pool.submit(task), settings)
            return found

    def _begin_anew(self) -> None:
        with self._lock:
            self._looks.clear()
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = _pool()


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(_PROCESSES, multiprocessing.get_context("spawn"), tasks.begin_reading)


def _report(upload: DroppedFile, choices: Choices) -> Path:
    digest = hashlib.sha256(choices.query.encode()).hexdigest()[:16]
    return upload.folder / f"problems-{digest}" / "problems.csv"
