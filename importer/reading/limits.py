"""How much of a file is read at most: limits in, a refusal that names the limit and how to raise it out.

A spreadsheet is input from outside: a few kilobytes can unpack to terabytes. Every reader of this package counts what
it really meets, never what a file says about itself, and stops at these limits.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from importer.messages import say
from importer.settings.limits import Limits

__all__ = ["CELL_BYTES", "SHEET_ROWS", "Budget", "Deadline", "Limits"]

SHEET_ROWS = 1_048_576
"""Rows that a worksheet has in today's spreadsheet programs."""

CELL_BYTES = 8
"""What a cell costs besides its text; a cell that is empty costs it too."""


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
            raise self.limits.refuse("unpacked_bytes", say("limit.text", row=str(number)))
        return size


@dataclass
class Deadline:
    """Time left to read a file; asked now and then by every loop that depends on the file's content."""

    limits: Limits
    started: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raise UnreadableFile once the limit of seconds has passed."""
        if time.monotonic() - self.started > self.limits.seconds:
            raise self.limits.refuse("seconds", say("limit.seconds"))
