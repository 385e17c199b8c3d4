"""Schedule the lookups of sampled notes: when each is made, and how many calls they may take.

Input: lookups and the times when they are due. Output: lookups, in the order of these times.
"""

from __future__ import annotations

from collections.abc import Callable, Container

from importer.calls.dispatcher import Dispatcher
from importer.delivery.pages import Pages
from importer.delivery.tasks import SampleLookup, Task

MOST_CALLS = 100
"""Most calls that a run makes to read samples."""


class Looks:
    """Lookups of sampled notes in a run.

    Args:
        dispatcher: makes the lookups.
        pages: chooses page sizes.
        clock: returns seconds since 1970, and never goes back.

    Attributes:
        waiting: lookups whose time has not come.
        calls: number of calls that were made.
        is_off: whether reading failed, so that no more lookups are made.
    """

    def __init__(self, dispatcher: Dispatcher[Task], pages: Pages, clock: Callable[[], float]) -> None:
        self.waiting: list[SampleLookup] = []
        self.calls = self._under_way = 0
        self.is_off = False
        self._dispatcher, self._pages, self._clock = dispatcher, pages, clock

    def add(self, look: SampleLookup, due: float) -> None:
        """Schedule a lookup for its due time. Lookups made because another note was not found have priority."""
        if look.is_widened:
            look.begin_again(self._pages.take(look.prospect))
            self._dispatcher.add(look, due)
        else:
            look.due = due
            self.waiting.append(look)

    @property
    def due_at(self) -> float | None:
        """Time when the next lookup is due, by this run's clock; None if none waits."""
        return min((look.due for look in self.waiting), default=None)

    def next(self) -> SampleLookup | None:
        """Return a lookup that is due, or None. Only one is made at a time, so that sending goes on."""
        return self._due_now() if not self._under_way else None

    def begin(self, *, is_missed: bool) -> bool:
        """Begin all due lookups and, with ``is_missed``, second lookups of missed notes; return whether any began."""
        before = self.calls
        while (look := self._due_now()) is not None:
            self._dispatcher.add(look)
        while is_missed and (look := self._begun([look for look in self.waiting if look.is_missed])) is not None:
            self._dispatcher.add(look, look.due)
        return self.calls > before

    def next_page(self, look: SampleLookup) -> bool:
        """Read the next page; return False if the limit of calls is reached."""
        if not look.is_widened:
            if self.calls >= MOST_CALLS:
                return False
            self.calls, self._under_way = self.calls + 1, self._under_way + 1
        self._dispatcher.add(look)
        return True

    def came_back(self, look: SampleLookup) -> None:
        """Record that a call has ended."""
        self._under_way -= not look.is_widened

    def drop(self, runs: Container[int]) -> None:
        """Drop the lookups of these runs' notes."""
        self.waiting = [look for look in self.waiting if look.promised[0].run not in runs]

    def _due_now(self) -> SampleLookup | None:
        now = self._clock()
        return self._begun([look for look in self.waiting if look.due <= now])

    def _begun(self, looks: list[SampleLookup]) -> SampleLookup | None:
        if not looks or self.is_off or self.calls >= MOST_CALLS:
            return None
        look = min(looks, key=lambda look: look.due)
        self.waiting.remove(look)
        look.begin_again(self._pages.take(look.prospect))
        self.calls, self._under_way = self.calls + 1, self._under_way + 1
        return look
