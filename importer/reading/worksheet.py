"""Read one worksheet of an .xlsx from pieces of XML, as rows of text exactly as shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from importer.errors import UnreadableFile
from importer.messages import Cell, say
from importer.reading.digits import KEPT_DIGITS, general
from importer.reading.formats import NumberFormats
from importer.reading.limits import SHEET_ROWS, Limits
from importer.reading.package import MOST_DEPTH, Events, whole
from importer.reading.sheet import HIDDEN, NO_VALUE, TableFacts, column_letter
from importer.reading.spool import Row, RowStream
from importer.reading.strings import Strings

Written = tuple[str, str | None, str | None, str, bool]
"""A cell as written in the file: reference (only its column is used), kind, style, text, whether it has a formula."""

_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_DIGITS = "0123456789"
_TEXTS = frozenset({"s", "inlineStr", "str", "b"})


class Worksheet:
    """Parser that turns the XML of one worksheet into rows."""

    def __init__(self, name: str, found: TableFacts, limits: Limits, strings: Strings, formats: NumberFormats) -> None:
        self.name = Cell(name)
        self.found = found
        self.limits = limits
        self.strings = strings
        self.formats = formats
        self.ready: list[Row] = []
        self.columns: dict[str, int] = {}
        self.number = 0
        self.hiding = frozenset(map(str, formats.hiding))

    def rows(self, chunks: Iterator[bytes]) -> RowStream:
        """Yield the rows that hold cells, while the pieces of the part arrive."""
        events = Events(say("part.sheet", sheet=self.name), self.limits)
        self._attach(events)
        for chunk in chunks:
            events.feed(chunk)
            yield from self.ready
            self.ready.clear()
        events.feed(b"", last=True)
        yield from self.ready

    def _attach(self, events: Events) -> None:  # noqa: PLR0915 — two closures, called millions of times
        """Set the handlers for the elements of a sheet.

        State is in local variables, which are far faster than attributes.
        """
        texts = events.texts
        clear, join, make_row = texts.clear, "".join, self._row
        most, most_cells = self.limits.cell_characters, self.limits.columns
        depth = phonetic = data = 0
        kind: str | None = None
        style: str | None = None
        reference = ""
        text: str | None = None
        pieces: list[str] = []
        held = 0
        formula = False
        row: dict[str, str] = {}
        cells: list[Written] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal kind, style, reference, text, held, formula, row, phonetic, depth, data
            depth += 1
            if depth > MOST_DEPTH:
                raise events.too_deep()
            if tag == "c":
                kind = attributes.get("t")
                style = attributes.get("s")
                reference = attributes.get("r") or self._beside(reference)
                text = None
                pieces.clear()
                held = 0
            elif tag == "v" or tag == "t":  # noqa: PLR1714 — a set would be slower
                clear()
            elif tag == "is":
                pass  # tested early, because in some files every cell has this element
            elif tag == "row":
                row = attributes
                reference = ""
                cells.clear()
            elif tag == "f":
                formula = True
            elif tag == "rPh":
                phonetic += 1
            elif tag == "sheetData":
                data = depth
            elif ":" in tag:  # a prefix below a root that has none
                depth -= 1
                events.handle(start, end)
                start(tag.rpartition(":")[2], attributes)
            else:
                clear()
                self._other(tag, attributes)

        def end(tag: str) -> None:
            nonlocal text, held, formula, phonetic, depth, data
            depth -= 1
            if tag == "v":
                text = texts[0] if len(texts) == 1 else join(texts)
            elif tag == "c":
                if pieces:
                    text = join(pieces)
                if text is not None or formula:
                    cells.append((reference, kind, style, text or "", formula))
                    formula = False
                    if len(cells) > most_cells:
                        raise self.limits.refuse("columns", say("limit.row-cells", what=events.what))
            elif tag == "t":
                if not phonetic:
                    text = join(texts)
                    held += len(text)
                    if text:
                        pieces.append(text)
                    if held > most:
                        raise self.limits.refuse("cell_characters", say("limit.cell", what=events.what))
            elif tag == "row" and data:
                hidden = row.get("hidden", "0") not in {"0", "false"}
                make_row(row.get("r"), cells, hidden=hidden)
                clear()
            elif tag == "sheetData":
                data = 0
            elif tag == "rPh":
                phonetic -= 1

        events.handle_fast(start, end)

    def _row(self, digits: str | None, cells: Iterable[Written], *, hidden: bool) -> None:
        """Convert cells to a row of text; ``digits`` is the row's number, which a file may leave out."""
        number = self._next_number(digits)
        columns, strings, kept, hiding = self.columns, self.strings, self.strings.kept, self.hiding
        count = len(kept)
        row: list[str] = []
        width = 0
        for reference, kind, style, stored, formula in cells:
            text = stored
            name = reference.rstrip(_DIGITS)
            column = columns[name] if name in columns else self._column(name)
            if kind == "s":
                position = int(text) if text.isdecimal() else count
                text = kept[position] if position < count else strings.find(text)
            elif kind != "inlineStr" or formula:
                text = self._convert(text, kind, style, number, column, formula=formula)
            elif "_x" in text:
                text = unescape(text)
            if hiding and style in hiding and stored and (kind in _TEXTS or not text):
                self.found.flaw(number, column, HIDDEN)
                text = ""
            if column == width:
                row.append(text)
                width += 1
            elif column > width:
                row.extend([""] * (column - width))
                row.append(text)
                width = column + 1
            else:
                row[column] = text
        if row:
            self.ready.append((number, row))
            self.found.hidden_rows += hidden

    def _next_number(self, digits: str | None) -> int:
        """Return the number of a row, which must be greater than that of the row before."""
        number = self.number + 1 if digits is None else whole(digits)
        if number <= self.number:
            raise UnreadableFile(say("sheet.out-of-order", sheet=self.name))
        if number > SHEET_ROWS:
            raise UnreadableFile(say("sheet.row-beyond", sheet=self.name, row=number))
        self.number = number
        return number

    def _beside(self, reference: str) -> str:
        """Return the column after that of ``reference``, or A if it is "", for a cell without a reference."""
        return column_letter(self._column(reference.rstrip(_DIGITS)) + 1) if reference else "A"

    def _column(self, name: str) -> int:
        """Return the position of the column called ``name``; it is cached, and checked against the limit."""
        if name in self.columns:
            return self.columns[name]
        letters = name.replace("$", "").upper()
        if not letters:
            raise UnreadableFile(say("sheet.cell-without-column", sheet=self.name))
        if not re.fullmatch("[A-Z]{1,5}", letters):
            raise UnreadableFile(say("sheet.cell-named", sheet=self.name, name=Cell(repr(name[:20]))))
        column = _position(letters)
        if column >= self.limits.columns:
            message = say("limit.sheet-column-number", sheet=self.name, column=letters, number=column + 1)
            raise self.limits.refuse("columns", message)
        self.columns[name] = column
        return column

    def _convert(self, text: str, kind: str | None, style: str | None, row: int, column: int, *, formula: bool) -> str:
        """Return the text that a cell shows, for a cell that holds neither a shared nor a plain inline text."""
        if formula and (text or kind in {"str", "inlineStr"}):
            self.found.formulas += 1
        if kind in {"str", "inlineStr"}:
            return unescape(text)
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(text.strip(), text)
        if kind == "e":
            self.found.error(row, column, text)
            return text
        if not text and formula:
            self.found.flaw(row, column, NO_VALUE)
            return text
        if kind == "d":
            return text.replace("T", " ").removesuffix(" 00:00:00")
        shown = general(text) if style is None else self.formats.in_style(whole(style), text)
        return self.found.number(row, column, text, shown) if len(shown) > KEPT_DIGITS else shown

    def _other(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "mergeCell":
            area = _area(attributes.get("ref", ""))
            if area:
                self.found.merged.append(area)
        elif tag == "col" and attributes.get("hidden", "0") not in {"0", "false"}:
            first, last = whole(attributes.get("min")), whole(attributes.get("max"))
            self.found.hidden_columns.update(range(first - 1, min(last, self.limits.columns)))


def _area(reference: str) -> tuple[int, int, int, int] | None:
    match = re.fullmatch(r"\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})", reference)
    if not match:
        return None
    return int(match[2]), _position(match[1]), int(match[4]), _position(match[3])


def _position(name: str) -> int:
    """Return a column's position by its name: A → 0, Z → 25, AA → 26."""
    column = 0
    for letter in name:
        column = column * 26 + ord(letter) - 64
    return column - 1


def unescape(text: str) -> str:
    """Decode escapes such as ``_x000D_``, by which workbooks write characters that XML can't hold."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if 0xD800 <= code < 0xE000 else chr(code)  # half a surrogate pair can't be sent
