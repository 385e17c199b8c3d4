"""Read a sheet's columns block by block. For speed, each distinct text of a column is read only once.

Input: some successive rows of a sheet. Output: codes of the values, or the text of a single cell.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from importer.models import Ints, Status, Visibility
from importer.rows.values import Value, Wrong, cleaned_id, folded


class ColumnReader:
    """Reader of one column, if the sheet has it. Each distinct text is read once and then represented by a code.

    ``values`` has the value, or the :class:`Wrong`, of each code, ``wrong`` the codes of the latter.
    ``texts`` are the distinct texts.
    """

    def __init__(self, position: int | None, read: Callable[[str], object]) -> None:
        self.position = position
        self.values: list[object] = []
        self._read = read
        self.code: dict[str, int] = {}
        self.texts: Collection[str] = self.code.keys()
        self._code_of_value: dict[object, int] = {}
        self.wrong: set[int] = set()

    def codes(self, block: Block) -> Ints:
        """Return the code of each row's text: an index into ``values``."""
        texts = block.column(self.position)
        for text in dict.fromkeys(texts):
            if text not in self.code:
                self.code[text] = self._code(self._read(text))
        return np.fromiter(map(self.code.__getitem__, texts), dtype=np.int32, count=len(block))

    def _code(self, value: object) -> int:
        code = self._code_of_value.setdefault(value, len(self.values))
        if code == len(self.values):
            self.values.append(value)
            if isinstance(value, Wrong):
                self.wrong.add(code)
        return code

    def meanings(self) -> dict[str, Value | None]:
        """Return the value of each word in a column of visibility or status: public words first, None if left out."""
        spellings: dict[str, tuple[str, Value | None]] = {}
        for text, code in self.code.items():
            value, word = self.values[code], cleaned_id(text)
            if isinstance(value, Visibility | Status):
                spellings.setdefault(folded(word), (word, value))
            elif isinstance(value, Wrong) and value.is_left_out:
                spellings.setdefault(folded(word), (word, None))
        return dict(sorted(spellings.values(), key=lambda pair: (pair[1] is None, pair[1] or "")))


class WordReader(ColumnReader):
    """Reader of the column of visibility or status, and of further columns that can only make notes less visible.

    ``least`` is the value of the least visible note; ``further`` has position of each further column → whether a cell
    makes the note of its row so, and ``restricted`` the number of rows where it did.
    """

    def __init__(
        self,
        position: int | None,
        read: Callable[[str], object],
        least: Value,
        further: Mapping[int, Callable[[str], bool]],
    ) -> None:
        super().__init__(position, read)
        self._least, self._further = least, further
        self.restricted = dict.fromkeys(further, 0)

    def codes(self, block: Block) -> Ints:
        """See :meth:`ColumnReader.codes`. A cell that is not valid stays so."""
        codes = super().codes(block)
        for position, restricts in self._further.items():
            for i, text in enumerate(block.columns[position]):
                if restricts(text) and isinstance(value := self.values[codes[i]], Visibility | Status):
                    self.restricted[position] += value is not self._least
                    codes[i] = self._code(self._least)
        return codes


@dataclass(frozen=True)
class Block:
    """Some successive rows of a sheet. An index counts from the first of them, a position from the sheet's first."""

    numbers: Sequence[int]
    columns: Sequence[Sequence[str]]
    start: int = 0

    def __len__(self) -> int:
        return len(self.numbers)

    def without(self, positions: Collection[int]) -> Block:
        """Return the block with blank cells in the rows at these positions."""
        columns = [["" if self.start + i in positions else text for i, text in enumerate(one)] for one in self.columns]
        return Block(self.numbers, columns, self.start)

    def column(self, column: int | None) -> Sequence[str]:
        """Return the texts of a column, empty ones if the sheet has no such column."""
        return ("",) * len(self) if column is None else self.columns[column]

    def cell(self, index: int, column: int | None) -> str:
        """Return the text of a cell, empty if the sheet has no such column."""
        return "" if column is None else self.columns[column][index]
