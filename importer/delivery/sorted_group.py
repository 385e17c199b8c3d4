"""Define a group of a plan, sorted by what the journal knows of its deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto

from importer.journal import DeliveryState, Journal, KnownDelivery, NoteKey
from importer.models import Group


class Known(Enum):
    """How a delivery is known whose text was another one when it was sent."""

    BY_RECORD = auto()  # the sheet's ID of the record is the same
    OTHERWISE = auto()  # the sheet's ID of the record is the same, and its note has another visibility or status
    COMPOSED_OTHERWISE = auto()  # the text of the cell was sent without the template of now, or with one
    AS_CORRECTED = auto()  # the row was sent as it was before or after somebody corrected it


@dataclass(slots=True)
class SortedGroup:
    """Deliveries of a group by what the journal knows of them, as indices of the group's positions.

    Attributes:
        group: the group.
        key: the journal's key of its note; ``number`` is the note's number there, None if it was never sent.
        left: deliveries still to be made.
        unclear: deliveries sent without a clear answer: request number → index and delivery.
        made: deliveries that exist.
        made_without_key: how many of ``left`` an earlier run created without a key.
        refused: how many of ``left`` the API refused in an earlier run because of their prospect's ID.
        differing: how many of ``left`` the prospect has with another visibility or status, from an earlier run.
        settled: indices of ``left`` whose rows are settled without being sent.
        former: journal keys of other notes by which its deliveries are known, by the notes' numbers.
        how: how deliveries are known whose text was another one when they were sent.
    """

    group: Group
    key: NoteKey
    number: int | None
    left: list[int] = field(default_factory=list)
    unclear: dict[int, list[tuple[int, KnownDelivery]]] = field(default_factory=dict)
    made: list[tuple[int, KnownDelivery]] = field(default_factory=list)
    made_without_key: int = 0
    refused: int = 0
    differing: int = 0
    settled: set[int] = field(default_factory=set)
    former: dict[int, NoteKey] = field(default_factory=dict)
    how: dict[int, Known] = field(default_factory=dict)

    def add(self, i: int, delivery: KnownDelivery) -> None:
        """Record that the delivery with this index is unclear, or was made."""
        if delivery.state in (DeliveryState.SENDING, DeliveryState.UNCONFIRMED):
            self.unclear.setdefault(delivery.request, []).append((i, delivery))
        else:
            self.made.append((i, delivery))

    def take(self, i: int, delivery: KnownDelivery, how: Known, journal: Journal) -> None:
        """Record that the delivery with this index is known as one with another note, unless it was refused."""
        if delivery.state is DeliveryState.REJECTED or i in self.how:
            return
        self.how[i] = how
        if delivery.state is not DeliveryState.CREATED or delivery.resent_at is not None:  # it will be looked up
            self.former[delivery.note] = journal.deliveries.key_of(delivery.note)
        self.add(i, delivery)

    @property
    def known(self) -> list[tuple[int, KnownDelivery]]:
        """Deliveries that exist or are unclear, each with its index."""
        return [*self.made, *(pair for members in self.unclear.values() for pair in members)]

    @property
    def in_doubt(self) -> int:
        """Number of unclear deliveries."""
        return sum(map(len, self.unclear.values()))

    @property
    def open(self) -> Group | None:
        """Part of the group that is still to be made or looked up, or None."""
        if not self.unclear:
            return self.todo
        unclear = [i for members in self.unclear.values() for i, _ in members]
        return replace(self.group, positions=self.group.positions[sorted([*self.left, *unclear])])

    @property
    def todo(self) -> Group | None:
        """Part of the group that is still to be made, or None."""
        if len(self.left) == len(self.group.positions):
            return self.group
        return replace(self.group, positions=self.group.positions[self.left]) if self.left else None
