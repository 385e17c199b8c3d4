"""Read Excel workbooks (.xlsx, .xlsm).

Input: a zip package. Output: its sheets as rows of text, exactly as shown. The standard library's XML parser reads
everything as a stream, because no library shows cells as the sheet does. Measured with a million rows of four columns:
calamine is faster, but takes 550 MB, reads an ID shown as 00123 as 123, and reads an error or a formula that wasn't
calculated as blank; openpyxl takes three times as long.
"""

from __future__ import annotations

from functools import partial

from importer.messages import Message, say
from importer.reading.book import Book, Table
from importer.reading.formats import NumberFormats, code_of
from importer.reading.package import MOST_FORMATS, MOST_SHEETS, Events, Package, bound, whole
from importer.reading.relations import Relations, lacking
from importer.reading.sheet import TableFacts
from importer.reading.spool import RowStream
from importer.reading.strings import Strings
from importer.reading.worksheet import Worksheet, unescape


class Workbook:
    """An opened .xlsx package.

    Attributes:
        sheets: its worksheets: the name, whether it is hidden, and the part that holds it.
        missing: the names of worksheets whose part is missing.
    """

    def __init__(self, package: Package) -> None:
        """Read the list of sheets and the styles; the shared texts are read with the first rows."""
        self._package = package
        self._paths = Relations(package)
        self._date1904 = False
        self.sheets: list[tuple[str, bool, str]] = []
        self.missing: list[str] = []
        self._read_list()
        self._formats = NumberFormats(self._read_styles(), date1904=self._date1904)
        self._strings: Strings | None = None

    def rows(self, name: str, path: str, found: TableFacts) -> RowStream:
        """Yield the rows of a sheet that are written in the file; record in ``found`` the facts for the person."""
        if self._strings is None:
            self._strings = self._read_strings()
        sheet = Worksheet(name, found, self._package.limits, self._strings, self._formats)
        return sheet.rows(self._package.chunks(path))

    def _read_list(self) -> None:
        path = self._paths.workbook
        events = Events(say("part.sheets"), self._package.limits)
        sheets: list[dict[str, str]] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            events.texts.clear()
            if tag == "sheet":
                sheets.append(attributes)
                bound(len(sheets), MOST_SHEETS, "sheets")
            elif tag == "workbookPr":
                self._date1904 = attributes.get("date1904", "0") in {"1", "true", "on"}

        events.handle(start, lambda _: None)
        events.all(self._package.chunks(path))
        for sheet in sheets:
            relation = next((value for key, value in sheet.items() if key.endswith(":id")), "")
            name = unescape(sheet.get("name", ""))
            target = self._paths.sheet(relation)
            if target:
                self.sheets.append((name, sheet.get("state", "visible") != "visible", target))
            elif target is None:
                self.missing.append(name)

    def _read_styles(self) -> list[str]:
        """Return the code of the number format of each cell style."""
        if self._paths.styles not in self._package:
            return []
        events = Events(say("part.styles"), self._package.limits)
        codes: dict[int, str] = {}
        used: list[int] = []
        within = ""  # the open list, if it counts: conditional formatting, for example, has a list of formats too

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal within
            events.texts.clear()
            if tag in {"numFmts", "cellXfs"}:
                within = tag
            elif tag == "numFmt" and within == "numFmts":
                codes[whole(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
            elif tag == "xf" and within == "cellXfs":
                used.append(whole(attributes.get("numFmtId")))
                bound(len(used), MOST_FORMATS, "cell-formats")

        def end(tag: str) -> None:
            nonlocal within
            if tag == within:
                within = ""

        events.handle(start, end)
        events.all(self._package.chunks(self._paths.styles))
        return [code_of(number, codes.get(number)) for number in used]

    def _read_strings(self) -> Strings:
        strings = Strings()
        if self._paths.strings not in self._package:
            return strings
        events = Events(say("part.texts"), self._package.limits)
        texts = events.texts
        pieces: list[str] = []
        phonetic = 0

        def start(tag: str, _: dict[str, str]) -> None:
            nonlocal phonetic
            if tag == "rPh":
                phonetic += 1
            texts.clear()

        def end(tag: str) -> None:
            nonlocal phonetic
            if tag == "t":
                if not phonetic:
                    pieces.extend(texts)
            elif tag == "si":
                strings.append(unescape("".join(pieces)))
                pieces.clear()
                phonetic = 0
            elif tag == "rPh":
                phonetic -= 1
            texts.clear()

        events.handle(start, end)
        for chunk in self._package.chunks(self._paths.strings):
            events.feed(chunk)
            if len(pieces) > 16 and sum(map(len, pieces)) > self._package.limits.cell_characters:
                raise self._package.limits.refuse("cell_characters", say("limit.cell-text"))
        events.feed(b"", last=True)
        return strings


def open_workbook(package: Package, form: Message) -> Book:
    """Return the sheets of a package; ``form`` is the name of its format."""
    workbook = Workbook(package)
    tables = tuple(Table(name, hidden, partial(workbook.rows, name, path)) for name, hidden, path in workbook.sheets)
    return Book(form, tables, remarks=lacking(workbook.missing, others=bool(tables)))
