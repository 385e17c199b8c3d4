"""Mark and recognize the columns of results files. Others write the marks, and read them again.

Input: headings, or a text. Output: the columns that the importer added, and whether a text was cut.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

TO_FIX = "To fix"
"""Name of the sheet with the rows to correct."""


@dataclass(frozen=True)
class ResultColumn:
    """A column that the importer adds to the sheet's own; the text ``column-of-results.HEADING`` describes it.

    Attributes:
        cells: content of the cells. A label is a result, shown in its colours; a reason is a text that wraps.
        width: width in characters.
        leads_to_fix: whether the column precedes the sheet's own on the sheet *To fix*.
    """

    heading: str
    cells: Literal["label", "text", "reason", "number", "time"]
    width: int
    leads_to_fix: bool = False


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
    ResultColumn(COMPOSED, "reason", 44),
)
"""The columns that follow the input's own, always in this order and always the last. On *To fix*, some come first.
The composed text is written only if a template composes it. Earlier results lack a new column."""

CUT_MARK = "… [cut here: the whole text has {} characters]"
"""End of a text of which a workbook's cell holds only the beginning."""

AUTHOR = "note-importer"
"""Author that a results workbook names."""

OF_RUN = "Results of the run "
"""Beginning of a results workbook's description, before the run's name."""

_FEWEST = 3  # of our columns in a row, by which results are recognized
_CUT = re.compile(re.escape(CUT_MARK).replace(r"\{\}", r"[\d,]+") + r"\Z")


def our_columns(headings: Sequence[str]) -> dict[str, int]:
    """Return our columns in an earlier results file: heading → position; empty for any other file.

    Both layouts are recognized: *Results* (and CSV), and *To fix*. A person may have deleted some of the columns. Fewer
    than three in a row are the user's own.
    """
    named = ["result" if heading == PRACTISED else heading for heading in headings]
    found: dict[str, int] = {}
    for first in ([], [column.heading for column in COLUMNS if column.leads_to_fix]):
        last = [column.heading for column in COLUMNS if column.heading not in first]
        for start in range(len(named) - 1, len(first) - 1, -1) if named[: len(first)] == first else ():
            row = dict[str, int]()
            for heading in last:
                if named[start + len(row) :][:1] == [heading]:
                    row[heading] = start + len(row)
            if len(row) >= _FEWEST and len(first) + len(row) > len(found):
                found = {name: at for at, name in enumerate(first)} | row
    return found


def own_columns(headings: Sequence[str]) -> list[int]:
    """Return the positions of a sheet's columns without those that the importer added to results."""
    ours = our_columns(headings).values()
    return [at for at in range(len(headings)) if at not in ours]


def repeats_results(headings: Sequence[str]) -> bool:
    """Return whether these are the headings of *To fix*, whose rows are also on *Results*."""
    return our_columns(headings).get(COLUMNS[0].heading) == 0


def was_cut(text: str) -> bool:
    """Return whether a text is only the beginning of a longer one, cut when a workbook was written."""
    return _CUT.search(text) is not None
