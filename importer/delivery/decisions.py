"""Decide what follows from the reply to a request, and from the notes that a prospect has, in pure functions.

Input: the attempt, its reply or the notes, and known facts. Output: decisions and verdicts as values. Nothing here
calls the API, waits, writes or keeps state. The table of what each answer means is in ``docs/delivery.md``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from importer.api import API_REFUSED, STOPS, Answer, Cause, Failure, FoundNote, NotesPage, Reply
from importer.journal import NoteKey
from importer.markup import are_alike, seen_digests
from importer.messages import Message, say
from importer.models import Status

_BELIEVED = 900.0  # seconds around the sending in which a note's date is believed, by the clock that dates notes
_NEAR = 60.0  # the same for notes that read differently
_LIKELY = 300.0  # the same, if that clock is not known
_ANY_ZONE = 26 * 3600.0  # seconds by which a clock that is not known may be off


@dataclass(frozen=True, slots=True)
class Settle:
    """Final answers for some of a request's prospects, which settle their rows."""

    answers: tuple[tuple[int, Answer], ...]
    reason: Message | None = None
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """Request that was not applied and is sent again, after a pause if ``failure`` is given."""

    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """Request that was not applied and is halved.

    Attributes:
        is_size: whether the API accepts only fewer prospects.
    """

    is_size: bool = False
    is_single: bool = False


@dataclass(frozen=True, slots=True)
class LookUp:
    """Prospects that may or may not have their note, so their notes are read back before anything else."""

    indices: tuple[int, ...]
    failure: Failure


@dataclass(frozen=True, slots=True)
class Doubt:
    """Delivery that reading back cannot decide, with the reason."""

    why: Message


@dataclass(frozen=True, slots=True)
class Abandon:
    """Request that was not applied and is not sent again in this run."""

    reason: Message


Decision: TypeAlias = Settle | Retry | Split | LookUp | Doubt | Abandon
"""Decisions that the coordinator can carry out on a request."""
NotApplied: TypeAlias = Retry | Split
"""Decisions on a request that was surely not applied and is sent again, unless the run stops."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts that are known when a reply arrives.

    Attributes:
        is_largest: whether this request's body is larger than any accepted body.
        taken: IDs of notes that deliveries had before.
    """

    largest_accepted: int = 0
    is_largest: bool = False
    taken: Collection[str] = ()


_REFUSED = {Cause.UNKNOWN_PROSPECT: "outcome.unknown-prospect", Cause.BAD_ATTACHMENT: "outcome.refused-attachment"}


def after_post(prospects: Sequence[str], reply: Reply[dict[str, Answer]], known: Facts) -> list[Decision]:
    """Return the decisions that follow from the reply to a request for these prospects."""
    failure, all_indices = reply.failure, tuple(range(len(prospects)))
    if failure is None:
        assert reply.value is not None
        return _answered(prospects, reply.value, known.taken)
    if failure.cause is Cause.UNREACHABLE:
        return [Retry(failure)]
    if failure.cause in STOPS or failure.cause is Cause.RATE_LIMITED:
        return [Retry()]
    if failure.cause is Cause.BAD_ATTACHMENT:  # a part of the request would name the same files
        return [Settle(tuple((index, _refusal(failure)) for index in all_indices))]
    if failure.cause in API_REFUSED or (failure.cause is Cause.INTERMEDIARY and failure.is_size and known.is_largest):
        return [_refused(failure, len(prospects), known)]
    return [LookUp(all_indices, failure)]


def _refused(failure: Failure, size: int, known: Facts) -> Settle | Split:
    """Return the decision after a definite refusal: the API's own, or a 413 for the largest body so far."""
    if failure.cause is Cause.INTERMEDIARY:
        return Split() if size > 1 else _turned_away(failure)
    if size == 1:
        return Settle(((0, _refusal(failure)),))
    # If a larger request was accepted, size is not the cause, whatever the API's words are (D44).
    return Split(failure.cause is Cause.TOO_LARGE and size > known.largest_accepted)


def _refusal(failure: Failure) -> Answer:
    return Answer(None, say(_REFUSED.get(failure.cause, "outcome.refused"), why=failure.text))


def _answered(prospects: Sequence[str], answers: dict[str, Answer], taken: Collection[str]) -> list[Decision]:
    answered = {index: answers[prospect] for index, prospect in enumerate(prospects) if prospect in answers}
    missing = tuple(index for index in range(len(prospects)) if index not in answered)
    settled = tuple((index, answer) for index, answer in answered.items() if answer.note_id not in taken)
    decisions: list[Decision] = [Settle(settled)] if settled else []
    for index, answer in answered.items():
        if answer.note_id is not None and answer.note_id in taken:
            text = say("failure.note-of-another-row", note=answer.note_id)
            decisions.append(LookUp((index,), Failure(Cause.UNREADABLE, text, at_work=True, is_astray=True)))
    if missing:
        text = say("failure.says-nothing")
        decisions.append(LookUp(missing, Failure(Cause.UNREADABLE, text, at_work=True, is_accepted=True)))
    return decisions


def after_absence(
    size: int, failure: Failure, *, passed: bool, healed: bool, sends: int, most_sends: int
) -> Settle | Split | Retry | Abandon:
    """Return the decision on an unclear request to some prospects whose notes are surely absent.

    A note that something other than the API refused goes to each prospect alone. It is to blame if another note
    ``passed`` between two of its refusals. If a request that was so refused was accepted when it was sent again
    (``healed``), the connection is sometimes bad, for example because one of several gateways has lost its route.
    """
    if failure.cause is Cause.INTERMEDIARY:
        if size > 1:
            return Split(is_single=not failure.is_size)
        if not passed:
            return Retry()
        if not healed:
            return _turned_away(failure)
    if sends >= most_sends:  # D83
        return Abandon(say("outcome.in-vain", times=sends, why=failure.text))
    return Retry()


def _turned_away(failure: Failure) -> Settle:
    return Settle(((0, Answer(None, say("outcome.turned-away", why=failure.text))),))


# -- the notes of a prospect -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sought:
    """Note that is looked for.

    Attributes:
        key: the note that was sent; ``text``: its content, if that is known.
        earliest, latest: the dates that it can have.
        is_clock_known: whether these are by the clock that dates notes; otherwise by that of the run that sent it.
        owned: IDs of notes that deliveries have → when that was known, by the clock of ``sent_at``.
        rivals: other unclear notes that were sent to the prospect, with their contents, if known.
        authors: authors of the notes of that run, as far as pages have shown them.
        others: authors of our notes of other runs, whose key may have been another.
    """

    key: NoteKey
    text: str | None
    earliest: float
    latest: float
    is_clock_known: bool
    owned: Mapping[str, float]
    sent_at: float
    rivals: Sequence[tuple[NoteKey, str | None]] = ()
    authors: Collection[str] = ()
    others: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Findings about one delivery.

    Attributes:
        duplicates: IDs of further notes that could be adopted just as well.
        is_sure: whether nothing that is still to be learned could speak against the note to adopt.
        is_rewritten: whether the note to adopt reads differently.
        doubt: reason why the delivery cannot be decided; None if it can: without a note to adopt, it was missed.
        seen: IDs of the notes that may be the delivery's.
    """

    note_id: str | None = None
    duplicates: tuple[str, ...] = ()
    is_sure: bool = False
    is_rewritten: bool = False
    doubt: Message | None = None
    seen: tuple[str, ...] = field(default=(), compare=False)


def judge(page: NotesPage, sought: Sought) -> Verdict:
    """Look for a delivery's note among all notes of its prospect, by what is known now."""
    free = [note for note in page.all if note.note_id not in sought.owned]
    possible = [note for note in free if is_ours(note, sought) is not False]
    same = [note for note in possible if has_form(note, sought.key)]
    if (verdict := _same(same, sought)) is not None:
        return replace(verdict, seen=tuple(note.note_id for note in same))
    timely = [note for note in possible if _is_of_the_time(note, sought, _NEAR, _ANY_ZONE)]
    unexplained = [note for note in timely if not any(reads_same(note, rival) for rival, _ in sought.rivals)]
    if (note_id := _rewritten(unexplained, sought)) is not None:
        return Verdict(note_id, is_sure=True, is_rewritten=True)
    if unexplained:
        ids = tuple(note.note_id for note in unexplained)
        return Verdict(doubt=say("doubt.reads-differently", ids=ids[:3]), seen=ids)
    if sought.key.status is Status.DRAFT and page.draft is not None and _hides(page.draft, sought):
        return Verdict(doubt=say("doubt.hidden-by-draft"))
    return Verdict()


def is_ours(note: FoundNote, sought: Sought) -> bool | None:
    """Return whether we wrote a note, or None. Only authors of the same run's key rule others out."""
    if not note.author:
        return None
    if sought.authors:
        return note.author in sought.authors
    return True if note.author in sought.others else None


def _same(same: Sequence[FoundNote], sought: Sought) -> Verdict | None:
    """Return the verdict on the notes that read the same and may be ours; None if none of them is of that time."""
    ours = [note for note in same if is_ours(note, sought)]
    if any(note.created_at is None and note.status is not Status.DRAFT for note in same):
        return Verdict(doubt=say("doubt.no-date"))
    # A draft without a date is the only draft shown, so if it reads the same, it is the one that was sent.
    dated = [note for note in same if _is_of_the_time(note, sought, _BELIEVED, _LIKELY)]
    if not dated:
        near = [note for note in same if _is_of_the_time(note, sought, _BELIEVED, _ANY_ZONE)]
        if any((note.created_at or 0.0) > sought.latest for note in same if note not in near):
            return Verdict(doubt=say("doubt.dated-after"))  # never taken for absence, whatever is wrong with a clock
        if not near:
            return None
        if len(near) == 1 and near[0] in ours:
            return Verdict(near[0].note_id, is_sure=True)
        return Verdict(doubt=say("doubt.clock-not-known"))
    own = [note for note in dated if note in ours]
    is_shown = any(note.author for note in dated)
    if not own and is_shown and (sought.others or len({note.author for note in dated}) > 1):
        return Verdict(doubt=say("doubt.several-authors"))
    first, *more = sorted(own or dated, key=lambda note: note.created_at or 0.0)
    if any(has_form(first, rival) for rival, _ in sought.rivals):
        more = []  # they may be another delivery's that reads the same
    duplicates = tuple(note.note_id for note in more if note.note_id != first.note_id)
    return Verdict(first.note_id, duplicates, is_sure=bool(own) or (not is_shown and sought.is_clock_known))


def _rewritten(unexplained: Sequence[FoundNote], sought: Sought) -> str | None:
    """Return the note of our author that the API surely made of the delivery's text; None if there is none.

    Each other note that is not explained must be like another unclear delivery, and this one like none of those.
    """
    if sought.text is None:
        return None
    alike = [note for note in unexplained if has_form(note, sought.key, sought.text) and note.author in sought.authors]
    others = [note for note in unexplained if note not in alike]
    if len(alike) != 1 or any(text is None or has_form(alike[0], key, text) for key, text in sought.rivals):
        return None
    is_all = all(any(text and has_form(note, key, text) for key, text in sought.rivals) for note in others)
    return alike[0].note_id if is_all else None


def _is_of_the_time(note: FoundNote, sought: Sought, by_its_clock: float, by_ours: float) -> bool:
    """Return whether a note can have been made when the request was sent, as exactly as the clock is known."""
    tolerance = by_its_clock if sought.is_clock_known else by_ours
    return note.created_at is None or sought.earliest - tolerance <= note.created_at <= sought.latest + tolerance


def _hides(draft: FoundNote, sought: Sought) -> bool:
    """Return whether the only draft that is shown, whoever wrote it, may hide the draft that was sent."""
    if draft.note_id in sought.owned:
        return sought.owned[draft.note_id] > sought.sent_at
    if draft.created_at is None:
        return True
    return draft.created_at >= sought.earliest - (_BELIEVED if sought.is_clock_known else _ANY_ZONE)


def copies(page: NotesPage, sought: Sought, note_id: str) -> tuple[str, ...]:
    """Return the IDs of further copies of a delivery's note, which read like it as it was sent, or as it is shown.

    A copy by our author counts also if somebody has hidden it since, or given it another visibility or status.
    """
    shown = [seen_digests(note.content) for note in page.all if note.note_id == note_id]
    key = replace(sought.key, readings=sought.key.readings.union(*shown))
    return tuple(
        note.note_id
        for note in page.all
        if note.note_id not in sought.owned
        and reads_same(note, key)
        and ((ours := is_ours(note, sought)) or (ours is None and has_form(note, key)))
        and _is_of_the_time(note, sought, _NEAR, _ANY_ZONE)
    )


# -- what a note reads like --------------------------------------------------------------------------------------------


def has_text(note: FoundNote, readings: Collection[bytes], text: str = "") -> bool:
    """Return whether a note that was read has one of these texts, or one that is much like a text."""
    return not seen_digests(note.content).isdisjoint(readings) or bool(text and are_alike(text, note.content))


def has_form(note: FoundNote, key: NoteKey, text: str = "") -> bool:
    """Return whether a note that was read has a form; ``text`` is the form's text if it is known."""
    return (note.visibility, note.status) == (key.visibility, key.status) and has_text(note, key.readings, text)


def reads_same(note: FoundNote, key: NoteKey) -> bool:
    """Return whether a reader sees the same text in a note, whatever its visibility and its status are."""
    return note.visibility is not None and note.status is not None and has_text(note, key.readings)
