"""Finds out how a text file's characters are encoded: bytes in, a codec and a remark out.

A byte order mark decides, even if a person named another encoding. Then their word counts. Else what is valid UTF-8 to
the last byte is UTF-8. Else the words of a bounded sample are judged in each of the old encodings that decode the whole
file. If one of them alone spells them well, it is taken, and that is said; if several do, or none, a person is asked.
"""

from __future__ import annotations

import codecs
import contextlib
import itertools
import locale
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from importer.errors import UnclearColumns, UnreadableFile
from importer.messages import Cell, Message, say
from importer.models import PossibleAnswer, Question
from importer.reading import spelling
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
MIXED = "utf-8+cp1252"
"""Two files that were put into one: UTF-8 where that is valid, Windows-1252 elsewhere."""

_CANDIDATES = {
    "cp1252": ("Windows-1252", "western"), "iso8859-15": ("Latin-9", "western"), "mac-roman": ("Mac Roman", "western"),
    "cp850": ("DOS 850", "western"), "cp1250": ("Windows-1250", "central"), "iso8859-2": ("Latin-2", "central"),
    "cp1254": ("Windows-1254", "turkish"), "cp1257": ("Windows-1257", "baltic"), "cp1251": ("Windows-1251", "cyrillic"),
    "koi8-r": ("KOI8-R", "cyrillic"), "cp866": ("DOS 866", "cyrillic"), "iso8859-5": ("ISO 8859-5", "cyrillic"),
    "mac-cyrillic": ("Mac Cyrillic", "cyrillic"), "cp1253": ("Windows-1253", "greek"),
    "cp1255": ("Windows-1255", "hebrew"), "cp1256": ("Windows-1256", "arabic"), "cp874": ("Windows-874", "thai"),
    "cp1258": ("Windows-1258", "vietnamese"), "cp932": ("Shift-JIS", "japanese"),
    "euc_jis_2004": ("EUC-JP", "japanese"),
    "gb18030": ("GB 18030", "simplified"), "big5hkscs": ("Big5", "traditional"), "cp949": ("Korean", "korean"),
    "cp852": ("DOS 852", "central"), "mac-latin2": ("Mac Latin-2", "central"),
}  # fmt: skip
"""Encodings that spreadsheet programs and CRMs have written: what each is called, and the languages it is for."""

_RARE = {"cp852", "mac-latin2"}
FORMER = (
    *_CANDIDATES, "cp437", "iso8859-1", "shift_jis_2004", "euc_kr", "cp855", "iso8859-7", "iso8859-9",
)  # fmt: skip
"""All that earlier versions may have taken a text for."""

_BY_LANGUAGE = {
    "cp1250": "pl cs sk hu hr sl ro bs sq", "cp1254": "tr az", "cp1257": "lt lv et", "cp1251": "ru uk bg sr mk be",
    "cp1253": "el", "cp1255": "he iw", "cp1256": "ar fa", "cp874": "th", "cp1258": "vi", "cp932": "ja", "cp949": "ko",
    "gb18030": "zh_cn zh_sg", "big5hkscs": "zh_tw zh_hk",
}  # fmt: skip
"""What spreadsheet programs write on machines of these languages; on all others it is Windows-1252."""

_LINES = 300
"""Lines whose words are judged."""

_MARGIN = 3
"""So many times as many words must be misspelt in every other reading."""

_SIGNS = 12
"""So many characters beyond ASCII speak for themselves, if no other encoding spells the words well."""

_MOST_SHOWN, _MOST_WORDS = 6, 3


@dataclass(frozen=True)
class Encoding:
    """How to decode a file.

    Attributes:
        codec: Python's name of it.
        title: the name that a person is told.
        errors: ``strict`` where the whole file is known to decode, else ``replace``: the damage is a flaw of its cell.
        remark: what to know where it was guessed, else None.
    """

    codec: str
    title: str
    errors: str = "strict"
    remark: Message | None = None

    @property
    def is_old(self) -> bool:
        """Whether it is none of Unicode's, or not all of the file is in one of these."""
        return not self.codec.startswith("utf") or self.errors == _FALLBACK


@dataclass(frozen=True)
class DecodedSample:
    """A file's words as an encoding reads them.

    Attributes:
        encoding: how to decode the file.
        family: the languages that the encoding is for.
        lines: of the sample.
        words: that hold a character beyond ASCII.
        wrong: those of them that no language writes so.
        handicap: how many more a rare encoding has to spell better.
    """

    encoding: Encoding
    family: str
    lines: tuple[str, ...]
    words: frozenset[str]
    wrong: frozenset[str]
    handicap: int = 0

    @property
    def misspelt(self) -> int:
        """How many words speak against it."""
        return len(self.wrong) + self.handicap

    @property
    def is_western(self) -> bool:
        """Whether it is of the encodings that most files are in."""
        return self.family == "western"


def named(name: str, file: IO[bytes], deadline: Deadline) -> Encoding:
    """Return the encoding that a person named, or the one that the file's byte order mark says.

    Raises:
        UnreadableFile: there is no encoding of that name.
    """
    head = _head(file)
    marks = [(codec, title) for mark, codec, title in _MARKS if head.startswith(mark)]
    if name.strip().lower() == MIXED:
        return _mixed() if not marks or marks[0][0] == "utf-8" else _as_marked(file, *marks[0], MIXED, deadline)
    try:
        codec = codecs.lookup(_ALIASES.get(name.strip().lower(), name.strip()))
        "".encode(codec.name)
    except (LookupError, UnicodeError, ValueError) as exc:
        raise UnreadableFile(say("encoding.no-such", name=repr(name))) from exc
    chosen = codec.name
    if chosen == "utf-8-sig":
        chosen = "utf-8"
    meant = [marked for marked, _ in marks if marked.startswith(chosen)]
    if marks and not meant:
        return _as_marked(file, *marks[0], codec.name, deadline)
    if chosen in {"utf-16", "utf-32"}:
        chosen = meant[0] if meant else f"{chosen}-le"
    remark = None
    if not chosen.startswith("utf") and _as_utf8(_sample(file))[0] and decodes(file, "utf-8", deadline):
        remark = say("encoding.valid-utf-8", encoding=codec.name)
    return Encoding(chosen, codec.name, _errors(file, chosen, deadline), remark)


def _as_marked(file: IO[bytes], codec: str, title: str, said: str, deadline: Deadline) -> Encoding:
    """Return the encoding of a byte order mark, which counts more than the one that was named."""
    remark = say("encoding.as-marked", encoding=title, named=said)
    return Encoding(codec, title, _errors(file, codec, deadline), remark)


def certain(file: IO[bytes], deadline: Deadline) -> Encoding | None:
    """The file's encoding where its bytes leave no doubt: by a mark, or as UTF-8; else None."""
    head = _head(file)
    for mark, codec, title in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, title, _errors(file, codec, deadline))
    wide = _wide(head)
    if wide and decodes(file, wide, deadline, whole=False):
        title = next(title for _, codec, title in _MARKS if codec == wide)
        return Encoding(wide, title, _errors(file, wide, deadline), say("encoding.unmarked", encoding=title))
    if decodes(file, "utf-8", deadline):
        return Encoding("utf-8", "UTF-8")
    good, bad = _as_utf8(_sample(file))
    if good > 10 * bad:
        return Encoding("utf-8", "UTF-8", "replace", say("encoding.damaged-characters"))
    return None


def likeliest(file: IO[bytes], deadline: Deadline) -> tuple[Encoding | None, list[DecodedSample]]:
    """The old encoding that alone spells the file's words well, else None; and the readings to choose from."""
    best, *others = _readings(file, deadline)
    rivals = [other for other in others if _is_near(other, best)]
    is_clear = not rivals and best.misspelt <= 0.15 * len(best.words) and best.encoding.codec != "utf-8"
    if is_clear and not best.is_western:
        signs = sum(not sign.isascii() for word in best.words for sign in word)
        is_clear = signs >= _SIGNS or all(other.misspelt >= _MARGIN for other in others if other.is_western)
    if is_clear:
        return best.encoding, []
    western = (other for other in others if other.is_western and _decodes(file, other, deadline))
    return None, [best, *dict.fromkeys([*rivals[: _MOST_SHOWN - 2], *itertools.islice(western, 1)])]


def former(encoding: Encoding, texts: Sequence[str], before: frozenset[str] | None) -> Iterator[tuple[str, ...]]:
    """Yield texts in an old encoding as earlier runs may have read them, which guessed at it.

    Args:
        encoding: how the texts were decoded now.
        texts: the texts.
        before: the earlier runs' codecs; None if they aren't known.
    """
    if (before is not None and not before) or all(map(str.isascii, texts)):
        return
    seen = {tuple(texts)}
    try:
        written = {text: text.encode(encoding.codec) for text in texts}
    except UnicodeError:
        return
    for codec in FORMER if before is None else filter(before.__contains__, FORMER):
        with contextlib.suppress(UnicodeError):
            now = {text: data.decode(codec) for text, data in written.items()}
            if (read := tuple(now[text] for text in texts)) not in seen:
                seen.add(read)
                yield read


def words_of(readings: Sequence[DecodedSample]) -> list[list[str]]:
    """For each reading some of the words that differ among them."""
    places = [
        i for i, lines in enumerate(zip(*(reading.lines for reading in readings), strict=False)) if len({*lines}) > 1
    ]
    return [
        list(dict.fromkeys(word for i in places for word in spelling.tokens(reading.lines[i])))[:_MOST_WORDS]
        for reading in readings
    ]


def undecided(readings: Sequence[DecodedSample], exports: Sequence[str]) -> UnclearColumns:
    """Which encoding is meant, as a question: the words that differ in each reading, and what each is called.

    Args:
        readings: the likeliest first.
        exports: the headings that each of them reads, by which the answer is known to count for another file.
    """
    shown = [tuple(Cell(repr(word)) for word in words) for words in words_of(readings)]
    names = [MIXED if reading.encoding.codec == "utf-8" else reading.encoding.codec for reading in readings]
    choices = [
        PossibleAnswer(
            "encoding", f"{export}={name}", say("encoding.reading", words=words, encoding=reading.encoding.title)
        )
        for reading, name, words, export in zip(readings, names, shown, exports, strict=True)
    ]
    ways = tuple(say("encoding.way", words=words, name=name) for words, name in zip(shown, names, strict=True))
    text = say("encoding.say-which", ways=ways)
    return UnclearColumns(text, [Question(text, say("encoding.which"), choices)])


def _is_near(other: DecodedSample, best: DecodedSample) -> bool:
    """Whether another reading may be the right one as well; a rarer encoding has to stand out more."""
    near = 0 if best.is_western else 0.4 * len(other.words - best.words)
    return len(other.wrong - best.words) + other.handicap <= max(_MARGIN * len(best.wrong - other.words), near)


def _readings(file: IO[bytes], deadline: Deadline) -> list[DecodedSample]:
    """The file's readings, the likeliest first: by misspelt words, then by this machine's language."""
    sample = _sample(file).split(b"\n")
    lines = sample[:: len(sample) // _LINES + 1]
    found = []
    usual = _usual()
    apart = [i for i, line in enumerate(lines) if _as_utf8(line)[1]]
    if len(apart) < len(lines):
        texts = tuple(line.decode("utf-8", _FALLBACK) for line in lines)
        words = frozenset(word for i in apart for word in spelling.tokens(texts[i]))
        found.append(DecodedSample(_mixed(), "western", texts, words, frozenset(spelling.misspelt(words, "western"))))
    for codec, (title, family) in _CANDIDATES.items():
        try:
            texts = tuple(line.decode(codec) for line in lines)
        except UnicodeError:
            continue
        words = frozenset(word for text in texts for word in spelling.tokens(text))
        wrong = frozenset(spelling.misspelt(words, family))
        found.append(
            DecodedSample(
                Encoding(codec, title, remark=say("encoding.likeliest", encoding=title)),
                family,
                texts,
                words,
                wrong,
                int(codec in _RARE),
            )
        )
    found.sort(key=lambda reading: (reading.misspelt, reading.encoding.codec not in {"utf-8", usual}))
    distinct = {reading.lines: reading for reading in reversed(found)}
    found = [reading for reading in found if distinct[reading.lines] is reading]
    first = next(i for i, reading in enumerate(found) if _decodes(file, reading, deadline))
    near = [
        other for other in found[first + 1 :] if not _is_near(other, found[first]) or _decodes(file, other, deadline)
    ]
    return [found[first], *near]


def _decodes(file: IO[bytes], reading: DecodedSample, deadline: Deadline) -> bool:
    """Whether the whole file can be read so, of which only a sample was."""
    return reading.encoding.errors == _FALLBACK or decodes(file, reading.encoding.codec, deadline)


def _usual() -> str:
    """What spreadsheet programs write on a machine of this one's language."""
    written, language = locale.getencoding().lower(), ""
    with contextlib.suppress(ValueError):  # a name of a locale that Python doesn't know
        language = (locale.getlocale()[0] or "").lower()
    written = {"cp936": "gb18030", "gbk": "gb18030", "cp950": "big5hkscs"}.get(written, written)
    if written in _CANDIDATES:
        return written
    for codec, languages in _BY_LANGUAGE.items():
        if {language, language.partition("_")[0]} & {*languages.split()}:
            return codec
    return "cp1252"


def _mixed() -> Encoding:
    return Encoding("utf-8", "UTF-8 and Windows-1252 mixed", _FALLBACK)


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Read as Windows-1252 what isn't valid UTF-8."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


_FALLBACK = "note-importer-cp1252"
codecs.register_error(_FALLBACK, _as_cp1252)


def _as_utf8(sample: bytes) -> tuple[int, int]:
    """How many characters beyond ASCII there are in UTF-8, and how many bytes aren't UTF-8."""
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return sum(ord(sign) > 127 for sign in text) - bad, bad


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
