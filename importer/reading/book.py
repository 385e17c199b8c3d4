"""What every reader hands over: the tables of a file, whose rows are read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from importer.errors import UnreadableFile
from importer.reading.sheet import Found, Row, Rows

LOOKED_AT = 50
"""Rows among which the header is looked for."""

MOST_KEPT = 4_000_000
"""Characters of first rows that are kept of all sheets together."""


class EventSheet(Protocol):
    """A sheet that is made of XML events."""

    def start(self, tag: str, attributes: dict[str, str], texts: list[str]) -> None:
        """An element begins; ``texts`` came before it."""

    def end(self, tag: str, texts: list[str]) -> None:
        """An element ends; ``texts`` came before that."""

    def taken(self) -> Iterable[Row]:
        """The rows that became complete since the last call."""


@dataclass
class Heads:
    """First rows of sheets, kept by the pass that finds the sheets of a file whose sheets can only be read in a row.

    Without them the file would be read from its start for each sheet that is looked at.
    """

    _rows: list[list[Row]] = field(default_factory=list)
    _whole: list[bool] = field(default_factory=list)
    _characters: int = 0
    _sheet: EventSheet | None = None

    def begin(self, sheet: EventSheet) -> None:
        """Another sheet begins; it is handed the events that follow until no more of its rows are wanted."""
        self._rows.append([])
        self._whole.append(False)
        self._sheet = sheet

    def start(self, tag: str, attributes: dict[str, str], texts: list[str]) -> None:
        """An element of the sheet begins."""
        if self._sheet:
            self._take(self._sheet, lambda sheet: sheet.start(tag, attributes, texts))

    def end(self, tag: str, texts: list[str]) -> None:
        """An element of the sheet ends."""
        if self._sheet:
            self._take(self._sheet, lambda sheet: sheet.end(tag, texts))

    def finish(self) -> None:
        """The sheet ends."""
        if self._sheet:
            self._whole[-1] = True
        self._sheet = None

    def _take(self, sheet: EventSheet, handle: Callable[[EventSheet], None]) -> None:
        """Keep the rows that an event completes; what is wrong with a sheet is said once it is read."""
        try:
            handle(sheet)
        except UnreadableFile:
            self._sheet = None
            return
        for number, cells in sheet.taken():
            self._characters += sum(map(len, cells)) + 8 * len(cells)
            if self._characters <= MOST_KEPT:
                self._rows[-1].append((number, list(cells)))
            if self._characters > MOST_KEPT or number > LOOKED_AT:
                self._sheet = None
                return

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
