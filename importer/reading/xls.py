"""Read Excel 5 to 2003 workbooks (.xls) by xlrd, as rows of text exactly as shown.

xlrd returns values and number formats. ``biff`` limits what xlrd reads, and finds facts that xlrd doesn't report.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import xlrd

from importer.errors import UnreadableFile
from importer.messages import say
from importer.reading.biff import Records
from importer.reading.book import KeptTable, RowStore, Table
from importer.reading.formats import NumberFormats, code_of
from importer.reading.limits import Deadline, Limits
from importer.reading.sheet import HIDDEN, TableFacts
from importer.reading.spool import Row

_FAULTS = (
    xlrd.XLRDError,
    struct.error,
    AssertionError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
)
"""Exceptions that xlrd raises for a damaged workbook, by design or not."""


class _Silence(io.TextIOBase):
    """File that discards the warnings of xlrd."""

    def write(self, text: str, /) -> int:
        return len(text)


def tables(stream: bytearray, limits: Limits, deadline: Deadline) -> tuple[Table, ...]:
    """Return the sheets of a workbook. Their rows are stored, so that only one sheet at a time is in memory."""
    records = Records(stream, deadline)
    store = RowStore(limits)
    kept = []
    try:
        book = xlrd.open_workbook(
            file_contents=records.stream, logfile=_Silence(), formatting_info=True, on_demand=True, ragged_rows=True
        )
        own_codes = {number_format.format_key: number_format.format_str for number_format in book.format_list}
        codes = [code_of(style.format_key, own_codes.get(style.format_key)) for style in book.xf_list]
        formats = NumberFormats(codes, date1904=records.date1904)
        for index, (name, sheet) in enumerate(zip(book.sheet_names(), records.sheets, strict=True)):
            kept.append(store.begin(name, hidden=sheet.hidden))
            kept[-1].found.adopt(sheet.found)
            _read(book, index, formats, kept[-1], deadline)
    except _FAULTS as exc:
        raise _damaged(exc) from exc
    return tuple(table.table() for table in kept)


def _read(book: xlrd.Book, index: int, formats: NumberFormats, kept: KeptTable, deadline: Deadline) -> None:

    def rows() -> Iterator[Row]:
        deadline.check()
        try:
            yield from _rows(book.sheet_by_index(index), formats, kept.found)
        except _FAULTS as exc:
            raise _damaged(exc) from exc

    kept.add_of(rows())
    kept.finish()
    book.unload_sheet(index)


def _rows(sheet: xlrd.sheet.Sheet, formats: NumberFormats, found: TableFacts) -> Iterator[Row]:
    """Yield the rows that hold something."""
    hidden = {row for row, info in sheet.rowinfo_map.items() if info.hidden}
    found.hidden_columns.update(column for column, info in sheet.colinfo_map.items() if info.hidden)
    for row in range(sheet.nrows):
        cells = []
        for column, (kind, value) in enumerate(zip(sheet.row_types(row), sheet.row_values(row), strict=True)):
            if kind in {xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE}:
                shown = formats.in_style(sheet.cell_xf_index(row, column), repr(value))
                value = found.number(row + 1, column, repr(value), shown)  # noqa: PLW2901
            elif kind == xlrd.XL_CELL_BOOLEAN:
                value = "TRUE" if value else "FALSE"  # noqa: PLW2901
            elif kind == xlrd.XL_CELL_ERROR:
                value = xlrd.error_text_from_code.get(value, "#ERROR")  # noqa: PLW2901
                found.error(row + 1, column, value)
            if formats.hiding and _is_hidden(kind, value) and sheet.cell_xf_index(row, column) in formats.hiding:
                found.flaw(row + 1, column, HIDDEN)
                value = ""  # noqa: PLW2901
            cells.append(value)
        if any(cells):
            found.hidden_rows += row in hidden
            yield row + 1, cells


def _is_hidden(kind: int, shown: object) -> bool:
    """Return whether a format that hides texts hides this cell too; errors are always shown."""
    if kind in {xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE}:
        return not shown
    return kind == xlrd.XL_CELL_BOOLEAN or (kind == xlrd.XL_CELL_TEXT and bool(shown))


def _damaged(exc: Exception) -> UnreadableFile:
    return UnreadableFile(say("xls.unreadable", error=f"{type(exc).__name__}: {exc}"))
