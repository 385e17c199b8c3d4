"""Mark and recognize results files and their columns. ``results`` writes the marks; rows and commands read them.

Input: headings, texts, or a file. Output: the columns that the importer added, texts with and without protection
against formulas, and whether the importer wrote a file.
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
"""Our columns on the sheet *To fix*: result and reason come first, the others last."""

CUT_MARK = "… [cut here: the whole text has {} characters]"
"""End of a text of which a workbook's cell holds only the beginning."""

AUTHOR = "note-importer"
"""Author that a results workbook names."""

TEMPLATE = "Notes to import"
"""The title of the template, which has the same author."""

_CUT = re.compile(re.escape(CUT_MARK).replace(r"\{\}", r"[\d,]+") + r"\Z")
_MOST = 1 << 20  # bytes that are examined
_PACKAGE = b"PK\x03\x04"  # first bytes of a workbook
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # used by spreadsheet programs; others unpack without bound

# Signs after which some program begins a cell. In many countries Excel splits our lines at semicolons, and ignores
# quotation marks that aren't beside its own separators.
_BORDER = r'[,;|"\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]'
# Characters that programs ignore at a cell's beginning; none of them is a border.
_PASSED_OVER = r"[ \x00-\x08\x0e-\x1b\x1f\xa0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]*"
# A formula begins with one of these signs: OWASP's list (CSV injection), with their wide and small forms.
_SIGNS = "=+-@＝＋－＠﹦﹢﹣﹫"
_SIGN = f"[{re.escape(_SIGNS)}]"
# Earlier versions also protected each tab or line break. Their marks are still removed.
_MARKED = f"[{re.escape(_SIGNS)}\t\r]"
# The apostrophes are marks of an earlier export, or look like them.
_START = re.compile(rf"'*(?:{_PASSED_OVER}[\t\r\n])*{_PASSED_OVER}{_SIGN}|'+{_PASSED_OVER}[\t\r\n]")
_START_MARKED = re.compile(rf"'*{_PASSED_OVER}(?:{_MARKED}|\n)")
_INSIDE = re.compile(rf"{_BORDER}(?='*{_PASSED_OVER}{_SIGN}|'+{_PASSED_OVER}{_MARKED})")
_INSIDE_MARKED = re.compile(rf"({_BORDER})'(?='*{_PASSED_OVER}{_MARKED})")
_NUMBER = re.compile(r"'*[+-](\d+([.,]\d+)*|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)


def own_columns(headings: Sequence[str]) -> dict[str, int]:
    """Return our columns in an earlier results file: heading → position; empty for any other file.

    Both layouts are recognized: *Results* (and CSV), and *To fix*. A single ``result`` or ``reason`` is the user's own.
    """
    start = _last_run(headings, OUR_COLUMNS)
    if start is not None:
        return {name: start + i for i, name in enumerate(OUR_COLUMNS)}
    start = _last_run(headings, FIX_LAST)
    if start is not None and tuple(headings[: len(FIX_FIRST)]) == FIX_FIRST:
        positions = [*range(len(FIX_FIRST)), *range(start, start + len(FIX_LAST))]
        return dict(zip(FIX_FIRST + FIX_LAST, positions, strict=True))
    return {}


def _last_run(headings: Sequence[str], wanted: tuple[str, ...]) -> int | None:
    for start in range(len(headings) - len(wanted), -1, -1):
        if tuple(headings[start : start + len(wanted)]) == wanted:
            return start
    return None


def repeats_results(headings: Sequence[str]) -> bool:
    """Return whether these are the headings of *To fix*, whose rows are also on *Results*."""
    return bool(own_columns(headings)) and tuple(headings[: len(FIX_FIRST)]) == FIX_FIRST


def was_cut(text: str) -> bool:
    """Return whether a text is only the beginning of a longer one, cut when a workbook was written."""
    return _CUT.search(text) is not None


def protected(text: str) -> str:
    """Return the text with apostrophes before ``=``, ``+``, ``-``, ``@``, …, so that no program runs it as a formula.

    The apostrophes are added at the beginning, and wherever a program may begin a new cell. A text that is only a
    number (``-5``, ``+49``) stays unchanged. :func:`unprotected` is the exact inverse.
    """
    if _START.match(text) is None:
        return _INSIDE.sub(r"\g<0>'", text)
    return text if _NUMBER.fullmatch(text) else "'" + _INSIDE.sub(r"\g<0>'", text)


def protected_all(texts: Sequence[str]) -> Sequence[str]:
    """Return many texts, each :func:`protected`; fast if no text needs this, or if few texts are repeated often."""
    whole_text = "".join(texts)
    if not any(sign in whole_text for sign in _SIGNS + "'"):
        return texts
    protected_texts = {text: protected(text) for text in set(texts)}
    return [protected_texts[text] for text in texts]


def unprotected(text: str) -> str:
    """Return the text that :func:`protected` was given; other texts stay unchanged."""
    if "'" not in text:
        return text
    if text.startswith("'") and _START_MARKED.match(text, 1) is not None:
        return text if _NUMBER.fullmatch(text) else _INSIDE_MARKED.sub(r"\1", text[1:])
    return _INSIDE_MARKED.sub(r"\1", text)


def is_results(file: BinaryIO) -> bool:
    """Return whether a file is a results file: a workbook with our author, or a CSV whose last headings are ours.

    Args:
        file: an open file at any position; its position afterwards is undefined.

    Raises:
        OSError: the file can't be read.
    """
    file.seek(0)
    start = file.read(len(_PACKAGE))
    try:
        if start == _PACKAGE:
            with zipfile.ZipFile(file) as package:
                properties = package.getinfo("docProps/core.xml")
                if properties.compress_type not in _PACKINGS:
                    return False
                with package.open(properties) as part:
                    xml = part.read(_MOST)
                    is_template = f"<dc:title>{TEMPLATE}</dc:title>".encode() in xml
                    return f"<dc:creator>{AUTHOR}</dc:creator>".encode() in xml and not is_template
        first_line = io.TextIOWrapper(io.BytesIO(start + file.read(_MOST)), encoding="utf-8-sig", newline="").readline()
        headings = next(csv.reader([first_line]), [])
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - the file may come from anyone; if it is damaged, it isn't ours
        return False
    return tuple(headings[-len(OUR_COLUMNS) :]) == OUR_COLUMNS
