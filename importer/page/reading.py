"""Files being read and checked, in processes of their own: the pages stay quick however large a file is.

Comes in: an upload and what was chosen for it. Goes out: what was found, once it is.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from importer.commands.overview import Overview
from importer.page import tasks
from importer.page.choices import Choices
from importer.page.processes import deaf
from importer.page.tasks import FAULT, Unread
from importer.page.uploads import Upload
from importer.settings import Settings

_PROCESSES = 2
_GOOD_FOR = 60.0  # seconds for which what was found is shown again; a run looks for itself before it sends
_AT_ONCE = 0.7  # seconds for which a screen waits instead of saying that the file is being read


@dataclass
class _Check:
    future: Future[Overview | Unread]
    settings: Settings
    report: Path
    done_at: float | None = None

    def is_good(self, settings: Settings) -> bool:
        """Whether what it finds, or found, may still be shown."""
        if self.future.done() and self.done_at is None:
            self.done_at = time.monotonic()
        return self.settings == settings and (self.done_at is None or time.monotonic() < self.done_at + _GOOD_FOR)


class Reading:
    """All files that are being read, or were lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._checks: dict[tuple[str, Choices], _Check] = {}
        self._pool = _pool()
        self._template: bytes | None = None

    def begin(self) -> None:
        """Begin a process before anybody waits for it."""
        with deaf():
            self._pool.submit(tasks.begin)

    def look(
        self, upload: Upload, choices: Choices, settings: Settings, *, wait: float = _AT_ONCE
    ) -> Overview | Unread | None:
        """What was found in a file; None while it is still read.

        Args:
            upload: the file.
            choices: what was chosen for it.
            settings: with these choices.
            wait: seconds.
        """
        check = self._check(upload, choices, settings)
        try:
            return check.future.result(wait)
        except NotYet:
            return None
        except BrokenProcessPool:
            self._begin_anew()
            return Unread(
                "Reading it broke off: the computer may be short of memory. Close other programs, or split the file."
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, a person gets words and not a traceback
            return Unread(FAULT.format(type(error).__name__))

    def report(self, upload: Upload, choices: Choices) -> Path:
        """Where every problem of a file is listed, once it was read with these choices."""
        return _report(upload, choices)

    def forget(self, upload: Upload) -> None:
        """Look at a file anew the next time: something has been sent of it."""
        with self._lock:
            for key in [key for key in self._checks if key[0] == upload.id]:
                del self._checks[key]

    def template(self) -> bytes:
        """The workbook to fill in."""
        if self._template is None:
            with deaf():
                found = self._pool.submit(tasks.template)
            self._template = found.result()
        return self._template

    def close(self) -> None:
        """Let nothing more be read."""
        processes = [*(self._pool._processes or {}).values()]
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()

    def _check(self, upload: Upload, choices: Choices, settings: Settings) -> _Check:
        key = (upload.id, choices)
        with self._lock:
            found = self._checks.get(key)
            if found is None or not found.is_good(settings):
                report = _report(upload, choices)
                with deaf():
                    future = self._pool.submit(tasks.check, upload.folder, upload.name, settings, report)
                found = self._checks[key] = _Check(future, settings, report)
            return found

    def _begin_anew(self) -> None:
        with self._lock:
            self._checks.clear()
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = _pool()


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(_PROCESSES, multiprocessing.get_context("spawn"), tasks.begin_reading)


def _report(upload: Upload, choices: Choices) -> Path:
    digest = hashlib.sha256(choices.query.encode()).hexdigest()[:16]
    return upload.folder / f"problems-{digest}" / "problems.csv"
