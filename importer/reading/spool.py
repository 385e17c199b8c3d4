"""Store rows of text on disk, to be read as often as wanted.

Rows go to an unnamed temporary file. So the source is read only once (it may be standard input, or change during the
import), memory use stays constant, and nothing is left behind even if the process is killed.
"""

from __future__ import annotations

import marshal
import tempfile
import weakref
from collections.abc import Generator, Iterator, Sequence
from itertools import zip_longest
from typing import IO, Any

from importer.messages import say
from importer.reading.opening import Limits, bound, damaged

BLOCK_ROWS = 8_000
BLOCK_CELLS = 400_000
BLOCK_BYTES = 16_000_000

CELL_BYTES = 8
"""Bytes that a cell costs besides its text; an empty cell costs them too."""

MOST_AREAS = 1_048_576
"""Maximum number of areas: one for each row of the largest sheet."""

Area = tuple[int, int, int, int]
"""First row, first column, last row and last column of an area; rows count from 1, columns from 0."""


Row = tuple[int, list[str]]
"""Row number as the spreadsheet program shows it, and the cells from column A to the last that holds something."""

RowStream = Generator[Row, None, None]

Block = tuple[list[int], list[Sequence[str]]]
"""Row numbers, and the columns of these rows, as many as the widest row has."""


class Spool:
    """Rows in blocks of columns; several spools may share one file. Of ``merged`` areas only the first cell counts.

    ``spent`` is the size in bytes of all rows in the file.
    """

    def __init__(self, limits: Limits, beside: Spool | None = None) -> None:
        self.limits, self.spent = limits, 0
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
        self._size = 0
        self._written = 0
        self.merged = Merged()

    @property
    def row_count(self) -> int:
        """Number of rows appended so far."""
        return self._written + len(self._rows)

    def append(self, number: int, cells: list[str]) -> None:
        """Add a row; raise UnreadableFile if the size of all rows exceeds ``unpacked_bytes``."""
        size, first = sum(map(len, cells)) + CELL_BYTES * len(cells), self._beside or self
        first.spent += size
        if first.spent > self.limits.unpacked_bytes:
            raise self.limits.refuse("unpacked_bytes", say("limit.text", row=str(number)))
        if len(cells) > self._width:
            if len(cells) * len(self._rows) > BLOCK_CELLS:
                self.flush()
            self._width = len(cells)
        self._numbers.append(number)
        self._rows.append(cells)
        self._size += size
        rows = len(self._rows)
        if rows >= BLOCK_ROWS or rows * self._width >= BLOCK_CELLS or self._size >= BLOCK_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write the rows held in memory to the file."""
        if not self._rows:
            return
        numbers, columns = self._numbers, list(zip_longest(*self._rows, fillvalue=""))
        self._written += len(numbers)
        self._numbers, self._rows, self._width, self._size = [], [], 0, 0
        data = marshal.dumps((numbers, columns))  # faster without the rows: it looks for texts that are held twice
        self._places.append((self._file.seek(0, 2), len(data)))
        self._file.write(data)

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks in the order in which their rows were appended, without what merged cells cover."""
        covering = self.merged.covering()
        for numbers, columns in self._stored():
            if self.merged:
                columns[:] = map(list, columns)
                for index, column, _ in [*covering.cells(numbers, columns)]:
                    while column >= len(columns):
                        columns.append([""] * len(numbers))
                    columns[column][index] = ""
            yield numbers, columns

    def covered(self) -> dict[int, list[int]]:
        """Return row number → columns of cells that look filled, because a merged cell with a value covers them."""
        covered: dict[int, list[int]] = {}
        covering = self.merged.covering()
        for numbers, columns in self._stored() if self.merged else ():
            for index, column, value in covering.cells(numbers, columns):
                if value:
                    covered.setdefault(numbers[index], []).append(column)
        return covered

    def _stored(self) -> Iterator[tuple[list[int], list[Any]]]:
        self.flush()
        for offset, size in self._places:
            self._file.seek(offset)
            data = self._file.read(size)
            yield marshal.loads(data)  # noqa: S302 — our own unnamed file, nobody else can write to it

    def rows(self) -> RowStream:
        """Yield the rows one by one, each with as many cells as the widest row of its block."""
        for numbers, columns in self.blocks():
            for number, cells in zip(numbers, zip(*columns, strict=True), strict=True):
                yield number, list(cells)

    def close(self) -> None:
        """Close the temporary file, which deletes it."""
        self._file.close()


class Merged(list[Area]):
    """The merged areas of one sheet; only the first cell of each shows anything."""

    def append(self, area: Area) -> None:
        """Add an area, given by any two opposite corners; raise UnreadableFile if there are too many."""
        bound(len(self) + 1, MOST_AREAS, say("part.merged"))
        top, left, bottom, right = area
        super().append((min(top, bottom), min(left, right), max(top, bottom), max(left, right)))

    def covering(self) -> Covering:
        """Return a pass through the sheet, from its first row."""
        return Covering(sorted(self, reverse=True))


class Covering:
    """One pass through the blocks of a sheet, which finds the cells that merged cells cover, the first area last."""

    def __init__(self, coming: list[Area]) -> None:
        self._coming = coming
        self._open: list[tuple[Area, str]] = []

    def cells(self, numbers: Sequence[int], columns: Sequence[Sequence[str]]) -> Iterator[tuple[int, int, str]]:
        """Yield each covered cell of a block as row index, column and value.

        The value is that of the merged cell in its own column, and empty in the other columns. Raises UnreadableFile
        if the areas lie upon each other, which no spreadsheet program allows, because each cell could take any time.
        """
        width = len(columns)
        self._open = [area for area in self._open if area[0][2] >= numbers[0]]
        near = [area for area in self._open if area[0][1] < width or area[1]]
        for index, number in enumerate(numbers):
            while self._coming and self._coming[-1][0] <= number:
                top, left, _, _ = area = self._coming.pop()
                self._open.append((area, columns[left][index] if top == number and left < width else ""))
                if left < width:
                    near.append(self._open[-1])
            near = [area for area in near if area[0][2] >= number]
            if sum(min(right + 1, width) - left for (_, left, _, right), _ in near) > 2 * width:
                raise damaged(say("part.merged"), f"overlap in row {number}")
            for (top, left, _, right), value in near:
                for column in range(left, max(left + bool(value), min(right + 1, width))):
                    if number > top or column > left:
                        yield index, column, value if column == left else ""
