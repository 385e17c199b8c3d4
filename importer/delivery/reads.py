"""Read prospects' notes: each time with another page size, page by page, and again after a failure.

Input: lookups and the replies to them. Output: further lookups, and all notes, or why they could not be read. What they
show is judged elsewhere.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from importer.api import STOPS, Cause, Endpoint, Failure, FoundNote, NotesPage, Reply
from importer.calls.dispatcher import Dispatcher
from importer.calls.retry import Attempts, RetryPolicy
from importer.errors import Busy, JournalFailed
from importer.messages import Message, say

_REFUSED = frozenset({Cause.INTERMEDIARY, Cause.REDIRECTED})  # refusals that do not come from the API

_AT_ONCE = 5  # page sizes that are reserved at once

_MOST_PASSES = 3  # times that pages which do not fit together are read again

LONGEST_PAUSE = 15.0
"""Most seconds before a call that reached no server is tried again."""


@dataclass(eq=False, slots=True)
class WholeRead:
    """Lookup of all of a prospect's notes, page by page, in whatever order they come.

    Each page begins with the last note of the page before it. Otherwise notes have moved between the pages, or the
    pages come from two copies, and a note may have been missed.

    Attributes:
        take: notes on a page; it differs between a prospect's lookups, so that no cache answers.
        enough: IDs of the notes that are looked for: once they are read, no further page is; if empty, all pages are.
        is_apart: whether the call goes over the one connection that all such calls share, one after the other.
        is_patient: whether it is read again after a failure.
        then: takes the lookup, with all notes or why they can't be read; returns the decisions that follow, if any.
        began: when the first page was asked for, by this run's clock.
        notes: notes on all pages that were read, by ID.
        last: ID of the note with which the next page begins; empty if that can be any.
        is_whole: whether no note can have been missed, between two pages or because a cache has an earlier page;
            ``passes``: how often one may have been.
    """

    prospect: str
    then: Callable[[Any, NotesPage | Failure], Iterable[Any] | None] = field(default=lambda *_: None, kw_only=True)
    take: int = field(default=100, kw_only=True)
    skip: int = field(default=0, kw_only=True)
    attempts: Attempts | None = field(default=None, kw_only=True)
    enough: Set[str] = field(default=frozenset(), kw_only=True)
    is_apart: bool = field(default=False, kw_only=True)
    is_patient: bool = field(default=True, kw_only=True)
    began: float = field(default=0.0, kw_only=True)
    notes: dict[str, FoundNote] = field(default_factory=dict, kw_only=True)
    last: str = field(default="", kw_only=True)
    is_whole: bool = field(default=True, kw_only=True)
    passes: int = field(default=0, kw_only=True)

    kind: ClassVar[Endpoint] = Endpoint.READ
    purpose: ClassVar[Message] = say("purpose.looking-up")

    @property
    def has_enough(self) -> bool:
        """Whether all notes that are looked for were read."""
        return bool(self.enough) and self.enough <= self.notes.keys()

    def take_in(self, page: NotesPage) -> NotesPage | None:
        """Return the notes of all pages once enough are read; otherwise None, and go on to the next page."""
        before, ids = len(self.notes), [note.note_id for note in page.notes]
        begins_right = not self.last or ids[:1] == [self.last]
        self.is_whole &= begins_right and self.notes.keys().isdisjoint(ids[1:] if self.last else ids)
        self.notes.update(zip(ids, page.notes, strict=True))
        if not page.has_more or len(self.notes) == before or self.has_enough:
            return replace(page, notes=tuple(self.notes.values()))
        is_joined = len(ids) > 1
        self.last = ids[-1] if is_joined else ""
        self.skip += len(ids) - is_joined
        return None


class Reads:
    """Lookups of prospects' notes. No two of a prospect ask for the same page size, so that no cache answers (D60).

    Args:
        retry: when a lookup is repeated after a failure.
        size: most notes on a page.
        first: number of page sizes that earlier runs used. A cache may still hold their pages, so each run goes on.
        reserve: keeps such a number for the next run.
    """

    def __init__(
        self, dispatcher: Dispatcher[Any], retry: RetryPolicy, size: int, first: int, reserve: Callable[[int], object]
    ) -> None:
        self._dispatcher, self._retry, self._size, self._first = dispatcher, retry, size, first
        self._reserved, self._reserve = first, reserve
        self._lookups_of: Counter[str] = Counter()

    def take(self, prospect: str) -> int:
        """Return how many notes to ask for: another number for each lookup of a prospect."""
        self._lookups_of[prospect] += 1
        number = self._first + self._lookups_of[prospect]
        if number > self._reserved:
            with contextlib.suppress(JournalFailed, Busy):  # the next lookup tries again
                self._reserve(number + _AT_ONCE)
                self._reserved = number + _AT_ONCE
        return self._size - number % max(1, self._size * 9 // 10)

    def is_worn(self, prospect: str, share: float = 0.4) -> bool:
        """Return whether lookups of a prospect have used this share of the page sizes, of which 0.9 serve."""
        return self._lookups_of[prospect] > self._size * share

    def begin(self, look: WholeRead, due: float = -math.inf, *, at: int = 0) -> None:
        """Read a prospect's notes from the beginning, or from a place where they were seen, at the due time."""
        look.take, look.skip, look.notes, look.last = self.take(look.prospect), at, {}, ""
        look.is_whole = not self.is_worn(look.prospect, 0.9)  # otherwise a cache may answer
        self._dispatcher.add(look, due)

    def take_in(self, look: WholeRead, reply: Reply[NotesPage]) -> NotesPage | Failure | None:
        """Return a prospect's notes once all are read in pages that fit together, or why they can't be; else None."""
        look.began = look.began if look.notes else reply.began
        if reply.value is None:
            assert reply.failure is not None
            is_stop = reply.failure.cause in STOPS
            return None if look.is_patient and (is_stop or self._again(look, reply.failure)) else reply.failure
        look.attempts = None
        whole = read_on(look, reply.value, self._dispatcher)
        if whole is None or look.is_whole or look.has_enough or look.passes >= _MOST_PASSES:
            return whole
        look.passes += 1
        self.begin(look)
        return None

    def _again(self, look: WholeRead, failure: Failure) -> bool:
        """Repeat a lookup after a failure; return False if it is time to give up."""
        if failure.cause is Cause.RATE_LIMITED:
            self._dispatcher.add(look)
            return True
        if failure.cause in _REFUSED and self._dispatcher.wait_out(look):
            return True  # not caused by this lookup
        policy = self._retry
        if failure.cause is Cause.UNREACHABLE:  # not caused by this lookup
            policy = replace(policy, attempts=0, longest=LONGEST_PAUSE)
        return self._dispatcher.retry(look, failure, policy)


def read_on(look: WholeRead, page: NotesPage, dispatcher: Dispatcher[Any]) -> NotesPage | None:
    """Return a prospect's notes once enough of them are read; otherwise None, and read the next page."""
    if (whole := look.take_in(page)) is None:
        dispatcher.add(look)
    return whole
