"""Find requests that must go one after the other, because reading back could not tell their notes apart.

Input: the groups of a plan. Output: the conflict keys that a request must hold. Two deliveries conflict if they are for
the same prospect, and reading back shows the same text, visibility and status. If the vendor shows at most one draft of
a prospect, all drafts of that prospect conflict. If one delivery is unclear while the other is under way, nobody could
say which of them made the note that is read back.
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
    """Key of deliveries that look alike. One request at a time holds it, until each of its deliveries is settled.

    Attributes:
        contested: prospects that several of the deliveries are for.
        doubted: prospects for which it is unclear whether a delivery was made; they get no other delivery.
    """

    contested: frozenset[str]
    open: int = 0
    waiting: deque[Waiter] = field(default_factory=deque)
    doubted: set[str] = field(default_factory=set)

    def acquire(self, waiter: Waiter, size: int) -> bool:
        """Take the key for a request of ``size`` deliveries, or queue the request until the key is free."""
        if self.open:
            self.waiting.append(waiter)
            return False
        self.open = size
        return True

    def release(self, settled: int, doubted: Iterable[str] = ()) -> Waiter | None:
        """Settle some deliveries, and record prospects in doubt; return the next request if the key is now free."""
        self.doubted.update(doubted)
        self.open -= settled
        return self.waiting.popleft() if self.open <= 0 and self.waiting else None


class ConflictKeys(Generic[Waiter]):
    """The conflict keys of a plan.

    Args:
        groups: the groups to be delivered.
        keys: the journal's keys of their notes, in the same order.
        one_draft: whether the vendor shows at most one draft of a prospect.
    """

    def __init__(self, groups: Sequence[Group], keys: Sequence[NoteKey], rows: Rows, *, one_draft: bool) -> None:
        self._one_draft = one_draft
        groups_by_class: defaultdict[tuple[object, ...], list[Group]] = defaultdict(list)
        for group, key in zip(groups, keys, strict=True):
            groups_by_class[self._class(key)].append(group)
        self._found: dict[tuple[object, ...], ConflictKey[Waiter]] = {}
        for name, members in groups_by_class.items():
            if len(members) > 1 or rows.key is not None or rows.record is not None:
                counts = Counter(prospect for group in members for prospect in rows.prospect[group.positions].tolist())
                contested = frozenset(prospect for prospect, count in counts.items() if count > 1)
                if contested:
                    self._found[name] = ConflictKey(contested)

    def of(self, key: NoteKey, prospects: Sequence[str]) -> ConflictKey[Waiter] | None:
        """Return the conflict key that a request must hold, if any."""
        conflict_key = self._found.get(self._class(key)) if self._found else None
        return None if conflict_key is None or conflict_key.contested.isdisjoint(prospects) else conflict_key

    def _class(self, key: NoteKey) -> tuple[object, ...]:
        if key.status is Status.DRAFT and self._one_draft:
            return (Status.DRAFT,)
        return (key.seen, key.visibility, key.status)
