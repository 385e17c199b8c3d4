"""Results as CSV that opens well in every spreadsheet program and runs nothing there.

Comes in: blocks. Goes out: UTF-8 with a byte order mark (Excel needs it to see UTF-8), commas, CRLF. A text that a
spreadsheet program would run gets apostrophes; :func:`unprotected` takes them away again.
"""

from __future__ import annotations

import codecs
import csv
import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import BinaryIO

from importer.columns import OUR_COLUMNS
from importer.models import Problem
from importer.results.layout import Block, encodable

# Where a cell begins for some program: in many countries Excel splits our lines at semicolons, and quotation marks that
# don't stand beside its own separators mean nothing to it.
_BORDER = r'[,;|"\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]'
# What programs pass over at a cell's beginning; none of it is a border.
_PASSED_OVER = r"[ \x00-\x08\x0e-\x1b\x1f\xa0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]*"
# What makes them look closer: OWASP's list (CSV injection), with the wide and small forms of its signs.
_SIGNS = r"=+\-@\t\r＝＋－＠﹦﹢﹣﹫"
# The apostrophes are our marks on an earlier text, or look like them.
_START = re.compile(rf"'*{_PASSED_OVER}[{_SIGNS}\n]")
_INSIDE = re.compile(rf"{_BORDER}(?='*{_PASSED_OVER}[{_SIGNS}])")
_INSIDE_MARKED = re.compile(rf"({_BORDER})'(?='*{_PASSED_OVER}[{_SIGNS}])")
_NUMBER = re.compile(r"'*[+-](\d+([.,]\d+)*|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)
_PROBLEM_HEAD = codecs.BOM_UTF8 + b"row,cell,heading,value,problem\r\n"


def protected(text: str) -> str:
    """The text so that no spreadsheet program runs any of it: apostrophes before ``=``, ``+``, ``-``, ``@``, ….

    Not only at the beginning: also behind whatever a program may take for the end of a cell. A text that is nothing but
    a number (``-5``, ``+49``) is left alone. :func:`unprotected` is the exact inverse.
    """
    if _START.match(text) is None:
        return _INSIDE.sub(r"\g<0>'", text)
    return text if _NUMBER.fullmatch(text) else "'" + _INSIDE.sub(r"\g<0>'", text)


def unprotected(text: str) -> str:
    """What :func:`protected` was given; other texts stay as they are."""
    if text.startswith("'") and _START.match(text, 1) is not None:
        return text if _NUMBER.fullmatch(text) else _INSIDE_MARKED.sub(r"\1", text[1:])
    return _INSIDE_MARKED.sub(r"\1", text)


def write_csv(file: BinaryIO, headings: Sequence[str], rows: Iterable[Block]) -> None:
    """Write the file. Raises OSError."""
    file.write(codecs.BOM_UTF8 + _encoded([_safe(encodable([*headings, *OUR_COLUMNS]))]))
    for block in rows:
        texts = [_safe(column) for column in (*block.theirs, block.result, block.note_id, block.reason)]
        finished = ["" if math.isnan(at) else _local(int(at)) for at in block.finished_at]
        file.write(_encoded(zip(*texts, block.source_row, finished, _safe(block.request), strict=True)))


def write_problems(file: BinaryIO, headings: Sequence[str], problems: Iterable[Problem]) -> None:
    """Write what is wrong in a sheet, a line each. Raises OSError."""
    file.write(_PROBLEM_HEAD)
    for problem in problems:
        heading = "" if problem.column is None else headings[problem.column]
        texts = _safe(encodable([problem.cell, heading, problem.value, problem.text]))
        file.write(_encoded([[problem.row, *texts]]))


def holds_problems(path: Path) -> bool:
    """Whether a file begins as :func:`write_problems` begins it. Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(_PROBLEM_HEAD)) == _PROBLEM_HEAD


def _encoded(rows: Iterable[Iterable[object]]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _safe(column: list[str]) -> list[str]:
    return [protected(text) if text else text for text in column]


@lru_cache(maxsize=4096)
def _local(at: int) -> str:
    """ISO 8601 with the offset of the place where the tool runs."""
    return datetime.fromtimestamp(at, UTC).astimezone().isoformat()
