"""The sheet that was read: rows of text in, spooled to disk once; frames of text out, as often as wanted.

The rows go to an unnamed temporary file, so that the source is read only once (it may be standard input, or change
while the import runs), memory stays flat, and nothing is left behind even when the process is killed.
"""

from __future__ import annotations

import marshal
import tempfile
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import IO, Self

import pandas as pd

BLOCK_ROWS = 20_000
BLOCK_CELLS = 400_000
BLOCK_CHARACTERS = 16_000_000

NO_VALUE = "the formula's result is not stored in the file. Save the file in a spreadsheet program and import that"
ERROR = "the cell shows the error {}. Correct the formula or type the value"

Row = tuple[int, list[str]]
"""A row's number as the spreadsheet program shows it, and its cells from column A to the last that holds something."""

Rows = Generator[Row, None, None]


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with a row (column None) or a cell, found while reading it.

    Attributes:
        column: position of the column, from 0, or None where the whole row is meant.
        text: what is wrong and what to do, as a sentence without the cell's name.
    """

    column: int | None
    text: str


@dataclass
class Found:
    """What a reader noticed on its way through one table.

    Attributes:
        flaws: problems by row number.
        hidden_rows: numbers of hidden or filtered rows that hold something.
        formulas: how many cells were read by the value stored for their formula.
        merged: ranges of merged cells as (first row, first column, last row, last column); rows from 1, columns from 0.
        hidden_columns: positions of hidden columns, from 0.
        remarks: whatever else a person should know, as sentences.
    """

    flaws: dict[int, list[Flaw]] = field(default_factory=dict)
    hidden_rows: int = 0
    formulas: int = 0
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_columns: set[int] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    _known: dict[tuple[int | None, str], Flaw] = field(default_factory=dict)

    def flaw(self, row: int, column: int | None, text: str) -> None:
        """Record a problem; equal ones share one object, so that a million of them stay small."""
        flaw = self._known.setdefault((column, text), Flaw(column, text))
        self.flaws.setdefault(row, []).append(flaw)


class Spool:
    """Rows on disk, in blocks: appended once, read as often as wanted."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 — lives as long as the sheet
        self._offsets: list[int] = []
        self._numbers: list[int] = []
        self._rows: list[list[str]] = []
        self._characters = 0
        self.row_count = 0
        self.covered: list[tuple[int, int, int, int]] = []

    def append(self, number: int, cells: list[str], characters: int) -> None:
        """Add a row whose cells hold ``characters`` characters together."""
        self._numbers.append(number)
        self._rows.append(cells)
        self._characters += characters
        self.row_count += 1
        if len(self._rows) >= BLOCK_ROWS or self._characters >= BLOCK_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Write the rows held in memory."""
        if not self._rows:
            return
        self._offsets.append(self._file.seek(0, 2))
        marshal.dump((self._numbers, self._rows), self._file)
        self._numbers, self._rows, self._characters = [], [], 0

    def blocks(self) -> Iterator[tuple[list[int], list[list[str]]]]:
        """Yield (row numbers, rows) as they were appended; of merged cells only the first holds something."""
        self.flush()
        for offset in self._offsets:
            self._file.seek(offset)
            numbers, rows = marshal.load(self._file)  # noqa: S302 — our own unnamed file, nobody else can write to it
            for area in self.covered:
                _blank(area, numbers, rows)
            yield numbers, rows

    def close(self) -> None:
        """Let the temporary file go."""
        self._file.close()


@dataclass(frozen=True)
class Sheet:
    """A table of text, exactly as the spreadsheet shows it.

    Attributes:
        source: the file's name as given ("-" for standard input).
        name: the worksheet's name, None for a text file.
        format: what the file is, in plain words.
        encoding: how its characters are encoded, None for a workbook.
        delimiter: what separates its columns, None for a workbook.
        headings: the header row's texts, one for each column.
        header_row: the header's row number.
        row_count: rows below the header that hold something.
        remarks: sentences about guesses and cleanings that matter.
        flaws: problems of single rows and cells, by row number.
        fingerprint: SHA-256 of the file's bytes, as hex digits.
    """

    source: str
    name: str | None
    format: str
    encoding: str | None
    delimiter: str | None
    headings: tuple[str, ...]
    header_row: int
    row_count: int
    remarks: tuple[str, ...]
    flaws: Mapping[int, Sequence[Flaw]]
    fingerprint: str
    _spool: Spool = field(repr=False)
    _restore: Callable[[str], str] | None = field(default=None, repr=False)

    def restored(self, restore: Callable[[str], str]) -> Sheet:
        """The same sheet with every heading and cell as ``restore`` makes it of the text in the file."""
        return replace(self, headings=tuple(map(restore, self.headings)), _restore=restore)

    def blocks(self) -> Iterator[pd.DataFrame]:
        """Yield the rows in frames of at most 20,000 (fewer where a sheet is very wide).

        Columns are numbered 0, 1, … in the order of ``headings``, the index holds row numbers, every cell is a ``str``
        and an empty one is ``""``. Blank rows are left out. May be called again; the sheet must not be closed.
        """
        width = len(self.headings)
        step = max(1, min(BLOCK_ROWS, BLOCK_CELLS // max(width, 1)))
        for numbers, rows in self._spool.blocks():
            for first in range(0, len(rows), step):
                frame = _frame(numbers[first : first + step], rows[first : first + step], width)
                yield frame if self._restore is None else frame.map(self._restore)

    def close(self) -> None:
        """Give back the disk space of the rows."""
        self._spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _blank(area: tuple[int, int, int, int], numbers: list[int], rows: list[list[str]]) -> None:
    """Empty the cells of a merged area, save its first; a sheet shows nothing there, whatever the file holds."""
    top, left, bottom, right = area
    for index in range(bisect_left(numbers, top), bisect_right(numbers, bottom)):
        row = rows[index]
        first = left + 1 if numbers[index] == top else left
        row[first : right + 1] = [""] * len(row[first : right + 1])


def _frame(numbers: list[int], rows: list[list[str]], width: int) -> pd.DataFrame:
    for row in rows:
        if len(row) < width:
            row.extend([""] * (width - len(row)))
        elif len(row) > width:
            del row[width:]
    columns = dict(enumerate(zip(*rows, strict=True)))
    return pd.DataFrame(columns, index=pd.Index(numbers, dtype="int64"), columns=pd.RangeIndex(width), dtype=object)


def letters(column: int) -> str:
    """Name of a column by its position: 0 → A, 25 → Z, 26 → AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def cell_name(sheet_name: str | None, row: int, column: int) -> str:
    """Name of a cell as spreadsheet programs write it: ``Sheet1!C17``, ``'My sheet'!C17``, ``C17`` without a sheet."""
    cell = f"{letters(column)}{row}"
    if sheet_name is None:
        return cell
    plain = sheet_name.replace("_", "a").replace(".", "a")
    if plain.isalnum() and not plain[0].isdigit():
        return f"{sheet_name}!{cell}"
    quoted = sheet_name.replace("'", "''")
    return f"'{quoted}'!{cell}"
