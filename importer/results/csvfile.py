"""Write results, problems and unknown emails as CSV. Spreadsheet programs open it correctly and run no formula in it.

Input: columns of results, problems, or emails. Output: UTF-8 with a byte order mark (Excel needs it to detect UTF-8),
commas, CRLF, and texts protected against formulas by :func:`importer.resultsfile.protected`.
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
    """Write the results file. Raises OSError."""
    file.write(codecs.BOM_UTF8 + _encoded([protected_all(encodable([*headings, *OUR_COLUMNS]))]))
    for block in rows:
        texts = map(protected_all, (*block.theirs, block.result, block.note_id, block.reason))
        finished = ["" if math.isnan(seconds) else _local(int(seconds)) for seconds in block.finished_at]
        file.write(_encoded(zip(*texts, block.source_row, finished, protected_all(block.request), strict=True)))


def write_problems(file: BinaryIO, headings: Sequence[str], problems: Iterable[Problem]) -> None:
    """Write the problems of a sheet, one per line. Raises OSError."""
    file.write(_PROBLEM_HEAD)
    for problem in problems:
        heading = "" if problem.column is None else headings[problem.column]
        texts = protected_all(encodable([problem.cell, heading, problem.value, render(problem.text)]))
        file.write(_encoded([[problem.row, *texts]]))


def write_emails(file: BinaryIO, emails: Mapping[str, int]) -> None:
    """Write emails that no prospect has, with the number of rows of each. Raises OSError."""
    file.write(_EMAILS_HEAD)
    texts = protected_all(encodable([*emails]))
    file.write(_encoded(zip(texts, emails.values(), strict=True)))


def holds_problems(path: Path) -> bool:
    """Return whether a file begins like those of :func:`write_problems`. Raises OSError."""
    return _begins(path, _PROBLEM_HEAD)


def holds_emails(path: Path) -> bool:
    """Return whether a file begins like those of :func:`write_emails`. Raises OSError."""
    return _begins(path, _EMAILS_HEAD)


def _begins(path: Path, head: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(head)) == head


def _encoded(lines: Iterable[Iterable[object]]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue().encode()


@lru_cache(maxsize=4096)
def _local(seconds: int) -> str:
    """Return seconds since 1970 as ISO 8601 in local time, with its offset."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().isoformat()
