"""What every reader hands over: a file's tables, each a sheet of a workbook, a table of a page, or a whole CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from importer.errors import UnreadableFile
from importer.messages import Message
from importer.reading.encodings import Encoding
from importer.reading.limits import Budget, Limits
from importer.reading.sheet import TableFacts
from importer.reading.spool import Row, RowStream, Spool

HEADER_WITHIN = 50
"""Rows among which the header is looked for."""

IsHeader = Callable[[Sequence[str]], bool]
"""Whether a row's texts are headings that count."""


@dataclass(frozen=True)
class Table:
    """One sheet, or the whole of a text file.

    Attributes:
        name: the sheet's name, None for a text file.
        hidden: whether the spreadsheet program hides it.
        rows: starts reading; may be called again. What a person should know is noted in the ``TableFacts`` handed in.
    """

    name: str | None
    hidden: bool
    rows: Callable[[TableFacts], RowStream]


@dataclass(frozen=True)
class Book:
    """An opened file.

    Attributes:
        format: what it is, in plain words.
        tables: its tables, in the file's order.
        encoding: how a text file's characters are encoded, None for workbooks.
        delimiter: what separates a text file's columns, None for workbooks.
        remarks: what was guessed or cleaned on opening it.
        codec: how its characters are decoded, None for workbooks.
    """

    format: Message
    tables: tuple[Table, ...]
    encoding: str | None = None
    delimiter: str | None = None
    remarks: tuple[Message, ...] = ()
    codec: Encoding | None = None


class RowStore:
    """Keeps on disk the tables of a file that can only be read in a row, all in one file and charged to one budget."""

    def __init__(self, limits: Limits) -> None:
        self._spool = Spool()
        self._budget = Budget(limits)

    def begin(self, name: str | None, *, hidden: bool = False) -> KeptTable:
        """Another table begins."""
        return KeptTable(name, Spool(self._spool), self._budget, hidden=hidden)


class KeptTable:
    """A table whose rows are read before it is known which table is wanted.

    Attributes:
        name: the sheet's name, None where it has none.
        hidden: whether the spreadsheet program hides it.
        found: what the reader noticed.
    """

    def __init__(self, name: str | None, spool: Spool, budget: Budget, *, hidden: bool) -> None:
        self.name, self.hidden, self.found = name, hidden, TableFacts()
        self._spool, self._budget = spool, budget
        self._error: UnreadableFile | None = None

    def add(self, number: int, cells: list[str]) -> None:
        """Keep a row, unless it is empty; raise UnreadableFile where the file's rows are beyond the limit."""
        size = self._budget.charge(number, cells, sum(map(len, cells)))
        if any(cells):
            self._spool.append(number, cells, size)

    def add_of(self, rows: Iterable[Row]) -> bool:
        """Keep rows, or what is wrong with one, which is said where the table is wanted; return whether none is."""
        try:
            for number, cells in rows:
                self.add(number, cells)
        except UnreadableFile as exc:
            self._error = exc.with_traceback(None)
        return self._error is None

    def finish(self) -> None:
        """No row follows: let go of the memory that the last ones take."""
        self._spool.flush()

    def table(self) -> Table:
        """The table, once it is finished."""
        return Table(self.name, self.hidden, self._rows)

    def _rows(self, found: TableFacts) -> RowStream:
        found.adopt(self.found)
        yield from self._spool.rows()
        if self._error:
            raise self._error
