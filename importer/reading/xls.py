"""Read Excel 97 to 2003 workbooks (.xls) by xlrd, as rows of text exactly as shown.

Input: the bytes of the workbook stream, which are records: a type, a size (16 bits each) and content ([MS-XLS]). xlrd
evaluates defined names, and trusts the file's counts and sizes of texts: a few kilobytes can make it fill any memory.
So xlrd is shown only the records that hold cells, and those that cells need; the types of all others are overwritten.
xlrd also reads a formula that was never calculated as an empty text; such cells are found here. Workbooks of Excel 5
and 95 are refused: xlrd takes their texts for Western if they don't name their encoding.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import xlrd

from importer.errors import UnreadableFile
from importer.messages import Quoted, say
from importer.reading import detection
from importer.reading.book import Book, KeptTable, RowStore
from importer.reading.cells import NO_VALUE, TableFacts
from importer.reading.formats import LONGEST_CODE, NumberFormats, code_of
from importer.reading.opening import MOST_SHEETS, Source, bound, damaged
from importer.reading.spool import Row

MOST_STYLES = 10_000
"""Maximum number of cell formats, and of number formats. Excel writes at most some 4,000 into an .xls."""

_BOF, _EOF, _CONTINUE, _LOCKED = 0x809, 0x0A, 0x3C, 0x2F
_SHEET, _FORMAT, _XF, _TEXTS, _DATES, _CALCULATED = 0x85, 0x41E, 0xE0, 0xFC, 0x22, 0x1C1
_ROW, _COLUMNS, _MERGED = 0x208, 0x7D, 0xE5
_LABEL, _LABEL_RICH, _LABEL_SHARED, _NUMBER, _RK, _MANY_RK = 0x204, 0xD6, 0xFD, 0x203, 0x27E, 0xBD
_BOOL_OR_ERROR, _FORMULA, _STRING = 0x205, 0x06, 0x207
_OF_FORMULA = {0x221, 0x236, 0x4BC}
"""Record types that may stand between a formula and its text: array formulas, tables and shared formulas."""

_CELLS = {_LABEL, _LABEL_RICH, _LABEL_SHARED, _NUMBER, _RK, _MANY_RK, _BOOL_OR_ERROR, _FORMULA, _STRING}
_SHOWN_OF_ALL = {_BOF, _EOF, _CONTINUE, _SHEET, _FORMAT, _XF, _TEXTS}
_SHOWN_OF_SHEET = {_BOF, _EOF, _CONTINUE, _ROW, _COLUMNS} | _CELLS | _OF_FORMULA
_BLOT = b"\xff\xff"
"""An unused record type, which xlrd skips."""

_NUMBERS = {xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE}


def open_book(source: Source) -> Book:
    """Return the sheets of a workbook. Their rows are stored, so that only one sheet at a time is in memory."""
    records = Records(detection.records_of(source))
    store = RowStore(source.limits)
    with Path(os.devnull).open("w") as warnings:
        book = xlrd.open_workbook(
            file_contents=records.stream,
            logfile=warnings,
            formatting_info=True,
            on_demand=True,
            ragged_rows=True,
        )
        own_codes = {number_format.format_key: number_format.format_str for number_format in book.format_list}
        codes = [code_of(style.format_key, own_codes.get(style.format_key)) for style in book.xf_list]
        formats = NumberFormats(codes, date1904=records.date1904)
        for index, (name, sheet) in enumerate(zip(book.sheet_names(), records.sheets, strict=True)):
            kept = store.begin(name, hidden=sheet.hidden)
            kept.facts.adopt(sheet.facts)
            kept.add_of(_rows(book, index, formats, kept))
            kept.finish()
            book.unload_sheet(index)
    return Book(say("format.xls"), store.tables)


def _rows(book: xlrd.Book, index: int, formats: NumberFormats, kept: KeptTable) -> Iterator[Row]:
    """Yield the rows of a sheet that hold something."""
    sheet = book.sheet_by_index(index)
    kept.facts.hidden_columns.update(column for column, info in sheet.colinfo_map.items() if info.hidden)
    sink = kept.sink(formats)
    for row in range(sheet.nrows):
        sink.begin(row + 1)
        for column, (kind, value) in enumerate(zip(sheet.row_types(row), sheet.row_values(row), strict=True)):
            has_code = kind in _NUMBERS or formats.hides_texts
            code = formats.code(sheet.cell_xf_index(row, column)) if has_code else ""
            if kind in _NUMBERS:
                sink.add(column, "number", repr(value), code)
            elif kind == xlrd.XL_CELL_BOOLEAN:
                sink.add(column, "boolean", str(value), code)
            elif kind == xlrd.XL_CELL_ERROR:
                sink.add(column, "error", xlrd.error_text_from_code.get(value, "#ERROR"), code)
            else:
                sink.add(column, "text", value, code)
        yield from sink.end(hidden=row in sheet.rowinfo_map and bool(sheet.rowinfo_map[row].hidden))


@dataclass
class BiffSheet:
    """A sheet: its start in the stream, whether it is hidden, and facts about its cells that xlrd doesn't report."""

    at: int
    hidden: bool
    facts: TableFacts = field(default_factory=TableFacts)
    empty: list[tuple[int, int]] = field(default_factory=list)


class Records:
    """Records of a workbook: its sheets, with facts that xlrd doesn't report. Other records are overwritten."""

    def __init__(self, stream: bytearray) -> None:
        """Go through all records; raise UnreadableFile if the workbook is locked or damaged."""
        self.stream = stream
        self.sheets: list[BiffSheet] = []
        self.date1904 = False
        self._calculated = False  # whether the file names the program that last calculated it
        self._texts = 0
        self._read = 0
        self._read_globals()
        for sheet in self.sheets:
            self._read_sheet(sheet)

    def _records(self, at: int) -> Iterator[tuple[int, int, int]]:
        """Yield each record's type, content position and content size, from ``at`` on; hide embedded charts."""
        depth = 0
        stream = self.stream
        while True:
            if at + 4 > len(stream):
                raise _broken("ends too early")
            kind, size = struct.unpack_from("<HH", stream, at)
            depth += (kind == _BOF) - (kind == _EOF)
            if depth <= 1:
                yield kind, at + 4, size
            elif kind not in {_BOF, _EOF}:
                self._blot(at + 4)
            at += 4 + size
            if depth <= 0:
                return

    def _blot(self, at: int) -> None:
        """Hide the record whose content begins at ``at`` from xlrd."""
        self.stream[at - 4 : at - 2] = _BLOT

    def _read_globals(self) -> None:
        formats = styles = 0
        begins, _, _ = next(self._records(0))
        version, sort = struct.unpack_from("<HH", self.stream, 4)
        if begins == _BOF and version == 0x500:
            raise UnreadableFile(say("xls.excel-5"))
        if begins != _BOF or version != 0x600 or sort != 5:
            raise _broken("no Excel workbook")
        kinds = set()
        for kind, at, size in self._records(0):
            kinds.add(kind)
            if kind == _LOCKED:
                raise UnreadableFile(say("reading.locked"))
            if kind == _DATES:
                self.date1904 = self.stream[at] == 1
            elif kind == _SHEET:
                begin, hidden, sort = struct.unpack_from("<LBB", self.stream, at)
                if sort == 0:
                    self.sheets.append(BiffSheet(begin, hidden=bool(hidden & 3)))
                    bound(len(self.sheets), MOST_SHEETS, say("part.sheets"))
            elif kind == _XF:
                styles += 1
                bound(styles, MOST_STYLES, say("part.styles"))
            elif kind == _TEXTS:
                self._texts = self._count_texts(at, size)
            elif kind == _FORMAT:
                formats += 1
                bound(formats, MOST_STYLES, say("part.styles"))
                if size > 6 + 2 * LONGEST_CODE:
                    self._blot(at)
            if kind not in _SHOWN_OF_ALL:
                self._blot(at)
        self._calculated = _CALCULATED in kinds

    def _count_texts(self, at: int, size: int) -> int:
        """Return the number of shared texts; raise UnreadableFile if a stated length is wrong."""
        pieces = [(at, at + size)]
        at += size
        while struct.unpack_from("<H", self.stream, at)[0] == _CONTINUE:
            size = struct.unpack_from("<H", self.stream, at + 2)[0]
            pieces.append((at + 4, at + 4 + size))
            at += 4 + size
        next_pieces = iter(pieces)
        at, end = next(next_pieces)
        count: int = struct.unpack_from("<L", self.stream, at + 4)[0]
        at += 8
        for _ in range(count):
            length, flags = struct.unpack_from("<HB", self.stream, at)
            at += 3
            tail = 0
            if flags & 8:
                tail += 4 * struct.unpack_from("<H", self.stream, at)[0]
                at += 2
            if flags & 4:
                tail += struct.unpack_from("<L", self.stream, at)[0]
                at += 4
            while length:  # a text that continues in the next record begins there with the size of its characters
                width = 1 + (flags & 1)
                taken = min(length, max(end - at, 0) // width)
                length, at = length - taken, at + taken * width
                if length:
                    at, end = next(next_pieces, (0, 0))
                    flags = self.stream[at] if at else 0
                    at += 1
                    if not end:
                        raise _broken("text cut off")
            at += tail
            while at >= end and (piece := next(next_pieces, None)):
                at, end = piece[0] + at - end, piece[1]
        if at > end:
            raise _broken("text cut off")
        return count

    def _read_sheet(self, sheet: BiffSheet) -> None:
        """Go through a sheet; record merged cells and formulas without a result."""
        facts = sheet.facts
        pending_formula: tuple[int, int, int] | None = None
        read = 0
        for kind, at, size in self._records(sheet.at):
            read += size + 4
            if pending_formula and kind not in _OF_FORMULA:
                if kind == _STRING:
                    self._count_characters(at, size)
                else:
                    row, column, formula_at = pending_formula
                    facts.flaw(row + 1, column, NO_VALUE)
                    facts.formulas -= 1
                    self._blot(formula_at)
                pending_formula = None
            if kind == _LABEL_SHARED:
                if struct.unpack_from("<L", self.stream, at + 6)[0] >= self._texts:
                    raise _broken("no such text")
            elif kind == _FORMULA:
                row, column, _, result = struct.unpack_from("<HHH8s", self.stream, at)
                facts.formulas += 1
                if result[6:] == b"\xff\xff" and result[0] == 0:
                    pending_formula = (row, column, at)
                elif result[6:] == b"\xff\xff" and result[0] == 3:
                    sheet.empty.append((row, column))
            elif kind == _MERGED:
                self._merge(at, size, facts)
            if kind not in _SHOWN_OF_SHEET:
                self._blot(at)
        self._read += read
        if self._read > 2 * len(self.stream):
            raise _broken("sheets overlap")
        self._judge_empty(sheet)

    def _merge(self, at: int, size: int, facts: TableFacts) -> None:
        for place in range(at + 2, at + size - 7, 8):
            top, bottom, left, right = struct.unpack_from("<4H", self.stream, place)
            facts.merged.append((top + 1, left, bottom + 1, right))

    def _count_characters(self, at: int, size: int) -> None:
        """Set the length of a formula's text as xlrd counts it: a character beyond U+FFFF counts as one, not two."""
        length, flags = struct.unpack_from("<HB", self.stream, at)
        if flags & 1 and size == 3 + 2 * length:
            text = self.stream[at + 3 : at + size].decode("utf-16-le")
            struct.pack_into("<H", self.stream, at, len(text))

    def _judge_empty(self, sheet: BiffSheet) -> None:
        """Report formulas whose result is marked as an empty text, unless a program has calculated the workbook.

        xlwt can't calculate, so it marks the result of every formula as empty. Spreadsheet programs mark only empty
        results. They also name the program that calculated the workbook, and the workbook has other formulas besides.
        """
        if self._calculated or sheet.facts.formulas > len(sheet.empty):
            return
        sheet.facts.formulas = 0
        for row, column in sheet.empty:
            sheet.facts.flaw(row + 1, column, NO_VALUE)


def _broken(why: str) -> UnreadableFile:
    return damaged(say("part.records"), Quoted(why))
