"""Notes as the journal knows them: by digests, never by their text.

Comes in: notes. Goes out: their numbers, which the database gives in the order in which they come.
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
    """What the journal keeps of a note.

    Attributes:
        digest: 32 bytes that tell it from every other note.
        seen: 32 bytes that it shares with every note in which a reader sees the same text.
        readings: digests of all that it may be read back as.
    """

    digest: bytes
    seen: bytes
    readings: frozenset[bytes]
    visibility: Visibility
    status: Status

    @classmethod
    def of(cls, note: Note) -> NoteKey:
        """What is kept of this note."""
        content = note.content
        return cls(note.digest, seen_digest(content), seen_digests(content), note.visibility, note.status)

    @classmethod
    def from_row(cls, row: Any) -> NoteKey:
        """The key that stands in a row with :data:`COLUMNS`."""
        readings = frozenset(row.readings[start : start + 32] for start in range(0, len(row.readings), 32))
        return cls(row.digest, row.seen, readings, Visibility(row.visibility), Status(row.status))


def enter(store: Store, workspace: Workspace, keys: Sequence[NoteKey]) -> tuple[list[int], set[int]]:
    """The numbers of notes, in their order; new notes are entered. Also the numbers that were known before."""
    with store.transaction():
        owner = store.entered(workspace)
        found = _numbers(store, owner, [key.digest for key in keys])
        known = set(found.values())
        new = list({key.digest: key for key in keys if key.digest not in found}.values())
        for start in range(0, len(new), _AT_ONCE):
            rows = [_row(key) for key in new[start : start + _AT_ONCE]]
            store.many(_NEW, rows, workspace=owner)
        found.update(_numbers(store, owner, [key.digest for key in new]))
    return [found[key.digest] for key in keys], known


def find(store: Store, workspace: Workspace, keys: Sequence[NoteKey | Note]) -> list[int | None]:
    """The numbers of notes, in their order; None for those that were never sent."""
    with store.reading():
        owner = store.number_of(workspace)
        found = _numbers(store, owner, [key.digest for key in keys]) if owner is not None else {}
    return [found.get(key.digest) for key in keys]


def key_of(store: Store, number: int) -> NoteKey:
    """Return what is kept of the note of a number."""
    with store.reading():
        [row] = store.rows(_KEY, {"number": number})
    return NoteKey.from_row(row)


def _numbers(store: Store, workspace: int, digests: Sequence[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for start in range(0, len(digests), _AT_ONCE):
        wanted = {"workspace": workspace, "digests": digests[start : start + _AT_ONCE]}
        found.update((digest, number) for digest, number in store.rows(_FIND, wanted))
    return found


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
