"""Excel 5 to 2003 workbooks (.xls): bytes in, their sheets as rows of text just as shown out.

Source: [MS-XLS]. A record is its type, its size (16 bits each) and its content; what is too long goes on in records of
type CONTINUE. calamine reads the format as well, but a damaged file of 5 KB made it fill 23 GB of memory, and it knows
neither error values nor number formats.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from itertools import pairwise

from importer.errors import UnreadableFile
from importer.reading.book import Table
from importer.reading.formats import NumberFormats, code_of
from importer.reading.limits import Clock, Limits
from importer.reading.package import DAMAGED, MOST_FORMATS, MOST_SHEETS, bound
from importer.reading.sheet import ERROR, NO_VALUE, Found, Rows

ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}  # fmt: skip

_BOF, _EOF, _CONTINUE, _LOCKED = 0x809, 0x0A, 0x3C, 0x2F
_SHEET, _FORMAT, _XF, _TEXTS, _CODEPAGE, _DATES, _CALCULATED = 0x85, 0x41E, 0xE0, 0xFC, 0x42, 0x22, 0x1C1
_ROW, _COLUMNS, _MERGED = 0x208, 0x7D, 0xE5
_LABEL, _LABEL_RICH, _LABEL_SHARED, _NUMBER, _RK, _MANY_RK = 0x204, 0xD6, 0xFD, 0x203, 0x27E, 0xBD
_BOOL_OR_ERROR, _FORMULA, _STRING = 0x205, 0x06, 0x207
_CELLS = {_LABEL, _LABEL_RICH, _LABEL_SHARED, _NUMBER, _RK, _MANY_RK, _BOOL_OR_ERROR, _FORMULA}

Record = tuple[int, list[bytes]]


class Workbook:
    """An opened stream of records: its list of sheets, formats and texts."""

    def __init__(self, stream: bytes, limits: Limits, clock: Clock) -> None:
        """Read the part before the sheets; raise UnreadableFile where it is locked or damaged."""
        self.stream = stream
        self.limits = limits
        self.clock = clock
        self.sheets: list[tuple[str, bool, int]] = []
        self.texts: list[str] = []
        self.codepage = "cp1252"
        self.date1904 = False
        self.unicode = False
        self._in_order: dict[int, bool] = {}
        self.calculated = False  # whether it names the program that last calculated it, as spreadsheet programs do
        formats: dict[int, str] = {}
        used: list[int] = []
        try:
            self._read_globals(formats, used)
        except (struct.error, IndexError, ValueError) as exc:
            raise UnreadableFile(f"The .xls is damaged: its list of sheets can't be read ({exc}). {DAMAGED}") from exc
        codes = [code_of(number, formats.get(number)) for number in used]
        self.formats = NumberFormats(codes, date1904=self.date1904)

    def _read_globals(self, formats: dict[int, str], used: list[int]) -> None:
        for kind, pieces in records(self.stream, 0):
            data = pieces[0]
            if kind == _BOF:
                self.unicode = struct.unpack_from("<H", data)[0] >= 0x600
            elif kind == _EOF:
                return
            elif kind == _LOCKED:
                raise UnreadableFile(
                    "The workbook is locked with a password. Open it, remove the password, save it and import it again."
                )
            elif kind == _CODEPAGE:
                self.codepage = _codec(struct.unpack_from("<H", data)[0])
            elif kind == _DATES:
                self.date1904 = data[:1] == b"\1"
            elif kind == _CALCULATED:
                self.calculated = True
            elif kind == _SHEET:
                at, hidden, sort = struct.unpack_from("<LBB", data)
                if sort == 0:
                    self.sheets.append((self.text([data[6:]], short=True), bool(hidden & 3), at))
                    bound(len(self.sheets), MOST_SHEETS, "sheets")
            elif kind == _FORMAT:
                formats[struct.unpack_from("<H", data)[0]] = self.text([data[2:]], short=not self.unicode)
            elif kind == _XF:
                used.append(struct.unpack_from("<H", data, 2)[0])
                bound(len(used), MOST_FORMATS, "formats of cells")
            elif kind == _TEXTS:
                self.texts = list(_shared_texts(pieces))

    def text(self, pieces: list[bytes], *, short: bool = False) -> str:
        """A text with its length before it, in 8 bits where it is short, else 16."""
        source = _Pieces(pieces)
        count = source.number(1 if short else 2)
        if not self.unicode:
            return source.take(count).decode(self.codepage, "replace")
        return source.characters(count, source.number(1))

    def sheet_records(self, at: int) -> Iterator[Record]:
        """Yield the records of the sheet at a position, without those of the charts in it."""
        depth = 0
        for index, (kind, pieces) in enumerate(records(self.stream, at)):
            if not index % 50_000:
                self.clock.check()
            depth += (kind == _BOF) - (kind == _EOF)
            if depth <= 0:
                return
            if depth == 1:
                yield kind, pieces

    def in_order(self, at: int) -> bool:
        """Whether the cells of the sheet at a position come row by row, from the first to the last."""
        if at not in self._in_order:
            cells = (pieces[0][:2] for kind, pieces in self.sheet_records(at) if kind in _CELLS)
            rows = (int.from_bytes(row, "little") for row in cells)
            self._in_order[at] = all(before <= after for before, after in pairwise(rows))
        return self._in_order[at]

    def number(self, value: float, style: int) -> str:
        """A number as its cell's style shows it."""
        return self.formats.in_style(style, repr(value))


class _Pieces:
    """The content of a record and of those that continue it."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        self.index = 0
        self.at = 0

    @property
    def left(self) -> bool:
        return self.index < len(self.pieces) - 1 or self.at < len(self.pieces[-1])

    def take(self, count: int) -> bytes:
        """The next bytes, fewer where the record ends."""
        taken = self.pieces[self.index][self.at : self.at + count]
        self.at += len(taken)
        while len(taken) < count and self.index + 1 < len(self.pieces):
            self.index, self.at = self.index + 1, count - len(taken)
            taken += self.pieces[self.index][: self.at]
            self.at = min(self.at, len(self.pieces[self.index]))
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def characters(self, count: int, flags: int) -> str:
        """Characters of one byte or two; where they go on in the next record, that begins by saying which."""
        text = []
        while count > 0:
            if self.at >= len(self.pieces[self.index]):
                if self.index + 1 >= len(self.pieces):
                    break
                self.index, self.at = self.index + 1, 0
                flags = self.number(1)
            width = 2 if flags & 1 else 1
            piece = self.pieces[self.index]
            here = min(count, (len(piece) - self.at) // width)
            text.append(
                piece[self.at : self.at + here * width].decode("utf-16-le" if width == 2 else "latin-1", "replace")
            )
            self.at = self.at + here * width if here else len(piece)
            count -= here
        return "".join(text)


def records(stream: bytes, at: int) -> Iterator[Record]:
    """Yield records from a position on, each with those that continue it."""
    held: Record | None = None
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        content = stream[at + 4 : at + 4 + size]
        at += 4 + size
        if kind == _CONTINUE and held:
            held[1].append(content)
            continue
        if held:
            yield held
        held = (kind, [content])
    if held:
        yield held


def _shared_texts(pieces: list[bytes]) -> Iterator[str]:
    source = _Pieces(pieces)
    source.take(8)
    while source.left:
        count, flags = source.number(2), source.number(1)
        runs = source.number(2) if flags & 8 else 0
        extra = source.number(4) if flags & 4 else 0
        yield source.characters(count, flags)
        source.take(4 * runs)
        source.take(min(extra, 1 << 24))


def _codec(page: int) -> str:
    name = {1200: "utf-16-le", 10000: "mac_roman", 32768: "mac_roman", 32769: "cp1252"}.get(page, f"cp{page}")
    try:
        "".encode(name)
    except LookupError:
        return "cp1252"
    return name


def tables(stream: bytes, limits: Limits, clock: Clock) -> tuple[Table, ...]:
    """The sheets of a workbook."""
    workbook = Workbook(stream, limits, clock)

    def table(name: str, at: int, *, hidden: bool) -> Table:
        return Table(name, hidden, lambda found: _Cells(workbook, found).rows(at))

    return tuple(table(name, at, hidden=hidden) for name, hidden, at in workbook.sheets)


class _Cells:
    """The cells of one sheet, handed over row by row; where a file holds them in any order, gathered before."""

    def __init__(self, workbook: Workbook, found: Found) -> None:
        self.workbook = workbook
        self.found = found
        self.cells: dict[int, dict[int, str]] = {}
        self.hidden: set[int] = set()
        self.awaiting: tuple[int, int] | None = None
        self.empty: list[tuple[int, int]] = []
        self.readers: dict[int, Callable[[list[bytes]], None]] = {
            _ROW: self._row, _COLUMNS: self._columns, _MERGED: self._merged, _LABEL: self._label,
            _LABEL_RICH: self._label, _LABEL_SHARED: self._shared, _NUMBER: self._number, _RK: self._many,
            _MANY_RK: self._many, _BOOL_OR_ERROR: self._bool_or_error, _FORMULA: self._formula, _STRING: self._string,
        }  # fmt: skip

    def rows(self, at: int) -> Rows:
        ordered = self.workbook.in_order(at)
        current = b""
        for kind, pieces in self.workbook.sheet_records(at):
            if kind in _CELLS and ordered and pieces[0][:2] != current:
                current = pieces[0][:2]
                yield from self._gathered()
            reader = self.readers.get(kind)
            if reader:
                try:
                    reader(pieces)
                except (struct.error, IndexError) as exc:
                    raise UnreadableFile(f"The .xls is damaged: a cell of it is cut off. {DAMAGED}") from exc
        yield from self._gathered()
        self._judge_empty()

    def _gathered(self) -> Rows:
        """Yield the rows of the cells so far, and forget them."""
        for row in sorted(self.cells):
            cells = self.cells.pop(row)
            self.found.hidden_rows += row in self.hidden
            yield row + 1, [cells.get(column, "") for column in range(max(cells) + 1)]

    def _set(self, row: int, column: int, text: str) -> None:
        if text:
            self.cells.setdefault(row, {})[column] = text

    def _row(self, pieces: list[bytes]) -> None:
        row, options = struct.unpack_from("<H10xH", pieces[0])
        if options & 0x20:
            self.hidden.add(row)

    def _columns(self, pieces: list[bytes]) -> None:
        first, last, options = struct.unpack_from("<HH4xH", pieces[0])
        if options & 1:
            self.found.hidden_columns.update(range(first, min(last, 255) + 1))

    def _merged(self, pieces: list[bytes]) -> None:
        for at in range(2, len(pieces[0]) - 7, 8):
            top, bottom, left, right = struct.unpack_from("<4H", pieces[0], at)
            self.found.merged.append((top + 1, left, bottom + 1, right))

    def _label(self, pieces: list[bytes]) -> None:
        row, column = struct.unpack_from("<HH", pieces[0])
        self._set(row, column, self.workbook.text([pieces[0][6:], *pieces[1:]]))

    def _shared(self, pieces: list[bytes]) -> None:
        row, column, _, index = struct.unpack_from("<HHHL", pieces[0])
        if index >= len(self.workbook.texts):
            raise UnreadableFile(f"The .xls is damaged: a cell points to a text that it doesn't hold. {DAMAGED}")
        self._set(row, column, self.workbook.texts[index])

    def _number(self, pieces: list[bytes]) -> None:
        row, column, style, value = struct.unpack_from("<HHHd", pieces[0])
        self._set(row, column, self.workbook.number(value, style))

    def _many(self, pieces: list[bytes]) -> None:
        """Numbers in four bytes: one, or several in a row (their last column's number follows them)."""
        row, column = struct.unpack_from("<HH", pieces[0])
        for at in range(4, len(pieces[0]) - 5, 6):
            style, packed = struct.unpack_from("<HL", pieces[0], at)
            self._set(row, column, self.workbook.number(unpacked(packed), style))
            column += 1

    def _bool_or_error(self, pieces: list[bytes]) -> None:
        row, column, _, value, is_error = struct.unpack_from("<HHHBB", pieces[0])
        self._special(row, column, value, error=bool(is_error))

    def _special(self, row: int, column: int, value: int, *, error: bool) -> None:
        text = ERRORS.get(value, "#ERROR") if error else "TRUE" if value else "FALSE"
        if error:
            self.found.flaw(row + 1, column, ERROR.format(text))
        self._set(row, column, text)

    def _formula(self, pieces: list[bytes]) -> None:
        row, column, style, result = struct.unpack_from("<HHH8s", pieces[0])
        self._missing()
        if result[6:] != b"\xff\xff":
            self._set(row, column, self.workbook.number(struct.unpack("<d", result)[0], style))
        elif result[0] == 0:
            self.awaiting = (row, column)
        elif result[0] in {1, 2}:
            self._special(row, column, result[2], error=result[0] == 2)
        else:
            self.empty.append((row, column))
            return
        self.found.formulas += 1

    def _string(self, pieces: list[bytes]) -> None:
        """The text that the formula before gave."""
        if self.awaiting:
            self._set(*self.awaiting, self.workbook.text(pieces))
            self.awaiting = None

    def _missing(self) -> None:
        """The formula before gave a text, which didn't follow."""
        if self.awaiting:
            row, column = self.awaiting
            self.found.flaw(row + 1, column, NO_VALUE)
            self.found.formulas -= 1
            self.awaiting = None

    def _judge_empty(self) -> None:
        """Say of formulas whose result is marked as an empty text whether it is one.

        xlwt, which can't calculate, marks the result of every formula so. Spreadsheet programs do where it is one, but
        they say who calculated the workbook, and among their formulas there are others.
        """
        self._missing()
        if self.workbook.calculated or self.found.formulas:
            self.found.formulas += len(self.empty)
            return
        for row, column in self.empty:
            self.found.flaw(row + 1, column, NO_VALUE)


def unpacked(packed: int) -> float:
    """A number in four bytes: 30 bits of a whole number or the first of a float, perhaps times 100."""
    if packed & 2:
        value = float((packed >> 2) - (1 << 30 if packed & 0x80000000 else 0))
    else:
        value = struct.unpack("<d", struct.pack("<Q", (packed & 0xFFFFFFFC) << 32))[0]
    return value / 100 if packed & 1 else value
