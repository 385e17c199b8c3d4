"""Provide a vendor in memory that knows the prospects of one sheet, and accepts every note and file.

Input: the prospects of the sheet's emails. Output: a :class:`Vendor` behind the protocol of :mod:`importer.api`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from importer.api import (
    Answer,
    Endpoint,
    FilePart,
    FoundNote,
    FoundProspect,
    Metadata,
    NoteChange,
    NotesPage,
    Reply,
    Traits,
    Vendor,
)
from importer.models import Note

_Value = TypeVar("_Value")
Prospects = Mapping[str, Sequence[FoundProspect]]
"""Email → the prospects that have it."""


def in_memory(vendor: Vendor, prospects: Prospects) -> Vendor:
    """Return a vendor with the traits of another, whose API is in memory and has these prospects."""
    traits = replace(vendor.traits, is_practice=True)

    def connect(*_: object, clock: Callable[[], float], **__: object) -> _PracticeApi:
        return _PracticeApi(traits, prospects, clock)

    return replace(vendor, traits=traits, connect=connect)


class _PracticeApi:
    """API in memory. Every prospect ID exists. See :class:`NotesApi`."""

    def __init__(self, traits: Traits, prospects: Prospects, clock: Callable[[], float]) -> None:
        self.traits, self._clock, self._numbers = traits, clock, itertools.count(1)
        self._by_email, self._all = prospects, list(itertools.chain.from_iterable(prospects.values()))
        self._notes: dict[str, list[FoundNote]] = {}  # by prospect, the oldest first

    def create(self, note: Note, prospects: Sequence[str]) -> Reply[dict[str, Answer]]:
        ids = {prospect: f"practice-{next(self._numbers)}" for prospect in prospects}
        for prospect, note_id in ids.items():
            found = FoundNote(note_id, note.content, note.visibility, note.status, self._clock())
            self._notes.setdefault(prospect, []).append(found)
        return self._reply(Endpoint.CREATE, {prospect: Answer(note_id) for prospect, note_id in ids.items()})

    def find(self, prospect: str, skip: int, take: int) -> Reply[NotesPage]:
        notes = self._notes.get(prospect, [])[::-1]
        return self._reply(Endpoint.READ, NotesPage(tuple(notes[skip : skip + take]), None, len(notes) > skip + take))

    def update(self, note_id: str, change: NoteChange) -> Reply[bool]:  # noqa: ARG002
        return self._reply(Endpoint.UPDATE, True)  # noqa: FBT003 - it is a value

    def upload(self, file: FilePart) -> Reply[str]:  # noqa: ARG002
        return self._reply(Endpoint.UPLOAD, f"practice-{next(self._numbers)}")

    def look_up(self, search: str, page: int) -> Reply[tuple[FoundProspect, ...]]:
        found, size = self._by_email.get(search, ()) if search else self._all, self.traits.page
        return self._reply(Endpoint.PROSPECTS, tuple(found[(page - 1) * size : page * size]))

    def renew(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _reply(self, kind: Endpoint, value: _Value) -> Reply[_Value]:
        return Reply(kind, self._clock(), self._clock(), value, metadata=Metadata(200, {}))
