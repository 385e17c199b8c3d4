"""OLE containers, the outside of an .xls: a file in, one of its streams as bytes out.

Source: [MS-CFB]. A chain of sectors is followed only as far as there are sectors: a damaged file may go in circles.
"""

from __future__ import annotations

import struct
from array import array
from typing import IO

from importer.errors import UnreadableFile
from importer.reading.package import DAMAGED

MOST_BYTES = 256 * 1024**2
"""An .xls holds 65,536 rows of 256 columns; real ones stay far below."""

_END = 0xFFFFFFFA  # from here on a sector number says that there is none
_SMALL = 4096


class Container:
    """The directory of a container."""

    def __init__(self, file: IO[bytes]) -> None:
        """Read the tables; raise UnreadableFile where they are damaged."""
        if file.seek(0, 2) > MOST_BYTES:
            raise UnreadableFile(
                "The .xls is larger than 256 MB, which no real one is. Save it as .xlsx and import that."
            )
        file.seek(0)
        self._data = file.read()
        try:
            self._read_tables()
        except (struct.error, ValueError, IndexError) as exc:
            raise UnreadableFile(
                f"The .xls is damaged: its table of contents can't be read ({exc}). {DAMAGED}"
            ) from exc

    @property
    def names(self) -> set[str]:
        """The names of all streams in small letters: programs differ in how they write them."""
        return set(self._entries)

    def stream(self, *names: str) -> bytes | None:
        """The bytes of the first stream called by one of the names, None where there is none."""
        for name in names:
            if name.lower() in self._entries:
                start, size = self._entries[name.lower()]
                return self._small(start, size) if size < _SMALL else self._large(start)[:size]
        return None

    def _read_tables(self) -> None:
        shift, small_shift = struct.unpack_from("<HH", self._data, 30)
        if not 7 <= shift <= 16 or not 4 <= small_shift <= shift:
            raise ValueError("sector size")
        self._size, self._small_size = 1 << shift, 1 << small_shift
        directory, _, _, small_table, _, more, _ = struct.unpack_from("<7L", self._data, 48)
        self._next = self._table(more)
        self._small_next = _numbers(self._large(small_table))
        listing = self._large(directory)
        self._entries: dict[str, tuple[int, int]] = {}
        self._root = b""
        for at in range(0, len(listing) - 127, 128):
            length, kind = struct.unpack_from("<HB", listing, at + 64)
            name = listing[at : at + min(max(length - 2, 0), 62)].decode("utf-16-le", "replace")
            start, size = struct.unpack_from("<LL", listing, at + 116)
            if kind == 5:
                self._root = self._large(start)
            elif kind == 2:
                self._entries.setdefault(name.lower(), (start, size))

    def _table(self, more: int) -> array[int]:
        """The sector that follows each sector; the list of its parts goes on in sectors of its own."""
        parts = list(struct.unpack_from("<109L", self._data, 76))
        seen = 0
        while more < _END and seen <= len(self._data) // self._size:
            listed = _numbers(self._sector(more))
            parts.extend(listed[:-1])
            more = listed[-1] if listed else _END
            seen += 1
        table = bytearray()
        for part in dict.fromkeys(part for part in parts if part < _END):
            table += self._sector(part)
        return _numbers(bytes(table))

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        return self._data[start : start + self._size]

    def _large(self, start: int) -> bytes:
        return b"".join(self._sector(number) for number in _chain(start, self._next))

    def _small(self, start: int, size: int) -> bytes:
        width = self._small_size
        pieces = [self._root[number * width : (number + 1) * width] for number in _chain(start, self._small_next)]
        return b"".join(pieces)[:size]


def _numbers(data: bytes) -> array[int]:
    count = len(data) // 4
    return array("L" if array("L").itemsize == 4 else "I", struct.unpack(f"<{count}L", data[: count * 4]))


def _chain(start: int, following: array[int]) -> list[int]:
    """The sectors from a first one on; raises ValueError where they go in a circle."""
    chain: list[int] = []
    while start < len(following):
        chain.append(start)
        if len(chain) > len(following):
            raise ValueError("its sectors go in a circle")
        start = following[start]
    return chain
