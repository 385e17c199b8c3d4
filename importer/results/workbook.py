"""Write the results as a workbook with the sheets *Results*, *To fix* and *Summary*.

Input: headings, blocks of rows, and outcomes. Output: an ``.xlsx`` file. XlsxWriter makes a workbook without rows. The
rows are written to temporary files as XML and inserted into their sheets, so that a million rows need no more memory
than a few thousand. All cells except our numbers are strings, formatted as text: nothing becomes a formula or a link,
and ``00123`` stays ``00123`` when it is edited.
"""

from __future__ import annotations

import itertools
import math
import re
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from operator import itemgetter
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from importer.files import Draft
from importer.messages import render, say
from importer.models import Result
from importer.results.layout import ResultRows, ResultTable, encodable
from importer.results.summary import COLOURS, write_summary
from importer.resultsfile import AUTHOR, COLUMNS, CUT_MARK, OF_RUN, TO_FIX, ResultColumn

MOST_ROWS = 1_048_575
MOST_COLUMNS = 16_384
MOST_CHARACTERS = 32_767  # UTF-16 units in a cell

_WIDEST = 44  # characters; longer texts wrap
_RESULTS, _TO_FIX = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"
_HEADING_HEIGHT = 24  # points
_MOST_LINES, _LINE_HEIGHT = 8, 15  # of a cell whose text wraps, and points; a longer text would fill the screen
_RESULT = [column.cells for column in COLUMNS].index("label")
_CALM = {"width": 440, "height": 36, "fill": {"color": COLOURS[Result.CREATED].fill}}
_PALE = COLOURS[Result.REJECTED].row or ""
_CHUNK = 1 << 20
_UNUSUAL = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]")
_SPELLED = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")  # text that would be read as an escaped character
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")  # characters that XML can't contain or would change
_DAY = 86_400
_EPOCH = 25_569  # 1970-01-01 as a spreadsheet's day number


def write_workbook(draft: Draft, table: ResultTable) -> int:
    """Write the workbook and return the number of cells whose text was cut; raise OSError if the disk is full."""
    rows = table.blocks()
    first = next(rows, None)
    frame = _Frame(table, first.theirs if first else [()] * len(table.theirs))
    width = len(frame.headings)
    with tempfile.TemporaryFile() as results_file, tempfile.TemporaryFile() as to_fix_file:
        results, to_fix = SheetRows(results_file, width), SheetRows(to_fix_file, width)
        writer = _RowWriter(table, frame, results, to_fix)
        for block in itertools.chain([first] if first else [], rows):
            writer.add(block)
        with ZipFile(frame.content) as parts, ZipFile(draft.file, "w") as package:
            for name in parts.namelist():
                add_part(package, name, parts.read(name), {_RESULTS: results, _TO_FIX: to_fix}.get(name))
    return frame.cut + writer.cut


class _Frame:
    """The workbook as XlsxWriter writes it, with sample cells in place of the rows.

    Attributes:
        styles: the number by which a cell refers to its format; the keys are those of :func:`_formats`.
        wraps: for each of the sheet's own columns, whether long texts wrap.
        widths: width of each column of *Results*, in characters.
        order: the positions of the columns of *Results* in the order of *To fix*.
        cut: number of headings that were cut.
    """

    def __init__(self, table: ResultTable, sample: Sequence[Sequence[str]]) -> None:
        summary, ours = table.summary, table.ours.values()
        theirs, self.cut = _fitted(encodable([*table.theirs.values()]))
        widths = [_width(name, texts) for name, texts in zip(theirs, sample, strict=True)]
        self.wraps = [width >= _WIDEST for width in widths]
        widths += [column.width for column in ours]
        self.widths = widths
        self.headings = [*theirs, *table.ours]
        leading = [len(theirs) + i for i, column in enumerate(ours) if column.leads_to_fix]
        self.order = [*leading, *(i for i in range(len(widths)) if i not in leading)]
        self.content = BytesIO()
        book = Workbook(self.content, {"in_memory": True})
        about = f"{OF_RUN}{summary.run}" if summary.run else ""
        book.set_properties({"title": render(summary.title), "author": AUTHOR, "comments": about})
        formats = _formats(book)
        results, to_fix = book.add_worksheet("Results"), book.add_worksheet(TO_FIX)
        count_to_fix = int(table.outcomes.to_fix().sum())
        _set_up(results, widths, formats, len(table.outcomes))
        _set_up(to_fix, [widths[i] for i in self.order], formats, count_to_fix)
        results.freeze_panes(1, 0)
        to_fix.freeze_panes(1, len(leading))
        to_fix.set_tab_color("#CC4B40" if count_to_fix else "#4BA36A")
        if not count_to_fix:
            # A textbox, because a cell would count as a row.
            to_fix.insert_textbox(2, 0, render(say("results.nothing-to-fix")), _CALM)
        write_summary(book, table)
        book.close()
        with ZipFile(self.content) as parts:
            samples = re.findall(r'<c r="[A-Z]+1" s="(\d+)"', parts.read(_RESULTS).decode())
        self.styles = dict(zip(formats, map(int, samples), strict=True))


def _set_up(sheet: Worksheet, widths: Sequence[int], formats: Mapping[tuple[str, str], Format], row_count: int) -> None:
    """Set up widths and the filter, and write a sample cell for each format."""
    sheet.set_row(0, _HEADING_HEIGHT)  # places the notice of *To fix*
    for col, width in enumerate(widths):
        sheet.set_column(col, col, width, formats["text", ""])
    sheet.autofilter(0, 0, row_count, len(widths) - 1)
    sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
    for col, cell_format in enumerate(formats.values()):
        sheet.write_blank(0, col, None, cell_format)


class _RowWriter:
    """Writes the rows of *Results* and *To fix* in the same pass; ``cut`` counts the cells whose text was cut."""

    def __init__(self, table: ResultTable, frame: _Frame, results: SheetRows, to_fix: SheetRows) -> None:
        self.cut = self._position = 0
        self._results, self._to_fix = results, to_fix
        index = {position: i for i, position in enumerate(table.theirs)}
        self._marked = {row: {index[at] for at in positions if at in index} for row, positions in table.marked.items()}
        self._mark = frame.styles["marked", ""]
        self._as_to_fix = itemgetter(*frame.order)
        self._columns = [*table.ours.values()]
        self._limits = [_MOST_LINES * width for width in frame.widths]
        self._wrapping = [i for i, wraps in enumerate(frame.wraps) if wraps]
        self._wrapping += [len(frame.wraps) + i for i, column in enumerate(self._columns) if column.cells == "reason"]

        def styles(result: Result, fill: str) -> list[int]:
            theirs = [("reason" if wraps else "text", fill) for wraps in frame.wraps]
            ours = [(column.cells, result.value if column.cells == "label" else fill) for column in self._columns]
            return [frame.styles[key] for key in (*theirs, *ours)]

        self._plain = {result.value: styles(result, "") for result in Result}
        self._tinted = {result.value: styles(result, colours.row or _PALE) for result, colours in COLOURS.items()}
        heading = [frame.styles["heading", "theirs"] for _ in frame.wraps]
        heading += [frame.styles["heading", "ours"] for _ in self._columns]
        results.add(heading, frame.headings, blanks=True, height=_HEADING_HEIGHT)
        to_fix.add(self._as_to_fix(heading), self._as_to_fix(frame.headings), blanks=True, height=_HEADING_HEIGHT)

    def add(self, block: ResultRows) -> None:
        columns = [self._fitted(column) for column in block.theirs]
        columns += [self._cells(column, values) for column, values in zip(self._columns, block.ours, strict=True)]
        for values, needs_fix in zip(zip(*columns, strict=True), block.to_fix, strict=True):
            label, marked = values[_RESULT - len(self._columns)], self._marked.get(self._position, ())
            self._position += 1
            plain, tinted = self._plain[label], self._tinted[label]
            if marked:
                plain, tinted = self._with_marks(plain, marked), self._with_marks(tinted, marked)
            height = self._height(values, marked)
            if needs_fix:
                self._results.add(tinted, values, blanks=True, height=height)
                self._to_fix.add(self._as_to_fix(plain), self._as_to_fix(values), blanks=True, height=height)
            else:
                self._results.add(plain, values, blanks=bool(marked), height=height)

    def _height(self, values: Sequence[Any], marked: Collection[int]) -> int | None:
        """Return the height of a row with a text of too many lines; None for any other, which fits its texts."""
        for col in (*self._wrapping, *marked):
            text = values[col]
            if len(text) > self._limits[col] or text.count("\n") >= _MOST_LINES:
                return _MOST_LINES * _LINE_HEIGHT
        return None

    def _with_marks(self, styles: list[int], marked: Collection[int]) -> list[int]:
        return [self._mark if col in marked else style for col, style in enumerate(styles)]

    def _cells(self, column: ResultColumn, values: Sequence[Any]) -> Sequence[Any]:
        if column.cells == "time":
            return [_serial(seconds) for seconds in values]
        return values if column.cells == "number" else self._fitted(values)

    def _fitted(self, texts: Sequence[str]) -> Sequence[str]:
        texts, cut = _fitted(texts)
        self.cut += cut
        return texts


def _formats(book: Workbook) -> dict[tuple[str, str], Format]:
    """Return the cells' formats by kind of cell and variant: the result of a label, the row's background of others."""

    def cell(**properties: object) -> Format:
        return book.add_format({"num_format": "@", "valign": "top", **properties})

    heading = {"bold": True, "font_color": "#FFFFFF", "valign": "vcenter", "border": 1, "border_color": "#FFFFFF"}
    formats = {
        ("heading", "theirs"): cell(**heading, bg_color="#44525F"),
        ("heading", "ours"): cell(**heading, bg_color="#1F7A83"),
        ("marked", ""): cell(
            text_wrap=True, font_color="#A3201A", bg_color="#F9CFCA", border=1, border_color="#CC4B40"
        ),
    }
    for fill in ("", *{colours.row: None for colours in COLOURS.values() if colours.row}):
        edge = {"border": 1, "border_color": "#E6E1DE"}  # replaces the grid, which a fill hides
        tint = {"bg_color": fill, **edge} if fill else {}
        formats["text", fill] = cell(**tint)
        formats["reason", fill] = cell(**tint, text_wrap=True)
        formats["number", fill] = cell(**{"num_format": "0", "align": "center", **tint})
        formats["time", fill] = cell(**{"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left", **tint})
    white_edge = {"border": 1, "border_color": "#FFFFFF"}
    for result, colours in COLOURS.items():
        formats["label", result] = cell(bold=True, font_color=colours.ink, bg_color=colours.fill, **white_edge)
    return formats


def _fitted(texts: Sequence[str]) -> tuple[Sequence[str], int]:
    """Return the texts, and how many are cut and marked as such because they are too long for a cell."""
    if max(map(len, texts), default=0) <= MOST_CHARACTERS // 2:  # a character takes at most two UTF-16 units
        return texts, 0
    short = [_fit(text) for text in texts]
    return short, sum(text != whole for text, whole in zip(short, texts, strict=True))


def _fit(text: str) -> str:
    units = text.encode("utf-16-le")
    if len(units) <= 2 * MOST_CHARACTERS:
        return text
    mark = CUT_MARK.format(f"{len(text):,}")
    return units[: 2 * (MOST_CHARACTERS - len(mark))].decode("utf-16-le", "ignore") + mark


def _width(heading: str, sample: Sequence[str]) -> int:
    """Return a column's width in characters: the longest line of the first rows, with room for the heading's filter."""
    longest = max((len(line) for text in sample[:500] for line in text[:500].split("\n")), default=0)
    return min(max(longest + 2, min(len(heading), 30) + 5, 9), _WIDEST)


@lru_cache(maxsize=4096)
def _serial(seconds_since_1970: float) -> float | None:
    """Return the local date and time as a spreadsheet's day number, to the second; None for NaN."""
    if math.isnan(seconds_since_1970):
        return None
    offset = datetime.fromtimestamp(seconds_since_1970, UTC).astimezone().utcoffset()
    seconds = int(seconds_since_1970) + (offset.total_seconds() if offset else 0)
    return seconds / _DAY + _EPOCH


class SheetRows:
    """The rows of a sheet as XML (ECMA-376, 18.3.1.73), in a file. XlsxWriter would need ten times as long."""

    def __init__(self, file: IO[bytes], width: int) -> None:
        self.file, self.last = file, 0
        self._columns = [xl_col_to_name(column) for column in range(width)]

    @property
    def extent(self) -> str:
        """The cells that the rows fill, such as ``A1:F200``."""
        return f"A1:{self._columns[-1]}{self.last}"

    def add(
        self,
        styles: Sequence[int],
        values: Sequence[str | float | None],
        *,
        blanks: bool = False,
        height: int | None = None,
    ) -> None:
        """Add a row: the number of the format and the value of each cell.

        ``blanks`` is whether blank cells aren't left out, because their formats can be seen. ``height`` is in points,
        by default that of the texts.
        """
        self.last += 1
        attributes = f' ht="{height}" customHeight="1"' if height else ""
        cells = "".join(_cells_xml(self._columns, self.last, styles, values, blanks=blanks))
        self.file.write(f'<row r="{self.last}"{attributes}>{cells}</row>'.encode())


def _cells_xml(
    columns: Sequence[str], row: int, styles: Sequence[int], values: Sequence[str | float | None], *, blanks: bool
) -> list[str]:
    return [
        f'<c r="{column}{row}" s="{style}"/>'
        if not value
        else f'<c r="{column}{row}" s="{style}" t="inlineStr"><is>{_inline(value)}</is></c>'
        if isinstance(value, str)
        else f'<c r="{column}{row}" s="{style}"><v>{value:.16G}</v></c>'
        for column, style, value in zip(columns, styles, values, strict=True)
        if value or blanks
    ]


def _inline(text: str) -> str:
    """Return a text as cell content, escaped as spreadsheet programs do it (ECMA-376, 22.9.2.19, ST_Xstring)."""
    # Three quick checks: a single regular expression would take six times as long.
    if not _UNUSUAL.search(text) and "_x" not in text and text == text.strip():
        return f"<t>{text}</t>"
    text = _UNSPEAKABLE.sub(lambda match: f"_x{ord(match[0]):04X}_", _SPELLED.sub("_x005F_", text))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<t xml:space="preserve">{text}</t>'


def add_part(package: ZipFile, name: str, content: bytes, rows: SheetRows | None) -> None:
    """Add a part to the workbook's file; put the rows into it if it is their sheet."""
    part = ZipInfo(name)
    part.compress_type = ZIP_DEFLATED
    if rows is None:
        package.writestr(part, content)
        return
    before, after = re.split(rb"(?<=<sheetData>).*(?=</sheetData>)", content, flags=re.DOTALL)
    part.file_size = len(content) + rows.file.tell()  # zipfile must know whether a sheet has more than 2 GB
    rows.file.seek(0)
    with package.open(part, "w") as file:
        file.write(re.sub(rb'(?<=<dimension ref=")[^"]*', rows.extent.encode(), before))
        shutil.copyfileobj(rows.file, file, _CHUNK)
        file.write(after)
