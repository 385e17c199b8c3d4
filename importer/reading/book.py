"""What every reader hands over: the tables of a file, whose rows are read when asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from importer.reading.sheet import Found, Rows


@dataclass(frozen=True)
class Table:
    """One sheet, or the whole of a text file.

    Attributes:
        name: the sheet's name, None for a text file.
        hidden: whether the spreadsheet program hides it.
        rows: starts reading; may be called again. What a person should know is noted in the ``Found`` handed in.
    """

    name: str | None
    hidden: bool
    rows: Callable[[Found], Rows]


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
