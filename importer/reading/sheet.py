"""The sheet that was read: rows of text in, spooled to disk once; frames of text out, as often as wanted.

The rows go to an unnamed temporary file, so that the source is read only once (it may be standard input, or change
while the import runs), memory stays flat, and nothing is left behind even when the process is killed.
"""

from __future__ import annotations

import marshal
import tempfile
import weakref
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from types import TracebackType
from typing import IO, Self

import pandas as pd

from importer.reading.merged import Merged

BLOCK_ROWS = 8_000
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
        merged: the areas of merged cells.
        hidden_columns: positions of hidden columns, from 0.
        remarks: whatever else a person should know, as sentences.
    """

    flaws: dict[int, list[Flaw]] = field(default_factory=dict)
    hidden_rows: int = 0
    formulas: int = 0
    merged: Merged = field(default_factory=Merged)
    hidden_columns: set[int] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    _known: dict[tuple[int | None, str], Flaw] = field(default_factory=dict)

    def flaw(self, row: int, column: int | None, text: str) -> None:
        """Record a problem; equal ones share one object, so that a million of them stay small."""
        flaw = self._known.setdefault((column, text), Flaw(column, text))
        self.flaws.setdefault(row, []).append(flaw)


Block = tuple[list[int], list[Sequence[str]]]
"""Row numbers, and as many columns as any of these rows has."""


class Spool:
    """Rows on disk, in blocks of columns: appended once, read as often as wanted; one may lie in the file of another.

    Attributes:
        row_count: rows appended so far.
        merged: merged areas, of which only the first cell shows anything.
    """

    def __init__(self, beside: Spool | None = None) -> None:
        self._beside = beside  # whose file lasts as long as it does
        if beside is None:
            self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 — closed with the sheet
            weakref.finalize(self, self._file.close)  # or when the last who uses the sheet has forgotten it
        else:
            self._file = beside._file
        self._places: list[tuple[int, int]] = []
        self._numbers: list[int] = []
        self._rows: list[list[str]] = []
        self._width = 0
        self._characters = 0
        self.row_count = 0
        self.merged = Merged()

    def append(self, number: int, cells: list[str], characters: int) -> None:
        """Add a row whose cells hold ``characters`` characters together."""
        width = len(cells)
        if width > self._width:
            if width * len(self._rows) > BLOCK_CELLS:
                self.flush()
            self._width = width
        self._numbers.append(number)
        self._rows.append(cells)
        self._characters += characters
        self.row_count += 1
        held = len(self._rows)
        if held >= BLOCK_ROWS or held * self._width >= BLOCK_CELLS or self._characters >= BLOCK_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Write the rows held in memory."""
        if not self._rows:
            return
        columns = list(zip_longest(*self._rows, fillvalue=""))
        data = marshal.dumps((self._numbers, columns))
        self._places.append((self._file.seek(0, 2), len(data)))
        self._file.write(data)
        self._numbers, self._rows, self._width, self._characters = [], [], 0, 0

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks in the order in which their rows were appended."""
        self.flush()
        for offset, size in self._places:
            self._file.seek(offset)
            data = self._file.read(size)
            numbers, columns = marshal.loads(data)  # noqa: S302 — our own unnamed file, nobody else can write to it
            if self.merged:
                self.merged.blank(numbers, columns)
            yield numbers, columns

    def rows(self) -> Rows:
        """Yield the rows one by one, each with as many cells as the widest of its block."""
        for numbers, columns in self.blocks():
            for number, cells in zip(numbers, zip(*columns, strict=True), strict=True):
                yield number, list(cells)

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
        for numbers, columns in self._spool.blocks():
            empty = ("",) * len(numbers)
            full = [*columns[:width], *[empty] * (width - len(columns))]
            for first in range(0, len(numbers), step):
                part = slice(first, first + step)
                index = pd.Index(numbers[part], dtype="int64")
                cells = {position: column[part] for position, column in enumerate(full)}
                frame = pd.DataFrame(cells, index=index, columns=pd.RangeIndex(width), dtype=object)
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


def column_letter(column: int) -> str:
    """Name of a column by its position: 0 → A, 25 → Z, 26 → AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def cell_name(sheet_name: str | None, row: int, column: int) -> str:
    """Name of a cell as spreadsheet programs write it: ``Sheet1!C17``, ``'My sheet'!C17``, ``C17`` without a sheet."""
    cell = f"{column_letter(column)}{row}"
    if sheet_name is None:
        return cell
    plain = sheet_name.replace("_", "a").replace(".", "a")
    if plain.isalnum() and not plain[0].isdigit():
        return f"{sheet_name}!{cell}"
    quoted = sheet_name.replace("'", "''")
    return f"'{quoted}'!{cell}"
