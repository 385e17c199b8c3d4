"""Find deliveries of rows that a corrected copy has with another visibility or status (D159).

Input: the groups of a plan, sorted by what the journal knows of their notes. Output: the same groups; a delivery that a
corrected copy of its row made is no longer left, and the other way round. The row is known by its words as they are
written. A corrected copy has their fingerprints, because a setting may give a word a meaning that was a problem when
the copy was made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from enum import Enum, auto
from functools import cached_property

import numpy as np

from importer.delivery.sorted_group import Known, SortedGroup
from importer.journal import DeliveryName, DeliveryState, Journal, KnownDelivery, alias_digest
from importer.models import Plan, Rows, Workspace

MARK = b"row\0"
"""First bytes of the digests, so that one query tells whether there are any."""


def source_digest(fingerprint: str, prospect: str, occurrence: str) -> bytes:
    """Return the digest by which the delivery of a corrected row is known for the row as it was."""
    return alias_digest("row", fingerprint, prospect, occurrence, mark=MARK)


def sources_by_position(rows: Rows, plan: Plan, *, are_there: bool) -> Mapping[int, Sequence[str]]:
    """Return position of a row that is sent → fingerprints by which its delivery is known, and those of its duplicates.

    They are those of the rows that it was corrected from. If some ``are_there``, a copy of the row may be sent in part,
    so that its own fingerprint is among them, if a setting gives its words their meaning.
    """
    of_rows = {row: [*sources] for row, sources in rows.sources.items()}
    for row, own in enumerate(rows.fingerprints(only_unusual=True) if are_there and rows.fingerprints else ()):
        if own:
            of_rows.setdefault(row, []).extend(own.split())
    found: defaultdict[int, list[str]] = defaultdict(list)
    if of_rows:
        of_sheet = rows.of_sheet(np.arange(len(rows), dtype=np.int32)).tolist()
        for position, (row, original) in enumerate(zip(of_sheet, plan.original.tolist(), strict=True)):
            found[position if original < 0 else original] += of_rows.get(row, ())
    return found


class _Row(Enum):
    """Rows whose fingerprint may name a delivery."""

    ITSELF = auto()
    UNCOMPOSED = auto()  # the row, without the template that composes its text
    SOURCE = auto()  # the row that it was corrected from


class SourceRows:
    """Deliveries of rows that corrected copies have in another form.

    Args:
        rows: rows with prospects and keys.
        journal: the journal.
        workspace: the workspace of the deliveries.
        occurrences: prefixes of the keys: of this run, or of all runs whose deliveries count.
    """

    def __init__(self, rows: Rows, journal: Journal, workspace: Workspace, occurrences: Sequence[str]) -> None:
        self._rows, self._journal, self._workspace, self._occurrences = rows, journal, workspace, occurrences

    def move(self, some: Sequence[SortedGroup]) -> Sequence[SortedGroup]:
        """Move the deliveries of some groups that were made before or after a correction, and return the groups.

        If such a note was hidden, the row is sent as it is now.
        """
        wanted = [(one, i, what, digest) for one in some for i, what, digest in self._names(one)]
        found = self._journal.aliases.known(self._workspace, [digest for *_, digest in wanted])
        known = {digest: one[0] for digest, one in found.items() if one[0].state is not DeliveryState.HIDDEN}
        digests = self._journal.aliases.digests(delivery[:3] for delivery in known.values())
        for one, i, what, digest in wanted:
            if digest in known and self._counts(what, one, known[digest], digests):
                one.take(i, known[digest], Known.AS_CORRECTED, self._journal)
        for one in some:
            one.left = [i for i in one.left if i not in one.how]
        return some

    def _names(self, one: SortedGroup) -> Iterator[tuple[int, _Row, bytes]]:
        """Yield the names of a group's remaining deliveries: index, which row it is, and digest."""
        positions = one.group.positions[one.left]
        rows = self._rows.of_sheet(positions).tolist()
        for i, row, prospect, key in zip(one.left, rows, *self._rows.deliveries(positions), strict=True):
            own = zip((_Row.ITSELF, _Row.UNCOMPOSED), self._fingerprints[row].split(), strict=False)
            for what, fingerprint in (*own, *((_Row.SOURCE, source) for source in self._rows.sources.get(row, ()))):
                for before in self._occurrences:
                    yield i, what, source_digest(fingerprint, prospect, before + key)

    def _counts(
        self,
        what: _Row,
        one: SortedGroup,
        delivery: KnownDelivery,
        digests: Mapping[DeliveryName, Sequence[bytes]],
    ) -> bool:
        """Return whether a delivery that is known by a fingerprint counts for a row of a group."""
        if what is _Row.ITSELF:
            return True
        key = self._journal.deliveries.key_of(delivery.note)
        if what is _Row.UNCOMPOSED:  # a row of a later month may read the same, so one delivery counts for one row
            is_unused = all(digest.startswith(MARK) for digest in digests[delivery[:3]])
            return is_unused or key.seen == one.key.seen
        # Of equal rows, somebody may have corrected each in another way. Then all are meant.
        return key.seen == one.key.seen and (delivery.prospect, key.digest) not in self._planned

    @cached_property
    def _planned(self) -> Container[tuple[str, bytes]]:
        """Prospects and notes of all rows of the sheet."""
        rows = self._rows
        pairs = zip(rows.prospect.tolist(), rows.note.tolist(), strict=True)
        return {(prospect, rows.notes[note].digest) for prospect, note in pairs if note >= 0}

    @cached_property
    def _fingerprints(self) -> Sequence[str]:
        return [] if self._rows.fingerprints is None else self._rows.fingerprints()
