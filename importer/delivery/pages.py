"""Pages of a prospect's notes: asked for so that no cache answers, and known for old where one did all the same.

Comes in: whose notes are to be read, and pages that were. Goes out: how many notes to ask for, and whether a page is as
new as those before it.
"""

from __future__ import annotations

from collections import Counter

from importer.api import NotesPage
from importer.delivery.tasks import Read

_TAKES = 28  # addresses by which runs are apart, of 90: so many lookups at a prospect a run hardly makes


class Pages:
    """The pages of a run.

    Args:
        size: notes on a page at most.
        run: the run's number. A cache may still hold what an earlier run asked for: each begins where the one before
            will hardly have come.
    """

    def __init__(self, size: int, run: int) -> None:
        self._size, self._first_take = size, run * _TAKES
        self._lookups_of: Counter[str] = Counter()
        self._latest: dict[str, str] = {}  # prospect → the first note on the last page that was read of it

    def take(self, prospect: str) -> int:
        """How many notes a lookup asks for: no two lookups of a prospect ask alike, lest a cache answers."""
        self._lookups_of[prospect] += 1
        different = max(1, self._size * 9 // 10)
        return self._size - (self._first_take + self._lookups_of[prospect]) % different

    def is_newest(self, read: Read, page: NotesPage) -> bool:
        """Whether a first page is no older than those that were read of the prospect before: it has what they had.

        An older one comes from a cache, or from a copy that lags; it tells nothing that isn't known already.
        """
        if read.skip:
            return True
        latest = self._latest.get(read.prospect)
        is_newest = latest is None or latest in {note.note_id for note in page.notes} or page.has_more
        if is_newest and page.notes:
            self._latest[read.prospect] = page.notes[0].note_id
        return is_newest
