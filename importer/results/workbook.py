"""Write the results as a workbook with the sheets *Results*, *To fix* and *Summary*.

Input: headings, blocks of rows, and outcomes. Output: an ``.xlsx`` file. XlsxWriter writes each row to a temporary file
at once, so that a million rows need no more memory than a few thousand. All cells except our numbers are strings,
formatted as text: nothing becomes a formula or a link, and ``00123`` stays ``00123`` when it is edited.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import re
import shutil
import tempfile
import traceback
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from importer.files import Draft
from importer.messages import render, say
from importer.models import Result
from importer.results.layout import ResultRows, ResultTable, encodable
from importer.results.summary import COLOURS, write_summary
from importer.resultsfile import AUTHOR, COLUMNS, CUT_MARK, OF_RUN, TO_FIX, ResultColumn

MOST_ROWS = 1_048_575
MOST_COLUMNS = 16_384
MOST_CHARACTERS = 32_767  # UTF-16 units in a cell

_WIDEST = 44  # characters; longer texts wrap
_HEADING_HEIGHT = 24  # points
_MOST_LINES, _LINE_HEIGHT = 8, 15  # of a cell whose text wraps, and points; a longer text would fill the screen
_RESULT = [column.cells for column in COLUMNS].index("label")
_CALM = {"width": 440, "height": 36, "fill": {"color": COLOURS[Result.CREATED].fill}}
_PALE = COLOURS[Result.REJECTED].row or ""
_UNUSUAL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_x")
_SPELLED = re.compile(r"_(?=x[0-9a-fA-F]{4}[_\x00-\x08\x0b-\x1f\ufffe\uffff])")  # it would be read as one character
_DAY = 86_400
_EPOCH = 25_569  # 1970-01-01 as a spreadsheet's day number


def write_workbook(draft: Draft, table: ResultTable) -> int:
    """Write the workbook and return the number of cells whose text was cut; raise OSError if the disk is full."""
    rows = table.blocks()
    first = next(rows, None)
    with workbook_of_texts(draft.file) as book:
        writer = _RowWriter(book, table, first.theirs if first else [()] * len(table.theirs))
        for block in itertools.chain([first] if first else [], rows):
            writer.add(block)
        write_summary(book, table)
    return writer.cut


@contextmanager
def workbook_of_texts(file: BinaryIO) -> Iterator[Workbook]:
    """Write a workbook, whose rows are added in order, to a file. Nothing else is left behind. Raises OSError."""
    with tempfile.TemporaryDirectory(prefix="note-importer-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "workbook.xlsx"
        book = Workbook(path, {"constant_memory": True, "tmpdir": folder, "use_zip64": True})
        book.worksheet_class = _SheetOfTexts
        try:
            yield book
            book.close()
        except BaseException as error:
            for sheet in book.worksheets():
                with contextlib.suppress(OSError):
                    sheet.row_data_fh.close()
            traceback.clear_frames(error.__traceback__)  # closes the other files: Windows deletes no open file
            if isinstance(error, FileCreateError):
                raise error.args[0] from error
            raise
        with path.open("rb") as written:
            shutil.copyfileobj(written, file)


class _SheetOfTexts(Worksheet):  # type: ignore[misc]  # XlsxWriter has no types
    """A sheet in which each text stays as it is. XlsxWriter takes some for markup or for escaped characters."""

    def _xml_rich_inline_string(self, string: str, attributes: list[tuple[str, Any]]) -> None:
        self._xml_inline_string(string, preserve=True, attributes=attributes)

    @staticmethod
    def _escape_control_characters(data: str) -> str:
        if not _UNUSUAL.search(data):  # most texts
            return data
        return "_x005F_".join(map(Worksheet._escape_control_characters, _SPELLED.split(data)))


class _RowWriter:
    """Writes the rows of *Results* and *To fix* in the same pass; ``cut`` counts the cells whose text was cut."""

    def __init__(self, book: Workbook, table: ResultTable, sample: Sequence[Sequence[str]]) -> None:
        self._position = 0
        self._columns = [*table.ours.values()]
        theirs, self.cut = _fitted(encodable([*table.theirs.values()]))
        widths = [_width(name, texts) for name, texts in zip(theirs, sample, strict=True)]
        wraps = [width >= _WIDEST for width in widths]
        widths += [column.width for column in self._columns]
        self._limits = [_MOST_LINES * width for width in widths]
        self._wrapping = [i for i, is_wrapped in enumerate(wraps) if is_wrapped]
        self._wrapping += [len(wraps) + i for i, column in enumerate(self._columns) if column.cells == "reason"]
        index = {position: i for i, position in enumerate(table.theirs)}
        self._marked = {row: {index[at] for at in positions if at in index} for row, positions in table.marked.items()}
        formats = _formats(book)
        self._mark = formats["marked", ""]

        def of_row(result: Result, fill: str) -> list[Format]:
            of_theirs = [("reason" if is_wrapped else "text", fill) for is_wrapped in wraps]
            of_ours = [(column.cells, result.value if column.cells == "label" else fill) for column in self._columns]
            return [formats[key] for key in (*of_theirs, *of_ours)]

        self._plain = {result.value: of_row(result, "") for result in Result}
        self._tinted = {result.value: of_row(result, colours.row or _PALE) for result, colours in COLOURS.items()}
        leading = [len(theirs) + i for i, column in enumerate(self._columns) if column.leads_to_fix]
        order = [*leading, *(i for i in range(len(widths)) if i not in leading)]
        count_to_fix = int(table.outcomes.to_fix().sum())
        self._results = _SheetRows(book.add_worksheet("Results"), range(len(widths)))
        self._to_fix = _SheetRows(book.add_worksheet(TO_FIX), order)
        heading = [formats["heading", "theirs"]] * len(theirs) + [formats["heading", "ours"]] * len(self._columns)
        for rows, count in ((self._results, len(table.outcomes)), (self._to_fix, count_to_fix)):
            rows.set_up(widths, formats["text", ""], count)
            rows.add(heading, [*theirs, *table.ours], height=_HEADING_HEIGHT)
        self._results.sheet.freeze_panes(1, 0)
        to_fix = self._to_fix.sheet
        to_fix.freeze_panes(1, len(leading))
        to_fix.set_tab_color("#CC4B40" if count_to_fix else "#4BA36A")
        if not count_to_fix:
            # A textbox, because a cell would count as a row.
            to_fix.insert_textbox(2, 0, render(say("results.nothing-to-fix")), _CALM)
        about = f"{OF_RUN}{table.summary.run}" if table.summary.run else ""
        book.set_properties({"title": render(table.summary.title), "author": AUTHOR, "comments": about})

    def add(self, block: ResultRows) -> None:
        columns = [self._fitted(column) for column in block.theirs]
        columns += [self._cells(column, values) for column, values in zip(self._columns, block.ours, strict=True)]
        for values, needs_fix in zip(zip(*columns, strict=True), block.to_fix, strict=True):
            label, marked = values[_RESULT - len(self._columns)], self._marked.get(self._position, ())
            self._position += 1
            plain, tinted = self._plain[label], self._tinted[label]
            if marked:
                plain, tinted = self._with_marks(plain, marked), self._with_marks(tinted, marked)
            height = self._height(values, marked)
            if needs_fix:
                self._results.add(tinted, values, height=height)
                self._to_fix.add(plain, values, height=height)
            else:
                self._results.add(plain, values, blanks=bool(marked), height=height)

    def _height(self, values: Sequence[Any], marked: Collection[int]) -> int | None:
        """Return the height of a row with a text of too many lines; None for any other, which fits its texts."""
        for col in (*self._wrapping, *marked):
            text = values[col]
            if len(text) > self._limits[col] or text.count("\n") >= _MOST_LINES:
                return _MOST_LINES * _LINE_HEIGHT
        return None

    def _with_marks(self, formats: list[Format], marked: Collection[int]) -> list[Format]:
        return [self._mark if col in marked else cell_format for col, cell_format in enumerate(formats)]

    def _cells(self, column: ResultColumn, values: Sequence[Any]) -> Sequence[Any]:
        if column.cells == "time":
            return [_serial(seconds) for seconds in values]
        return values if column.cells == "number" else self._fitted(values)

    def _fitted(self, texts: Sequence[str]) -> Sequence[str]:
        texts, cut = _fitted(texts)
        self.cut += cut
        return texts


class _SheetRows:
    """The rows of a sheet, with the columns of *Results* in this order."""

    def __init__(self, sheet: Worksheet, order: Sequence[int]) -> None:
        self.sheet, self._order, self._next = sheet, order, 0

    def set_up(self, widths: Sequence[int], text: Format, row_count: int) -> None:
        """Set up the widths of the columns, the format of cells without any, and the filter."""
        for col, at in enumerate(self._order):
            self.sheet.set_column(col, col, widths[at], text)
        self.sheet.autofilter(0, 0, row_count, len(widths) - 1)
        self.sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})

    def add(
        self,
        formats: Sequence[Format],
        values: Sequence[str | float | None],
        *,
        blanks: bool = True,
        height: int | None = None,
    ) -> None:
        """Add a row: the format and the value of each cell.

        ``blanks`` is whether blank cells aren't left out, because their formats can be seen. ``height`` is in points,
        by default that of the texts.
        """
        if height:
            self.sheet.set_row(self._next, height)
        for col, at in enumerate(self._order):
            value = values[at]
            if value and isinstance(value, str):
                self.sheet.write_string(self._next, col, value, formats[at])
            elif value:
                self.sheet.write_number(self._next, col, value, formats[at])
            elif blanks:
                self.sheet.write_blank(self._next, col, None, formats[at])
        self._next += 1


def _formats(book: Workbook) -> dict[tuple[str, str], Format]:
    """Return the cells' formats by kind of cell and variant: the result of a label, the row's background of others."""

    def cell(**properties: object) -> Format:
        return book.add_format({"num_format": "@", "valign": "top", **properties})

    heading = {"bold": True, "font_color": "#FFFFFF", "valign": "vcenter", "border": 1, "border_color": "#FFFFFF"}
    formats = {
        ("heading", "theirs"): cell(**heading, bg_color="#44525F"),
        ("heading", "ours"): cell(**heading, bg_color="#1F7A83"),
        ("marked", ""): cell(
            text_wrap=True, font_color="#A3201A", bg_color="#F9CFCA", border=1, border_color="#CC4B40"
        ),
    }
    for fill in ("", *{colours.row: None for colours in COLOURS.values() if colours.row}):
        edge = {"border": 1, "border_color": "#E6E1DE"}  # replaces the grid, which a fill hides
        tint = {"bg_color": fill, **edge} if fill else {}
        formats["text", fill] = cell(**tint)
        formats["reason", fill] = cell(**tint, text_wrap=True)
        formats["number", fill] = cell(**{"num_format": "0", "align": "center", **tint})
        formats["time", fill] = cell(**{"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left", **tint})
    white_edge = {"border": 1, "border_color": "#FFFFFF"}
    for result, colours in COLOURS.items():
        formats["label", result] = cell(bold=True, font_color=colours.ink, bg_color=colours.fill, **white_edge)
    return formats


def _fitted(texts: Sequence[str]) -> tuple[Sequence[str], int]:
    """Return the texts, and how many are cut and marked as such because they are too long for a cell."""
    if max(map(len, texts), default=0) <= MOST_CHARACTERS // 2:  # a character takes at most two UTF-16 units
        return texts, 0
    short = [_fit(text) for text in texts]
    return short, sum(text != whole for text, whole in zip(short, texts, strict=True))


def _fit(text: str) -> str:
    units = text.encode("utf-16-le")
    if len(units) <= 2 * MOST_CHARACTERS:
        return text
    mark = CUT_MARK.format(f"{len(text):,}")
    return units[: 2 * (MOST_CHARACTERS - len(mark))].decode("utf-16-le", "ignore") + mark


def _width(heading: str, sample: Sequence[str]) -> int:
    """Return a column's width in characters: the longest line of the first rows, with room for the heading's filter."""
    longest = max((len(line) for text in sample[:500] for line in text[:500].split("\n")), default=0)
    return min(max(longest + 2, min(len(heading), 30) + 5, 9), _WIDEST)


@lru_cache(maxsize=4096)
def _serial(seconds_since_1970: float) -> float | None:
    """Return the local date and time as a spreadsheet's day number, to the second; None for NaN."""
    if math.isnan(seconds_since_1970):
        return None
    offset = datetime.fromtimestamp(seconds_since_1970, UTC).astimezone().utcoffset()
    seconds = int(seconds_since_1970) + (offset.total_seconds() if offset else 0)
    return seconds / _DAY + _EPOCH
