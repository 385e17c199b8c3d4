"""Read text files (.csv, .tsv, .txt).

Input: the file's bytes. Output: records of text; the whole file is never in memory. The csv module parses strictly.
If quotation marks don't match within a line, it is read as leniently as spreadsheet programs do. If such a row takes
several lines, that is a flaw of the row, because rows may have been swallowed. A quotation mark that is never closed is
an error that names its row.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import IO

from importer.errors import UnreadableFile
from importer.messages import say
from importer.reading import encodings
from importer.reading.book import HEADER_WITHIN, Book, IsHeader, Table
from importer.reading.encodings import Encoding
from importer.reading.limits import Deadline, Limits
from importer.reading.sheet import TableFacts
from importer.reading.spool import RowStream

NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_SEPARATED = {
    ";": say("remark.separated-by-semicolons"),
    "\t": say("remark.separated-by-tabs"),
    "|": say("remark.separated-by-bars"),
}
_SPOKEN = {"\\t": "\t", "tsv": "\t", "pipe": "|"} | {name: sign for sign, name in NAMES.items()}
_AS_TEXT = re.compile(r'="([^"]*(?:""[^"]*)*)"')
"""Formula that is only a text, as exports write it to keep leading zeros."""


def open_text(
    file: IO[bytes],
    encoding: str | Mapping[str, str] | None,
    delimiter: str | None,
    is_header: IsHeader,
    limits: Limits,
    deadline: Deadline,
) -> Book:
    """Detect the encoding and delimiter if they aren't given, and return the one table of a text file."""
    codec = _encoding(file, encoding, is_header, limits, deadline)
    remarks = [codec.remark] if codec.remark else []
    separator = _separator_line(file, codec, limits)
    chosen = _checked(delimiter) if delimiter is not None else separator or _detect(file, codec, is_header, limits)
    if delimiter is None and chosen != ",":
        remarks.append(_SEPARATED.get(chosen) or say("remark.separated-by", sign=repr(chosen)))

    def rows(found: TableFacts) -> RowStream:
        return _rows(file, codec, chosen, skip=1 if separator else 0, limits=limits, deadline=deadline, found=found)

    kind = say("format.tabs" if chosen == "\t" else "format.csv")
    return Book(kind, (Table(None, hidden=False, rows=rows),), codec.title, chosen, tuple(remarks), codec)


def _encoding(
    file: IO[bytes],
    said: str | Mapping[str, str] | None,
    is_header: IsHeader,
    limits: Limits,
    deadline: Deadline,
) -> Encoding:
    """Return the file's encoding: as a person gave it, or as its bytes, known headings or its words show.

    Raises:
        UnclearColumns: several encodings are plausible.
    """
    if isinstance(said, str):
        return encodings.named(said, file, deadline)
    if codec := encodings.certain(file, deadline):
        return codec
    for headings, name in (said or {}).items():
        codec = encodings.named(name, file, deadline)
        if codec.errors != "replace" and _headings(file, codec, is_header, limits) == headings:
            return codec
    codec, readings = encodings.likeliest(file, deadline)
    if codec:
        return codec
    sample_headings = [_headings(file, reading.encoding, is_header, limits) for reading in readings]
    raise encodings.undecided(readings, sample_headings)


def _headings(file: IO[bytes], codec: Encoding, is_header: IsHeader, limits: Limits) -> str:
    """Return the headings as one text, by which a kind of export is recognised."""
    with _lines(file, codec, limits) as lines, _long_fields(limits):
        first = [line for _, line in zip(range(HEADER_WITHIN), lines, strict=False)]
        rows: list[list[str]] = []
        for sign in NAMES:
            with contextlib.suppress(csv.Error):
                rows += [*csv.reader(first, delimiter=sign)]
    fullest = max(rows, key=lambda cells: (is_header(cells), len(cells)), default=[])
    return ", ".join(cell.strip() for cell in fullest if cell.strip()).replace("=", "-")


def _checked(delimiter: str) -> str:
    sign = _SPOKEN.get(delimiter.lower(), delimiter)
    if len(sign) != 1 or sign in '"\r\n':
        raise UnreadableFile(say("text.delimiter", delimiter=repr(delimiter)))
    return sign


@contextmanager
def _lines(file: IO[bytes], codec: Encoding, limits: Limits) -> Iterator[Iterator[str]]:
    """Yield the file's lines with their ends (LF, CR or CRLF); the file stays open afterwards."""
    file.seek(0)
    text = io.TextIOWrapper(io.BufferedReader(_Unclosed(file), 1 << 18), codec.codec, codec.errors, newline="")
    most = limits.cell_characters + 1

    def lines() -> Iterator[str]:
        readline = text.readline
        line = readline(most).removeprefix("\ufeff")
        while line:
            if len(line) >= most:
                raise limits.refuse("cell_characters", say("limit.line"))
            if line[-1] not in "\r\n":  # only the last line can lack an end
                line = _without_end_mark(line, codec)
            yield line
            line = readline(most)

    try:
        yield lines()
    except UnicodeError as exc:
        raise UnreadableFile(say("encoding.not-read", encoding=codec.title, error=str(exc))) from exc
    finally:
        text.detach()


def _without_end_mark(line: str, codec: Encoding) -> str:
    """Return the last line without the Ctrl-Z that ends a file in DOS, and without an incomplete UTF-16 character."""
    return "" if line == "\ufffd" and codec.codec.startswith("utf-16") else line.rstrip("\x1a")


class _Unclosed(io.RawIOBase):
    """File that stays open when the wrapper around it is closed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _separator_line(file: IO[bytes], codec: Encoding, limits: Limits) -> str | None:
    """Return the delimiter that a first line ``sep=;`` names, as Excel understands it, else None."""
    with _lines(file, codec, limits) as lines:
        match = re.fullmatch(r'"?sep=([^"])"?[,;\t]*[\r\n]*', next(lines, ""), re.IGNORECASE)
        return match[1] if match else None


def _detect(file: IO[bytes], codec: Encoding, is_header: IsHeader, limits: Limits) -> str:
    """Return the delimiter under which a header is found, else the one that gives most lines equally many cells."""
    sample: list[str] = []
    size = 0
    with _lines(file, codec, limits) as lines:
        for line in lines:
            sample.append(line)
            size += len(line)
            if size > 1 << 18 or len(sample) >= 20 * HEADER_WITHIN:
                break
    best, best_score = ",", (False, 0.0, 0)
    for sign in NAMES:
        with _long_fields(limits):
            try:
                records = [
                    record for _, record in zip(range(HEADER_WITHIN), csv.reader(sample, delimiter=sign), strict=False)
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
    """Let the csv module read long cells. The limit applies to the whole process, so it is restored afterwards."""
    before = csv.field_size_limit(limits.cell_characters)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _rows(
    file: IO[bytes],
    codec: Encoding,
    delimiter: str,
    *,
    skip: int,
    limits: Limits,
    deadline: Deadline,
    found: TableFacts,
) -> RowStream:
    """Yield the records, numbered as in a spreadsheet program: blank ones count, line breaks in cells don't."""
    with _lines(file, codec, limits) as lines, _long_fields(limits):
        for _ in range(skip):
            next(lines, None)
        number = formulas = 0
        source = _Source(lines)
        with closing(_records(source, delimiter, limits)) as records:
            for record, swallowed in records:
                number += 1
                if not number % 10_000:
                    deadline.check()
                if len(record) > limits.columns:
                    raise limits.refuse("columns", say("limit.record-cells", row=str(number), cells=len(record)))
                if swallowed:
                    found.flaw(number, None, say("flaw.quotation-marks", n=swallowed))
                if source.has_formula:
                    formulas += _without_formulas(record)
                    source.has_formula = False
                yield number, record
    if formulas:
        found.remarks.append(say("remark.texts-as-formulas", n=formulas))


def _without_formulas(record: list[str]) -> int:
    """Replace each ``="text"`` by its text; return the number of replacements."""
    matches = {
        column: match
        for column, cell in enumerate(record)
        if cell.startswith('="') and (match := _AS_TEXT.fullmatch(cell))
    }
    for column, match in matches.items():
        record[column] = match[1].replace('""', '"')
    return len(matches)


class _Source:
    """Lines for the csv module.

    Attributes:
        held: the lines of the current record.
        ended: whether the csv module asked for a line after the last one.
        has_formula: whether a line may hold a text written as a formula.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.held: list[str] = []
        self.ended = False
        self.has_formula = False

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.held.append(line)
            if '="' in line:
                self.has_formula = True
            yield line
        self.ended = True

    def again(self) -> Iterator[str]:
        """Yield the held lines again, then the lines after them."""
        yield from tuple(self.held)
        yield from self


def _records(source: _Source, delimiter: str, limits: Limits) -> Generator[tuple[list[str], int], None, None]:
    """Yield each record, with the number of lines that faulty quotation marks may have swallowed (mostly 0)."""
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    number = 0
    while True:
        try:
            for record in reader:
                number += 1
                source.held.clear()
                yield record, 0
        except csv.Error as exc:
            number += 1
            yield _leniently(source, delimiter, number, limits, exc), len(source.held) - 1
            source.held.clear()
        else:
            return


def _leniently(source: _Source, delimiter: str, number: int, limits: Limits, reason: csv.Error) -> list[str]:
    """Return the record whose quotation marks don't match, up to its last line, which may not have been read yet."""
    try:
        if "field limit" in str(reason):
            raise reason
        record = [] if source.ended else next(csv.reader(source.again(), delimiter=delimiter), [])
    except csv.Error as exc:
        raise limits.refuse("cell_characters", say("limit.quotation-mark", row=str(number))) from exc
    if source.ended:
        raise UnreadableFile(say("text.quotation-mark", row=str(number))) from reason
    return record
