"""Read a file that arrives as ``multipart/form-data``, in blocks, so that no file is ever in memory whole.

Input: the stream of a request's body, its length and its Content-Type. Output: an `UploadedFile`: facts about the file,
and the error of the form, if any. The form must follow RFC 7578 strictly: nothing before the first boundary or after
the last, and names as browsers write them (UTF-8, with ``%22``, ``%0D`` and ``%0A`` for the three characters not
allowed).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from io import BufferedIOBase

FIELD = "file"
_BLOCK = 64 * 1024
_MOST_HEADERS = 16 * 1024
_PARAMETER = re.compile(r'; ?([a-z*]+)=(?:"([^"]*)"|([^\s";]+))')
_DISPOSITION = re.compile(rf"form-data((?:{_PARAMETER.pattern})*)")
_ESCAPES = {"%22": '"', "%0D": "\r", "%0A": "\n"}
_UNFIT = re.compile(r"[\x00-\x1f\x7f/\\]")


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """Facts about an uploaded file.

    ``size`` is in bytes and ``sha256`` in hexadecimal, of the bytes received, which are all only if it ``is_whole``.
    ``wrong`` describes an error of the form, or is empty.
    """

    name: str = ""
    type: str = ""
    size: int = 0
    sha256: str = ""
    wrong: str = ""
    is_whole: bool = True

    @property
    def record(self) -> dict[str, object]:
        """Record of the file, in place of a body."""
        return {FIELD: {"name": self.name, "type": self.type, "size": self.size, "sha256": self.sha256}}


class _Malformed(Exception):
    """Error for a body that is not a valid form; the message says why."""


class _BrokenOff(Exception):
    """Error for a client that has gone before the end of the body."""


@dataclass(slots=True)
class _Part:
    """One field of the form, as far as it was received."""

    field: str
    name: str | None
    type: str
    size: int = 0
    sha256: str = ""


def read_upload(stream: BufferedIOBase, length: int, headers: Message) -> UploadedFile:
    """Read the whole body, even if it is invalid, because unread bytes would be taken for the next request."""
    boundary = headers.get_boundary() if headers.get_content_type() == "multipart/form-data" else None
    form = _UploadForm(stream, length, (boundary or "").encode("latin-1", "replace"))
    wrong, is_whole = "", True
    try:
        if boundary:
            wrong = form.read()
        else:
            wrong = "Content-Type must be multipart/form-data, with a boundary"
            form.drain()
    except _BrokenOff:
        is_whole = False
    # Of several parts the largest, so that the record shows what the client sent.
    largest = max(form.parts, key=lambda part: part.size, default=_Part("", None, ""))
    return UploadedFile(largest.name or "", largest.type, largest.size, largest.sha256, wrong, is_whole)


def _wrong_with(parts: list[_Part]) -> str:
    """Return the error of a form that could be read, or ""."""
    for part in parts:
        if part.field != FIELD:
            return f"{part.field} is not a field of this request"
    if len(parts) != 1:
        return f"{FIELD} must come once" if parts else f"{FIELD} is missing"
    (part,) = parts
    if part.name is None:
        return f"{FIELD} must be a file with a name"
    if not part.name.strip() or len(part.name.encode("utf-8", "replace")) > 255 or _UNFIT.search(part.name):
        return f"{FIELD} must have a plain name of at most 255 bytes"
    return "" if part.size else f"{FIELD} must not be empty"


class _UploadForm:
    """Parser of one body, with the parts received so far; the last may be incomplete."""

    def __init__(self, stream: BufferedIOBase, length: int, boundary: bytes) -> None:
        self._stream, self._left = stream, length
        self._delimiter = b"\r\n--" + boundary
        self._buffer = b"\r\n"  # so that the first boundary looks like the others
        self.parts: list[_Part] = []

    def read(self) -> str:
        """Read the form to its end, and return its error, or ""."""
        try:
            self._read_parts()
        except _Malformed as error:
            self.drain()
            return str(error)
        return _wrong_with(self.parts)

    def drain(self) -> None:
        """Skip the rest of the body."""
        while self._left:
            self._buffer = b""
            self._fill()

    def _read_parts(self) -> None:
        if any(self._until(self._delimiter)):
            raise _Malformed("the body must begin with its boundary")
        while (mark := self._exactly(2)) == b"\r\n":
            self._read_part()
        if mark != b"--":
            raise _Malformed("a boundary must be followed by a line break or --")
        if self._exactly(3) not in (b"", b"\r\n"):
            raise _Malformed("nothing may follow the last boundary")

    def _read_part(self) -> None:
        head = b""
        for block in self._until(b"\r\n\r\n"):
            head += block
            if len(head) > _MOST_HEADERS:
                raise _Malformed("the headers of a part are too long")
        part = _described(head)
        self.parts.append(part)
        digest = hashlib.sha256()
        try:
            for block in self._until(self._delimiter):
                digest.update(block)
                part.size += len(block)
        finally:
            part.sha256 = digest.hexdigest()

    def _until(self, mark: bytes) -> Iterator[bytes]:
        """Yield the bytes before the mark, block by block, and skip the mark."""
        kept = len(mark) - 1  # the mark may be split between two blocks
        while (place := self._buffer.find(mark)) < 0:
            ready, self._buffer = self._buffer[:-kept], self._buffer[-kept:]
            if ready:
                yield ready
            if not self._left:
                raise _Malformed("the body ends without its last boundary")
            self._fill()
        ready, self._buffer = self._buffer[:place], self._buffer[place + len(mark) :]
        if ready:
            yield ready

    def _exactly(self, count: int) -> bytes:
        """Return ``count`` bytes, or as many as there are."""
        while len(self._buffer) < count and self._left:
            self._fill()
        ready, self._buffer = self._buffer[:count], self._buffer[count:]
        return ready

    def _fill(self) -> None:
        block = self._stream.read(min(self._left, _BLOCK))
        if not block:
            raise _BrokenOff
        self._left -= len(block)
        self._buffer += block


def _described(head: bytes) -> _Part:
    try:
        lines = head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        raise _Malformed("the headers of a part must be UTF-8") from None
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    match = _DISPOSITION.fullmatch(headers.get("content-disposition", ""))
    if match is None:
        raise _Malformed("each part must have a Content-Disposition of form-data")
    parameters = {name: quoted or bare for name, quoted, bare in _PARAMETER.findall(match[1])}
    if parameters.keys() - {"name", "filename"} or "name" not in parameters:
        raise _Malformed("a Content-Disposition must have a name, and may have a filename")
    name = parameters.get("filename")
    if name is not None:
        name = re.sub("%22|%0D|%0A", lambda escape: _ESCAPES[escape[0]], name)
    return _Part(parameters["name"], name, headers.get("content-type", "text/plain"))
