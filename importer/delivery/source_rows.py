"""Find deliveries that a corrected copy of a row made with another visibility or status (D159).

Input: the groups of a plan, sorted by what the journal knows of their notes. Output: the same groups; a delivery that a
corrected copy of its row made is no longer left. The row is known by its words as they are written. A corrected copy
has their fingerprints, because a setting may give a word a meaning that was a problem when the copy was made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from importer.delivery.sorted_group import Known, SortedGroup
from importer.journal import DeliveryState, Journal, alias_digest
from importer.models import Plan, Rows, Workspace

MARK = b"row\0"
"""First bytes of the digests, so that one query tells whether there are any."""


def source_digest(fingerprint: str, prospect: str, occurrence: str) -> bytes:
    """Return the digest by which the delivery of a corrected row is known for the row as it was."""
    return MARK + alias_digest("row", fingerprint, prospect, occurrence)[len(MARK) :]


def sources_by_position(rows: Rows, plan: Plan) -> Mapping[int, Sequence[str]]:
    """Return position of a row that is sent → fingerprints of the rows that it, and its duplicates, were before."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    if rows.sources:
        of_sheet = rows.of_sheet(np.arange(len(rows), dtype=np.int32)).tolist()
        for position, (row, original) in enumerate(zip(of_sheet, plan.original.tolist(), strict=True)):
            if row in rows.sources:
                found[position if original < 0 else original] += rows.sources[row]
    return found


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
        """Move the deliveries of some groups that a corrected copy made, and return the groups.

        If the copy's note was hidden, the row is sent as it is now.
        """
        wanted: list[tuple[SortedGroup, int, bool, bytes]] = []
        for one in some:
            positions = one.group.positions[one.left]
            rows = (self._fingerprints[row] for row in self._rows.of_sheet(positions).tolist())
            for i, row, prospect, key in zip(one.left, rows, *self._rows.deliveries(positions), strict=True):
                for at, fingerprint in enumerate(row.split()):
                    for before in self._occurrences:
                        wanted.append((one, i, at > 0, source_digest(fingerprint, prospect, before + key)))
        found = self._journal.aliases.known(self._workspace, [digest for *_, digest in wanted])
        known = {digest: one[0] for digest, one in found.items() if one[0].state is not DeliveryState.HIDDEN}
        digests = self._journal.aliases.digests(delivery[:3] for delivery in known.values())
        for one, i, is_uncomposed, digest in wanted:
            if digest not in known:
                continue
            # Without the template, a row of a later month may read the same. So one delivery counts for one row.
            others = [other for other in digests[known[digest][:3]] if not other.startswith(MARK)]
            if not (is_uncomposed and others):
                one.take(i, known[digest], Known.AS_CORRECTED, self._journal)
        for one in some:
            one.left = [i for i in one.left if i not in one.how]
        return some

    @cached_property
    def _fingerprints(self) -> Sequence[str]:
        return [] if self._rows.fingerprints is None else self._rows.fingerprints()
