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

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from enum import Enum, auto
from typing import NamedTuple

from importer.identity import RECORD, WORDS, RowIdentity, part_of
from importer.journal import DeliveryState, KnownDelivery


class How(Enum):
    """How a row is known."""

    NOTE = auto()
    RECORD = auto()
    TEXT = auto()
    EARLIER_TEXT = auto()
    AS_IT_STOOD = auto()
    HIDDEN = auto()  # a question, as all that follow
    WORDS = auto()
    OTHER_RECORD = auto()
    KEY = auto()
    UNKNOWN_NOTE = auto()

    @property
    def answers(self) -> bool:
        """Whether the row's delivery is known, so that nothing is asked."""
        return self._value_ < How.HIDDEN._value_


_NOT_PLAIN = frozenset({DeliveryState.REJECTED, DeliveryState.HIDDEN})


class Known(NamedTuple):
    """Delivery of an earlier run.

    Attributes:
        delivery: the delivery.
        identities: digests of its records, texts and words.
        kind: the kind of sheet of its run.
    """

    delivery: KnownDelivery
    identities: frozenset[bytes]
    kind: str = ""

    @property
    def sent_on(self) -> str:
        """The day on which its note was sent, in ISO form."""
        return date.fromtimestamp(self.delivery.sent_at).isoformat()  # noqa: DTZ012 - the sheet's days are local, too


class Match(NamedTuple):
    """Row that is known; without a delivery if the sheet only names a note that the journal doesn't know."""

    row: RowIdentity
    how: How
    known: Known | None


def match(
    rows: Sequence[RowIdentity],
    known: Iterable[Known],
    *,
    kind: str = "",
    templates: Collection[bytes] = (),
    by_key: bool = False,
) -> list[Match]:
    """Return the rows of one prospect that are known, or in question; the others are new.

    Args:
        rows: all rows of the prospect that repeat no other row, in the sheet's order.
        known: the prospect's deliveries.
        kind: the kind of sheet.
        templates: the parts of words that name this sheet's template, and the earlier ones of its kind.
        by_key: whether a row may be known by its key alone, because notes follow the sheet.
    """
    known = [*known]
    if (plain := _plainly(rows, known)) is not None:
        return plain
    claimed: set[bytes] = set()
    found: dict[int, Match] = {}
    newest = [one for one in known if one.delivery.state is not DeliveryState.REJECTED]
    newest.sort(key=lambda one: one.delivery.request, reverse=True)
    live = _Candidates([one for one in newest if one.delivery.state is not DeliveryState.HIDDEN], claimed)
    hidden = _Candidates([one for one in newest if one.delivery.state is DeliveryState.HIDDEN], claimed)

    def settle(how: How, of: Callable[[RowIdentity], Iterator[Known]]) -> None:
        for row in rows if len(found) < len(rows) else ():
            if row.position not in found and (one := next(of(row), None)) is not None:
                found[row.position] = Match(row, how, one)
                if how.answers or how in (How.HIDDEN, How.KEY):
                    claimed.add(one.delivery.name)

    for those, is_hidden in (live, False), (hidden, True):
        if those.all:
            for how, of in (
                (How.NOTE, those.of_note),
                (How.RECORD, those.of_record),
                (How.TEXT, those.of_text),
                (How.EARLIER_TEXT, those.of_earlier_text),
                (How.AS_IT_STOOD, those.of_stood),
                (How.TEXT, those.of_repeated),
            ):
                settle(How.HIDDEN if is_hidden else how, of)
    if live.all:
        settle(How.OTHER_RECORD, lambda row: live.of_other_kind(row, kind))
        settle(How.WORDS, lambda row: live.of_words(row, templates))
    if live.all and by_key:
        settle(How.KEY, lambda row: live.of_key(row, kind))
    for row in rows:
        if row.note_ids and row.position not in found:
            found[row.position] = Match(row, How.UNKNOWN_NOTE, None)
    return [found[row.position] for row in rows if row.position in found]


def _plainly(rows: Sequence[RowIdentity], known: Sequence[Known]) -> list[Match] | None:
    """Return how rows are known if each is the only one that its delivery can answer for; None if that isn't so plain.

    Most rows of most sheets are like that. For a million rows, the rules one by one would take too long.
    """
    only: dict[bytes, Known | None] = {}
    for one in known:
        if one.delivery.state in _NOT_PLAIN:
            return None
        for identity in one.identities:
            only[identity] = None if identity in only else one
    used: set[bytes] = set()
    found: list[Match] = []
    for row in rows:
        found_one = only.get(row.record or row.texts[0]) if row.texts and not row.note_ids else None
        if found_one is None or not (row.record or row.key == found_one.delivery.key):
            return None
        used.add(found_one.delivery.name)
        found.append(Match(row, How.RECORD if row.record else How.TEXT, found_one))
    return found if len(used) == len(rows) else None


class _Candidates:
    """Deliveries of one prospect, the newest first, by their identities."""

    def __init__(self, known: Sequence[Known], claimed: Collection[bytes]) -> None:
        self.all, self._claimed = known, claimed
        self._by_identity: defaultdict[bytes, list[Known]] = defaultdict(list)
        for one in self.all:
            for identity in one.identities:
                self._by_identity[identity].append(one)

    def of_note(self, row: RowIdentity) -> Iterator[Known]:
        """Yield the deliveries whose note has the ID in the row."""
        return self._free(one for one in self.all if row.note_ids and one.delivery.note_id in row.note_ids)

    def of_record(self, row: RowIdentity) -> Iterator[Known]:
        """Yield the deliveries of the row's record."""
        return self._free(self._by_identity[row.record] if row.record else ())

    def of_text(self, row: RowIdentity) -> Iterator[Known]:
        """Yield the deliveries of the row's text that no other record and no other key has; first those of its key."""
        return self._of_texts(row, row.texts)

    def of_earlier_text(self, row: RowIdentity) -> Iterator[Known]:
        """Yield the deliveries of the row's text, as earlier templates composed it."""
        return self._of_texts(row, row.earlier)

    def of_stood(self, row: RowIdentity) -> Iterator[Known]:
        """Yield the deliveries of a corrected row as it stood, or with another correction."""
        return self._free(one for digest in row.stood for one in self._by_identity[digest])

    def _of_texts(self, row: RowIdentity, texts: Iterable[bytes]) -> Iterator[Known]:
        alike = [
            one
            for one in self._free(one for text in texts for one in self._by_identity[text])
            if _fits(row, one) and not _other_records(row, one)
        ]
        return iter(sorted(alike, key=lambda one: one.delivery.key != row.key))

    def of_repeated(self, row: RowIdentity) -> Iterator[Known]:
        """Yield the deliveries that answer for another row, and have this row's record, or all that it says."""
        if row.record:
            yield from self._by_identity[row.record]
            return
        for one in (one for text in (*row.texts, *row.earlier) for one in self._by_identity[text]):
            if row.key == one.delivery.key or not row.key:
                yield one

    def of_other_kind(self, row: RowIdentity, kind: str) -> Iterator[Known]:
        """Yield the deliveries of the row's text that another kind of sheet gave another ID."""
        alike = self._free(one for text in row.texts for one in self._by_identity[text])
        return (one for one in alike if one.kind != kind and _fits(row, one) and _other_records(row, one))

    def of_words(self, row: RowIdentity, templates: Collection[bytes]) -> Iterator[Known]:
        """Yield the deliveries of the row's words as no template made them, or one that isn't this kind of sheet's.

        Once a person has answered for a template, the delivery has the words with it, and isn't asked about again.
        """
        plain = {*row.plain}
        for one in self._free(self.all) if row.words else ():
            words = {part_of(digest) for digest in one.identities if _is_of(digest, row.words)}
            is_alike = words or not plain.isdisjoint(one.identities)
            if is_alike and words.isdisjoint(templates) and _fits(row, one) and not _other_records(row, one):
                yield one

    def of_key(self, row: RowIdentity, kind: str) -> Iterator[Known]:
        """Yield the deliveries with the row's key that this kind of sheet made, and that have another text."""
        alike = (one for one in self._free(self.all) if row.key and row.texts and one.delivery.key == row.key)
        return (one for one in alike if one.kind == kind and not _other_records(row, one))

    def _free(self, known: Iterable[Known]) -> Iterator[Known]:
        return (one for one in known if one.delivery.name not in self._claimed)


def _is_of(digest: bytes, words: bytes) -> bool:
    """Return whether a digest is of the same words, whatever template composed the text."""
    return digest.startswith(WORDS) and digest[len(part_of(digest)) :] == words[len(part_of(words)) :]


def _fits(row: RowIdentity, known: Known) -> bool:
    """Return whether a row and a delivery have the same key, if both have one."""
    return not (row.key and known.delivery.key and row.key != known.delivery.key)


def _other_records(row: RowIdentity, known: Known) -> bool:
    """Return whether a delivery has an ID under the heading of the row's record, and not the row's."""
    if not row.record or row.record in known.identities:
        return False
    heading = part_of(row.record)
    return any(digest.startswith(RECORD) and part_of(digest) == heading for digest in known.identities)
