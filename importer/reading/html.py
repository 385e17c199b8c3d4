"""Tables of a web page, as CRMs export them under the name .xls: bytes in, rows of text out."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import IO

from importer.errors import UnreadableFile
from importer.reading import encodings
from importer.reading.book import Book, Table
from importer.reading.limits import Clock, Limits
from importer.reading.sheet import Found, Row, Rows

MOST_BYTES = 64 * 1024**2
MOST_PENDING = 1 << 20
_BLOCKS = {"p", "div", "li", "h1", "h2", "h3", "h4", "h5", "h6"}
_HIDDEN = {"script", "style", "head", "template"}


def open_html(file: IO[bytes], encoding: str | None, source: str, limits: Limits, clock: Clock) -> Book:
    """The outermost tables of a page, each as a sheet; raises UnreadableFile where there is none."""
    if file.seek(0, 2) > MOST_BYTES:
        raise UnreadableFile(f"{source} is a web page of more than 64 MB. Open it in Excel and save it as .xlsx.")
    file.seek(0)
    declared = re.search(rb"charset\s*=\s*[\"']?([\w-]+)", file.read(4096), re.IGNORECASE)
    codec = encodings.detect(file, clock)
    if encoding or (declared and codec.remark):
        name = encoding or (declared[1].decode("ascii") if declared else "")
        try:
            codec = encodings.named(name, file, clock)
        except UnreadableFile:
            if encoding:
                raise
    file.seek(0)
    parser = _Tables(limits)
    text = file.read().decode(codec.codec, "replace").removeprefix("\ufeff")
    for start in range(0, len(text), 1 << 16):
        clock.check()
        _feed(parser, text[start : start + (1 << 16)], source)
        if len(parser.rawdata) > MOST_PENDING:
            raise UnreadableFile(f"{source} is a damaged web page. Open it in Excel and save it as .xlsx.")
    _feed(parser, None, source)
    parser.end_table()
    if not parser.tables:
        raise UnreadableFile(
            f"{source} is a web page without a table (perhaps a log-in page). Export it again as .xlsx."
        )
    several = len(parser.tables) > 1
    tables = tuple(
        Table(f"Table {number}" if several else None, hidden=False, rows=_reader(rows, merged))
        for number, (rows, merged) in enumerate(parser.tables, 1)
    )
    return Book("HTML table", tables, codec.title, None, (codec.remark,) if codec.remark else ())


def _feed(parser: HTMLParser, text: str | None, source: str) -> None:
    """Parse the next piece, or what is left over (None). html.parser gives up on some damage with an assertion."""
    try:
        if text is None:
            parser.close()
        else:
            parser.feed(text)
    except (AssertionError, ValueError) as exc:
        raise UnreadableFile(f"{source} is a damaged web page ({exc}). Open it in Excel and save it as .xlsx.") from exc


def _reader(rows: list[Row], merged: int) -> Callable[[Found], Rows]:
    def read(found: Found) -> Rows:
        if merged:
            found.remarks.append(
                f"{merged:,} cells span several columns or rows; only the first of each holds the value."
            )
        for number, cells in rows:
            yield number, list(cells)

    return read


class _Tables(HTMLParser):
    """Gathers the cells of all outermost tables."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(convert_charrefs=True)
        self.limits = limits
        self.tables: list[tuple[list[Row], int]] = []
        self.rows: list[Row] = []
        self.merged = 0
        self.depth = 0
        self.hidden = 0
        self.row: list[str] | None = None
        self.pieces: list[str] | None = None
        self.across = 1
        self.covered: dict[int, int] = {}
        self.down = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.depth += 1
        elif tag in _HIDDEN:
            self.hidden += 1
        elif self.depth == 1 and tag == "tr":
            self._end_row()
            self.row = []
        elif self.depth == 1 and tag in {"td", "th"}:
            self._end_cell()
            self.row = [] if self.row is None else self.row
            self.pieces = []
            values = dict(attrs)
            self.across, self.down = _span(values.get("colspan")), _span(values.get("rowspan"))
        elif self.pieces is not None and tag == "br":
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self.depth:
            if self.depth == 1:
                self.end_table()
            self.depth = max(0, self.depth - 1)
        elif tag in _HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif self.depth == 1 and tag in {"td", "th"}:
            self._end_cell()
        elif self.depth == 1 and tag == "tr":
            self._end_row()
        elif self.pieces is not None and tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if self.pieces is not None and not self.hidden:
            self.pieces.append(re.sub(r"[ \t\r\n\f]+", " ", data))

    def end_table(self) -> None:
        """The table is complete, or the page ends within it."""
        self._end_row()
        if self.rows:
            self.tables.append((self.rows, self.merged))
        self.rows, self.merged, self.covered = [], 0, {}

    def _end_cell(self) -> None:
        if self.pieces is None or self.row is None:
            return
        self._skip_covered()
        text = re.sub(r" *\n *", "\n", "".join(self.pieces)).strip(" \n")
        self.pieces = None
        if len(text) > self.limits.cell_characters:
            raise self.limits.refuse("cell_characters", "A cell of the table holds too many characters")
        if self.down > 1:
            for column in range(len(self.row), min(len(self.row) + self.across, self.limits.columns)):
                self.covered[column] = self.down
        self.merged += self.across > 1 or self.down > 1
        self.row.append(text)
        self.row.extend([""] * (self.across - 1))
        if len(self.row) > self.limits.columns:
            raise self.limits.refuse("columns", "The table has too many columns")

    def _skip_covered(self) -> None:
        """Leave empty the places that a cell further up reaches down to."""
        assert self.row is not None
        while self.covered.get(len(self.row), 0) > 0:
            self.row.append("")

    def _end_row(self) -> None:
        self._end_cell()
        if self.row is None:
            return
        self._skip_covered()
        self.rows.append((len(self.rows) + 1, self.row))
        self.row = None
        self.covered = {column: left - 1 for column, left in self.covered.items() if left > 1}
        if len(self.rows) > self.limits.rows:
            raise self.limits.refuse("rows", "The table has too many rows")


def _span(value: str | None) -> int:
    return min(int(value), 1000) if value and value.strip().isdecimal() and int(value) > 0 else 1
