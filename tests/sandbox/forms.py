"""Read a file that arrives as ``multipart/form-data``.

Input: the stream of a request's body, its length and its Content-Type. Output: an `UploadedFile`: facts about the file,
and the error of the form, if any. The form must follow RFC 7578 strictly: nothing before the first boundary or after
the last, and names as browsers write them (UTF-8, with ``%22``, ``%0D`` and ``%0A`` for the three characters not
allowed).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from email.message import Message
from io import BufferedIOBase

FIELD = "file"
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


@dataclass(frozen=True, slots=True)
class _Part:
    """One field of the form, as far as it was received."""

    field: str
    name: str | None
    type: str
    content: bytes


def read_upload(stream: BufferedIOBase, length: int, headers: Message) -> UploadedFile:
    """Read the whole body, even if it is invalid, because unread bytes would be taken for the next request."""
    body = stream.read(length)
    boundary = headers.get_boundary() if headers.get_content_type() == "multipart/form-data" else None
    before, *pieces = (b"\r\n" + body).split(b"\r\n--" + (boundary or "\0").encode("latin-1", "replace"))
    parts = [_part(piece) for piece in pieces if b"\r\n\r\n" in piece]
    known = [part for part in parts if part is not None]
    is_form = not before and pieces[-1:] in ([b"--"], [b"--\r\n"]) and all(p[:2] == b"\r\n" for p in pieces[:-1])
    wrong = _wrong_with(known) if is_form and len(known) == len(pieces) - 1 else "the body is not a valid form"
    # Of several parts the largest, so that the record shows what the client sent.
    largest = max(known, key=lambda part: len(part.content), default=_Part("", None, "", b""))
    digest = hashlib.sha256(largest.content).hexdigest()
    size, is_whole = len(largest.content), len(body) == length
    return UploadedFile(largest.name or "", largest.type, size, digest, wrong, is_whole)


def _wrong_with(parts: list[_Part]) -> str:
    """Return the error of a form that could be read, or ""."""
    if [part.field for part in parts] != [FIELD]:
        return f"{FIELD} must come once, and nothing beside it"
    (part,) = parts
    if part.name is None or not part.name.strip() or _UNFIT.search(part.name):
        return f"{FIELD} must be a file with a plain name"
    return "" if part.content else f"{FIELD} must not be empty"


def _part(piece: bytes) -> _Part | None:
    """Return a field from its headers and content, or None if they are not valid."""
    head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    try:
        lines = head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        return None
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    match = _DISPOSITION.fullmatch(headers.get("content-disposition", ""))
    parameters = {name: quoted or bare for name, quoted, bare in _PARAMETER.findall(match[1])} if match else {}
    if parameters.keys() - {"name", "filename"} or "name" not in parameters:
        return None
    name = parameters.get("filename")
    if name is not None:
        name = re.sub("%22|%0D|%0A", lambda escape: _ESCAPES[escape[0]], name)
    return _Part(parameters["name"], name, headers.get("content-type", "text/plain"), content)
