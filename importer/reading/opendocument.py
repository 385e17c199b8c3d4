"""OpenDocument spreadsheets (.ods): a zip package in, its sheets as rows of text out, streamed.

An .ods stores beside each value the text that is shown, which is what is read. Repeated cells and rows are unrolled
only as far as they hold something and the limits allow.
"""

from __future__ import annotations

from importer.reading.book import Table
from importer.reading.formats import general
from importer.reading.package import Events, Package
from importer.reading.sheet import ERROR, NO_VALUE, Found, Rows, column_letter

CONTENT = "content.xml"
Attributes = dict[str, str]


def open_document(package: Package) -> tuple[Table, ...]:
    """The sheets of a document. Their names come first in the file, but only reading all of it finds them all."""
    hidden_styles: set[str] = set()
    sheets: list[tuple[str, bool]] = []
    events = Events("the document's content", package.limits)
    style = ""
    depth = 0

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal style, depth
        if tag == "style":
            style = _value(attributes, "name")
        elif tag == "table-properties" and _value(attributes, "display") == "false":
            hidden_styles.add(style)
        elif tag == "table":
            depth += 1
            if depth == 1:
                sheets.append((_value(attributes, "name"), _value(attributes, "style-name") in hidden_styles))
        events.texts.clear()

    def end(tag: str) -> None:
        nonlocal depth
        if tag == "table":
            depth -= 1

    events.handle(start, end)
    events.all(package.chunks(CONTENT))

    def table(index: int, name: str, *, hidden: bool) -> Table:
        return Table(name, hidden, lambda found: _Rows(package, index, name, found).rows())

    return tuple(table(index, name, hidden=hidden) for index, (name, hidden) in enumerate(sheets))


def _value(attributes: Attributes, name: str) -> str:
    """An attribute whatever its prefix; an OpenDocument file may declare other ones than usual."""
    for key, value in attributes.items():
        if key.rpartition(":")[2] == name:
            return value
    return ""


def _times(attributes: Attributes, name: str) -> int:
    text = _value(attributes, name)
    return max(1, int(text)) if text.isdecimal() and len(text) < 10 else 1


class _Rows:
    """The events of one sheet, turned into rows."""

    def __init__(self, package: Package, index: int, name: str, found: Found) -> None:
        self.package = package
        self.limits = package.limits
        self.index = index
        self.name = name
        self.found = found
        self.ready: list[tuple[int, int, list[str]]] = []
        self.events = Events("the document's content", package.limits)
        self.table = -1
        self.depth = 0
        self.number = 0
        self.row: list[str] = []
        self.row_attributes: Attributes = {}
        self.column = 0
        self.cell: Attributes | None = None
        self.lines: list[str] = []
        self.line: list[str] = []
        self.aside = 0
        self.flaws: list[tuple[int, str]] = []

    def rows(self) -> Rows:
        self.events.handle(self._start, self._end)
        for chunk in self.package.chunks(CONTENT):
            self.events.feed(chunk)
            for number, times, row in self.ready:
                for repeat in range(times):
                    yield number + repeat, list(row)
            self.ready.clear()
            if self.table > self.index:
                return
        self.events.feed(b"", last=True)

    def _start(self, tag: str, attributes: Attributes) -> None:
        texts = self.events.texts
        if tag == "table":
            self.depth += 1
            self.table += self.depth == 1
        if self.table != self.index or self.depth != 1:
            texts.clear()
            return
        if tag == "table-row":
            self.row, self.row_attributes, self.column, self.flaws = [], attributes, 0, []
        elif tag in {"table-cell", "covered-table-cell"}:
            self.cell = attributes if tag == "table-cell" else {}
            self.lines, self.line = [], []
        elif self.cell is not None and not self.aside and tag in {"s", "tab", "line-break"}:
            self.line.extend(texts)
            self.line.append(" " * min(_times(attributes, "c"), 10_000) if tag == "s" else {"tab": "\t"}.get(tag, "\n"))
        elif tag == "p":
            self.line = [] if not self.aside else self.line
        elif tag in {"annotation", "shapes", "frame", "custom-shape"}:
            self.aside += 1
        elif self.cell is not None and not self.aside:
            self.line.extend(texts)
        texts.clear()

    def _end(self, tag: str) -> None:
        texts = self.events.texts
        if self.table == self.index and self.depth == 1:
            if tag in {"annotation", "shapes", "frame", "custom-shape"}:
                self.aside = max(0, self.aside - 1)
            elif self.cell is not None and not self.aside and tag not in {"table-cell", "covered-table-cell"}:
                self.line.extend(texts)
                if tag == "p":
                    self.lines.append("".join(self.line))
                    self.line = []
            elif tag in {"table-cell", "covered-table-cell"}:
                self._end_cell(covered=tag != "table-cell")
            elif tag == "table-row":
                self._end_row()
        if tag == "table":
            self.depth -= 1
        texts.clear()

    def _end_cell(self, *, covered: bool) -> None:
        cell, self.cell = self.cell or {}, None
        times = _times(cell, "number-columns-repeated")
        text = "" if covered else self._shown(cell)
        if text:
            if self.column + times > self.limits.columns:
                where = f'The sheet "{self.name}" uses column {column_letter(self.column + times - 1)}'
                raise self.limits.refuse("columns", where)
            self.row.extend([""] * (self.column - len(self.row)))
            self.row.extend([text] * times)
        self.column += times
        across, down = _times(cell, "number-columns-spanned"), _times(cell, "number-rows-spanned")
        if across > 1 or down > 1:
            row, column = self.number + 1, self.column - 1
            self.found.merged.append((row, column, row + down - 1, column + across - 1))

    def _shown(self, cell: Attributes) -> str:
        kind = _value(cell, "value-type")
        text = "\n".join(self.lines)
        if len(text) > self.limits.cell_characters:
            raise self.limits.refuse("cell_characters", f'A cell of the sheet "{self.name}" holds too many characters')
        if _value(cell, "formula"):
            if kind or text:
                self.found.formulas += 1
            else:
                self.flaws.append((self.column, NO_VALUE))
        # LibreOffice marks an error by a second type; others only show it
        if any(key.endswith(":value-type") and value == "error" for key, value in cell.items()) or (
            _value(cell, "formula") and text.startswith("#") and text.rstrip("!?").isupper()
        ):
            self.flaws.append((self.column, ERROR.format(text or "in its formula")))
        return text or _stored(kind, cell)

    def _end_row(self) -> None:
        times = _times(self.row_attributes, "number-rows-repeated")
        first = self.number + 1
        self.number += times
        if not self.row and not self.flaws:
            return
        if self.number > self.limits.rows:
            raise self.limits.refuse("rows", f'The sheet "{self.name}" reaches down to row {self.number:,}')
        for column, text in self.flaws:
            for row in range(first, first + times):
                self.found.flaw(row, column, text)
        if _value(self.row_attributes, "visibility") in {"collapse", "filter"}:
            self.found.hidden_rows += times
        self.ready.append((first, times, self.row))


def _stored(kind: str, cell: Attributes) -> str:
    """The text of a value whose writer left out what is shown."""
    if kind in {"float", "currency"}:
        return general(_value(cell, "value"))
    if kind == "percentage":
        try:
            return general(repr(float(_value(cell, "value")) * 100)) + "%"
        except ValueError:
            return _value(cell, "value")
    if kind == "date":
        return _value(cell, "date-value").replace("T", " ").removesuffix(" 00:00:00")
    if kind == "boolean":
        return _value(cell, "boolean-value").upper()
    if kind == "time":
        return _value(cell, "time-value").removeprefix("PT").replace("H", ":").replace("M", ":").removesuffix("S")
    return _value(cell, "string-value")
