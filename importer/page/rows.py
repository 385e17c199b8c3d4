"""Choose the rows that a screen shows: those that a person asks for, else those that need attention.

Input: the file of a run's rows, and the query of an address: a result, words, the number of a page. Output: rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from importer.models import Result
from importer.page.screens import whole_number
from importer.telling.result_rows import TO_FIX, RowPage, read

_LONGEST = 200  # maximum number of characters that are searched for


@dataclass(frozen=True)
class ShownRows:
    """Rows that a screen shows.

    Attributes:
        result, words: what a person asks for; empty for any.
        found: the rows that match; None if nothing is asked for, and some rows need attention.
        to_fix, unclear: the first rows to be corrected, and those to be looked up.
    """

    result: str
    words: str
    found: RowPage | None
    to_fix: RowPage
    unclear: RowPage

    def query(self, *, result: str | None = None, page: int = 1) -> str:
        """Return the query of an address for another result, or for another page."""
        asked = {"result": self.result if result is None else result, "words": self.words}
        return "?" + urlencode({**asked, **({"page": page} if page > 1 else {})})


def shown(path: Path, asked: Mapping[str, str]) -> ShownRows | None:
    """Return the rows that a screen shows; None if they aren't kept.

    Args:
        path: the file of the run's rows.
        asked: the fields of the address.
    """
    result, words = asked.get("result", ""), asked.get("words", "").strip()[:_LONGEST]
    to_fix, unclear = read(path, TO_FIX), read(path, Result.UNCONFIRMED)
    if to_fix is None or unclear is None:
        return None
    if asked.keys().isdisjoint(("result", "words", "page")) and to_fix.total + unclear.total:
        return ShownRows(result, words, None, to_fix, unclear)
    found = read(path, result, words, whole_number(asked.get("page", "")) or 1)
    return None if found is None else ShownRows(result, words, found, to_fix, unclear)
