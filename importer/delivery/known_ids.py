"""Detect answers that belong to another request, because they name a note ID that a delivery already has.

Input: IDs of new notes. Output: the IDs that a delivery of the workspace already has. A few IDs are kept in a set. Many
go into a Bloom filter of 8 MB, which can hold a million IDs. Only IDs that match it are looked up in the journal,
because the journal has no index on note IDs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from importer.api import Answer, Cause, Failure, Reply
from importer.messages import say

_FEW = 50_000
_BITS = 26  # bits of a position in the filter
_HASHES = 6


class KnownIds:
    """Note IDs of a workspace's deliveries.

    Args:
        stored: returns the IDs in the journal; called once, before the first answer is checked.
        exact: returns which of a few IDs belong to deliveries.
    """

    def __init__(
        self, stored: Callable[[], Iterable[str]], exact: Callable[[Collection[str]], Collection[str]]
    ) -> None:
        self._stored, self._exact = stored, exact
        self._few: set[str] | None = None
        self._filter: bytearray | None = None
        self._doubtful: set[str] = set()

    def take(self, note_ids: Collection[str]) -> Collection[str]:
        """Return the IDs that another answer has named; if there are none, record all of them."""
        used = {*self.among(note_ids), *self._doubtful.intersection(note_ids)}
        if not used:
            self._add(note_ids)
        return used

    def among(self, note_ids: Collection[str]) -> Collection[str]:
        """Return the IDs that a delivery already has."""
        self._load()
        possible = [note_id for note_id in note_ids if self._may_have(note_id)]
        return self._exact(possible) if possible else ()

    def add(self, note_ids: Iterable[str]) -> None:
        """Record IDs that reading back has shown."""
        self._load()
        self._add(note_ids)

    def _load(self) -> None:
        if self._few is None:
            self._few = set()
            self._add(self._stored())

    def believed(self, reply: Reply[dict[str, Answer]], *, is_trusted: bool) -> Reply[dict[str, Answer]]:
        """Return a request's reply, or a failure if it is not trusted or names a note of another delivery.

        The IDs in a reply that is not trusted are remembered, so that no later reply may name them.
        """
        note_ids = [answer.note_id for answer in (reply.value or {}).values() if answer.note_id is not None]
        used = self.take(note_ids) if note_ids else ()
        if used:
            text = say("failure.note-of-another-row", note=min(used))
        elif note_ids and not is_trusted:
            self._doubtful.update(note_ids)
            text = say("failure.answer-of-another-request")
        else:
            return reply
        failure = Failure(Cause.UNREADABLE, text, at_work=True, is_astray=bool(used))
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
