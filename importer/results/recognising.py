"""Tells whether a file is, or was made of, a results file: a path in, yes or no out."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

from importer.columns import OUR_COLUMNS

AUTHOR = "note-importer"
"""Whom a results workbook names as its author."""

_MOST = 1 << 20  # bytes that are looked at
_PACKINGS = (
    zipfile.ZIP_STORED,
    zipfile.ZIP_DEFLATED,
)  # what spreadsheet programs write; the others unpack without bound


def is_results(path: Path) -> bool:
    """Whether a workbook names us as its author, or a CSV's headings end with our columns.

    Raises:
        OSError: it can't be read.
    """
    try:
        if path.suffix.lower() == ".xlsx":
            with zipfile.ZipFile(path) as package:
                about = package.getinfo("docProps/core.xml")
                if about.compress_type not in _PACKINGS:
                    return False
                with package.open(about) as part:
                    return f"<dc:creator>{AUTHOR}</dc:creator>".encode() in part.read(_MOST)
        with path.open(encoding="utf-8-sig", newline="") as file:
            headings = next(csv.reader([file.readline(_MOST)]), [])
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - anybody may have put it there; whatever a damaged one raises, it isn't ours
        return False
    return tuple(headings[-len(OUR_COLUMNS) :]) == OUR_COLUMNS
