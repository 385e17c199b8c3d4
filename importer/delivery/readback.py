"""Judge a page of a prospect's notes that was read back after an unclear answer, and choose the sizes of pages.

Input: a page of notes and the note that is looked for. Output: a verdict. Nothing here calls the API.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from importer.api import FoundNote, NotesPage
from importer.delivery.tasks import Read
from importer.journal import NoteKey
from importer.markup import are_alike, seen_digests
from importer.messages import Message, say
from importer.models import Note, Status

_TAKES = 28  # page sizes, of 90, between the first ones of two runs; a run rarely looks a prospect up so often


@dataclass(frozen=True, slots=True)
class DateWindow:
    """Dates that a delivery's own note can have, by the clock that dates notes.

    Attributes:
        surely, until: a note that reads the same and is dated between them is the delivery's own.
        perhaps: a note that is dated from then on but before ``surely`` may be its own, because servers' clocks differ.
        rewritten, rewritten_until: a note that reads differently and is dated between them may be its own.
        is_assumed: whether the clock of the run that sent the note was not measured; it may have been off by a day.
    """

    surely: float
    perhaps: float
    until: float
    rewritten: float
    rewritten_until: float
    is_assumed: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """Note that is looked for.

    Attributes:
        key: the note that was sent.
        window: the dates that the note can have.
        taken: IDs of notes that other deliveries have → when that was known, by the clock of ``sent_at``.
        sent_at: when the note was sent for the last time.
        others: notes of other unclear deliveries to the prospect.
        authors: IDs of the authors of our notes, as far as is known.
        contested: IDs of notes that read the same but are recorded for a delivery of another text.
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
    """Findings from a page of notes about one delivery.

    Attributes:
        note_id: ID of the note to adopt, or None.
        duplicates: IDs of further notes that could be adopted just as well.
        goes_on: whether the next page may hold the note, or another that could be adopted just as well.
        odd: reason why the delivery cannot be decided; None if there is none.
        candidates: notes that may be the delivery's own although they read differently.
        authors: authors of possible matches, as far as shown, if our own author is not known.
    """

    note_id: str | None = None
    duplicates: tuple[str, ...] = ()
    goes_on: bool = False
    odd: Message | None = None
    candidates: tuple[FoundNote, ...] = ()
    authors: frozenset[str] = frozenset()


def judge(page: NotesPage, sought: Sought) -> Verdict:
    """Look for a delivery's note on one page, or on several pages put together in any order (D54)."""
    window = sought.window
    claimed = {*sought.taken, *sought.contested}
    possible = [note for note in page.notes if note.note_id not in claimed and _may_be_ours(note, sought)]
    matching = [note for note in possible if is_same(note, sought.key)]
    may_be_hidden = False
    if sought.key.status is Status.DRAFT and page.draft is not None:
        may_be_hidden = _take_draft(page.draft, sought, matching)
    goes_on = page.has_more and bool(page.notes)  # whatever the order, which is not documented
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
    odd = _odd(matching, window, hides=may_be_hidden)
    if sought.contested:
        odd = say("doubt.recorded-as-anothers", note=min(sought.contested))
    return Verdict(goes_on=goes_on, odd=odd, candidates=candidates, authors=authors)


def _is_ours_by_itself(note: FoundNote, sought: Sought) -> bool:
    """Return whether only the date speaks against a note that reads the same, and proves nothing (D67, D71)."""
    return sought.is_date_moot or (sought.window.is_assumed and note.author in sought.authors)


def _odd(matching: Sequence[FoundNote], window: DateWindow, *, hides: bool) -> Message | None:
    """Return why the delivery cannot be decided if no note surely is its own; None if nothing is odd (D57)."""
    if any(note.created_at is None for note in matching):
        return say("doubt.no-date")
    dates = [note.created_at for note in matching if note.created_at is not None]
    if any(window.perhaps <= date < window.surely for date in dates):
        return say("doubt.dated-before")
    if any(date > window.until for date in dates):
        return say("doubt.dated-after")
    return say("doubt.hidden-by-draft") if hides else None


def _is_dated_right(note: FoundNote, window: DateWindow) -> bool:
    # A draft without a date is the only draft shown, so if it reads the same, it is the one that was sent.
    if note.created_at is None:
        return note.status is Status.DRAFT
    return window.surely <= note.created_at <= window.until


def _take_draft(draft: FoundNote, sought: Sought, matching: list[FoundNote]) -> bool:
    """Match the only draft that is shown; return whether it may hide the draft that was sent."""
    if draft.note_id in sought.taken:
        return sought.taken[draft.note_id] > sought.sent_at
    if is_same(draft, sought.key) and _may_be_ours(draft, sought):
        matching.append(draft)
        return False
    return draft.created_at is None or draft.created_at >= sought.window.rewritten


def is_same(note: FoundNote, key: NoteKey) -> bool:
    """Return whether a note has the key's visibility and status, and a reader sees the same text in it."""
    return (
        note.visibility is key.visibility
        and note.status is key.status
        and not key.readings.isdisjoint(seen_digests(note.content))
    )


def reads_same(note: FoundNote, key: NoteKey) -> bool:
    """Return whether a reader sees the same text in a note, whatever its visibility and its status are."""
    is_known = note.visibility is not None and note.status is not None
    return is_known and not key.readings.isdisjoint(seen_digests(note.content))


def rewritten(
    candidates: Sequence[FoundNote], note: Note | None, others: Sequence[Note | None], authors: Collection[str]
) -> FoundNote | None:
    """Return the candidate that certainly is the note sent, though its text differs; None if there is none (D58).

    The candidate has our author, and resembles this note and none of the ``others``. All other candidates resemble one
    of the ``others``.

    Args:
        candidates: notes that may be the note that was sent.
        note: the note that was sent; None if its text is not known.
        others: other unclear notes that were sent to the prospect; None for an unknown text.
        authors: IDs of the authors of our notes.
    """
    rivals = [other for other in others if other is not None]
    if note is None or len(rivals) < len(others):
        return None
    alike = [shown for shown in candidates if are_alike(shown.content, note.content)]
    like_others = [shown for shown in candidates if any(are_alike(shown.content, other.content) for other in rivals)]
    is_told_apart = len(alike) == 1 and alike[0] not in like_others and len(like_others) == len(candidates) - 1
    return alike[0] if is_told_apart and alike[0].author in authors else None


def _may_be_ours(note: FoundNote, sought: Sought) -> bool:
    return not (note.author and sought.authors) or note.author in sought.authors


def _is_candidate(note: FoundNote, sought: Sought) -> bool:
    """Return whether a note may be the delivery's own although it reads differently."""
    window = sought.window
    return (
        note.visibility is sought.key.visibility
        and note.status is sought.key.status
        and (note.created_at is None or window.rewritten <= note.created_at <= window.rewritten_until)
        and not any(is_same(note, other) for other in sought.others)
    )


class Pages:
    """Page sizes of a run's lookups, so that no cache answers, and the newest page of each prospect (D61).

    Args:
        size: most notes on a page.
        run: the run's number. A cache may still hold pages of earlier runs, so each run begins with another size.
    """

    def __init__(self, size: int, run: int) -> None:
        self._size, self._first_take = size, run * _TAKES
        self._lookups_of: Counter[str] = Counter()
        self._latest: dict[str, str] = {}  # prospect → first note on its newest page

    def take(self, prospect: str) -> int:
        """Return how many notes to ask for: another number for each lookup of a prospect."""
        self._lookups_of[prospect] += 1
        distinct_takes = max(1, self._size * 9 // 10)
        return self._size - (self._first_take + self._lookups_of[prospect]) % distinct_takes

    def is_newest(self, read: Read, page: NotesPage) -> bool:
        """Return whether a first page is no older than the pages of the same prospect that were read before.

        A newer page still shows the first note of these. An older page comes from a cache or from a copy that lags, and
        shows nothing new.
        """
        if read.skip:
            return True
        latest = self._latest.get(read.prospect)
        is_newest = latest is None or latest in {note.note_id for note in page.notes} or page.has_more
        if is_newest and page.notes:
            self._latest[read.prospect] = page.notes[0].note_id
        return is_newest
