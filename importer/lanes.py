"""Which requests go one after the other, because reading back could not tell their notes apart.

Comes in: the plan's groups. Goes out: the lane that a request has to keep to, or None. Two deliveries to one prospect
are alike when a reader sees the same text in both notes, and neither visibility nor status differs; and all drafts are,
for the API shows only one draft of a prospect. If one of them is unclear while the other is under way, nobody could say
whose the note is that was found.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from importer.journal import NoteKey
from importer.models import Group, Rows, Status

Waiter = TypeVar("Waiter")


@dataclass(eq=False, slots=True)
class Lane(Generic[Waiter]):
    """Deliveries that are alike; one request at a time has it, until each of its deliveries is settled.

    Attributes:
        contested: prospects that several of the deliveries are for.
        open: deliveries of the request that has the lane which are not settled yet.
        waiting: requests that come after it.
    """

    contested: frozenset[str]
    open: int = 0
    waiting: deque[Waiter] = field(default_factory=deque)

    def enter(self, waiter: Waiter, size: int) -> bool:
        """Take the lane for a request of so many deliveries, or else have it wait until the lane is free."""
        if self.open:
            self.waiting.append(waiter)
            return False
        self.open = size
        return True

    def leave(self, settled: int) -> Waiter | None:
        """So many deliveries are settled; who comes next, where that sets the lane free."""
        self.open -= settled
        return self.waiting.popleft() if self.open <= 0 and self.waiting else None


class Lanes(Generic[Waiter]):
    """The lanes of a plan.

    Args:
        groups: what is to be delivered.
        keys: what the journal keeps of their notes, in the same order.
        rows: where the prospects stand.
    """

    def __init__(self, groups: Sequence[Group], keys: Sequence[NoteKey], rows: Rows) -> None:
        alike: defaultdict[tuple[object, ...], list[Group]] = defaultdict(list)
        for group, key in zip(groups, keys, strict=True):
            alike[_class(key)].append(group)
        self._lanes: dict[tuple[object, ...], Lane[Waiter]] = {}
        for name, members in alike.items():
            if len(members) > 1 or rows.key is not None:
                counts = Counter(prospect for group in members for prospect in rows.prospect[group.positions].tolist())
                contested = frozenset(prospect for prospect, count in counts.items() if count > 1)
                if contested:
                    self._lanes[name] = Lane(contested)

    def of(self, key: NoteKey, prospects: Sequence[str]) -> Lane[Waiter] | None:
        """The lane of a request, where it has to keep to one."""
        lane = self._lanes.get(_class(key)) if self._lanes else None
        return None if lane is None or lane.contested.isdisjoint(prospects) else lane


def _class(key: NoteKey) -> tuple[object, ...]:
    return (Status.DRAFT,) if key.status is Status.DRAFT else (key.seen, key.visibility)
