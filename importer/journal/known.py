"""What the journal knows of a delivery, as a value. Comes in: a row of a query. Goes out: :class:`KnownDelivery`."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, NamedTuple

from importer.messages import Message, from_json, words


class DeliveryState(StrEnum):
    """What the journal knows of a delivery."""

    SENDING = "sending"  # on its way; unclear if the run that sent it is over
    CREATED = "created"
    REJECTED = "rejected"
    UNCONFIRMED = "unconfirmed"
    HIDDEN = "hidden"  # created, then made a private draft on a person's request


class SampleState(StrEnum):
    """Why the notes of a prospect are read back although the API's answer was clear."""

    DUE = "due"  # the note is in the sample of its run
    ALL = "all"  # a note of the same run was not found, so that all of the run's notes are read back
    MISSING = "missing"  # the note was read back and not found


READ_BACK = Message("read back")
"""The reason of a delivery whose note was found by reading back, rather than named by an answer."""

ACCEPTED = "accepted"
"""The reason of an unclear delivery which the API has confirmed without naming a note."""

STATES = {state.value: state for state in DeliveryState}  # what State(…) finds too, but four times as slowly


class KnownDelivery(NamedTuple):
    """What the journal knows of one delivery; times in seconds since 1970.

    Attributes:
        note: the note's number.
        request: the number of the request that it was last part of; ``sent_at`` and ``since`` are of that.
        resent_at: when it was sent again after an unclear answer, until somebody has looked whether it is there twice.
        duplicates: ids of further notes like it that were found.
        sample: whether the note is to be read back, or was not found.
    """

    note: int
    prospect: str
    occurrence: str
    state: DeliveryState
    note_id: str | None
    at: float
    reason: str | None
    request: int
    resent_at: float | None
    duplicates: tuple[str, ...]
    sample: SampleState | None
    run: int
    sent_at: float
    since: float | None

    @property
    def is_by_likeness(self) -> bool:
        """Whether its note was recognised although the API shows the text differently."""
        return self.state is DeliveryState.CREATED and self.reason not in (None, "", READ_BACK.kind)

    @classmethod
    def from_row(cls, row: Any) -> KnownDelivery:
        """What a row of a query holds, whose first columns are these, in their order."""
        note, prospect, occurrence, state, note_id, at, reason, request, resent_at, duplicates, sample, *rest = row[:14]
        more = duplicates_in(duplicates), None if sample is None else SampleState(sample)
        return cls(note, prospect, occurrence, STATES[state], note_id, at, reason, request, resent_at, *more, *rest)

    @property
    def why(self) -> Message | None:
        """The reason; the plain text of earlier versions is somebody's words."""
        return read_reason(self.reason)

    @property
    def is_missing(self) -> bool:
        """Whether the API said that it created the note, and reading back didn't show it."""
        return self.sample is SampleState.MISSING


class Made(NamedTuple):
    """A note that a delivery has; times in seconds since 1970 by the clock of the run that sent it.

    Attributes:
        sent_at: when its request left.
        at: when it was known to exist.
        run: the number of the run that sent it.
        is_answer: whether that run's own answer named it, so that it was made between the two times.
    """

    sent_at: float
    at: float
    run: int
    is_answer: bool


def duplicates_in(written: str | None) -> tuple[str, ...]:
    """The ids of twins, as they are written down."""
    return tuple(json.loads(written)) if written else ()


def written(reason: Message | None) -> str | None:
    """Return a reason as it is written down: JSON, which holds nothing of a cell.

    Only quotation marks, backslashes and control characters are escaped in it: see :mod:`importer.journal.views`. Half
    of a character, which no database takes, becomes a question mark.
    """
    if reason is None or reason == READ_BACK:
        return None if reason is None else reason.kind
    return json.dumps(reason.as_json(), ensure_ascii=False).encode("utf-8", "replace").decode()


def read_reason(text: str | None) -> Message | None:
    """Return the reason that was written down so; what isn't JSON of ours is an earlier version's plain text."""
    if not text:
        return None
    try:
        return from_json(json.loads(text)) or words(text)
    except ValueError:
        return words(text)
