"""Group rows by note, and cut the groups into the fewest requests that deliver every note.

Input: :class:`~importer.models.Rows`. Output: a :class:`~importer.models.Plan`, and the requests of each group.

    conflicts   conflict keys: deliveries that reading back could not tell apart, so that they go one after the other
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from importer.markup import INVISIBLE, SAME_TO_THE_EYE
from importer.models import Group, Note, Plan, Remaining, Request, Rows, Status, Visibility


def plan(rows: Rows) -> Plan:
    """Group the valid rows by note; a row that repeats a delivery of an earlier row refers to that row instead."""
    groups = []
    original = np.full(len(rows), -1, dtype=np.int32)
    valid = np.flatnonzero(rows.note >= 0).astype(np.int32)
    if rows.sheet_rows is not None:  # the people of one row stand together, in the sheet's order
        valid = valid[np.argsort(rows.sheet_rows[valid], kind="stable")]
    in_order = valid[np.argsort(rows.note[valid], kind="stable")]
    starts = np.flatnonzero(np.diff(rows.note[in_order], prepend=-1))
    for positions in np.split(in_order, starts[1:]) if len(starts) else ():
        note = rows.notes[rows.note[positions[0]]]
        prospects, keys = rows.deliveries(positions)
        if len(set(prospects)) == len(prospects):
            groups.append(Group(note, positions))
            continue
        first: dict[tuple[str, str], int] = {}
        for position, delivery in zip(positions.tolist(), zip(prospects, keys, strict=True), strict=True):
            earlier = first.setdefault(delivery, position)
            if earlier != position:
                original[position] = earlier
        groups.append(Group(note, np.fromiter(first.values(), dtype=np.int32, count=len(first))))
    return Plan(groups, original)


def requests(group: Group, rows: Rows, batch_size: int) -> Iterator[Request]:
    """Cut a group into the fewest requests of at most ``batch_size`` prospects, with no prospect twice in a request."""
    prospects, keys = rows.deliveries(group.positions)
    positions: list[int] = group.positions.tolist()
    for members in _cut(prospects, batch_size):
        yield Request(
            group.note,
            tuple(positions[i] for i in members),
            tuple(prospects[i] for i in members),
            tuple(keys[i] for i in members),
        )


def remaining(groups: Sequence[Group], rows: Rows, batch_size: int) -> Remaining:
    """Return the totals of these groups as remaining work: deliveries, notes, requests and files."""
    deliveries = sum(len(group.positions) for group in groups)
    public = sum(len(group.positions) for group in groups if group.note.visibility is Visibility.PUBLIC)
    requests_needed = sum(_count_requests(group, rows, batch_size) for group in groups)
    files = dict.fromkeys(digest for group in groups for digest in group.note.files)
    return Remaining(deliveries, len(groups), requests_needed, public=public, files=tuple(files), groups=groups)


def _count_requests(group: Group, rows: Rows, batch_size: int) -> int:
    if rows.key is None:
        return -(-len(group.positions) // batch_size)
    return len(_cut(rows.prospect[group.positions].tolist(), batch_size))


def _cut(prospects: Sequence[str], batch_size: int) -> list[Sequence[int]]:
    """Return the indices of the prospects of each request."""
    size = len(prospects)
    most = max(Counter(prospects).values(), default=0)
    if most <= 1:
        return [range(start, min(start + batch_size, size)) for start in range(0, size, batch_size)]
    # Sorted and dealt out in turn, so that the occurrences of a prospect go to different requests.
    count = max(-(-size // batch_size), most)
    order = sorted(range(size), key=prospects.__getitem__)
    return [sorted(order[index::count]) for index in range(count)]


def several_drafts(groups: Sequence[Group], rows: Rows) -> int:
    """Return the number of prospects with more than one draft, of which some vendors' APIs show only one."""
    drafts = [rows.prospect[group.positions].tolist() for group in groups if group.note.status is Status.DRAFT]
    draft_counts = Counter(prospect for prospects in drafts for prospect in prospects)
    return sum(count > 1 for count in draft_counts.values())


def near_identical(groups: Sequence[Group]) -> list[list[Group]]:
    """Return lists of groups that differ only invisibly: spaces, zero-width signs, quotes, dashes, Unicode forms."""
    groups_by_look: defaultdict[Note, list[Group]] = defaultdict(list)
    for group in groups:
        text = unicodedata.normalize("NFKC", INVISIBLE.sub("", group.note.text).translate(SAME_TO_THE_EYE))
        groups_by_look[replace(group.note, text=" ".join(text.split()))].append(group)
    return [similar for similar in groups_by_look.values() if len(similar) > 1]
