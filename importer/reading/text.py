"""Text files (.csv, .tsv, .txt): bytes in, records of text out, never the whole file in memory.

The csv module does the parsing, strictly: where quotation marks don't add up within one line the line is read as
leniently as spreadsheet programs do; where they run over several lines, that is a flaw of the row, since rows may have
been swallowed; and a quotation mark that is never closed is an error that names its row.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import IO

from importer.errors import UnreadableFile
from importer.reading import encodings
from importer.reading.book import Book, Table
from importer.reading.encodings import Encoding
from importer.reading.limits import Clock, Limits
from importer.reading.sheet import Found, Rows

NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_SPOKEN = {"\\t": "\t", "tsv": "\t", "pipe": "|"} | {name: sign for sign, name in NAMES.items()}
_END = "\ue0ffend of the file\ue0ff"
"""A last line of ours: it comes back as a record of its own unless a quotation mark is still open."""

LOOKED_AT = 50
SWALLOWED = (
    "the quotation marks of this row don't add up: one that is opened here is closed only {} lines further, so that "
    "the row may have swallowed the rows after it. Correct the quotation marks"
)


def open_text(
    file: IO[bytes],
    encoding: str | None,
    delimiter: str | None,
    is_header: Callable[[Sequence[str]], bool],
    limits: Limits,
    clock: Clock,
) -> Book:
    """Find out encoding and delimiter where they aren't given, and hand over the one table of a text file."""
    codec = encodings.named(encoding, file, clock) if encoding else encodings.detect(file, clock)
    remarks = [codec.remark] if codec.remark else []
    said = _separator_line(file, codec, limits)
    chosen = _checked(delimiter) if delimiter is not None else said or _detect(file, codec, is_header, limits)
    if delimiter is None and chosen != ",":
        remarks.append(f"Columns are separated by {NAMES.get(chosen, repr(chosen))}s.")

    def rows(found: Found) -> Rows:
        return _rows(file, codec, chosen, skip=1 if said else 0, limits=limits, clock=clock, found=found)

    return Book("CSV", (Table(None, hidden=False, rows=rows),), codec.title, chosen, tuple(remarks))


def _checked(delimiter: str) -> str:
    sign = _SPOKEN.get(delimiter.lower(), delimiter)
    if len(sign) != 1 or sign in '"\r\n':
        raise UnreadableFile(
            f"The delimiter {delimiter!r} can't be used: give one character such as ; or the word tab."
        )
    return sign


@contextmanager
def _lines(file: IO[bytes], codec: Encoding, limits: Limits) -> Iterator[Iterator[str]]:
    """The file's lines with their ends (LF, CR or CRLF); the file stays open afterwards."""
    file.seek(0)
    text = io.TextIOWrapper(io.BufferedReader(_Unclosed(file), 1 << 18), codec.codec, codec.errors, newline="")
    most = limits.cell_characters + 1

    def lines() -> Iterator[str]:
        readline = text.readline
        line = readline(most).removeprefix("\ufeff")
        while line:
            if len(line) >= most:
                raise limits.refuse("cell_characters", "A line of the file holds too many characters")
            yield line
            line = readline(most)

    try:
        yield lines()
    except UnicodeError as exc:
        raise UnreadableFile(
            f"The file's characters can't be read as {codec.title} ({exc}). Say how they are encoded with --encoding."
        ) from exc
    finally:
        text.detach()


class _Unclosed(io.RawIOBase):
    """A file that stays open when the wrapper around it goes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _separator_line(file: IO[bytes], codec: Encoding, limits: Limits) -> str | None:
    """The delimiter that a first line ``sep=;`` names, as Excel understands it, else None."""
    with _lines(file, codec, limits) as lines:
        match = re.fullmatch(r'"?sep=([^"])"?[,;\t]*[\r\n]*', next(lines, ""), re.IGNORECASE)
        return match[1] if match else None


def _detect(file: IO[bytes], codec: Encoding, is_header: Callable[[Sequence[str]], bool], limits: Limits) -> str:
    """The delimiter under which a header is found; else the one that splits most lines into equally many cells."""
    sample: list[str] = []
    size = 0
    with _lines(file, codec, limits) as lines:
        for line in lines:
            sample.append(line)
            size += len(line)
            if size > 1 << 18 or len(sample) >= 20 * LOOKED_AT:
                break
    best, best_score = ",", (False, 0.0, 0)
    for sign in NAMES:
        with _long_fields(limits):
            try:
                records = [
                    record for _, record in zip(range(LOOKED_AT), csv.reader(sample, delimiter=sign), strict=False)
                ]
            except csv.Error:
                continue
        widths = Counter(len(record) for record in records if len(record) > 1)
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        score = (any(is_header(record) for record in records), count / max(len(records), 1), width)
        if score > best_score:
            best, best_score = sign, score
    return best


@contextmanager
def _long_fields(limits: Limits) -> Iterator[None]:
    """Let the csv module take long cells. Its limit is the whole process's, so it is put back afterwards."""
    before = csv.field_size_limit(limits.cell_characters)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _rows(
    file: IO[bytes], codec: Encoding, delimiter: str, *, skip: int, limits: Limits, clock: Clock, found: Found
) -> Rows:
    """Number the records as a spreadsheet program does: blank ones count, line breaks in cells don't."""
    with _lines(file, codec, limits) as lines, _long_fields(limits):
        for _ in range(skip):
            next(lines, None)
        number = 0
        with closing(_records(lines, delimiter, limits)) as records:
            for record, swallowed in records:
                number += 1
                if not number % 10_000:
                    clock.check()
                if len(record) > limits.columns:
                    raise limits.refuse("columns", f"Row {number} has {len(record):,} cells")
                if swallowed:
                    found.flaw(number, None, SWALLOWED.format(swallowed))
                yield number, record


def _records(lines: Iterator[str], delimiter: str, limits: Limits) -> Generator[tuple[list[str], int], None, None]:
    """Yield each record, with the number of lines that faulty quotation marks may have swallowed (mostly 0)."""
    held: list[str] = []

    def fed() -> Iterator[str]:
        for line in lines:
            held.append(line)
            yield line
        held.append(_END)
        yield _END

    reader = csv.reader(fed(), delimiter=delimiter, strict=True)
    number = 0
    while True:
        try:
            for record in reader:
                if record == [_END]:
                    return
                number += 1
                held.clear()
                yield record, 0
        except csv.Error as exc:
            number += 1
            if "field limit" in str(exc):
                what = f"Row {number} holds a cell that is too long, perhaps for a quotation mark that is never closed"
                raise limits.refuse("cell_characters", what) from exc
            if held[-1] == _END:
                raise UnreadableFile(
                    f"A quotation mark that is opened in row {number} is never closed, so that it swallows the rest of "
                    "the file. Correct it and import the file again."
                ) from exc
            record = next(csv.reader(held, delimiter=delimiter), [])
            swallowed = len(held) - 1
            held.clear()
            yield record, swallowed
        else:
            return
