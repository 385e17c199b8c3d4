"""Read the column of a corrected copy that says which rows were left out, and which problems of its source remain.

Input: the blocks of a sheet. Output: the same blocks, in which rows that were left out are blank, so that none of their
cells raises a question; the reasons for these rows; problems that the cells of a copy can't show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from importer.messages import Cell, Message, say
from importer.resultsfile import CORRECTED, LEFT_OUT, STILL_WRONG, corrected_column
from importer.rows.blocks import Block


class CorrectedRows:
    """Rows of a corrected copy about which its last column says something.

    Attributes:
        position: position of that column; None if the sheet is no corrected copy.
        left_out: position of a row that was left out → the reason.
    """

    def __init__(self, headings: Sequence[str]) -> None:
        self.position = corrected_column(headings)
        self.left_out: dict[int, Message] = {}

    def without_left_out(self, block: Block) -> Block:
        """Return a block with blank cells in the rows that were left out, and note these rows."""
        rows = [i for i, text in enumerate(block.column(self.position)) if text.strip() == LEFT_OUT]
        if not rows:
            return block
        self.left_out.update(dict.fromkeys((block.start + i for i in rows), say("skipped.by-hand")))
        columns = [[*column] for column in block.columns]
        for column in columns:
            for i in rows:
                column[i] = ""
        return Block(block.numbers, columns, block.start)

    def problems(self, block: Block) -> Iterator[tuple[int, Message]]:
        """Yield the problems of the source that remain: the row's index in the block, and the message."""
        for i, text in enumerate(block.column(self.position)):
            if text.startswith(STILL_WRONG):
                problem = Cell(text.removeprefix(STILL_WRONG).partition("\n")[0])
                yield i, say("corrected.still-wrong", problem=problem, column=CORRECTED)
