"""Tells whether a file is, or was made of, a results file: a path in, yes or no out."""

from __future__ import annotations

import csv
import zipfile
import zlib
from pathlib import Path

from importer.columns import OUR_COLUMNS

AUTHOR = "note-importer"
"""Whom a results workbook names as its author."""

_MOST = 1 << 20  # bytes that are looked at


def is_results(path: Path) -> bool:
    """Whether a workbook names us as its author, or a CSV's headings end with our columns.

    Raises:
        OSError: it can't be read.
    """
    try:
        if path.suffix.lower() == ".xlsx":
            with zipfile.ZipFile(path) as package, package.open("docProps/core.xml") as part:
                return f"<dc:creator>{AUTHOR}</dc:creator>".encode() in part.read(_MOST)
        with path.open(encoding="utf-8-sig", newline="") as file:
            headings = next(csv.reader([file.readline(_MOST)]), [])
    except (zipfile.BadZipFile, zlib.error, KeyError, RuntimeError, ValueError, csv.Error):
        return False
    return tuple(headings[-len(OUR_COLUMNS) :]) == OUR_COLUMNS
