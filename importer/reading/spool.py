"""Store rows of text on disk, to be read as often as wanted.

Rows go to an unnamed temporary file. So the source is read only once (it may be standard input, or change during the
import), memory use stays constant, and nothing is left behind even if the process is killed.
"""

from __future__ import annotations

import marshal
import tempfile
import weakref
from array import array
from collections.abc import Generator, Iterator, Sequence
from itertools import zip_longest
from typing import IO

import numpy as np
import numpy.typing as npt

from importer.errors import UnreadableFile
from importer.messages import say

BLOCK_ROWS = 8_000
BLOCK_CELLS = 400_000
BLOCK_CHARACTERS = 16_000_000

MOST_AREAS = 1_048_576
"""Maximum number of areas: one for each row of the largest sheet. An area takes 32 bytes."""

_FAR = 1 << 40

Area = tuple[int, int, int, int]
"""First row, first column, last row and last column of an area; rows count from 1, columns from 0."""


Row = tuple[int, list[str]]
"""Row number as the spreadsheet program shows it, and the cells from column A to the last that holds something."""

RowStream = Generator[Row, None, None]

Block = tuple[list[int], list[Sequence[str]]]
"""Row numbers, and the columns of these rows, as many as the widest row has."""


class Spool:
    """Rows in blocks of columns; several spools may share one file.

    Attributes:
        merged: merged areas, of which only the first cell shows anything.
        spread: number of columns in which a merged cell counts for every row that it covers, 0 for only the first row.
    """

    def __init__(self, beside: Spool | None = None) -> None:
        self._beside = beside  # kept alive, because its file is closed when it is collected
        if beside is None:
            self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 — closed with the sheet
            weakref.finalize(self, self._file.close)  # or when nothing refers to the sheet any more
        else:
            self._file = beside._file
        self._places: list[tuple[int, int]] = []
        self._numbers: list[int] = []
        self._rows: list[list[str]] = []
        self._width = 0
        self._most_rows = BLOCK_ROWS
        self._characters = 0
        self._written = 0
        self.merged = Merged()
        self.spread = 0

    @property
    def row_count(self) -> int:
        """Number of rows appended so far."""
        return self._written + len(self._rows)

    def append(self, number: int, cells: list[str], characters: int) -> None:
        """Add a row whose cells hold ``characters`` characters in total."""
        if len(cells) > self._width:
            self._widen(len(cells))
        self._numbers.append(number)
        self._rows.append(cells)
        self._characters += characters
        if len(self._rows) >= self._most_rows or self._characters >= BLOCK_CHARACTERS:
            self.flush()

    def _widen(self, width: int) -> None:
        if width * len(self._rows) > BLOCK_CELLS:
            self.flush()
        self._width, self._most_rows = width, min(BLOCK_ROWS, -(-BLOCK_CELLS // width))

    def flush(self) -> None:
        """Write the rows held in memory to the file."""
        if not self._rows:
            return
        numbers, columns = self._numbers, list(zip_longest(*self._rows, fillvalue=""))
        self._written += len(numbers)
        self._numbers, self._rows, self._width, self._characters = [], [], 0, 0
        data = marshal.dumps((numbers, columns))  # faster without the rows: it looks for texts that are held twice
        self._places.append((self._file.seek(0, 2), len(data)))
        self._file.write(data)

    def blocks(self, *, is_spread: bool = True) -> Iterator[Block]:
        """Yield the blocks in the order in which their rows were appended, with values of merged cells if asked for."""
        self.flush()
        spreading = self.merged.spreading(self.spread if is_spread else 0)
        for offset, size in self._places:
            self._file.seek(offset)
            data = self._file.read(size)
            numbers, columns = marshal.loads(data)  # noqa: S302 — our own unnamed file, nobody else can write to it
            if self.merged:
                self.merged.blank(numbers, columns)
                spreading.fill(numbers, columns)
            yield numbers, columns

    def rows(self) -> RowStream:
        """Yield the rows one by one, each with as many cells as the widest row of its block."""
        for numbers, columns in self.blocks():
            for number, cells in zip(numbers, zip(*columns, strict=True), strict=True):
                yield number, list(cells)

    def close(self) -> None:
        """Close the temporary file, which deletes it."""
        self._file.close()


class Merged:
    """The merged areas of one sheet; only the first cell of each shows anything."""

    def __init__(self) -> None:
        self._numbers = array("q")

    def __len__(self) -> int:
        return len(self._numbers) // 4

    def append(self, area: Area) -> None:
        """Add an area, given by any two opposite corners; raise UnreadableFile if there are too many."""
        if len(self) >= MOST_AREAS:
            raise UnreadableFile(say("sheet.areas", most=MOST_AREAS))
        top, left, bottom, right = (min(max(number, 0), _FAR) for number in area)
        self._numbers.extend((min(top, bottom), min(left, right), max(top, bottom), max(left, right)))

    def below(self, row: int) -> int:
        """Return the number of areas that reach below a row."""
        return int((self._areas()[:, 2] > row).sum())

    def blank(self, numbers: Sequence[int], columns: list[Sequence[str]]) -> None:
        """Empty the covered cells of a block of rows, given their ascending numbers and their cells by column.

        Even if areas overlap, the time grows with the number of areas plus that of cells, not with their product. Each
        area adds 1 at its first corner and subtracts it beyond its edges; the cumulative sums show which cells are
        covered.
        """
        rows = np.array(numbers, dtype=np.int64)
        areas = self._areas()
        areas = areas[(areas[:, 0] <= rows[-1]) & (areas[:, 2] >= rows[0]) & (areas[:, 1] < len(columns))]
        if not len(areas):
            return
        top, left, bottom, right = areas.T
        first, last = np.searchsorted(rows, top), np.searchsorted(rows, bottom, side="right")
        end = np.minimum(right + 1, len(columns))
        covered = np.zeros((len(rows) + 1, len(columns) + 1), dtype=np.int32)
        for row, column, count in ((first, left, 1), (last, left, -1), (first, end, -1), (last, end, 1)):
            np.add.at(covered, (row, column), count)
        covered = covered.cumsum(axis=0).cumsum(axis=1)[:-1, :-1]
        shows = (first < last) & (rows[np.minimum(first, len(rows) - 1)] == top)
        np.subtract.at(covered, (first[shows], left[shows]), 1)
        for position in np.flatnonzero(covered.any(axis=0)).tolist():
            hidden = (covered[:, position] > 0).tolist()
            columns[position] = tuple(
                "" if hides else cell for cell, hides in zip(columns[position], hidden, strict=True)
            )

    def spreading(self, width: int) -> Spreading:
        """Return the values of merged cells that cover several rows of a sheet with ``width`` columns."""
        ends: dict[int, dict[int, int]] = {}
        for top, left, bottom, _ in self._areas().tolist():
            if top < bottom and left < width:
                column = ends.setdefault(left, {})
                column[top] = max(bottom, column.get(top, 0))
        return Spreading(dict(sorted(ends.items())))

    def _areas(self) -> npt.NDArray[np.int64]:
        return np.frombuffer(self._numbers, dtype=np.int64).reshape(-1, 4)


class Spreading:
    """Values of merged cells, for blocks in the sheet's order; if areas overlap, the area that began last counts.

    Args:
        ends: column → the first row of each area that begins in it → its last row.
    """

    def __init__(self, ends: dict[int, dict[int, int]]) -> None:
        self._ends = ends
        self._open: dict[int, tuple[int, str]] = {}

    def covered(self, numbers: Sequence[int], columns: Sequence[Sequence[str]]) -> Iterator[tuple[int, int, str]]:
        """Yield the cells of a block that a merged cell with a value covers: row index, column and value."""
        for column, ends in self._ends.items():
            cells = columns[column] if column < len(columns) else None
            last, value = self._open.get(column, (0, ""))
            for index, number in enumerate(numbers):
                if number in ends:
                    last, value = ends[number], cells[index] if cells is not None else ""
                elif number <= last and value:
                    yield index, column, value
            self._open[column] = (last, value)

    def fill(self, numbers: Sequence[int], columns: list[Sequence[str]]) -> None:
        """Fill each cell of a block that a merged cell covers with that cell's value."""
        filled: dict[int, list[str]] = {}
        for index, column, value in self.covered(numbers, [*columns]):
            while column >= len(columns):
                columns.append(("",) * len(numbers))
            if column not in filled:
                columns[column] = filled[column] = [*columns[column]]
            filled[column][index] = value
