"""OpenDocument spreadsheets (.ods): a zip package in, its sheets as rows of text out, streamed.

An .ods stores beside each value the text that is shown, which is what is read. Repeated cells and rows are unrolled
only as far as they hold something and the limits allow.
"""

from __future__ import annotations

from collections.abc import Iterator

from importer.errors import UnreadableFile
from importer.reading.book import Heads, Table
from importer.reading.formats import general
from importer.reading.limits import SHEET_ROWS, Limits
from importer.reading.package import Events, Package
from importer.reading.sheet import ERROR, NO_VALUE, Found, Rows, column_letter

CONTENT = "content.xml"
MOST_REPEATED_FLAWS = 100_000
CELLS = frozenset({"table-cell", "covered-table-cell"})
NESTED = frozenset({"table", "dde-links"})
"""What a table within it is no sheet: it belongs to a cell, or keeps what a link to another document gave."""

ASIDE = frozenset(
    "annotation shapes frame custom-shape rect line polyline polygon regular-polygon path circle ellipse g"
    " page-thumbnail measure caption connector control scene text-box".split()
)
"""Comments and what is drawn upon the sheet: their text is none of a cell's."""

Attributes = dict[str, str]


def open_document(package: Package) -> tuple[Table, ...]:
    """The sheets of a document. Their names come first in the file, but only reading all of it finds them all."""
    survey = _Survey(package.limits)
    survey.events.all(package.chunks(CONTENT))

    def table(index: int, name: str, *, hidden: bool) -> Table:
        def rows(found: Found) -> Rows:
            return _rows(index, _Sheet(name, found, package.limits), package.chunks(CONTENT))

        return Table(name, hidden, rows, lambda: survey.heads.rows(index, rows))

    return tuple(table(index, name, hidden=hidden) for index, (name, hidden) in enumerate(survey.sheets))


def _value(attributes: Attributes, name: str) -> str:
    """An attribute whatever its prefix; an OpenDocument file may declare other ones than usual."""
    for key, value in attributes.items():
        if key.rpartition(":")[2] == name:
            return value
    return ""


def _times(attributes: Attributes, name: str) -> int:
    text = _value(attributes, name)
    return max(1, int(text)) if text.isdecimal() and len(text) < 10 else 1


class _Survey:
    """The pass that finds the sheets and the first rows of each."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.sheets: list[tuple[str, bool]] = []
        self.heads = Heads()
        self.events = Events("the document's content", limits)
        self.events.handle(self._start, self._end)
        self.hidden_styles: set[str] = set()
        self.style = ""
        self.depth = 0

    def _start(self, tag: str, attributes: Attributes) -> None:
        self.depth += tag in NESTED
        if tag == "style":
            self.style = _value(attributes, "name")
        elif tag == "table-properties" and _value(attributes, "display") == "false":
            self.hidden_styles.add(self.style)
        elif tag == "table" and self.depth == 1:
            name = _value(attributes, "name")
            self.sheets.append((name, _value(attributes, "style-name") in self.hidden_styles))
            self.heads.begin(_Sheet(name, Found(), self.limits))
        elif self.depth == 1:
            self.heads.start(tag, attributes, self.events.texts)
        self.events.texts.clear()

    def _end(self, tag: str) -> None:
        if self.depth == 1 and tag == "table":
            self.heads.finish()
        elif self.depth == 1:
            self.heads.end(tag, self.events.texts)
        self.depth -= tag in NESTED
        self.events.texts.clear()


def _rows(index: int, sheet: _Sheet, chunks: Iterator[bytes]) -> Rows:
    """The rows of the sheet that is the ``index``-th of the document."""
    events = Events("the document's content", sheet.limits)
    depth, at = 0, -1

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal depth, at
        depth += tag in NESTED
        at += tag == "table" and depth == 1
        if at == index and depth == 1:
            sheet.start(tag, attributes, events.texts)
        events.texts.clear()

    def end(tag: str) -> None:
        nonlocal depth
        if at == index and depth == 1:
            sheet.end(tag, events.texts)
        depth -= tag in NESTED
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

    def __init__(self, name: str, found: Found, limits: Limits) -> None:
        self.name, self.found, self.limits = name, found, limits
        self.ready: list[tuple[int, int, list[str]]] = []
        self.number = 0
        self.row: list[str] = []
        self.row_attributes: Attributes = {}
        self.column = 0
        self.cell: Attributes | None = None
        self.lines: list[str] = []
        self.line: list[str] = []
        self.aside = 0
        self.flaws: list[tuple[int, str]] = []
        self.repeated_flaws = 0

    def taken(self) -> Rows:
        """The rows that became complete since the last call, repeated as often as they say."""
        taken, self.ready = self.ready, []
        for number, times, row in taken:
            for repeat in range(times):
                yield number + repeat, list(row)

    def start(self, tag: str, attributes: Attributes, texts: list[str]) -> None:
        """An element begins; ``texts`` came before it."""
        if tag == "table-row":
            self.row, self.row_attributes, self.column, self.flaws = [], attributes, 0, []
        elif tag in CELLS:
            self.cell = attributes if tag == "table-cell" else {}
            self.lines, self.line = [], []
        elif self.cell is not None and not self.aside and tag in {"s", "tab", "line-break"}:
            self.line.extend(texts)
            self.line.append(" " * min(_times(attributes, "c"), 10_000) if tag == "s" else {"tab": "\t"}.get(tag, "\n"))
        elif tag == "p":
            self.line = [] if not self.aside else self.line
        elif tag in ASIDE:
            self.aside += 1
        elif self.cell is not None and not self.aside:
            self.line.extend(texts)

    def end(self, tag: str, texts: list[str]) -> None:
        """An element ends; ``texts`` came before that."""
        if tag in ASIDE:
            self.aside = max(0, self.aside - 1)
        elif self.cell is not None and not self.aside and tag not in CELLS:
            self.line.extend(texts)
            if tag == "p":
                self.lines.append("".join(self.line))
                self.line = []
        elif tag in CELLS:
            self._end_cell(covered=tag != "table-cell")
        elif tag == "table-row":
            self._end_row()

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
        if times > 1 and self.number > SHEET_ROWS:
            raise UnreadableFile(
                f'The sheet "{self.name}" repeats a row down to row {self.number:,}, beyond the last row of any '
                "spreadsheet program. Delete the rows below the table and save the file again."
            )
        self._repeat_flaws(first, times)
        if _value(self.row_attributes, "visibility") in {"collapse", "filter"}:
            self.found.hidden_rows += times
        self.ready.append((first, times, self.row))

    def _repeat_flaws(self, first: int, times: int) -> None:
        self.repeated_flaws += (times - 1) * len(self.flaws)
        if self.repeated_flaws > MOST_REPEATED_FLAWS:
            column, text = self.flaws[0]
            raise UnreadableFile(
                f'In the sheet "{self.name}" {times:,} rows from row {first:,} on are alike, and wrong in column '
                f"{column_letter(column)}: {text}."
            )
        for column, text in self.flaws:
            for row in range(first, first + times):
                self.found.flaw(row, column, text)


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
