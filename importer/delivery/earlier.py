"""Sort a plan's deliveries by what earlier runs did: made, left unclear, or still to do.

Input: the plan's groups and the journal. Output: each group, sorted by what the journal knows of its deliveries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from importer import grouping
from importer.delivery.other_names import in_batches, under_other_names
from importer.delivery.row_names import by_row_names
from importer.delivery.sorted_group import Known, NoteKind, SortedGroup
from importer.journal import DeliveryName, DeliveryState, Journal, KnownDelivery, NoteKey
from importer.models import Group, Plan, Remaining, Rows, Status, Visibility, Workspace

_AT_ONCE = 10_000  # deliveries looked up together
_OF_PROSPECTS = frozenset({"outcome.unknown-prospect", "api.gave-reason", "api.gave-no-reason"})
"""Kinds of reasons for which the API refused one prospect, and not the note."""


def sort(
    groups: Sequence[Group],
    keys: Sequence[NoteKey],
    numbers: Sequence[int | None],
    rows: Rows,
    journal: Journal,
    workspace: Workspace,
    occurrence: str = "",
) -> Iterator[SortedGroup]:
    """Sort each group's deliveries by their state in the journal, also under their other names.

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
    return under_other_names(found, numbers, rows, journal, workspace, occurrence)


def _sorted(
    groups: Sequence[Group],
    keys: Sequence[NoteKey],
    numbers: Sequence[int | None],
    rows: Rows,
    journal: Journal,
    occurrence: str,
) -> Iterator[SortedGroup]:
    for block in blocks(groups, numbers):
        deliveries = by_row_names(look_up(groups, numbers, block, rows, journal), occurrence)
        for index in block:
            group, number = groups[index], numbers[index]
            sorted_group = SortedGroup(group, keys[index], number)
            if number is None:
                sorted_group.left = list(range(len(group.positions)))
            else:
                _sort(sorted_group, number, rows, deliveries, occurrence)
            yield sorted_group


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
) -> dict[DeliveryName, KnownDelivery]:
    """Return the known deliveries of a block, by note number, prospect and occurrence."""
    wanted: list[tuple[int, str]] = []
    for index in block:
        if (number := numbers[index]) is not None:
            wanted += [(number, prospect) for prospect in dict.fromkeys(rows.deliveries(groups[index].positions)[0])]
    return journal.deliveries.known(wanted)


def _sort(
    found: SortedGroup, number: int, rows: Rows, known: Mapping[DeliveryName, KnownDelivery], occurrence: str
) -> None:
    prospects, keys = rows.deliveries(found.group.positions)
    for i, (prospect, key) in enumerate(zip(prospects, keys, strict=True)):
        delivery = known.get((number, prospect, occurrence + key))
        if delivery is None or delivery.state is DeliveryState.REJECTED:
            found.left.append(i)
            why = None if delivery is None else delivery.why
            found.refused += why is not None and not _OF_PROSPECTS.isdisjoint(why.kinds())
            keyless = known.get((number, prospect, occurrence)) if key else None
            found.made_without_key += keyless is not None and keyless.state is DeliveryState.CREATED
        else:
            found.add(i, delivery)


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
        found = with_differing(sort_plan(rows, plan, journal, workspace, occurrence), rows, journal, workspace)
    elif first is None:
        return grouping.remaining(plan.groups, rows, batch_size)
    else:
        found = [SortedGroup(one, NoteKey.of(one.note), None, [*range(len(one.positions))]) for one in plan.groups]
    if first is None:
        return summed(found, rows, batch_size)
    found = [*found]
    held_back = len(hold_back(found, rows, first))
    return replace(summed(found, rows, batch_size), held_back=held_back)


def with_differing(
    found: Iterable[SortedGroup], rows: Rows, journal: Journal, workspace: Workspace
) -> Iterator[SortedGroup]:
    """Yield sorted groups, after finding deliveries whose text the prospect has with another visibility or status."""
    return in_batches(found, partial(_find_differing, rows, journal, workspace))


def _find_differing(
    rows: Rows, journal: Journal, workspace: Workspace, some: Sequence[SortedGroup]
) -> Sequence[SortedGroup]:
    groups = [one for one in some if one.left]
    sent = journal.deliveries.with_same_text(workspace, [one.key for one in groups])
    wanted: list[tuple[SortedGroup, int, str, dict[int, NoteKind]]] = []
    for one in groups:
        kinds = {number: (Visibility(kind[0]), Status(kind[1])) for *kind, number in sent.get(one.key.seen, ())}
        kinds = {number: kind for number, kind in kinds.items() if kind != (one.key.visibility, one.key.status)}
        if kinds:
            prospects, _ = rows.deliveries(one.group.positions[one.left])
            wanted += [(one, i, prospect, kinds) for i, prospect in zip(one.left, prospects, strict=True)]
    known = journal.deliveries.known([*{(number, prospect) for _, _, prospect, kinds in wanted for number in kinds}])
    created = {name[:2]: delivery for name, delivery in known.items() if delivery.state is DeliveryState.CREATED}
    for one, i, prospect, kinds in wanted:
        for number, kind in kinds.items():
            if (delivery := created.get((number, prospect))) is not None:
                one.differing[i] = kind, delivery
    return some


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
    unclear = unclear_public = made_without_key = refused = changed = uncomposed = differing = 0
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
        differing += sum(i in sorted_group.differing for i in sorted_group.left)
        changed += sum(how is not Known.COMPOSED_OTHERWISE for how in sorted_group.how.values())
        uncomposed += sum(how is Known.COMPOSED_OTHERWISE for how in sorted_group.how.values())
    remaining = grouping.remaining(todo, rows, batch_size)
    public = remaining.public + unclear_public
    return replace(
        remaining,
        unclear=unclear,
        made_without_key=made_without_key,
        public=public,
        files=tuple(files),
        refused=refused,
        changed=changed,
        uncomposed=uncomposed,
        differing=differing,
        groups=groups,
    )
