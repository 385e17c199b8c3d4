"""Tells what a file is by its content: bytes in, its type out, or a refusal that says what it is instead.

A name ending in .xls says little: CRMs call HTML tables, CSV and XML so.
"""

from __future__ import annotations

import re
from enum import Enum
from pathlib import PurePath
from typing import IO

from importer.errors import UnreadableFile
from importer.reading import ole
from importer.reading.package import Package

HEAD = 8192


class FileType(Enum):
    """What can be read, in the words that a person is told."""

    XLSX = "Excel workbook (.xlsx)"
    XLSM = "Excel workbook with macros (.xlsm)"
    XLS = "Excel 97-2003 workbook (.xls)"
    ODS = "OpenDocument spreadsheet (.ods)"
    XML = "XML spreadsheet 2003"
    HTML = "HTML table"
    CSV = "CSV"


ENDINGS = {
    FileType.XLSX: {".xlsx", ".xltx", ".xlsm"},
    FileType.XLSM: {".xlsm", ".xltm", ".xlsx"},
    FileType.XLS: {".xls", ".xlt"},
    FileType.ODS: {".ods", ".ots"},
    FileType.XML: {".xml"},
    FileType.HTML: {".html", ".htm"},
}
"""Endings that fit a type; text files may be called anything but what stands here."""

_OTHERS = (
    (b"%PDF", "a PDF", "Export the table from where the PDF came from"),
    (b"\x89PNG", "a picture (PNG)", "Export the table itself"),
    (b"\xff\xd8\xff", "a picture (JPEG)", "Export the table itself"),
    (b"GIF8", "a picture (GIF)", "Export the table itself"),
    (b"II*\0", "a picture (TIFF)", "Export the table itself"),
    (b"RIFF", "a picture, sound or video", "Export the table itself"),
    (b"\x1f\x8b", "packed with gzip", "Unpack it"),
    (b"BZh", "packed with bzip2", "Unpack it"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "Unpack it"),
    (b"Rar!", "a RAR archive", "Unpack it"),
    (b"\xfd7zXZ", "packed with xz", "Unpack it"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "Unpack it"),
    (b"SQLite format 3", "a SQLite database", "Export the table as CSV"),
    (b"PAR1", "a Parquet file", "Export the table as CSV"),
    (b"{\\rtf", "a text document (RTF)", "Copy its table into a spreadsheet"),
    (b"MZ", "a program", "Choose the spreadsheet"),
    (b"\x7fELF", "a program", "Choose the spreadsheet"),
    (b"\x09\x00\x04\x00", "a workbook of Excel 2 (1987)", "Open it in LibreOffice"),
    (b"\x09\x02\x06\x00", "a workbook of Excel 3 (1990)", "Open it in LibreOffice"),
    (b"\x09\x04\x06\x00", "a workbook of Excel 4 (1992)", "Open it in LibreOffice"),
    (b"\x00\x00\x02\x00", "a Lotus 1-2-3 worksheet", "Open it in LibreOffice"),
    (b"\x00\x00\x1a\x00", "a Lotus 1-2-3 worksheet", "Open it in LibreOffice"),
)

_TEXTS = {b"%PDF", b"{\\rtf"}
"""Beginnings that stand for another type of file even where all of it is text; the others may be a heading."""

_SYLK = re.compile(rb"id;p\w+(;[a-z]\w?)*[\r\n]+[bcfnopuw]{1,2};[a-z]")
_DIF = re.compile(rb"table\s*[\r\n]+0,1\s*[\r\n]")
_CONTROLS = bytes({*range(32)} - {*b"\t\n\v\f\r\x1b\x1d"})
"""What no text holds; FileMaker breaks lines within cells by \\v and repeats fields by \\x1d."""

_PAGE = re.compile(rb"<(!doctype html|html|head|body|table|meta|style|div|center|font)\b")
"""How web pages begin, in small letters."""


def refuse_by_name(path: str) -> None:
    """Refuse files that are known by name not to be the spreadsheet itself."""
    name = PurePath(path).name
    if name.startswith(("~$", ".~lock.")):
        meant = name.removeprefix("~$").removeprefix(".~lock.").removesuffix("#")
        raise UnreadableFile(
            f"{path} is not the spreadsheet but a lock that a spreadsheet program leaves while it has it open. "
            f"Import {meant!r} instead."
        )
    if name.lower().endswith((".gsheet", ".url", ".webloc", ".lnk")):
        raise UnreadableFile(
            f"{path} is only a link to a spreadsheet elsewhere. Open it, choose File > Download > Microsoft Excel "
            "(.xlsx) or CSV, and import the file that this gives."
        )


def recognise(file: IO[bytes], source: str, *, encoded: bool) -> FileType | None:
    """What the file is by its first bytes, or None for a zip package, which only its parts tell (``in_package``).

    ``encoded`` says that a person named the encoding, so that it is text however strange it looks.
    Raises UnreadableFile, saying what the file is, for everything that isn't a spreadsheet.
    """
    file.seek(0)
    head = file.read(HEAD)
    if not head:
        raise UnreadableFile(f"{source} is empty (0 bytes). Export or download it again.")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return None
    if head.startswith(ole.SIGNATURE):
        return _in_ole(file, source)
    if not head.strip(b"\0"):
        raise UnreadableFile(f"{source} holds only zeros where a table should begin. Download or copy it again.")
    for start, what, then in _OTHERS:
        if head.startswith(start) and (start in _TEXTS or _controls(head)):
            raise UnreadableFile(f"{source} is {what}, not a spreadsheet. {then} and save it as .xlsx or .csv.")
    if head[:2] == b"\x09\x08" and head[3:4] == b"\0":
        return FileType.XLS
    return _in_text(head, source, encoded=encoded)


def _in_ole(file: IO[bytes], source: str) -> FileType:
    """An OLE container: an .xls, or an .xlsx locked with a password, or a document of another program."""
    names = ole.stream_names(file)
    if "encryptedpackage" in names:
        raise UnreadableFile(
            f"{source} is locked with a password. Open it, remove the password (File > Info > Protect Workbook > "
            "Encrypt with Password: leave it blank), save it and import it again."
        )
    if names & {"workbook", "book"}:
        return FileType.XLS
    for stream, what in (("worddocument", "a Word document"), ("powerpoint document", "a PowerPoint presentation")):
        if stream in names:
            raise UnreadableFile(
                f"{source} is {what}, not a spreadsheet. Copy its table into one and save it as .xlsx."
            )
    raise UnreadableFile(f"{source} is a document of another program or a damaged .xls. Save it again as .xlsx.")


def stream(file: IO[bytes], source: str) -> bytearray:
    """The records of an .xls: mostly in a container, in very old ones the file itself."""
    file.seek(0)
    if not file.read(8).startswith(ole.SIGNATURE):
        file.seek(0)
        return bytearray(file.read(ole.MOST_BYTES))
    found = ole.read_stream(file, "Workbook", "Book")
    if found is None:
        raise UnreadableFile(f"{source} is damaged: the container holds no workbook. Save it again as .xlsx.")
    return found


def _in_text(head: bytes, source: str, *, encoded: bool) -> FileType:
    """CSV, HTML or XML; UTF-16 is looked at without its zeros."""
    plain = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if plain.startswith((b"<?xml", b"<workbook")):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in plain:
            return FileType.XML
        if b"<html" not in plain:
            raise UnreadableFile(f"{source} is an XML file that isn't a spreadsheet. Export it as .xlsx or .csv.")
    if _PAGE.match(_first_tag(plain)):
        return FileType.HTML
    if plain.startswith(b"mime-version:") and b"multipart" in plain:
        raise UnreadableFile(
            f"{source} is a web page archive (MHTML) whatever its name says. Open it in Excel and save it as .xlsx."
        )
    for pattern, what in ((_SYLK, "a SYLK file (.slk)"), (_DIF, "a DIF file")):
        if pattern.match(plain):
            raise UnreadableFile(f"{source} is {what}. Open it in a spreadsheet program and save it as .xlsx.")
    if re.match(rb'(\{\s*"[^"]*"\s*:|\[\s*\{\s*")', plain):
        raise UnreadableFile(f"{source} holds JSON, not a table. Export it as .xlsx or .csv.")
    if not encoded and not _is_text(head):
        raise UnreadableFile(f"{source} is no spreadsheet in a form that is known here. Save it as .xlsx or .csv.")
    return FileType.CSV


def _first_tag(plain: bytes) -> bytes:
    """The text without the XML declaration and the comments that it begins with."""
    while plain.startswith((b"<!--", b"<?xml")):
        end = b"-->" if plain.startswith(b"<!--") else b">"
        plain = plain.partition(end)[2].lstrip()
    return plain


def _is_text(head: bytes) -> bool:
    """Whether the bytes can be text: few control characters, save in UTF-16, which is full of them."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    head = head.rstrip(b"\0\x1a")  # some programs fill up the end of their files
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if even + odd > len(head) // 50:
        return min(even, odd) * 10 <= max(even, odd)
    return _controls(head) - even - odd <= 1 + len(head) // 50


def _controls(head: bytes) -> int:
    """How many control characters there are that no text holds, zeros included."""
    return len(head) - len(head.translate(None, _CONTROLS))


def in_package(package: Package, source: str) -> FileType:
    """What a zip file is, by its parts; raises UnreadableFile where it is no spreadsheet."""
    if "xl/workbook.bin" in package:
        raise UnreadableFile(
            f"{source} is an Excel binary workbook (.xlsb), which isn't read here. Open it in Excel, save it as .xlsx "
            "and import that."
        )
    if "mimetype" in package or "content.xml" in package:
        return _open_document(package, source)
    if "xl/workbook.xml" in package or ("[content_types].xml" in package and _is_workbook(package)):
        return FileType.XLSM if "xl/vbaproject.bin" in package else FileType.XLSX
    names = package.names()
    if any(name.startswith("word/") for name in names):
        raise UnreadableFile(f"{source} is a Word document, not a spreadsheet. Copy its table into one and save that.")
    if any(name.startswith("ppt/") for name in names):
        raise UnreadableFile(f"{source} is a PowerPoint presentation, not a spreadsheet.")
    if any(name.endswith(".iwa") for name in names):
        raise UnreadableFile(
            f"{source} is an Apple Numbers document. Open it in Numbers, choose File > Export To > Excel, import that."
        )
    if not names:
        raise UnreadableFile(f"{source} is an empty zip file. Export or download the spreadsheet again.")
    inside = ", ".join(names[:3])
    raise UnreadableFile(
        f"{source} is a zip file ({inside}…), not a spreadsheet. Unpack it and import the file within."
    )


def _is_workbook(package: Package) -> bool:
    types = package.read("[Content_Types].xml")
    return b"spreadsheetml" in types and b"wordprocessingml.document.main" not in types


def _open_document(package: Package, source: str) -> FileType:
    form = package.read("mimetype", 4096).decode("ascii", "replace") if "mimetype" in package else "spreadsheet"
    if "META-INF/manifest.xml" in package and b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise UnreadableFile(f"{source} is locked with a password. Open it, save it without one, and import it again.")
    if "spreadsheet" not in form or "content.xml" not in package:
        raise UnreadableFile(f"{source} is a document of another type ({form.strip()[:80]}), not a spreadsheet.")
    return FileType.ODS


def other_than_named(file_type: FileType, source: str) -> str | None:
    """A remark where the file's name says something else than its content, else None."""
    ending = PurePath(source).suffix.lower()
    known = {known for endings in ENDINGS.values() for known in endings}
    if file_type in ENDINGS and ending and ending not in ENDINGS[file_type]:
        return f"The name ends in {ending}, but the file is: {file_type.value}. It was read as that."
    if file_type is FileType.CSV and ending in known:
        return f"The name ends in {ending}, but the file holds plain text. It was read as CSV."
    return None
