"""Write the rows below the header of a table to the spool, and return the sheet with its flaws and remarks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from importer.messages import Message, say
from importer.reading.book import Book
from importer.reading.choice import TableChoice
from importer.reading.limits import Budget, Deadline, Limits
from importer.reading.sheet import Sheet, TableFacts
from importer.reading.spool import Spool

REPLACED = say("flaw.damaged-character")
NUL = say("flaw.nul")
EXCEL_BATCH = 16
"""Number of rows in a batch of Excel, which leaves out the last columns of a batch if all of their cells are empty."""


class _Writer:
    """Writer of a sheet's rows to the spool.

    Attributes:
        width: number of columns up to the last that holds something.
        widest: number of columns up to the last that is written in the file.
        full: number of the last row that is as wide as the header.
        short: numbers and widths of narrower rows since that row, in one batch of ``EXCEL_BATCH`` rows.
        is_excel: whether all narrower rows so far may be narrow only because Excel wrote the file.
    """

    def __init__(
        self, header_row: int, header: Sequence[str], *, ragged: bool, found: TableFacts, limits: Limits
    ) -> None:
        self.full = header_row
        self.short: list[tuple[int, int]] = []
        self.is_excel = True
        self.found = found
        self.limits = limits
        self.ragged = ragged
        self.expected = _filled_width(header)
        self.width = self.expected
        self.widest = len(header)
        self.last = 0
        self.budget = Budget(limits)
        self.spool = Spool()

    def add(self, number: int, cells: list[str]) -> None:
        """Write a row, unless it is blank."""
        if number > self.limits.rows:
            raise self.limits.refuse("rows", say("limit.rows", row=number))
        joined = "".join(cells)
        if not joined or joined.isspace():
            return
        if "\0" in joined or "\ufffd" in joined:
            if not joined.strip("\0 \t\r\n"):
                return
            self._damaged(number, cells)
        count = len(cells)
        if count > self.width:
            self._wider(number, cells)
        if self.ragged:
            if count < self.expected:
                self._note_short(number, count)
            else:
                if self.short:
                    self.judge_short(number)
                self.full = number
        size = self.budget.charge(number, cells, len(joined))
        self.last = number
        self.spool.append(number, cells, size)

    def judge_short(self, full: int | None = None) -> None:
        """Report short rows as problems, unless Excel writes such batches.

        ``full`` is the number of the row just read, if it is as wide as the header. Excel's batches hold several short
        rows, all equally wide, and no full row. A line break within a text, or a file that is cut off, leaves rows of
        several widths or a single short row.
        """
        batches = {(number - 1) // EXCEL_BATCH for number, _ in self.short}
        others = {(number - 1) // EXCEL_BATCH for number in (self.full, full) if number}
        is_alike = len(self.short) > 1 and len({count for _, count in self.short}) == 1
        self.is_excel = self.is_excel and is_alike and batches.isdisjoint(others)
        if not self.is_excel:
            for number, count in self.short:
                self.found.flaw(number, None, say("flaw.short-row", **self._cells(count)))
        self.short.clear()

    def _note_short(self, number: int, count: int) -> None:
        if self.short and (number - 1) // EXCEL_BATCH != (self.short[0][0] - 1) // EXCEL_BATCH:
            self.judge_short()
        self.short.append((number, count))

    def _wider(self, number: int, cells: list[str]) -> None:
        self.widest = max(self.widest, len(cells))
        filled = _filled_width(cells)
        if filled > self.limits.columns:
            raise self.limits.refuse("columns", say("limit.row-columns", row=str(number), columns=filled))
        self.width = max(self.width, filled)
        if self.ragged and filled > self.expected:
            self.found.flaw(number, None, say("flaw.long-row", **self._cells(filled)))

    def _cells(self, count: int) -> dict[str, str]:
        return {"cells": str(count), "expected": str(self.expected)}

    def _damaged(self, number: int, cells: list[str]) -> None:
        for column, cell in enumerate(cells):
            if "\0" in cell:
                self.found.flaw(number, column, NUL)
            if "\ufffd" in cell:
                self.found.flaw(number, column, REPLACED)


def spooled(
    source: str,
    book: Book,
    choice: TableChoice,
    remarks: Sequence[Message],
    fingerprint: str,
    limits: Limits,
    deadline: Deadline,
    *,
    fill_merged: bool = False,
) -> Sheet:
    """Read the table to its end and return the sheet; ``fill_merged``: see :class:`Options`."""
    header_row, header = choice.header
    facts = TableFacts()
    rows = _Writer(header_row, header, ragged=book.delimiter is not None, found=facts, limits=limits)
    above = 0
    try:
        with closing(choice.table.rows(facts)) as source_rows:
            for number, cells in source_rows:
                if number > header_row:
                    rows.add(number, cells)
                elif number < header_row and any(cells):
                    above += 1
                if not number % 20_000:
                    deadline.check()
        rows.judge_short()
        rows.spool.flush()
        rows.spool.merged = facts.merged
        if fill_merged:
            rows.spool.spread = rows.width
        covered = _covered(rows)
    except BaseException:
        rows.spool.close()
        raise
    headings = (*header, *[""] * rows.width)[: rows.width]
    return Sheet(
        source=source,
        name=choice.table.name,
        format=book.format,
        encoding=book.encoding,
        delimiter=book.delimiter,
        headings=headings,
        header_row=header_row,
        row_count=rows.spool.row_count,
        remarks=(*remarks, *_remarks(rows, headings, header_row, above)),
        flaws={row: tuple(flaws) for row, flaws in facts.flaws.items() if row > header_row},
        covered=covered,
        fingerprint=fingerprint,
        sheets=tuple(table.name for table in book.tables if table.name is not None and not table.hidden),
        rounded=facts.rounded,
        codec=book.codec,
        _spool=rows.spool,
    )


def _covered(rows: _Writer) -> dict[int, list[int]]:
    """Return row number → columns of cells that look filled, because a merged cell with a value covers them."""
    covered: dict[int, list[int]] = {}
    spreading = rows.spool.merged.spreading(rows.width)
    for numbers, columns in rows.spool.blocks() if rows.spool.merged and not rows.spool.spread else ():
        for index, column, _ in spreading.covered(numbers, columns):
            covered.setdefault(numbers[index], []).append(column)
    return covered


def _remarks(rows: _Writer, headings: Sequence[str], header_row: int, above: int) -> list[Message]:
    facts = rows.found
    blank = max(0, rows.last - header_row - rows.spool.row_count)
    nameless = sum(not heading.strip() for heading in headings)
    merged = facts.merged.below(header_row)
    hidden_columns = sum(column < len(headings) for column in facts.hidden_columns)
    counted = (
        (above, say("remark.rows-above", n=above, header=str(header_row))),
        (blank, say("remark.blank-rows", n=blank)),
        (facts.hidden_rows, say("remark.hidden-rows", n=facts.hidden_rows)),
        (hidden_columns, say("remark.hidden-columns", n=hidden_columns)),
        (rows.widest - rows.width, say("remark.empty-columns", n=rows.widest - rows.width)),
        (nameless, say("remark.no-heading", n=nameless)),
        (merged, say("remark.merged-filled" if rows.spool.spread else "remark.merged", n=merged)),
        (facts.formulas, say("remark.formulas", n=facts.formulas)),
    )
    return [*facts.remarks, *(remark for count, remark in counted if count > 0)]


def _filled_width(cells: Sequence[str]) -> int:
    """Return the number of columns up to the last that holds more than white space."""
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return width
