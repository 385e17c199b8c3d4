"""What a page of a prospect's notes, read back, says of a delivery whose answer was unclear.

Comes in: a page of notes and what is looked for. Goes out: a verdict. Nothing here calls the API.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from importer.api import FoundNote, NotesPage
from importer.journal import NoteKey
from importer.markup import are_alike, seen_digests
from importer.messages import Message, say
from importer.models import Note, Status


@dataclass(frozen=True, slots=True)
class DateWindow:
    """When a note can have been made that is the delivery's own, by the clock that dates notes.

    Attributes:
        surely, until: one that reads the same and is dated between them is its own.
        perhaps: one dated before that, but from then on, may be: servers have several clocks, which differ.
        rewritten, rewritten_until: one that reads differently and is dated between them may be, too.
        is_assumed: whether nothing has shown the clock of the run that sent the note, which may have been off by a day.
    """

    surely: float
    perhaps: float
    until: float
    rewritten: float
    rewritten_until: float
    is_assumed: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for.

    Attributes:
        key: the note that was sent.
        window: when it can have been made.
        taken: ids of notes that other deliveries have → when that was known, by the clock of ``sent_at``.
        sent_at: when it was sent for the last time.
        others: notes of other deliveries to the prospect that are unclear, too.
        authors: whose notes are ours, as far as is known.
        contested: ids of notes that read the same and are recorded as another delivery's, which has another text.
        is_date_moot: whether a single note that reads the same is the delivery's own, whatever its date.
    """

    key: NoteKey
    window: DateWindow
    taken: Mapping[str, float]
    sent_at: float
    others: Sequence[NoteKey] = ()
    authors: Collection[str] = ()
    is_date_moot: bool = False
    contested: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a page says.

    Attributes:
        note_id: the note to adopt, or None.
        duplicates: further notes that could be adopted just as well.
        goes_on: whether the next page may hold it, or another that could be adopted just as well.
        odd: what makes it impossible to tell; None if nothing does.
        candidates: notes that could be it although they read differently.
        authors: who wrote what could be it, where that is shown and nobody has told who we are.
    """

    note_id: str | None = None
    duplicates: tuple[str, ...] = ()
    goes_on: bool = False
    odd: Message | None = None
    candidates: tuple[FoundNote, ...] = ()
    authors: frozenset[str] = frozenset()


def judge(page: NotesPage, sought: Sought) -> Verdict:
    """Look for a delivery's note on one page, or on several put together, in any order."""
    window = sought.window
    anothers = {*sought.taken, *sought.contested}
    possible = [note for note in page.notes if note.note_id not in anothers and _may_be_ours(note, sought)]
    matching = [note for note in possible if is_same(note, sought.key)]
    hides = False
    if sought.key.status is Status.DRAFT and page.draft is not None:
        hides = _take_draft(page.draft, sought, matching)
    goes_on = page.has_more and bool(page.notes)  # whatever the order, which isn't documented
    own = [note for note in matching if _is_dated_right(note, window)]
    candidates = tuple(note for note in possible if _is_candidate(note, sought))
    near = [note for note in matching if note.created_at is None or note.created_at >= window.perhaps]
    authors = frozenset(note.author for note in (*near, *candidates) if note.author and not sought.authors)
    if own:
        first, *others = sorted(own, key=lambda note: note.created_at or 0.0)
        duplicates = tuple(note.note_id for note in others if note.note_id != first.note_id)
        return Verdict(first.note_id, duplicates, goes_on, authors=authors)
    if len(near) == 1 and _is_ours_by_itself(near[0], sought):
        return Verdict(near[0].note_id, (), goes_on, authors=authors)
    odd = _odd(matching, window, hides=hides)
    if sought.contested:
        odd = say("doubt.recorded-as-anothers", note=min(sought.contested))
    return Verdict(goes_on=goes_on, odd=odd, candidates=candidates, authors=authors)


def _is_ours_by_itself(note: FoundNote, sought: Sought) -> bool:
    """Whether only the date speaks against a note that reads the same, and the date proves nothing."""
    return sought.is_date_moot or (sought.window.is_assumed and note.author in sought.authors)


def _odd(matching: Sequence[FoundNote], window: DateWindow, *, hides: bool) -> Message | None:
    """What makes it impossible to tell, where no note surely is the delivery's own."""
    if any(note.created_at is None for note in matching):
        return say("doubt.no-date")
    dates = [note.created_at for note in matching if note.created_at is not None]
    if any(window.perhaps <= date < window.surely for date in dates):
        return say("doubt.dated-before")
    if any(date > window.until for date in dates):
        return say("doubt.dated-after")
    return say("doubt.hidden-by-draft") if hides else None


def _is_dated_right(note: FoundNote, window: DateWindow) -> bool:
    # A draft without a date is the only one that is shown, so one that reads the same is the one that was sent.
    if note.created_at is None:
        return note.status is Status.DRAFT
    return window.surely <= note.created_at <= window.until


def _take_draft(draft: FoundNote, sought: Sought, matching: list[FoundNote]) -> bool:
    """Take in the one draft that is shown; True where it may hide the one that was sent."""
    if draft.note_id in sought.taken:
        return sought.taken[draft.note_id] > sought.sent_at
    if is_same(draft, sought.key) and _may_be_ours(draft, sought):
        matching.append(draft)
        return False
    return draft.created_at is None or draft.created_at >= sought.window.rewritten


def is_same(note: FoundNote, key: NoteKey) -> bool:
    """Whether a reader sees the same in both."""
    return (
        note.visibility is key.visibility
        and note.status is key.status
        and not key.readings.isdisjoint(seen_digests(note.content))
    )


def rewritten(
    candidates: Sequence[FoundNote], note: Note | None, others: Sequence[Note | None], authors: Collection[str]
) -> FoundNote | None:
    """Which of the candidates surely is the note that was sent, though it reads differently; None where none surely is.

    It is ours, like this note and like no other; and whatever else stands there is like one of the others.

    Args:
        candidates: notes that could be it.
        note: what was sent, None where that isn't known.
        others: what else was sent to the prospect and is unclear, None where it isn't known what.
        authors: whose notes are ours.
    """
    known = [other for other in others if other is not None]
    if note is None or len(known) < len(others):
        return None
    like_it = [one for one in candidates if are_alike(one.content, note.content)]
    like_others = [one for one in candidates if any(are_alike(one.content, other.content) for other in known)]
    is_told_apart = len(like_it) == 1 and like_it[0] not in like_others and len(like_others) == len(candidates) - 1
    return like_it[0] if is_told_apart and like_it[0].author in authors else None


def _may_be_ours(note: FoundNote, sought: Sought) -> bool:
    return not (note.author and sought.authors) or note.author in sought.authors


def _is_candidate(note: FoundNote, sought: Sought) -> bool:
    """Whether it could be the delivery's own although it reads differently."""
    window = sought.window
    return (
        note.visibility is sought.key.visibility
        and note.status is sought.key.status
        and (note.created_at is None or window.rewritten <= note.created_at <= window.rewritten_until)
        and not any(is_same(note, other) for other in sought.others)
    )
