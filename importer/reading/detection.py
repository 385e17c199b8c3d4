"""Recognise the type of a file by its content, and open the container that it may be.

Input: the file. Output: the module that reads it, or an error that says what the file is instead; whether it is a
results file, and of which run. The ending .xls says little: CRMs give it to HTML tables, CSV and XML.

A container's statements about itself are not trusted. Workbooks are zip packages: bytes are counted as they are
unpacked, and no large part is held in memory whole. Old documents are OLE containers. olefile reads them, and trusts
the sizes that a container states, so these sizes are checked first. As a result, a circular chain of sectors is
followed no further than the file is long.
"""

from __future__ import annotations

import csv
import io
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import IO

import olefile

from importer.errors import UnreadableFile
from importer.messages import Cell, Quoted, say
from importer.reading.opening import Limits, Source, bound, damaged
from importer.resultsfile import AUTHOR, OF_RUN, our_columns

HEAD = 8192
_MOST_OF_RESULTS = 1 << 20  # bytes that are examined to recognise results


_OTHERS = {
    b"%PDF": "pdf",
    b"\x89PNG": "picture",
    b"\xff\xd8\xff": "picture",
    b"\x1f\x8b": "archive",
    b"7z\xbc\xaf": "archive",
    b"Rar!\x1a": "archive",
    b"{\\rtf": "text",
}
"""First bytes of files that people mistake for a spreadsheet, and the kind of file."""

OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MOST_OLE_BYTES = 256 * 1024**2
"""Maximum size of a container. An .xls holds 65,536 rows of 256 columns, and real files are far smaller."""

_SECTOR, _CONTENTS = 512, say("part.contents")
_FAULTS = (OSError, struct.error, ValueError, IndexError, KeyError, AttributeError, TypeError, OverflowError)
"""Exceptions that olefile raises for a damaged container, by design or not."""

_CHUNK = 1 << 18
_FIRST_CHUNK = 1 << 13  # bytes of a part: enough if only the headings are read
RATIO_FROM = 64 * 1024**2
"""Number of unpacked bytes of a part from which its ratio of unpacked to packed size is checked."""

_WORKBOOK = b"PK\x03\x04"
_MOST_DIRECTORY_BYTES = 16 * 1024**2
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # used by spreadsheet programs; others unpack without bound
_PROPERTIES = "docProps/core.xml"
_ZIP_FAULTS = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, struct.error, NotImplementedError)

_ENDINGS_OF_OTHERS = {".doc": "text", ".docx": "text", ".odt": "text", ".rtf": "text", ".pdf": "pdf", ".zip": "archive"}
"""Endings that no export has, whatever the content, and the kind of file."""

_TEXTS_OF_OTHERS = re.compile(
    rb"id;p\w+(;[a-z]\w?)*[\r\n]+[bcfnopuw]{1,2};[a-z]|table\s*[\r\n]+0,1\s*[\r\n]"
    rb'|(\{\s*"[^"]*"\s*:|\[\s*\{\s*")|mime-version:(?s:.)*multipart'
)
"""Beginnings of a SYLK or DIF file, of JSON, and of a web page archive, in small letters."""

_CONTROLS = bytes({*range(32)} - {*b"\t\n\v\f\r\x1b\x1d"})
"""Control characters that no text holds. FileMaker uses \\v and \\x1d within cells, so these are allowed."""

_PAGE = re.compile(rb"<(!doctype html|html|head|body|table|meta|style|div|center|font)\b")
"""First tag of a web page, in small letters."""


def recognise(source: Source) -> tuple[str, Source | Package]:
    """Return the module that reads the file, by its first bytes, and what it reads: the file, or its zip package.

    If a person named the encoding, the file is read as text, whatever its bytes are. Raises UnreadableFile, with the
    kind of file, for everything that isn't a spreadsheet.
    """
    source.file.seek(0)
    head = source.file.read(HEAD)
    if not head:
        raise UnreadableFile(say("reading.empty", file=source.name))
    if head.startswith((_WORKBOOK, b"PK\x05\x06", b"PK\x07\x08")):
        package = Package(source.file, source.limits)
        return _in_package(package, source.name), package
    if head.startswith(OLE_SIGNATURE):
        return _in_ole(source), source
    for signature, kind in _OTHERS.items():
        if head.startswith(signature):
            raise _other(source.name, kind)
    if head[:2] == b"\x09\x08" and head[3:4] == b"\0":
        return "xls", source
    return _in_text(head, source.name, encoded=source.options.encoding is not None), source


def _in_ole(source: Source) -> str:
    """Return the reader of an OLE container; raise UnreadableFile for a locked .xlsx or another program's document."""
    with _container(source.file) as (container, _):  # in small letters, because programs differ in their case
        names = {path[0].lower() for path in container.listdir() if len(path) == 1}
    if "encryptedpackage" in names:
        raise UnreadableFile(say("reading.locked"))
    if names & {"workbook", "book"}:
        return "xls"
    raise _other(source.name, "text" if "worddocument" in names else "document")


def records_of(source: Source) -> bytearray:
    """Return the records of an .xls: those in its OLE container, or the whole of a very old file."""
    source.file.seek(0)
    if not source.file.read(8).startswith(OLE_SIGNATURE):
        source.file.seek(0)
        return bytearray(source.file.read(MOST_OLE_BYTES))
    with _container(source.file) as (container, most):
        for name in ("Workbook", "Book"):
            if container.exists(name):
                bound(container.get_size(name), most, _CONTENTS)
                return bytearray(container.openstream(name).getbuffer())
    raise _other(source.name, "document")


@contextmanager
def _container(file: IO[bytes]) -> Iterator[tuple[olefile.OleFileIO, int]]:
    """Yield the container and the file's size; turn errors of olefile into UnreadableFile."""
    size = file.seek(0, 2)
    bound(size, MOST_OLE_BYTES, _CONTENTS)
    file.seek(0)
    header = file.read(_SECTOR)
    try:
        for offset in (44, 64):  # positions of the numbers of sectors of its two tables
            bound(struct.unpack_from("<L", header, offset)[0] * _SECTOR, size + _SECTOR, _CONTENTS)
        container = olefile.OleFileIO(file)
        bound(container.root.size, size, _CONTENTS)
        yield container, size
    except _FAULTS as exc:
        raise damaged(_CONTENTS, Quoted(str(exc))) from exc


def _other(source: str, kind: str) -> UnreadableFile:
    return UnreadableFile(say("reading.other", file=source, what=say(f"what.{kind}")))


def _in_text(head: bytes, source: str, *, encoded: bool) -> str:
    """Return the reader of a text (CSV, HTML, XML) by its first bytes; raise UnreadableFile for other formats."""
    plain = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if plain.startswith((b"<?xml", b"<workbook")):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in plain:
            return "xmlsheet"
        if b"<html" not in plain:
            raise _other(source, "unknown")
    if (kind := _ENDINGS_OF_OTHERS.get(PurePath(source).suffix.lower())) is not None:
        raise _other(source, kind)
    if _PAGE.match(_first_tag(plain)):
        return "html"
    if _TEXTS_OF_OTHERS.match(plain) or not head.strip(b"\0") or (not encoded and not _is_text(head)):
        raise _other(source, "utf-16" if re.match(rb"\0?(\w\0){4}", head) else "unknown")
    return "text"


def _first_tag(plain: bytes) -> bytes:
    """Return the text without the XML declaration and comments at its beginning."""
    while plain.startswith((b"<!--", b"<?xml")):
        end = b"-->" if plain.startswith(b"<!--") else b">"
        plain = plain.partition(end)[2].lstrip()
    return plain


def _is_text(head: bytes) -> bool:
    """Return whether the bytes can be text: few control characters, or the mark of UTF-16."""
    head = head.rstrip(b"\0\x1a")  # some programs pad the end of their files
    is_wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return is_wide or len(head) - len(head.translate(None, _CONTROLS)) <= 1 + len(head) // 50


def _in_package(package: Package, source: str) -> str:
    """Return the reader of a zip file by its parts; raise UnreadableFile if it isn't a spreadsheet."""
    if "xl/workbook.bin" in package:
        raise _other(source, "xlsb")
    if "mimetype" in package or "content.xml" in package:
        return _open_document(package, source)
    if "xl/workbook.xml" in package or ("[content_types].xml" in package and _is_workbook(package)):
        return "workbook"
    starts = {"word": "text", "ppt": "document", "index": "numbers"}
    kinds = (kind for name in package.names if (kind := starts.get(name.partition("/")[0])))
    raise _other(source, next(kinds, "archive"))


def _is_workbook(package: Package) -> bool:
    types = package.read("[Content_Types].xml")
    return b"spreadsheetml" in types and b"wordprocessingml.document.main" not in types


def _open_document(package: Package, source: str) -> str:
    mimetype = package.read("mimetype", 4096).decode("ascii", "replace") if "mimetype" in package else "spreadsheet"
    if "META-INF/manifest.xml" in package and b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise UnreadableFile(say("reading.locked"))
    if "spreadsheet" not in mimetype or "content.xml" not in package:
        raise _other(source, "document")
    return "opendocument"


class Package:
    """The parts of a zip file, by name in any case and with either kind of slash.

    ``names`` are those of all parts, in small letters with forward slashes.
    """

    def __init__(self, file: IO[bytes], limits: Limits) -> None:
        """Open the package; raise UnreadableFile if it is damaged or its directory is larger than any workbook's."""
        self.limits = limits
        self._inflated: dict[str, int] = {}
        try:
            _check_directory(file)
            self._zip = zipfile.ZipFile(file)
        except _ZIP_FAULTS as exc:
            raise damaged(say("part.parts"), Quoted(str(exc))) from exc
        self.names = {_plain(name): name for name in self._zip.namelist()}

    def __contains__(self, name: str) -> bool:
        return _plain(name) in self.names

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the part called ``name`` in pieces, counted against the limits."""
        entry = self.names[_plain(name)]
        info = self._zip.getinfo(entry)
        if info.compress_type not in _PACKINGS:  # zipfile inflates bzip2 and LZMA without bound
            raise damaged(Cell(entry), Quoted(f"compression {info.compress_type}"))
        packed = max(info.compress_size, 1)
        others = sum(self._inflated.values()) - self._inflated.get(entry, 0)
        size, chunk_size = 0, _FIRST_CHUNK
        try:
            with self._zip.open(entry) as part:
                while chunk := part.read(chunk_size):
                    size, chunk_size = size + len(chunk), min(2 * chunk_size, _CHUNK)
                    self._inflated[entry] = max(size, self._inflated.get(entry, 0))
                    self._check(entry, size, packed, others)
                    yield chunk
        except _ZIP_FAULTS as exc:
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


def _check_directory(file: IO[bytes]) -> None:
    """Raise UnreadableFile if a zip file's directory is larger than a workbook's, because it would fill the memory."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    length = struct.unpack_from("<L", tail, at + 12)[0] if 0 <= at <= len(tail) - 22 else 0
    if length == 0xFFFFFFFF:
        at = tail.rfind(b"PK\x06\x06")
        length = struct.unpack_from("<Q", tail, at + 40)[0] if 0 <= at <= len(tail) - 56 else 0
    bound(length, _MOST_DIRECTORY_BYTES, say("part.parts"))


def is_results(file: IO[bytes]) -> bool:
    """Return whether a file is a results file: a workbook with our author, or a CSV whose last headings are ours."""
    if properties := _properties(file):
        return properties.get("creator") == AUTHOR
    file.seek(0)
    try:
        start = io.TextIOWrapper(io.BytesIO(file.read(_MOST_OF_RESULTS)), encoding="utf-8-sig", newline="")
        headings = next(csv.reader(start), [])
    except (ValueError, csv.Error):  # the file may come from anyone; if it is no text, it isn't ours
        return False
    ours = our_columns(headings)
    return bool(ours) and [*ours.values()] == [*range(len(headings) - len(ours), len(headings))]


def run_of(file: IO[bytes]) -> str:
    """Return the name of the run that a results workbook is of; empty if it names none."""
    text = _properties(file).get("description", "")
    return text.removeprefix(OF_RUN) if text.startswith(OF_RUN) else ""


def _properties(file: IO[bytes]) -> dict[str, str]:
    """Return a workbook's author and description; none if it isn't a workbook, or is damaged."""
    file.seek(0)
    if file.read(len(_WORKBOOK)) != _WORKBOOK:
        return {}
    from importer.reading.elements import events  # noqa: PLC0415 - a text needs no XML parser

    try:
        package = Package(file, Limits())
        content = package.read(_PROPERTIES, _MOST_OF_RESULTS)
        found = events([content], say("part.parts"), package.limits, {"creator", "description"})
        return {element.tag: element.text or "" for _, element in found}
    except Exception:  # noqa: BLE001 - the file may come from anyone; if it is damaged, it isn't ours
        return {}
