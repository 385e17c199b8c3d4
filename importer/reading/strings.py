"""A workbook's shared texts: appended in order, looked up by position; memory stays bounded however many there are."""

from __future__ import annotations

import sys
import tempfile
import weakref
from array import array

from importer.errors import UnreadableFile

IN_MEMORY = 128 * 1024**2
"""Bytes of texts kept in memory; what comes after lies in an unnamed temporary file."""


class Strings:
    """A list of texts of which only the first 128 MiB are in memory.

    Attributes:
        kept: those in memory, for loops in which even a method call counts.
    """

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self.kept: list[str] = []
        self._room = in_memory
        self._offsets = array("Q", [0])
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 — lives as long as this object
        weakref.finalize(self, self._file.close)

    def append(self, text: str) -> None:
        """Add the next text."""
        if self._room > 0:
            self.kept.append(text)
            self._room -= sys.getsizeof(text) + 8
        else:
            data = text.encode("utf-8", "surrogatepass")
            self._file.write(data)
            self._offsets.append(self._offsets[-1] + len(data))

    def __getitem__(self, position: int) -> str:
        """The text at a position; raises UnreadableFile where there is none, since the workbook is damaged then."""
        if 0 <= position < len(self.kept):
            return self.kept[position]
        if not 0 <= position - len(self.kept) < len(self._offsets) - 1:
            raise UnreadableFile(
                f"The workbook is damaged: a cell points to text number {position}, which it doesn't hold. "
                "Open it in a spreadsheet program, save it again as .xlsx and import that."
            )
        return self._stored(position - len(self.kept))

    def _stored(self, index: int) -> str:
        first, last = self._offsets[index], self._offsets[index + 1]
        self._file.seek(first)
        return self._file.read(last - first).decode("utf-8", "surrogatepass")
