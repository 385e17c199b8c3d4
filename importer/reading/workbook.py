"""Read Excel workbooks (.xlsx, .xlsm).

Input: a zip package. Output: its sheets as rows of text, exactly as shown. The standard library's XML parser reads
everything as a stream, because no library shows cells as the sheet does. Measured with a million rows of four columns:
calamine is faster, but takes 550 MB, reads an ID shown as 00123 as 123, and reads an error or a formula that wasn't
calculated as blank; openpyxl takes three times as long.
"""

from __future__ import annotations

import posixpath
import re
import sys
import tempfile
import weakref
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import IO
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from xlsxwriter.utility import xl_cell_to_rowcol

from importer.messages import Cell, Message, say
from importer.reading.book import Book, Table
from importer.reading.cells import Kind, RowSink, TableFacts
from importer.reading.detection import Package
from importer.reading.elements import Attributes, events, whole_number
from importer.reading.formats import NumberFormats, code_of
from importer.reading.opening import MOST_FORMATS, MOST_SHEETS, Limits, bound, damaged
from importer.reading.spool import Area, RowStream

IN_MEMORY = 128 * 1024**2
"""Bytes of shared texts kept in memory; later texts are in an unnamed temporary file."""

_NO_TABLES = ("/chartsheet", "/dialogsheet", "acrosheet")
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_DIGITS = "0123456789"
_TEXTS = {"inlineStr", "str"}
_KINDS: dict[str | None, Kind] = {"inlineStr": "text", "str": "text", "b": "boolean", "e": "error", "d": "date"}
"""Kinds of a cell's value by its type; any other type is a number."""


def open_book(package: Package) -> Book:
    """Return the sheets of a package."""
    workbook = _Workbook(package)
    tables = [Table(name, is_hidden, partial(workbook.rows, name, part)) for name, is_hidden, part in workbook.sheets()]
    return Book(say("format.xlsx"), tables)


class _Workbook:
    """An opened .xlsx package, whose parts are found by its relations. External targets are never fetched."""

    def __init__(self, package: Package) -> None:
        """Find the parts. If the package doesn't name one, its usual path is assumed."""
        self._package = package
        top = self._relations("_rels/.rels", "").values()
        workbooks = [target for kind, target in top if kind.endswith("/officeDocument") and target in package]
        self._path = workbooks[0] if workbooks else "xl/workbook.xml"
        if self._path not in package:
            raise damaged(say("part.sheets"), self._path)
        self._folder, name = posixpath.split(self._path)
        self._targets = self._relations(f"{self._folder}/_rels/{name}.rels", self._folder)
        self._formats = NumberFormats()
        self._texts: _SharedTexts | None = None

    def sheets(self) -> Iterator[tuple[str, bool, str]]:
        """Yield the name of each sheet that is a table, whether it is hidden, and its part, which may be missing."""
        sheets: list[Attributes] = []
        date1904 = False
        for _, element in self._elements(self._path, say("part.sheets"), "sheet", "workbookPr"):
            if element.tag == "sheet":
                sheets.append(element.attrib)
                bound(len(sheets), MOST_SHEETS, say("part.sheets"))
            elif element.tag == "workbookPr":
                date1904 = element.get("date1904", "0") in {"1", "true", "on"}
        self._formats = NumberFormats(self._codes(), date1904=date1904)
        for sheet in sheets:
            relation = next((value for key, value in sheet.items() if key.endswith(":id")), "")
            kind, target = self._targets.get(relation, ("", ""))
            if not kind.endswith(_NO_TABLES):
                part = target if kind.endswith("/worksheet") else ""
                yield _unescape(sheet.get("name", "")), sheet.get("state", "visible") != "visible", part

    def rows(self, name: str, path: str, facts: TableFacts) -> RowStream:
        """Yield the rows of a sheet that are written in the file; the shared texts are read with the first rows."""
        if path not in self._package:
            raise damaged(say("part.sheet", sheet=Cell(name)), path or "no part")
        if self._texts is None:
            self._texts = self._shared_texts()
        limits, formats = self._package.limits, self._formats
        codes = {str(style): formats.code(style) for style in range(formats.styles)}
        sheet = _Worksheet(RowSink(name, facts, limits, formats), facts, limits, self._texts.find, codes)
        return sheet.rows(self._package.chunks(path))

    def _elements(self, path: str, what: Message, *whole: str) -> Iterator[tuple[str, Element]]:
        """Yield the elements of these names in a part, each with the name of the one that began last around it."""
        within = ""
        for event, element in events(self._package.chunks(path), what, self._package.limits, whole):
            if event == "start":
                within = element.tag
            elif element.tag in whole:
                yield within, element

    def _relations(self, path: str, folder: str) -> dict[str, tuple[str, str]]:
        """Return the relations of a part by ID, as (kind, path of the target)."""
        relations: dict[str, tuple[str, str]] = {}
        if path not in self._package:
            return relations
        for _, relation in self._elements(path, say("part.parts"), "Relationship"):
            if relation.get("TargetMode") != "External":
                target = relation.get("Target", "").replace("\\", "/")
                target = posixpath.normpath(target if target.startswith("/") else f"{folder}/{target}").lstrip("/")
                target = target if target in self._package else unquote(target)
                relations[relation.get("Id", "")] = (relation.get("Type", ""), target)
        return relations

    def _part(self, ending: str, usual: str) -> str | None:
        """Return the part to which a relation of a kind leads, or the usual one; None if it isn't there."""
        targets = (target for kind, target in self._targets.values() if kind.endswith(ending))
        path = next(targets, f"{self._folder}/{usual}")
        return path if path in self._package else None

    def _codes(self) -> list[str]:
        """Return the code of the number format of each cell style."""
        codes: dict[int, str] = {}
        styles: list[int] = []
        if path := self._part("/styles", "styles.xml"):
            for within, element in self._elements(path, say("part.styles"), "numFmt", "xf"):
                if within == "numFmts":
                    codes[whole_number(element.get("numFmtId"))] = element.get("formatCode", "")
                elif within == "cellXfs":
                    styles.append(whole_number(element.get("numFmtId")))
                    bound(len(styles), MOST_FORMATS, say("part.styles"))
        return [code_of(number, codes.get(number)) for number in styles]

    def _shared_texts(self) -> _SharedTexts:
        texts = _SharedTexts()
        if path := self._part("/sharedStrings", "sharedStrings.xml"):
            for _, item in self._elements(path, say("part.texts"), "si"):
                texts.append(_unescape(_text_of(item)))
        return texts


class _SharedTexts:
    """Texts to which cells refer by position; only the first 128 MiB of them are in memory."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._room = IN_MEMORY
        self._offsets = array("Q", [0])
        self._file: IO[bytes] | None = None

    def append(self, text: str) -> None:
        """Add the next text."""
        if self._room > 0:
            self._kept.append(text)
            self._room -= sys.getsizeof(text) + 8
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 — closed when this object goes
            weakref.finalize(self, self._file.close)
        data = text.encode("utf-8", "surrogatepass")
        self._file.seek(self._offsets[-1])
        self._file.write(data)
        self._offsets.append(self._offsets[-1] + len(data))

    def find(self, digits: str) -> str:
        """Return the text at a position in digits, "" for an empty cell; raise UnreadableFile if there is none."""
        position = int(digits) if digits.isdecimal() and len(digits) < 12 else -1
        if 0 <= position < len(self._kept):
            return self._kept[position]
        if not digits:
            return ""
        index = position - len(self._kept)
        if self._file is None or not 0 <= index < len(self._offsets) - 1:
            raise damaged(say("part.texts"), Cell(f"no text {digits}"))
        first, last = self._offsets[index], self._offsets[index + 1]
        self._file.seek(first)
        return self._file.read(last - first).decode("utf-8", "surrogatepass")


@dataclass
class _Worksheet:
    """Reader of the XML of one worksheet."""

    _sink: RowSink
    _facts: TableFacts
    _limits: Limits
    _shared_text: Callable[[str], str]
    _codes: Mapping[str, str]
    _columns: dict[str, int] = field(default_factory=dict)

    def rows(self, chunks: Iterator[bytes]) -> RowStream:
        """Yield the rows that hold cells, while the pieces of the part arrive."""
        what = say("part.sheet", sheet=self._sink.name)
        is_data = False
        for event, element in events(chunks, what, self._limits, whole={"row"}):
            tag = element.tag
            if tag == "row":
                if is_data:  # and no position in a drawing
                    self._row(element)
                    yield from self._sink.end(hidden=_is_true(element.get("hidden")))
            elif tag == "sheetData":
                is_data = event == "start"
            elif tag == "mergeCell" and (area := _area(element.get("ref", ""))):
                self._facts.merged.append(area)
            elif tag == "col" and _is_true(element.get("hidden")):
                first, last = whole_number(element.get("min")), whole_number(element.get("max"))
                self._sink.hide(first - 1, last)

    def _row(self, row: Element) -> None:
        """Add the cells of a row to the sink."""
        number = row.get("r")
        self._sink.begin(None if number is None else whole_number(number))
        if len(row) > self._limits.columns:
            message = say("limit.row-cells", what=say("part.sheet", sheet=self._sink.name))
            raise self._limits.refuse("columns", message)
        columns, shared_text, add, codes = self._columns, self._shared_text, self._sink.add, self._codes
        column = -1
        for cell in row:
            if cell.tag != "c":
                continue
            attributes = cell.attrib
            name = attributes.get("r", "").rstrip(_DIGITS)
            if name:
                column = columns[name] if name in columns else self._column(name)
            elif "r" in attributes:
                raise damaged(say("part.sheet", sheet=self._sink.name), Cell(attributes["r"]))
            else:
                column += 1
            stored, formula = _content(cell)
            if stored is None and not formula:
                continue
            code = codes.get(attributes.get("s", ""), "")
            kind = None if stored is None else attributes.get("t")  # a text without its value isn't an empty text
            stored = stored or ""
            if kind == "s":
                add(column, "text", shared_text(stored.strip()), code, formula=formula)
            elif kind in _KINDS:
                add(column, _KINDS[kind], _unescape(stored) if kind in _TEXTS else stored, code, formula=formula)
            else:
                add(column, "number", stored, code, formula=formula)

    def _column(self, name: str) -> int:
        """Return the position of the column called ``name``; it is cached, and checked against the limit."""
        letters = name.replace("$", "").upper()
        if not re.fullmatch("[A-Z]{1,3}", letters):
            raise damaged(say("part.sheet", sheet=self._sink.name), Cell(repr(name[:20])))
        column: int = xl_cell_to_rowcol(f"{letters}1")[1]
        self._sink.check(column)
        self._columns[name] = column
        return column


def _content(cell: Element) -> tuple[str | None, bool]:
    """Return a cell's stored value, None if it has none, and whether the cell has a formula."""
    if len(cell) == 1 and cell[0].tag == "v":  # most numbers and shared texts
        return cell[0].text or "", False
    stored: str | None = None
    formula = False
    for part in cell:
        if part.tag == "v":
            stored = part.text or ""
        elif part.tag == "is":
            stored = _text_of(part) or stored
        elif part.tag == "f":
            formula = True
    return stored, formula


def _text_of(element: Element) -> str:
    """Return a cell's text from its runs, without the phonetic reading of East Asian words."""
    if len(element) == 1 and element[0].tag == "t":  # most texts
        return element[0].text or ""
    pieces = []
    for part in element:
        if part.tag == "t":
            pieces.append(part.text or "")
        elif part.tag == "r":
            pieces.append(_text_of(part))
    return "".join(pieces)


def _is_true(attribute: str | None) -> bool:
    return attribute not in {None, "0", "false"}


def _area(reference: str) -> Area | None:
    if not re.fullmatch(r"\$?[A-Z]{1,3}\$?\d{1,7}:\$?[A-Z]{1,3}\$?\d{1,7}", reference):
        return None
    (top, left), (bottom, right) = map(xl_cell_to_rowcol, reference.split(":"))
    return top + 1, left, bottom + 1, right


def _unescape(text: str) -> str:
    """Decode escapes such as ``_x000D_``, by which workbooks write characters that XML can't hold."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if 0xD800 <= code < 0xE000 else chr(code)  # half a surrogate pair can't be sent
