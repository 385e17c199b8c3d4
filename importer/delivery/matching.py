"""Match the rows of a sheet with the deliveries of earlier runs: who was told what.

Input: the identities of all rows of one prospect, and that prospect's known deliveries. Output: how each row is known.
These are pure functions of values. The first rule that finds a delivery of the row's prospect answers:

0. its note: the sheet has the ID of the note that the delivery made,
1. its record: the ID that another program gave to it,
2. its text, as a reader sees it,
3. its text, as an earlier template of this kind of sheet composed it,
4. what it said before somebody corrected it, or its place in the file.

What no rule answers is new, or a question: the delivery is hidden, or only its words are the same, or its text stands
under an ID of another kind of sheet, or the sheet names a note that the journal doesn't know.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np

from importer.identity import RECORD, WORDS, RowIdentity, part_of
from importer.journal import DeliveryState, KnownDelivery, NoteKey
from importer.messages import Message, say
from importer.models import Group, Ints, Note, Status, Visibility
from importer.settings.reading import WORDS as IN_WORDS
from importer.settings.reading import kind_in_words


class How(StrEnum):
    """How a row is known."""

    NOTE = "note"
    RECORD = "record"
    TEXT = "text"
    EARLIER_TEXT = "earlier-text"
    AS_IT_STOOD = "as-it-stood"
    HIDDEN = "hidden"  # a question, as all that follow
    WORDS = "words"
    OTHER_RECORD = "other-record"
    KEY = "key"
    UNKNOWN_NOTE = "unknown-note"

    @property
    def answers(self) -> bool:
        """Whether the row's delivery is known, so that nothing is asked."""
        return self in _ANSWERS


_ANSWERS = frozenset({How.NOTE, How.RECORD, How.TEXT, How.EARLIER_TEXT, How.AS_IT_STOOD})


class Match(NamedTuple):
    """Row that is known; without a delivery if the sheet only names a note that the journal doesn't know."""

    row: RowIdentity
    how: How
    known: KnownDelivery | None


_Rule = tuple[How, Callable[[RowIdentity], Collection[object]], Callable[[RowIdentity, KnownDelivery], bool]]


def match(
    rows: Sequence[RowIdentity],
    known: Sequence[KnownDelivery],
    claimed: set[bytes],
    *,
    runs: Collection[int] = (),
    templates: Collection[bytes] = (),
    by_key: bool = False,
) -> list[Match]:
    """Return the rows of one prospect that are known, or in question; the others are new.

    The rows repeat no other row. ``runs`` are the numbers of the runs of this kind of sheet, and ``templates`` the
    parts of words that name its templates. With ``by_key`` a row may be known by its key alone, because notes follow
    the sheet. ``claimed`` are names of deliveries that answer for other rows; those of these rows are added.
    """
    found: dict[int, Match] = {}
    live, hidden = _Signed(), _Signed()
    for one in sorted(known, key=lambda one: -one.request):
        if one.state is not DeliveryState.REJECTED:
            (hidden if one.state is DeliveryState.HIDDEN else live).add(one)

    def settle(rules: Iterable[_Rule], those: _Signed) -> None:
        for how, signs_of, fits in rules if those else ():
            for row in rows:
                signs = signs_of(row)
                if not signs or row.position in found:
                    continue
                alike = [one for sign in signs if sign in those for one in those[sign] if fits(row, one)]
                if fits is not _repeats:  # a delivery answers for one row, and for those that repeat it
                    alike = [one for one in alike if one.name not in claimed]
                if alike:
                    one = alike[0] if len(alike) == 1 else min(alike, key=lambda one: one.key != row.key)
                    found[row.position] = Match(row, How.HIDDEN if those is hidden else how, one)
                    if how.answers or how is How.KEY:
                        claimed.add(one.name)
            if len(found) == len(rows):
                return

    settle(_ANSWERING, live)
    settle(_ANSWERING, hidden)
    settle(_asking(runs, templates, by_key=by_key) if len(found) < len(rows) else (), live)
    for row in rows:
        if row.note_ids and row.position not in found:
            found[row.position] = Match(row, How.UNKNOWN_NOTE, None)
    return [found[row.position] for row in rows if row.position in found]


class _Signed(dict[object, list[KnownDelivery]]):
    """Deliveries of one prospect by each of their signs: identities, words without their template, note ID and key."""

    def add(self, one: KnownDelivery) -> None:
        """Add a delivery behind newer ones."""
        for sign in one.identities:
            self.setdefault(sign, []).append(one)
            if sign.startswith(WORDS) and one not in self.get(words := _words(sign), ()):
                self.setdefault(words, []).append(one)
        for name in filter(None, (one.note_id, one.key)):
            self.setdefault(name, []).append(one)


def _record(row: RowIdentity) -> Sequence[bytes]:
    return [row.record] if row.record else ()


def _words(digest: bytes) -> bytes:
    """Return the digest of words whatever template composed the text."""
    return digest[len(part_of(digest)) :]


def _templates(row: RowIdentity, known: KnownDelivery) -> set[bytes]:
    """Return the templates with which a delivery has a row's words."""
    words = _words(row.words)
    return {part_of(one) for one in known.identities if one.startswith(WORDS) and _words(one) == words}


def _any(_: RowIdentity, __: KnownDelivery) -> bool:
    return True


def _fits(row: RowIdentity, known: KnownDelivery) -> bool:
    return _has_same_key(row, known) and not _has_other_record(row, known)


def _repeats(row: RowIdentity, known: KnownDelivery) -> bool:
    return bool(row.record) or not row.key or row.key == known.key


def _has_same_key(row: RowIdentity, known: KnownDelivery) -> bool:
    """Return whether a row and a delivery have the same key, if both have one."""
    return not (row.key and known.key and row.key != known.key)


def _has_other_record(row: RowIdentity, known: KnownDelivery) -> bool:
    """Return whether a delivery has an ID under the heading of the row's record, and not the row's."""
    if not row.record or row.record in known.identities:
        return False
    heading = part_of(row.record)
    return any(digest.startswith(RECORD) and part_of(digest) == heading for digest in known.identities)


_ANSWERING: Sequence[_Rule] = (
    (How.NOTE, lambda row: row.note_ids, _any),
    (How.RECORD, _record, _any),
    (How.TEXT, lambda row: row.texts, _fits),
    (How.EARLIER_TEXT, lambda row: row.earlier, _fits),
    (How.AS_IT_STOOD, lambda row: row.stood, _any),
    (How.TEXT, lambda row: _record(row) or (*row.texts, *row.earlier), _repeats),
)


def _asking(runs: Collection[int], templates: Collection[bytes], *, by_key: bool) -> Sequence[_Rule]:
    """Return the rules whose answer is a question.

    Words are known if no template made them, or one that isn't this kind of sheet's. Once a person has answered for a
    template, the delivery has the words with it, and isn't asked about again.
    """

    def has_other_kind(row: RowIdentity, known: KnownDelivery) -> bool:
        return known.run not in runs and _has_same_key(row, known) and _has_other_record(row, known)

    def has_words(row: RowIdentity, known: KnownDelivery) -> bool:
        return _fits(row, known) and _templates(row, known).isdisjoint(templates)

    def has_key(row: RowIdentity, known: KnownDelivery) -> bool:
        return known.run in runs and not _has_other_record(row, known)

    rules: list[_Rule] = [
        (How.OTHER_RECORD, lambda row: row.texts, has_other_kind),
        (How.WORDS, lambda row: (*row.plain, _words(row.words)), has_words),
    ]
    return [*rules, (How.KEY, lambda row: (row.key,) if row.texts else (), has_key)] if by_key else rules


# -- what a plan's rows are then --------------------------------------------------------------------------------------


class AnsweredRow(NamedTuple):
    """Row whose delivery an earlier run made: its position, its note in the sheet, and how it is known.

    Attributes:
        seen: digest of what a reader sees in the sheet's note.
    """

    position: int
    note: Note
    match: Match
    seen: bytes = b""

    @property
    def delivery(self) -> KnownDelivery:
        """The delivery."""
        assert self.match.known is not None
        return self.match.known

    @property
    def is_hidden(self) -> bool:
        """Whether somebody hid the note, and it stays so."""
        return self.delivery.state in (DeliveryState.HIDDEN, DeliveryState.LEFT)

    @property
    def has_other_form(self) -> bool:
        """Whether the note has another visibility or status than the row."""
        return (self.delivery.visibility, self.delivery.status) != (self.note.visibility, self.note.status)

    @property
    def has_other_text(self) -> bool:
        """Whether the row's record, note ID or key says which note it is, and the note's text is another one."""
        match, delivery = self.match, self.delivery
        has_key = match.how is How.TEXT and bool(match.row.key) and match.row.key == delivery.key
        return (has_key or match.how in (How.NOTE, How.RECORD, How.KEY)) and self.seen != delivery.form.seen

    @property
    def is_changed(self) -> bool:
        """Whether the row's text, with its files, is none that the delivery is known by."""
        how, known = self.match.how, self.match.known
        is_by_another_sign = how in (How.NOTE, How.RECORD, How.AS_IT_STOOD, How.KEY)
        return is_by_another_sign and known is not None and known.identities.isdisjoint(self.match.row.texts)

    @property
    def differs(self) -> bool:
        """Whether the note differs from the row, as far as the journal knows, or may. One that was hidden stays."""
        is_open = self.delivery.changing is not None
        return not self.is_hidden and (self.has_other_form or is_open or self.is_changed or self.has_other_text)

    @property
    def still(self) -> Message | None:
        """Message about a note that is more visible than the sheet says; None if it isn't."""
        return still_visible(self.delivery, self.note, is_ours=self.delivery.state is not DeliveryState.FOUND)

    @property
    def is_less_visible(self) -> bool:
        """Whether the note is less visible than the sheet says, and in no way more."""
        return self.has_other_form and self.still is None


def still_visible(there: KnownDelivery | NoteKey | Note, says: Note, *, is_ours: bool) -> Message | None:
    """Return the message about a note that is there and more visible than the sheet says; None if it isn't."""
    is_public = there.visibility is Visibility.PUBLIC and says.visibility is Visibility.PRIVATE
    if not is_public and not (there.status is Status.PUBLISHED and says.status is Status.DRAFT):
        return None
    kinds = (
        kind_in_words(one.visibility, one.status) if is_public else [IN_WORDS[one.status.name]] for one in (there, says)
    )
    kind, wanted = (say("names", names=tuple(names)) for names in kinds)
    return say("outcome.still-visible" if is_ours else "outcome.found-visible", kind=kind, says=wanted)


@dataclass
class SortedGroup:
    """Deliveries of a group by what the journal knows of them. Those that exist are not listed.

    Attributes:
        group: the group.
        left: positions of the deliveries still to be made.
        unclear: rows whose deliveries were sent without a clear answer, by the number of the request.
    """

    group: Group
    left: Ints
    unclear: dict[int, list[AnsweredRow]] = field(default_factory=dict)

    @cached_property
    def key(self) -> NoteKey:
        """The journal's key of the group's note."""
        return NoteKey.of(self.group.note)

    @property
    def in_doubt(self) -> list[AnsweredRow]:
        """All rows whose deliveries are unclear."""
        return [row for members in self.unclear.values() for row in members]

    @property
    def open(self) -> Group:
        """Part of the group that is still to be made or looked up."""
        positions, in_doubt = self.group.positions, [row.position for row in self.in_doubt]
        is_open = np.isin(positions, self.left) | np.isin(positions, in_doubt)
        return replace(self.group, positions=positions[is_open]) if in_doubt else self.todo

    @property
    def todo(self) -> Group:
        """Part of the group that is still to be made."""
        return replace(self.group, positions=self.left)
