"""Read prospects' notes: each time with another page size, page by page, and again after a failure.

Input: lookups, pages and failures. Output: further lookups. What a page shows is judged elsewhere.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Set
from dataclasses import replace
from typing import Any

from importer.api import Cause, Failure, NotesPage
from importer.calls.dispatcher import Dispatcher
from importer.delivery.context import LONGEST_PAUSE, DeliveryContext
from importer.delivery.tasks import WholeRead

_REFUSED = frozenset({Cause.INTERMEDIARY, Cause.REDIRECTED})  # refusals that do not come from the API

_TAKES = 45  # page sizes, of 90, between the first ones of two runs; a run rarely looks a prospect up so often


class Pages:
    """Page sizes of a run's lookups. No two lookups of a prospect ask for the same, so that no cache answers (D60).

    Args:
        size: most notes on a page.
        run: the run's number. A cache may still hold pages of earlier runs, so each run begins with another size.
        takes: page sizes between the first ones of two runs; 0 for many.
    """

    def __init__(self, size: int, run: int, takes: int = 0) -> None:
        self._size, self._first_take = size, run * (takes or _TAKES)
        self._lookups_of: Counter[str] = Counter()

    def take(self, prospect: str) -> int:
        """Return how many notes to ask for: another number for each lookup of a prospect."""
        self._lookups_of[prospect] += 1
        distinct_takes = max(1, self._size * 9 // 10)
        return self._size - (self._first_take + self._lookups_of[prospect]) % distinct_takes

    def is_worn(self, prospect: str, share: float = 0.4) -> bool:
        """Return whether lookups of a prospect have used this share of the page sizes, of which 0.9 serve."""
        return self._lookups_of[prospect] > self._size * share


class Reads:
    """Lookups of prospects' notes.

    Attributes:
        pages: chooses page sizes.
    """

    def __init__(self, context: DeliveryContext) -> None:
        run = int(context.clock()) if context.run_id is None else context.run_id
        self.pages = Pages(context.traits.page, run)
        self._dispatcher, self._policy, self._retry = context.dispatcher, context.policy, context.caller.retry

    def begin(self, look: WholeRead, due: float = -math.inf, *, at: int = 0) -> None:
        """Read a prospect's notes from the beginning, or from a place where they were seen, at the due time."""
        look.begin_again(self.pages.take(look.prospect))
        look.skip = at
        self._dispatcher.add(look, due)

    def again(self, look: WholeRead, failure: Failure) -> bool:
        """Repeat a lookup after a failure; return False if it is time to give up."""
        policy = replace(self._retry, longest=max(1.0, min(self._policy.lag, self._policy.read_timeout)))
        if failure.cause is Cause.RATE_LIMITED:
            self._dispatcher.add(look)
            return True
        if failure.cause in _REFUSED and self._dispatcher.wait_out(look):
            return True  # not caused by this lookup
        if failure.cause is Cause.UNREACHABLE:  # not caused by this lookup
            policy = replace(policy, attempts=0, longest=LONGEST_PAUSE)
        return self._dispatcher.retry(look, failure, policy)


def read_on(
    look: WholeRead, page: NotesPage, dispatcher: Dispatcher[Any], wanted: Set[str] = frozenset()
) -> NotesPage | None:
    """Return a prospect's notes once all are read, or the wanted ones; otherwise None, and read the next page."""
    before, whole = len(look.notes), look.take_in(page)
    if not whole.has_more or len(look.notes) == before or (wanted and wanted <= look.notes.keys()):
        return whole
    look.go_on()
    dispatcher.add(look)
    return None
