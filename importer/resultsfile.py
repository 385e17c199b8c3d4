"""What marks a results file and its columns: results writes it, rows and commands know it again.

Comes in: headings, texts, or a file. Goes out: which columns the importer added, texts as they stand in CSV and as they
were, and whether a file is one that the importer wrote.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from typing import BinaryIO

OUR_COLUMNS: tuple[str, ...] = ("result", "note_id", "reason", "source_row", "finished_at", "request")
"""The headings that follow the input's own, always in this order and always the last."""

FIX_FIRST: tuple[str, ...] = ("result", "reason")
FIX_LAST: tuple[str, ...] = ("note_id", "source_row", "finished_at", "request")
"""On the sheet *To fix* what is wrong comes first, and the rest of our columns last."""

CUT_MARK = "… [cut here: the whole text has {} characters]"
"""Ends a text of which a workbook's cell holds only the beginning."""

AUTHOR = "note-importer"
"""Whom a results workbook names as its author."""

TEMPLATE = "Notes to import"
"""The title of the template, which has the same author."""

_CUT = re.compile(re.escape(CUT_MARK).replace(r"\{\}", r"[\d,]+") + r"\Z")
_MOST = 1 << 20  # bytes that are looked at
_PACKAGE = b"PK\x03\x04"  # how a workbook begins
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what spreadsheet programs write; others unpack without bound

# Where a cell begins for some program: in many countries Excel splits our lines at semicolons, and quotation marks that
# don't stand beside its own separators mean nothing to it.
_BORDER = r'[,;|"\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]'
# What programs pass over at a cell's beginning; none of it is a border.
_PASSED_OVER = r"[ \x00-\x08\x0e-\x1b\x1f\xa0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]*"
# A formula begins with one of these: OWASP's list (CSV injection), with the wide and small forms of its signs.
_SIGNS = "=+-@＝＋－＠﹦﹢﹣﹫"
_SIGN = f"[{re.escape(_SIGNS)}]"
# Earlier versions guarded a tab or a line break as well, whatever came after it. Their marks are still taken off.
_MARKED = f"[{re.escape(_SIGNS)}\t\r]"
# The apostrophes are our marks on an earlier text, or look like them.
_START = re.compile(rf"'*(?:{_PASSED_OVER}[\t\r\n])*{_PASSED_OVER}{_SIGN}|'+{_PASSED_OVER}[\t\r\n]")
_START_MARKED = re.compile(rf"'*{_PASSED_OVER}(?:{_MARKED}|\n)")
_INSIDE = re.compile(rf"{_BORDER}(?='*{_PASSED_OVER}{_SIGN}|'+{_PASSED_OVER}{_MARKED})")
_INSIDE_MARKED = re.compile(rf"({_BORDER})'(?='*{_PASSED_OVER}{_MARKED})")
_NUMBER = re.compile(r"'*[+-](\d+([.,]\d+)*|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)


def own_columns(headings: Sequence[str]) -> dict[str, int]:
    """Where our columns stand in an earlier results file: heading → position, or nothing if it isn't one.

    Knows both layouts: *Results* (and CSV), and *To fix*. A lone ``result`` or ``reason`` is the user's own.
    """
    start = _last_run(headings, OUR_COLUMNS)
    if start is not None:
        return {name: start + i for i, name in enumerate(OUR_COLUMNS)}
    start = _last_run(headings, FIX_LAST)
    if start is not None and tuple(headings[: len(FIX_FIRST)]) == FIX_FIRST:
        places = [*range(len(FIX_FIRST)), *range(start, start + len(FIX_LAST))]
        return dict(zip(FIX_FIRST + FIX_LAST, places, strict=True))
    return {}


def _last_run(headings: Sequence[str], wanted: tuple[str, ...]) -> int | None:
    for start in range(len(headings) - len(wanted), -1, -1):
        if tuple(headings[start : start + len(wanted)]) == wanted:
            return start
    return None


def repeats_results(headings: Sequence[str]) -> bool:
    """Whether these are the headings of *To fix*, whose rows stand on *Results* as well."""
    return bool(own_columns(headings)) and tuple(headings[: len(FIX_FIRST)]) == FIX_FIRST


def was_cut(text: str) -> bool:
    """Whether this is only the beginning of a longer text, cut when a workbook was written."""
    return _CUT.search(text) is not None


def protected(text: str) -> str:
    """The text so that no spreadsheet program runs any of it: apostrophes before ``=``, ``+``, ``-``, ``@``, ….

    Not only at the beginning: also behind whatever a program may take for the end of a cell. A text that is nothing but
    a number (``-5``, ``+49``) is left alone. :func:`unprotected` is the exact inverse.
    """
    if _START.match(text) is None:
        return _INSIDE.sub(r"\g<0>'", text)
    return text if _NUMBER.fullmatch(text) else "'" + _INSIDE.sub(r"\g<0>'", text)


def protected_all(texts: Sequence[str]) -> Sequence[str]:
    """The same for many texts at once, which mostly hold no such sign, or are few that come again and again."""
    together = "".join(texts)
    if not any(sign in together for sign in _SIGNS + "'"):
        return texts
    known = {text: protected(text) for text in set(texts)}
    return [known[text] for text in texts]


def unprotected(text: str) -> str:
    """What :func:`protected` was given; other texts stay as they are."""
    if "'" not in text:
        return text
    if text.startswith("'") and _START_MARKED.match(text, 1) is not None:
        return text if _NUMBER.fullmatch(text) else _INSIDE_MARKED.sub(r"\1", text[1:])
    return _INSIDE_MARKED.sub(r"\1", text)


def is_results(file: BinaryIO) -> bool:
    """Whether a workbook names us as its author, or a CSV's headings end with our columns; whatever they are called.

    Args:
        file: open at any place; where it stands afterwards isn't said.

    Raises:
        OSError: it can't be read.
    """
    file.seek(0)
    start = file.read(len(_PACKAGE))
    try:
        if start == _PACKAGE:
            with zipfile.ZipFile(file) as package:
                about = package.getinfo("docProps/core.xml")
                if about.compress_type not in _PACKINGS:
                    return False
                with package.open(about) as part:
                    said = part.read(_MOST)
                    is_template = f"<dc:title>{TEMPLATE}</dc:title>".encode() in said
                    return f"<dc:creator>{AUTHOR}</dc:creator>".encode() in said and not is_template
        first = io.TextIOWrapper(io.BytesIO(start + file.read(_MOST)), encoding="utf-8-sig", newline="").readline()
        headings = next(csv.reader([first]), [])
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - anybody may have put it there; whatever a damaged one raises, it isn't ours
        return False
    return tuple(headings[-len(OUR_COLUMNS) :]) == OUR_COLUMNS
