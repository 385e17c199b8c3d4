"""Define the sheet that was read, and write its rows to disk, where they can be read as often as wanted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace

from importer.messages import Message, say
from importer.reading.book import Book, TableCandidate
from importer.reading.cells import NO_VALUE, Correction, Flaw, TableFacts, column_letter
from importer.reading.opening import Limits, Source
from importer.reading.spool import Block, Row, Spool

COVERED = say("flaw.covered")
REPLACED = say("flaw.damaged-character")
NUL = say("flaw.nul")
BY_HAND = say("skipped.by-hand")
_UNCORRECTED = Correction()
EXCEL_BATCH = 16
"""Number of rows in a batch of Excel, which leaves out the last columns of a batch if all of their cells are empty."""


@dataclass(frozen=True)
class Sheet(AbstractContextManager["Sheet"]):
    """A table of text, exactly as the spreadsheet shows it.

    Attributes:
        source: the file's name as given ("-" for standard input).
        name: the worksheet's name, None for a text file, as ``sheets`` are the names of all that aren't hidden.
        encoding, delimiter: those of a text file, None for a workbook.
        row_count: number of rows below the header that hold something.
        flaws: problems of single rows and cells, by row number.
        covered: row number → columns of cells that a merged cell further up covers without counting for them.
        fingerprint: SHA-256 of the file's bytes, as hex digits.
        corrections: row number → what a person changed in the row; None if nobody was asked to.
        left_out: row number → why the row is left out.
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
    _spool: Spool | None = field(repr=False)
    _restore: Callable[[str], str] | None = field(default=None, repr=False)
    corrections: Mapping[int, Correction] | None = None
    left_out: Mapping[int, Message] = field(default_factory=dict)

    def restored(self, restore: Callable[[str], str]) -> Sheet:
        """Return the sheet with ``restore`` applied to each heading and cell, unless it has been restored already."""
        if self._restore is not None:
            return self
        return replace(self, headings=tuple(map(restore, self.headings)), _restore=restore)

    def without_rows(self) -> Sheet:
        """Return the sheet without its rows, and with nothing that has to be closed, for another process."""
        return replace(
            self, row_count=0, flaws={}, covered={}, corrections=None, left_out={}, _spool=None, _restore=None
        )

    def with_rows(self, rows: Sequence[Row], flaws: Mapping[int, Sequence[Flaw]]) -> Sheet:
        """Return the same sheet with other rows, and their flaws."""
        spool = Spool(Limits())
        for number, cells in rows:
            spool.append(number, cells)
        return replace(self.without_rows(), row_count=len(rows), flaws=flaws, _spool=spool)

    def corrected(self, corrections: Mapping[int, Correction]) -> Sheet:
        """Return the sheet with a person's corrections laid over its cells; the file stays as it is."""
        left_out = {number: BY_HAND for number, one in corrections.items() if one.is_left_out}
        return replace(self, corrections=corrections, left_out=left_out)

    def as_it_stands(self, wanted: Collection[int]) -> Sheet:
        """Return a sheet of these rows alone, as they stand in the file."""
        file = replace(self, corrections=None, left_out={})
        rows = [row for row in file.rows({*wanted}) if row[0] in wanted]
        return self.with_rows(rows, {number: [*file.wrong(number)] for number, _ in rows})

    def rows(self, near: Set[int] | None = None) -> Iterator[Row]:
        """Yield the rows one by one, as :meth:`columns` has them; those near the rows with these numbers, or all."""
        for numbers, columns in self.columns():
            if near is None or not near.isdisjoint(numbers):
                yield from zip(numbers, map(list, zip(*columns, strict=True)), strict=True)

    def wrong(self, number: int) -> Iterator[Flaw]:
        """Yield the problems of a row and its cells that are left: its flaws, and cells that a merged cell covers."""
        one = (self.corrections or {}).get(number, _UNCORRECTED)
        for flaw in (*self.flaws.get(number, ()), *(Flaw(column, COVERED) for column in self.covered.get(number, ()))):
            is_right = one.is_confirmed and flaw.text not in (NUL, REPLACED)
            if not is_right and flaw.column not in one.texts:
                yield flaw
        for column, text in one.texts.items():
            yield from (Flaw(column, flaw.text) for flaw in flaws_of_text([text]))

    def columns(self) -> Iterator[Block]:
        """Yield at most 8,000 rows at a time (fewer if a sheet is very wide), as row numbers and columns of ``str``.

        There is one column for each heading. Blank rows are left out. May be called again, but not after the sheet is
        closed.
        """
        width = len(self.headings)
        for numbers, columns in self._spool.blocks() if self._spool is not None else ():
            full = [*columns[:width], *[("",) * len(numbers)] * (width - len(columns))]
            full = full if self._restore is None else [list(map(self._restore, column)) for column in full]
            yield numbers, self._laid_over(numbers, full) if self.corrections else full

    def _laid_over(self, numbers: Sequence[int], columns: list[Sequence[str]]) -> list[Sequence[str]]:
        changed: dict[int, list[str]] = {}
        for i, number in enumerate(numbers):
            for at, text in (self.corrections or {}).get(number, _UNCORRECTED).texts.items():
                changed.setdefault(at, [*columns[at]])[i] = text
        return [changed.get(at, column) for at, column in enumerate(columns)]

    def close(self) -> None:
        """Free the disk space of the rows."""
        if self._spool is not None:
            self._spool.close()

    def __exit__(self, *_: object) -> None:
        self.close()


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


def flaws_of_text(cells: Sequence[str]) -> Iterator[Flaw]:
    """Yield the flaws that the texts of a row's cells show themselves, in whatever file they are."""
    for column, cell in enumerate(cells):
        if "\0" in cell:
            yield Flaw(column, NUL)
        if "\ufffd" in cell:
            yield Flaw(column, REPLACED)


class _Writer:
    """Writer of a sheet's rows to the spool.

    Attributes:
        width: number of columns up to the last that holds something.
        full: number of the last row that is as wide as the header.
        short: numbers and widths of narrower rows since that row, in one batch of ``EXCEL_BATCH`` rows.
        is_excel: whether all narrower rows so far may be narrow only because Excel wrote the file.
    """

    def __init__(
        self, header_row: int, header: Sequence[str], *, ragged: bool, facts: TableFacts, limits: Limits
    ) -> None:
        self.full = header_row
        self.short: list[tuple[int, int]] = []
        self.is_excel = True
        self.facts = facts
        self.limits = limits
        self.ragged = ragged
        self.expected = _filled_width(header)
        self.width = self.expected
        self.last = 0
        self.spool = Spool(limits)

    def add(self, number: int, cells: list[str]) -> None:
        """Write a row, unless it is blank. Formulas whose values aren't stored are not."""
        if number > self.limits.rows:
            raise self.limits.refuse("rows", say("limit.rows", row=number))
        joined = "".join(cells)
        is_blank = not joined or joined.isspace()
        if is_blank and all(flaw.text != NO_VALUE for flaw in self.facts.flaws.get(number, ())):
            return
        if "\0" in joined or "\ufffd" in joined:
            if not joined.strip("\0 \t\r\n"):
                return
            for flaw in flaws_of_text(cells):
                self.facts.flaw(number, flaw.column, flaw.text)
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
        self.last = number
        self.spool.append(number, cells)

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
                self.facts.flaw(number, None, say("flaw.short-row", cells=count, expected=self.expected))
        self.short.clear()

    def _note_short(self, number: int, count: int) -> None:
        if self.short and (number - 1) // EXCEL_BATCH != (self.short[0][0] - 1) // EXCEL_BATCH:
            self.judge_short()
        self.short.append((number, count))

    def _wider(self, number: int, cells: list[str]) -> None:
        filled = _filled_width(cells)
        if filled > self.limits.columns:
            raise self.limits.refuse("columns", say("limit.row-columns", row=str(number), columns=filled))
        self.width = max(self.width, filled)
        if self.ragged and filled > self.expected:
            self.facts.flaw(number, None, say("flaw.long-row", cells=filled, expected=self.expected))


def spooled(source: Source, book: Book, choice: TableCandidate, remarks: Sequence[Message]) -> Sheet:
    """Read the chosen table to its end and return the sheet."""
    header_row, header = choice.header
    facts = TableFacts()
    rows = _Writer(header_row, header, ragged=book.delimiter is not None, facts=facts, limits=source.limits)
    above = 0
    try:
        with closing(choice.table.rows(facts)) as source_rows:
            for number, cells in source_rows:
                if number > header_row:
                    rows.add(number, cells)
                elif number < header_row and any(cells):
                    above += 1
        rows.judge_short()
        rows.spool.flush()
        rows.spool.merged = facts.merged
        covered = rows.spool.covered()
    except BaseException:
        rows.spool.close()
        raise
    headings = (*header, *[""] * rows.width)[: rows.width]
    return Sheet(
        source=source.name,
        name=choice.table.name,
        format=book.format,
        encoding=None if book.codec is None else book.codec.title,
        delimiter=book.delimiter,
        headings=headings,
        header_row=header_row,
        row_count=rows.spool.row_count,
        remarks=(*remarks, *_remarks(rows, headings, header_row, above)),
        flaws={row: tuple(flaws) for row, flaws in facts.flaws.items() if row > header_row},
        covered=covered,
        fingerprint=source.fingerprint,
        sheets=tuple(table.name for table in book.tables if table.name is not None and not table.hidden),
        _spool=rows.spool,
    )


def _remarks(rows: _Writer, headings: Sequence[str], header_row: int, above: int) -> list[Message]:
    facts = rows.facts
    blank = max(0, rows.last - header_row - rows.spool.row_count)
    nameless = sum(not heading.strip() for heading in headings)
    merged = sum(bottom > header_row for _, _, bottom, _ in facts.merged)
    hidden_columns = sum(column < len(headings) for column in facts.hidden_columns)
    counted = (
        (above, say("remark.rows-above", n=above, header=str(header_row))),
        (blank, say("remark.blank-rows", n=blank)),
        (facts.hidden_rows, say("remark.hidden-rows", n=facts.hidden_rows)),
        (hidden_columns, say("remark.hidden-columns", n=hidden_columns)),
        (nameless, say("remark.no-heading", n=nameless)),
        (merged, say("remark.merged", n=merged)),
        (facts.formulas, say("remark.formulas", n=facts.formulas)),
    )
    return [*facts.remarks, *(remark for count, remark in counted if count > 0)]


def _filled_width(cells: Sequence[str]) -> int:
    """Return the number of columns up to the last that holds more than white space."""
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return width
