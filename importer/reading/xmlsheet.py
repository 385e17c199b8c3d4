"""Read XML Spreadsheet 2003, which Salesforce and others export with the ending .xls, in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from importer.messages import say
from importer.reading.book import Book, RowStore
from importer.reading.cells import Kind, RowSink
from importer.reading.elements import Attributes, events, plain, whole_number
from importer.reading.formats import BUILT_IN, NumberFormats
from importer.reading.opening import MOST_FORMATS, Limits, Source, bound, chunks
from importer.reading.spool import Row

_KINDS: dict[str, Kind] = {
    "String": "text",
    "Number": "number",
    "Boolean": "boolean",
    "DateTime": "date",
    "Error": "error",
}
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

    def add(self, style: Element) -> None:
        attributes = plain(style.attrib)
        name = attributes.get("ID", "")
        self.parents[name] = attributes.get("Parent") or "Default"
        bound(len(self.parents), MOST_FORMATS, say("part.styles"))
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


def open_book(source: Source) -> Book:
    """Return the sheets of the file. Their rows are stored, because only reading all of it finds every sheet."""
    store, styles = RowStore(source.limits), _Styles()
    sheet: _XmlSheet | None = None
    trees = {"Style", "Column", "Row", "Visible"}
    for event, element in events(chunks(source.file), say("part.file"), source.limits, whole=trees):
        attributes = plain(element.attrib)
        match event, element.tag:
            case "start", "Date1904":
                styles.numbers = NumberFormats(date1904=True)
            case "start", "Worksheet":
                sink = store.begin(attributes.get("Name", "")).sink(styles.numbers)
                sheet = _XmlSheet(sink, source.limits, styles)
            case "start", "Table" if sheet:
                sheet.style = attributes.get("StyleID", "")
            case "end", "Worksheet":
                store.tables[-1].finish()
                sheet = None
            case "end", "Style":
                styles.add(element)
            case "end", "Visible" if store.tables:
                store.tables[-1].hidden |= (element.text or "").strip() != "SheetVisible"
            case "end", "Column" if sheet:
                sheet.style_columns(attributes)
            case "end", "Row" if sheet and not store.tables[-1].add_of(sheet.rows(element)):
                sheet = None
    return Book(say("format.xml"), store.tables)


@dataclass
class _XmlSheet:
    """Reader of the rows of one sheet; ``style`` is that of cells without one, if row and column have none either."""

    _sink: RowSink
    _limits: Limits
    _styles: _Styles
    style: str = ""
    _column_styles: dict[int, str] = field(default_factory=dict)
    _styled_columns: int = 0

    def style_columns(self, said: Attributes) -> None:
        first = max(whole_number(said.get("Index")) - 1, self._styled_columns)
        self._styled_columns = min(first + 1 + whole_number(said.get("Span")), self._limits.columns)
        if said.get("Hidden") == "1":
            self._sink.hide(first, self._styled_columns)
        if style := said.get("StyleID"):
            self._column_styles.update(dict.fromkeys(range(first, self._styled_columns), style))

    def rows(self, row: Element) -> Iterator[Row]:
        """Yield a row, unless it is empty."""
        attributes = plain(row.attrib)
        self._sink.begin(whole_number(attributes.get("Index")) or None)
        column = 0
        for cell in row:
            if cell.tag == "Cell":
                column = self._add(cell, column, attributes.get("StyleID", ""))
        yield from self._sink.end(hidden=attributes.get("Hidden") == "1")

    def _add(self, cell: Element, column: int, row_style: str) -> int:
        """Add a cell to its row; return the column after it."""
        attributes = plain(cell.attrib)
        column = (whole_number(attributes.get("Index")) or column + 1) - 1
        self._sink.check(column)
        across, down = whole_number(attributes.get("MergeAcross")), whole_number(attributes.get("MergeDown"))
        self._sink.merge(column, across=across + 1, down=down + 1)
        style = attributes.get("StyleID") or row_style or self._column_styles.get(column) or self.style or "Default"
        code = self._styles.code(style)
        kind = text = ""
        for part in cell:
            if part.tag == "Data":
                kind, text = plain(part.attrib).get("Type", ""), "".join(part.itertext())
        if kind == "Number":
            text = text.strip()
        elif kind == "DateTime" and code == _NAMED["general date"]:  # shows the time only if there is one
            code = ""
        self._sink.add(column, _KINDS.get(kind, "other"), text, code, formula=bool(attributes.get("Formula")))
        return column + 1 + across
