"""Define a group of a plan, sorted by what the journal knows of its deliveries."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from importer.delivery.matching import How, Match
from importer.journal import DeliveryState, KnownDelivery, NoteKey
from importer.messages import Message, say
from importer.models import Group, Note, Status, Visibility
from importer.settings.reading import kind_in_words


@dataclass(slots=True)
class SortedGroup:
    """Deliveries of a group by what the journal knows of them, as indices of the group's positions.

    Deliveries that exist are in none of these lists.

    Attributes:
        group: the group.
        key: the journal's key of its note.
        number: the note's number in the journal; None as long as it isn't entered.
        left: deliveries still to be made.
        unclear: deliveries sent without a clear answer: request number → index and delivery.
        asked: index → row that is a question, so that it isn't sent.
        refused: how many of ``left`` the API refused in an earlier run because of their prospect's ID.
    """

    group: Group
    key: NoteKey
    number: int | None = None
    left: list[int] = field(default_factory=list)
    unclear: dict[int, list[tuple[int, KnownDelivery]]] = field(default_factory=dict)
    asked: dict[int, Match] = field(default_factory=dict)
    refused: int = 0

    @property
    def in_doubt(self) -> int:
        """Number of unclear deliveries."""
        return sum(map(len, self.unclear.values()))

    @property
    def day(self) -> str:
        """The latest ISO date that a template puts beside the note's text; empty if there is none."""
        text, own = self.group.note.text, self.group.note.uncomposed
        return max(re.findall(r"\b\d{4}-\d\d-\d\d\b", text.replace(own, "", 1) if own else ""), default="")

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


class AnsweredRow(NamedTuple):
    """Row whose delivery an earlier run made.

    Attributes:
        position: the row's position.
        note: the note that the sheet has for it; None if the row is not valid, but has the ID of the note.
        match: how it is known.
        seen: digest of what a reader sees in the sheet's note.
    """

    position: int
    note: Note | None
    match: Match
    seen: bytes = b""

    @property
    def delivery(self) -> KnownDelivery:
        """The delivery."""
        assert self.match.known is not None
        return self.match.known.delivery

    @property
    def is_as_said(self) -> bool:
        """Whether the note is there just as the sheet says."""
        delivery, note = self.match.known.delivery if self.match.known else None, self.note
        if note is None or delivery is None or self.match.how is not How.TEXT:
            return False
        return not self.differs

    @property
    def differs(self) -> bool:
        """Whether the note differs from the row, as far as the journal knows, or may do so."""
        note, delivery = self.note, self.delivery
        if note is None:
            return False
        is_other = (delivery.visibility, delivery.status) != (note.visibility, note.status)
        return is_other or delivery.changing is not None or self.is_changed or self.has_other_text

    @property
    def has_other_text(self) -> bool:
        """Whether the row's record, note ID or key says which note it is, and the note's text is another one."""
        match, delivery = self.match, self.delivery
        has_key = match.how is How.TEXT and bool(match.row.key) and match.row.key == delivery.key
        return (has_key or match.how in (How.NOTE, How.RECORD, How.KEY)) and self.seen != delivery.seen

    @property
    def still(self) -> Message | None:
        """Message about a note that is more visible than the sheet says; None if it isn't."""
        if self.note is None:
            return None
        return still_visible(self.delivery, self.note, is_ours=self.delivery.state is not DeliveryState.FOUND)

    @property
    def is_less_visible(self) -> bool:
        """Whether the note is less visible than the sheet says, and in no way more."""
        if self.note is None or self.still is not None:
            return False
        return (self.delivery.visibility, self.delivery.status) != (self.note.visibility, self.note.status)

    @property
    def is_changed(self) -> bool:
        """Whether the row's text is another one than that of the delivery."""
        known = self.match.known
        return (
            self.match.how in (How.NOTE, How.RECORD, How.AS_IT_STOOD, How.KEY)
            and known is not None
            and known.identities.isdisjoint(self.match.row.texts)
        )


def still_visible(there: KnownDelivery | Note, says: Note, *, is_ours: bool) -> Message | None:
    """Return the message about a note that is there and more visible than the sheet says; None if it isn't."""
    is_public = there.visibility is Visibility.PUBLIC and says.visibility is Visibility.PRIVATE
    if not is_public and not (there.status is Status.PUBLISHED and says.status is Status.DRAFT):
        return None
    kinds = (kind_in_words(one.visibility, one.status) for one in (there, says))
    kind, wanted = (say("names", names=tuple(names)) for names in kinds)
    return say("outcome.still-visible" if is_ours else "outcome.found-visible", kind=kind, says=wanted)


Made = Callable[[Sequence[AnsweredRow]], object]
"""Receives rows whose deliveries exist, again and again, because all of them could be too many."""
