"""Define the tables that every reader returns, and choose the table that is imported, with its header row.

The tables are a workbook's sheets, a web page's tables, or a whole CSV file. If it is unclear which one is meant, the
person is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from importer.errors import UnclearColumns, UnreadableFile
from importer.messages import Cell, Message, as_argument, say
from importer.models import PossibleAnswer, Question
from importer.reading.cells import RowSink, TableFacts
from importer.reading.encodings import Encoding
from importer.reading.formats import NumberFormats
from importer.reading.opening import MOST_SHEETS, IsHeader, Limits, Source, bound
from importer.reading.spool import Row, RowStream, Spool
from importer.resultsfile import repeats_results

HEADER_WITHIN = 50
"""Number of rows in which the header is searched for."""
_MOST_SHOWN = 10


@dataclass(eq=False)
class Table:
    """One sheet, or the whole of a text file, which has no name.

    ``rows`` reads the rows, records facts about these in the ``TableFacts``, and may be called again.
    """

    name: str | None
    hidden: bool
    rows: Callable[[TableFacts], RowStream]


@dataclass(frozen=True)
class Book:
    """An opened file: its format in plain words, its tables in its order, and remarks on what was guessed.

    ``delimiter`` and ``codec`` are a text file's column separator and encoding, None for workbooks.
    """

    format: Message
    tables: Sequence[Table]
    delimiter: str | None = None
    remarks: tuple[Message, ...] = ()
    codec: Encoding | None = None


class RowStore:
    """Store on disk for all tables of a file that must be read in one pass. They share one file and one size budget."""

    def __init__(self, limits: Limits) -> None:
        self.tables: list[KeptTable] = []
        self._spool = Spool(limits)

    def begin(self, name: str | None, *, hidden: bool = False) -> KeptTable:
        """Begin another table."""
        bound(len(self.tables), MOST_SHEETS, say("part.sheets"))
        self.tables.append(self.aside(name, hidden=hidden))
        return self.tables[-1]

    def aside(self, name: str | None, *, hidden: bool = False) -> KeptTable:
        """Begin a table that may turn out not to be a sheet."""
        return KeptTable(name, Spool(self._spool.limits, self._spool), hidden=hidden)


class KeptTable(Table):
    """A table whose rows are stored before it is known which table is wanted, with facts about it."""

    def __init__(self, name: str | None, spool: Spool, *, hidden: bool) -> None:
        super().__init__(name, hidden, self._stored)
        self.facts = TableFacts()
        self._spool = spool
        self._error: Exception | None = None

    def sink(self, formats: NumberFormats) -> RowSink:
        """Return a sink for the cells of this table."""
        return RowSink(self.name or "", self.facts, self._spool.limits, formats)

    def add(self, number: int, cells: list[str]) -> None:
        """Store a row, unless it is empty and has no flaw; raise UnreadableFile if the rows exceed the limit."""
        if any(cells) or number in self.facts.flaws:
            self._spool.append(number, cells)

    def add_of(self, rows: Iterable[Row]) -> bool:
        """Store rows until an error occurs; return True if none does. The error is raised when the table is read."""
        try:
            for number, cells in rows:
                self.add(number, cells)
        except Exception as exc:  # noqa: BLE001 - it is raised again
            self._error = exc.with_traceback(None)
        return self._error is None

    def finish(self) -> None:
        """Write the last rows to disk, which frees their memory."""
        self._spool.flush()

    def _stored(self, facts: TableFacts) -> RowStream:
        facts.adopt(self.facts)
        yield from self._spool.rows()
        if self._error:
            raise self._error


@dataclass(frozen=True)
class TableCandidate:
    """A table that may be chosen, with its likely header, and whether that has the needed headings.

    ``below`` are the first rows below the header of a table that doesn't qualify.
    """

    table: Table
    header: Row
    qualifies: bool
    below: Sequence[Sequence[str]] = ()


def choose(book: Book, source: Source) -> tuple[TableCandidate, list[Message]]:
    """Return the only visible table with the needed headings, or the named one, and remarks on ignored sheets.

    Raises UnclearColumns if several tables qualify, or if none does and several hold something. It is also raised if
    another table may be meant too, unless a person named the sheet, or the table is read as before.
    """
    sheet, header_row, is_copy = source.options.sheet, source.options.header_row, repeats_results
    if header_row is not None and header_row < 1:
        raise UnreadableFile(say("choice.no-row", row=str(header_row)))
    tables = [_named(book, sheet)] if sheet is not None else [table for table in book.tables if not table.hidden]
    candidates = [candidate for table in tables if (candidate := _candidate(table, header_row, source.is_header))]
    if not candidates:
        raise UnreadableFile(_nothing(book, source.name, sheet, header_row))
    copies = [candidate for candidate in candidates if is_copy(candidate.header[1])]
    qualified = [candidate for candidate in candidates if candidate.qualifies] or copies or candidates
    qualified = [candidate for candidate in qualified if not is_copy(candidate.header[1])] or qualified
    if len(qualified) > 1:
        raise _undecided(qualified)
    chosen = qualified[0]
    others = [candidate for candidate in candidates if candidate is not chosen and not is_copy(candidate.header[1])]
    if likely := [other for other in others if other.below and source.is_likely(other.header[1], other.below)]:
        raise _undecided([chosen, *likely])
    return chosen, _aside(book, chosen, candidates, asked=sheet is not None)


def _named(book: Book, name: str) -> Table:
    exact = [table for table in book.tables if table.name == name]
    matches = exact or [table for table in book.tables if (table.name or "").casefold() == name.strip().casefold()]
    if matches:
        return matches[0]
    if all(table.name is None for table in book.tables):
        raise UnclearColumns(say("choice.single-table", sheet=Cell(repr(name)), format=book.format))
    sheets = tuple(say("choice.hidden", sheet=_name(table)) if table.hidden else _name(table) for table in book.tables)
    raise UnclearColumns(say("choice.no-sheet", sheet=Cell(repr(name)), sheets=sheets))


def _name(table: Table) -> Cell:
    return Cell(repr(table.name))


def _candidate(table: Table, header_row: int | None, is_header: IsHeader) -> TableCandidate | None:
    """Return a table as a candidate, judged by its first rows; None if they are blank."""
    likeliest: Row | None = None
    most = 0
    below: list[list[str]] = []
    with closing(table.rows(TableFacts())) as rows:
        if header_row is not None:
            for number, cells in rows:
                if number >= header_row:
                    blank = number > header_row or not _filled(cells)
                    return None if blank else TableCandidate(table, (number, cells), is_header(cells))
            return None
        for number, cells in islice(rows, HEADER_WITHIN * 20):
            filled = _filled(cells)
            if filled and is_header(cells):
                return TableCandidate(table, (number, cells), qualifies=True)
            if filled > most:  # a title above the header fills fewer cells than the header
                likeliest, most, below = (number, cells), filled, []
            elif filled:
                below.append(cells)
            if number > HEADER_WITHIN and likeliest:
                break
    return TableCandidate(table, likeliest, qualifies=False, below=below) if likeliest else None


def _filled(cells: Sequence[str]) -> int:
    """Return the number of cells that show something."""
    return sum(1 for cell in cells if cell and not cell.isspace())


def _nothing(book: Book, source: str, sheet: str | None, header_row: int | None) -> Message:
    if header_row is not None:
        return say("choice.blank-row", row=str(header_row), file=source)
    hidden = tuple(_name(table) for table in book.tables if table.hidden and sheet is None)
    return say("choice.all-hidden", file=source, sheets=hidden) if hidden else say("choice.no-table", file=source)


def _undecided(candidates: Sequence[TableCandidate]) -> UnclearColumns:
    """Return the error that asks which sheet is meant, with one answer for each candidate."""
    text = say("choice.several", sheets=tuple(map(_begins, candidates[:_MOST_SHOWN])))
    choices = [
        PossibleAnswer("sheet", name, say("choice.the-sheet", sheet=_name(candidate.table)), _headings(candidate)[:6])
        for candidate in candidates
        if (name := candidate.table.name) is not None
    ]
    question = Question(say("choice.which"), choices, why=text)
    return UnclearColumns(question.text, [question])


def _begins(candidate: TableCandidate) -> Message:
    headings = tuple(Cell(cell.strip()[:40]) for cell in _headings(candidate)[:6])
    return say("choice.begins", sheet=_name(candidate.table), headings=headings)


def _headings(candidate: TableCandidate) -> list[str]:
    return [cell for cell in candidate.header[1] if cell.strip()]


def _aside(book: Book, chosen: TableCandidate, candidates: Sequence[TableCandidate], *, asked: bool) -> list[Message]:
    remarks = []
    others = [candidate for candidate in candidates if candidate.table is not chosen.table]
    if others:
        names = tuple(_name(other.table) for other in others)
        remarks.append(say("remark.other-sheets", sheet=_name(chosen.table), others=names))
    for other in others:
        if repeats_results(other.header[1]) and (name := other.table.name) is not None:
            remarks.append(say("remark.corrected", sheet=_name(other.table), argument=Cell(as_argument(name))))
    hidden = tuple(_name(table) for table in book.tables if table.hidden and table is not chosen.table)
    if hidden and not asked:
        remarks.append(say("remark.hidden-sheets", sheets=hidden))
    if chosen.table.hidden:
        remarks.append(say("remark.hidden-sheet", sheet=_name(chosen.table)))
    return remarks
