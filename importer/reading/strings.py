"""Store a workbook's shared texts, looked up by position, in bounded memory."""

from __future__ import annotations

import sys
import tempfile
import weakref
from array import array
from typing import IO

from importer.errors import UnreadableFile
from importer.messages import say

IN_MEMORY = 128 * 1024**2
"""Bytes of texts kept in memory; later texts are in an unnamed temporary file."""


class Strings:
    """A list of texts, of which only the first 128 MiB are in memory.

    Attributes:
        kept: the texts in memory, for loops in which even a method call counts.
    """

    def __init__(self) -> None:
        self.kept: list[str] = []
        self._room = IN_MEMORY
        self._offsets = array("Q", [0])
        self._file: IO[bytes] | None = None

    def append(self, text: str) -> None:
        """Add the next text."""
        if self._room > 0:
            self.kept.append(text)
            self._room -= sys.getsizeof(text) + 8
        else:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 — closed when this object goes
                weakref.finalize(self, self._file.close)
            data = text.encode("utf-8", "surrogatepass")
            self._file.seek(self._offsets[-1])
            self._file.write(data)
            self._offsets.append(self._offsets[-1] + len(data))

    def __getitem__(self, position: int) -> str:
        """Return the text at a position; raise UnreadableFile if there is none, since the workbook is damaged then."""
        if 0 <= position < len(self.kept):
            return self.kept[position]
        if not 0 <= position - len(self.kept) < len(self._offsets) - 1:
            raise UnreadableFile(say("workbook.no-text", number=str(position)))
        return self._stored(position - len(self.kept))

    def find(self, digits: str) -> str:
        """Return the text at a position in digits, as a cell holds it; an empty cell refers to no text and gives ""."""
        digits = digits.strip()
        if not digits:
            return ""
        return self[int(digits) if digits.isdecimal() and len(digits) < 12 else -1]

    def _stored(self, index: int) -> str:
        assert self._file is not None
        first, last = self._offsets[index], self._offsets[index + 1]
        self._file.seek(first)
        return self._file.read(last - first).decode("utf-8", "surrogatepass")
