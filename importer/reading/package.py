"""Read the zip package of a workbook.

Input: a file. Output: its parts as counted chunks. The package's statements about itself are not trusted: unpacked
bytes are counted as they are unpacked. No large part is held in memory whole.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator

from importer.errors import UnreadableFile
from importer.messages import Cell, Quoted, say
from importer.reading.opening import Source, damaged
from importer.resultsfile import PACKINGS, check_directory

CHUNK = 1 << 18
_FIRST_CHUNK = 1 << 13  # bytes of a part: enough if only the headings are read
RATIO_FROM = 64 * 1024**2
"""Number of unpacked bytes of a part from which its ratio of unpacked to packed size is checked."""

_FAULTS = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, struct.error, NotImplementedError)


class Package:
    """The parts of a zip file, by name in any case and with either kind of slash.

    ``names`` are those of all parts, in small letters with forward slashes.
    """

    def __init__(self, source: Source) -> None:
        """Open the package; raise UnreadableFile if it is damaged or its directory is larger than any workbook's."""
        self.limits = source.limits
        self._inflated: dict[str, int] = {}
        try:
            check_directory(source.file)
            self._zip = zipfile.ZipFile(source.file)
        except _FAULTS as exc:
            raise damaged(say("part.parts"), Quoted(str(exc))) from exc
        self.names = {_plain(name): name for name in self._zip.namelist()}

    def __contains__(self, name: str) -> bool:
        return _plain(name) in self.names

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the part called ``name`` in pieces, counted against the limits."""
        entry = self.names[_plain(name)]
        info = self._zip.getinfo(entry)
        if info.compress_type not in PACKINGS:  # zipfile inflates bzip2 and LZMA without bound
            raise damaged(Cell(entry), Quoted(f"compression {info.compress_type}"))
        packed = max(info.compress_size, 1)
        others = sum(self._inflated.values()) - self._inflated.get(entry, 0)
        size, chunk_size = 0, _FIRST_CHUNK
        try:
            with self._zip.open(entry) as part:
                while chunk := part.read(chunk_size):
                    size, chunk_size = size + len(chunk), min(2 * chunk_size, CHUNK)
                    self._inflated[entry] = max(size, self._inflated.get(entry, 0))
                    self._check(entry, size, packed, others)
                    yield chunk
        except _FAULTS as exc:
            raise damaged(Cell(entry), Quoted(str(exc))) from exc
        except RuntimeError as exc:  # zipfile raises it for a part with a password
            raise UnreadableFile(say("reading.locked")) from exc

    def read(self, name: str, most: int = 64 * 1024**2) -> bytes:
        """Return the whole of a part that is small by nature; raise UnreadableFile above ``most`` bytes."""
        pieces: list[bytes] = []
        size = 0
        for chunk in self.chunks(name):
            pieces.append(chunk)
            size += len(chunk)
            if size > most:
                raise damaged(Cell(name), f"> {most}")
        return b"".join(pieces)

    def _check(self, entry: str, size: int, packed: int, others: int) -> None:
        if size + others > self.limits.unpacked_bytes:
            raise self.limits.refuse("unpacked_bytes", say("limit.unpacked"))
        if size > RATIO_FROM and size / packed > self.limits.ratio:
            raise self.limits.refuse("ratio", say("limit.ratio", part=Cell(entry), times=round(size / packed)))


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
