"""Write a corrected copy of a sheet: a workbook of its own, which is imported in place of the sheet.

Input: the sheet, how it was understood, and a person's corrections. Output: a workbook with the same texts in the same
cells, the corrections, and one more column that says what was corrected. The sheet's file stays as it is. It is a
workbook because that keeps every text and every row number, and because spreadsheet programs show dates and long
numbers unchanged.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.workbook import Workbook

from importer import files
from importer.commands.corrections import Correction, Corrections
from importer.commands.loading import read, unprotected
from importer.commands.mending import Understanding, hidden_flaws, remaining, remaining_flaws, without_problem
from importer.commands.problem_rows import NAME
from importer.errors import UnreadableFile
from importer.messages import Cell, Message, render, say
from importer.models import Problem
from importer.reading import Sheet, column_letter
from importer.results.layout import encodable
from importer.results.sheet_rows import SheetRows, add_part
from importer.resultsfile import CORRECTED, LEFT_OUT, STILL_WRONG, corrected_column
from importer.rows.values import shortened
from importer.settings import Settings

MOST_ROWS = 1_048_576
_SHEET = "xl/worksheets/sheet1.xml"
_USUAL_NAME = "Sheet1"
_LONG_AGO = datetime(2000, 1, 1)  # noqa: DTZ001 - the same corrections always make the same file
_WIDEST = 44  # characters
Observe = Callable[[str, int], None]
"""Function that is called now and then with ``read`` or ``written``, and the number of rows that were so far."""


@dataclass(frozen=True)
class CorrectedCopy:
    """A corrected copy that was written.

    Attributes:
        path: its file.
        sheet: the name of its only sheet.
        header_row: number of the row with the headings, the same as in the source.
    """

    path: Path
    sheet: str
    header_row: int


def copy(
    target: Path,
    file: str,
    settings: Settings,
    understanding: bytes,
    corrections: Corrections,
    observe: Observe,
) -> CorrectedCopy:
    """Write a corrected copy of a sheet whose rows with problems were kept (see :mod:`.mending`).

    The sheet is read again, but its rows are not checked again.

    Args:
        target: its path; an earlier copy there is replaced. The kept rows are in the same folder.
        file: the path of the sheet.
        settings: the settings for the sheet.
        understanding: how the sheet was understood.
        corrections: what a person corrected.
        observe: called with the progress.

    Raises:
        UnreadableFile: no workbook can hold the rows.
        OSError: the file can't be written.
    """
    understood = Understanding.of(understanding)
    with read(file, settings, partial(observe, "read")) as as_read:
        sheet = unprotected(as_read, understood.roles)
        problems = remaining(target.with_name(NAME), understanding, dict.fromkeys(understood.flaws))
        return write(target, sheet, problems, corrections, observe)


def write(
    target: Path,
    sheet: Sheet,
    problems: Mapping[int, Sequence[Problem]],
    corrections: Corrections,
    observe: Observe,
) -> CorrectedCopy:
    """Write a corrected copy of a sheet that is open and whose problems are known; see :func:`copy`."""
    headings = [*sheet.headings, *([CORRECTED] if corrected_column(sheet.headings) is None else [])]
    frame = _Frame(sheet.name or _USUAL_NAME, headings, sheet.header_row)
    with tempfile.TemporaryFile(dir=target.parent) as file, files.draft(target) as draft:
        rows = SheetRows(file, len(headings))
        rows.add([frame.heading] * len(headings), encodable(headings), number=sheet.header_row)
        plain = [frame.text] * len(headings)
        for number, cells, changed in _rows(sheet, problems, corrections, observe):
            styles = [frame.changed if at in changed else frame.text for at in range(len(headings))]
            rows.add(styles if changed else plain, encodable(cells), number=number)
        with ZipFile(frame.content) as parts, ZipFile(draft.file, "w") as package:
            for name in parts.namelist():
                add_part(package, name, parts.read(name), rows if name == _SHEET else None)
        draft.finish(files.OWNER_ONLY)
        draft.put(target)
    return CorrectedCopy(target, frame.name, sheet.header_row)


def _rows(
    sheet: Sheet,
    problems: Mapping[int, Sequence[Problem]],
    corrections: Corrections,
    observe: Observe,
) -> Iterator[tuple[int, Sequence[str], frozenset[int]]]:
    """Yield each row of the copy: its number, its cells, and the positions of the cells that differ.

    Raises:
        UnreadableFile: no workbook can hold the rows.
    """
    corrected, by_row, written = corrected_column(sheet.headings), corrections.by_row, 0
    mark = len(sheet.headings) if corrected is None else corrected
    for numbers, columns in sheet.columns():
        if (last := max(numbers)) > MOST_ROWS:
            raise UnreadableFile(say("corrected.too-many-rows", row=last, most=MOST_ROWS))
        all_columns = [*columns] if corrected is not None else [*columns, ("",) * len(numbers)]
        for number, cells in zip(numbers, zip(*all_columns, strict=True), strict=True):
            if number in problems or number in by_row:
                row, changed = _corrected(sheet, number, cells, problems.get(number, ()), by_row.get(number), mark)
                yield number, row, changed
            else:
                yield number, cells, frozenset()
        written += len(numbers)
        observe("written", written)


def _corrected(
    sheet: Sheet,
    number: int,
    cells: Sequence[str],
    problems: Sequence[Problem],
    correction: Correction | None,
    mark: int,
) -> tuple[list[str], frozenset[int]]:
    """Return the cells of a row that had problems, and the positions of those that differ.

    ``mark`` is the position of the column that says what was corrected.
    """
    row = without_problem(cells, correction, mark)
    changed = frozenset(at for at, (before, after) in enumerate(zip(cells, row, strict=True)) if before != after)
    if correction is not None and correction.is_left_out:
        return [LEFT_OUT if at == mark else text for at, text in enumerate(cells)], frozenset()
    known = {(problem.column, problem.text) for problem in problems}
    flaws = [flaw for flaw in hidden_flaws(sheet, number) if (flaw.column, flaw.text) in known]
    lines = [_still_wrong(flaw.column, number, flaw.text) for flaw in remaining_flaws(flaws, correction)]
    lines += [row[mark]] if row[mark] else []
    lines += [_change(at, number, cells[at], row[at]) for at in sorted(changed) if at != mark]
    row[mark] = "\n".join(lines)
    return row, changed


def _still_wrong(column: int | None, number: int, problem: Message) -> str:
    where = "" if column is None else f"{column_letter(column)}{number}: "
    return _on_one_line(f"{STILL_WRONG}{where}{render(problem)}")


def _change(column: int, number: int, before: str, after: str) -> str:
    texts = [Cell(shortened(text)) if text.strip() else say("corrected.blank") for text in (before, after)]
    change = say("corrected.cell", cell=f"{column_letter(column)}{number}", before=texts[0], after=texts[1])
    return _on_one_line(render(change))


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


class _Frame:
    """The copy as XlsxWriter writes it, with sample cells in place of its rows.

    Attributes:
        name: the name of its sheet.
        content: its file.
        heading, text, changed: the numbers by which cells refer to their formats.
    """

    def __init__(self, name: str, headings: Sequence[str], header_row: int) -> None:
        self.content = BytesIO()
        book = Workbook(self.content, {"in_memory": True})
        book.set_properties({"created": _LONG_AGO})
        try:
            sheet = book.add_worksheet(name)
        except XlsxWriterException:  # other programs allow longer names, and other characters in them
            sheet = book.add_worksheet(_USUAL_NAME)
        self.name = sheet.get_name()
        usual = {"num_format": "@", "valign": "top"}
        styles = [
            {**usual, "bold": True, "bg_color": "#E9EDF1"},
            usual,
            {**usual, "bg_color": "#FDECC8"},
        ]
        formats = [book.add_format(style) for style in styles]
        for col, heading in enumerate(headings):
            sheet.set_column(col, col, min(max(len(heading) + 4, 14), _WIDEST), formats[1])
        sheet.freeze_panes(header_row, 0)
        sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        for col, cell_format in enumerate(formats):
            sheet.write_blank(0, col, None, cell_format)
        book.close()
        with ZipFile(self.content) as parts:
            samples = re.findall(r'<c r="[A-Z]+1" s="(\d+)"', parts.read(_SHEET).decode())
        self.heading, self.text, self.changed = map(int, samples)
