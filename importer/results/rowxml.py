"""Write rows of a workbook's sheet as XML. XlsxWriter, which writes all else, needs ten times as long for a cell.

Input: the values of rows, and the style of each cell. Output: a file with the rows' XML, as in ECMA-376, 18.3.1.73.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import IO

from xlsxwriter.utility import xl_col_to_name

_UNUSUAL = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]")
_SPELLED = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")  # text that would be read as an escaped character
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")  # characters that XML can't contain or would change


class SheetRows:
    """The rows of a sheet, in a file.

    Attributes:
        file: the rows as XML, one after another.
        count: number of rows.
    """

    def __init__(self, file: IO[bytes], width: int) -> None:
        self.file, self.count = file, 0
        self._columns = [xl_col_to_name(column) for column in range(width)]

    @property
    def extent(self) -> str:
        """The cells that the rows fill, such as ``A1:F200``."""
        return f"A1:{self._columns[-1]}{self.count}"

    def add(
        self, styles: Sequence[int], values: Sequence[str | float | None], *, blanks: bool, height: int | None = None
    ) -> None:
        """Add a row. A blank cell is left out, unless ``blanks`` are wanted because their formats can be seen."""
        self.count += 1
        attributes = f' ht="{height}" customHeight="1"' if height else ""
        cells = "".join(_cells(self._columns, self.count, styles, values, blanks=blanks))
        self.file.write(f'<row r="{self.count}"{attributes}>{cells}</row>'.encode())


def _cells(
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
