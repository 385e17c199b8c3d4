"""XML Spreadsheet 2003, as Salesforce and others export it under the name .xls: bytes in, rows of text out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from importer.reading.book import Table
from importer.reading.formats import general
from importer.reading.limits import Clock, Limits
from importer.reading.package import CHUNK, Events
from importer.reading.sheet import ERROR, NO_VALUE, Found, Row, Rows, column_letter

Attributes = dict[str, str]


def open_xml(file: IO[bytes], limits: Limits, clock: Clock) -> tuple[Table, ...]:
    """The sheets of the file."""
    sheets: list[tuple[str, bool]] = []
    events = Events("the file", limits)
    texts = events.texts

    def start(tag: str, attributes: Attributes) -> None:
        texts.clear()
        if tag == "Worksheet":
            sheets.append((_value(attributes, "Name"), False))

    def end(tag: str) -> None:
        if tag == "Visible" and sheets and "".join(texts).strip() != "SheetVisible":
            sheets[-1] = (sheets[-1][0], True)
        texts.clear()

    events.handle(start, end)
    events.all(_chunks(file, clock))

    def table(index: int, name: str, *, hidden: bool) -> Table:
        return Table(name, hidden, lambda found: _Rows(index, name, found, limits).rows(_chunks(file, clock)))

    return tuple(table(index, name, hidden=hidden) for index, (name, hidden) in enumerate(sheets))


def _chunks(file: IO[bytes], clock: Clock) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(CHUNK):
        clock.check()
        yield chunk


def _value(attributes: Attributes, name: str) -> str:
    return next((value for key, value in attributes.items() if key.rpartition(":")[2] == name), "")


def _number(attributes: Attributes, name: str) -> int:
    text = _value(attributes, name)
    return int(text) if text.isdecimal() and len(text) < 10 else 0


class _Rows:
    """The events of one sheet, turned into rows."""

    def __init__(self, index: int, name: str, found: Found, limits: Limits) -> None:
        self.index, self.name, self.found, self.limits = index, name, found, limits
        self.events = Events("the file", limits)
        self.ready: list[Row] = []
        self.sheet = -1
        self.number = 0
        self.row: list[str] = []
        self.column = 0
        self.kind = ""
        self.across = 0
        self.formula = False
        self.pieces: list[str] | None = None
        self.text = ""
        self.hidden = False

    def rows(self, chunks: Iterator[bytes]) -> Rows:
        self.events.handle(self._start, self._end)
        for chunk in chunks:
            self.events.feed(chunk)
            yield from self.ready
            self.ready.clear()
            if self.sheet > self.index:
                return
        self.events.feed(b"", last=True)
        yield from self.ready

    def _start(self, tag: str, attributes: Attributes) -> None:
        self.sheet += tag == "Worksheet"
        if self.sheet == self.index:
            if tag == "Row":
                self.number = max(_number(attributes, "Index"), self.number + 1)
                self.row, self.column = [], 0
                self.hidden = _value(attributes, "Hidden") == "1"
            elif tag == "Cell":
                self.column = _number(attributes, "Index") - 1 if _number(attributes, "Index") else self.column
                self.formula = bool(_value(attributes, "Formula"))
                self._begin_cell(attributes)
            elif tag == "Data":
                self.kind = _value(attributes, "Type")
                self.pieces = []
            elif self.pieces is not None:
                self.pieces.extend(self.events.texts)
        self.events.texts.clear()

    def _begin_cell(self, attributes: Attributes) -> None:
        self.text, self.kind = "", ""
        self.across = _number(attributes, "MergeAcross")
        down = _number(attributes, "MergeDown")
        if self.across or down:
            area = (self.number, self.column, self.number + down, self.column + self.across)
            self.found.merged.append(area)

    def _end(self, tag: str) -> None:
        if self.sheet == self.index:
            if self.pieces is not None:
                self.pieces.extend(self.events.texts)
                if tag == "Data":
                    self.text = "".join(self.pieces)
                    self.pieces = None
            elif tag == "Cell":
                self._end_cell()
            elif tag == "Row":
                if self.row:
                    self.ready.append((self.number, self.row))
                    self.found.hidden_rows += self.hidden
                self.number = self.number
        self.events.texts.clear()

    def _end_cell(self) -> None:
        if self.column >= self.limits.columns:
            raise self.limits.refuse("columns", f'The sheet "{self.name}" uses column {column_letter(self.column)}')
        if len(self.text) > self.limits.cell_characters:
            raise self.limits.refuse("cell_characters", f'A cell of the sheet "{self.name}" holds too many characters')
        text = self._shown()
        if text:
            self.row.extend([""] * (self.column - len(self.row)))
            self.row.append(text)
        self.column += 1 + self.across

    def _shown(self) -> str:
        if self.formula and self.kind:
            self.found.formulas += 1
        elif self.formula:
            self.found.flaw(self.number, self.column, NO_VALUE)
        if self.kind == "Error":
            self.found.flaw(self.number, self.column, ERROR.format(self.text))
        if self.kind == "Number":
            return general(self.text.strip())
        if self.kind == "Boolean":
            return {"1": "TRUE", "0": "FALSE"}.get(self.text.strip(), self.text)
        if self.kind == "DateTime":
            shown = self.text.strip().replace("T", " ").removesuffix(".000").removesuffix(" 00:00:00")
            return shown.removesuffix(":00") if len(shown) > 10 else shown
        return self.text
