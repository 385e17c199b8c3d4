"""Define the sheet that was read. Its rows are on disk, and can be read as frames of text as often as wanted."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from types import TracebackType
from typing import Self

import pandas as pd

from importer.messages import Cell, Message, Part, say
from importer.reading.digits import KEPT_DIGITS, lost_digits, rounded_before
from importer.reading.encodings import Encoding
from importer.reading.merged import Merged
from importer.reading.spool import BLOCK_CELLS, BLOCK_ROWS, Block, Spool

NO_VALUE = say("flaw.no-value")
COVERED = say("flaw.covered")
HIDDEN = say("flaw.hidden")
LOST = say("flaw.lost-digits")


@dataclass(frozen=True, slots=True)
class Flaw:
    """Problem of a row or a cell, found while reading it.

    Attributes:
        column: position of the column, from 0, or None if the whole row is meant.
        text: the problem and what to do, without the cell's name.
    """

    column: int | None
    text: Message


@dataclass
class TableFacts:
    """Facts that a reader noticed about one table.

    Attributes:
        flaws: problems by row number.
        hidden_rows: number of rows that hold something and are hidden or filtered.
        formulas: number of cells whose text is the stored value of their formula.
        merged: the areas of merged cells.
        hidden_columns: positions of hidden columns, from 0.
        remarks: other messages for the person.
        rounded: column → numbers of rows in which earlier versions rounded a whole number to 15 digits.
    """

    flaws: dict[int, list[Flaw]] = field(default_factory=dict)
    hidden_rows: int = 0
    formulas: int = 0
    merged: Merged = field(default_factory=Merged)
    hidden_columns: set[int] = field(default_factory=set)
    remarks: list[Message] = field(default_factory=list)
    rounded: dict[int, array[int]] = field(default_factory=dict)
    _known: dict[tuple[int | None, Message], Flaw] = field(default_factory=dict)

    def flaw(self, row: int, column: int | None, text: Message) -> None:
        """Record a problem; equal problems share one object, so that a million of them stay small."""
        flaw = self._known.setdefault((column, text), Flaw(column, text))
        self.flaws.setdefault(row, []).append(flaw)

    def error(self, row: int, column: int, shown: str) -> None:
        """Record that a cell shows an error instead of a value."""
        self.flaw(row, column, say("flaw.error", error=Cell(shown)))

    def number(self, row: int, column: int, stored: str, shown: str) -> str:
        """Return the shown text of a stored number; record if it lost digits, or if earlier versions rounded it."""
        if len(shown) > KEPT_DIGITS and sum(map(str.isdigit, shown)) > KEPT_DIGITS:
            if lost_digits(stored):
                self.flaw(row, column, LOST)
            elif rounded_before(shown):
                self.rounded.setdefault(column, array("l")).append(row)
        return shown

    def adopt(self, other: TableFacts) -> None:
        """Replace these facts with those of an earlier pass through the table."""
        for fact in fields(self):
            setattr(self, fact.name, getattr(other, fact.name))


@dataclass(frozen=True)
class Sheet:
    """A table of text, exactly as the spreadsheet shows it.

    Attributes:
        source: the file's name as given ("-" for standard input).
        name: the worksheet's name, None for a text file.
        format: the file's format, in plain words.
        encoding: the encoding of its characters, None for a workbook.
        delimiter: its column separator, None for a workbook.
        headings: the header row's texts, one for each column.
        header_row: the header's row number.
        row_count: number of rows below the header that hold something.
        remarks: messages about what was guessed or cleaned.
        flaws: problems of single rows and cells, by row number.
        covered: row number → columns of cells that a merged cell further up covers without counting for them.
        fingerprint: SHA-256 of the file's bytes, as hex digits.
        sheets: the names of the workbook's worksheets that are not hidden; empty for a text file.
        rounded: column → numbers of rows with a whole number that earlier versions rounded (``digits``).
        codec: how a text file's characters are decoded, None for a workbook.
    """

    source: str
    name: str | None
    format: Message
    encoding: str | None
    delimiter: str | None
    headings: tuple[str, ...]
    header_row: int
    row_count: int
    remarks: tuple[Message, ...]
    flaws: Mapping[int, Sequence[Flaw]]
    covered: Mapping[int, Sequence[int]]
    fingerprint: str
    sheets: tuple[str, ...]
    rounded: Mapping[int, Sequence[int]]
    codec: Encoding | None
    _spool: Spool = field(repr=False)
    _restore: Callable[[str], str] | None = field(default=None, repr=False)

    def restored(self, restore: Callable[[str], str]) -> Sheet:
        """Return the sheet with ``restore`` applied to each heading and cell, unless it has been restored already."""
        if self._restore is not None:
            return self
        return replace(self, headings=tuple(map(restore, self.headings)), _restore=restore)

    def wrong(self, number: int) -> Iterator[Flaw]:
        """Yield the problems of a row and its cells: its flaws, and cells that a merged cell covers."""
        yield from self.flaws.get(number, ())
        yield from (Flaw(column, COVERED) for column in self.covered.get(number, ()))

    def blocks(self) -> Iterator[pd.DataFrame]:
        """Yield the rows in frames of at most 8,000 (fewer if a sheet is very wide).

        Columns are numbered 0, 1, … in the order of ``headings``, and the index holds row numbers. Every cell is a
        ``str``; an empty one is ``""``. Blank rows are left out. May be called again, but not after the sheet is
        closed.
        """
        width = len(self.headings)
        step = max(1, min(BLOCK_ROWS, BLOCK_CELLS // max(width, 1)))
        for numbers, columns in self.columns():
            for first in range(0, len(numbers), step):
                part = slice(first, first + step)
                index = pd.Index(numbers[part], dtype="int64")
                cells = {position: column[part] for position, column in enumerate(columns)}
                yield pd.DataFrame(cells, index=index, columns=pd.RangeIndex(width), dtype=object)

    def columns(self) -> Iterator[Block]:
        """Yield the same rows as row numbers and columns, one column for each heading."""
        width = len(self.headings)
        for numbers, columns in self._spool.blocks():
            full = [*columns[:width], *[("",) * len(numbers)] * (width - len(columns))]
            yield numbers, full if self._restore is None else [list(map(self._restore, column)) for column in full]

    def close(self) -> None:
        """Free the disk space of the rows."""
        self._spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def listed(names: Sequence[str], most: int) -> Part:
    """Return the first ``most`` names, as a message that says so if there are more."""
    shown = tuple(Cell(name) for name in names[:most])
    return say("sheet.and-so-on", names=shown) if len(names) > most else shown


def column_letter(column: int) -> str:
    """Return a column's name by its position: 0 → A, 25 → Z, 26 → AA."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def cell_name(sheet_name: str | None, row: int, column: int) -> str:
    """Return a cell's name as spreadsheet programs write it: ``Sheet1!C17``, ``'My sheet'!C17``, or only ``C17``."""
    cell = f"{column_letter(column)}{row}"
    if sheet_name is None:
        return cell
    plain = sheet_name.replace("_", "a").replace(".", "a")
    if plain.isalnum() and not plain[0].isdigit():
        return f"{sheet_name}!{cell}"
    quoted = sheet_name.replace("'", "''")
    return f"'{quoted}'!{cell}"
