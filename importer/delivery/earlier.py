"""What earlier runs did of a plan: made, left unclear, or still to do.

Comes in: the plan's groups and the journal. Goes out: each group sorted by what the journal knows of its deliveries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from importer import grouping
from importer.journal import AGAIN, DeliveryState, Journal, KnownDelivery, NoteKey
from importer.messages import Message
from importer.models import Group, Note, Plan, Remaining, Rows, Visibility, Workspace

_AT_ONCE = 10_000  # deliveries that are looked up together
_ROWS_AT_ONCE = 5_000  # rows whose former readings are looked up together

_Delivery = tuple[int, str, str]


@dataclass(slots=True)
class SortedGroup:
    """A group's deliveries by what the journal knows of them, as indices of its positions.

    Attributes:
        group: the group.
        key: what the journal keeps of its note; ``number`` is the note's there, None where it was never sent.
        left: those still to be made.
        unclear: those that were sent without a clear answer: request number → index and what is known.
        made: those that exist.
        made_without_key: how many of ``left`` exist with another key: none.
        refused: how many of ``left`` the API refused in an earlier run, for their prospect's ID.
        former: what the journal keeps of the notes that earlier versions read in its rows, by their numbers there.
    """

    group: Group
    key: NoteKey
    number: int | None
    left: list[int] = field(default_factory=list)
    unclear: dict[int, list[tuple[int, KnownDelivery]]] = field(default_factory=dict)
    made: list[tuple[int, KnownDelivery]] = field(default_factory=list)
    made_without_key: int = 0
    refused: int = 0
    former: dict[int, NoteKey] = field(default_factory=dict)

    @property
    def in_doubt(self) -> int:
        """How many are unclear."""
        return sum(map(len, self.unclear.values()))

    @property
    def open(self) -> Group | None:
        """What of the group is still to be made or looked up, None where nothing is."""
        if not self.unclear:
            return self.todo
        unclear = [i for found in self.unclear.values() for i, _ in found]
        return replace(self.group, positions=self.group.positions[sorted([*self.left, *unclear])])

    @property
    def todo(self) -> Group | None:
        """What of the group is still to be made, None where nothing is."""
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
    """Look groups up in the journal, under the readings of earlier versions, too.

    Args:
        groups: what is to be delivered.
        keys: what the journal keeps of their notes.
        numbers: their notes' numbers in the journal; None: no delivery of it is known.
        rows: where prospects and keys stand.
        journal: what is known.
        workspace: where.
        occurrence: what the run puts before every key.
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
        known = look_up(groups, numbers, block, rows, journal)
        for index in block:
            group, number = groups[index], numbers[index]
            found = SortedGroup(group, keys[index], number)
            if number is None:
                found.left = list(range(len(group.positions)))
            else:
                _sort(found, number, rows, known, occurrence)
            yield found


def under_former_readings(
    found: Iterable[SortedGroup], rows: Rows, journal: Journal, workspace: Workspace, occurrence: str
) -> Iterator[SortedGroup]:
    """Move what was delivered under a former reading from what is left of each group to what was made or is unclear.

    Of several rows that were the same to an earlier version, the first has its delivery, and the others are left.
    """
    used: set[_Delivery] = set()
    codecs = journal.runs.codecs(workspace)
    some: list[SortedGroup] = []
    size = 0
    for one in found:
        some.append(one)
        size += 1 + len(one.left)
        if size > _ROWS_AT_ONCE:
            yield from _asked(some, rows, journal, workspace, occurrence, used, codecs)
            some, size = [], 0
    yield from _asked(some, rows, journal, workspace, occurrence, used, codecs)


def _asked(
    some: Sequence[SortedGroup],
    rows: Rows,
    journal: Journal,
    workspace: Workspace,
    occurrence: str,
    used: set[_Delivery],
    codecs: frozenset[str] | None,
) -> Sequence[SortedGroup]:
    readings = [(one, *reading) for one in some for reading in _readings(one, rows, used, codecs)]
    notes = {note.digest: note for _, _, _, note, _, _ in readings}
    numbers = dict(zip(notes, journal.deliveries.find_notes(workspace, [*notes.values()]), strict=True))
    wanted = [(number, prospect) for _, _, prospect, note, *_ in readings if (number := numbers[note.digest])]
    known = journal.deliveries.known([*dict.fromkeys(wanted)])
    last = journal.runs.rounded_until if readings else 0
    taken: set[tuple[int, int]] = set()
    for one, i, prospect, note, key, is_rounded in readings:
        delivery = known.get((numbers[note.digest] or 0, prospect, occurrence + key))
        if delivery is None or delivery.state is DeliveryState.REJECTED or (id(one), i) in taken:
            continue
        if is_rounded and (delivery.run > last or _name(delivery) in used):
            continue
        used.add(_name(delivery))
        taken.add((id(one), i))
        one.former[delivery.note] = NoteKey.of(note)
        if delivery.state in (DeliveryState.SENDING, DeliveryState.UNCONFIRMED):
            one.unclear.setdefault(delivery.request, []).append((i, delivery))
        else:
            one.made.append((i, delivery))
    for one in some:
        one.left = [i for i in one.left if (id(one), i) not in taken]
    return some


def _readings(
    one: SortedGroup, rows: Rows, used: set[_Delivery], codecs: frozenset[str] | None
) -> Iterator[tuple[int, str, Note, str, bool]]:
    """Yield index, prospect, former note and former key of what is left of a group; note what its own readings took."""
    assert rows.former is not None
    used.update(_name(delivery) for _, delivery in one.made)
    used.update(_name(delivery) for members in one.unclear.values() for _, delivery in members)
    positions = one.group.positions[one.left]
    prospects, keys = rows.deliveries(positions)
    for i, prospect, key, number in zip(one.left, prospects, keys, rows.number[positions].tolist(), strict=True):
        for note, its_key, is_rounded in rows.former(one.group.note, key, number, codecs):
            yield i, prospect, note, its_key, is_rounded


def _name(delivery: KnownDelivery) -> _Delivery:
    return delivery.note, delivery.prospect, delivery.occurrence


def blocks(groups: Sequence[Group], numbers: Sequence[int | None]) -> Iterator[range]:
    """Indices of groups in a row with at most so many known deliveries as are held in memory at once, or one group."""
    start = size = 0
    for index, (group, number) in enumerate(zip(groups, numbers, strict=True)):
        more = 0 if number is None else len(group.positions)
        if size and size + more > _AT_ONCE:
            yield range(start, index)
            start, size = index, 0
        size += more
    if start < len(groups):
        yield range(start, len(groups))


def look_up(
    groups: Sequence[Group], numbers: Sequence[int | None], block: range, rows: Rows, journal: Journal
) -> dict[tuple[int, str, str], KnownDelivery]:
    """What is known of a block's deliveries: (note's number, prospect, occurrence) → what."""
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
        elif delivery.state in (DeliveryState.SENDING, DeliveryState.UNCONFIRMED):
            found.unclear.setdefault(delivery.request, []).append((i, delivery))
        else:
            found.made.append((i, delivery))


def _sent_anew(missing: KnownDelivery, known: dict[tuple[int, str, str], KnownDelivery]) -> KnownDelivery:
    """Return the delivery by which a person sent a note again that was not found, or else the note that is missing."""
    for (number, prospect, occurrence), other in known.items():
        is_same = (number, prospect) == (missing.note, missing.prospect) and occurrence.endswith(missing.occurrence)
        if is_same and occurrence.startswith(AGAIN) and other.state is DeliveryState.CREATED and not other.is_missing:
            return other
    return missing


def foresee(
    rows: Rows,
    plan: Plan,
    journal: Journal,
    workspace: Workspace,
    batch_size: int,
    occurrence: str = "",
    first: int | None = None,
) -> Remaining:
    """What a run would find left to do; nothing is entered anywhere."""
    keys = [NoteKey.of(group.note) for group in plan.groups]
    numbers = journal.deliveries.find_notes(workspace, keys)
    found = sort(plan.groups, keys, numbers, rows, journal, workspace, occurrence)
    return summed(found, rows, batch_size) if first is None else _first([*found], rows, batch_size, first)


def foresee_all(rows: Rows, plan: Plan, batch_size: int, first: int | None = None) -> Remaining:
    """The same where no journal knows of anything."""
    if first is None:
        return grouping.remaining(plan.groups, rows, batch_size)
    found = [SortedGroup(group, NoteKey.of(group.note), None, [*range(len(group.positions))]) for group in plan.groups]
    return _first(found, rows, batch_size, first)


def _first(found: Sequence[SortedGroup], rows: Rows, batch_size: int, first: int) -> Remaining:
    held_back = len(hold_back(found, first))
    return replace(summed(found, rows, batch_size), held_back=held_back)


def hold_back(found: Sequence[SortedGroup], first: int) -> list[int]:
    """Leave of what is to be made only so many rows, the first in the sheet.

    Returns:
        positions of the others.
    """
    left = sorted(int(one.group.positions[i]) for one in found for i in one.left)
    held_back = left[first:]
    if held_back:
        for one in found:
            one.left = [i for i in one.left if one.group.positions[i] < held_back[0]]
    return held_back


def summed(found: Iterable[SortedGroup], rows: Rows, batch_size: int) -> Remaining:
    """What sorted groups come to; none is held longer than it takes to count it."""
    todo: list[Group] = []
    groups: list[Group] = []
    unclear = unclear_public = made_without_key = refused = 0
    files: dict[str, None] = {}
    for one in found:
        if (group := one.todo) is not None:
            todo.append(group)
        if (group := one.open) is not None:
            groups.append(group)
        if one.left or one.unclear:
            files |= dict.fromkeys(one.group.note.files)
        unclear += one.in_doubt
        unclear_public += one.in_doubt if one.group.note.visibility is Visibility.PUBLIC else 0
        made_without_key += one.made_without_key
        refused += one.refused
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
    """Whether a refusal was for the prospect, by the API's own words."""
    return why is not None and ("api.gave-no-reason" in why.kinds() or "prospect" in " ".join(why.texts()).lower())
