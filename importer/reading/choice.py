"""Chooses the table and its header row: an opened book in, one table and header out, or a question to the person."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from importer.errors import UnclearColumns, UnreadableFile, as_argument, by_name
from importer.models import Answer, Question
from importer.reading.book import HEADER_WITHIN, Book, IsHeader, Table
from importer.reading.sheet import Found
from importer.reading.spool import Row


@dataclass(frozen=True)
class Choice:
    """A table and its header row.

    Attributes:
        table: the table to read.
        header: the header's row number and texts.
        remarks: what was left aside.
    """

    table: Table
    header: Row
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class _Candidate:
    """A table that may be the one, by its first rows."""

    table: Table
    header: Row
    qualifies: bool


def choose(
    book: Book, source: str, sheet: str | None, header_row: int | None, is_header: IsHeader, is_copy: IsHeader
) -> Choice:
    """The one visible table that has the needed headings, or the one that was asked for by name.

    Raises UnclearColumns where several qualify, or none does and several hold something.
    """
    if header_row is not None and header_row < 1:
        raise UnreadableFile(f"There is no row {header_row} that could be the header: rows are counted from 1.")
    tables = [_named(book, sheet)] if sheet is not None else [table for table in book.tables if not table.hidden]
    candidates = [candidate for table in tables if (candidate := _candidate(table, header_row, is_header))]
    if not candidates:
        raise UnreadableFile(_nothing(book, source, sheet, header_row))
    qualified = [candidate for candidate in candidates if candidate.qualifies] or candidates
    qualified = [candidate for candidate in qualified if not is_copy(candidate.header[1])] or qualified
    if len(qualified) > 1:
        raise _undecided(qualified)
    chosen = qualified[0]
    return Choice(
        chosen.table, chosen.header, tuple(_aside(book, chosen, candidates, is_copy, asked=sheet is not None))
    )


def _named(book: Book, name: str) -> Table:
    exact = [table for table in book.tables if table.name == name]
    found = exact or [table for table in book.tables if (table.name or "").casefold() == name.strip().casefold()]
    if found:
        return found[0]
    if all(table.name is None for table in book.tables):
        raise UnclearColumns(
            f"There is no sheet {name!r}: the file is a {book.format} with a single table. Leave out"
            f" {by_name('sheet')}."
        )
    names = ", ".join(repr(table.name) + (" (hidden)" if table.hidden else "") for table in book.tables)
    raise UnclearColumns(f"There is no sheet {name!r}. The file has: {names}.")


def _candidate(table: Table, header_row: int | None, is_header: IsHeader) -> _Candidate | None:
    """Look at the first rows of a table; None where they hold nothing."""
    likeliest: Row | None = None
    most = 0
    with closing(table.rows(Found())) as rows:
        if header_row is not None:
            for number, cells in rows:
                if number >= header_row:
                    blank = number > header_row or not _filled(cells)
                    return None if blank else _Candidate(table, (number, cells), is_header(cells))
            return None
        for number, cells in islice(rows, HEADER_WITHIN * 20):
            filled = _filled(cells)
            if filled and is_header(cells):
                return _Candidate(table, (number, cells), qualifies=True)
            if filled > most:  # a title above the header fills fewer cells than the header
                likeliest, most = (number, cells), filled
            if number > HEADER_WITHIN and likeliest:
                break
    return _Candidate(table, likeliest, qualifies=False) if likeliest else None


def _filled(cells: Sequence[str]) -> int:
    """How many cells show something."""
    return sum(1 for cell in cells if cell and not cell.isspace())


def _nothing(book: Book, source: str, sheet: str | None, header_row: int | None) -> str:
    if header_row is not None:
        where = by_name("header-row")
        return f"Row {header_row} of {source} is blank or isn't there, so that it can't be the header ({where})."
    if sheet is not None:
        return f"The sheet {sheet!r} of {source} is blank."
    hidden = [repr(table.name) for table in book.tables if table.hidden]
    if hidden:
        return (
            f"No visible sheet of {source} holds anything. Hidden: {', '.join(hidden)}; take one with"
            f" {by_name('sheet')}."
        )
    return f"{source} holds no table: there is no row with text in it."


def _undecided(candidates: Sequence[_Candidate]) -> UnclearColumns:
    """Which sheet is meant, as a question: each of them is an answer."""
    text = _question(candidates)
    choices = [
        Answer("sheet", name, f"the sheet {name!r}", [cell for cell in candidate.header[1] if cell.strip()][:6])
        for candidate in candidates
        if (name := candidate.table.name) is not None
    ]
    return UnclearColumns(text, [Question(text, "Which sheet is to be imported?", choices)])


def _question(candidates: Sequence[_Candidate]) -> str:
    choose = by_name("sheet", "NAME")
    if candidates[0].qualifies:
        names = ", ".join(repr(candidate.table.name) for candidate in candidates)
        return f"Several sheets have the needed headings: {names}. Say which one to import with {choose}."
    seen = "; ".join(
        f"{candidate.table.name!r} begins with {_headings(candidate.header[1])}" for candidate in candidates[:10]
    )
    return f"None of the sheets has the needed headings: {seen}. Say which one to import with {choose}."


def _headings(cells: Sequence[str]) -> str:
    shown = [cell.strip()[:40] for cell in cells if cell.strip()]
    return ", ".join(shown[:6]) + (" …" if len(shown) > 6 else "")


def _aside(
    book: Book, chosen: _Candidate, candidates: Sequence[_Candidate], is_copy: IsHeader, *, asked: bool
) -> list[str]:
    remarks = []
    others = [repr(candidate.table.name) for candidate in candidates if candidate is not chosen]
    if others:
        remarks.append(f"Only the sheet {chosen.table.name!r} is imported. Left aside: {', '.join(others)}.")
    for other in candidates:
        if other is not chosen and is_copy(other.header[1]) and (name := other.table.name) is not None:
            remarks.append(f"What you corrected on {name!r} counts only with {by_name('sheet', as_argument(name))}.")
    hidden = [repr(table.name) for table in book.tables if table.hidden and table is not chosen.table]
    if hidden and not asked:
        remarks.append(f"Hidden, so not looked at: {', '.join(hidden)}.")
    if chosen.table.hidden:
        remarks.append(f"The sheet {chosen.table.name!r} is hidden.")
    return remarks
