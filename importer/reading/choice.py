"""Choose the table and its header row in an opened book, or ask the person which table is meant."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from importer.errors import UnclearColumns, UnreadableFile, as_argument
from importer.messages import Cell, Message, say
from importer.models import PossibleAnswer, Question
from importer.reading.book import HEADER_WITHIN, Book, IsHeader, Table
from importer.reading.sheet import TableFacts, listed
from importer.reading.spool import Row


@dataclass(frozen=True)
class TableChoice:
    """A table and its header row.

    Attributes:
        table: the table to read.
        header: the header's row number and texts.
        remarks: messages about ignored and hidden sheets.
    """

    table: Table
    header: Row
    remarks: tuple[Message, ...]


@dataclass(frozen=True)
class _TableCandidate:
    """A table that may be chosen, its likely header, and whether that header has the needed headings."""

    table: Table
    header: Row
    qualifies: bool


def choose(
    book: Book, source: str, sheet: str | None, header_row: int | None, is_header: IsHeader, is_copy: IsHeader
) -> TableChoice:
    """Return the only visible table with the needed headings, or the table that the person named.

    Raises UnclearColumns if several tables qualify, or if none does and several hold something.
    """
    if header_row is not None and header_row < 1:
        raise UnreadableFile(say("choice.no-row", row=str(header_row)))
    tables = [_named(book, sheet)] if sheet is not None else [table for table in book.tables if not table.hidden]
    candidates = [candidate for table in tables if (candidate := _candidate(table, header_row, is_header))]
    if not candidates:
        raise UnreadableFile(_nothing(book, source, sheet, header_row))
    qualified = [candidate for candidate in candidates if candidate.qualifies] or candidates
    qualified = [candidate for candidate in qualified if not is_copy(candidate.header[1])] or qualified
    if len(qualified) > 1:
        raise _undecided(qualified)
    chosen = qualified[0]
    return TableChoice(
        chosen.table, chosen.header, tuple(_aside(book, chosen, candidates, is_copy, asked=sheet is not None))
    )


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


def _candidate(table: Table, header_row: int | None, is_header: IsHeader) -> _TableCandidate | None:
    """Return a table as a candidate, judged by its first rows; None if they are blank."""
    likeliest: Row | None = None
    most = 0
    with closing(table.rows(TableFacts())) as rows:
        if header_row is not None:
            for number, cells in rows:
                if number >= header_row:
                    blank = number > header_row or not _filled(cells)
                    return None if blank else _TableCandidate(table, (number, cells), is_header(cells))
            return None
        for number, cells in islice(rows, HEADER_WITHIN * 20):
            filled = _filled(cells)
            if filled and is_header(cells):
                return _TableCandidate(table, (number, cells), qualifies=True)
            if filled > most:  # a title above the header fills fewer cells than the header
                likeliest, most = (number, cells), filled
            if number > HEADER_WITHIN and likeliest:
                break
    return _TableCandidate(table, likeliest, qualifies=False) if likeliest else None


def _filled(cells: Sequence[str]) -> int:
    """Return the number of cells that show something."""
    return sum(1 for cell in cells if cell and not cell.isspace())


def _nothing(book: Book, source: str, sheet: str | None, header_row: int | None) -> Message:
    if header_row is not None:
        return say("choice.blank-row", row=str(header_row), file=source)
    if sheet is not None:
        return say("choice.blank-sheet", sheet=Cell(repr(sheet)), file=source)
    hidden = tuple(_name(table) for table in book.tables if table.hidden)
    return say("choice.all-hidden", file=source, sheets=hidden) if hidden else say("choice.no-table", file=source)


def _undecided(candidates: Sequence[_TableCandidate]) -> UnclearColumns:
    """Return the error that asks which sheet is meant, with one answer for each candidate."""
    text = _question(candidates)
    choices = [
        PossibleAnswer("sheet", name, say("choice.the-sheet", sheet=_name(candidate.table)), _headings(candidate)[:6])
        for candidate in candidates
        if (name := candidate.table.name) is not None
    ]
    return UnclearColumns(text, [Question(text, say("choice.which"), choices)])


def _question(candidates: Sequence[_TableCandidate]) -> Message:
    if candidates[0].qualifies:
        return say("choice.several", sheets=tuple(_name(candidate.table) for candidate in candidates))
    return say("choice.none", sheets=tuple(_begins(candidate) for candidate in candidates[:10]))


def _begins(candidate: _TableCandidate) -> Message:
    headings = [cell.strip()[:40] for cell in _headings(candidate)]
    return say("choice.begins", sheet=_name(candidate.table), headings=listed(headings, 6))


def _headings(candidate: _TableCandidate) -> list[str]:
    return [cell for cell in candidate.header[1] if cell.strip()]


def _aside(
    book: Book, chosen: _TableCandidate, candidates: Sequence[_TableCandidate], is_copy: IsHeader, *, asked: bool
) -> list[Message]:
    remarks = []
    others = tuple(_name(candidate.table) for candidate in candidates if candidate is not chosen)
    if others:
        remarks.append(say("remark.other-sheets", sheet=_name(chosen.table), others=others))
    for other in candidates:
        if other is not chosen and is_copy(other.header[1]) and (name := other.table.name) is not None:
            remarks.append(say("remark.corrected", sheet=_name(other.table), argument=Cell(as_argument(name))))
    hidden = tuple(_name(table) for table in book.tables if table.hidden and table is not chosen.table)
    if hidden and not asked:
        remarks.append(say("remark.hidden-sheets", sheets=hidden))
    if chosen.table.hidden:
        remarks.append(say("remark.hidden-sheet", sheet=_name(chosen.table)))
    return remarks
