"""Limits on how much of a file is read, and the error that names a limit and how to raise it."""

from __future__ import annotations

from dataclasses import dataclass

from importer.errors import UnreadableFile
from importer.messages import Message, say


@dataclass(frozen=True)
class Limits:
    """Limits on what is read of one file: large enough for real spreadsheets, small enough for any laptop.

    Attributes:
        file_bytes: size of the file itself.
        unpacked_bytes: total size of a workbook's parts when unpacked.
        ratio: unpacked size over packed size of one part, checked once a part is larger than 64 MiB.
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

    def refuse(self, name: str, what: Message) -> UnreadableFile:
        """Return the error for exceeding the limit ``name``; ``what`` says where, without a full stop."""
        return UnreadableFile(say("reading.beyond-limit", what=what, limit=f"{getattr(self, name):,}", name=name))
