"""Which requests go one after the other, since reading back could not tell their notes apart.

Comes in: the groups of a plan. Goes out: for a request the conflict keys that it has to hold. Two deliveries conflict
when they are for one prospect and a reader sees the same text, visibility and status; and where the vendor shows one
draft of a prospect at most, all its drafts do. If one of them is unclear while the other is under way, nobody could
say whose the note is that was found.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from importer.journal import NoteKey
from importer.models import Group, Rows, Status

Waiter = TypeVar("Waiter")


@dataclass(eq=False, slots=True)
class ConflictKey(Generic[Waiter]):
    """Deliveries that are alike; one request at a time holds it, until each of its deliveries is settled.

    Attributes:
        contested: prospects that several of the deliveries are for.
        open: deliveries of the request that holds it which are not settled yet.
        waiting: requests that come after it.
        doubted: prospects for which it can't be told whether one of the deliveries was made; no other goes to them.
    """

    contested: frozenset[str]
    open: int = 0
    waiting: deque[Waiter] = field(default_factory=deque)
    doubted: set[str] = field(default_factory=set)

    def acquire(self, waiter: Waiter, size: int) -> bool:
        """Take it for a request of so many deliveries, or else have that wait until it is free."""
        if self.open:
            self.waiting.append(waiter)
            return False
        self.open = size
        return True

    def release(self, settled: int, doubted: Iterable[str] = ()) -> Waiter | None:
        """So many deliveries are settled, those to some prospects in doubt; who comes next, where that sets it free."""
        self.doubted.update(doubted)
        self.open -= settled
        return self.waiting.popleft() if self.open <= 0 and self.waiting else None


class ConflictKeys(Generic[Waiter]):
    """The conflict keys of a plan.

    Args:
        groups: what is to be delivered.
        keys: what the journal keeps of their notes, in the same order.
        rows: where the prospects stand.
        one_draft: whether the vendor shows one draft of a prospect at most.
    """

    def __init__(self, groups: Sequence[Group], keys: Sequence[NoteKey], rows: Rows, *, one_draft: bool) -> None:
        self._one_draft = one_draft
        alike: defaultdict[tuple[object, ...], list[Group]] = defaultdict(list)
        for group, key in zip(groups, keys, strict=True):
            alike[self._class(key)].append(group)
        self._found: dict[tuple[object, ...], ConflictKey[Waiter]] = {}
        for name, members in alike.items():
            if len(members) > 1 or rows.key is not None:
                counts = Counter(prospect for group in members for prospect in rows.prospect[group.positions].tolist())
                contested = frozenset(prospect for prospect, count in counts.items() if count > 1)
                if contested:
                    self._found[name] = ConflictKey(contested)

    def of(self, key: NoteKey, prospects: Sequence[str]) -> ConflictKey[Waiter] | None:
        """The conflict key of a request, where it has to hold one."""
        found = self._found.get(self._class(key)) if self._found else None
        return None if found is None or found.contested.isdisjoint(prospects) else found

    def _class(self, key: NoteKey) -> tuple[object, ...]:
        if key.status is Status.DRAFT and self._one_draft:
            return (Status.DRAFT,)
        return (key.seen, key.visibility, key.status)
