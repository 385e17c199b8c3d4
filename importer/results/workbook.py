"""Results as a workbook of three sheets: *Results*, *To fix* and *Summary*.

Comes in: headings, rows by columns, outcomes. Goes out: an ``.xlsx`` file. Rows are streamed (XlsxWriter's constant
memory), so that a million take no more memory than a few thousand. Every cell but our numbers is written as a string
and formatted as text: nothing becomes a formula or a link, and ``00123`` stays so when a person edits it.
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
MOST_CHARACTERS = 32_767  # of UTF-16 in a cell

_ROOM = 4 * 2**30  # bytes of free space that make the system's temporary folder good enough for a million rows
_WIDEST = 44  # characters; what is longer goes on in the next line
_LEGIBLE = 230  # characters side by side that can still be read on a page of paper, put across
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
_EPOCH = 25_569  # 1970-01-01 as a spreadsheet counts days


@dataclass(frozen=True)
class Contents:
    """What a workbook shows apart from its rows.

    Attributes:
        headings: the input's own.
        summary: what to say of the run.
        marked: row position → columns (by their place in ``headings``) to be coloured as the ones to blame.
    """

    headings: Sequence[str]
    summary: Summary
    marked: Mapping[int, Collection[int]] = field(default_factory=dict)


def write_workbook(draft: Draft, contents: Contents, rows: Iterable[ResultRows], outcomes: Outcomes) -> int:
    """Write the file and say how many cells had to be cut.

    Raises:
        OSError: the disk is full, or the like.
    """
    with _scratch(draft.folder) as scratch:
        output = _Output(draft.file)
        book = Workbook(output, {"constant_memory": True, "tmpdir": str(scratch)})
        try:
            book.use_zip64()  # a sheet of more than 4 GB
            book.set_properties({"title": render(contents.summary.title), "author": AUTHOR})
            sheets = _Sheets(book, contents, is_fast=is_usable(scratch))
            for some in rows:
                sheets.add(some)
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
    """The two sheets of rows, filled side by side.

    Attributes:
        cut: how many cells hold only the beginning of their text.
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

    def add(self, some: ResultRows) -> None:
        """Write these rows."""
        own = [self._fitted(column) for column in some.theirs]
        note_ids, reasons = self._fitted(some.note_id), self._fitted(some.reason)
        if not self._started:
            self._start(own)
        finished = [_serial(at) for at in some.finished_at]
        ours = (some.result, note_ids, reasons, some.source_row, finished, some.request)
        rows = zip(
            zip(*own, strict=True) if own else [()] * len(reasons),
            zip(*ours, strict=True),
            some.to_fix,
            self._lines(some.start, own, ours) if self._is_fast else [None] * len(reasons),
            strict=True,
        )
        for position, (theirs, mine, to_fix, line) in enumerate(rows, some.start):
            if line is None or to_fix or position in self._contents.marked:
                self._by_cells(position, theirs, mine, to_fix=to_fix)
            else:
                self._results.add_line(position + 1, line)
        self._rows = some.start + len(reasons)

    def finish(self) -> None:
        """Close the sheets' tables after the last row."""
        if not self._started:
            self._start([])
        if not self._rows_to_fix:
            self._fix.insert_textbox(2, 0, render(say("results.nothing-to-fix")), _CALM)  # a cell would be a row
        self._fix.set_tab_color("#CC4B40" if self._rows_to_fix else "#4BA36A")
        last = len(self._headings) + len(OUR_COLUMNS) - 1
        self._results.autofilter(0, 0, self._rows, last)
        self._fix.autofilter(0, 0, self._rows_to_fix, last)

    def _lines(self, start: int, own: Sequence[Sequence[str]], ours: Sequence[Sequence[Any]]) -> Iterator[str]:
        """The rows of *Results* without a tint, which nearly all are, as XML."""
        result, note_id, reason, source_row, finished_at, request = ours
        formats, rows, col = self._formats, range(start + 2, start + 2 + len(result)), len(own)
        text, number, time = map(LineSheet.style, (formats.text, formats.number, formats.time))
        wrapped = LineSheet.style(formats.untinted.wrapped)
        columns = [texts(i, wrapped if self._wraps[i] else text, rows, column) for i, column in enumerate(own)]
        columns.append(labels(col, {name: LineSheet.style(of) for name, of in formats.result.items()}, rows, result))
        columns.append(texts(col + 1, text, rows, note_id))
        columns.append(texts(col + 2, wrapped, rows, reason))
        columns.append(numbers(col + 3, number, rows, source_row))
        columns.append(numbers(col + 4, time, rows, finished_at))
        columns.append(texts(col + 5, text, rows, request))
        return map("".join, zip(*columns, strict=True))

    def _by_cells(self, position: int, theirs: Sequence[str], ours: Sequence[Any], *, to_fix: bool) -> None:
        """A row with a tint or marked cells, or any where there are no lines; on *To fix* too, if it is to be fixed."""
        formats = self._formats
        result, note_id, reason, source_row, finished_at, request = ours
        tint = formats.tinted[result] if to_fix else formats.untinted
        marked = self._contents.marked.get(position, ())
        own = self._own(theirs, marked, tint)
        trace = [(source_row, tint.number), (finished_at, tint.time), (request, tint.text)]
        mine = [(result, formats.result[result]), (note_id, tint.text), (reason, tint.wrapped), *trace]
        for col, (value, cell_format) in enumerate((*own, *mine)):
            _put(self._results, position + 1, col, value, cell_format)
        if not to_fix:
            return
        self._rows_to_fix += 1
        tint = formats.untinted
        own = self._own(theirs, marked, tint)
        trace = [(source_row, tint.number), (finished_at, tint.time), (request, tint.text)]
        first = [(result, formats.result[result]), (reason, tint.wrapped)]
        for col, (value, cell_format) in enumerate((*first, *own, (note_id, tint.text), *trace)):
            _put(self._fix, self._rows_to_fix, col, value, cell_format)

    def _own(self, theirs: Sequence[str], marked: Collection[int], tint: Tint) -> list[tuple[str, Format]]:
        """A row's own cells, each with its format."""
        plain = [tint.wrapped if wraps else tint.text for wraps in self._wraps]
        return [(text, self._formats.marked if col in marked else plain[col]) for col, text in enumerate(theirs)]

    def _start(self, own: Sequence[Sequence[str]]) -> None:
        """Headings, widths and frozen panes; the widths come from the first rows."""
        self._started = True
        formats = self._formats
        samples = own or [()] * len(self._headings)
        theirs = [
            (name, _width(name, sample), formats.their_heading)
            for name, sample in zip(self._headings, samples, strict=True)
        ]
        self._wraps = [width >= _WIDEST for _, width, _ in theirs]
        ours = {name: (name, _WIDTHS[name], formats.our_heading) for name in OUR_COLUMNS}
        for sheet, columns in (
            (self._results, [*theirs, *ours.values()]),
            (self._fix, [*(ours[name] for name in FIX_FIRST), *theirs, *(ours[name] for name in FIX_LAST)]),
        ):
            sheet.set_row(0, 24)
            for col, (name, width, cell_format) in enumerate(columns):
                sheet.set_column(col, col, width, formats.text)
                _put(sheet, 0, col, name, cell_format)
            sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
            sheet.set_landscape()
            if sum(width for _, width, _ in columns) <= _LEGIBLE:
                sheet.fit_to_pages(1, 0)
            else:  # on one page nobody could read it
                sheet.set_print_scale(60)
                sheet.print_across()
            sheet.repeat_rows(0)
        self._results.freeze_panes(1, 0)
        self._fix.freeze_panes(1, len(FIX_FIRST))

    def _fitted(self, column: Sequence[str]) -> Sequence[str]:
        """The texts, cut and marked where a cell can't hold them."""
        if max(map(len, column), default=0) <= MOST_CHARACTERS // 2:  # however many take two UTF-16 units
            return column
        fitted = [_fit(text) for text in column]
        self.cut += sum(short != text for short, text in zip(fitted, column, strict=True))
        return fitted


@dataclass(frozen=True)
class Tint:
    """The formats of a row's cells, all of one background."""

    text: Format
    wrapped: Format
    number: Format
    time: Format


class Formats:
    """The workbook's cell formats, each made once."""

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
        edge = {"border": 1, "border_color": "#E6E1DE"}  # a fill hides the grid
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
    """Write one cell, whatever it holds; raise where XlsxWriter only answers with a number."""
    if value is None or value == "":
        status = sheet.write_blank(row, col, None, cell_format)
    elif not isinstance(value, str):
        status = sheet.write_number(row, col, value, cell_format)
    elif value.startswith("<r>"):  # XlsxWriter would take it for markup of its own; in pieces it doesn't
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
    """In characters: the longest line of the first rows, within bounds; a heading leaves room for its arrow."""
    longest = max((len(line) for text in sample[:500] for line in text[:500].split("\n")), default=0)
    return min(max(longest + 2, min(len(heading), 30) + 5, 9), _WIDEST)


@lru_cache(maxsize=4096)
def _serial(at: float) -> float | None:
    """A local date and time as a spreadsheet counts it, to the second; None where there is none."""
    if math.isnan(at):
        return None
    offset = datetime.fromtimestamp(at, UTC).astimezone().utcoffset()
    seconds = int(at) + (offset.total_seconds() if offset else 0)
    return seconds / _DAY + _EPOCH


class _Output:
    """The workbook's file as zipfile sees it.

    Once given up it takes everything, keeps count and writes nothing, so that zipfile, which wants to finish an archive
    even when the disk is full, has nothing to complain of.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = self._end = 0
        self.given_up = False

    def write(self, data: bytes) -> int:
        """Write, or pretend to."""
        if not self.given_up:
            self._file.write(data)
        self._at += len(data)
        self._end = max(self._end, self._at)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move, or pretend to."""
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence]
        return self._at if self.given_up else self._file.seek(self._at)

    def tell(self) -> int:
        """Where we are."""
        return self._at

    def flush(self) -> None:
        """Flush, or pretend to."""
        if not self.given_up:
            self._file.flush()


@contextlib.contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder for XlsxWriter's parts: the system's temporary one, or beside the file where that has more room."""
    system = Path(tempfile.gettempdir())
    with contextlib.suppress(OSError):
        room = shutil.disk_usage(system).free
        if room < _ROOM and shutil.disk_usage(folder).free > room:
            system = folder
    with tempfile.TemporaryDirectory(prefix=".note-importer-", dir=system, ignore_cleanup_errors=True) as scratch:
        yield Path(scratch)
