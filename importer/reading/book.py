"""Define the tables that every reader returns: a workbook's sheets, a web page's tables, or a whole CSV file."""

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
"""Number of rows in which the header is searched for."""

IsHeader = Callable[[Sequence[str]], bool]
"""Function that returns whether a row's texts are the needed headings."""


@dataclass(frozen=True)
class Table:
    """One sheet, or the whole of a text file.

    Attributes:
        name: the sheet's name, None for a text file.
        hidden: whether the spreadsheet program hides it.
        rows: function that reads the rows; may be called again. It records facts about these in the ``TableFacts``.
    """

    name: str | None
    hidden: bool
    rows: Callable[[TableFacts], RowStream]


@dataclass(frozen=True)
class Book:
    """An opened file.

    Attributes:
        format: the file's format, in plain words.
        tables: its tables, in the file's order.
        encoding: the name of a text file's encoding, None for workbooks.
        delimiter: a text file's column separator, None for workbooks.
        remarks: messages about what was guessed or cleaned when the file was opened.
        codec: how its characters are decoded, None for workbooks.
    """

    format: Message
    tables: tuple[Table, ...]
    encoding: str | None = None
    delimiter: str | None = None
    remarks: tuple[Message, ...] = ()
    codec: Encoding | None = None


class RowStore:
    """Store on disk for all tables of a file that must be read in one pass. They share one file and one size budget."""

    def __init__(self, limits: Limits) -> None:
        self._spool = Spool()
        self._budget = Budget(limits)

    def begin(self, name: str | None, *, hidden: bool = False) -> KeptTable:
        """Begin another table."""
        return KeptTable(name, Spool(self._spool), self._budget, hidden=hidden)


class KeptTable:
    """A table whose rows are stored before it is known which table is wanted.

    Attributes:
        name: the sheet's name, None if it has none.
        hidden: whether the spreadsheet program hides it.
        found: facts that the reader noticed.
    """

    def __init__(self, name: str | None, spool: Spool, budget: Budget, *, hidden: bool) -> None:
        self.name, self.hidden, self.found = name, hidden, TableFacts()
        self._spool, self._budget = spool, budget
        self._error: UnreadableFile | None = None

    def add(self, number: int, cells: list[str]) -> None:
        """Store a row, unless it is empty; raise UnreadableFile if the file's rows exceed the limit."""
        size = self._budget.charge(number, cells, sum(map(len, cells)))
        if any(cells):
            self._spool.append(number, cells, size)

    def add_of(self, rows: Iterable[Row]) -> bool:
        """Store rows until an error occurs; return True if none does. The error is raised when the table is read."""
        try:
            for number, cells in rows:
                self.add(number, cells)
        except UnreadableFile as exc:
            self._error = exc.with_traceback(None)
        return self._error is None

    def finish(self) -> None:
        """Write the last rows to disk, which frees their memory."""
        self._spool.flush()

    def table(self) -> Table:
        """Return the finished table."""
        return Table(self.name, self.hidden, self._rows)

    def _rows(self, found: TableFacts) -> RowStream:
        found.adopt(self.found)
        yield from self._spool.rows()
        if self._error:
            raise self._error
