"""What every reader hands over: the tables of a file, whose rows are read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

from importer.reading.sheet import Found, Row, Rows

LOOKED_AT = 50
"""Rows among which the header is looked for."""

MOST_KEPT = 4_000_000
"""Characters of first rows that are kept of all sheets together."""


@dataclass
class Heads:
    """First rows of sheets, kept by the pass that finds the sheets of a file whose sheets can only be read in a row.

    Without them the file would be read from its start for each sheet that is looked at.
    """

    _rows: list[list[Row]] = field(default_factory=list)
    _whole: list[bool] = field(default_factory=list)
    _characters: int = 0

    def begin(self) -> None:
        """Another sheet begins."""
        self._rows.append([])
        self._whole.append(False)

    def take(self, rows: Iterable[Row]) -> bool:
        """Keep rows of the sheet; False where no more of them are wanted."""
        for number, cells in rows:
            self._characters += sum(map(len, cells)) + 8 * len(cells)
            if self._characters > MOST_KEPT:
                return False
            self._rows[-1].append((number, list(cells)))
            if number > LOOKED_AT:
                return False
        return True

    def end(self) -> None:
        """The sheet ends, and all its rows were taken."""
        self._whole[-1] = True

    def rows(self, index: int, read: Callable[[Found], Rows]) -> Rows:
        """The rows of a sheet: those that were kept, then those that ``read`` reads."""
        kept = self._rows[index]
        yield from kept
        if not self._whole[index]:
            with closing(read(Found())) as rows:
                yield from islice(rows, len(kept), None)


@dataclass(frozen=True)
class Table:
    """One sheet, or the whole of a text file.

    Attributes:
        name: the sheet's name, None for a text file.
        hidden: whether the spreadsheet program hides it.
        rows: starts reading; may be called again. What a person should know is noted in the ``Found`` handed in.
        first: the same rows, of which the first ones are at hand; None where ``rows`` is as quick.
    """

    name: str | None
    hidden: bool
    rows: Callable[[Found], Rows]
    first: Callable[[], Rows] | None = None


@dataclass(frozen=True)
class Book:
    """An opened file.

    Attributes:
        format: what it is, in plain words.
        tables: its tables, in the file's order.
        encoding: how a text file's characters are encoded, None for workbooks.
        delimiter: what separates a text file's columns, None for workbooks.
        remarks: what was guessed or cleaned on opening it.
    """

    format: str
    tables: tuple[Table, ...]
    encoding: str | None = None
    delimiter: str | None = None
    remarks: tuple[str, ...] = ()
