"""Read a file that arrives as ``multipart/form-data``.

Input: a request's body, its length and its Content-Type. Output: facts about the file, and the form's error, if any.
"""

import hashlib
import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from io import BufferedIOBase
from typing import Any

FIELD = "file"
_UNFIT = re.compile(r"[\x00-\x1f\x7f/\\]")


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """Facts about an uploaded file, of the bytes received, which are all only if it ``is_whole``."""

    name: str = ""
    type: str = ""
    size: int = 0
    sha256: str = ""
    wrong: str = ""  # an error of the form
    is_whole: bool = True

    @property
    def record(self) -> dict[str, object]:
        return {FIELD: {"name": self.name, "type": self.type, "size": self.size, "sha256": self.sha256}}


def read_upload(stream: BufferedIOBase, length: int, headers: Message) -> UploadedFile:
    """Read the whole body, even if it is invalid, because unread bytes would be taken for the next request."""
    body = stream.read(length)
    head = f"Content-Type: {headers.get('content-type', '')}\r\n\r\n".encode("latin-1")
    form = BytesParser().parsebytes(head + body)
    parts: list[Message] = [part for part in form.walk() if part is not form]
    # Of several parts the largest, so that the record shows what the client sent.
    contents: dict[Message, Any] = {part: part.get_payload(decode=True) or b"" for part in parts}
    largest = max(contents, key=lambda part: len(contents[part]), default=Message())
    content, name = contents.get(largest, b""), _parameter(largest, "filename")
    wrong = ""
    if form.preamble or form.epilogue or form.defects or [_parameter(part, "name") for part in parts] != [FIELD]:
        wrong = f"{FIELD} must come once in a valid form, and nothing beside it"
    elif not name.strip() or _UNFIT.search(name):
        wrong = f"{FIELD} must be a file with a plain name"
    elif not content:
        wrong = f"{FIELD} must not be empty"
    digest = hashlib.sha256(content).hexdigest()
    return UploadedFile(name, largest.get_content_type(), len(content), digest, wrong, len(body) == length)


def _parameter(part: Message, name: str) -> str:
    """Return a parameter of the part's header, which is in UTF-8, with escapes for quotation marks."""
    text = part.get_param(name, "", header="content-disposition")
    text = str(text).encode("ascii", "surrogateescape").decode("utf-8", "replace")
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
