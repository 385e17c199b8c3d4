"""What a prospect's notes, read back, say of a delivery whose answer was unclear.

Comes in: a page of notes and what is looked for. Goes out: a verdict. Nothing here calls the API.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from importer.journal import NoteKey
from importer.markup import seen_digests
from importer.models import FoundNote, NotesPage, Status


@dataclass(frozen=True, slots=True)
class Since:
    """From when on a note can be the delivery's own, by the clock that dates notes, in seconds since 1970.

    Attributes:
        surely: one that is dated from then on is its own.
        perhaps: one dated before that, but from then on, may be: servers have several clocks, which differ.
    """

    surely: float
    perhaps: float


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


def look(page: NotesPage, key: NoteKey, since: Since, adopted: Collection[str]) -> Verdict:
    """Look for a delivery's note on one page.

    Args:
        page: the prospect's notes, newest first as far as is known.
        key: the note that was sent.
        since: from when on a note can be the one that was sent.
        adopted: ids that other deliveries have; they can't be this one's.
    """
    matching = [note for note in page.notes if note.note_id not in adopted and _is_same(note, key)]
    fresh = [note for note in matching if note.created_at is not None and note.created_at >= since.surely]
    draft = page.draft if key.status is Status.DRAFT else None
    hides = False
    if draft is not None and draft.note_id not in adopted:
        is_recent = draft.created_at is None or draft.created_at >= since.surely
        # A prospect has one draft at a time, so an undated one that reads the same is the one that was sent.
        if _is_same(draft, key):
            (fresh if is_recent else matching).append(draft)
        else:
            hides = is_recent
    if fresh:
        fresh.sort(key=lambda note: note.created_at or 0.0)
        return Verdict(fresh[0].note_id, tuple(note.note_id for note in fresh[1:] if note.note_id != fresh[0].note_id))
    if any(note.created_at is None for note in matching):
        return Verdict(odd="a note that reads the same is there, but without a date")
    if any(note.created_at >= since.perhaps for note in matching if note.created_at is not None):
        return Verdict(odd="a note that reads the same is there, but dated shortly before it was sent")
    if hides:
        return Verdict(odd="a later draft of the prospect's hides any that came before it")
    return Verdict(goes_on=page.has_more and bool(page.notes) and not _is_past(page, since.perhaps))


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
    return len(dated) == len(times) and dated == sorted(dated, reverse=True) and dated[-1] < since
