"""Results as CSV that opens well in every spreadsheet program and runs nothing there, and problems likewise.

Comes in: columns of results, or problems. Goes out: UTF-8 with a byte order mark (Excel needs it to see UTF-8), commas,
CRLF, and texts as :func:`importer.resultsfile.protected` makes them.
"""

from __future__ import annotations

import codecs
import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import BinaryIO

from importer.messages import render
from importer.models import Problem
from importer.results.layout import ResultRows, encodable
from importer.resultsfile import OUR_COLUMNS, protected_all

_EMAILS_HEAD = codecs.BOM_UTF8 + b"Email,rows that name nobody by it\r\n"
_PROBLEM_HEAD = codecs.BOM_UTF8 + b"row,cell,heading,value,problem\r\n"


def write_csv(file: BinaryIO, headings: Sequence[str], rows: Iterable[ResultRows]) -> None:
    """Write the file. Raises OSError."""
    file.write(codecs.BOM_UTF8 + _encoded([protected_all(encodable([*headings, *OUR_COLUMNS]))]))
    for some in rows:
        texts = map(protected_all, (*some.theirs, some.result, some.note_id, some.reason))
        finished = ["" if math.isnan(at) else _local(int(at)) for at in some.finished_at]
        file.write(_encoded(zip(*texts, some.source_row, finished, protected_all(some.request), strict=True)))


def write_problems(file: BinaryIO, headings: Sequence[str], problems: Iterable[Problem]) -> None:
    """Write what is wrong in a sheet, a line each. Raises OSError."""
    file.write(_PROBLEM_HEAD)
    for problem in problems:
        heading = "" if problem.column is None else headings[problem.column]
        texts = protected_all(encodable([problem.cell, heading, problem.value, render(problem.text)]))
        file.write(_encoded([[problem.row, *texts]]))


def write_emails(file: BinaryIO, emails: Mapping[str, int]) -> None:
    """Write emails that nobody has, with how many rows have each. Raises OSError."""
    file.write(_EMAILS_HEAD)
    texts = protected_all(encodable([*emails]))
    file.write(_encoded(zip(texts, emails.values(), strict=True)))


def holds_problems(path: Path) -> bool:
    """Whether a file begins as :func:`write_problems` begins it. Raises OSError."""
    return _begins(path, _PROBLEM_HEAD)


def holds_emails(path: Path) -> bool:
    """Whether a file begins as :func:`write_emails` begins it. Raises OSError."""
    return _begins(path, _EMAILS_HEAD)


def _begins(path: Path, head: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(head)) == head


def _encoded(lines: Iterable[Iterable[object]]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue().encode()


@lru_cache(maxsize=4096)
def _local(at: int) -> str:
    """ISO 8601 with the offset of the place where the tool runs."""
    return datetime.fromtimestamp(at, UTC).astimezone().isoformat()
