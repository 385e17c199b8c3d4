"""Limit how much of a file is read, with an error that names the exceeded limit.

A spreadsheet comes from outside, and a few kilobytes can unpack to terabytes. Every reader of this package counts what
it reads, never trusts the file's own counts, and stops at these limits.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from importer.errors import UnreadableFile
from importer.messages import Message, say
from importer.settings.limits import Limits

__all__ = ["CELL_BYTES", "MOST_FORMATS", "MOST_SHEETS", "SHEET_ROWS", "Budget", "Deadline", "Limits", "bound"]

SHEET_ROWS = 1_048_576
"""Number of rows of a worksheet in today's spreadsheet programs."""

CELL_BYTES = 8
"""Bytes that a cell costs besides its text; an empty cell costs them too."""

MOST_SHEETS = 10_000
MOST_FORMATS = 100_000
"""Maximum number of cell formats; spreadsheet programs allow some 65,000."""


@dataclass
class Budget:
    """Total size of the rows stored while a file is read. Code that stores a row charges it here."""

    limits: Limits
    spent: int = 0

    def charge(self, number: int, cells: Sequence[str], characters: int) -> int:
        """Charge a row and return its size in bytes; raise UnreadableFile if the total exceeds ``unpacked_bytes``."""
        size = characters + CELL_BYTES * len(cells)
        self.spent += size
        if self.spent > self.limits.unpacked_bytes:
            raise self.limits.refuse("unpacked_bytes", say("limit.text", row=str(number)))
        return size


@dataclass
class Deadline:
    """Time limit for reading a file. Every loop whose length depends on the file's content checks it regularly."""

    limits: Limits
    started: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raise UnreadableFile if the limit of seconds has passed."""
        if time.monotonic() - self.started > self.limits.seconds:
            raise self.limits.refuse("seconds", say("limit.seconds"))


def bound(count: int, most: int, what: Message) -> None:
    """Raise UnreadableFile if a count exceeds ``most``, a number that no real workbook exceeds."""
    if count > most:
        raise UnreadableFile(say("workbook.too-many", most=most, what=what))
