"""Rows become the fewest requests that deliver every note once; no row is lost on the way."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from importer import grouping
from importer.messages import words
from importer.models import Note, Problem, Remaining, Request, Rows, Status, Texts, Visibility
from importer.rows.values import TEXT

Line = tuple[int, str, str]
"""Number of the note (-1: the row is invalid), prospect, key."""


def note(number: int) -> Note:
    return Note(f"Note {number}", Visibility.PRIVATE, Status.PUBLISHED)


def texts(values: Sequence[str]) -> Texts:
    found: Texts = np.full(len(values), "", dtype=TEXT)
    found[:] = values
    return found


def table(lines: Sequence[Line], *, keyed: bool = False) -> Rows:
    """Rows as validation brings them: notes numbered in the order of their first row."""
    number_of: dict[int, int] = {}
    for found, _, _ in lines:
        if found >= 0:
            number_of.setdefault(found, len(number_of))
    return Rows(
        number=np.arange(2, len(lines) + 2, dtype=np.int32),
        prospect=texts([prospect for _, prospect, _ in lines]),
        note=np.array([number_of.get(found, -1) for found, _, _ in lines], dtype=np.int32),
        notes=[note(found) for found in number_of],
        key=texts([key for _, _, key in lines]) if keyed else None,
        problems={
            i: [Problem(i + 2, None, f"row {i + 2}", "", words(""))]
            for i, (found, _, _) in enumerate(lines)
            if found < 0
        },
    )


def cut(rows: Rows, batch_size: int) -> list[list[Request]]:
    return [list(grouping.requests(group, rows, batch_size)) for group in grouping.plan(rows).groups]


prospects = st.sampled_from([f"P{i}" for i in range(8)])
lines = st.lists(st.tuples(st.integers(-1, 4), prospects, st.sampled_from(["", "a", "b", "c"])), max_size=60)
batches = st.integers(1, 7)


@given(lines, st.booleans())
def test_groups_partition_the_valid_rows(found: list[Line], keyed: bool) -> None:
    rows = table(found, keyed=keyed)
    plan = grouping.plan(rows)
    grouped = [int(position) for group in plan.groups for position in group.positions]
    repeated = np.flatnonzero(plan.original >= 0).tolist()
    assert len(plan.original) == len(rows)
    assert sorted(grouped + repeated) == [i for i, (number, _, _) in enumerate(found) if number >= 0]
    for group in plan.groups:
        assert {rows.notes[rows.note[position]] for position in group.positions} == {group.note}


@given(lines, st.booleans())
def test_a_repeated_row_points_to_the_first_that_means_the_same(found: list[Line], keyed: bool) -> None:
    plan = grouping.plan(table(found, keyed=keyed))
    meaning = [line if keyed else (*line[:2], "") for line in found]
    for position, original in enumerate(plan.original.tolist()):
        note, prospect, key = meaning[position]
        if note < 0:
            assert original == -1
            continue
        alike = [i for i, line in enumerate(meaning) if line[:2] == (note, prospect) and (not key or line[2] == key)]
        first = next((i for i in alike if meaning[i][2]), alike[0])
        assert original == (first if first != position else -1)


@given(lines, st.booleans(), batches)
def test_requests_cut_each_group_without_losing_a_row(found: list[Line], keyed: bool, batch_size: int) -> None:
    rows = table(found, keyed=keyed)
    for group, requests in zip(grouping.plan(rows).groups, cut(rows, batch_size), strict=True):
        assert sorted(i for request in requests for i in request.positions) == sorted(group.positions.tolist())
        for request in requests:
            assert 1 <= len(request) <= batch_size
            assert len(set(request.prospects)) == len(request)
            assert request.note == group.note
            for position, prospect in zip(request.positions, request.prospects, strict=True):
                assert rows.prospect[position] == prospect


@given(lines, st.booleans(), batches)
def test_the_requests_are_as_few_as_can_be(found: list[Line], keyed: bool, batch_size: int) -> None:
    rows = table(found, keyed=keyed)
    for group, requests in zip(grouping.plan(rows).groups, cut(rows, batch_size), strict=True):
        most = max(Counter(rows.prospect[group.positions].tolist()).values())
        assert keyed or most == 1
        assert len(requests) == max(-(-len(group.positions) // batch_size), most)
        assert Remaining(len(group.positions), 1, len(requests)) == grouping.remaining([group], rows, batch_size)


@given(lines, st.booleans())
def test_groups_stand_in_the_order_of_their_notes_first_row(found: list[Line], keyed: bool) -> None:
    rows = table(found, keyed=keyed)
    groups = grouping.plan(rows).groups
    notes = [rows.notes.index(group.note) for group in groups]
    assert notes == sorted(notes)
    for group in groups:
        assert all(one < other for one, other in pairwise(group.positions.tolist()))


def test_of_rows_that_say_the_same_the_least_visible_counts() -> None:
    notes = [
        Note("Use <b>this</b>", Visibility.PUBLIC, Status.DRAFT, ("Att1", "Att2")),
        Note("Use  this", Visibility.PRIVATE, Status.PUBLISHED, ("Att2", "Att1")),
        Note("Use that", Visibility.PUBLIC, Status.PUBLISHED),
    ]
    rows = Rows(np.arange(2, 6, dtype=np.int32), texts(["P1"] * 4), np.array([0, 1, 2, 0], dtype=np.int32), notes)
    plan = grouping.plan(rows)
    assert plan.original.tolist() == [-1, 0, -1, 0]
    assert [*plan.lessened] == [0]
    assert [(group.note.text, group.note.visibility, group.note.status) for group in plan.groups] == [
        ("Use that", Visibility.PUBLIC, Status.PUBLISHED),
        ("Use <b>this</b>", Visibility.PRIVATE, Status.DRAFT),
    ]


def test_rows_with_records_of_their_own_are_notes_of_their_own() -> None:
    """A row without a record repeats the first row with its text."""
    rows = table([(0, "P1", ""), (0, "P1", ""), (0, "P1", ""), (0, "P1", "")])
    rows.record = texts(["", "id 1", "id 2", "id 1"])
    assert grouping.plan(rows).original.tolist() == [1, -1, -1, 1]
