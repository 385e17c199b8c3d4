"""Correct a dropped file: check corrected rows, and write the corrected copy, in processes of their own.

Input: a file, the choices for it, and a person's corrections. Output: the problems that remain; the copy, which is a
dropped file of its own, with the same attachments.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from importer import commands
from importer.commands.corrections import Correction, Corrections
from importer.commands.overview import Overview
from importer.errors import UnreadableFile
from importer.messages import Said, as_message
from importer.models import Problem
from importer.page.choices import Choices
from importer.page.processes import EVERY
from importer.page.reading import Readers, report_path
from importer.page.tasks import Unread, unread
from importer.page.uploads import DroppedFile, DroppedFiles
from importer.settings import Settings

if TYPE_CHECKING:
    from importer.commands.corrected_copy import CorrectedCopy


@dataclass
class Copying:
    """Corrected copy that is being written.

    Attributes:
        rows: number of its rows.
        progress: file with the progress of the process that writes it.
        over: set once it is written, or can't be.
        copy: the copy; None before, or if it can't be written.
        choices: the choices by which the copy is read.
        why: why it can't be written; empty if it can.
    """

    rows: int
    progress: Path
    over: threading.Event = field(default_factory=threading.Event)
    copy: DroppedFile | None = None
    choices: Choices = field(default_factory=Choices)
    why: Said = ""

    @property
    def done(self) -> tuple[str, int]:
        """Whether rows are ``read`` or ``written`` now, and the number of those that were so far."""
        try:
            stage, rows = self.progress.read_text(encoding="utf-8").split()
            return stage, min(int(rows), self.rows)
        except (OSError, ValueError):  # the process hasn't begun, or is just writing
            return "read", 0


class Correcting:
    """Corrections of dropped files, as far as this program's memory holds something of them.

    Args:
        reading: the processes.
    """

    def __init__(self, reading: Readers) -> None:
        self._reading = reading
        self._lock = threading.Lock()
        self._checked: dict[str, tuple[tuple[str, bytes], dict[int, tuple[Correction, bool]]]] = {}
        self._copies: dict[str, Copying] = {}

    def change(self, upload: DroppedFile, how: str, change: Callable[[Corrections], Corrections]) -> None:
        """Change the corrections of a file. Two changes at once are made one after the other."""
        with self._lock:
            upload.correct(how, change(upload.corrections(how)))

    def problems(
        self,
        upload: DroppedFile,
        choices: Choices,
        understanding: bytes,
        corrections: Corrections,
        numbers: Sequence[int],
    ) -> tuple[Mapping[int, Sequence[Problem]], frozenset[int]]:
        """Return the problems that these rows have now, and the numbers of all corrected rows that have none.

        Args:
            upload: the file.
            choices: the choices for it.
            understanding: how it was understood (:attr:`Overview.understanding`).
            corrections: what a person corrected.
            numbers: the numbers of the rows.

        Raises:
            UnreadableFile: the rows can't be read.
        """
        key = (choices.query, understanding)
        if upload.id not in self._checked or self._checked[upload.id][0] != key:
            self._checked[upload.id] = (key, {})
        mended = self._checked[upload.id][1]
        by_row = corrections.by_row
        stale = [number for number, one in by_row.items() if mended.get(number, (None, False))[0] != one]
        rows = {number: by_row.get(number) for number in {*numbers, *stale}}
        path = report_path(upload, choices).with_name(commands.problem_rows.NAME)
        task = partial(_problems, upload.folder, path, understanding, rows)
        found = self._reading.done(task) if rows else {}
        if isinstance(found, Unread):
            raise UnreadableFile(as_message(found.why))
        mended.update({number: (one, not found[number]) for number, one in rows.items() if one is not None})
        return found, frozenset(number for number in by_row if mended[number][1])

    def copying(self, upload: DroppedFile) -> Copying | None:
        """Return the copy that is being written or was written last; None if there is none."""
        return self._copies.get(upload.id)

    def copy(
        self,
        upload: DroppedFile,
        choices: Choices,
        settings: Settings,
        found: Overview,
        corrections: Corrections,
        name: str,
        uploads: DroppedFiles,
        in_use: Callable[[DroppedFile], bool],
    ) -> Copying:
        """Begin to write the corrected copy of a file. It takes the place of an earlier copy that was never sent.

        Args:
            upload: the file.
            choices: the choices for it.
            settings: the settings with these choices.
            found: how it was understood.
            corrections: what a person corrected.
            name: the name of the copy.
            uploads: where the copy goes.
            in_use: whether a job uses a file, which stays then.
        """
        target = report_path(upload, choices).with_name("copy.xlsx")
        copying = self._copies[upload.id] = Copying(found.rows, target.with_name("progress.txt"))
        copying.progress.unlink(missing_ok=True)

        def work() -> None:
            try:
                task = partial(
                    _write, upload.folder, upload.name, settings, found.understanding, corrections, target,
                    Counter(copying.progress),
                )  # fmt: skip
                made = self._reading.done(task)
                if isinstance(made, Unread):
                    copying.why = made.why
                    return
                copying.choices = _for_copy(choices, made)
                copying.copy = _dropped(upload, choices, made.path, copying.choices, name, uploads)
                for other in [*uploads]:
                    is_earlier = other.source == upload.id and other is not copying.copy
                    if is_earlier and other.workspace is None and not in_use(other):
                        uploads.forget(other)
                        self._reading.forget(other)
            except Exception as error:  # noqa: BLE001 - whatever it is, a person gets words and not a traceback
                copying.why = unread(error).why
            finally:
                copying.over.set()
                with contextlib.suppress(OSError):
                    copying.progress.unlink(missing_ok=True)

        threading.Thread(target=work, name="copying", daemon=True).start()
        return copying


def _for_copy(choices: Choices, made: CorrectedCopy) -> Choices:
    """Return the choices by which the copy is read like its source."""
    how = [("sheet", made.sheet)] if choices.values("sheet") else []
    if choices.values("header-row") or made.header_row > 1:
        how.append(("header-row", str(made.header_row)))
    return choices.read_like(Choices.of(how))


def _dropped(
    source: DroppedFile, source_choices: Choices, path: Path, choices: Choices, name: str, uploads: DroppedFiles
) -> DroppedFile:
    """Return the copy as a dropped file, with the attachments of its source."""
    copy = uploads.add(name, path.replace, source.id, source_choices, choices)
    for attachment, _ in source.attached:
        copy.attach(attachment, partial(shutil.copyfile, source.attachments / attachment))
    return copy


def _problems(
    folder: Path, path: Path, understanding: bytes, rows: Mapping[int, Correction | None]
) -> dict[int, Sequence[Problem]]:
    with contextlib.chdir(folder):
        return commands.mending.remaining(path, understanding, rows)


class Counter:
    """Progress of a process in a file, at most every 0.1 seconds."""

    def __init__(self, path: Path) -> None:
        self._path, self._next = path, 0.0

    def __call__(self, stage: str, rows: int) -> None:
        """Write that rows are ``read`` or ``written``, and the number of those that were so far."""
        if (now := time.monotonic()) >= self._next:
            self._next = now + EVERY
            with contextlib.suppress(OSError):
                self._path.write_text(f"{stage} {rows}", encoding="utf-8")


def _write(
    folder: Path,
    name: str,
    settings: Settings,
    understanding: bytes,
    corrections: Corrections,
    target: Path,
    counter: Counter,
) -> CorrectedCopy:
    with contextlib.chdir(folder):
        return commands.corrected_copy.copy(target, name, settings, understanding, corrections, counter)
