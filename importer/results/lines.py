"""Plain rows of a workbook, fast: XlsxWriter takes ten times as long for a cell as the cell's XML takes to spell.

Comes in: a block's columns. Goes out: a line of XML for each row, which a :class:`LineSheet` puts after what was
written before. Everything else of a workbook is XlsxWriter's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

_UNUSUAL = re.compile(r"[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]|_x[0-9a-fA-F]{4}_|\A\s|\s\Z")
_SPELLED = re.compile(r"_(?=x[0-9a-fA-F]{4}_)")  # what would be read as an escaped sign
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")  # what XML can't hold, or would not give back


class LineSheet(Worksheet):  # type: ignore[misc]  # XlsxWriter has no types
    """A sheet that also takes rows as XML, from the top down like everything in constant memory."""

    def add_line(self, row: int, cells: str) -> None:
        """Add a row, counted from 0, below everything that was written so far."""
        self._write_single_row(row)  # what is kept of the row before comes first
        self.fh.write(f'<row r="{row + 1}">{cells}</row>')
        self.dim_rowmax = row


def texts(column: int, cell_format: Format, rows: Iterable[int], values: Sequence[str]) -> list[str]:
    """The cells of one column as XML; nothing for an empty text. ``rows`` count from 1, as cells' names do."""
    name, style = xl_col_to_name(column), cell_format._get_xf_index()
    return [
        f'<c r="{name}{row}" s="{style}" t="inlineStr"><is>{_inline(text)}</is></c>' if text else ""
        for row, text in zip(rows, values, strict=True)
    ]


def words(column: int, formats: Mapping[str, Format], rows: Iterable[int], values: Sequence[str]) -> list[str]:
    """The same for a column of few words, each with a format of its own."""
    name = xl_col_to_name(column)
    cells = {
        word: f'" s="{formats[word]._get_xf_index()}" t="inlineStr"><is>{_inline(word)}</is></c>'
        for word in dict.fromkeys(values)
    }
    return [f'<c r="{name}{row}{cells[word]}' for row, word in zip(rows, values, strict=True)]


def numbers(column: int, cell_format: Format, rows: Iterable[int], values: Sequence[float | None]) -> list[str]:
    """The same for numbers."""
    name, style = xl_col_to_name(column), cell_format._get_xf_index()
    return [
        "" if value is None else f'<c r="{name}{row}" s="{style}"><v>{value:.16G}</v></c>'
        for row, value in zip(rows, values, strict=True)
    ]


def _inline(text: str) -> str:
    """A text as the content of a cell, escaped as spreadsheet programs do it (ECMA-376, 22.9.2.19, ST_Xstring)."""
    if not _UNUSUAL.search(text):
        return f"<t>{text}</t>"
    text = _UNSPEAKABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", _SPELLED.sub("_x005F_", text))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<t xml:space="preserve">{text}</t>'
