"""Define the values that are entered for deliveries, and those that the journal returns.

Input: notes, requests and answers; rows of queries. Output: keys of notes, claims, answers and known deliveries.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from importer.api import Answer
from importer.journal.store import Row
from importer.markup import seen_digest, seen_digests
from importer.messages import Message
from importer.models import Note, Request, Status, Visibility


class DeliveryState(StrEnum):
    """State of a delivery in the journal."""

    UNCLEAR = "unclear"  # being sent, or sent without a clear answer, so that its note may or may not exist
    CREATED = "created"
    REJECTED = "rejected"
    HIDDEN = "hidden"  # created, then made a private draft on a person's request
    LEFT = "left"  # hidden, and a person said that it is to stay so
    FOUND = "found"  # was there already, whoever made it


READ_BACK = Message("read back")
"""Reason of a delivery whose note was found by reading back, and not named in an answer."""

ACCEPTED = "accepted"
"""Reason of an unclear delivery that the API has confirmed without naming a note."""

LONGEST_ANSWER = 300.0
"""Maximum number of seconds from sending a request to the answer that names its note."""
# Several times as fast as DeliveryState(…), for each of a million deliveries.
_STATES = {state.value: state for state in DeliveryState}
_PLAIN = 18  # columns of a known delivery before those of its forms


@dataclass(frozen=True, slots=True)
class NoteKey:
    """Digests and settings of a note, as the journal keeps them.

    Attributes:
        digest: 32 bytes that distinguish the note from every other note.
        seen: 32 bytes shared by all notes in which a reader sees the same text.
        readings: digests of every text that the note may be read back as.
    """

    digest: bytes
    seen: bytes
    readings: frozenset[bytes]
    visibility: Visibility
    status: Status

    @classmethod
    def of(cls, note: Note) -> NoteKey:
        """Return the key of a note."""
        content = note.content
        return cls(note.digest, seen_digest(content), seen_digests(content), note.visibility, note.status)

    def as_row(self) -> dict[str, object]:
        """Return the values to store, by their columns."""
        of_text = {"digest": self.digest, "seen": self.seen, "readings": b"".join(sorted(self.readings))}
        return {**of_text, "visibility": self.visibility.value, "status": self.status.value}


@lru_cache(maxsize=10_000)  # many deliveries have the same form
def _form(digest: bytes, seen: bytes, readings: bytes, visibility: str, status: str) -> NoteKey:
    split = frozenset(readings[start : start + 32] for start in range(0, len(readings), 32))
    return NoteKey(digest, seen, split, Visibility(visibility), Status(status))


class Claim(NamedTuple):
    """Request that is about to be sent.

    Attributes:
        form: the form of its note.
        since: the earliest time that the server's clock may show now, or showed at the first attempt; None if unknown.
        replaces: the number of the earlier request whose deliveries, known to be absent, this request sends again.
        is_resent: whether these deliveries were sent before without a clear answer; see :meth:`Deliveries.resent`.
        keys: the rows' keys, in the order of the request's prospects; none if they have none.
    """

    form: NoteKey
    request: Request
    since: float | None = None
    replaces: int | None = None
    is_resent: bool = False
    keys: Sequence[str] = ()


class Answered(NamedTuple):
    """Answer for one delivery; ``request`` is a number from :meth:`Deliveries.claim`, ``at`` the time of the answer."""

    request: int
    name: bytes
    answer: Answer
    at: float


class KnownDelivery(NamedTuple):
    """Delivery as the journal knows it; times in seconds since 1970.

    Attributes:
        note, form: the note as it was sent or changed since, by its number and its key.
        occurrence: what importing again added; empty for a first import.
        request: the number of the latest request with this delivery; ``sent_at`` and ``since`` belong to that request.
        resent_at: when the delivery was sent again after an unclear answer; None once it was checked for duplicates.
        duplicates: IDs of further notes like the delivery's note that were found.
        is_missing: whether the API said that it created the note, but reading back did not show it.
        changing, opened: the form that a change without a clear answer gives it; None if there is none.
        touched: when somebody else's change of the note was seen; ``was``: its form before its latest change.
        identities: digests of its records, texts and words, if it was looked up by its prospect.
    """

    name: bytes
    note: int
    prospect: str
    key: str
    occurrence: str
    note_id: str | None
    at: float
    reason: str | None
    request: int
    resent_at: float | None
    run: int
    sent_at: float
    since: float | None
    changing: int | None
    touched: float | None
    state: DeliveryState
    duplicates: tuple[str, ...]
    is_missing: bool
    form: NoteKey
    opened: NoteKey | None = None
    was: NoteKey | None = None
    identities: frozenset[bytes] = frozenset()

    @property
    def forms(self) -> Sequence[NoteKey]:
        """The form of the note, and the one that it may have got."""
        return (self.form,) if self.opened is None else (self.form, self.opened)

    @property
    def visibility(self) -> Visibility:
        """The most visible that the note may be."""
        return min(form.visibility for form in self.forms)

    @property
    def status(self) -> Status:
        """The most visible status that the note may have."""
        return max(form.status for form in self.forms)

    @property
    def is_by_likeness(self) -> bool:
        """Whether the delivery's note was recognised although the API shows its text differently."""
        return self.state is DeliveryState.CREATED and self.reason not in (None, "", READ_BACK.kind)

    @property
    def is_copy(self) -> bool:
        """Whether this stands for a further copy of the delivery's note, whose ID was put in."""
        return self.note_id in self.duplicates

    @property
    def is_answer(self) -> bool:
        """Whether an answer to the run named the note, so that it was made between ``sent_at`` and ``at``."""
        return self.reason is None and 0 <= self.at - self.sent_at <= LONGEST_ANSWER

    @classmethod
    def from_row(cls, row: Row) -> KnownDelivery:
        """Return the delivery in a query's row, whose columns are these attributes in their order."""
        *plain, state, twins, missing = row[:_PLAIN]
        forms = [None if row[at] is None else _form(*row[at : at + 5]) for at in range(_PLAIN, len(row), 5)]
        duplicates = tuple(json.loads(twins)) if twins else ()
        return cls._make((*plain, _STATES[state], duplicates, bool(missing), *forms, frozenset()))

    @property
    def is_unclear(self) -> bool:
        """Whether the delivery was sent without a clear answer, so that its note may or may not exist."""
        return self.state is DeliveryState.UNCLEAR
