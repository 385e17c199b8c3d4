"""Bodies of requests: JSON, or a form with a file that is read from disk while it is sent.

Input: a request's fields. Output: a body that ``requests`` sends with its length.
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

_PIECE = 65_536  # bytes per read


class Body(io.BytesIO):
    """A JSON body. ``type`` is its content type."""

    type = "application/json"


class FileForm:
    """A form with one field, which holds a file. ``type`` is its content type.

    Args:
        field: the field's name.
        file: the file to send; it is read once.
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
        """Return the next bytes to send.

        Raises:
            OSError: the file can't be read, or is shorter than before. The unfinished form then has no effect.
        """
        while size < 0 or len(self._rest) < size:
            piece = next(self._pieces, b"")
            if not piece:
                size = len(self._rest)
                break
            self._rest += piece
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def _pieces(head: bytes, file: FilePart, end: bytes) -> Iterator[bytes]:
    yield head
    remaining = file.size
    while remaining:
        piece = file.content.read(min(_PIECE, remaining))
        if not piece:
            raise OSError("the file is shorter than it was")
        remaining -= len(piece)
        yield piece
    yield end


def body_of(fields: Mapping[str, Any]) -> Body | FileForm:
    """Return a request's body: a form if one of the fields is a file, otherwise JSON."""
    for name, value in fields.items():
        if isinstance(value, FilePart):
            return FileForm(name, value)
    return Body(json.dumps(fields).encode("ascii"))
