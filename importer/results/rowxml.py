"""Plain rows of a workbook, fast: XlsxWriter takes ten times as long for a cell as the cell's XML takes to spell.

Comes in: some rows' columns. Goes out: a line of XML for each row, which a :class:`LineSheet` puts after what was
written before. Everything else of a workbook is XlsxWriter's. What :class:`LineSheet` takes for granted of XlsxWriter's
inside may be otherwise in another version of it, so ask :func:`is_usable` first; without it, write cell by cell.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO, IOBase
from pathlib import Path
from zipfile import ZipFile

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

_UNUSUAL = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]")
_SPELLED = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")  # what would be read as an escaped sign
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")  # what XML can't hold, or would not give back


class LineSheet(Worksheet):  # type: ignore[misc]  # XlsxWriter has no types
    """A sheet that also takes rows as XML, from the top down like everything in constant memory.

    All that is used of XlsxWriter's inside is used here.
    """

    def add_line(self, row: int, cells: str) -> None:
        """Add a row, counted from 0, below everything that was written so far."""
        self._write_single_row(row)  # what is kept of the row before comes first
        self.fh.write(f'<row r="{row + 1}">{cells}</row>')
        self.dim_rowmax = row

    @staticmethod
    def style(cell_format: Format) -> int:
        """The number by which a cell names its format."""
        number: int = cell_format._get_xf_index()
        return number


def is_usable(scratch: Path) -> bool:
    """Whether a sheet that is made of lines and cells in turn comes out as one made of cells does.

    Args:
        scratch: a folder for the parts of two tiny workbooks; they themselves are written to memory.
    """
    try:
        return _probe(LineSheet, scratch) == _probe(Worksheet, scratch)
    except Exception:  # noqa: BLE001 - whatever is missing there, it is of no use
        return False


def _probe(kind: type[Worksheet], scratch: Path) -> tuple[list[str], bytes]:
    """What a reader finds in a sheet of this kind: its extent and cells, and the package's styles."""
    content = BytesIO()
    book = Workbook(content, {"constant_memory": True, "tmpdir": str(scratch)})
    try:
        sheet = book.add_worksheet("Probe", kind)
        plain, bold, italic = (book.add_format({"num_format": "@", how: True}) for how in ("locked", "bold", "italic"))
        rows = ((plain, bold), (plain, plain), (italic, plain), (bold, plain), (italic, plain))
        for row, (first, second) in enumerate(rows):
            if isinstance(sheet, LineSheet) and first is not bold and second is not bold:
                cells = [texts(col, sheet.style(of), [row + 1], ["x"])[0] for col, of in enumerate((first, second))]
                sheet.add_line(row, "".join(cells))
            else:
                sheet.write_string(row, 0, "x", first)
                sheet.write_string(row, 1, "x", second)
        book.close()
    finally:
        close_parts(book)
    with ZipFile(content) as package:
        found = package.read("xl/worksheets/sheet1.xml").decode()
        return re.findall(r"<dimension [^>]*>|<row r=\"\d+\"|<c .*?</c>|</row>", found), package.read("xl/styles.xml")


def close_parts(book: Workbook) -> None:
    """Close the files of a workbook's sheets, which XlsxWriter leaves open where writing breaks off."""
    for sheet in book.worksheets():
        for part in vars(sheet).values():
            if isinstance(part, IOBase):
                with contextlib.suppress(OSError):  # the disk is still full
                    part.close()


def texts(column: int, style: int, rows: Iterable[int], values: Sequence[str]) -> list[str]:
    """The cells of one column as XML; nothing for an empty text. ``rows`` count from 1, as cells' names do."""
    name = xl_col_to_name(column)
    return [
        f'<c r="{name}{row}" s="{style}" t="inlineStr"><is>{_inline(text)}</is></c>' if text else ""
        for row, text in zip(rows, values, strict=True)
    ]


def labels(column: int, styles: Mapping[str, int], rows: Iterable[int], values: Sequence[str]) -> list[str]:
    """The same for a column of few texts, each with a format of its own."""
    name = xl_col_to_name(column)
    cells = {
        label: f'" s="{styles[label]}" t="inlineStr"><is>{_inline(label)}</is></c>' for label in dict.fromkeys(values)
    }
    return [f'<c r="{name}{row}{cells[label]}' for row, label in zip(rows, values, strict=True)]


def numbers(column: int, style: int, rows: Iterable[int], values: Sequence[float | None]) -> list[str]:
    """The same for numbers."""
    name = xl_col_to_name(column)
    return [
        "" if value is None else f'<c r="{name}{row}" s="{style}"><v>{value:.16G}</v></c>'
        for row, value in zip(rows, values, strict=True)
    ]


def _inline(text: str) -> str:
    """A text as the content of a cell, escaped as spreadsheet programs do it (ECMA-376, 22.9.2.19, ST_Xstring)."""
    # Three quick looks: one expression for all takes six times as long.
    if not _UNUSUAL.search(text) and "_x" not in text and text == text.strip():
        return f"<t>{text}</t>"
    text = _UNSPEAKABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", _SPELLED.sub("_x005F_", text))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<t xml:space="preserve">{text}</t>'
