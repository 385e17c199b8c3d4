"""Find deliveries that earlier runs made with another text than a row has now.

Input: the groups of a plan, sorted by what the journal knows of their notes. Output: the same groups; a delivery that
is known by another name is no longer left to be made. Other names are the ID that the sheet gives to a row's record,
the text of the cell, with a template and without it, and the row before it was corrected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from itertools import repeat

from importer.delivery.row_names import by_row_names
from importer.delivery.sorted_group import Known, SortedGroup
from importer.delivery.source_rows import MARK, SourceRows
from importer.journal import DeliveryName, DeliveryState, Journal, KnownDelivery, alias_digest
from importer.models import Note, Rows, Workspace

TAKEN = b"use\0"
"""First bytes of the digests of deliveries of a cell's own text that count for a composed note."""

_ROWS_AT_ONCE = 5_000  # rows that are looked up together


def under_other_names(
    found: Iterable[SortedGroup],
    numbers: Sequence[int | None],
    rows: Rows,
    journal: Journal,
    workspace: Workspace,
    occurrence: str,
) -> Iterator[SortedGroup]:
    """Move deliveries that earlier runs made with another text out of ``left``.

    Args:
        found: groups of a plan.
        numbers: journal numbers of their notes; None if no delivery of the note is known.
        rows: rows with prospects and keys.
        journal: the journal.
        workspace: the workspace of the deliveries.
        occurrence: prefix that the run puts before each key.
    """
    has_others = rows.record is not None or any(map(is_composed, rows.notes))
    if journal.aliases.are_possible(workspace) if has_others else journal.aliases.are_there(workspace):
        found = in_batches(found, _Aliases(rows, journal, workspace, occurrence, {*numbers}).move)
    if rows.fingerprints is not None and journal.aliases.are_there(workspace, MARK):
        found = in_batches(found, SourceRows(rows, journal, workspace, _counting(journal, workspace, occurrence)).move)
    yield from found


def _counting(journal: Journal, workspace: Workspace, occurrence: str) -> list[str]:
    """Return the prefixes of the keys of deliveries that count: of this run, or of all runs (D89)."""
    return [occurrence] if occurrence else ["", *journal.runs.every_again(workspace)]


def in_batches(
    found: Iterable[SortedGroup], move: Callable[[Sequence[SortedGroup]], Sequence[SortedGroup]]
) -> Iterator[SortedGroup]:
    """Yield the groups after ``move`` has changed them, for a limited number of rows at once."""
    batch: list[SortedGroup] = []
    size = 0
    for sorted_group in found:
        batch.append(sorted_group)
        size += 1 + len(sorted_group.left)
        if size > _ROWS_AT_ONCE:
            yield from move(batch)
            batch, size = [], 0
    yield from move(batch)


def _name(delivery: KnownDelivery) -> DeliveryName:
    return delivery.note, delivery.prospect, delivery.occurrence


class _Aliases:
    """Deliveries under the IDs of records (D155), and under the texts of cells, composed now or then (D156, D157).

    For the arguments see :func:`under_other_names`.
    """

    def __init__(
        self, rows: Rows, journal: Journal, workspace: Workspace, occurrence: str, numbers: Set[int | None]
    ) -> None:
        self._rows, self._journal, self._workspace, self._occurrence = rows, journal, workspace, occurrence
        self._numbers = numbers
        self._occurrences = _counting(journal, workspace, occurrence)

    def move(self, some: Sequence[SortedGroup]) -> Sequence[SortedGroup]:
        """Move the deliveries of some groups that exist under another name, and return the groups."""
        named = [
            (one, i, digest, how)
            for one in some
            for i, position in zip(one.left, one.group.positions[one.left].tolist(), strict=True)
            for occurrence in self._occurrences
            for digest, how in alias_digests(self._rows, one.group.note, position, occurrence)
        ]
        known = self._journal.aliases.known(self._workspace, [digest for _, _, digest, _ in named])
        for one, i, digest, how in named:
            if digest in known:
                delivery, *kind = known[digest]
                if kind == [one.key.visibility, one.key.status]:
                    one.take(i, delivery, how, self._journal)
                elif delivery.state is not DeliveryState.HIDDEN:
                    one.take(i, delivery, Known.OTHERWISE, self._journal)
        self._take_uncomposed([one for one in some if one.left and is_composed(one.group.note)])
        self._take_composed([one for one in some if one.left and not is_composed(one.group.note)])
        for one in some:
            one.left = [i for i in one.left if i not in one.how]
        return some

    def _take_uncomposed(self, composed: Sequence[SortedGroup]) -> None:
        """Take the deliveries of the cells' own texts, except those that other rows have taken in earlier runs."""
        deliveries = self._journal.deliveries
        plain = [as_it_stands(one.group.note) for one in composed]
        numbers = deliveries.find_notes(self._workspace, plain)
        wanted: list[tuple[SortedGroup, int, DeliveryName]] = []
        for one, number in zip(composed, numbers, strict=True):
            if number is not None:
                prospects, keys = self._rows.deliveries(one.group.positions[one.left])
                names = zip(repeat(number), prospects, (self._occurrence + key for key in keys), strict=False)
                wanted += [(one, i, name) for i, name in zip(one.left, names, strict=True) if i not in one.how]
        known = deliveries.known([*dict.fromkeys(name[:2] for *_, name in wanted)])
        digests, by_name = self._journal.aliases.digests(known), by_row_names(known, self._occurrence)
        for one, i, name in wanted:
            delivery = by_name.get(name)
            if delivery is None:
                continue
            position = one.group.positions[i]
            has_record = self._rows.record is not None and self._rows.record[position] != ""
            of_it = [*digests.get(name, ()), *digests.get(_name(delivery), ())]
            if not any(map(_is_of_another if has_record else _is_taken, of_it)):
                one.take(i, delivery, Known.COMPOSED_OTHERWISE, self._journal)

    def _take_composed(self, plain: Sequence[SortedGroup]) -> None:
        """Take the deliveries with a text that a template composed of the cell's, except those of other rows."""
        wanted: list[tuple[SortedGroup, int, bytes]] = []
        for one in plain:
            prospects, keys = self._rows.deliveries(one.group.positions[one.left])
            for i, prospect, key in zip(one.left, prospects, keys, strict=True):
                for occurrence in self._occurrences if i not in one.how else ():
                    wanted.append((one, i, text_digest(one.group.note, prospect, occurrence + key)))
        known = self._journal.aliases.known(self._workspace, [digest for *_, digest in wanted])
        for one, i, digest in wanted:
            if digest in known and (delivery := known[digest][0]).note not in self._numbers:
                one.take(i, delivery, Known.COMPOSED_OTHERWISE, self._journal)


def _is_taken(digest: bytes) -> bool:
    """Return whether a digest says that a delivery of a cell's own text counts for a composed note."""
    return digest.startswith(TAKEN)


def _is_of_another(digest: bytes) -> bool:
    """Return whether a digest says that a delivery counts for another record, or for a composed note."""
    return not digest.startswith(MARK)


def is_composed(note: Note) -> bool:
    """Return whether a template has changed the text of a note's cell."""
    return note.uncomposed not in ("", note.text)


def as_it_stands(note: Note) -> Note:
    """Return a composed note with the text of its cell instead."""
    return replace(note, text=note.uncomposed)


def alias_digests(
    rows: Rows, note: Note, position: int, occurrence: str, *, is_same: bool = False
) -> Iterator[tuple[bytes, Known]]:
    """Yield the digests by which a row's delivery is known besides its note: of its record, and of the composed text.

    With ``is_same``, the delivery has the composed text, so that it is known by its note.
    """
    prospect, key = str(rows.prospect[position]), "" if rows.key is None else str(rows.key[position])
    if rows.record is not None and (record := str(rows.record[position])):
        yield record_digest(record, prospect, occurrence + key), Known.BY_RECORD
    if is_composed(note) and not is_same:
        yield alias_digest("note", note.digest.hex(), prospect, occurrence + key), Known.COMPOSED_OTHERWISE


def taken_digest(delivery: KnownDelivery) -> bytes:
    """Return the digest by which a delivery of a cell's own text is known to count for a composed note."""
    note, prospect, occurrence = _name(delivery)
    return alias_digest("taken", str(note), prospect, occurrence, mark=TAKEN)


def text_digest(plain: Note, prospect: str, occurrence: str) -> bytes:
    """Return the digest by which the delivery of a composed note is known for the note as its cell stands."""
    return alias_digest("text", plain.digest.hex(), prospect, occurrence)


def record_digest(record: str, prospect: str, occurrence: str) -> bytes:
    """Return the digest by which the delivery of a record's note to a prospect is known."""
    return alias_digest("record", record, prospect, occurrence)
