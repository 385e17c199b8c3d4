"""XML Spreadsheet 2003, as Salesforce and others export it under the name .xls: bytes in, rows of text out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO

from importer.errors import UnreadableFile
from importer.reading.book import Heads, Table
from importer.reading.formats import BUILT_IN, NumberFormats, iso
from importer.reading.limits import Clock, Limits
from importer.reading.package import CHUNK, Events
from importer.reading.sheet import ERROR, NO_VALUE, Found, Row, Rows, column_letter

Attributes = dict[str, str]

_NAMED = {
    "general date": BUILT_IN[22], "long date": BUILT_IN[14], "medium date": BUILT_IN[15], "short date": BUILT_IN[14],
    "long time": BUILT_IN[19], "medium time": BUILT_IN[18], "short time": BUILT_IN[20], "currency": BUILT_IN[4],
    "euro currency": "€#,##0.00", "fixed": BUILT_IN[2], "standard": BUILT_IN[4], "percent": BUILT_IN[10],
    "scientific": BUILT_IN[11], "general number": "General", "yes/no": '"Yes";"Yes";"No"',
    "true/false": '"True";"True";"False"', "on/off": '"On";"On";"Off"',
}  # fmt: skip
"""Formats that have a name instead of a code; what follows the reader's country is as in ``formats.BUILT_IN``."""


@dataclass
class _Styles:
    """Number formats by the name of the style that has them."""

    codes: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    numbers: NumberFormats = field(default_factory=NumberFormats)
    moments: NumberFormats = field(default_factory=NumberFormats)
    _style: str = ""

    def start(self, tag: str, attributes: Attributes) -> None:
        """Take an element of the file, if it is of a style."""
        if tag == "Style":
            self._style = _value(attributes, "ID")
            self.parents[self._style] = _value(attributes, "Parent") or "Default"
        elif tag == "NumberFormat":
            code = _value(attributes, "Format")
            self.codes[self._style] = _NAMED.get(code.lower(), code)
        elif tag == "Date1904":
            self.numbers = NumberFormats(date1904=True)

    def code(self, style: str) -> str:
        """The number format of a style, its own or its ancestor's; "" where there is none."""
        for _ in range(10):
            if style in self.codes:
                return self.codes[style]
            style = self.parents.get(style, "Default")
        return ""


def open_xml(file: IO[bytes], limits: Limits, clock: Clock) -> tuple[Table, ...]:
    """The sheets of the file."""
    survey = _Survey(limits)
    try:
        survey.events.all(_chunks(file, clock))
    except ValueError as exc:
        if isinstance(exc, UnicodeError) or "multi-byte" not in str(exc):
            raise
        raise UnreadableFile(
            f"The file is XML in an encoding that can't be read here ({survey.events.encoding}). Open it in a "
            "spreadsheet program, save it as .xlsx and import that."
        ) from exc

    def table(index: int, name: str, *, hidden: bool) -> Table:
        def rows(found: Found) -> Rows:
            return _rows(index, _Sheet(name, found, limits, survey.styles), _chunks(file, clock))

        return Table(name, hidden, rows, lambda: survey.heads.rows(index, rows))

    return tuple(table(index, name, hidden=hidden) for index, (name, hidden) in enumerate(survey.sheets))


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


class _Survey:
    """The pass that finds the sheets, the styles and the first rows of each sheet."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.sheets: list[tuple[str, bool]] = []
        self.styles = _Styles()
        self.heads = Heads()
        self.events = Events("the file", limits)
        self.events.handle(self._start, self._end)

    def _start(self, tag: str, attributes: Attributes) -> None:
        self.styles.start(tag, attributes)
        if tag == "Worksheet":
            self.sheets.append((_value(attributes, "Name"), False))
            self.heads.begin(_Sheet(self.sheets[-1][0], Found(), self.limits, self.styles))
        else:
            self.heads.start(tag, attributes, self.events.texts)
        self.events.texts.clear()

    def _end(self, tag: str) -> None:
        if tag == "Visible" and self.sheets and "".join(self.events.texts).strip() != "SheetVisible":
            self.sheets[-1] = (self.sheets[-1][0], True)
        if tag == "Worksheet":
            self.heads.finish()
        else:
            self.heads.end(tag, self.events.texts)
        self.events.texts.clear()


def _rows(index: int, sheet: _Sheet, chunks: Iterator[bytes]) -> Rows:
    """The rows of the sheet that is the ``index``-th of the file."""
    events = Events("the file", sheet.limits)
    at = -1

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal at
        at += tag == "Worksheet"
        if at == index:
            sheet.start(tag, attributes, events.texts)
        events.texts.clear()

    def end(tag: str) -> None:
        if at == index:
            sheet.end(tag, events.texts)
        events.texts.clear()

    events.handle(start, end)
    for chunk in chunks:
        events.feed(chunk)
        yield from sheet.taken()
        if at > index:
            return
    events.feed(b"", last=True)


class _Sheet:
    """The events of one sheet, turned into rows."""

    def __init__(self, name: str, found: Found, limits: Limits, styles: _Styles) -> None:
        self.name, self.found, self.limits, self.styles = name, found, limits, styles
        self.ready: list[Row] = []
        self.number = 0
        self.row: list[str] = []
        self.column = 0
        self.kind = ""
        self.across = 0
        self.formula = False
        self.pieces: list[str] | None = None
        self.text = ""
        self.hidden = False
        self.comments = 0
        self.style = self.row_style = self.table_style = ""
        self.column_styles: dict[int, str] = {}
        self.styled_columns = 0

    def taken(self) -> list[Row]:
        """The rows that became complete since the last call."""
        taken, self.ready = self.ready, []
        return taken

    def start(self, tag: str, attributes: Attributes, texts: list[str]) -> None:
        """An element begins; ``texts`` came before it."""
        if tag == "Comment":
            self.comments += 1
        elif self.comments:
            return
        elif tag == "Table":
            self.table_style = _value(attributes, "StyleID")
        elif tag == "Column":
            self._style_columns(attributes)
        elif tag == "Row":
            self._begin_row(attributes)
        elif tag == "Cell":
            self._begin_cell(attributes)
        elif tag == "Data":
            self.kind = _value(attributes, "Type")
            self.pieces = []
        elif self.pieces is not None:
            self.pieces.extend(texts)

    def _style_columns(self, attributes: Attributes) -> None:
        first = max(_number(attributes, "Index") - 1, self.styled_columns)
        self.styled_columns = min(first + 1 + _number(attributes, "Span"), self.limits.columns)
        if style := _value(attributes, "StyleID"):
            self.column_styles.update(dict.fromkeys(range(first, self.styled_columns), style))

    def _begin_row(self, attributes: Attributes) -> None:
        number = _number(attributes, "Index") or self.number + 1
        if number <= self.number:
            raise UnreadableFile(
                f'The file is damaged: in the sheet "{self.name}" row {number} comes after row {self.number}. Open it '
                "in a spreadsheet program, save it as .xlsx and import that."
            )
        self.number = number
        self.row, self.column = [], 0
        self.row_style = _value(attributes, "StyleID")
        self.hidden = _value(attributes, "Hidden") == "1"

    def _begin_cell(self, attributes: Attributes) -> None:
        self.column = (_number(attributes, "Index") or self.column + 1) - 1
        self.formula = bool(_value(attributes, "Formula"))
        self.style = (
            _value(attributes, "StyleID")
            or self.row_style
            or self.column_styles.get(self.column)
            or self.table_style
            or "Default"
        )
        self.text, self.kind = "", ""
        self.across = _number(attributes, "MergeAcross")
        down = _number(attributes, "MergeDown")
        if self.across or down:
            area = (self.number, self.column, self.number + down, self.column + self.across)
            self.found.merged.append(area)

    def end(self, tag: str, texts: list[str]) -> None:
        """An element ends; ``texts`` came before that."""
        if tag == "Comment":
            self.comments -= 1
        elif self.comments:
            return
        elif self.pieces is not None:
            self.pieces.extend(texts)
            if tag == "Data":
                self.text = "".join(self.pieces)
                self.pieces = None
        elif tag == "Cell":
            self._end_cell()
        elif tag == "Row" and self.row:
            self.ready.append((self.number, self.row))
            self.found.hidden_rows += self.hidden

    def _end_cell(self) -> None:
        if self.column >= self.limits.columns:
            raise self.limits.refuse("columns", f'The sheet "{self.name}" uses column {column_letter(self.column)}')
        if len(self.text) > self.limits.cell_characters:
            raise self.limits.refuse("cell_characters", f'A cell of the sheet "{self.name}" holds too many characters')
        text = self._shown()
        if text:
            self.row.extend([""] * (self.column + 1 - len(self.row)))
            self.row[self.column] = text
        self.column += 1 + self.across

    def _shown(self) -> str:
        if self.formula and self.kind:
            self.found.formulas += 1
        elif self.formula:
            self.found.flaw(self.number, self.column, NO_VALUE)
        if self.kind == "Error":
            self.found.flaw(self.number, self.column, ERROR.format(self.text))
        if self.kind == "Number":
            return self.styles.numbers.shown(self.styles.code(self.style), self.text.strip())
        if self.kind == "Boolean":
            return {"1": "TRUE", "0": "FALSE"}.get(self.text.strip(), self.text)
        if self.kind == "DateTime":
            return _moment(self.text.strip(), self.styles.code(self.style), self.styles.moments)
        return self.text


def _moment(text: str, code: str, formats: NumberFormats) -> str:
    """A date and time as its number format shows it; without one as ISO writes it, a time of no day alone."""
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return text
    days = (moment - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001 — a sheet's dates have no zone
    serial = days if days >= 61 else days - 1  # see formats.from_serial
    if code not in {"", "General", _NAMED["general date"]} and serial >= 0:
        return formats.shown(code, repr(serial))
    return iso(moment).removeprefix("1899-12-31 ")
