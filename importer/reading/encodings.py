"""Find the encoding of a text file, and a remark if it was guessed.

A byte order mark decides, even over an encoding that a person named. Without a mark, the named encoding counts. If none
is named, a file that is valid UTF-8 to the last byte is UTF-8. Otherwise the words of a bounded sample are judged in
each old encoding that decodes the whole file. If only one encoding spells the words well, it is taken, with a remark.
If several or none do, the person is asked.
"""

from __future__ import annotations

import codecs
import contextlib
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from importer.errors import UnclearColumns, UnreadableFile
from importer.messages import Cell, Message, in_quotes, say
from importer.models import PossibleAnswer, Question
from importer.reading.opening import Source, chunks

SAMPLE = 1 << 16
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_TOKEN = re.compile(r"(?<![A-Za-z'])[A-Za-z']*+[^\x00-\x7f](?:[A-Za-z']|[^\x00-\x7f])*")
"""Word that holds a character beyond ASCII."""

_ALIASES = {"ansi": "cp1252", "windows": "cp1252", "mac": "mac_roman", "macintosh": "mac_roman", "unicode": "utf-16"}
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
}  # fmt: skip
"""Encodings that spreadsheet programs and CRMs have written: the title and the family of languages of each."""

_LINES = 300
"""Maximum number of lines whose words are judged."""

_MARGIN = 3
"""Factor by which every other encoding must misspell more words than the chosen one."""

_SIGNS = 12
"""Number of characters beyond ASCII that are enough evidence if no other encoding spells the words well."""

_MOST_RIVALS, _MOST_WORDS = 4, 3


@dataclass(frozen=True)
class Encoding:
    """A file's encoding, and how its characters are decoded.

    Attributes:
        codec: Python's name of the encoding.
        title: the name shown to people.
        errors: ``strict`` if the whole file is known to decode; ``replace`` if not, and each damaged cell gets a flaw.
        remark: the message to show if the encoding was guessed, else None.
    """

    codec: str
    title: str
    errors: str = "strict"
    remark: Message | None = None


@dataclass(frozen=True)
class DecodedSample:
    """The lines of a file's sample, as one encoding for a ``family`` of languages decodes them.

    ``words`` are those with a character beyond ASCII, ``wrong`` those that no language of the family spells this way.
    """

    encoding: Encoding
    family: str
    lines: tuple[str, ...]
    words: frozenset[str]
    wrong: frozenset[str]

    @property
    def is_western(self) -> bool:
        """Whether this is an encoding for Western languages, like that of most files."""
        return self.family == "western"


def encoding_of(source: Source, rows_in: Callable[[Encoding], Sequence[Sequence[str]]], declared: str = "") -> Encoding:
    """Return the file's encoding: as a person gave it, or as its bytes, its declaration, known headings or words show.

    ``rows_in`` returns the rows of a decoded file that may hold its headings, by which a kind of sheet is recognised.
    Raises UnclearColumns if several encodings are plausible.
    """
    given = source.options.encoding
    if given is not None:
        return _named(given, source)
    if encoding := _certain(source):
        return encoding
    if declared:
        with contextlib.suppress(UnreadableFile):
            return _named(declared, source)
    for known in source.options.known:
        if known.encoding is not None:
            encoding = _named(known.encoding, source)
            if encoding.errors != "replace" and any(map(known.is_header, rows_in(encoding))):
                return encoding
    return _guessed(source)


def _named(name: str, source: Source) -> Encoding:
    """Return the encoding that a person named, or that of the file's byte order mark if it has another one."""
    try:
        codec = codecs.lookup(_ALIASES.get(name.strip().lower(), name.strip()))
        "".encode(codec.name)
    except (LookupError, UnicodeError, ValueError) as exc:
        raise UnreadableFile(say("encoding.no-such", name=repr(name))) from exc
    chosen = codec.name.removesuffix("-sig")
    marked = _marked(source)
    if marked is not None and not marked.codec.startswith(chosen):
        return replace(marked, remark=say("encoding.as-marked", encoding=marked.title, named=codec.name))
    if chosen in {"utf-16", "utf-32"}:
        chosen = f"{chosen}-le" if marked is None else marked.codec
    remark = None
    if not chosen.startswith("utf") and _as_utf8(_sample(source))[0] and _is_valid(source, "utf-8"):
        remark = say("encoding.valid-utf-8", encoding=codec.name)
    return Encoding(chosen, codec.name, _errors(source, chosen), remark)


def _marked(source: Source) -> Encoding | None:
    """Return the encoding that the file's byte order mark states; None without one."""
    source.file.seek(0)
    head = source.file.read(4)
    codec = next((codec for mark, codec in _MARKS.items() if head.startswith(mark)), None)
    return Encoding(codec, codec.upper(), _errors(source, codec)) if codec else None


def _certain(source: Source) -> Encoding | None:
    """Return the file's encoding if it is certain, by a byte order mark or because all of it is UTF-8; else None."""
    if marked := _marked(source):
        return marked
    if _is_valid(source, "utf-8"):
        return Encoding("utf-8", "UTF-8")
    good, bad = _as_utf8(_sample(source))
    if good > 10 * bad:
        return Encoding("utf-8", "UTF-8", "replace", say("encoding.damaged-characters"))
    return None


def _guessed(source: Source) -> Encoding:
    """Return the only old encoding that spells the file's words well; raise UnclearColumns if several or none do."""
    readings = iter(_readings(source))
    best = next(reading for reading in readings if _is_valid(source, reading.encoding.codec))
    others = [*readings]
    rivals = [other for other in others if _is_near(other, best) and _is_valid(source, other.encoding.codec)]
    is_clear = not rivals and len(best.wrong) <= 0.15 * len(best.words)
    if is_clear and not best.is_western:
        signs = sum(not sign.isascii() for word in best.words for sign in word)
        is_clear = signs >= _SIGNS or all(len(other.wrong) >= _MARGIN for other in others if other.is_western)
    if is_clear:
        return best.encoding
    western = (other for other in others if other.is_western and _is_valid(source, other.encoding.codec))
    raise _undecided([best, *dict.fromkeys([*rivals[:_MOST_RIVALS], *itertools.islice(western, 1)])])


def _undecided(readings: Sequence[DecodedSample]) -> UnclearColumns:
    """Return the error that asks which encoding is meant. It shows each encoding's name and the words that differ."""
    same_lines = zip(*(reading.lines for reading in readings), strict=False)
    places = [place for place, lines in enumerate(same_lines) if len({*lines}) > 1]
    choices = []
    for reading in readings:
        tokens = dict.fromkeys(word for place in places for word in _TOKEN.findall(reading.lines[place]))
        words = tuple(Cell(in_quotes(word)) for word in itertools.islice(tokens, _MOST_WORDS))
        text = say("beside", text=words, beside=reading.encoding.title)
        choices.append(PossibleAnswer("encoding", reading.encoding.codec, text))
    question = Question(say("encoding.which"), choices)
    return UnclearColumns(question.text, [question])


def _is_near(other: DecodedSample, best: DecodedSample) -> bool:
    """Return whether another sample may be right, too. A best sample that isn't Western must be better by more."""
    near = 0 if best.is_western else 0.4 * len(other.words - best.words)
    return len(other.wrong - best.words) <= max(_MARGIN * len(best.wrong - other.words), near)


def _readings(source: Source) -> list[DecodedSample]:
    """Return the decoded samples that differ, by misspelt words, then in the order of the candidates."""
    from importer.reading import spelling  # noqa: PLC0415 - only a text beyond ASCII needs its long patterns

    sample = _sample(source).split(b"\n")
    lines = sample[:: len(sample) // _LINES + 1]
    readings = []
    for codec, (title, family) in _CANDIDATES.items():
        with contextlib.suppress(UnicodeError):
            texts = tuple(line.decode(codec) for line in lines)
            words = frozenset(word for text in texts for word in _TOKEN.findall(text))
            wrong = frozenset(spelling.misspelt(words, family))
            encoding = Encoding(codec, title, remark=say("encoding.likeliest", encoding=title))
            readings.append(DecodedSample(encoding, family, texts, words, wrong))
    distinct: dict[tuple[str, ...], DecodedSample] = {}
    for reading in sorted(readings, key=lambda reading: len(reading.wrong)):
        distinct.setdefault(reading.lines, reading)
    return [*distinct.values()]


def _as_utf8(sample: bytes) -> tuple[int, int]:
    """Return the number of UTF-8 characters beyond ASCII, and the number of places that aren't UTF-8."""
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return sum(ord(sign) > 127 for sign in text) - bad, bad


def _is_valid(source: Source, codec: str) -> bool:
    """Return whether the file is valid in an encoding."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    try:
        for chunk in chunks(source.file):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except (UnicodeError, ValueError):
        return False
    return True


def _errors(source: Source, codec: str) -> str:
    """Return how bytes that the encoding doesn't know are treated: see :class:`Encoding`."""
    return "strict" if _is_valid(source, codec) else "replace"


def _sample(source: Source) -> bytes:
    """Return the first lines with bytes beyond ASCII, about 64 KiB of them, wherever in the file they are."""
    pieces: list[bytes] = []
    size = 0
    for line in _foreign_lines(source):
        pieces.append(line)
        size += len(line)
        if size > SAMPLE:
            break
    return b"\n".join(pieces)


def _foreign_lines(source: Source) -> Iterator[bytes]:
    for chunk in chunks(source.file):
        if chunk.isascii():
            continue
        for line in re.split(rb"[\r\n]+", chunk):
            if not line.isascii():
                yield line[:4096] if not line[:4096].isascii() else line[:SAMPLE]
