"""Sort a plan's deliveries by what earlier runs did: made, left unclear, or still to do.

Input: the plan's groups and the journal. Output: each group, sorted by what the journal knows of its deliveries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from importer import grouping
from importer.journal import AGAIN, DeliveryState, Journal, KnownDelivery, NoteKey
from importer.messages import Message
from importer.models import Group, Note, Plan, Remaining, Rows, Visibility, Workspace

_AT_ONCE = 10_000  # deliveries looked up together
_ROWS_AT_ONCE = 5_000  # rows whose former readings are looked up together

_Delivery = tuple[int, str, str]


@dataclass(slots=True)
class SortedGroup:
    """Deliveries of a group by what the journal knows of them, as indices of the group's positions.

    Attributes:
        group: the group.
        key: the journal's key of its note; ``number`` is the note's number there, None if it was never sent.
        left: deliveries still to be made.
        unclear: deliveries sent without a clear answer: request number → index and delivery.
        made: deliveries that exist.
        made_without_key: how many of ``left`` an earlier run created without a key.
        refused: how many of ``left`` the API refused in an earlier run because of their prospect's ID.
        settled: indices of ``left`` whose rows are settled without being sent.
        former: journal keys of the notes that earlier versions read in its rows, by the notes' numbers.
    """

    group: Group
    key: NoteKey
    number: int | None
    left: list[int] = field(default_factory=list)
    unclear: dict[int, list[tuple[int, KnownDelivery]]] = field(default_factory=dict)
    made: list[tuple[int, KnownDelivery]] = field(default_factory=list)
    made_without_key: int = 0
    refused: int = 0
    settled: set[int] = field(default_factory=set)
    former: dict[int, NoteKey] = field(default_factory=dict)

    def add(self, i: int, delivery: KnownDelivery) -> None:
        """Record that the delivery with this index is unclear, or was made."""
        if delivery.state in (DeliveryState.SENDING, DeliveryState.UNCONFIRMED):
            self.unclear.setdefault(delivery.request, []).append((i, delivery))
        else:
            self.made.append((i, delivery))

    @property
    def in_doubt(self) -> int:
        """Number of unclear deliveries."""
        return sum(map(len, self.unclear.values()))

    @property
    def open(self) -> Group | None:
        """Part of the group that is still to be made or looked up, or None."""
        if not self.unclear:
            return self.todo
        unclear = [i for members in self.unclear.values() for i, _ in members]
        return replace(self.group, positions=self.group.positions[sorted([*self.left, *unclear])])

    @property
    def todo(self) -> Group | None:
        """Part of the group that is still to be made, or None."""
        if len(self.left) == len(self.group.positions):
            return self.group
        return replace(self.group, positions=self.group.positions[self.left]) if self.left else None


def sort(
    groups: Sequence[Group],
    keys: Sequence[NoteKey],
    numbers: Sequence[int | None],
    rows: Rows,
    journal: Journal,
    workspace: Workspace,
    occurrence: str = "",
) -> Iterator[SortedGroup]:
    """Sort each group's deliveries by their state in the journal, also under earlier versions' readings of the rows.

    Args:
        groups: groups to be delivered.
        keys: journal keys of their notes.
        numbers: journal numbers of their notes; None if no delivery of the note is known.
        rows: rows with prospects and keys.
        journal: the journal.
        workspace: the workspace of the deliveries.
        occurrence: prefix that the run puts before each key.
    """
    found = _sorted(groups, keys, numbers, rows, journal, occurrence)
    return found if rows.former is None else under_former_readings(found, rows, journal, workspace, occurrence)


def _sorted(
    groups: Sequence[Group],
    keys: Sequence[NoteKey],
    numbers: Sequence[int | None],
    rows: Rows,
    journal: Journal,
    occurrence: str,
) -> Iterator[SortedGroup]:
    for block in blocks(groups, numbers):
        deliveries = look_up(groups, numbers, block, rows, journal)
        for index in block:
            group, number = groups[index], numbers[index]
            sorted_group = SortedGroup(group, keys[index], number)
            if number is None:
                sorted_group.left = list(range(len(group.positions)))
            else:
                _sort(sorted_group, number, rows, deliveries, occurrence)
            yield sorted_group


def under_former_readings(
    found: Iterable[SortedGroup], rows: Rows, journal: Journal, workspace: Workspace, occurrence: str
) -> Iterator[SortedGroup]:
    """Move deliveries that earlier versions of the program made, with another reading, out of ``left`` (D12).

    Of several rows that had the same reading then, only the first row's delivery is moved.
    """
    former = _FormerReadings(rows, journal, workspace, occurrence)
    batch: list[SortedGroup] = []
    size = 0
    for sorted_group in found:
        batch.append(sorted_group)
        size += 1 + len(sorted_group.left)
        if size > _ROWS_AT_ONCE:
            yield from former.move(batch)
            batch, size = [], 0
    yield from former.move(batch)


class _FormerReadings:
    """Deliveries under the readings that earlier versions of the program had of the rows.

    Args: see :func:`sort`.
    """

    def __init__(self, rows: Rows, journal: Journal, workspace: Workspace, occurrence: str) -> None:
        self._rows, self._journal, self._workspace, self._occurrence = rows, journal, workspace, occurrence
        self._codecs = journal.runs.codecs(workspace)
        self._used: set[_Delivery] = set()

    def move(self, some: Sequence[SortedGroup]) -> Sequence[SortedGroup]:
        """Move the deliveries of some groups that exist under a former reading, and return the groups."""
        readings = [(sorted_group, *reading) for sorted_group in some for reading in self._of(sorted_group)]
        notes = {note.digest: note for _, _, _, note, _, _ in readings}
        deliveries = self._journal.deliveries
        numbers = dict(zip(notes, deliveries.find_notes(self._workspace, [*notes.values()]), strict=True))
        wanted = [(number, prospect) for _, _, prospect, note, *_ in readings if (number := numbers[note.digest])]
        known = deliveries.known([*dict.fromkeys(wanted)])
        last_rounded_run = self._journal.runs.rounded_until if readings else 0
        taken: set[tuple[int, int]] = set()
        for sorted_group, i, prospect, note, key, is_rounded in readings:
            delivery = known.get((numbers[note.digest] or 0, prospect, self._occurrence + key))
            if delivery is None or delivery.state is DeliveryState.REJECTED or (id(sorted_group), i) in taken:
                continue
            if is_rounded and (delivery.run > last_rounded_run or _name(delivery) in self._used):
                continue
            self._used.add(_name(delivery))
            taken.add((id(sorted_group), i))
            sorted_group.former[delivery.note] = NoteKey.of(note)
            sorted_group.add(i, delivery)
        for sorted_group in some:
            sorted_group.left = [i for i in sorted_group.left if (id(sorted_group), i) not in taken]
        return some

    def _of(self, one: SortedGroup) -> Iterator[tuple[int, str, Note, str, bool]]:
        """Yield the former readings of a group's remaining deliveries, and note its known deliveries as used.

        A reading is the index, the prospect, the former note, its key, and whether a number was rounded.
        """
        rows = self._rows
        assert rows.former is not None
        self._used.update(_name(delivery) for _, delivery in one.made)
        self._used.update(_name(delivery) for members in one.unclear.values() for _, delivery in members)
        positions = one.group.positions[one.left]
        prospects, keys = rows.deliveries(positions)
        for i, prospect, key, number in zip(one.left, prospects, keys, rows.number[positions].tolist(), strict=True):
            for note, former_key, is_rounded in rows.former(one.group.note, key, number, self._codecs):
                yield i, prospect, note, former_key, is_rounded


def _name(delivery: KnownDelivery) -> _Delivery:
    return delivery.note, delivery.prospect, delivery.occurrence


def blocks(groups: Sequence[Group], numbers: Sequence[int | None]) -> Iterator[range]:
    """Yield ranges of consecutive groups with at most :data:`_AT_ONCE` known deliveries, or with a single group."""
    start = size = 0
    for index, (group, number) in enumerate(zip(groups, numbers, strict=True)):
        added = 0 if number is None else len(group.positions)
        if size and size + added > _AT_ONCE:
            yield range(start, index)
            start, size = index, 0
        size += added
    if start < len(groups):
        yield range(start, len(groups))


def look_up(
    groups: Sequence[Group], numbers: Sequence[int | None], block: range, rows: Rows, journal: Journal
) -> dict[tuple[int, str, str], KnownDelivery]:
    """Return the known deliveries of a block, by note number, prospect and occurrence."""
    wanted: list[tuple[int, str]] = []
    for index in block:
        if (number := numbers[index]) is not None:
            wanted += [(number, prospect) for prospect in dict.fromkeys(rows.deliveries(groups[index].positions)[0])]
    return journal.deliveries.known(wanted)


def _sort(
    found: SortedGroup, number: int, rows: Rows, known: dict[tuple[int, str, str], KnownDelivery], occurrence: str
) -> None:
    prospects, keys = rows.deliveries(found.group.positions)
    for i, (prospect, key) in enumerate(zip(prospects, keys, strict=True)):
        delivery = known.get((number, prospect, occurrence + key))
        if delivery is not None and delivery.is_missing:
            delivery = _sent_anew(delivery, known)
        if delivery is None or delivery.state is DeliveryState.REJECTED:
            found.left.append(i)
            found.refused += delivery is not None and _is_about_the_prospect(delivery.why)
            keyless = known.get((number, prospect, occurrence)) if key else None
            found.made_without_key += keyless is not None and keyless.state is DeliveryState.CREATED
        else:
            found.add(i, delivery)


def _sent_anew(missing: KnownDelivery, known: dict[tuple[int, str, str], KnownDelivery]) -> KnownDelivery:
    """Return the delivery by which a person sent a missing note again, or else the missing delivery (D90)."""
    for (number, prospect, occurrence), other in known.items():
        is_same = (number, prospect) == (missing.note, missing.prospect) and occurrence.endswith(missing.occurrence)
        if is_same and occurrence.startswith(AGAIN) and other.state is DeliveryState.CREATED and not other.is_missing:
            return other
    return missing


def sort_plan(
    rows: Rows, plan: Plan, journal: Journal, workspace: Workspace, occurrence: str = ""
) -> Iterator[SortedGroup]:
    """Sort a plan's deliveries without entering its notes in the journal. See :func:`sort`."""
    keys = [NoteKey.of(group.note) for group in plan.groups]
    numbers = journal.deliveries.find_notes(workspace, keys)
    return sort(plan.groups, keys, numbers, rows, journal, workspace, occurrence)


def foresee(
    rows: Rows,
    plan: Plan,
    journal: Journal | None,
    workspace: Workspace,
    batch_size: int,
    occurrence: str = "",
    first: int | None = None,
) -> Remaining:
    """Return what a run would still have to do, without entering anything in the journal.

    Without a journal, no earlier delivery is known.
    """
    found: Iterable[SortedGroup]
    if journal is not None:
        found = sort_plan(rows, plan, journal, workspace, occurrence)
    elif first is None:
        return grouping.remaining(plan.groups, rows, batch_size)
    else:
        found = [SortedGroup(one, NoteKey.of(one.note), None, [*range(len(one.positions))]) for one in plan.groups]
    if first is None:
        return summed(found, rows, batch_size)
    found = [*found]
    held_back = len(hold_back(found, rows, first))
    return replace(summed(found, rows, batch_size), held_back=held_back)


def hold_back(found: Sequence[SortedGroup], rows: Rows, first: int) -> list[int]:
    """Leave only the first rows of the sheet to be delivered, at most ``first`` of them, each for all of its people.

    Returns:
        positions of the other rows.
    """
    wanted = {row for one in found for row in rows.of_sheet(one.group.positions[one.left]).tolist()}
    last = max(sorted(wanted)[:first], default=-1)
    held_back: list[int] = []
    for one in found:
        is_held = rows.of_sheet(one.group.positions) > last
        held_back += [int(one.group.positions[i]) for i in one.left if is_held[i]]
        one.left = [i for i in one.left if not is_held[i]]
    return sorted(held_back)


def summed(found: Iterable[SortedGroup], rows: Rows, batch_size: int) -> Remaining:
    """Return the totals of sorted groups, each of which stays in memory only while it is counted."""
    todo: list[Group] = []
    groups: list[Group] = []
    unclear = unclear_public = made_without_key = refused = 0
    files: dict[str, None] = {}
    for sorted_group in found:
        if (group := sorted_group.todo) is not None:
            todo.append(group)
        if (group := sorted_group.open) is not None:
            groups.append(group)
        if sorted_group.left or sorted_group.unclear:
            files |= dict.fromkeys(sorted_group.group.note.files)
        unclear += sorted_group.in_doubt
        unclear_public += sorted_group.in_doubt if sorted_group.group.note.visibility is Visibility.PUBLIC else 0
        made_without_key += sorted_group.made_without_key
        refused += sorted_group.refused
    remaining = grouping.remaining(todo, rows, batch_size)
    public = remaining.public + unclear_public
    return replace(
        remaining,
        unclear=unclear,
        made_without_key=made_without_key,
        public=public,
        files=tuple(files),
        refused=refused,
        groups=groups,
    )


def _is_about_the_prospect(why: Message | None) -> bool:
    """Return whether the API refused a note because of its prospect, or gave no reason."""
    return why is not None and ("api.gave-no-reason" in why.kinds() or "prospect" in " ".join(why.texts()).lower())
