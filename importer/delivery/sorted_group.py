"""Define a group of a plan, sorted by what the journal knows of its deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from importer.delivery.matching import How, Match
from importer.journal import DeliveryState, KnownDelivery, NoteKey
from importer.messages import Message, say
from importer.models import Group, Ints, Note, Status, Visibility
from importer.settings.reading import kind_in_words


@dataclass(slots=True)
class SortedGroup:
    """Deliveries of a group by what the journal knows of them. Those that exist are not listed.

    Attributes:
        group: the group.
        left: positions of the deliveries still to be made.
        number: the note's number in the journal; None as long as it isn't entered.
        unclear: deliveries sent without a clear answer: request number → position and delivery.
    """

    group: Group
    left: Ints
    number: int | None = None
    unclear: dict[int, list[tuple[int, KnownDelivery]]] = field(default_factory=dict)
    _key: NoteKey | None = None

    @property
    def key(self) -> NoteKey:
        """The journal's key of the group's note."""
        self._key = self._key or NoteKey.of(self.group.note)
        return self._key

    @property
    def in_doubt(self) -> list[tuple[int, KnownDelivery]]:
        """Positions and unclear deliveries."""
        return [pair for members in self.unclear.values() for pair in members]

    @property
    def open(self) -> Group:
        """Part of the group that is still to be made or looked up."""
        positions, in_doubt = self.group.positions, [position for position, _ in self.in_doubt]
        is_open = np.isin(positions, self.left) | np.isin(positions, in_doubt)
        return replace(self.group, positions=positions[is_open]) if in_doubt else self.todo

    @property
    def todo(self) -> Group:
        """Part of the group that is still to be made."""
        return replace(self.group, positions=self.left)


class AnsweredRow(NamedTuple):
    """Row whose delivery an earlier run made: its position, its note in the sheet, and how it is known.

    Attributes:
        seen: digest of what a reader sees in the sheet's note.
    """

    position: int
    note: Note
    match: Match
    seen: bytes = b""

    @property
    def delivery(self) -> KnownDelivery:
        """The delivery."""
        assert self.match.known is not None
        return self.match.known.delivery

    @property
    def has_other_form(self) -> bool:
        """Whether the note has another visibility or status than the row."""
        return (self.delivery.visibility, self.delivery.status) != (self.note.visibility, self.note.status)

    @property
    def has_other_text(self) -> bool:
        """Whether the row's record, note ID or key says which note it is, and the note's text is another one."""
        match, delivery = self.match, self.delivery
        has_key = match.how is How.TEXT and bool(match.row.key) and match.row.key == delivery.key
        return (has_key or match.how in (How.NOTE, How.RECORD, How.KEY)) and self.seen != delivery.seen

    @property
    def is_changed(self) -> bool:
        """Whether the row's text, with its files, is none that the delivery is known by."""
        how, known = self.match.how, self.match.known
        is_by_another_sign = how in (How.NOTE, How.RECORD, How.AS_IT_STOOD, How.KEY)
        return is_by_another_sign and known is not None and known.identities.isdisjoint(self.match.row.texts)

    @property
    def differs(self) -> bool:
        """Whether the note differs from the row, as far as the journal knows, or may do so."""
        is_open = self.delivery.changing is not None
        return self.has_other_form or is_open or self.is_changed or self.has_other_text

    @property
    def still(self) -> Message | None:
        """Message about a note that is more visible than the sheet says; None if it isn't."""
        return still_visible(self.delivery, self.note, is_ours=self.delivery.state is not DeliveryState.FOUND)

    @property
    def is_less_visible(self) -> bool:
        """Whether the note is less visible than the sheet says, and in no way more."""
        return self.has_other_form and self.still is None


def still_visible(there: KnownDelivery | NoteKey | Note, says: Note, *, is_ours: bool) -> Message | None:
    """Return the message about a note that is there and more visible than the sheet says; None if it isn't."""
    is_public = there.visibility is Visibility.PUBLIC and says.visibility is Visibility.PRIVATE
    if not is_public and not (there.status is Status.PUBLISHED and says.status is Status.DRAFT):
        return None
    kinds = (kind_in_words(one.visibility, one.status) for one in (there, says))
    kind, wanted = (say("names", names=tuple(names)) for names in kinds)
    return say("outcome.still-visible" if is_ours else "outcome.found-visible", kind=kind, says=wanted)
