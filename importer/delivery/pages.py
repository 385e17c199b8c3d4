"""Choose page sizes so that no cache answers, and detect pages that are outdated all the same.

Input: prospects whose notes are to be read, and pages that were read. Output: how many notes to ask for, and whether a
page is as new as those before it.
"""

from __future__ import annotations

from collections import Counter

from importer.api import NotesPage
from importer.delivery.tasks import Read

_TAKES = 28  # page sizes, of 90, between the first ones of two runs; a run rarely looks a prospect up so often


class Pages:
    """Page sizes of a run's lookups, and the newest page of each prospect.

    Args:
        size: most notes on a page.
        run: the run's number. A cache may still hold pages of earlier runs, so each run begins with another size.
    """

    def __init__(self, size: int, run: int) -> None:
        self._size, self._first_take = size, run * _TAKES
        self._lookups_of: Counter[str] = Counter()
        self._latest: dict[str, str] = {}  # prospect → first note on its newest page

    def take(self, prospect: str) -> int:
        """Return how many notes to ask for: another number for each lookup of a prospect, so that no cache answers."""
        self._lookups_of[prospect] += 1
        distinct_takes = max(1, self._size * 9 // 10)
        return self._size - (self._first_take + self._lookups_of[prospect]) % distinct_takes

    def is_newest(self, read: Read, page: NotesPage) -> bool:
        """Return whether a first page is no older than the pages of the same prospect that were read before.

        A newer page still shows the first note of these. An older page comes from a cache or from a copy that lags, and
        shows nothing new.
        """
        if read.skip:
            return True
        latest = self._latest.get(read.prospect)
        is_newest = latest is None or latest in {note.note_id for note in page.notes} or page.has_more
        if is_newest and page.notes:
            self._latest[read.prospect] = page.notes[0].note_id
        return is_newest
