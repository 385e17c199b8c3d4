"""Decide how the notes of deliveries are to be changed, as pure functions of values.

Input: rows and the delivery that answers for them, what the journal last knew, and the note as it was read. Output: a
:class:`Wish`, and what is to be done about it. :mod:`.updating` makes the calls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from importer.api import FoundNote, NoteChange
from importer.delivery.decisions import has_form, has_text
from importer.delivery.matching import AnsweredRow
from importer.journal import DeliveryState, KnownDelivery, NoteKey
from importer.markup import seen_digest, seen_digests
from importer.messages import Message, day, say
from importer.models import Status, Visibility, hashed


@dataclass(frozen=True)
class Wish:
    """Wish to change the note of one delivery.

    Attributes:
        change: the fields that the note is to have.
        left: what stays different all the same, and why.
        text: the text in which the note was sent, if the sheet has it; a note that reads much like it is the same.
        is_read: whether the note is read first, and changed only if nobody else has changed it.
        becomes: the state of the delivery after the change.
        is_agreed: whether a person agreed to all of the change.
    """

    delivery: KnownDelivery
    change: NoteChange
    positions: Sequence[int] = ()
    left: Sequence[Message] = ()
    text: str = ""
    is_read: bool = True
    becomes: DeliveryState = DeliveryState.CREATED
    is_agreed: bool = False

    @property
    def note_id(self) -> str:
        """ID of the note."""
        return self.delivery.note_id or ""

    @property
    def now(self) -> NoteChange:
        """The part of the change that may be made: all of it, or what needs no person's yes."""
        change = self.change
        if self.is_agreed:
            return change
        return NoteChange(
            change.visibility if change.visibility is Visibility.PRIVATE else None,
            change.status if change.status is Status.DRAFT else None,
            change.content if Visibility.PUBLIC not in (change.visibility, self.delivery.visibility) else None,
        )

    @property
    def to_agree(self) -> Message | None:
        """Message about the part of the change that a person has to agree to; None if there is none."""
        what = [one for one in described(self.change) if one not in described(self.now)]
        return say("update.needs-a-yes", what=tuple(what)) if what else None

    @property
    def is_due(self) -> bool:
        """Whether there is anything to be changed, or an earlier change to be settled."""
        return bool(self.now) or self.delivery.opened is not None

    @property
    def digest(self) -> int:
        """Number that stands for what a person agrees to."""
        text = f"{self.delivery.name.hex()} {self.delivery.note} {self.delivery.changing} {self.change}"
        return int.from_bytes(hashed(text))


def follow(rows: Sequence[AnsweredRow], runs: Collection[int], *, keeps_markup: bool) -> Wish:
    """Return the wish that a delivery's note follows the rows that it answers for: the least visible of them.

    Args:
        rows: the rows.
        runs: the numbers of the runs of this kind of sheet.
        keeps_markup: whether changing a note was seen to keep the markup of its text.
    """
    delivery, positions = rows[0].delivery, [row.position for row in rows]
    if (why := _why_not(rows[0].delivery, runs)) is not None:
        return Wish(delivery._replace(changing=None, opened=None), NoteChange(), positions, (why,))
    visibility, status = max(row.note.visibility for row in rows), min(row.note.status for row in rows)
    content, left = _text(rows, keeps_markup=keeps_markup)
    change = differing(NoteChange(visibility, status, content), *delivery.forms)
    text = "" if any(row.has_other_text for row in rows) else rows[0].note.content
    return Wish(delivery, change, positions, left, text)


def _why_not(delivery: KnownDelivery, runs: Collection[int]) -> Message | None:
    """Return why the note of a delivery isn't changed; None if it may be."""
    reasons = {
        "update.not-ours": delivery.state is not DeliveryState.CREATED,
        "update.other-kind": delivery.run not in runs,
        "update.by-likeness": delivery.is_by_likeness,
        "update.not-checked": delivery.resent_at is not None,
    }
    if reason := next((reason for reason, is_so in reasons.items() if is_so), ""):
        return say(reason)
    return None if delivery.touched is None else touched(delivery.touched)


def touched(at: float | None) -> Message:
    """Return the message that somebody else has changed a note, at a time if it is known."""
    return say("update.touched") if at is None else say("update.touched-on", day=day_of(at))


def day_of(at: float) -> str:
    """Return the day of a time, in words."""
    return day(datetime.fromtimestamp(at, UTC).astimezone().date())


def _text(rows: Sequence[AnsweredRow], *, keeps_markup: bool) -> tuple[str | None, Sequence[Message]]:
    """Return the new text of a note, if it gets one; and why a row's text or attachments aren't taken over."""
    [first, *others] = rows
    note = first.note
    if others or not (first.is_changed or first.has_other_text):
        return None, ()
    has_markup = "<" in note.content or "&" in note.content
    if not first.has_other_text and (note.files or note.attachments or not has_markup):
        return None, (say("update.attachments"),)
    if has_markup and not keeps_markup:
        return None, (say("update.markup"),)
    return note.content, ()


@dataclass(frozen=True)
class Decision:
    """What is to be done about a wish, once the note was read: it is changed, left alone, or as it is to be.

    Attributes:
        change: the fields that are sent; none if the note isn't changed.
        form: the form that the note has, or will have; None if that isn't known, so that it is left alone.
        is_opened: whether a change without a clear answer has come about.
        is_sure: whether it holds even if reading is behind; otherwise the note is read once more.
        why: why the note, or its status, is left alone.
    """

    change: NoteChange = field(default_factory=NoteChange)
    form: NoteKey | None = None
    is_opened: bool = False
    is_sure: bool = False
    why: Message | None = None


def decide(wish: Wish, found: FoundNote | None, *, other_draft: bool) -> Decision:
    """Return what is to be done about a wish.

    Args:
        wish: the wish.
        found: the note as it was read; None if its prospect doesn't have it.
        other_draft: whether the prospect has another draft, or is about to get one.
    """
    if found is None:
        return Decision(why=say("update.gone"))
    base, opened = wish.delivery.form, wish.delivery.opened
    is_opened = opened is not None and has_form(found, opened, wish.text if opened.seen == base.seen else "")
    if opened is not None and is_opened:
        base = opened
    elif not has_form(found, base, wish.text):
        wanted = changed(base, wish.now)
        if not has_form(found, wanted, wish.text or wish.now.content or ""):
            return Decision(why=touched(found.edited_at))
        return Decision(form=wanted, why=wish.to_agree)
    rest = replace(wish, change=differing(wish.change, found))
    change, why = rest.now, rest.to_agree
    if change.status is Status.DRAFT and other_draft:
        change, why = replace(change, status=None), why or say("update.second-draft")
    # An earlier change that isn't shown may have come about all the same; then other fields would differ.
    is_sure = opened is None or (is_opened and bool(change))
    content = wish.change.content if rest.change.content == change.content else None  # the note has it, or gets it
    form = changed(base, replace(change, content=content))
    return Decision(change, form, is_opened, is_sure, why)


def differing(change: NoteChange, *there: FoundNote | NoteKey) -> NoteChange:
    """Return the part of a change that a note, or all its forms, don't have yet; of forms, texts aren't compared."""
    content, notes = change.content, [one for one in there if isinstance(one, FoundNote)]
    if content is not None and any(has_text(note, seen_digests(content)) for note in notes):
        content = None
    return NoteChange(
        None if all(change.visibility is one.visibility for one in there) else change.visibility,
        None if all(change.status is one.status for one in there) else change.status,
        content,
    )


def changed(key: NoteKey, change: NoteChange) -> NoteKey:
    """Return the form that a note gets by a change."""
    if not change:
        return key
    seen, readings, content = key.seen, key.readings, change.content
    if content is not None:
        seen, readings = seen_digest(content), seen_digests(content)
    visibility, status = change.visibility or key.visibility, change.status or key.status
    digest = hashlib.sha256(b"".join([seen, *sorted(readings), visibility.encode(), status.encode()])).digest()
    return NoteKey(digest, seen, readings, visibility, status)


def described(change: NoteChange) -> tuple[Message, ...]:
    """Return what a change does, in words."""
    kinds = [one.name.lower() for one in (change.visibility, change.status) if one is not None]
    return tuple(say(f"update.to-{kind}") for kind in (*kinds, *(["text"] if change.content is not None else [])))
