"""Write the rows of a worksheet as XML, many times faster than XlsxWriter, and put them into a workbook that it made.

Input: rows of texts and numbers. Output: a part of a workbook. Texts are strings, so that nothing becomes a formula.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from xlsxwriter.utility import xl_col_to_name

_CHUNK = 1 << 20
_UNUSUAL = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]")
_SPELLED = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")  # text that would be read as an escaped character
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")  # characters that XML can't contain or would change


class SheetRows:
    """The rows of a sheet, in a file, as in ECMA-376, 18.3.1.73. XlsxWriter would need ten times as long for a cell.

    Attributes:
        file: the rows as XML, one after another.
        last: number of the last row, 0 before the first.
    """

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
        number: int | None = None,
    ) -> None:
        """Add a row.

        Args:
            styles: the number of the format of each cell.
            values: the value of each cell.
            blanks: whether blank cells aren't left out, because their formats can be seen.
            height: its height in points; None: that of its texts.
            number: its number, larger than that of the row before; None: the next one.
        """
        self.last = self.last + 1 if number is None else number
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
