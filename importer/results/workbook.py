"""Write the results as a workbook with the sheets *Results*, *To fix* and *Summary*.

Input: headings, blocks of rows, and outcomes. Output: an ``.xlsx`` file. Rows are streamed (XlsxWriter's constant
memory), so that a million rows need no more memory than a few thousand. All cells except our numbers are strings,
formatted as text: nothing becomes a formula or a link, and ``00123`` stays ``00123`` when it is edited.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from importer.delivery.outcomes import Outcomes
from importer.files import Draft
from importer.messages import render, say
from importer.models import Result
from importer.results.layout import ResultRows, Summary, encodable
from importer.results.presentation import COLOURS
from importer.results.rowxml import LineSheet, close_parts, is_usable, labels, numbers, texts
from importer.results.summary import write_summary
from importer.resultsfile import AUTHOR, CUT_MARK, FIX_FIRST, FIX_LAST, OUR_COLUMNS

MOST_ROWS = 1_048_575
MOST_COLUMNS = 16_384
MOST_CHARACTERS = 32_767  # UTF-16 units in a cell

_ROOM = 4 * 2**30  # bytes of free space with which the system's temporary folder is large enough for a million rows
_WIDEST = 44  # characters; longer texts wrap
_LEGIBLE = 230  # characters side by side that are still legible on a page in landscape
_WIDTHS = {"result": 18, "note_id": 16, "reason": 56, "source_row": 15, "finished_at": 21, "request": 22}
_CALM = {
    "width": 440,
    "height": 36,
    "x_offset": 12,
    "font": {"size": 12, "color": COLOURS[Result.CREATED].ink},
    "fill": {"color": COLOURS[Result.CREATED].fill},
    "line": {"color": COLOURS[Result.CREATED].chart},
    "align": {"vertical": "middle"},
}
_DAY = 86_400
_EPOCH = 25_569  # 1970-01-01 as a spreadsheet's day number


@dataclass(frozen=True)
class Contents:
    """The content of a workbook apart from its rows.

    Attributes:
        headings: the headings of the sheet's own columns.
        summary: the content of the sheet *Summary*.
        marked: row position → indices in ``headings`` of the cells with problems, which are coloured.
    """

    headings: Sequence[str]
    summary: Summary
    marked: Mapping[int, Collection[int]] = field(default_factory=dict)


def write_workbook(draft: Draft, contents: Contents, rows: Iterable[ResultRows], outcomes: Outcomes) -> int:
    """Write the workbook and return the number of cells whose text was cut.

    Raises:
        OSError: the file can't be written, for example because the disk is full.
    """
    with _scratch(draft.folder) as scratch:
        output = _Output(draft.file)
        book = Workbook(output, {"constant_memory": True, "tmpdir": str(scratch)})
        try:
            book.use_zip64()  # a sheet of more than 4 GB
            book.set_properties({"title": render(contents.summary.title), "author": AUTHOR})
            sheets = _Sheets(book, contents, is_fast=is_usable(scratch))
            for block in rows:
                sheets.add(block)
            sheets.finish()
            write_summary(book, contents.summary, outcomes.counts(), len(outcomes.duplicates), len(outcomes.missing))
            book.close()
        except FileCreateError as error:
            output.given_up = True
            raise error.args[0] from error
        except BaseException:
            output.given_up = True
            raise
        finally:
            close_parts(book)
    return sheets.cut


class _Sheets:
    """The sheets *Results* and *To fix*, filled in the same pass.

    Attributes:
        cut: number of cells whose text was cut.
    """

    def __init__(self, book: Workbook, contents: Contents, *, is_fast: bool) -> None:
        self.cut = 0
        self._contents = contents
        self._headings = self._fitted(encodable(list(contents.headings)))
        self._formats = Formats(book)
        self._is_fast = is_fast
        self._results: Worksheet = book.add_worksheet("Results", LineSheet if is_fast else Worksheet)
        self._fix = book.add_worksheet("To fix")
        self._rows = self._rows_to_fix = 0
        self._wraps: list[bool] = []
        self._started = False

    def add(self, block: ResultRows) -> None:
        input_columns = [self._fitted(column) for column in block.theirs]
        note_ids, reasons = self._fitted(block.note_id), self._fitted(block.reason)
        if not self._started:
            self._start(input_columns)
        finished_at = [_serial(seconds) for seconds in block.finished_at]
        result_columns = (block.result, note_ids, reasons, block.source_row, finished_at, block.request)
        rows = zip(
            zip(*input_columns, strict=True) if input_columns else [()] * len(reasons),
            zip(*result_columns, strict=True),
            block.to_fix,
            self._lines(block.start, input_columns, result_columns) if self._is_fast else [None] * len(reasons),
            strict=True,
        )
        for position, (input_cells, result_cells, to_fix, line) in enumerate(rows, block.start):
            if line is None or to_fix or position in self._contents.marked:
                self._by_cells(position, input_cells, result_cells, to_fix=to_fix)
            else:
                self._results.add_line(position + 1, line)
        self._rows = block.start + len(reasons)

    def finish(self) -> None:
        """Add the filters after the last row, and a notice if there is nothing to fix."""
        if not self._started:
            self._start([])
        if not self._rows_to_fix:
            # A textbox, because a cell would count as a row.
            self._fix.insert_textbox(2, 0, render(say("results.nothing-to-fix")), _CALM)
        self._fix.set_tab_color("#CC4B40" if self._rows_to_fix else "#4BA36A")
        last = len(self._headings) + len(OUR_COLUMNS) - 1
        self._results.autofilter(0, 0, self._rows, last)
        self._fix.autofilter(0, 0, self._rows_to_fix, last)

    def _lines(
        self, start: int, input_columns: Sequence[Sequence[str]], result_columns: Sequence[Sequence[Any]]
    ) -> Iterator[str]:
        """Yield the rows of *Results* as XML without a tint; nearly all rows can be written like this."""
        result, note_id, reason, source_row, finished_at, request = result_columns
        formats, rows, col = self._formats, range(start + 2, start + 2 + len(result)), len(input_columns)
        text, number, time = map(LineSheet.style, (formats.text, formats.number, formats.time))
        wrapped = LineSheet.style(formats.untinted.wrapped)
        columns = [
            texts(i, wrapped if self._wraps[i] else text, rows, column) for i, column in enumerate(input_columns)
        ]
        columns.append(
            labels(
                col, {name: LineSheet.style(cell_format) for name, cell_format in formats.result.items()}, rows, result
            )
        )
        columns.append(texts(col + 1, text, rows, note_id))
        columns.append(texts(col + 2, wrapped, rows, reason))
        columns.append(numbers(col + 3, number, rows, source_row))
        columns.append(numbers(col + 4, time, rows, finished_at))
        columns.append(texts(col + 5, text, rows, request))
        return map("".join, zip(*columns, strict=True))

    def _by_cells(
        self, position: int, input_texts: Sequence[str], result_values: Sequence[Any], *, to_fix: bool
    ) -> None:
        """Write a tinted row with marked cells to the sheet *Results*; with ``to_fix``, also to *To fix*."""
        formats = self._formats
        result, note_id, reason, source_row, finished_at, request = result_values
        tint = formats.tinted[result] if to_fix else formats.untinted
        marked = self._contents.marked.get(position, ())
        input_cells = self._own(input_texts, marked, tint)
        trace = [(source_row, tint.number), (finished_at, tint.time), (request, tint.text)]
        result_cells = [(result, formats.result[result]), (note_id, tint.text), (reason, tint.wrapped), *trace]
        for col, (value, cell_format) in enumerate((*input_cells, *result_cells)):
            _put(self._results, position + 1, col, value, cell_format)
        if not to_fix:
            return
        self._rows_to_fix += 1
        tint = formats.untinted
        input_cells = self._own(input_texts, marked, tint)
        trace = [(source_row, tint.number), (finished_at, tint.time), (request, tint.text)]
        first = [(result, formats.result[result]), (reason, tint.wrapped)]
        for col, (value, cell_format) in enumerate((*first, *input_cells, (note_id, tint.text), *trace)):
            _put(self._fix, self._rows_to_fix, col, value, cell_format)

    def _own(self, input_texts: Sequence[str], marked: Collection[int], tint: Tint) -> list[tuple[str, Format]]:
        plain = [tint.wrapped if wraps else tint.text for wraps in self._wraps]
        return [(text, self._formats.marked if col in marked else plain[col]) for col, text in enumerate(input_texts)]

    def _start(self, input_columns: Sequence[Sequence[str]]) -> None:
        """Write the headings and set up widths, printing and frozen panes; the first rows decide the widths."""
        self._started = True
        formats = self._formats
        samples = input_columns or [()] * len(self._headings)
        input_headings = [
            (name, _width(name, sample), formats.their_heading)
            for name, sample in zip(self._headings, samples, strict=True)
        ]
        self._wraps = [width >= _WIDEST for _, width, _ in input_headings]
        result_headings = {name: (name, _WIDTHS[name], formats.our_heading) for name in OUR_COLUMNS}
        for sheet, columns in (
            (self._results, [*input_headings, *result_headings.values()]),
            (
                self._fix,
                [
                    *(result_headings[name] for name in FIX_FIRST),
                    *input_headings,
                    *(result_headings[name] for name in FIX_LAST),
                ],
            ),
        ):
            sheet.set_row(0, 24)
            for col, (name, width, cell_format) in enumerate(columns):
                sheet.set_column(col, col, width, formats.text)
                _put(sheet, 0, col, name, cell_format)
            sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
            sheet.set_landscape()
            if sum(width for _, width, _ in columns) <= _LEGIBLE:
                sheet.fit_to_pages(1, 0)
            else:  # on one page the text would be too small
                sheet.set_print_scale(60)
                sheet.print_across()
            sheet.repeat_rows(0)
        self._results.freeze_panes(1, 0)
        self._fix.freeze_panes(1, len(FIX_FIRST))

    def _fitted(self, column: Sequence[str]) -> Sequence[str]:
        """Return the texts; those too long for a cell are cut and marked as such."""
        if max(map(len, column), default=0) <= MOST_CHARACTERS // 2:  # a character takes at most two UTF-16 units
            return column
        fitted = [_fit(text) for text in column]
        self.cut += sum(short != text for short, text in zip(fitted, column, strict=True))
        return fitted


@dataclass(frozen=True)
class Tint:
    """The formats of a row's cells, all with the same background."""

    text: Format
    wrapped: Format
    number: Format
    time: Format


class Formats:
    """The workbook's cell formats, each created once."""

    def __init__(self, book: Workbook) -> None:
        def cell(**properties: object) -> Format:
            return book.add_format({"num_format": "@", "valign": "top", **properties})

        def tint(**properties: object) -> Tint:
            number = cell(**{"num_format": "0", "align": "center", **properties})
            time = cell(**{"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left", **properties})
            return Tint(cell(**properties), cell(**properties, text_wrap=True), number, time)

        heading = {"bold": True, "font_color": "#FFFFFF", "valign": "vcenter", "border": 1, "border_color": "#FFFFFF"}
        self.their_heading = cell(**heading, bg_color="#44525F")
        self.our_heading = cell(**heading, bg_color="#1F7A83")
        self.untinted = tint()
        self.text, self.number, self.time = self.untinted.text, self.untinted.number, self.untinted.time
        edge = {"border": 1, "border_color": "#E6E1DE"}  # replaces the grid, which a fill hides
        tints = {fill: tint(bg_color=fill, **edge) for fill in {colours.row for colours in COLOURS.values()} if fill}
        pale = tints[COLOURS[Result.REJECTED].row or ""]
        self.tinted = {str(result): tints.get(colours.row or "", pale) for result, colours in COLOURS.items()}
        self.result = {
            str(result): cell(
                bold=True, font_color=colours.ink, bg_color=colours.fill, border=1, border_color="#FFFFFF"
            )
            for result, colours in COLOURS.items()
        }
        self.marked = cell(text_wrap=True, font_color="#A3201A", bg_color="#F9CFCA", border=1, border_color="#CC4B40")


def _put(sheet: Worksheet, row: int, col: int, value: str | float | None, cell_format: Format) -> None:
    """Write one cell of any type. Raise RuntimeError if XlsxWriter refuses it; it only returns a status itself."""
    if value is None or value == "":
        status = sheet.write_blank(row, col, None, cell_format)
    elif not isinstance(value, str):
        status = sheet.write_number(row, col, value, cell_format)
    elif value.startswith("<r>"):  # XlsxWriter would read it as rich text, unless it is written in pieces
        status = sheet.write_rich_string(row, col, "<", "r", value[2:], cell_format)
    else:
        status = sheet.write_string(row, col, value, cell_format)
    if status:
        raise RuntimeError(f"cell {row + 1}, {col + 1} of the results was refused ({status})")


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


class _Output:
    """The workbook's file, as it is passed to zipfile.

    After an error ``given_up`` is set. Then the file accepts data but only counts it. zipfile finishes its archive even
    if the disk is full, and would otherwise raise a second error.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = self._end = 0
        self.given_up = False

    def write(self, data: bytes) -> int:
        if not self.given_up:
            self._file.write(data)
        self._at += len(data)
        self._end = max(self._end, self._at)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence]
        return self._at if self.given_up else self._file.seek(self._at)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        if not self.given_up:
            self._file.flush()


@contextlib.contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder for XlsxWriter's parts, beside the results if the system's own is too full."""
    parent = Path(tempfile.gettempdir())
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(parent).free
        if free < _ROOM and shutil.disk_usage(folder).free > free:
            parent = folder
    with tempfile.TemporaryDirectory(prefix=".note-importer-", dir=parent, ignore_cleanup_errors=True) as scratch:
        yield Path(scratch)
