"""Keep a person's corrections of a dropped file, and check the corrected rows in a process of their own.

Input: a file, the choices for it, and a person's corrections. Output: the problems that remain.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from importer import importing
from importer.errors import UnreadableFile
from importer.importing.corrections import Correction, Corrections
from importer.importing.overview import Overview
from importer.importing.problem_rows import NAME, ProblemRows
from importer.messages import as_message
from importer.models import Problem
from importer.page.choices import Choices
from importer.page.reading import Readers, report_path
from importer.page.tasks import Unread
from importer.page.uploads import DroppedFile
from importer.settings import Settings

_T = TypeVar("_T")
_Found = Mapping[int, Sequence[Problem]]


@dataclass(frozen=True)
class Correctable:
    """Rows with problems of a file, which a person corrects.

    Attributes:
        upload: the file.
        choices: the choices for it.
        found: how it was understood, without corrections.
        done: returns what a task returns that a process performs.
        checked: row number → a correction that was checked, and whether the row has no problem with it.
    """

    upload: DroppedFile
    choices: Choices
    found: Overview
    done: Callable[[Callable[[], _Found]], _Found]
    checked: dict[int, tuple[Correction, bool]]

    @property
    def kept(self) -> ProblemRows:
        """The rows as they stand in the file."""
        return ProblemRows(report_path(self.upload, self.choices).with_name(NAME))

    def problems(self, corrections: Corrections, numbers: Sequence[int] = ()) -> tuple[_Found, frozenset[int]]:
        """Return the problems that these rows have now, and the numbers of all corrected rows that have none.

        Raises:
            UnreadableFile: the rows can't be read.
        """
        by_row = corrections.by_row
        stale = [number for number, one in by_row.items() if self.checked.get(number, (None, False))[0] != one]
        rows = {number: by_row.get(number) for number in {*numbers, *stale}}
        path = report_path(self.upload, self.choices).with_name(NAME)
        task = partial(_problems, self.upload.folder, path, self.found.understanding, rows)
        found = self.done(task) if rows else {}
        self.checked.update({number: (one, not found[number]) for number, one in rows.items() if one is not None})
        return found, frozenset(number for number in by_row if self.checked[number][1])

    def to_mend(self, corrections: Corrections, kind: int | None) -> list[int]:
        """Return the numbers of the rows that aren't mended; with a kind, without cells that somebody put right."""
        _, mended = self.problems(corrections)
        numbers = [number for number in self.kept.numbers(kind) if number not in mended]
        column = None if kind is None else self.found.troubles[kind].problems[0].column
        written = [
            number for number in numbers if (one := corrections.by_row.get(number)) is not None and column in one.texts
        ]
        problems, _ = self.problems(corrections, written)
        right = {number for number in written if all(problem.column != column for problem in problems[number])}
        return [number for number in numbers if number not in right]


class Correcting:
    """Corrections of dropped files, as far as this program's memory holds something of them.

    Args:
        reading: the processes.
    """

    def __init__(self, reading: Readers) -> None:
        self._reading = reading
        self._lock = threading.Lock()
        self._open: dict[str, Correctable] = {}

    def change(self, upload: DroppedFile, choices: Choices, change: Callable[[Corrections], Corrections]) -> None:
        """Change the corrections of a file. Two changes at once are made one after the other."""
        with self._lock:
            upload.correct(choices, change(upload.corrections(choices)))

    def of(self, upload: DroppedFile, choices: Choices, found: Overview) -> Correctable:
        """Return the rows with problems of a file that was read with these choices."""
        known = self._open.get(upload.id)
        if known is None or (known.choices, known.found.understanding) != (choices, found.understanding):
            known = self._open[upload.id] = Correctable(upload, choices, found, self._done, {})
        return known

    def sheet(self, upload: DroppedFile, settings: Settings, corrections: Corrections) -> Path:
        """Write the corrected sheet as a workbook; return its path.

        Raises:
            UnreadableFile: it can't be written.
        """
        target = upload.folder / "corrections" / "sheet.xlsx"
        return self._done(partial(_write, upload.folder, upload.name, settings, corrections, target))

    def _done(self, task: Callable[[], _T]) -> _T:
        done = self._reading.done(task)
        if isinstance(done, Unread):
            raise UnreadableFile(as_message(done.why))
        return done


def _problems(folder: Path, path: Path, understanding: bytes, rows: Mapping[int, Correction | None]) -> _Found:
    with contextlib.chdir(folder):
        return importing.rechecking.remaining(path, understanding, rows)


def _write(folder: Path, name: str, settings: Settings, corrections: Corrections, target: Path) -> Path:
    with contextlib.chdir(folder):
        importing.corrected_sheet.write(target, name, settings, corrections.by_row)
    return target
