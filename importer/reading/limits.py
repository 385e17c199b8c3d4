"""How much of a file is read at most: limits in, a refusal that names the limit and how to raise it out.

A spreadsheet is input from outside: a few kilobytes can unpack to terabytes. Every reader of this package counts what
it really meets, never what a file says about itself, and stops at these limits.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from importer.errors import UnreadableFile

SHEET_ROWS = 1_048_576
"""Rows that a worksheet has in today's spreadsheet programs."""

CELL_BYTES = 8
"""What a cell costs besides its text; a cell that is empty costs it too."""


@dataclass(frozen=True)
class Limits:
    """The most that is read of one file; generous for honest files, small enough for any laptop.

    Attributes:
        file_bytes: size of the file itself.
        unpacked_bytes: what the parts of a workbook come to when unpacked.
        ratio: unpacked size over packed size of one part, looked at once a part is larger than 64 MiB.
        columns: columns of a sheet.
        rows: rows of a sheet or records of a CSV.
        cell_characters: characters in one cell (spreadsheet programs stop at 32,767; a CSV may hold more).
        seconds: time to read the file.
    """

    file_bytes: int = 2 * 1024**3
    unpacked_bytes: int = 4 * 1024**3
    ratio: int = 400
    columns: int = 2_000
    rows: int = 5_000_000
    cell_characters: int = 2_000_000
    seconds: float = 600.0

    def refuse(self, name: str, what: str) -> UnreadableFile:
        """The error to raise when the limit called ``name`` is passed; ``what`` says where, without a full stop."""
        return UnreadableFile(
            f"{what}; the limit is {getattr(self, name):,}. "
            f"If the file is right and comes from someone you trust, raise it with --limit {name}=NUMBER."
        )


@dataclass
class Budget:
    """What rows come to that are kept while a file is read; whoever keeps rows charges each of them."""

    limits: Limits
    spent: int = 0

    def charge(self, number: int, cells: Sequence[str], characters: int) -> int:
        """Take a row's size in bytes from what is left, and return it; raise UnreadableFile where nothing is left."""
        size = characters + CELL_BYTES * len(cells)
        self.spent += size
        if self.spent > self.limits.unpacked_bytes:
            raise self.limits.refuse("unpacked_bytes", f"The rows up to row {number} hold too much text (bytes)")
        return size


@dataclass
class Clock:
    """Time left to read a file; asked now and then by every loop that depends on the file's content."""

    limits: Limits
    started: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raise UnreadableFile once the limit of seconds has passed."""
        if time.monotonic() - self.started > self.limits.seconds:
            raise self.limits.refuse("seconds", "Reading the file takes too long (seconds)")
