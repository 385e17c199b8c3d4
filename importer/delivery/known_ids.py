"""The IDs that deliveries already have: an answer that names one of them belongs to another request.

In: the IDs of new notes. Out: those that some delivery of the workspace has. Few IDs are simply kept. Of many a Bloom
filter answers first, because the journal has no index on note IDs: eight megabytes hold a million of them, and the
journal is asked about hits only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from importer.api import Answer, Cause, Failure, Reply
from importer.messages import say

_FEW = 50_000
_BITS = 26  # of a place in the filter
_HASHES = 6


class KnownIds:
    """The note IDs of a workspace's deliveries.

    Args:
        stored: returns the IDs that the journal holds; called once, before the first answer is looked at.
        exact: returns those of a few IDs that deliveries have.
    """

    def __init__(
        self, stored: Callable[[], Iterable[str]], exact: Callable[[Collection[str]], Collection[str]]
    ) -> None:
        self._stored, self._exact = stored, exact
        self._few: set[str] | None = None
        self._filter: bytearray | None = None
        self._doubtful: set[str] = set()

    def take(self, note_ids: Collection[str]) -> Collection[str]:
        """Return those of the IDs that another answer has named; if there are none, all are taken from now on."""
        known = {*self.among(note_ids), *self._doubtful.intersection(note_ids)}
        if not known:
            self._add(note_ids)
        return known

    def among(self, note_ids: Collection[str]) -> Collection[str]:
        """Return those of the IDs that a delivery already has."""
        self._load()
        possible = [note_id for note_id in note_ids if self._may_have(note_id)]
        return self._exact(possible) if possible else ()

    def add(self, note_ids: Iterable[str]) -> None:
        """Take IDs that reading back has shown."""
        self._load()
        self._add(note_ids)

    def _load(self) -> None:
        if self._few is None:
            self._few = set()
            self._add(self._stored())

    def believed(self, reply: Reply[dict[str, Answer]], *, is_trusted: bool) -> Reply[dict[str, Answer]]:
        """Return the reply to a request; a failure if it names a note of another delivery, as another's answer does.

        What is not trusted may be another's answer. Whosever it is, its IDs are no answer to any further request.
        """
        note_ids = [answer.note_id for answer in (reply.value or {}).values() if answer.note_id is not None]
        known = self.take(note_ids) if note_ids else ()
        if known:
            text = say("failure.note-of-another-row", note=min(known))
        elif note_ids and not is_trusted:
            self._doubtful.update(note_ids)
            text = say("failure.answer-of-another-request")
        else:
            return reply
        failure = Failure(Cause.UNREADABLE, text, at_work=True, is_astray=bool(known))
        return replace(reply, value=None, failure=failure)

    def _add(self, note_ids: Iterable[str]) -> None:
        assert self._few is not None
        for note_id in note_ids:
            if self._filter is None:
                self._few.add(note_id)
                if len(self._few) > _FEW:
                    self._filter = bytearray(1 << (_BITS - 3))
                    self._add(self._few)
                    self._few = set()
                continue
            for place in _places(note_id):
                self._filter[place >> 3] |= 1 << (place & 7)

    def _may_have(self, note_id: str) -> bool:
        assert self._few is not None
        if self._filter is None:
            return note_id in self._few
        return all(self._filter[place >> 3] >> (place & 7) & 1 for place in _places(note_id))


def _places(note_id: str) -> Iterator[int]:
    first = hash(note_id)
    step = (first >> _BITS) | 1
    return ((first + number * step) & ((1 << _BITS) - 1) for number in range(_HASHES))
