"""Read text files (.csv, .tsv, .txt).

Input: the file's bytes. Output: records of text; the whole file is never in memory. If quotation marks don't match
within a line, it is read as leniently as spreadsheet programs do. A row of several lines is read strictly, too: if its
quotation marks don't match, that is a flaw of the row, because rows may have been swallowed. A quotation mark that is
never closed is an error that names its row.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice

from importer.errors import UnreadableFile
from importer.messages import say
from importer.reading import encodings
from importer.reading.book import HEADER_WITHIN, Book, Table
from importer.reading.cells import TableFacts
from importer.reading.encodings import Encoding
from importer.reading.opening import Limits, Source
from importer.reading.spool import RowStream

NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_SPOKEN = {"\\t": "\t", "tsv": "\t", "pipe": "|"} | {name: sign for sign, name in NAMES.items()}
_PERSON = re.compile(r"""["']?(\S+@\S+\.\w+|(?=\w*\d)[A-Za-z0-9]{8,})["']?""")  # an email address, or an ID
_AS_TEXT = re.compile(r'="([^"]*(?:""[^"]*)*)"')
"""Formula that is only a text, as exports write it to keep leading zeros."""


def open_book(source: Source) -> Book:
    """Detect the encoding and delimiter if they aren't given, and return the one table of a text file."""
    codec = encodings.encoding_of(source, partial(_first_rows, source))
    remarks = [codec.remark] if codec.remark else []
    separator, named = _separator_line(source, codec), source.options.delimiter
    delimiter = _checked(named) if named is not None else separator or _detect(source, codec)
    if named is None and delimiter != ",":
        remarks.append(say("remark.separated-by", sign=NAMES.get(delimiter) or repr(delimiter)))
    rows = partial(_rows, source, codec, delimiter, skip=1 if separator else 0)
    kind = say("format.tabs" if delimiter == "\t" else "format.csv")
    return Book(kind, (Table(None, hidden=False, rows=rows),), delimiter, tuple(remarks), codec)


def _first_rows(source: Source, codec: Encoding) -> list[list[str]]:
    """Return the rows that may hold the headings, cut at each separator."""
    with _lines(source, codec) as lines, _long_fields(source.limits):
        first = list(islice(lines, HEADER_WITHIN))
        rows: list[list[str]] = []
        for sign in _separators(source):
            with contextlib.suppress(csv.Error):
                rows += [*csv.reader(first, delimiter=sign)]
    return rows


def _separators(source: Source) -> dict[str, None]:
    """Return the usual separators, and after them those with which some kind of sheet was read before."""
    known = (_checked(kind.delimiter) for kind in source.options.known if kind.delimiter is not None)
    return dict.fromkeys([*NAMES, *known])


def _checked(delimiter: str) -> str:
    sign = _SPOKEN.get(delimiter.lower(), delimiter)
    if len(sign) != 1 or sign in '"\r\n':
        raise UnreadableFile(say("text.delimiter", delimiter=repr(delimiter)))
    return sign


@contextmanager
def _lines(source: Source, codec: Encoding) -> Iterator[Iterator[str]]:
    """Yield the file's lines with their ends (LF, CR or CRLF); the file stays open afterwards."""
    source.file.seek(0)
    text = io.TextIOWrapper(source.file, codec.codec, codec.errors, newline="")
    most = source.limits.cell_characters + 1

    def lines() -> Iterator[str]:
        readline = text.readline
        line = readline(most).removeprefix("\ufeff")
        while line:
            if len(line) >= most:
                raise source.limits.refuse("cell_characters", say("limit.line"))
            yield line if line[-1] == "\n" else line.rstrip("\x1a")  # Ctrl-Z, which ends a file in DOS
            line = readline(most)

    try:
        yield lines()
    except UnicodeError as exc:
        raise UnreadableFile(say("encoding.not-read", encoding=codec.title, error=str(exc))) from exc
    finally:
        text.detach()


def _separator_line(source: Source, codec: Encoding) -> str | None:
    """Return the delimiter that a first line ``sep=;`` names, as Excel understands it, else None."""
    with _lines(source, codec) as lines:
        match = re.fullmatch(r'"?sep=([^"])"?[,;\t]*[\r\n]*', next(lines, ""), re.IGNORECASE)
        return match[1] if match else None


def _detect(source: Source, codec: Encoding) -> str:
    """Return the delimiter under which a header is found, else the one that gives most lines equally many cells."""
    sample: list[str] = []
    size = 0
    with _lines(source, codec) as lines:
        for line in lines:
            sample.append(line)
            size += len(line)
            if size > 1 << 18 or len(sample) >= 20 * HEADER_WITHIN:
                break
    best, best_score = ",", (False, 0.0, 0)
    for sign in _separators(source):
        with _long_fields(source.limits):
            try:
                records = list(islice(csv.reader(sample, delimiter=sign), HEADER_WITHIN))
            except csv.Error:
                continue
        parted = [record for record in records if len(record) > 1]
        width, count = Counter(map(len, parted)).most_common(1)[0] if parted else (1, 0)
        score = (any(map(source.is_header, parted)), count / max(len(records), 1), width)
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


def _rows(source: Source, codec: Encoding, delimiter: str, facts: TableFacts, *, skip: int) -> RowStream:
    """Yield the records, numbered as in a spreadsheet program: blank ones count, line breaks in cells don't."""
    limits, number = source.limits, 0
    with _lines(source, codec) as lines, _long_fields(limits):
        held = _HeldLines(islice(lines, skip, None))
        try:
            for number, record in enumerate(csv.reader(held, delimiter=delimiter), 1):
                if (len(held.held) > 1 or held.ended) and (swallowed := _swallowed(held, delimiter, number)):
                    facts.flaw(number, None, say("flaw.quotation-marks", n=swallowed))
                if len(record) > limits.columns:
                    raise limits.refuse("columns", say("limit.row-columns", row=str(number), columns=len(record)))
                yield number, [*map(_without_formula, record)] if held.has_formula else record
                held.held.clear()
                held.has_formula = False
        except csv.Error as exc:
            raise limits.refuse("cell_characters", say("limit.quotation-mark", row=str(number + 1))) from exc


def _without_formula(cell: str) -> str:
    match = _AS_TEXT.fullmatch(cell)
    return match[1].replace('""', '"') if match else cell


class _HeldLines:
    """Lines for the csv module: those of the current record, and whether it asked for a line after the last one.

    ``has_formula`` is whether a line of the record may hold a text written as a formula.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.held: list[str] = []
        self.ended = self.has_formula = False

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.held.append(line)
            if '="' in line:
                self.has_formula = True
            yield line
        self.ended = True


def _swallowed(lines: _HeldLines, delimiter: str, number: int) -> int:
    """Return the number of further lines of a record, if its quotation marks don't match; else 0.

    They may match by chance, in two rows. Then each line has as many cells as the record, and one column names people.
    """
    try:
        width = len(next(csv.reader(lines.held, delimiter=delimiter, strict=True)))
    except csv.Error as exc:
        if lines.ended:
            raise UnreadableFile(say("text.quotation-mark", row=str(number))) from exc
        return len(lines.held) - 1
    rows = [line.strip("\r\n").split(delimiter) for line in lines.held]
    if {*map(len, rows)} == {width}:
        return (len(rows) - 1) * any(all(map(_PERSON.fullmatch, column)) for column in zip(*rows, strict=True))
    return 0
