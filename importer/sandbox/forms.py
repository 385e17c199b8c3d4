"""A file that comes as ``multipart/form-data``: read block by block, so that no file is ever held whole.

Comes in: the stream of a request's body, how long it is, and its Content-Type. Goes out: an `UploadedFile`: what came
of the file, and what is wrong with the form, if anything is.

The form is that of RFC 7578, strictly: nothing before the first boundary or after the last, names as browsers write
them (UTF-8, with ``%22``, ``%0D`` and ``%0A`` for the three signs that can't stand there).
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
    """What came of a file.

    ``size`` is in bytes and ``sha256`` in hexadecimal, of what came: only ``is_whole`` tells whether that was all.
    ``wrong`` says what is wrong with the form, empty if nothing is.
    """

    name: str = ""
    type: str = ""
    size: int = 0
    sha256: str = ""
    wrong: str = ""
    is_whole: bool = True

    @property
    def record(self) -> dict[str, object]:
        """What stands in the record in place of a body."""
        return {FIELD: {"name": self.name, "type": self.type, "size": self.size, "sha256": self.sha256}}


class _Malformed(Exception):
    """The body is no form as it should be; says why."""


class _BrokenOff(Exception):
    """The client has gone before the end of the body."""


@dataclass(slots=True)
class _Part:
    """One field of the form, as far as it has come."""

    field: str
    name: str | None
    type: str
    size: int = 0
    sha256: str = ""


def read_upload(stream: BufferedIOBase, length: int, headers: Message) -> UploadedFile:
    """Read the body, all of it whatever it holds: what is left unread would be taken for the next request."""
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
    # Of several, the largest: whatever left the client ought to be seen.
    found = max(form.parts, key=lambda part: part.size, default=_Part("", None, ""))
    return UploadedFile(found.name or "", found.type, found.size, found.sha256, wrong, is_whole)


def _wrong_with(parts: list[_Part]) -> str:
    """What is wrong with a form that could be read; empty if nothing is."""
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
    """One body, and the parts that came of it; of the last perhaps not all."""

    def __init__(self, stream: BufferedIOBase, length: int, boundary: bytes) -> None:
        self._stream, self._left = stream, length
        self._delimiter = b"\r\n--" + boundary
        self._buffer = b"\r\n"  # so that the first boundary is like the others
        self.parts: list[_Part] = []

    def read(self) -> str:
        """Read it to its end, and say what is wrong with it; empty if nothing is."""
        try:
            self._read_parts()
        except _Malformed as error:
            self.drain()
            return str(error)
        return _wrong_with(self.parts)

    def drain(self) -> None:
        """Pass over what is left."""
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
        """What comes before the mark, block by block; the mark itself is passed over."""
        kept = len(mark) - 1  # it may be cut in two
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
        """So many bytes, or as many as there are."""
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
    """A part, by its headers."""
    try:
        lines = head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        raise _Malformed("the headers of a part must be UTF-8") from None
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    found = _DISPOSITION.fullmatch(headers.get("content-disposition", ""))
    if found is None:
        raise _Malformed("each part must have a Content-Disposition of form-data")
    given = {name: quoted or bare for name, quoted, bare in _PARAMETER.findall(found[1])}
    if given.keys() - {"name", "filename"} or "name" not in given:
        raise _Malformed("a Content-Disposition must have a name, and may have a filename")
    name = given.get("filename")
    if name is not None:
        name = re.sub("%22|%0D|%0A", lambda escape: _ESCAPES[escape[0]], name)
    return _Part(given["name"], name, headers.get("content-type", "text/plain"))
