"""Excel binary workbooks (.xlsb): a zip package in, its sheets as rows of text just as shown out, streamed.

Source: [MS-XLSB] 2.1.4: a record is its type (one or two bytes of seven bits), its size (one to four), and its content.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from importer.errors import UnreadableFile
from importer.reading.binary import ERRORS, unpacked
from importer.reading.book import Book, Table
from importer.reading.formats import NumberFormats, code_of
from importer.reading.package import DAMAGED, MOST_FORMATS, MOST_SHEETS, Package, bound
from importer.reading.relations import Relations, lacking
from importer.reading.sheet import ERROR, Found, Row, Rows, column_letter
from importer.reading.strings import Strings

_ROW, _RK, _ERROR, _BOOL, _REAL, _TEXT, _SHARED = 0, 2, 3, 4, 5, 6, 7
_FORMULA_TEXT, _FORMULA_REAL, _FORMULA_BOOL, _FORMULA_ERROR = 8, 9, 10, 11
_BLANK, _SHORT_BLANK, _SHORT_SHARED, _TEXT_RICH = 1, 12, 18, 62
_STRING, _FORMAT, _XF, _COLUMNS, _PROPERTIES, _SHEET, _MERGED = 19, 44, 47, 60, 153, 156, 176
_BEGIN_STYLES, _END_STYLES = 617, 618


class Workbook:
    """An opened package: its list of sheets, formats and texts."""

    def __init__(self, package: Package) -> None:
        """Read the list of sheets and the styles; raise UnreadableFile where they are damaged."""
        self.package = package
        self.relations = Relations(package, "xl/workbook.bin", ".bin")
        self.sheets: list[tuple[str, bool, str]] = []
        self.missing: list[str] = []
        self.date1904 = False
        self._texts: Strings | None = None
        try:
            self._read_sheets()
            self.formats = NumberFormats(self._read_styles(), date1904=self.date1904)
        except (struct.error, IndexError) as exc:
            raise UnreadableFile(f"The workbook is damaged: its list of sheets is cut off. {DAMAGED}") from exc

    def _read_sheets(self) -> None:
        for kind, data in records(self.package, self.relations.workbook):
            if kind == _PROPERTIES:
                self.date1904 = bool(data[0] & 1)
            elif kind == _SHEET:
                relation, at = _text(data, 8)
                name, _ = _text(data, at)
                path = self.relations.sheet(relation)
                if path:
                    self.sheets.append((name, data[0] != 0, path))
                elif path is None:
                    self.missing.append(name)
                bound(len(self.sheets) + len(self.missing), MOST_SHEETS, "sheets")

    def _read_styles(self) -> list[str]:
        if self.relations.styles not in self.package:
            return []
        codes: dict[int, str] = {}
        used: list[int] = []
        within = False
        for kind, data in records(self.package, self.relations.styles):
            if kind == _FORMAT:
                codes[struct.unpack_from("<H", data)[0]] = _text(data, 2)[0]
            elif kind in {_BEGIN_STYLES, _END_STYLES}:
                within = kind == _BEGIN_STYLES
            elif kind == _XF and within:
                used.append(struct.unpack_from("<H", data, 2)[0])
                bound(len(used), MOST_FORMATS, "formats of cells")
        return [code_of(number, codes.get(number)) for number in used]

    def texts(self) -> Strings:
        """The texts that cells point to, read when first needed."""
        if self._texts is None:
            self._texts = Strings()
            if self.relations.strings in self.package:
                for kind, data in records(self.package, self.relations.strings):
                    if kind == _STRING:
                        self._texts.append(_text(data, 1)[0])
        return self._texts

    def number(self, value: float, style: int) -> str:
        """A number as its cell's style shows it."""
        return self.formats.in_style(style, repr(value))


def open_workbook(package: Package, form: str) -> Book:
    """The sheets of a package; ``form`` is what it is, in plain words."""
    workbook = Workbook(package)

    def table(name: str, path: str, *, hidden: bool) -> Table:
        return Table(name, hidden, lambda found: _rows(workbook, name, path, found))

    tables = tuple(table(name, path, hidden=hidden) for name, hidden, path in workbook.sheets)
    return Book(form, tables, remarks=lacking(workbook.missing, others=bool(tables)))


def _rows(workbook: Workbook, name: str, path: str, found: Found) -> Rows:
    """Yield the rows of a sheet as its records come."""
    current: Row = (0, [])
    column = -1
    try:
        for kind, data in records(workbook.package, path):
            if _BLANK <= kind <= _SHORT_SHARED or kind == _TEXT_RICH:
                column = _cell(workbook, name, *_in_full(kind, data, column + 1), current, found)
            elif kind == _ROW:
                number = int.from_bytes(data[:4], "little") + 1
                if number <= current[0]:
                    raise UnreadableFile(f'The rows of the sheet "{name}" are out of order. {DAMAGED}')
                if current[1]:
                    yield current
                current = (number, [])
                column = -1
                found.hidden_rows += len(data) > 11 and bool(data[11] & 0x10)
            elif kind == _MERGED:
                top, bottom, left, right = struct.unpack_from("<4L", data)
                found.merged.append((top + 1, left, bottom + 1, right))
            elif kind == _COLUMNS and data[16] & 1:
                first, last = struct.unpack_from("<LL", data)
                found.hidden_columns.update(range(first, min(last, workbook.package.limits.columns) + 1))
    except (struct.error, IndexError, OverflowError) as exc:
        raise UnreadableFile(f'The workbook is damaged: a cell of the sheet "{name}" is cut off. {DAMAGED}') from exc
    if current[1]:
        yield current


def _in_full(kind: int, data: bytes, column: int) -> tuple[int, bytes]:
    """A cell as if it were written in full: a short one leaves out its column, which is the next one."""
    if kind == _TEXT_RICH:
        return _TEXT, data[:8] + data[9:]  # between them is a byte about what follows the text
    if kind >= _SHORT_BLANK:
        return kind - _SHORT_BLANK + _BLANK, column.to_bytes(4, "little") + data
    return kind, data


def _cell(workbook: Workbook, name: str, kind: int, data: bytes, row: Row, found: Found) -> int:
    """Add a cell to its row; return its column."""
    column, style = struct.unpack_from("<LL", data)
    if kind == _BLANK:
        return int(column)
    text = _shown(workbook, kind, data, style & 0xFFFFFF)
    found.formulas += kind >= _FORMULA_TEXT
    if kind in {_ERROR, _FORMULA_ERROR}:
        found.flaw(row[0], column, ERROR.format(text))
    limits = workbook.package.limits
    if column >= limits.columns:
        raise limits.refuse("columns", f'The sheet "{name}" uses column {column_letter(column)}, its {column + 1:,}th')
    cells = row[1]
    if column < len(cells):
        cells[column] = text
    else:
        cells.extend([""] * (column - len(cells)))
        cells.append(text)
    return int(column)


def _shown(workbook: Workbook, kind: int, data: bytes, style: int) -> str:
    if kind == _SHARED:
        return workbook.texts()[struct.unpack_from("<L", data, 8)[0]]
    if kind in {_TEXT, _FORMULA_TEXT}:
        return _text(data, 8)[0]
    if kind in {_REAL, _FORMULA_REAL}:
        return workbook.number(struct.unpack_from("<d", data, 8)[0], style)
    if kind == _RK:
        return workbook.number(unpacked(struct.unpack_from("<L", data, 8)[0]), style)
    if kind in {_BOOL, _FORMULA_BOOL}:
        return "TRUE" if data[8] else "FALSE"
    return ERRORS.get(data[8], "#ERROR")


def records(package: Package, path: str) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a part, as (type, content)."""
    held = b""
    for chunk in package.chunks(path):
        held += chunk
        at = 0
        while (head := _head(held, at)) and head[2] + head[1] <= len(held):
            kind, size, start = head
            yield kind, held[start : start + size]
            at = start + size
        held = held[at:]
        if len(held) > package.limits.cell_characters * 2 + (1 << 20):
            raise UnreadableFile(f"The workbook is damaged: a record in {path} has no end. {DAMAGED}")


def _head(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Type, size and start of the content of the record at a position; None where the data ends before."""
    if at + 2 > len(data):
        return None
    kind = data[at]
    at += 1
    if kind & 0x80:
        kind = (kind & 0x7F) | (data[at] & 0x7F) << 7
        at += 1
    size = 0
    for shift in (0, 7, 14, 21):
        if at >= len(data):
            return None
        byte = data[at]
        at += 1
        size |= (byte & 0x7F) << shift
        if not byte & 0x80:
            break
    return kind, size, at


def _text(data: bytes, at: int) -> tuple[str, int]:
    """The text at a position, and the position after it."""
    (length,) = struct.unpack_from("<L", data, at)
    end = at + 4 + 2 * length
    return data[at + 4 : end].decode("utf-16-le", "replace"), end
