"""Read the tables of a web page, which CRMs export with the ending .xls, as rows of text.

lxml parses the page, whatever is wrong with its tags. It accepts a page that is cut off, so this module looks for that
itself. Nor are character references left to lxml, whose versions know different ones. It keeps no tree: each tag is
handled when it comes, so that a large page needs little memory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import IO

from lxml import etree

from importer.errors import UnreadableFile
from importer.markup import resolved
from importer.messages import say
from importer.reading import encodings
from importer.reading.book import HEADER_WITHIN, Book, KeptTable, RowStore
from importer.reading.encodings import Encoding
from importer.reading.formats import NumberFormats
from importer.reading.opening import MOST_SHEETS, IsHeader, Limits, Source, bound, damaged

MOST_BYTES = 64 * 1024**2
MOST_DEPTH = 20
_HEAD = _CHUNK = 1 << 16
_OWN_LINES = frozenset("blockquote dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table tr ul".split())
_HIDDEN = {"script", "style", "template", "title"}
_CELLS = {"td", "th"}
_UNSEEN = re.compile(r"(?<![\w-])(display\s*:\s*none|visibility\s*:\s*(hidden|collapse))", re.IGNORECASE)
_EDGE = "\r"
"""Mark of a block element's edge, a character that never occurs in data.

The mark becomes a line break, unless there is a line break already, or no text to break.
"""

_END = re.compile("</(table|body|html)[^<>]*>", re.IGNORECASE)
_LAST = "the-end-of-the-page"
"""Tag that is added to the page. If the parser doesn't find it, the page ends inside a tag, a comment or a script."""

_ROW = re.compile("<(table|tr|td|th)[^a-z]", re.IGNORECASE)


def open_book(source: Source) -> Book:
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
    text = file.read().decode(codec.codec, "replace")
    page = _Page(source.limits, source.is_header)
    _parse(page, text.removeprefix("\ufeff").replace("\0", ""), source)
    found = [page.tables[number] for number in sorted(page.tables)]
    for number, kept in enumerate(found, 1):
        kept.name = f"Table {number}" if len(found) > 1 else None
    return Book(say("format.html"), found, None, (codec.remark,) if codec.remark else (), codec)


def _first_rows(file: IO[bytes], codec: Encoding) -> list[list[str]]:
    """Return the first table row, by whose cells a kind of sheet is recognised."""
    file.seek(0)
    head = file.read(_HEAD).decode(codec.codec, "replace")
    row = re.search("<tr.*?</tr", head, re.IGNORECASE | re.DOTALL)
    cells = re.findall("<t[hd][^>]*>(.*?)</t[hd]", row[0], re.IGNORECASE | re.DOTALL) if row else []
    return [[resolved(re.sub("<[^>]*>", "", cell)).strip() for cell in cells]]


def _parse(page: _Page, text: str, source: Source) -> None:
    """Parse the whole page; raise UnreadableFile if it is cut off or has no table.

    The ends of the body and of the page are left out, because the parser would ignore what follows.
    """
    parser = etree.HTMLParser(target=page, encoding="utf-8", huge_tree=True)
    end = max((found.end() for found in _END.finditer(text)), default=0)
    is_cut_off = _ROW.search(text, end) is not None
    text = re.sub("</(body|html)[^<>]*>", "", text, flags=re.IGNORECASE) + f"<{_LAST}>"
    for at in range(0, len(text), _CHUNK):
        parser.feed(text[at : at + _CHUNK].replace("&", "&amp;").encode("utf-8", "replace"))
    parser.close()
    if is_cut_off or not page.is_whole:
        raise UnreadableFile(say("html.cut-off", file=source.name))
    if not page.tables:
        raise UnreadableFile(say("html.no-table", file=source.name))


class _Page:
    """Target of the parser, which finds the tables of a page: those outside any cell, and those with the headings.

    ``is_whole`` is whether the parser came to the end of the page.
    """

    def __init__(self, limits: Limits, is_header: IsHeader) -> None:
        self.is_whole = False
        self.tables: dict[int, KeptTable] = {}
        self._limits = limits
        self._is_header = is_header
        self._store = RowStore(limits)
        self._open: list[_OpenTable] = []
        self._text: list[str] = []
        self._begun = 0
        self._shown = [True]  # of each open element, whether its text is shown

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Handle the beginning of an element."""
        self._end_text()
        self._edge(tag)
        table = self._open[-1] if self._open else None
        was_shown = self._shown[-1]
        is_unseen = "hidden" in attributes or _UNSEEN.search(attributes.get("style", "")) is not None
        if table and (tag == "tr" or tag in _CELLS):  # what is hidden here is read, and reported
            self._shown.append(table.is_shown)
        else:
            self._shown.append(was_shown and tag not in _HIDDEN and not (table and is_unseen))
        if tag == _LAST:
            self.is_whole = True
        elif tag == "table":
            self._begin_table()
        elif tag == "br" and self._shown[-1]:
            self._add("\n")
        elif tag == "img":
            self.data(attributes.get("alt", ""))
        elif tag == "input" and attributes.get("type", "").lower() == "checkbox":
            self.data("TRUE" if "checked" in attributes else "FALSE")
        elif table and tag == "tr":
            table.begin_row(hidden=is_unseen or was_shown != table.is_shown)
        elif table and tag == "col":
            table.begin_columns(_span(attributes.get("span")), hidden=is_unseen)
        elif table and tag in _CELLS:
            table.begin_cell(_span(attributes.get("colspan")), _span(attributes.get("rowspan")), hidden=is_unseen)

    def end(self, tag: str) -> None:
        """Handle the end of an element. The parser ends all that it began, each within the one around it."""
        self._end_text()
        self._shown.pop()
        if tag == "table":
            self._end_table()
        elif self._open and tag == "tr":
            self._open[-1].end_row()
        elif self._open and tag in _CELLS:
            self._open[-1].end_cell()
        self._edge(tag)

    def data(self, text: str) -> None:
        """Handle a piece of the text between two tags, or the text that stands for an element."""
        if self._open and self._shown[-1]:
            self._text.append(text)
            if len(self._text) > self._limits.cell_characters:
                raise self._open[-1].too_long()

    def close(self) -> None:
        """Do nothing at the page's end, where the parser has ended all elements."""

    def _end_text(self) -> None:
        """Add the text before a tag, with its character references."""
        if self._text:
            self._add(re.sub(r"[ \t\r\n\f]+", " ", resolved("".join(self._text))))
            self._text.clear()

    def _edge(self, tag: str) -> None:
        if tag in _OWN_LINES:
            self._add(_EDGE)
        elif tag in _CELLS:
            self._add(" ")

    def _add(self, text: str) -> None:
        """Add a text to the open cell of each open table."""
        for table in self._open:
            table.add(text)

    def _begin_table(self) -> None:
        if len(self._open) == MOST_DEPTH:
            raise damaged(say("part.file"), "nested too deeply")
        self._begun += 1
        kept = self._store.aside(f"Table {self._begun}")
        self._open.append(_OpenTable(self._begun, kept, self._limits, is_shown=self._shown[-1]))

    def _end_table(self) -> None:
        table = self._open.pop()
        table.end_row()
        table.kept.finish()
        if table.first and (not any(outer.pieces is not None for outer in self._open) or self._is_laid_out(table)):
            self.tables[table.number] = table.kept
            bound(len(self.tables), MOST_SHEETS, say("part.file"))
            for outer in self._open:
                outer.empty_cell()

    def _is_laid_out(self, table: _OpenTable) -> bool:
        """Return whether this table has the needed headings, and no table around it has them."""
        return self._has_headings(table) and not any(map(self._has_headings, self._open))

    def _has_headings(self, table: _OpenTable) -> bool:
        return any(map(self._is_header, table.first))


class _OpenTable:
    """A table that hasn't ended: its number among all tables of the page, its rows, and the first of these.

    ``pieces`` is the text of the open cell; None if no cell is open. ``is_shown`` is whether its texts are shown.
    """

    def __init__(self, number: int, kept: KeptTable, limits: Limits, *, is_shown: bool) -> None:
        self.number, self.kept, self.is_shown = number, kept, is_shown
        self.first: list[list[str]] = []
        self._sink = kept.sink(NumberFormats())
        self._limits = limits
        self._is_in_row = self._is_hidden = False
        self._column = self._columns = 0
        self.pieces: list[str] | None = None
        self._size = 0
        self._across = 1
        self._covered: dict[int, int] = {}

    def begin_columns(self, number: int, *, hidden: bool) -> None:
        """Take note of columns that are described together."""
        if hidden:
            self._sink.hide(self._columns, self._columns + number)
        self._columns += number

    def begin_row(self, *, hidden: bool = False) -> None:
        """Begin a row."""
        self.end_row()
        self._is_in_row, self._is_hidden, self._column = True, hidden, 0
        self._sink.begin()

    def begin_cell(self, across: int, down: int, *, hidden: bool) -> None:
        """Begin a cell in the next column that no cell further up covers."""
        self.end_cell()
        if not self._is_in_row:
            self.begin_row()
        while self._covered.get(self._column, 0) > 0:
            self._column += 1
        self._sink.check(self._column)
        self._sink.merge(self._column, across=across, down=down)
        if down > 1:
            end = min(self._column + across, self._limits.columns)
            self._covered.update(dict.fromkeys(range(self._column, end), down))
        self.pieces, self._size, self._across = [], 0, across
        if hidden:
            self._sink.hide(self._column, self._column + across)

    def add(self, text: str) -> None:
        """Add a text to the open cell, if there is one; beyond the limit only its length is counted."""
        if self.pieces is not None:
            self._size += len(text) + 1
            if self._size <= self._limits.cell_characters:
                self.pieces.append(text)

    def empty_cell(self) -> None:
        """Empty the open cell, because its content turned out to be a sheet of its own."""
        self._size = 0
        if self.pieces is not None:
            self.pieces.clear()

    def end_cell(self) -> None:
        """End the cell, if one is open."""
        if self.pieces is None:
            return
        if self._size > self._limits.cell_characters:
            raise self.too_long()
        self._sink.add(self._column, "text", _shown("".join(self.pieces)))
        self.pieces = None
        self._column += self._across

    def too_long(self) -> UnreadableFile:
        """Return the error that the open cell's text exceeds the limit."""
        what = say("part.sheet", sheet=self._sink.name)
        return self._limits.refuse("cell_characters", say("limit.cell", what=what))

    def end_row(self) -> None:
        """End the row, if one is open."""
        self.end_cell()
        if not self._is_in_row:
            return
        self._is_in_row = False
        self._covered = {column: left - 1 for column, left in self._covered.items() if left > 1}
        for number, cells in self._sink.end(hidden=self._is_hidden):
            self.kept.add(number, cells)
            if number <= HEADER_WITHIN:
                self.first.append(cells)


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
