"""What a prospect's notes, read back, say of a delivery whose answer was unclear.

Comes in: a page of notes and what is looked for. Goes out: a verdict. Nothing here calls the API.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from importer.journal import NoteKey
from importer.markup import seen_digests
from importer.models import FoundNote, NotesPage, Status

# A server that cuts ``createdAt`` to whole seconds dates a note up to a second early.
_CUT = 1.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a page says.

    Attributes:
        note_id: the note to adopt, or None.
        twins: further notes that could be adopted just as well.
        goes_on: whether the next page may hold it.
        odd: what makes it impossible to tell, in words; empty where nothing does.
    """

    note_id: str | None = None
    twins: tuple[str, ...] = ()
    goes_on: bool = False
    odd: str = ""


def look(page: NotesPage, key: NoteKey, since: float, adopted: Collection[str]) -> Verdict:
    """Look for a delivery's note on one page.

    Args:
        page: the prospect's notes, newest first as far as is known.
        key: the note that was sent.
        since: the earliest that the server's clock may have shown when it was first sent, in seconds since 1970.
        adopted: ids that other deliveries have; they can't be this one's.
    """
    matching = [note for note in page.notes if note.note_id not in adopted and _is_same(note, key)]
    fresh = [note for note in matching if note.created_at is not None and note.created_at >= since - _CUT]
    draft = page.draft if key.status is Status.DRAFT else None
    is_recent = draft is not None and (draft.created_at is None or draft.created_at >= since - _CUT)
    hides = False
    if draft is not None and is_recent and draft.note_id not in adopted:
        # A prospect has one draft at a time, so an undated one that reads the same is the one that was sent.
        if _is_same(draft, key):
            fresh.append(draft)
        else:
            hides = True
    if fresh:
        fresh.sort(key=lambda note: note.created_at or 0.0)
        return Verdict(fresh[0].note_id, tuple(note.note_id for note in fresh[1:] if note.note_id != fresh[0].note_id))
    if any(note.created_at is None for note in matching):
        return Verdict(odd="a note that reads the same is there, but without a date")
    if hides:
        return Verdict(odd="a later draft of the prospect's hides any that came before it")
    return Verdict(goes_on=page.has_more and bool(page.notes) and not _is_past(page, since))


def _is_same(note: FoundNote, key: NoteKey) -> bool:
    return (
        note.visibility == key.visibility.value
        and note.status == key.status.value
        and not key.readings.isdisjoint(seen_digests(note.content))
    )


def _is_past(page: NotesPage, since: float) -> bool:
    """Whether later pages hold only older notes: true where this page is in order and reaches back far enough."""
    times = [note.created_at for note in page.notes]
    dated = [time for time in times if time is not None]
    return len(dated) == len(times) and dated == sorted(dated, reverse=True) and dated[-1] < since - _CUT
