"""Read the tables of a web page, which CRMs export with the ending .xls, as rows of text."""

from __future__ import annotations

import re
from functools import partial
from html import unescape
from typing import IO

from importer.errors import UnreadableFile
from importer.markup import Markup
from importer.messages import say
from importer.reading import encodings
from importer.reading.book import HEADER_WITHIN, Book, KeptTable, RowStore
from importer.reading.encodings import Encoding
from importer.reading.limits import MOST_SHEETS, Limits, bound
from importer.reading.opening import IsHeader, Source

MOST_BYTES = 64 * 1024**2
MOST_PENDING = 1 << 20
MOST_DEPTH = 20
_HEAD = 1 << 16
_OWN_LINES = frozenset("blockquote dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table tr ul".split())
_HIDDEN = {"script", "style", "template", "title"}
_EDGE = "\r"
"""Mark of a block element's edge, a character that never occurs in data.

The mark becomes a line break, unless there is a line break already, or no text to break.
"""


def open_html(source: Source) -> Book:
    """Return the tables of a page, each as a sheet; raise UnreadableFile if there is none.

    A table within a cell of another table is a sheet if it has the needed headings, as in a page laid out by tables.
    Otherwise its text belongs to the cell.
    """
    file = source.file
    if file.seek(0, 2) > MOST_BYTES:
        raise UnreadableFile(say("html.too-large", file=source.name))
    file.seek(0)
    declared = re.search(rb"charset\s*=\s*[\"']?([\w-]+)", file.read(4096), re.IGNORECASE)
    codec = encodings.encoding_of(source, partial(_first_rows, file), declared[1].decode("ascii") if declared else "")
    file.seek(0)
    text = file.read().decode(codec.codec, "replace" if codec.errors == "strict" else codec.errors)
    parser = _HtmlPage(source.limits, source.is_header)
    _parse(parser, text.removeprefix("\ufeff"), source)
    several = len(parser.tables) > 1
    for number, kept in enumerate(parser.tables, 1):
        kept.name = f"Table {number}" if several else None
    tables = tuple(kept.table() for kept in parser.tables)
    return Book(say("format.html"), tables, None, (codec.remark,) if codec.remark else (), codec)


def _first_rows(file: IO[bytes], codec: Encoding) -> list[list[str]]:
    """Return the first table row, by whose cells a kind of sheet is recognised."""
    file.seek(0)
    head = file.read(_HEAD).decode(codec.codec, "replace")
    row = re.search("<tr.*?</tr", head, re.IGNORECASE | re.DOTALL)
    cells = re.findall("<t[hd][^>]*>(.*?)</t[hd]", row[0], re.IGNORECASE | re.DOTALL) if row else []
    return [[unescape(re.sub("<[^>]*>", "", cell)).strip() for cell in cells]]


def _parse(parser: _HtmlPage, text: str, source: Source) -> None:
    """Parse the whole page; raise UnreadableFile if it is damaged or has no table."""
    for start in range(0, len(text), 1 << 16):
        source.deadline.check()
        try:
            parser.feed(text[start : start + (1 << 16)])
        except (AssertionError, ValueError) as exc:
            raise UnreadableFile(say("html.not-parsed", file=source.name, error=str(exc))) from exc
        if len(parser.rawdata) > MOST_PENDING:
            raise UnreadableFile(say("html.broken", file=source.name))
    if "<" in parser.rawdata or parser.cdata_elem is not None:
        raise UnreadableFile(say("html.cut-off", file=source.name))
    parser.handle_data(unescape(parser.rawdata))
    parser.end()
    if not parser.tables:
        raise UnreadableFile(say("html.no-table", file=source.name))


class _HtmlPage(Markup):
    """Parser that finds the tables of a page: those outside any cell, and those in a cell with the headings."""

    def __init__(self, limits: Limits, is_header: IsHeader) -> None:
        super().__init__()
        self.limits = limits
        self.is_header = is_header
        self.tables: list[KeptTable] = []
        self.store = RowStore(limits)
        self.open: list[_OpenTable] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._edge(tag)
        if tag == "table":
            self._begin_table()
        elif tag in _HIDDEN:
            self.hidden += 1
        elif self.open and tag == "tr":
            self.open[-1].begin_row()
        elif self.open and tag in {"td", "th"}:
            values = dict(attrs)
            self.open[-1].begin_cell(_span(values.get("colspan")), _span(values.get("rowspan")))
        elif tag == "br":
            self._add("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif self.open and tag in {"td", "th"}:
            self.open[-1].end_cell()
        elif self.open and tag == "tr":
            self.open[-1].end_row()
        elif self.open and tag == "table":
            self._end_table()
        self._edge(tag)

    def handle_data(self, data: str) -> None:
        if self.open and not self.hidden:
            self._add(re.sub(r"[ \t\r\n\f]+", " ", data))

    def end(self) -> None:
        """End the page, and the tables that are still open."""
        while self.open:
            self._end_table()

    def _edge(self, tag: str) -> None:
        if tag in _OWN_LINES:
            self._add(_EDGE)
        elif tag in {"td", "th"}:
            self._add(" ")

    def _add(self, text: str) -> None:
        """Add a text to the open cell of each open table."""
        for table in self.open:
            table.add(text)

    def _begin_table(self) -> None:
        if self.open and self.open[-1].pieces is None:  # the previous table's end tag is missing
            self._end_table()
        if len(self.open) == MOST_DEPTH:
            raise UnreadableFile(say("html.nested"))
        self.open.append(_OpenTable(self.limits, self.store.begin(None)))

    def _end_table(self) -> None:
        table = self.open.pop()
        kept = table.end()
        if table.first and (not self.open or self._is_laid_out(table)):
            self.tables.append(kept)
            bound(len(self.tables), MOST_SHEETS, say("many.tables"))
            for outer in self.open:
                outer.empty_cell()

    def _is_laid_out(self, table: _OpenTable) -> bool:
        """Return whether this table has the needed headings, and no table around it has them."""
        return self._has_headings(table) and not any(map(self._has_headings, self.open))

    def _has_headings(self, table: _OpenTable) -> bool:
        return any(map(self.is_header, table.first))


class _OpenTable:
    """A table that hasn't ended: its first rows, the open row and the pieces of the open cell."""

    def __init__(self, limits: Limits, kept: KeptTable) -> None:
        self.limits, self.kept = limits, kept
        self.first: list[list[str]] = []
        self.number = 0
        self.row: list[str] | None = None
        self.pieces: list[str] | None = None
        self.size = 0
        self.across, self.down = 1, 1
        self.covered: dict[int, int] = {}

    def end(self) -> KeptTable:
        self.end_row()
        self.kept.finish()
        return self.kept

    def begin_row(self) -> None:
        self.end_row()
        self.row = []

    def begin_cell(self, across: int, down: int) -> None:
        self.end_cell()
        self.row = [] if self.row is None else self.row
        self.pieces = []
        self.size = 0
        self.across, self.down = across, down

    def add(self, text: str) -> None:
        """Add a text to the open cell, if there is one; beyond the limit only its length is counted."""
        if self.pieces is not None:
            self.size += len(text) + 1
            if self.size <= self.limits.cell_characters:
                self.pieces.append(text)

    def empty_cell(self) -> None:
        """Empty the open cell, because its content turned out to be a sheet of its own."""
        self.size = 0
        if self.pieces is not None:
            self.pieces.clear()

    def end_cell(self) -> None:
        if self.pieces is None or self.row is None:
            return
        self._skip_covered()
        text = _shown("".join(self.pieces))
        self.pieces = None
        if self.size > self.limits.cell_characters:
            raise self.limits.refuse("cell_characters", say("limit.cell-of-table"))
        if self.down > 1:
            for column in range(len(self.row), min(len(self.row) + self.across, self.limits.columns)):
                self.covered[column] = self.down
        if self.across > 1 or self.down > 1:
            top, left = self.number + 1, len(self.row)
            self.kept.facts.merged.append((top, left, top + self.down - 1, left + self.across - 1))
        self.row.append(text)
        self.row.extend([""] * (self.across - 1))
        if len(self.row) > self.limits.columns:
            raise self.limits.refuse("columns", say("limit.table-columns"))

    def _skip_covered(self) -> None:
        """Leave the cells empty that a cell further up covers."""
        assert self.row is not None
        while self.covered.get(len(self.row), 0) > 0:
            self.row.append("")

    def end_row(self) -> None:
        self.end_cell()
        if self.row is None:
            return
        self._skip_covered()
        self.number += 1
        self.kept.add(self.number, self.row)
        if self.number <= HEADER_WITHIN:
            self.first.append(self.row)
        self.row = None
        self.covered = {column: left - 1 for column, left in self.covered.items() if left > 1}
        if self.number > self.limits.rows:
            raise self.limits.refuse("rows", say("limit.table-rows"))


def _shown(text: str) -> str:
    """Return the text that a cell shows: block elements on lines of their own, no spaces at the edges of a line."""
    shown: list[str] = []
    for part in re.sub(" +", " ", text).split(_EDGE):
        lines = [line.strip(" ") for line in part.split("\n")]
        if not lines[-1]:  # a break at a line's end breaks nothing
            lines.pop()
        shown.extend(lines)
    return "\n".join(shown).strip("\n")


def _span(value: str | None) -> int:
    return min(int(value), 1000) if value and value.strip().isdecimal() and int(value) > 0 else 1
