"""Read the zip package of a workbook.

Input: a file. Output: its parts as counted chunks and XML events. The package's statements about itself are not
trusted: unpacked bytes are counted as they are unpacked. XML with a document type is refused, because entity bombs and
external entities need one. No part is held in memory whole.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO
from xml.parsers import expat

from importer.errors import UnreadableFile
from importer.messages import Cell, Message, Part, say
from importer.reading.limits import Deadline, Limits

CHUNK = 1 << 18
_FIRST_CHUNK = 1 << 13  # bytes of a part: enough if only the headings are read
RATIO_FROM = 64 * 1024**2
"""Number of unpacked bytes of a part from which its ratio of unpacked to packed size is checked."""

PACKINGS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
MOST_DIRECTORY_BYTES = 16 * 1024**2
MOST_SHEETS = 10_000
MOST_FORMATS = 100_000
"""Maximum number of cell formats; spreadsheet programs allow some 65,000."""

MOST_TOKEN_BYTES = 16 * 1024**2
MOST_DEPTH = 200


class Package:
    """The parts of a zip file, by name in any case and with either kind of slash."""

    def __init__(self, file: IO[bytes], limits: Limits, deadline: Deadline) -> None:
        """Open the package; raise UnreadableFile if it is damaged or its directory is larger than any workbook's."""
        self.limits = limits
        self.deadline = deadline
        self._inflated: dict[str, int] = {}
        _check_directory(file)
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, struct.error, NotImplementedError) as exc:
            raise UnreadableFile(say("workbook.unfinished", error=str(exc))) from exc
        self._names = {_plain(name): name for name in self._zip.namelist()}

    def __contains__(self, name: str) -> bool:
        return _plain(name) in self._names

    def names(self) -> list[str]:
        """Return the names of all parts, in small letters with forward slashes."""
        return list(self._names)

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the part called ``name`` in pieces, counted against the limits."""
        entry = self._names[_plain(name)]
        info = self._zip.getinfo(entry)
        if info.compress_type not in PACKINGS:  # zipfile inflates bzip2 and LZMA without bound
            raise _packed_otherwise(entry, say("workbook.method", number=str(info.compress_type)))
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
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, struct.error) as exc:
            raise UnreadableFile(say("workbook.not-unpacked", part=Cell(entry), error=str(exc))) from exc
        except NotImplementedError as exc:
            raise _packed_otherwise(entry, str(exc)) from exc
        except RuntimeError as exc:  # zipfile raises it for a part with a password
            raise UnreadableFile(say("workbook.part-locked", part=Cell(entry))) from exc

    def read(self, name: str, most: int = 64 * 1024**2) -> bytes:
        """Return the whole of a part that is small by nature; raise UnreadableFile above ``most`` bytes."""
        pieces: list[bytes] = []
        size = 0
        for chunk in self.chunks(name):
            pieces.append(chunk)
            size += len(chunk)
            if size > most:
                raise UnreadableFile(say("workbook.part-too-large", part=Cell(name)))
        return b"".join(pieces)

    def _check(self, entry: str, size: int, packed: int, others: int) -> None:
        self.deadline.check()
        if size + others > self.limits.unpacked_bytes:
            raise self.limits.refuse("unpacked_bytes", say("limit.unpacked"))
        if size > RATIO_FROM and size / packed > self.limits.ratio:
            raise self.limits.refuse("ratio", say("limit.ratio", part=Cell(entry), times=round(size / packed)))


def bound(count: int, most: int, what: str) -> None:
    """Raise UnreadableFile if a count exceeds ``most``, a number that no real workbook exceeds."""
    if count > most:
        raise too_many(most, say(f"many.{what}"))


def too_many(most: int, what: Message) -> UnreadableFile:
    """Return the error to raise if a count exceeds ``most``, a number that no real workbook exceeds."""
    return UnreadableFile(say("workbook.too-many", most=most, what=what))


def whole(text: str | None) -> int:
    """Return the whole number in an attribute, 0 if it is missing or not a number of at most 9 digits."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


def _packed_otherwise(entry: str, how: Part) -> UnreadableFile:
    return UnreadableFile(say("workbook.packed-otherwise", part=Cell(entry), how=how))


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _check_directory(file: IO[bytes]) -> None:
    """Refuse a directory so large that merely listing it would fill the memory."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    length = struct.unpack_from("<L", tail, at + 12)[0] if 0 <= at <= len(tail) - 22 else 0
    if length == 0xFFFFFFFF:
        at = tail.rfind(b"PK\x06\x06")
        length = struct.unpack_from("<Q", tail, at + 40)[0] if 0 <= at <= len(tail) - 56 else 0
    if length > MOST_DIRECTORY_BYTES:
        raise UnreadableFile(say("workbook.too-many-parts"))


class Events:
    """XML parser for one part, fed with chunks.

    It calls ``start(tag, attributes)`` and ``end(tag)``, with tags without namespace prefix. ``texts`` collects pieces
    of character data; the handlers empty it. ``encoding`` is the name in the XML declaration, in small letters, or "".
    """

    def __init__(self, what: Message, limits: Limits) -> None:
        self.what = what
        self.limits = limits
        self.texts: list[str] = []
        self._fed = self._parsed = 0
        self._parser = expat.ParserCreate()
        # Newer versions of expat defer an incomplete tag until twice as much is there, against tags without end.
        # ``feed`` limits such tags itself, and for that needs the parser's true position.
        if hasattr(self._parser, "SetReparseDeferralEnabled"):
            self._parser.SetReparseDeferralEnabled(False)  # noqa: FBT003 - its one parameter
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.CharacterDataHandler = self.texts.append
        self._parser.XmlDeclHandler = self._declared
        self.encoding = ""

    def handle(self, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None]) -> None:
        """Set the handlers for the start and end of elements, with the depth checked."""
        depth = 0

        def enter(tag: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > MOST_DEPTH:
                raise self.too_deep()
            start(tag.rpartition(":")[2], attributes)

        def leave(tag: str) -> None:
            nonlocal depth
            depth -= 1
            end(tag.rpartition(":")[2])

        self._parser.StartElementHandler = enter
        self._parser.EndElementHandler = leave

    def handle_fast(self, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None]) -> None:
        """Set the handlers without a wrapper around each, for speed; they must check the depth (see ``too_deep``)."""

        def root(tag: str, attributes: dict[str, str]) -> None:
            if ":" in tag:
                self.handle(start, end)
            else:
                self._parser.StartElementHandler = start
                self._parser.EndElementHandler = end
            start(tag.rpartition(":")[2], attributes)

        self._parser.StartElementHandler = root

    def too_deep(self) -> UnreadableFile:
        """Return the error to raise if elements are nested deeper than MOST_DEPTH."""
        return UnreadableFile(say("workbook.too-deep", what=self.what))

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        """Parse the next piece."""
        try:
            self._parser.Parse(chunk, last)
        except (expat.ExpatError, LookupError, UnicodeError) as exc:  # the latter two: an unknown encoding
            raise UnreadableFile(say("workbook.no-xml", what=self.what, error=str(exc))) from exc
        self._fed += len(chunk)
        self._parsed = max(self._parsed, self._parser.CurrentByteIndex)  # -1 while expat waits for more of a token
        if self._fed - self._parsed > MOST_TOKEN_BYTES + len(chunk):
            raise UnreadableFile(say("workbook.tag-without-end", what=self.what))
        if len(self.texts) > 16 and sum(map(len, self.texts)) > self.limits.cell_characters:
            raise self.limits.refuse("cell_characters", say("limit.cell", what=self.what))

    def all(self, chunks: Iterator[bytes]) -> None:
        """Parse all chunks of the part."""
        for chunk in chunks:
            self.feed(chunk)
        self.feed(b"", last=True)

    def _declared(self, _: str, encoding: str | None, __: int) -> None:
        self.encoding = (encoding or "").lower()

    def _refuse(self, *_: object) -> None:
        raise UnreadableFile(say("workbook.document-type", what=self.what))
