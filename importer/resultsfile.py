"""Mark and recognize results files and their columns. Others write the marks, and read them again.

Input: headings, a text, or a file. Output: the columns that the importer added, whether a text was cut, and whether the
importer wrote a file.
"""

from __future__ import annotations

import csv
import io
import itertools
import os
import re
import struct
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, BinaryIO, Literal

from importer.files import TooLarge

TO_FIX = "To fix"
"""Name of the sheet with the rows to correct."""


@dataclass(frozen=True)
class ResultColumn:
    """A column that the importer adds to the sheet's own; the text ``column-of-results.HEADING`` describes it.

    Attributes:
        cells: content of the cells. A label is a result, shown in its colours; a reason is a text that wraps.
        width: width in characters.
        leads_to_fix: whether the column precedes the sheet's own on the sheet *To fix*.
        may_be_missing: whether there are results files without it, such as those of versions that didn't have it.
    """

    heading: str
    cells: Literal["label", "text", "reason", "number", "time"]
    width: int
    leads_to_fix: bool = False
    may_be_missing: bool = False


PRACTISED = "result (practice)"
"""Heading of the results of practice. It marks them in every format, also after a person has saved the file."""

COMPOSED = "composed_text"
"""Heading of the texts that a template composed."""

COLUMNS: tuple[ResultColumn, ...] = (
    ResultColumn("result", "label", 18, leads_to_fix=True),
    ResultColumn("note_id", "text", 16),
    ResultColumn("reason", "reason", 56, leads_to_fix=True),
    ResultColumn("source_row", "number", 15),
    ResultColumn("finished_at", "time", 21),
    ResultColumn("request", "text", 22),
    ResultColumn(COMPOSED, "reason", 44, may_be_missing=True),
)
"""The columns that follow the input's own, always in this order and always the last. On *To fix*, some come first.
The composed text is written only if a template composes it. A new column may be missing: earlier results lack it."""

OUR_COLUMNS = tuple(column.heading for column in COLUMNS if not column.may_be_missing)
"""Headings of the columns that all results files have."""

CUT_MARK = "… [cut here: the whole text has {} characters]"
"""End of a text of which a workbook's cell holds only the beginning."""

AUTHOR = "note-importer"
"""Author that a results workbook names."""

OF_RUN = "Results of the run "
"""Beginning of a results workbook's description, before the run's name."""

TEMPLATE = "Notes to import"
"""The title of the template, which has the same author."""

_CUT = re.compile(re.escape(CUT_MARK).replace(r"\{\}", r"[\d,]+") + r"\Z")
_MOST = 1 << 20  # bytes that are examined
_MOST_DIRECTORY_BYTES = 16 * 1024**2
_PACKAGE = b"PK\x03\x04"  # first bytes of a workbook
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # used by spreadsheet programs; others unpack without bound


def our_columns(headings: Sequence[str]) -> dict[str, int]:
    """Return our columns in an earlier results file: heading → position; empty for any other file.

    Both layouts are recognized: *Results* (and CSV), and *To fix*. A single ``result`` or ``reason`` is the user's own.
    """
    named = ["result" if heading == PRACTISED else heading for heading in headings]
    optional = [column.heading for column in COLUMNS if column.may_be_missing]
    for first in ([], [column.heading for column in COLUMNS if column.leads_to_fix]):
        last = [heading for heading in OUR_COLUMNS if heading not in first]
        for start in range(len(named) - len(last), len(first) - 1, -1):
            end = start + len(last)
            if named[: len(first)] == first and named[start:end] == last:
                last += itertools.takewhile(optional.__contains__, named[end:])
                return {name: at for at, name in [*enumerate(first), *enumerate(last, start)]}
    return {}


def own_columns(headings: Sequence[str]) -> list[int]:
    """Return the positions of a sheet's columns without those that the importer added to results."""
    ours = our_columns(headings).values()
    return [at for at in range(len(headings)) if at not in ours]


def is_practice(headings: Sequence[str]) -> bool:
    """Return whether these are the headings of the results of practice."""
    ours = our_columns(headings)
    return bool(ours) and headings[ours["result"]] == PRACTISED


def repeats_results(headings: Sequence[str]) -> bool:
    """Return whether these are the headings of *To fix*, whose rows are also on *Results*."""
    return our_columns(headings).get(COLUMNS[0].heading) == 0


def was_cut(text: str) -> bool:
    """Return whether a text is only the beginning of a longer one, cut when a workbook was written."""
    return _CUT.search(text) is not None


def is_results(file: BinaryIO) -> bool:
    """Return whether a file is a results file: a workbook with our author, or a CSV whose last headings are ours."""
    if properties := _properties(file):
        return properties.get("creator") == AUTHOR and properties.get("title") != TEMPLATE
    file.seek(0)
    try:
        start = io.TextIOWrapper(io.BytesIO(file.read(_MOST)), encoding="utf-8-sig", newline="")
        headings = next(csv.reader(start), [])
    except (ValueError, csv.Error):  # the file may come from anyone; if it is no text, it isn't ours
        return False
    ours = our_columns(headings)
    return bool(ours) and [*ours.values()] == [*range(len(headings) - len(ours), len(headings))]


def run_of(file: BinaryIO) -> str:
    """Return the name of the run that a results workbook is of; empty if it names none. Raises OSError."""
    text = _properties(file).get("description", "")
    return text.removeprefix(OF_RUN) if text.startswith(OF_RUN) else ""


def _properties(file: BinaryIO) -> dict[str, str]:
    """Return a workbook's properties; none if it isn't a workbook, or is packed as no spreadsheet program packs it."""
    file.seek(0)
    if file.read(len(_PACKAGE)) != _PACKAGE:
        return {}
    from lxml import etree  # noqa: PLC0415 - no start waits for it

    try:
        check_directory(file)
        with zipfile.ZipFile(file) as package, package.open("docProps/core.xml") as part:
            if package.getinfo(part.name).compress_type not in PACKINGS:
                return {}
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            properties = etree.fromstring(part.read(_MOST), parser)
        return {etree.QName(one).localname: one.text or "" for one in properties}
    except OSError as error:
        if not isinstance(error, TooLarge):
            raise
        return {}
    except Exception:  # noqa: BLE001 - the file may come from anyone; if it is damaged, it isn't ours
        return {}


def check_directory(file: IO[bytes]) -> None:
    """Raise TooLarge if a zip file's directory is larger than any workbook's: listing it would fill the memory."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    length = struct.unpack_from("<L", tail, at + 12)[0] if 0 <= at <= len(tail) - 22 else 0
    if length == 0xFFFFFFFF:
        at = tail.rfind(b"PK\x06\x06")
        length = struct.unpack_from("<Q", tail, at + 40)[0] if 0 <= at <= len(tail) - 56 else 0
    if length > _MOST_DIRECTORY_BYTES:
        raise TooLarge(length, _MOST_DIRECTORY_BYTES)
