"""Write plain rows of a workbook as XML, because XlsxWriter needs ten times as long for a cell as formatting its XML.

Input: the columns of some rows. Output: XML for each row, which :class:`LineSheet` appends to the sheet. XlsxWriter
writes all else. Only :class:`LineSheet` uses XlsxWriter's internals, which may differ between versions: call
:func:`is_usable` first, and write cell by cell if it returns False.
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
_SPELLED = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")  # text that would be read as an escaped character
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")  # characters that XML can't contain or would change


class LineSheet(Worksheet):  # type: ignore[misc]  # XlsxWriter has no types
    """A worksheet that also accepts rows as XML, in ascending order, as the constant-memory mode requires."""

    def add_line(self, row: int, cells: str) -> None:
        """Add a row, counted from 0, below all rows written so far."""
        self._write_single_row(row)  # flush the buffered previous row first
        self.fh.write(f'<row r="{row + 1}">{cells}</row>')
        self.dim_rowmax = row

    @staticmethod
    def style(cell_format: Format) -> int:
        """Return the index by which a cell refers to its format."""
        number: int = cell_format._get_xf_index()
        return number


def is_usable(scratch: Path) -> bool:
    """Return whether a sheet written as XML lines and cells is identical to a sheet written cell by cell.

    Args:
        scratch: a folder for temporary parts of two tiny workbooks; the workbooks are written to memory.
    """
    try:
        return _probe(LineSheet, scratch) == _probe(Worksheet, scratch)
    except Exception:  # noqa: BLE001 - any failure means that the internals have changed
        return False


def _probe(kind: type[Worksheet], scratch: Path) -> tuple[list[str], bytes]:
    """Write a tiny workbook with a sheet of this class; return the XML of its extent and cells, and its styles."""
    content = BytesIO()
    book = Workbook(content, {"constant_memory": True, "tmpdir": str(scratch)})
    try:
        sheet = book.add_worksheet("Probe", kind)
        plain, bold, italic = (
            book.add_format({"num_format": "@", name: True}) for name in ("locked", "bold", "italic")
        )
        rows = ((plain, bold), (plain, plain), (italic, plain), (bold, plain), (italic, plain))
        for row, (first, second) in enumerate(rows):
            if isinstance(sheet, LineSheet) and first is not bold and second is not bold:
                cells = [
                    texts(col, sheet.style(cell_format), [row + 1], ["x"])[0]
                    for col, cell_format in enumerate((first, second))
                ]
                sheet.add_line(row, "".join(cells))
            else:
                sheet.write_string(row, 0, "x", first)
                sheet.write_string(row, 1, "x", second)
        book.close()
    finally:
        close_parts(book)
    with ZipFile(content) as package:
        sheet_xml = package.read("xl/worksheets/sheet1.xml").decode()
        return re.findall(r"<dimension [^>]*>|<row r=\"\d+\"|<c .*?</c>|</row>", sheet_xml), package.read(
            "xl/styles.xml"
        )


def close_parts(book: Workbook) -> None:
    """Close the temporary files of a workbook's sheets, which XlsxWriter leaves open if writing fails."""
    for sheet in book.worksheets():
        for part in vars(sheet).values():
            if isinstance(part, IOBase):
                with contextlib.suppress(OSError):  # for example if the disk is still full
                    part.close()


def texts(column: int, style: int, rows: Iterable[int], values: Sequence[str]) -> list[str]:
    """Return the text cells of one column as XML; an empty string for an empty text. ``rows`` are counted from 1."""
    name = xl_col_to_name(column)
    return [
        f'<c r="{name}{row}" s="{style}" t="inlineStr"><is>{_inline(text)}</is></c>' if text else ""
        for row, text in zip(rows, values, strict=True)
    ]


def labels(column: int, styles: Mapping[str, int], rows: Iterable[int], values: Sequence[str]) -> list[str]:
    """Return the cells of a column with few distinct texts as XML; ``styles`` has the format of each text."""
    name = xl_col_to_name(column)
    cells = {
        label: f'" s="{styles[label]}" t="inlineStr"><is>{_inline(label)}</is></c>' for label in dict.fromkeys(values)
    }
    return [f'<c r="{name}{row}{cells[label]}' for row, label in zip(rows, values, strict=True)]


def numbers(column: int, style: int, rows: Iterable[int], values: Sequence[float | None]) -> list[str]:
    """Return the number cells of one column as XML; an empty string for None. ``rows`` are counted from 1."""
    name = xl_col_to_name(column)
    return [
        "" if value is None else f'<c r="{name}{row}" s="{style}"><v>{value:.16G}</v></c>'
        for row, value in zip(rows, values, strict=True)
    ]


def _inline(text: str) -> str:
    """Return a text as cell content, escaped as spreadsheet programs do it (ECMA-376, 22.9.2.19, ST_Xstring)."""
    # Three quick checks: a single regular expression would take six times as long.
    if not _UNUSUAL.search(text) and "_x" not in text and text == text.strip():
        return f"<t>{text}</t>"
    text = _UNSPEAKABLE.sub(lambda match: f"_x{ord(match[0]):04X}_", _SPELLED.sub("_x005F_", text))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<t xml:space="preserve">{text}</t>'
