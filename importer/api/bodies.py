"""What a request carries: JSON, or a form with a file, which is read from the disk while it is sent.

Comes in: a request's fields. Goes out: a body that ``requests`` sends with its length.
"""

from __future__ import annotations

import io
import json
import mimetypes
from collections.abc import Iterator, Mapping
from typing import Any

from urllib3.fields import RequestField
from urllib3.filepost import choose_boundary

from importer.api.protocol import FilePart

_PIECE = 65_536  # bytes that are read at once


class Body(io.BytesIO):
    """JSON; ``type`` is that of its content."""

    type = "application/json"


class FileForm:
    """A form of one field, a file; see :class:`Body`.

    Args:
        field: the field's name.
        file: what it holds; read once.
    """

    def __init__(self, field: str, file: FilePart) -> None:
        boundary = choose_boundary()
        self.type = f"multipart/form-data; boundary={boundary}"
        part = RequestField(field, b"", filename=file.name)
        part.make_multipart(content_type=mimetypes.guess_type(file.name)[0] or "application/octet-stream")
        head = f"--{boundary}\r\n{part.render_headers()}".encode("utf-8", "replace")
        end = f"\r\n--{boundary}--\r\n".encode("ascii")
        self._size = len(head) + file.size + len(end)
        self._pieces = _pieces(head, file, end)
        self._rest = b""

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(_PIECE):
            yield piece

    def read(self, size: int = -1, /) -> bytes:
        """Bytes that are sent next.

        Raises:
            OSError: the file can't be read as it was; what was sent so far has no end, and counts for nothing.
        """
        while size < 0 or len(self._rest) < size:
            piece = next(self._pieces, b"")
            if not piece:
                size = len(self._rest)
                break
            self._rest += piece
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def _pieces(head: bytes, file: FilePart, end: bytes) -> Iterator[bytes]:
    yield head
    left = file.size
    while left:
        piece = file.content.read(min(_PIECE, left))
        if not piece:
            raise OSError("the file is shorter than it was")
        left -= len(piece)
        yield piece
    yield end


def body_of(fields: Mapping[str, Any]) -> Body | FileForm:
    """A request's body: a form where one of the fields is a file."""
    for name, value in fields.items():
        if isinstance(value, FilePart):
            return FileForm(name, value)
    return Body(json.dumps(fields).encode("ascii"))
