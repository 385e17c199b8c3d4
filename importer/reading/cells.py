"""Turn the stored cells of a worksheet into rows of text, and record the problems of its rows and cells.

All readers of workbooks add their cells to a ``RowSink``, so that numbers, errors, hidden texts, formulas without a
result, limits and the order of rows are treated alike, whatever the file's type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

from xlsxwriter.utility import xl_col_to_name

from importer.messages import Cell, Message, say
from importer.reading.formats import NumberFormats, hides_text
from importer.reading.numbers import KEPT_DIGITS, lost_digits
from importer.reading.opening import SHEET_ROWS, Limits, damaged
from importer.reading.spool import Merged, Row

NO_VALUE = say("flaw.no-value")
HIDDEN = say("flaw.hidden")
LOST = say("flaw.lost-digits")
column_letter = xl_col_to_name
"""Function that returns a column's name by its position: 0 → A, 25 → Z, 26 → AA."""
_BOOLEANS = {"1": "TRUE", "0": "FALSE"}

Kind = Literal["text", "number", "boolean", "date", "error", "other"]
"""Kind of a cell's value: a date is in ISO form; a value of another kind is stored as it is shown."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Problem of a row or a cell, found while reading it; ``column`` is None if the whole row is meant."""

    column: int | None
    text: Message


@dataclass(frozen=True)
class Correction:
    """What a person changed in a row, laid over its cells while the sheet is read: position of a column → new text.

    The row may be left out, or confirmed: it is right as it stands, although its form in the file was doubtful.
    """

    texts: Mapping[int, str] = field(default_factory=dict)
    is_left_out: bool = False
    is_confirmed: bool = False


@dataclass
class TableFacts:
    """Facts that a reader noticed about one table.

    Attributes:
        flaws: problems by row number.
        hidden_rows: number of rows that hold something and are hidden or filtered.
        formulas: number of cells whose text is the stored value of their formula.
        hidden_columns: positions of hidden columns, from 0.
    """

    flaws: dict[int, list[Flaw]] = field(default_factory=dict)
    hidden_rows: int = 0
    formulas: int = 0
    merged: Merged = field(default_factory=Merged)
    hidden_columns: set[int] = field(default_factory=set)
    remarks: list[Message] = field(default_factory=list)
    _known: dict[tuple[int | None, Message], Flaw] = field(default_factory=dict)

    def flaw(self, row: int, column: int | None, text: Message) -> None:
        """Record a problem; equal problems share one object, so that a million of them stay small."""
        flaw = self._known.setdefault((column, text), Flaw(column, text))
        self.flaws.setdefault(row, []).append(flaw)

    def adopt(self, other: TableFacts) -> None:
        """Replace these facts with those of an earlier pass through the table."""
        for fact in fields(self):
            setattr(self, fact.name, getattr(other, fact.name))


class RowSink:
    """Rows of one worksheet, from the cells that its reader adds in the order of the file."""

    def __init__(self, name: str, facts: TableFacts, limits: Limits, formats: NumberFormats) -> None:
        self.name = Cell(name)
        self.number = 0
        self._facts = facts
        self._limits = limits
        self._most_columns, self._most_characters = limits.columns, limits.cell_characters
        self._formats = formats
        self._cells: list[str] = []

    def begin(self, number: int | None = None) -> None:
        """Begin the row of a number, by default the next; raise UnreadableFile if a row before has a larger number."""
        number = self.number + 1 if number is None else number
        if number <= self.number:
            raise damaged(say("part.sheet", sheet=self.name), f"row {number} after row {self.number}")
        self.number = number
        self._cells = []

    def add(
        self, column: int, kind: Kind, stored: str, code: str = "", *, formula: bool = False, shown: str | None = None
    ) -> None:
        """Add a cell to the row: its column, from 0, the kind of its value, and the value as the file stores it.

        ``code`` is that of its number format, "" if that is General. ``shown`` is a number as the file says that it is
        shown; None if its format shows it.
        """
        if formula and (stored or shown or kind in {"text", "error"}):
            self._facts.formulas += 1
        elif formula:
            self._facts.flaw(self.number, column, NO_VALUE)
        text = stored
        if kind == "number":
            text = self._formats.shown(code, stored) if shown is None else shown
            if len(text) > KEPT_DIGITS:
                self._note_digits(column, stored, text)
        elif kind == "boolean":
            text = _BOOLEANS.get(stored.strip(), stored)
        elif kind == "date":
            text = self._formats.date(code, stored.strip())
        elif kind == "error":
            self._facts.flaw(self.number, column, say("cell.error", error=Cell(stored or "#ERROR")))
        if code and stored and (hides_text(code) if kind in {"text", "boolean"} else not text.strip()):
            self._facts.flaw(self.number, column, HIDDEN)
            return
        cells = self._cells
        if column == len(cells) < self._most_columns and 0 < len(text) <= self._most_characters:
            cells.append(text)
        elif text:
            self._place(column, text)

    def end(self, *, hidden: bool = False, times: int = 1) -> Iterator[Row]:
        """End the row, and yield it as often as it is repeated, unless it is empty."""
        first, cells, flaws = self.number, self._cells, self._facts.flaws.get(self.number)
        self.number = last = first + times - 1
        if not cells and not flaws:
            return
        if last > self._limits.rows:
            raise self._limits.refuse("rows", say("limit.sheet-rows", sheet=self.name, row=last))
        if last > SHEET_ROWS:
            raise damaged(say("part.sheet", sheet=self.name), f"row {last} > {SHEET_ROWS}")
        if flaws:
            self._facts.flaws.update(dict.fromkeys(range(first, last + 1), flaws))
        if hidden and cells:
            self._facts.hidden_rows += times
        for number in range(first, last + 1):
            yield number, cells

    def merge(self, column: int, *, across: int, down: int) -> None:
        """Record that a cell of this row extends over ``across`` columns and ``down`` rows, if these are several."""
        if across > 1 or down > 1:
            self._facts.merged.append((self.number, column, self.number + down - 1, column + across - 1))

    def hide(self, first: int, after: int) -> None:
        """Record that the columns from ``first`` to the one before ``after`` are hidden."""
        self._facts.hidden_columns.update(range(first, min(after, self._most_columns)))

    def check(self, column: int) -> None:
        """Raise UnreadableFile if a column is beyond the limit."""
        if column >= self._most_columns:
            letters = column_letter(column)
            message = say("limit.sheet-column-number", sheet=self.name, column=letters, number=column + 1)
            raise self._limits.refuse("columns", message)

    def _place(self, column: int, text: str) -> None:
        """Put a text into its column, wherever that is."""
        if len(text) > self._most_characters:
            what = say("part.sheet", sheet=self.name)
            raise self._limits.refuse("cell_characters", say("limit.cell", what=what))
        self.check(column)
        cells = self._cells
        cells.extend([""] * (column + 1 - len(cells)))
        cells[column] = text

    def _note_digits(self, column: int, stored: str, shown: str) -> None:
        """Record a number that lost digits as a flaw."""
        if len(shown) - sum(map(shown.count, ".-: ")) <= KEPT_DIGITS:  # most numbers and dates, and quickly counted
            return
        if sum(map(str.isdigit, shown)) > KEPT_DIGITS and lost_digits(stored):
            self._facts.flaw(self.number, column, LOST)
