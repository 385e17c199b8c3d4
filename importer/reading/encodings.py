"""Finds out how a text file's characters are encoded: bytes in, a codec and a remark out.

A byte order mark decides; else what is valid UTF-8 to the last byte is UTF-8; else the likeliest of the old encodings
is taken, and said. Only a bounded sample is weighed, but the choice must decode the whole file.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import chardet

from importer.errors import UnreadableFile, by_name
from importer.reading.limits import Deadline

CHUNK = 1 << 20
SAMPLE = 1 << 16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32 LE"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32 BE"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16 LE"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16 BE"),
)
_ALIASES = {"ansi": "cp1252", "windows": "cp1252", "mac": "mac_roman", "macintosh": "mac_roman", "unicode": "utf-16"}
_WESTERN = ["cp1252", "iso8859-15", "mac-roman", "cp850", "cp437"]
_OLD = [
    *_WESTERN, "iso8859-1", "cp932", "shift_jis_2004", "euc_jis_2004", "gb18030", "big5hkscs", "cp949", "euc_kr",
    "cp1250", "iso8859-2", "cp852", "mac-latin2", "cp1251", "iso8859-5", "koi8-r", "mac-cyrillic", "cp866", "cp855",
    "cp1253", "iso8859-7", "cp1254", "iso8859-9", "cp1255", "cp1256", "cp1257", "cp1258", "cp874",
]  # fmt: skip
"""Encodings that spreadsheet programs and CRMs have written; in fewer of them a short text is found more surely."""

_WIDER = {"iso8859-1": "cp1252", "iso8859-9": "cp1254", "euc_kr": "cp949", "shift_jis_2004": "cp932"}
"""What programs write where they speak of the narrower one."""

_WESTERN_LETTERS = frozenset("àâäæçéèêëîïôœöùûüñáíóúßãõåøÀÂÄÇÉÈÊÎÔÖÙÛÜÑÁÍÓÚÃÕÅØÆìòÌÒËÏŒ€£©®°§«»¿¡´’‘“”„–—…·•™\xa0")
_TITLES = {
    "cp1252": "Windows-1252", "cp932": "Shift-JIS", "latin-1": "Latin-1", "mac-roman": "Mac Roman",
}  # fmt: skip
_SURE = 0.055
"""The detector's confidence from which on accents are believed to be those of another part of Europe."""


@dataclass(frozen=True)
class Encoding:
    """How to decode a file.

    Attributes:
        codec: Python's name of it.
        title: the name that a person is told.
        errors: ``strict`` where the whole file is known to decode, else ``replace``: the damage is a flaw of its cell.
        remark: a sentence where it was guessed, else None.
    """

    codec: str
    title: str
    errors: str = "strict"
    remark: str | None = None


def named(name: str, file: IO[bytes], deadline: Deadline) -> Encoding:
    """The encoding that a person asked for; raises UnreadableFile where there is none of that name."""
    try:
        codec = codecs.lookup(_ALIASES.get(name.strip().lower(), name.strip()))
        "".encode(codec.name)
    except (LookupError, UnicodeError, ValueError) as exc:
        raise UnreadableFile(
            f"There is no encoding called {name!r}. Common ones: utf-8, utf-16, cp1252 (Windows), mac_roman, shift_jis."
        ) from exc
    chosen = codec.name
    if chosen == "utf-8-sig":
        chosen = "utf-8"
    if chosen in {"utf-16", "utf-32"}:
        head = _head(file)
        marked = [codec for mark, codec, _ in _MARKS if head.startswith(mark) and codec.startswith(chosen)]
        chosen = marked[0] if marked else f"{chosen}-le"
    return Encoding(chosen, codec.name, _errors(file, chosen, deadline))


def detect(file: IO[bytes], deadline: Deadline) -> Encoding:
    """The file's encoding by its content."""
    head = _head(file)
    for mark, codec, title in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, title, _errors(file, codec, deadline))
    wide = _wide(head)
    if wide and decodes(file, wide, deadline, whole=False):
        title = next(title for _, codec, title in _MARKS if codec == wide)
        remark = f"The file doesn't say how its characters are encoded; it was read as {title}."
        return Encoding(wide, title, _errors(file, wide, deadline), remark)
    if decodes(file, "utf-8", deadline):
        return Encoding("utf-8", "UTF-8")
    sample = _sample(file)
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    if sum(ord(sign) > 127 for sign in text) - bad > 10 * bad:
        remark = (
            "The file is encoded in UTF-8, but some of its characters are damaged; the rows they are in are problems."
        )
        return Encoding("utf-8", "UTF-8", "replace", remark)
    return _guess(file, sample, deadline)


def decodes(file: IO[bytes], codec: str, deadline: Deadline, *, whole: bool = True) -> bool:
    """Whether the whole file is valid in an encoding, or all but half a character at its end; a megabyte at a time."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    file.seek(0)
    try:
        while chunk := file.read(CHUNK):
            decoder.decode(chunk)
            deadline.check()
        decoder.decode(b"", final=whole)
    except (UnicodeError, ValueError):
        return False
    return True


def _errors(file: IO[bytes], codec: str, deadline: Deadline) -> str:
    """What is done with bytes that the encoding doesn't know: see :class:`Encoding`."""
    return "strict" if decodes(file, codec, deadline) else "replace"


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(SAMPLE)


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark has its zeros all in even places, or all in odd ones."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) < max(2, len(head) // 50) or min(even, odd) * 10 > max(even, odd):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _sample(file: IO[bytes]) -> bytes:
    """The first lines that hold bytes beyond ASCII, at most 64 KiB of them, wherever in the file they are."""
    pieces: list[bytes] = []
    size = 0
    file.seek(0)
    for line in _foreign_lines(file):
        pieces.append(line)
        size += len(line)
        if size > SAMPLE:
            break
    return b"\n".join(pieces)


def _foreign_lines(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        if chunk.isascii():
            continue
        for line in re.split(rb"[\r\n]+", chunk):
            if not line.isascii():
                yield line[:4096] if not line[:4096].isascii() else line[:SAMPLE]


def _guess(file: IO[bytes], sample: bytes, deadline: Deadline) -> Encoding:
    """The likeliest old encoding that decodes all of the file; Latin-1 decodes anything."""
    found = chardet.detect(sample, include_encodings=_OLD, compat_names=False)
    guess = _WIDER.get(found["encoding"] or "", found["encoding"] or "cp1252")
    western = [codec for codec in _WESTERN if _reads_western(sample, codec)]
    is_sure = guess in _WESTERN or (found["confidence"] >= _SURE and not _mixes_alphabets(sample, guess))
    for codec in [*([] if is_sure else western), guess, "cp1252", "latin-1"]:
        if decodes(file, codec, deadline):
            shown = _TITLES.get(codec, codec)
            remark = (
                f"The file doesn't say how its characters are encoded; {shown} was taken as the likeliest. "
                f"If names with accents look wrong, say which it is with {by_name('encoding')}."
            )
            return Encoding(codec, shown, remark=remark)
    raise UnreadableFile("The characters of the file can't be decoded. Save it again as CSV UTF-8.")


def _reads_western(sample: bytes, codec: str) -> bool:
    """Whether the sample reads as a Western European language: known letters, mostly among plain ones.

    Cyrillic or Japanese read in a Western encoding are whole words of accented letters.
    """
    try:
        text = sample.decode(codec)
    except UnicodeError:
        return False
    runs = re.findall(r"[^\x00-\x7f]+", text)
    foreign = sum(map(len, runs))
    known = sum(sign in _WESTERN_LETTERS for run in runs for sign in run)
    return bool(foreign) and known >= 0.95 * foreign and foreign <= 1.6 * len(runs)


def _mixes_alphabets(sample: bytes, codec: str) -> bool:
    """Whether words are half Latin, half Greek, Cyrillic or the like, as accents are when read as letters of these."""
    text = sample.decode(codec, "replace")
    foreign = re.findall(r"[\u0370-\u06ff]+", text)
    mixed = re.findall(r"[A-Za-z][\u0370-\u06ff]+|[\u0370-\u06ff]+[A-Za-z]", text)
    return len(mixed) > len(foreign) / 2
