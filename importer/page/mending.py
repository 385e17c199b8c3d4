"""Mend the rows with problems where they are shown.

Input: requests that the guard lets pass. Output: pages. Every change is a step of a person's corrections, which are
laid over the file when it is read; the file itself is never changed. An address says which rows are shown. Corrected
rows are checked in a process of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from flask import redirect, render_template, request, send_file, url_for

from importer import operations
from importer.messages import say
from importer.models import Problem
from importer.operations.corrections import Act, Correction, Corrections, ProblemRows, Step
from importer.page import grid
from importer.page.importing import still_reading
from importer.page.reading import PATIENCE, Readers, Unread, rows_of_file
from importer.page.rendering import words
from importer.page.screens import Page, Parts, Screens, refuse, screen, whole_number
from importer.page.uploads import Answers, DroppedFile, State
from importer.settings import Settings
from importer.telling.preview_messages import Described

_T = TypeVar("_T")
_Found = Mapping[int, Sequence[Problem]]
_MOST_BYTES = 64 << 20
"""Maximum size of a page of the grid that a browser hands over, in bytes."""
_BUTTONS = {"leave-out", "take-back", "confirm", "write", "write-all", "leave-out-kind", "write-kind"}
_CELL = re.compile(r"cell-(\d{1,9})-(\d{1,5})", re.ASCII)


@dataclass(frozen=True)
class Correctable:
    """Rows with problems of a file, which a person corrects.

    Attributes:
        upload: the file.
        answers: the answers about it.
        settings: the settings with these answers.
        found: how it was understood, without corrections.
        reading: the processes that perform tasks.
        checked: row number → a correction that was checked, and whether the row has no problem with it.
        sought: words → the numbers of the rows with these words, which stay in the list when they are changed.
    """

    upload: DroppedFile
    answers: Answers
    settings: Settings
    found: Described
    reading: Readers
    checked: dict[int, tuple[Correction, bool]] = field(default_factory=dict)
    sought: dict[str, list[int]] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Path of the file of rows."""
        return rows_of_file(self.upload, self.answers)

    @property
    def kept(self) -> ProblemRows:
        """The rows as they stand in the file."""
        return ProblemRows(self.path)

    def problems(self, corrections: Corrections, numbers: Sequence[int] = ()) -> tuple[_Found, frozenset[int]]:
        """Return the problems that these rows have now, and the numbers of all corrected rows that have none.

        Raises:
            UnreadableFile: the rows can't be read.
        """
        by_row = corrections.by_row
        stale = [number for number, one in by_row.items() if self.checked.get(number, (None, False))[0] != one]
        rows = {number: by_row.get(number) for number in {*numbers, *stale}}
        self.keep(rows)
        found: _Found = (
            self._do(operations.corrected_sheet.remaining, self.path, self.found.understanding, rows) if rows else {}
        )
        self.checked.update({number: (one, not found[number]) for number, one in rows.items() if one is not None})
        return found, frozenset(number for number in by_row if self.checked[number][1])

    def keep(self, numbers: Collection[int]) -> None:
        """Keep rows that have no problems, too. They are no longer kept if the file was read again since."""
        if missing := {*numbers} - self.kept.cells(numbers).keys():
            self._do(operations.corrected_sheet.also, self.path, self.upload.name, self.settings, missing)

    def find(self, corrections: Corrections, words: str) -> list[int]:
        """Return the numbers of the rows with these words, as they were when they were first sought."""
        if words not in self.sought:
            self.sought[words] = self.with_text(corrections, words)
        return self.sought[words]

    def with_text(self, corrections: Corrections, words: str, column: int | None = None) -> list[int]:
        """Return the numbers of the rows with these words, or whose cell in the column has this text."""
        about = self.path, self.upload.name, self.settings, corrections.by_row, words, column
        return self._do(operations.corrected_sheet.find, *about)

    def _do(self, task: Callable[..., _T], *given: object) -> _T:
        return self.reading.done(self.upload.folder, task, *given)

    def to_mend(self, corrections: Corrections, kind: int) -> list[int]:
        """Return the numbers of the rows of a kind that aren't mended, and whose cell nobody changed."""
        _, mended = self.problems(corrections)
        numbers = [number for number in self.kept.numbers(kind) if number not in mended]
        column, written = self.found.troubles[kind].problems[0].column, corrections.by_row
        return [number for number in numbers if number not in written or column not in written[number].texts]


class MendScreens(Screens):
    """Screens that correct a file."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._open: dict[str, Correctable] = {}

    @screen("/file/<number>/mend")
    def mend(self, number: str) -> Page:
        """Show the rows with problems as a grid."""
        upload = self._upload(number)
        found, answers, settings = self._look(upload, is_new=False, is_corrected=False)
        if found is None:
            return still_reading(upload)
        if isinstance(found, Unread) or not found.understanding:
            return redirect(url_for("check", number=number), 303)
        rows, corrections = self._rows(upload, answers, settings, found), upload.state.corrections(settings)
        chosen = grid.Filter.of(request.args, len(found.troubles))
        _, mended = rows.problems(corrections)
        numbers = rows.find(corrections, chosen.words) if chosen.words else rows.kept.numbers(chosen.kind)
        chosen, wanted, shown = chosen.on_page(numbers, mended)
        problems, _ = rows.problems(corrections, shown)
        columns, bad = grid.columns(found), rows.kept.numbers()
        mended = mended.intersection(bad)
        left_out = sum(corrections.by_row[number].is_left_out for number in mended)
        return render_template(
            "mend.html",
            upload=upload,
            found=found,
            chosen=chosen,
            columns=columns,
            rows=grid.rows(columns, rows.kept, shown, corrections.by_row, problems),
            corrections=corrections,
            replaced=whole_number(request.args.get("replaced", "")),
            all=len(bad),
            counts=[sum(number not in mended for number in rows.kept.numbers(at)) for at in range(len(found.troubles))],
            mended=len(mended) - left_out,
            left_out=left_out,
            wanted=wanted,
            to_mend=0 if chosen.kind is None else len(rows.to_mend(corrections, chosen.kind)),
            of_kind=None if chosen.kind is None else _column_of(found, chosen.kind, columns),
            address=lambda endpoint="mend", **fields: _address(upload, replace(chosen, **fields), endpoint),
        )

    @screen("/file/<number>/mend/change", "POST")
    def change_rows(self, number: str) -> Page:
        """Keep what a person wrote into cells, and do what a button says."""
        upload = self._upload(number)
        request.max_content_length = request.max_form_memory_size = _MOST_BYTES
        title, back = say("page.mend.not-kept"), url_for("check", number=number)
        self._refuse_while_used(upload, title)
        found, answers, settings = self._look(upload, wait=PATIENCE, is_new=False, is_corrected=False)
        if not isinstance(found, Described) or not found.understanding:
            refuse(title, say("page.problem.read-anew"), 409, back)
        replaced: list[int] = []
        rows, chosen = self._rows(upload, answers, settings, found), grid.Filter.of(request.args, len(found.troubles))

        def changed(state: State) -> State:
            corrections = state.corrections(settings)
            rows.keep({int(cell[1]) for name in request.form if (cell := _CELL.fullmatch(name))})
            corrections = corrections.and_also(*_written(rows.kept, corrections))
            if "undo" in request.form:
                return state.correct(settings, corrections.without_last())
            steps = [*_pressed(rows, corrections), *_replaced(rows, corrections)]
            replaced.extend(number for step in steps for number in step.rows)
            return state.correct(settings, corrections.and_also(*steps))

        self._change(upload, changed, title, _address(upload, chosen))
        if "continue" in request.form:
            return redirect(back, 303)
        return redirect(_address(upload, chosen, replaced=len(replaced) if "replace" in request.form else None), 303)

    @screen("/file/<number>/corrected.xlsx")
    def corrected(self, number: str) -> Page:
        """Download the corrected sheet as a workbook."""
        upload = self._upload(number)
        _, _, settings = self._look(upload, is_new=False, is_corrected=False)
        target = upload.folder / "corrections" / "sheet.xlsx"
        corrections = upload.state.corrections(settings).by_row
        self._parts.reading.done(upload.folder, _write, target, upload.name, settings, corrections)
        name = words(say("page.mend.sheet-name", name=Path(upload.name).stem))
        return send_file(target, as_attachment=True, download_name=name)

    def _rows(self, upload: DroppedFile, answers: Answers, settings: Settings, found: Described) -> Correctable:
        """Return the rows with problems of a file that was read with these answers."""
        known = self._open.get(upload.id)
        if known is None or (known.answers, known.found.understanding) != (answers, found.understanding):
            known = self._open[upload.id] = Correctable(upload, answers, settings, found, self._parts.reading)
        return known


def _written(kept: ProblemRows, corrections: Corrections) -> Iterator[Step]:
    """Yield a step for each field whose text isn't what the grid shows for its cell."""
    fields = [(match, said) for name, said in request.form.items() if (match := _CELL.fullmatch(name))]
    cells = kept.cells({int(match[1]) for match, _ in fields})
    for match, said in fields:
        number, position = int(match[1]), int(match[2])
        if number in cells and position < len(cells[number]):
            correction, now = corrections.by_row.get(number), cells[number][position]
            if correction is not None:
                now = correction.texts.get(position, now)
            new = grid.shown(said)
            if new != grid.shown(now):
                yield Step(Act.WRITE, (number,), position, new)


def _pressed(rows: Correctable, corrections: Corrections) -> Iterator[Step]:
    """Yield the step of the button that was pressed, if it is possible."""
    found, kept = rows.found, rows.kept
    for name in _BUTTONS & request.form.keys():
        first, *others = request.form[name].split(" ", 2)
        number = whole_number(first) or 0
        cells = kept.cells([number]).get(number, [])
        is_kind = number < len(found.troubles)
        match name, others:
            case (("leave-out" | "take-back" | "confirm"), []) if cells:
                yield Step(Act(name), (number,))
            case (("write" | "write-all"), [position, text]) if (at := int(position)) < len(cells):
                is_for_all = name == "write-all" and not grid.GridColumn(at, found.columns[at]).is_of_person
                alike = _alike(kept, corrections, number, at, cells[at]) if is_for_all else []
                yield Step(Act.WRITE, (number, *(other for other in alike if other != number)), at, grid.shown(text))
            case "leave-out-kind", [] if is_kind:
                yield Step(Act.LEAVE_OUT, (*rows.to_mend(corrections, number),))
            case "write-kind", [] if is_kind:
                column, text = _column_of(found, number, grid.columns(found)), request.form.get("kind-text", "")
                if column is not None and text in column.choices:
                    yield Step(Act.WRITE, (*rows.to_mend(corrections, number),), column.position, text)


def _replaced(rows: Correctable, corrections: Corrections) -> Iterator[Step]:
    """Yield the step that replaces a text in a column by another, unless the column names people."""
    at = whole_number(request.form.get("replace-in", ""))
    column = next((column for column in grid.columns(rows.found) if column.position == at), None)
    if "replace" in request.form and column is not None and not column.is_of_person:
        numbers = rows.with_text(corrections, request.form.get("replace-what", ""), column.position)
        if numbers:
            yield Step(Act.WRITE, (*numbers,), column.position, grid.shown(request.form.get("replace-by", "")))


def _alike(kept: ProblemRows, corrections: Corrections, number: int, position: int, text: str) -> list[int]:
    kind = kept.kinds([number]).get((number, position))
    return [] if kind is None else grid.uncorrected(kept.alike(kind, text), position, corrections.by_row)


def _column_of(found: Described, kind: int, columns: Sequence[grid.GridColumn]) -> grid.GridColumn | None:
    """Return the column whose cells have problems of this kind; None if they are about no single cell."""
    position = found.troubles[kind].problems[0].column
    return next((column for column in columns if column.position == position), None)


def _address(upload: DroppedFile, chosen: grid.Filter, endpoint: str = "mend", *, replaced: int | None = None) -> str:
    return url_for(endpoint, number=upload.id, replaced=replaced, **chosen.fields)


def _write(target: Path, *given: Any) -> None:
    target.parent.mkdir(exist_ok=True, mode=0o700)
    operations.corrected_sheet.write(target, *given)
