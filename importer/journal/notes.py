"""Store notes by their digests, never by their text.

Input: notes. Output: their numbers, which the database assigns in the order of entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from importer.journal.schema import notes
from importer.journal.statements import Many
from importer.journal.store import Store
from importer.markup import seen_digest, seen_digests
from importer.models import Note, Status, Visibility, Workspace

_AT_ONCE = 500  # digests in one query

COLUMNS = (notes.c.digest, notes.c.seen, notes.c.readings, notes.c.visibility, notes.c.status)


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

    @classmethod
    def from_row(cls, row: Any) -> NoteKey:
        """Return the key in a row that has :data:`COLUMNS`."""
        readings = frozenset(row.readings[start : start + 32] for start in range(0, len(row.readings), 32))
        return cls(row.digest, row.seen, readings, Visibility(row.visibility), Status(row.status))


def enter(store: Store, workspace: Workspace, keys: Sequence[NoteKey]) -> tuple[list[int], set[int]]:
    """Enter notes unless they are known; return the number of each, and the set of numbers known before."""
    with store.transaction():
        owner = store.entered(workspace)
        numbers = _numbers(store, owner, [key.digest for key in keys])
        earlier = set(numbers.values())
        new_keys = list({key.digest: key for key in keys if key.digest not in numbers}.values())
        for start in range(0, len(new_keys), _AT_ONCE):
            rows = [_row(key) for key in new_keys[start : start + _AT_ONCE]]
            store.many(_NEW, rows, workspace=owner)
        numbers.update(_numbers(store, owner, [key.digest for key in new_keys]))
    return [numbers[key.digest] for key in keys], earlier


def find(store: Store, workspace: Workspace, keys: Sequence[NoteKey | Note]) -> list[int | None]:
    """Return the numbers of notes in their order; None for notes that were never sent."""
    with store.reading():
        owner = store.number_of(workspace)
        numbers = _numbers(store, owner, [key.digest for key in keys]) if owner is not None else {}
    return [numbers.get(key.digest) for key in keys]


def key_of(store: Store, number: int) -> NoteKey:
    """Return the key of the note with this number."""
    with store.reading():
        [row] = store.rows(_KEY, {"number": number})
    return NoteKey.from_row(row)


def _numbers(store: Store, workspace: int, digests: Sequence[bytes]) -> dict[bytes, int]:
    numbers: dict[bytes, int] = {}
    for start in range(0, len(digests), _AT_ONCE):
        values = {"workspace": workspace, "digests": digests[start : start + _AT_ONCE]}
        numbers.update((digest, number) for digest, number in store.rows(_FIND, values))
    return numbers


def _row(key: NoteKey) -> tuple[object, ...]:
    return key.digest, key.seen, b"".join(sorted(key.readings)), key.visibility.value, key.status.value


_FIND = sa.select(notes.c.digest, notes.c.id).where(
    notes.c.workspace == sa.bindparam("workspace"), notes.c.digest.in_(sa.bindparam("digests", expanding=True))
)
_KEY = sa.select(*COLUMNS).where(notes.c.id == sa.bindparam("number"))
_NEW = Many(
    sa.insert(notes)
    .inline()
    .values(
        workspace=sa.bindparam("workspace"),
        digest=sa.bindparam("digest"),
        seen=sa.bindparam("seen"),
        readings=sa.bindparam("readings"),
        visibility=sa.bindparam("visibility"),
        status=sa.bindparam("status"),
    ),
    "digest",
    "seen",
    "readings",
    "visibility",
    "status",
)
