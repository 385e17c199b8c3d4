"""Read XML Spreadsheet 2003, which Salesforce and others export with the ending .xls, in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO
from xml.etree.ElementTree import Element

from importer.errors import UnreadableFile
from importer.messages import Cell, say
from importer.reading.book import KeptTable, RowStore, Table
from importer.reading.elements import Attributes, Elements, plain
from importer.reading.formats import BUILT_IN, NumberFormats, hides_text, iso
from importer.reading.limits import Deadline, Limits
from importer.reading.package import CHUNK, MOST_FORMATS, MOST_SHEETS, bound, whole
from importer.reading.sheet import HIDDEN, NO_VALUE, column_letter
from importer.reading.spool import Row

_NAMED = {
    "general date": BUILT_IN[22],
    "long date": BUILT_IN[14],
    "medium date": BUILT_IN[15],
    "short date": BUILT_IN[14],
    "long time": BUILT_IN[19],
    "medium time": BUILT_IN[18],
    "short time": BUILT_IN[20],
    "currency": BUILT_IN[4],
    "euro currency": "€#,##0.00",
    "fixed": BUILT_IN[2],
    "standard": BUILT_IN[4],
    "percent": BUILT_IN[10],
    "scientific": BUILT_IN[11],
    "general number": "General",
    "yes/no": '"Yes";"Yes";"No"',
    "true/false": '"True";"True";"False"',
    "on/off": '"On";"On";"Off"',
}
"""Formats that have a name instead of a code; those that follow the reader's country are as in ``formats.BUILT_IN``."""


@dataclass
class _Styles:
    """Number formats by the name of their style."""

    codes: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    numbers: NumberFormats = field(default_factory=NumberFormats)
    moments: NumberFormats = field(default_factory=NumberFormats)

    def add(self, style: Element) -> None:
        attributes = plain(style.attrib)
        name = attributes.get("ID", "")
        self.parents[name] = attributes.get("Parent") or "Default"
        bound(len(self.parents), MOST_FORMATS, "styles")
        for part in style:
            if part.tag == "NumberFormat":
                code = plain(part.attrib).get("Format", "")
                self.codes[name] = _NAMED.get(code.lower(), code)

    def code(self, style: str) -> str:
        """Return the number format of a style, its own or an ancestor's; "" if there is none."""
        for _ in range(10):
            if style in self.codes:
                return self.codes[style]
            style = self.parents.get(style, "Default")
        return ""


def open_xml(file: IO[bytes], limits: Limits, deadline: Deadline) -> tuple[Table, ...]:
    """Return the sheets of the file. Their rows are stored, because only reading all of it finds every sheet."""
    document = _XmlDocument(limits)
    try:
        document.elements.all(_chunks(file, deadline))
    except ValueError as exc:
        if isinstance(exc, UnicodeError) or "multi-byte" not in str(exc):
            raise
        raise UnreadableFile(say("xml.encoding", encoding=document.elements.encoding)) from exc
    return tuple(kept.table() for kept in document.tables)


def _chunks(file: IO[bytes], deadline: Deadline) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(CHUNK):
        deadline.check()
        yield chunk


class _XmlDocument:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.tables: list[KeptTable] = []
        self.elements = Elements(say("part.file"), limits)
        trees = frozenset({"Style", "Column", "Row", "Visible"})
        self.elements.handle_trees(trees, self._begin, self._end, self._take)
        self._store = RowStore(limits)
        self._styles = _Styles()
        self._sheet: _XmlSheet | None = None

    def _begin(self, tag: str, attributes: Attributes) -> None:
        if tag == "Date1904":
            self._styles.numbers = NumberFormats(date1904=True)
        elif tag == "Worksheet":
            self.tables.append(self._store.begin(plain(attributes).get("Name", "")))
            bound(len(self.tables), MOST_SHEETS, "sheets")
            self._sheet = _XmlSheet(self.tables[-1], self.limits, self._styles)
        elif tag == "Table" and self._sheet:
            self._sheet.style = plain(attributes).get("StyleID", "")

    def _end(self, tag: str) -> None:
        if tag == "Worksheet":
            self.tables[-1].finish()
            self._sheet = None

    def _take(self, element: Element) -> None:
        if element.tag == "Style":
            self._styles.add(element)
        elif element.tag == "Visible" and self.tables:
            self.tables[-1].hidden |= (element.text or "").strip() != "SheetVisible"
        elif element.tag == "Column" and self._sheet:
            self._sheet.style_columns(plain(element.attrib))
        elif element.tag == "Row" and self._sheet and not self.tables[-1].add_of(self._sheet.rows(element)):
            self._sheet = None


class _XmlSheet:
    """Reader of the rows of one sheet.

    Attributes:
        style: the style of cells without a style, if their row and column have none either.
    """

    def __init__(self, kept: KeptTable, limits: Limits, styles: _Styles) -> None:
        self.name, self.found, self.limits, self.styles = Cell(kept.name or ""), kept.found, limits, styles
        self.style = ""
        self._number = 0
        self._column_styles: dict[int, str] = {}
        self._styled_columns = 0

    def style_columns(self, said: Attributes) -> None:
        first = max(whole(said.get("Index")) - 1, self._styled_columns)
        self._styled_columns = min(first + 1 + whole(said.get("Span")), self.limits.columns)
        if style := said.get("StyleID"):
            self._column_styles.update(dict.fromkeys(range(first, self._styled_columns), style))

    def rows(self, row: Element) -> Iterator[Row]:
        """Yield a row, unless it is empty."""
        attributes = plain(row.attrib)
        number = whole(attributes.get("Index")) or self._number + 1
        if number <= self._number:
            previous = str(self._number)
            raise UnreadableFile(say("xml.row-order", sheet=self.name, row=str(number), before=previous))
        self._number = number
        cells: list[str] = []
        column = 0
        for cell in row:
            if cell.tag == "Cell":
                column = self._add(cell, column, attributes.get("StyleID", ""), cells)
        if cells:
            self.found.hidden_rows += attributes.get("Hidden") == "1"
            yield number, cells

    def _add(self, cell: Element, column: int, row_style: str, cells: list[str]) -> int:
        """Add a cell to its row; return the column after it."""
        attributes = plain(cell.attrib)
        column = (whole(attributes.get("Index")) or column + 1) - 1
        across, down = whole(attributes.get("MergeAcross")), whole(attributes.get("MergeDown"))
        if across or down:
            self.found.merged.append((self._number, column, self._number + down, column + across))
        if column >= self.limits.columns:
            raise self.limits.refuse(
                "columns", say("limit.sheet-column", sheet=self.name, column=column_letter(column))
            )
        style = attributes.get("StyleID") or row_style or self._column_styles.get(column) or self.style or "Default"
        text = self._shown(cell, column, style, is_formula=bool(attributes.get("Formula")))
        if text:
            cells.extend([""] * (column + 1 - len(cells)))
            cells[column] = text
        return column + 1 + across

    def _shown(self, cell: Element, column: int, style: str, *, is_formula: bool) -> str:
        kind = text = ""
        for part in cell:
            if part.tag == "Data":
                kind, text = plain(part.attrib).get("Type", ""), "".join(part.itertext())
        if len(text) > self.limits.cell_characters:
            raise self.limits.refuse("cell_characters", say("limit.cell-of-sheet", sheet=self.name))
        if is_formula and kind:
            self.found.formulas += 1
        elif is_formula:
            self.found.flaw(self._number, column, NO_VALUE)
        if kind == "Error":
            self.found.error(self._number, column, text)
        code = self.styles.code(style)
        shown = self.styles.numbers.shown(code, text.strip()) if kind == "Number" else text
        if text and kind in {"Number", "Boolean", "String"} and hides_text(code) and (kind != "Number" or not shown):
            self.found.flaw(self._number, column, HIDDEN)
            return ""
        if kind == "Number":
            return self.found.number(self._number, column, text.strip(), shown)
        if kind == "Boolean":
            return {"1": "TRUE", "0": "FALSE"}.get(text.strip(), text)
        if kind == "DateTime":
            return _moment(text.strip(), code, self.styles.moments)
        return text


def _moment(text: str, code: str, formats: NumberFormats) -> str:
    """Return a date and time as its number format shows it, else in ISO form; a time without a day is only the time."""
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return text
    days = (moment - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001 — a sheet's dates have no zone
    serial = days if days >= 61 else days - 1  # Excel counts a day too many: see formats._moment
    if code not in {"", "General", _NAMED["general date"]} and serial >= 0:
        return formats.shown(code, repr(serial))
    return iso(moment).removeprefix("1899-12-31 ")
