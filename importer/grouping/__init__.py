"""Group rows by note, and cut the groups into the fewest requests that deliver every note.

Input: :class:`~importer.models.Rows`. Output: a :class:`~importer.models.Plan`, and the requests of each group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from importer.identity import same_texts
from importer.models import Group, Ints, Note, Plan, Remaining, Request, Rows, Status, Texts, Visibility


def plan(rows: Rows) -> Plan:
    """Group the valid rows by note. A row that says the same as another row refers to that row instead.

    Of rows that say the same to one prospect, one is delivered, with the least visibility and status among them.
    """
    valid = np.flatnonzero(rows.note >= 0).astype(np.int32)
    if rows.sheet_rows is not None:  # the people of one row stand together, in the sheet's order
        valid = valid[np.argsort(rows.sheet_rows[valid], kind="stable")]
    original, notes, number = np.full(len(rows), -1, dtype=np.int32), [*rows.notes], rows.note
    said = same_texts(rows.notes, rows.files)[rows.note[valid]]
    less: dict[int, list[int]] = {}
    least: dict[int, int] = {}
    for alike in _alike(rows, valid, said):
        for kept, others in _repeated(rows, alike):
            original[others] = kept
            if len({notes[int(number[position])] for position in (kept, *others)}) > 1:
                less[kept] = [kept, *others]
    if less:
        number = number.copy()
        for kept, alike in less.items():
            those = {at: notes[int(rows.note[at])] for at in alike}
            note = _least([*those.values()])
            form = note.visibility, note.status
            least[kept] = next((at for at, one in those.items() if (one.visibility, one.status) == form), alike[-1])
            number[kept] = len(notes)
            notes.append(note)
        first = {note: i for i, note in reversed([*enumerate(notes)])}
        number = np.array([first[note] for note in notes], dtype=np.int32)[number]
    delivered = valid[original[valid] < 0]
    groups = [
        Group(notes[int(number[positions[0]])], positions) for positions in _classes(delivered, number[delivered])
    ]
    return Plan(groups, original, least)


def _classes(positions: Ints, codes: Ints) -> Iterator[Ints]:
    """Yield the positions with each code, in their order; the codes in theirs."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    yield from np.split(positions[order], starts[1:]) if len(starts) else ()


def _alike(rows: Rows, positions: Ints, said: Ints) -> Iterator[list[int]]:
    """Yield the positions of several rows with one text and one prospect, in their order."""
    who, _ = pd.factorize(rows.prospect[positions].astype(object))
    both = pd.DataFrame({"said": said, "who": who, "position": positions})
    for _, alike in both[both.duplicated(["said", "who"], keep=False)].groupby(["said", "who"])["position"]:
        yield alike.tolist()


def _repeated(rows: Rows, alike: list[int]) -> Iterator[tuple[int, list[int]]]:
    """Yield those of the rows of one text and prospect that are delivered and repeated, each with its repetitions.

    Two rows with records say the same if the records are the same. A row without a record says the same as any other
    row, unless both have keys that differ.
    """
    kept: dict[int, list[int]] = {}
    for position in sorted(alike, key=lambda at: (not _of(rows.record, at), not _of(rows.key, at))):
        repeated = next((other for other in kept if _is_same(rows, position, other)), None)
        if repeated is None:
            kept[position] = []
        else:
            kept[repeated].append(position)
    yield from ((position, others) for position, others in kept.items() if others)


def _is_same(rows: Rows, position: int, other: int) -> bool:
    if record := _of(rows.record, position):
        return record == _of(rows.record, other)
    key, its_key = _of(rows.key, position), _of(rows.key, other)
    return not (key and its_key and key != its_key)


def _of(column: Texts | None, position: int) -> str:
    return "" if column is None else str(column[position])


def _least(notes: Sequence[Note]) -> Note:
    """Return the first note with the least visibility and status of all."""
    visibility = min((note.visibility for note in notes), key=[*Visibility].index)
    status = min((note.status for note in notes), key=[*Status].index)
    return replace(notes[0], visibility=visibility, status=status)


def requests(group: Group, rows: Rows, batch_size: int) -> Iterator[Request]:
    """Cut a group into the fewest requests of at most ``batch_size`` prospects, with no prospect twice in a request."""
    prospects: list[str] = rows.prospect[group.positions].tolist()
    positions: list[int] = group.positions.tolist()
    for members in _cut(prospects, batch_size):
        yield Request(
            group.note,
            tuple(positions[i] for i in members),
            tuple(prospects[i] for i in members),
        )


def remaining(groups: Sequence[Group], rows: Rows, batch_size: int) -> Remaining:
    """Return the totals of these groups as remaining work: deliveries, notes, requests and files."""
    deliveries = sum(len(group.positions) for group in groups)
    requests_needed = sum(_count_requests(group, rows, batch_size) for group in groups)
    files = dict.fromkeys(digest for group in groups for digest in group.note.files)
    return Remaining(deliveries, len(groups), requests_needed, files=tuple(files), groups=groups)


def _count_requests(group: Group, rows: Rows, batch_size: int) -> int:
    if rows.key is None and rows.record is None:
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


def counted(groups: Sequence[Group]) -> dict[str, int]:
    """Return the numbers of public notes, private notes and drafts."""
    sizes = [(group.note, len(group.positions)) for group in groups]
    return {
        "public": sum(size for note, size in sizes if note.visibility is Visibility.PUBLIC),
        "private": sum(size for note, size in sizes if note.visibility is Visibility.PRIVATE),
        "drafts": sum(size for note, size in sizes if note.status is Status.DRAFT),
    }


def several_drafts(groups: Sequence[Group], rows: Rows) -> int:
    """Return the number of prospects with more than one draft, of which some vendors' APIs show only one."""
    drafts = [rows.prospect[group.positions].tolist() for group in groups if group.note.status is Status.DRAFT]
    draft_counts = Counter(prospect for prospects in drafts for prospect in prospects)
    return sum(count > 1 for count in draft_counts.values())
