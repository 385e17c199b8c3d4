"""Read OpenDocument spreadsheets (.ods) in one pass.

Input: a zip package. Output: its sheets as rows of text. An .ods stores the shown text beside each value, and that text
is read. Repeated cells and rows are expanded only if they hold something and the limits allow.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from importer.errors import UnreadableFile
from importer.messages import Cell, Message, say
from importer.reading.book import KeptTable, RowStore, Table
from importer.reading.digits import KEPT_DIGITS, general, lost_digits, rounded_before
from importer.reading.elements import Attributes, Elements, plain
from importer.reading.limits import SHEET_ROWS, Limits
from importer.reading.package import MOST_SHEETS, Package, bound, whole
from importer.reading.sheet import LOST, NO_VALUE, column_letter

CONTENT = "content.xml"
MOST_REPEATED_FLAWS = 100_000
_NUMBERS = frozenset({"float", "currency"})
NESTED = frozenset({"table", "dde-links"})
"""Elements whose tables are not sheets: a table within a cell, or the cached values of a link to another document."""

ASIDE = frozenset(
    "annotation shapes frame custom-shape rect line polyline polygon regular-polygon path circle ellipse g"
    " page-thumbnail measure caption connector control scene text-box".split()
)
"""Comments and shapes drawn upon the sheet; their text belongs to no cell."""


def open_document(package: Package) -> tuple[Table, ...]:
    """Return the sheets of a document. Their rows are stored, because only reading all of it finds every sheet."""
    document = _OdsDocument(package.limits)
    document.elements.all(package.chunks(CONTENT))
    return tuple(kept.table() for kept in document.tables)


def _times(attributes: Attributes, name: str) -> int:
    """Return the number of repetitions, or of cells covered, that an attribute states; at least 1."""
    return max(1, whole(attributes.get(name)))


class _OdsDocument:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.tables: list[KeptTable] = []
        self.elements = Elements(say("part.content"), limits)
        self.elements.handle_trees(frozenset({"table-row", "style"}), self._begin, self._end, self._take)
        self._store = RowStore(limits)
        self._hidden_styles: set[str] = set()
        self._depth = 0
        self._sheet: _OdsSheet | None = None

    def _begin(self, tag: str, attributes: Attributes) -> None:
        self._depth += tag in NESTED
        if tag == "table" and self._depth == 1:
            values = plain(attributes)
            hidden = values.get("style-name", "") in self._hidden_styles
            self.tables.append(self._store.begin(values.get("name", ""), hidden=hidden))
            bound(len(self.tables), MOST_SHEETS, "sheets")
            self._sheet = _OdsSheet(self.tables[-1], self.limits)

    def _end(self, tag: str) -> None:
        if tag == "table" and self._depth == 1:
            self.tables[-1].finish()
            self._sheet = None
        self._depth -= tag in NESTED

    def _take(self, element: Element) -> None:
        if element.tag == "style":
            if any(plain(part.attrib).get("display") == "false" for part in element if part.tag == "table-properties"):
                self._hidden_styles.add(plain(element.attrib).get("name", ""))
        elif self._sheet and self._depth == 1 and not self.tables[-1].add_of(self._sheet.rows(element)):
            self._sheet = None


class _OdsSheet:
    def __init__(self, kept: KeptTable, limits: Limits) -> None:
        self.name, self.found, self.limits = Cell(kept.name or ""), kept.found, limits
        self._number = 0
        self._repeated_flaws = 0

    def rows(self, row: Element) -> Iterator[tuple[int, list[str]]]:
        """Yield a row as often as it is repeated."""
        attributes = plain(row.attrib)
        times, first = _times(attributes, "number-rows-repeated"), self._number + 1
        flaws: list[tuple[int, Message]] = []
        rounded: list[int] = []
        cells = self._cells(row, flaws, rounded)
        self._number += times
        if not cells and not flaws:
            return
        if self._number > self.limits.rows:
            raise self.limits.refuse("rows", say("limit.sheet-rows", sheet=self.name, row=self._number))
        if times > 1 and self._number > SHEET_ROWS:
            raise UnreadableFile(say("sheet.repeats", sheet=self.name, row=self._number))
        self._repeat_flaws(flaws, first, times)
        if attributes.get("visibility") in {"collapse", "filter"}:
            self.found.hidden_rows += times
        for column in rounded:
            self.found.rounded.setdefault(column, array("l")).extend(range(first, first + times))
        for number in range(first, first + times):
            yield number, cells

    def _cells(self, row: Element, flaws: list[tuple[int, Message]], rounded: list[int]) -> list[str]:
        """Return a row's texts; add problems to ``flaws``, and columns that earlier versions rounded to ``rounded``."""
        cells: list[str] = []
        column = 0
        for cell in row:
            if cell.tag not in {"table-cell", "covered-table-cell"}:
                continue
            attributes = plain(cell.attrib)
            times = _times(attributes, "number-columns-repeated")
            text = self._shown(cell, attributes, column, flaws) if cell.tag == "table-cell" else ""
            if text:
                if column + times > self.limits.columns:
                    last = column_letter(column + times - 1)
                    raise self.limits.refuse("columns", say("limit.sheet-column", sheet=self.name, column=last))
                cells.extend([""] * (column - len(cells)))
                cells.extend([text] * times)
                if len(text) > KEPT_DIGITS and attributes.get("value-type") in _NUMBERS:
                    if lost_digits(attributes.get("value", "")):
                        flaws.extend((repeated_column, LOST) for repeated_column in range(column, column + times))
                    elif rounded_before(text):
                        rounded.extend(range(column, column + times))
            column += times
            across, down = _times(attributes, "number-columns-spanned"), _times(attributes, "number-rows-spanned")
            if cell.tag == "table-cell" and (across > 1 or down > 1):
                top, left = self._number + 1, column - 1
                self.found.merged.append((top, left, top + down - 1, left + across - 1))
        return cells

    def _shown(self, cell: Element, said: Attributes, column: int, flaws: list[tuple[int, Message]]) -> str:
        text = "\n".join(_lines(cell))
        if len(text) > self.limits.cell_characters:
            raise self.limits.refuse("cell_characters", say("limit.cell-of-sheet", sheet=self.name))
        kind, formula = said.get("value-type", ""), said.get("formula")
        if formula:
            if kind or text:
                self.found.formulas += 1
            else:
                flaws.append((column, NO_VALUE))
        # LibreOffice marks an error by a second type; others only show it
        if ("error", True) in {(value, name.endswith(":value-type")) for name, value in cell.attrib.items()} or (
            formula and text.startswith("#") and text.rstrip("!?").isupper()
        ):
            flaws.append((column, say("flaw.error", error=Cell(text)) if text else say("flaw.error-in-formula")))
        return _whole(text, said.get("value", "")) if kind in _NUMBERS and text else text or _stored(kind, said)

    def _repeat_flaws(self, flaws: list[tuple[int, Message]], first: int, times: int) -> None:
        self._repeated_flaws += (times - 1) * len(flaws)
        if self._repeated_flaws > MOST_REPEATED_FLAWS:
            column, text = flaws[0]
            letters = column_letter(column)
            raise UnreadableFile(say("sheet.alike", sheet=self.name, times=times, row=first, column=letters, why=text))
        for column, text in flaws:
            for row in range(first, first + times):
                self.found.flaw(row, column, text)


def _lines(element: Element) -> Iterator[str]:
    """Yield the paragraphs of a cell."""
    for part in element:
        if part.tag == "p":
            yield "".join(_pieces(part)) if len(part) else part.text or ""
        elif part.tag not in ASIDE and part.tag not in NESTED:
            yield from _lines(part)


def _pieces(element: Element) -> Iterator[str]:
    """Yield the text of a paragraph, in which repeated spaces, tabs and line breaks are elements."""
    yield element.text or ""
    for part in element:
        if part.tag == "s":
            yield " " * min(_times(plain(part.attrib), "c"), 10_000)
        elif part.tag in {"tab", "line-break"}:
            yield "\t" if part.tag == "tab" else "\n"
        elif part.tag not in ASIDE and part.tag not in NESTED:
            yield from _pieces(part)
        yield part.tail or ""


def _whole(shown: str, stored: str) -> str:
    """Return a number's shown text, or all its digits if only 15 are shown, as LibreOffice does with an exponent."""
    if len(shown) <= KEPT_DIGITS or "".join(filter(str.isdigit, shown)) == (exact := general(stored)):
        return shown
    return exact if general(shown.replace(",", ".")) in (exact, *rounded_before(exact)) else shown


def _stored(kind: str, said: Attributes) -> str:
    """Return the text of a value whose writer left out the shown text."""
    if kind in _NUMBERS:
        return general(said.get("value", ""))
    if kind == "percentage":
        try:
            return general(repr(float(said.get("value", "")) * 100)) + "%"
        except ValueError:
            return said.get("value", "")
    if kind == "date":
        return said.get("date-value", "").replace("T", " ").removesuffix(" 00:00:00")
    if kind == "boolean":
        return said.get("boolean-value", "").upper()
    if kind == "time":
        return said.get("time-value", "").removeprefix("PT").replace("H", ":").replace("M", ":").removesuffix("S")
    return said.get("string-value", "")
