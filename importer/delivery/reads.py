"""Read prospects' notes: each time with another page size, page by page, and again after a failure.

Input: lookups and the replies to them. Output: further lookups, and all notes, or why they could not be read. What they
show is judged elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from importer.api import STOPS, Cause, Endpoint, Failure, FoundNote, NotesPage, Reply
from importer.calls.dispatcher import Dispatcher
from importer.calls.retry import Attempts, RetryPolicy
from importer.messages import Message, say

_REFUSED = frozenset({Cause.INTERMEDIARY, Cause.REDIRECTED})  # refusals that do not come from the API

_TAKES = 22
"""Page sizes, of 90, between those of two runs at one time; a run rarely looks up a prospect so often at once."""
_SECONDS_A_TAKE = 5.0  # that look-ups are apart, for each further page size between theirs

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
        is_whole: whether no note can have been missed between two pages; ``passes``: how often one may have been.
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

    A cache may still hold pages of the runs before, so the sizes go on with the time, and each run has others.

    Args:
        retry: when a lookup is repeated after a failure.
        size: most notes on a page.
        run: the run's number.
        clock: seconds since 1970.
    """

    def __init__(
        self, dispatcher: Dispatcher[Any], retry: RetryPolicy, size: int, run: int, clock: Callable[[], float]
    ) -> None:
        self._dispatcher, self._retry, self._size, self._run, self._clock = dispatcher, retry, size, run, clock
        self._latest: dict[str, int] = {}  # prospect → number of its latest page size

    def take(self, prospect: str, due: float = -math.inf) -> int:
        """Return how many notes to ask for at the due time: another number for each lookup of a prospect."""
        self._latest[prospect] = latest = max(self._latest.get(prospect, -1) + 1, self._of_time(due))
        return self._size - latest % max(1, self._size * 9 // 10)

    def _of_time(self, at: float) -> int:
        """Return the number of the page size of this run whose turn it is at a time, or now if that is over."""
        return self._run * _TAKES + int(max(self._clock(), at) / _SECONDS_A_TAKE)

    def is_worn(self, prospect: str, share: float = 0.2) -> bool:
        """Return whether lookups of a prospect are ahead of time by this share of the sizes, of which 0.9 serve."""
        return self._latest.get(prospect, 0) - self._of_time(-math.inf) > self._size * share

    def begin(self, look: WholeRead, due: float = -math.inf, *, at: int = 0) -> None:
        """Read a prospect's notes from the beginning, or from a place where they were seen, at the due time."""
        look.take, look.skip, look.notes, look.last, look.is_whole = self.take(look.prospect, due), at, {}, "", True
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
