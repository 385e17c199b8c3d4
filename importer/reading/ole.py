"""Read OLE containers, the outer format of .xls and other old documents.

Input: a file. Output: the names and bytes of its streams. olefile reads them, and trusts the sizes that a container
states, so these sizes are checked first. As a result, a circular chain of sectors is followed no further than the file
is long.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import olefile

from importer.errors import UnreadableFile
from importer.messages import Part, say

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MOST_BYTES = 256 * 1024**2
"""Maximum size of a container. An .xls holds 65,536 rows of 256 columns, and real files are far smaller."""

_SECTOR = 512
_FAULTS = (OSError, struct.error, ValueError, IndexError, KeyError, AttributeError, TypeError, OverflowError)
"""Exceptions that olefile raises for a damaged container, by design or not."""


def stream_names(file: IO[bytes]) -> set[str]:
    """Return the names of a container's streams in small letters, because programs differ in their case."""
    with _opened(file) as (container, _):
        return {path[0].lower() for path in container.listdir() if len(path) == 1}


def read_stream(file: IO[bytes], *names: str) -> bytearray | None:
    """Return the bytes of the first stream that has one of the names, None if there is none."""
    with _opened(file) as (container, most):
        for name in names:
            if container.exists(name):
                _check(container.get_size(name), most)
                return bytearray(container.openstream(name).getbuffer())
    return None


@contextmanager
def _opened(file: IO[bytes]) -> Iterator[tuple[olefile.OleFileIO, int]]:
    """Yield the container and the file's size; turn errors of olefile into UnreadableFile."""
    size = file.seek(0, 2)
    if size > MOST_BYTES:
        raise UnreadableFile(say("xls.too-large"))
    file.seek(0)
    header = file.read(_SECTOR)
    try:
        for offset in (44, 64):  # positions of the numbers of sectors of its two tables
            _check(struct.unpack_from("<L", header, offset)[0] * _SECTOR, size + _SECTOR)
        container = olefile.OleFileIO(file)
        _check(container.root.size, size)
        yield container, size
    except _FAULTS as exc:
        raise _damaged(str(exc)) from exc


def _check(size: int, most: int) -> None:
    if size > most:
        raise _damaged(say("xls.larger-than-file", size=size, most=most))


def _damaged(why: Part) -> UnreadableFile:
    return UnreadableFile(say("xls.contents", why=why))
