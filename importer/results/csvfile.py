"""Results as CSV that opens well in every spreadsheet program and runs nothing there.

Comes in: blocks. Goes out: UTF-8 with a byte order mark (Excel needs it to see UTF-8), commas, CRLF. A text that a
spreadsheet program would run gets a leading apostrophe; :func:`unprotected` takes it away again.
"""

from __future__ import annotations

import codecs
import csv
import math
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from importer.columns import OUR_COLUMNS
from importer.models import Problem
from importer.results.layout import Block, encodable

# What makes a program look closer: OWASP's list (CSV injection), wide forms included, also after spaces.
_TRIGGER = re.compile(r"('*)\s*[\t\r\n=+\-@＝＋－＠]")
_NUMBER = re.compile(r"[+-](\d+([.,]\d+)*|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)
_PROBLEM_HEADINGS = ("row", "cell", "heading", "value", "problem")


def protected(text: str) -> str:
    """The text so that no spreadsheet program runs it: an apostrophe before ``=``, ``+``, ``-``, ``@``, a tab, ….

    Plain numbers (``-5``, ``+49``) are left alone. :func:`unprotected` is its exact inverse.
    """
    return f"'{text}" if _runs(text) else text


def unprotected(text: str) -> str:
    """What :func:`protected` was given; other texts stay as they are."""
    return text[1:] if text.startswith("'") and _runs(text[1:]) else text


def _runs(text: str) -> bool:
    """Whether the text, or the text after apostrophes (our mark on an earlier one), would be looked at closer."""
    found = _TRIGGER.match(text)
    return found is not None and not _NUMBER.fullmatch(text, found.end(1))


def write_csv(path: Path, headings: Sequence[str], rows: Iterable[Block]) -> None:
    """Write the file. Raises OSError."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([protected(text) for text in encodable([*headings, *OUR_COLUMNS])])
        for block in rows:
            texts = [_safe(column) for column in (*block.theirs, block.result, block.note_id, block.reason)]
            finished = ["" if math.isnan(at) else _local(int(at)) for at in block.finished_at]
            writer.writerows(zip(*texts, block.source_row, finished, _safe(block.request), strict=True))


def write_problems(path: Path, headings: Sequence[str], problems: Iterable[Problem]) -> None:
    """Write what is wrong in a sheet, a line each. Raises OSError."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(_PROBLEM_HEADINGS)
        for problem in problems:
            heading = "" if problem.column is None else headings[problem.column]
            texts = _safe(encodable([problem.cell, heading, problem.value, problem.text]))
            writer.writerow([problem.row, *texts])


def holds_problems(path: Path) -> bool:
    """Whether a file begins as :func:`write_problems` begins it. Raises OSError."""
    head = codecs.BOM_UTF8 + ",".join(_PROBLEM_HEADINGS).encode() + b"\r\n"
    with path.open("rb") as file:
        return file.read(len(head)) == head


def _safe(column: list[str]) -> list[str]:
    return [protected(text) if text else text for text in column]


@lru_cache(maxsize=4096)
def _local(at: int) -> str:
    """ISO 8601 with the offset of the place where the tool runs."""
    return datetime.fromtimestamp(at, UTC).astimezone().isoformat()
