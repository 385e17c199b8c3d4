"""Mend the rows with problems where they are shown.

Input: requests that the guard lets pass. Output: pages. Every change is a step of a person's corrections, which are
laid over the file when it is read; the file itself is never changed. An address holds the choices for the file, and
which rows are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

from flask import redirect, render_template, request, send_file, url_for

from importer.importing.corrections import Act, Corrections, Step
from importer.importing.overview import Overview
from importer.importing.problem_rows import ProblemRows
from importer.messages import say
from importer.page import grid
from importer.page.choices import Choices
from importer.page.correcting import Correcting
from importer.page.importing import PATIENCE, ImportScreens, check_address, still_reading
from importer.page.rendering import words
from importer.page.screens import Page, Parts, for_page, refuse, screen
from importer.page.tasks import Unread
from importer.page.uploads import DroppedFile

_FOREVER = float("inf")  # seconds; the rows with problems don't change while somebody corrects them
_MOST_BYTES = 64 << 20
"""Maximum size of a page of the grid that a browser hands over, in bytes."""
_CELL = re.compile(r"cell-(\d{1,9})-(\d{1,5})", re.ASCII)
_ROW = re.compile(r"\d{1,9}", re.ASCII)


class MendScreens(ImportScreens):
    """Screens that correct a file."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._correcting = Correcting(parts.reading)

    @screen("/file/<number>/mend")
    def mend(self, number: str) -> Page:
        """Show the rows with problems as a grid."""
        upload = self._upload(number)
        found, choices, _ = self._look(upload, _choices(), good_for=_FOREVER, is_corrected=False)
        if found is None:
            return still_reading(upload, choices, "are_found")
        if isinstance(found, Unread) or not found.understanding:
            return redirect(check_address(upload, choices), 303)
        rows, corrections = self._correcting.of(upload, choices, found), upload.corrections(choices)
        chosen = grid.Filter.of(request.args, len(found.troubles))
        _, mended = rows.problems(corrections)
        chosen, wanted, shown = chosen.on_page(rows.kept, mended)
        problems, _ = rows.problems(corrections, shown)
        columns = grid.columns(found)
        left_out = sum(corrections.by_row[number].is_left_out for number in mended)
        return render_template(
            "mend.html",
            upload=upload,
            choices=choices,
            found=found,
            in_grid=grid.in_grid,
            chosen=chosen,
            columns=columns,
            rows=grid.rows(columns, rows.kept, shown, corrections.by_row, problems),
            corrections=corrections,
            all=len(rows.kept.numbers()),
            mended=len(mended) - left_out,
            left_out=left_out,
            wanted=wanted,
            to_mend=len(rows.to_mend(corrections, chosen.kind)),
            of_kind=None if chosen.kind is None else _column_of(found, chosen.kind, columns),
            address=lambda endpoint="mend", **fields: _address(upload, choices, replace(chosen, **fields), endpoint),
        )

    @screen("/file/<number>/mend/state")
    def are_found(self, number: str) -> Page:
        """Return whether the page should reload because the rows with problems are known by now."""
        found, *_ = self._look(self._upload(number), _choices(), wait=0, good_for=_FOREVER, is_corrected=False)
        return {"reload": found is not None}

    @screen("/file/<number>/mend/change", "POST")
    def change_rows(self, number: str) -> Page:
        """Keep what a person wrote into cells, and do what a button says."""
        upload = self._upload(number)
        choices, chosen = self._correct(upload)
        if "continue" in request.form:
            return redirect(check_address(upload, choices), 303)
        return redirect(_address(upload, choices, chosen) + _anchor(), 303)

    @screen("/file/<number>/corrected.xlsx")
    def corrected(self, number: str) -> Page:
        """Download the corrected sheet as a workbook."""
        upload, choices = self._upload(number), _choices()
        settings = for_page(choices.applied(self._parts.current.settings()), upload)
        path = self._correcting.sheet(upload, settings, upload.corrections(choices))
        name = words(say("page.mend.sheet-name", name=Path(upload.name).stem))
        return send_file(path, as_attachment=True, download_name=name)

    def _correct(self, upload: DroppedFile) -> tuple[Choices, grid.Filter]:
        """Keep what the form of the grid says; return how the file is read, and the rows shown."""
        request.max_content_length = request.max_form_memory_size = _MOST_BYTES
        self._refuse_while_used(upload, say("page.mend.not-kept"))
        found, choices, _ = self._look(upload, _choices(), wait=PATIENCE, good_for=_FOREVER, is_corrected=False)
        if not isinstance(found, Overview) or not found.understanding:
            refuse(say("page.mend.not-kept"), say("page.mend.read-anew"), 409, check_address(upload, choices))
        rows, chosen = self._correcting.of(upload, choices, found), grid.Filter.of(request.args, len(found.troubles))

        def changed(corrections: Corrections) -> Corrections:
            if request.form.get("seen") != corrections.digest:
                back = _address(upload, choices, chosen)
                refuse(say("page.mend.not-kept"), say("page.mend.changed"), 409, back, say("page.mend.show-again"))
            corrections = corrections.and_also(*_written(rows.kept, corrections))
            if "undo" in request.form:
                return corrections.without_last()
            of_kind: Sequence[int] = ()
            pressed = request.form.get("leave-out-kind") or request.form.get("write-kind") or ""
            if _ROW.fullmatch(pressed) and int(pressed) < len(found.troubles):
                of_kind = rows.to_mend(corrections, int(pressed))
            return corrections.and_also(*_pressed(found, rows.kept, corrections, of_kind))

        try:
            self._correcting.change(upload, choices, changed)
        except OSError as error:
            why = say("page.problem.system-error", error=str(error.strerror))
            refuse(say("page.mend.not-kept"), why, 507, check_address(upload, choices))
        return choices, chosen


def _written(kept: ProblemRows, corrections: Corrections) -> Iterator[Step]:
    """Yield a step for each field whose text isn't what the grid shows for its cell.

    A field that still has what its page showed is left alone: another page may have changed the cell since.
    """
    fields = [(match, said) for name, said in request.form.items() if (match := _CELL.fullmatch(name))]
    cells = kept.cells({int(match[1]) for match, _ in fields})
    for match, said in fields:
        number, position = int(match[1]), int(match[2])
        if number in cells and position < len(cells[number]):
            correction, now = corrections.by_row.get(number), cells[number][position]
            if correction is not None:
                now = correction.texts.get(position, now)
            new = grid.shown(said)
            if new != grid.shown(now) and grid.digest(new) != request.form.get(f"shown-{match[0]}"):
                yield Step(Act.WRITE, (number,), position, new)


def _pressed(found: Overview, kept: ProblemRows, corrections: Corrections, of_kind: Sequence[int]) -> Iterator[Step]:
    """Yield the step of the button that was pressed, if it is possible; ``of_kind`` are the rows of its kind."""
    for name, value in request.form.items():
        first, *others = value.split(" ", 2)
        number = int(first) if _ROW.fullmatch(first) else -1
        cells = kept.cells([number]).get(number, [])
        match name, others:
            case (("leave-out" | "take-back" | "confirm"), []) if cells:
                yield Step(Act(name), (number,))
            case (("write" | "write-all"), [position, text]) if position.isdecimal() and int(position) < len(cells):
                at = int(position)
                is_for_all = name == "write-all" and not grid.GridColumn(at, found.columns[at]).is_of_person
                alike = _alike(kept, corrections, number, at, cells[at]) if is_for_all else []
                yield Step(Act.WRITE, (number, *(other for other in alike if other != number)), at, grid.shown(text))
            case "leave-out-kind", [] if 0 <= number < len(found.troubles):
                yield Step(Act.LEAVE_OUT, (*of_kind,))
            case "write-kind", [] if 0 <= number < len(found.troubles):
                column, text = _column_of(found, number, grid.columns(found)), request.form.get("kind-text", "")
                if column is not None and text in column.choices:
                    yield Step(Act.WRITE, (*of_kind,), column.position, text)


def _alike(kept: ProblemRows, corrections: Corrections, number: int, position: int, text: str) -> list[int]:
    kind = kept.kinds([number]).get((number, position))
    return [] if kind is None else grid.uncorrected(kept.alike(kind, text), position, corrections.by_row)


def _column_of(found: Overview, kind: int, columns: Sequence[grid.GridColumn]) -> grid.GridColumn | None:
    """Return the column whose cells have problems of this kind; None if they are about no single cell."""
    position = found.troubles[kind].problems[0].column
    return next((column for column in columns if column.position == position), None)


def _choices() -> Choices:
    """Return the choices in the address of the request."""
    return Choices.of(pair for pair in request.args.items(multi=True) if pair[0] not in grid.FIELDS)


def _address(upload: DroppedFile, choices: Choices, chosen: grid.Filter, endpoint: str = "mend") -> str:
    query = urlencode([*choices.pairs, *chosen.pairs])
    return url_for(endpoint, number=upload.id) + (f"?{query}" if query else "")


def _anchor() -> str:
    """Return where on the screen the changed row is, for a browser that loads the whole screen anew."""
    for name in ("leave-out", "take-back", "confirm", "write", "write-all"):
        if match := _ROW.match(request.form.get(name, "")):
            return f"#row-{match[0]}"
    return ""
