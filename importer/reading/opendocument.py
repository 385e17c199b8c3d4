"""Read OpenDocument spreadsheets (.ods) in one pass.

Input: a zip package. Output: its sheets as rows of text. An .ods stores the shown text beside each value, and that text
is read. Repeated cells and rows are expanded only if they hold something and the limits allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from importer.messages import say
from importer.reading.book import Book, RowStore
from importer.reading.cells import RowSink
from importer.reading.detection import Package
from importer.reading.elements import Attributes, events, plain, whole_number
from importer.reading.formats import NumberFormats
from importer.reading.numbers import KEPT_DIGITS, general, iso, moment_of, rounded
from importer.reading.spool import Row

CONTENT = "content.xml"
_NUMBERS = frozenset({"float", "currency"})
_UNSEEN = frozenset({"collapse", "filter"})
NESTED = frozenset({"table", "dde-links"})
"""Elements whose tables are not sheets: a table within a cell, or the cached values of a link to another document."""

ASIDE = frozenset(
    "annotation shapes frame custom-shape rect line polyline polygon regular-polygon path circle ellipse g"
    " page-thumbnail measure caption connector control scene text-box".split()
)
"""Comments and shapes drawn upon the sheet; their text belongs to no cell."""


def open_book(package: Package) -> Book:
    """Return the sheets of a document. Their rows are stored, because only reading all of it finds every sheet."""
    store = RowStore(package.limits)
    hidden_styles = set[str]()
    depth = column = 0
    sink: RowSink | None = None
    for event, element in events(
        package.chunks(CONTENT), say("part.content"), package.limits, whole={"table-row", "style"}
    ):
        tag, said = element.tag, plain(element.attrib)
        is_start = event == "start"
        depth += is_start and tag in NESTED
        if tag == "style":
            if any(plain(part.attrib).get("display") == "false" for part in element if part.tag == "table-properties"):
                hidden_styles.add(said.get("name", ""))
        elif tag == "table-row":
            if sink and depth == 1 and not store.tables[-1].add_of(_rows(element, sink)):
                sink = None
        elif tag == "table-column" and depth == 1 and sink and is_start:
            after = column + _times(said, "number-columns-repeated")
            if said.get("visibility") in _UNSEEN:
                sink.hide(column, after)
            column = after
        elif tag == "table" and depth == 1:
            if is_start:
                is_hidden = said.get("style-name", "") in hidden_styles
                sink, column = store.begin(said.get("name", ""), hidden=is_hidden).sink(NumberFormats()), 0
            else:
                store.tables[-1].finish()
                sink = None
        depth -= tag in NESTED and not is_start
    return Book(say("format.ods"), store.tables)


def _rows(row: Element, sink: RowSink) -> Iterator[Row]:
    """Yield a row as often as it is repeated."""
    attributes = plain(row.attrib)
    sink.begin()
    column = 0
    for cell in row:
        if cell.tag in {"table-cell", "covered-table-cell"}:
            column = _add(cell, column, sink)
    yield from sink.end(
        hidden=attributes.get("visibility") in _UNSEEN, times=_times(attributes, "number-rows-repeated")
    )


def _add(cell: Element, column: int, sink: RowSink) -> int:
    """Add a cell as often as it is repeated; return the column after it."""
    said = plain(cell.attrib)
    after = column + _times(said, "number-columns-repeated")
    if cell.tag == "covered-table-cell":
        return after
    lines, value = [*_lines(cell)], said.get("value", "")
    text = "\n".join(lines)
    is_number = said.get("value-type") in _NUMBERS
    shown = _whole(text, value) if is_number and text else text or _stored(said)
    if shown:
        sink.check(after - 1)
    has_formula = bool(said.get("formula"))
    # LibreOffice marks an error by a second type; others only show it
    is_error = ("error", True) in {(value, name.endswith(":value-type")) for name, value in cell.attrib.items()} or (
        has_formula and text.startswith("#") and text.rstrip("!?").isupper()
    )
    for repeated in range(column, after if shown else column + 1):
        if is_error:
            sink.add(repeated, "error", text, formula=has_formula)
        elif is_number:
            sink.add(repeated, "number", value, formula=has_formula, shown=shown)
        else:
            is_stored = "value-type" in said and (lines or "string-value" in said)  # an empty text is a blank line
            sink.add(repeated, "text" if is_stored else "other", shown, formula=has_formula)
    sink.merge(column, across=_times(said, "number-columns-spanned"), down=_times(said, "number-rows-spanned"))
    return after


def _times(attributes: Attributes, name: str) -> int:
    """Return the number of repetitions, or of cells covered, that an attribute states; at least 1."""
    return max(1, whole_number(attributes.get(name)))


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
    return exact if general(shown.replace(",", ".")) in (exact, rounded(exact)) else shown


def _stored(said: Attributes) -> str:
    """Return the text of a value whose writer left out the shown text."""
    if (moment := moment_of(said.get("date-value", ""))) is not None:
        return iso(moment)
    texts = (said.get(name, "") for name in ("string-value", "date-value", "time-value", "boolean-value"))
    return next(filter(None, texts), "") or general(said.get("value", ""))
