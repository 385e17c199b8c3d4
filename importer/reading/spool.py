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
from typing import IO

from importer.reading.merged import Merged

BLOCK_ROWS = 8_000
BLOCK_CELLS = 400_000
BLOCK_CHARACTERS = 16_000_000

Row = tuple[int, list[str]]
"""Row number as the spreadsheet program shows it, and the cells from column A to the last that holds something."""

RowStream = Generator[Row, None, None]


Block = tuple[list[int], list[Sequence[str]]]
"""Row numbers, and the columns of these rows, as many as the widest row has."""


class Spool:
    """Rows in blocks of columns; several spools may share one file.

    Attributes:
        row_count: number of rows appended so far.
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
        self._characters = 0
        self.row_count = 0
        self.merged = Merged()
        self.spread = 0

    def append(self, number: int, cells: list[str], characters: int) -> None:
        """Add a row whose cells hold ``characters`` characters in total."""
        width = len(cells)
        if width > self._width:
            if width * len(self._rows) > BLOCK_CELLS:
                self.flush()
            self._width = width
        self._numbers.append(number)
        self._rows.append(cells)
        self._characters += characters
        self.row_count += 1
        pending_rows = len(self._rows)
        if (
            pending_rows >= BLOCK_ROWS
            or pending_rows * self._width >= BLOCK_CELLS
            or self._characters >= BLOCK_CHARACTERS
        ):
            self.flush()

    def flush(self) -> None:
        """Write the rows held in memory to the file."""
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
        spreading = self.merged.spreading(self.spread)
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
