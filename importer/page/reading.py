"""Run read-only tasks in separate processes, so that the pages stay quick however large a file or a journal is.

Input: an upload and the answers about it, or a run. Output: the task's result, once there is one. The processes work in
the upload's folder, so that messages hold only the file's name, not its path.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from importer import importing, operations, telling
from importer.errors import ImporterError, UnclearColumns, UnreadableFile
from importer.messages import FACE, Said, say
from importer.models import Question
from importer.operations.corrections import Corrections
from importer.operations.hide import Which
from importer.page.rendering import PAGE
from importer.page.uploads import Answers, DroppedFile
from importer.settings import Settings
from importer.telling.preview_messages import Described

A_MOMENT = 0.4
"""Seconds that a screen waits for the result before it says that the file is being read."""

PATIENCE = 30.0
"""Longest wait, in seconds, for a small file."""

EVERY = 0.1
"""Seconds between two reports of a process's progress."""
NOTHING = Corrections()

_GOOD_FOR = 60.0  # seconds for which a result counts as new; a run reads the file anew before it sends
_PROCESSES = 2
_BROKE_OFF = say("page.unread.broke-off")

_T = TypeVar("_T")
_Key = tuple[str, str, bool]
"""Key of a look: an upload's ID, the answers about it, whether rows are corrected."""


@contextlib.contextmanager
def deaf() -> Iterator[None]:
    """Start processes that ignore Ctrl-C, even while they still load, so that only the server handles it."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows the processes ignore Ctrl-C once they have begun
        yield
        return
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)


def begin() -> None:
    """Prepare a process: ignore signals, because the server stops it, and load the code before anyone waits for that.

    Messages that the process writes into files are rendered for the page.
    """
    FACE.set(PAGE)
    for name in ("SIGINT", "SIGBREAK", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    importing.run.prepare  # noqa: B018 - loads the module


def begin_reading() -> None:
    """Prepare a process for reading. The process ends as soon as the server does, for whatever reason."""
    begin()
    threading.Thread(target=_end_with_server, daemon=True).start()


def _end_with_server() -> None:
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(3)


@dataclass(frozen=True)
class Unread:
    """Reason why a file couldn't be read.

    Attributes:
        why: the reason, in sentences.
        questions: the questions whose answers would help.
    """

    why: Said
    questions: Sequence[Question] = ()


def unread(error: Exception) -> Unread:
    """Return what a person is told if reading ended with this error."""
    questions = error.questions if isinstance(error, UnclearColumns) else ()
    why = error.message if isinstance(error, ImporterError) else say("page.job.fault", error=type(error).__name__)
    return Unread(why, questions)


def check(
    folder: Path, name: str, settings: Settings, rows: Path, corrections: Corrections = NOTHING
) -> Described | Unread:
    """Preview what a run would do with a file. Unless it is corrected, keep its rows with problems in ``rows``."""
    try:
        prepare = partial(importing.run.prepare, name, settings, corrections=corrections.by_row)
        with contextlib.chdir(folder), prepare() as prepared:
            result = telling.sheet_details.described(prepared)
            if result.mapping and not corrections.by_row:
                result = replace(result, understanding=operations.corrected_sheet.understood(rows, prepared.loaded))
            return result
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets words and not a traceback
        return unread(error)


def to_hide(which: Which, settings: Settings, rows: Path | None) -> dict[str, object]:
    """Return how many notes would be hidden, and left alone; and the first ones, with their texts from ``rows``."""
    planned = operations.hide.what_to_hide(which, settings)
    ids = [(one.note_id or "", one.prospect) for one in planned.notes[: operations.hide.SHOWN]]
    some = [(*both, _text_of(*both, rows)) for both in ids]
    return {"number": len(planned.notes), "left": len(planned.left), "unclear": planned.unclear, "some": some}


def _text_of(note_id: str, prospect: str, rows: Path | None) -> str:
    page = None if rows is None else telling.result_rows.read(rows, words=note_id)
    return next((row.text for row in page.rows if row.prospect == prospect), "") if page is not None else ""


@dataclass
class _Look:
    future: Future[Described | Unread]
    given: tuple[Settings, Corrections]
    since: object
    done_at: float | None = None

    def is_new(self, since: object) -> bool:
        """Return whether the result may be shown as new."""
        if self.future.done() and self.done_at is None:
            self.done_at = time.monotonic()
        return self.since == since and (self.done_at is None or time.monotonic() < self.done_at + _GOOD_FOR)


class Readers:
    """Read-only tasks that are under way or were finished lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looks: dict[_Key, _Look] = {}
        self._pool = _pool()

    def begin(self) -> None:
        """Start a process in advance, so that nobody has to wait for its start."""
        with deaf():
            self._pool.submit(begin)

    def look(
        self,
        upload: DroppedFile,
        answers: Answers,
        settings: Settings,
        corrections: Corrections,
        *,
        wait: float,
        is_new: bool,
        since: object,
    ) -> Described | Unread | None:
        """Return the overview of a file, or why it can't be read; None while the file is being read.

        If only its form matters, not what the journal knows by now, it needn't be new, nor made since a run.
        """
        rows = rows_of_file(upload, answers)
        task = partial(check, upload.folder, upload.name, settings, rows, corrections)
        key, given = (upload.id, repr(answers), bool(corrections.by_row)), (settings, corrections)
        with self._lock:
            look = self._looks.get(key)
            if look is None or look.given != given or (is_new and not look.is_new(since)):
                with deaf():
                    look = self._looks[key] = _Look(self._pool.submit(task), given, since)
        try:
            return look.future.result(wait)
        except NotYet:
            return None
        except BrokenProcessPool:
            self._begin_anew()
            return Unread(_BROKE_OFF)

    def done(self, folder: Path, task: Callable[..., _T], *given: object) -> _T:
        """Return what a task returns that a process performs in a folder, however long it takes.

        Raises:
            ImporterError: the task failed.
        """
        with self._lock, deaf():
            future = self._pool.submit(_in_folder, folder, task, *given)
        try:
            return future.result()
        except BrokenProcessPool:
            self._begin_anew()
            raise UnreadableFile(_BROKE_OFF) from None

    def forget(self, upload: DroppedFile) -> None:
        """Discard the results about a file, because something has changed."""
        with self._lock:
            for key in [key for key in self._looks if key[0] == upload.id]:
                del self._looks[key]

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


def _in_folder(folder: Path, task: Callable[..., _T], *given: object) -> _T:
    with contextlib.chdir(folder):
        return task(*given)


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(_PROCESSES, multiprocessing.get_context("spawn"), begin_reading)


def latest_run(settings: Settings) -> object:
    """Return what is known of the latest run of the workspace; None if there is none, or no journal can be read."""
    with contextlib.suppress(ImporterError):
        return next((past.run for past in operations.history.history(settings, last=1).runs), None)
    return None


def rows_path(folder: Path, run: str) -> Path:
    """Return the path of the file that holds the rows of a run (see :mod:`importer.telling.result_rows`)."""
    return folder / f"rows of {run}.sqlite"


def rows_of_file(upload: DroppedFile, answers: Answers) -> Path:
    """Return the path of the file of rows with problems, which exists once the upload was read with these answers."""
    return upload.folder / f"rows-{hashlib.sha256(repr(answers).encode()).hexdigest()[:16]}.db"
