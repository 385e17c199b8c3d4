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
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from importer import importing, operations, telling
from importer.errors import ImporterError, UnclearColumns, UnreadableFile
from importer.importing.corrections import Corrections
from importer.importing.preview import Preview
from importer.messages import FACE, Said, say
from importer.models import Question
from importer.page.rendering import PAGE
from importer.page.state import Answers
from importer.page.uploads import DroppedFile
from importer.settings import Settings
from importer.telling.rendering import Line

A_MOMENT = 0.7
"""Seconds that a screen waits for the result before it says that the file is being read."""

PATIENCE = 30.0
"""Longest wait, in seconds, for a small file."""

GOOD_FOR = 60.0
"""Seconds for which a result is shown again. A run reads the file anew before it sends."""

FOREVER = float("inf")
"""Seconds for which a result is shown again if only its form matters, not what the journal knows by now."""
EVERY = 0.1
"""Seconds between two reports of a process's progress."""
NOTHING = Corrections()

_PROCESSES = 2

_T = TypeVar("_T")
_Key = tuple[str, str, bool]
"""Key of a task: an upload's ID, the answers about it, whether rows are corrected; or empty, and a run's name."""


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
        is_useless: whether the file is no spreadsheet that can be read, such as an empty file or a picture.
    """

    why: Said
    questions: Sequence[Question] = ()
    is_useless: bool = False


def unread(error: Exception) -> Unread:
    """Return what a person is told if reading ended with this error."""
    questions = error.questions if isinstance(error, UnclearColumns) else ()
    why = error.message if isinstance(error, ImporterError) else say("page.job.fault", error=type(error).__name__)
    return Unread(why, questions, is_useless=isinstance(error, UnreadableFile))


def check(
    folder: Path, name: str, settings: Settings, rows: Path, corrections: Corrections = NOTHING
) -> Preview | Unread:
    """Preview what a run would do with a file.

    If nothing is corrected, its rows with problems are kept in the file ``rows``, so that a person can correct them.
    """
    try:
        with (
            contextlib.chdir(folder),
            importing.run.prepare(name, settings, corrections=corrections.by_row) as prepared,
        ):
            preview = prepared.preview
            result = replace(preview, words=importing.sheet_facts.counted_words(preview.loaded))
            if result.mapping and not corrections.by_row:
                result = replace(result, understanding=importing.corrected_sheet.understood(rows, preview))
            return result
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets words and not a traceback
        return unread(error)


def changes(folder: Path, name: str, settings: Settings) -> Sequence[Line]:
    """Return what some notes are before and after the changes that need a person's yes; nothing if that fails."""
    with contextlib.suppress(Exception), contextlib.chdir(folder), importing.run.prepare(name, settings) as prepared:
        return [*telling.preview_messages.changes(prepared.changes())]
    return []


def template() -> bytes:
    """Return the bytes of the workbook to fill in."""
    with tempfile.TemporaryDirectory() as folder:
        return operations.template.write(Path(folder) / "notes.xlsx").path.read_bytes()


@dataclass(frozen=True)
class Hideable:
    """Notes that would be hidden.

    Attributes:
        number: the number of notes.
        left: the number of notes that would be left alone, because they differ from what was sent.
        some: the first notes: note ID, prospect, and text if known.
    """

    number: int
    left: int = 0
    some: Sequence[tuple[str, str, str]] = ()


def to_hide(
    run: str | None,
    settings: Settings,
    folder: Path | None,
    name: str,
    corrections: Corrections = NOTHING,
    *,
    undo: bool = False,
) -> Hideable | Unread:
    """Return the notes of a run (None: the duplicates) that would be hidden; with the file, also their texts."""
    try:
        planned = operations.hide.what_to_hide(operations.hide.Which(run, undo=undo), settings)
        found: dict[str, tuple[Sequence[int], str]] = {}
        if folder is not None:
            with contextlib.chdir(folder):
                found = operations.hide.described(planned, settings, corrections.by_row, Path(name))
        ids = [(known.note_id or "", known.prospect) for known in planned.notes[: operations.hide.SHOWN]]
        examples = [(*one, found.get(one[0], ((), ""))[1]) for one in ids]
        return Hideable(len(planned.notes), len(planned.left), examples)
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets words and not a traceback
        return unread(error)


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
        good_for: float = GOOD_FOR,
    ) -> Preview | Unread | None:
        """Return the overview of a file, or why it can't be read; None while the file is being read.

        Args:
            upload: the file.
            answers: the answers about the file.
            settings: the settings with these answers.
            corrections: what a person corrected in the file.
            wait: the longest wait, in seconds.
            good_for: the seconds for which an earlier look counts.
        """
        rows = rows_of_file(upload, answers)
        task = partial(check, upload.folder, upload.name, settings, rows, corrections)
        key = upload.id, repr(answers), bool(corrections.by_row)
        return self._found(key, (settings, corrections), task, wait, good_for)

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
        corrections = NOTHING if upload is None else upload.state.corrections(upload.state.answers)
        task = partial(to_hide, run, settings, folder, name, corrections, undo=undo)
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
            return unread(error)

    def forget(self, upload: DroppedFile | None = None) -> None:
        """Discard the results about a file, or about the notes to hide, because something has changed."""
        number = "" if upload is None else upload.id
        with self._lock:
            for key in [key for key in self._looks if key[0] == number]:
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


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(_PROCESSES, multiprocessing.get_context("spawn"), begin_reading)


def rows_of_file(upload: DroppedFile, answers: Answers) -> Path:
    """Return the path of the file of rows with problems, which exists once the upload was read with these answers."""
    return upload.folder / f"rows-{hashlib.sha256(repr(answers).encode()).hexdigest()[:16]}.db"
