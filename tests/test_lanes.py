"""Requests whose notes could be mistaken for one another go one after the other, and no others wait."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from importer.delivery import note_key
from importer.grouping import plan
from importer.lanes import Lane, Lanes
from importer.models import TEXT, Note, Rows, Status, Texts, Visibility

PUBLIC, PRIVATE, PUBLISHED, DRAFT = Visibility.PUBLIC, Visibility.PRIVATE, Status.PUBLISHED, Status.DRAFT


def texts(values: Sequence[str]) -> Texts:
    column: Texts = np.full(len(values), "", dtype=TEXT)
    column[:] = values
    return column


def lanes(notes: Sequence[Note], *pairs: tuple[str, int], keys: Sequence[str] | None = None) -> Lanes[str]:
    prospects, numbers = zip(*pairs, strict=True)
    rows = Rows(
        np.arange(2, len(pairs) + 2, dtype=np.int32), texts(prospects), np.array(numbers, dtype=np.int32), list(notes),
        None if keys is None else texts(keys),
    )  # fmt: skip
    groups = plan(rows).groups
    return Lanes(groups, [note_key(group.note) for group in groups], rows)


def test_notes_that_read_alike_share_a_lane_where_a_prospect_gets_both() -> None:
    notes = [Note("Use <b>this</b>", PUBLIC, PUBLISHED), Note("Use this", PUBLIC, PUBLISHED)]
    found = lanes(notes, ("P1", 0), ("P2", 0), ("P1", 1), ("P3", 1))
    first, second = (note_key(note) for note in notes)
    assert found.of(first, ["P1", "P2"]) is found.of(second, ["P1"]) is not None
    assert found.of(first, ["P2"]) is None
    assert found.of(second, ["P3"]) is None


def test_what_reading_back_tells_apart_needs_no_lane() -> None:
    notes = [
        Note("Use this", PUBLIC, PUBLISHED), Note("Use that", PUBLIC, PUBLISHED), Note("Use this", PRIVATE, PUBLISHED),
        Note("Use this", PUBLIC, DRAFT),
    ]  # fmt: skip
    found = lanes(notes, *(("P1", number) for number in range(4)))
    assert [found.of(note_key(note), ["P1"]) for note in notes] == [None] * 4


def test_text_that_looks_like_markup_is_alike_however_it_may_be_read() -> None:
    notes = [Note("a <b> c", PUBLIC, PUBLISHED), Note("a &lt;b&gt; c", PUBLIC, PUBLISHED, content="a &lt;b&gt; c")]
    found = lanes(notes, ("P1", 0), ("P1", 1))
    assert found.of(note_key(notes[0]), ["P1"]) is found.of(note_key(notes[1]), ["P1"]) is not None


def test_drafts_of_one_prospect_share_a_lane_whatever_they_say() -> None:
    notes = [Note("First", PUBLIC, DRAFT), Note("Second", PRIVATE, DRAFT)]
    found = lanes(notes, ("P1", 0), ("P1", 1), ("P2", 1))
    assert found.of(note_key(notes[0]), ["P1"]) is found.of(note_key(notes[1]), ["P1"]) is not None
    assert found.of(note_key(notes[1]), ["P2"]) is None


def test_the_same_note_meant_several_times_has_a_lane() -> None:
    note = Note("Called", PUBLIC, PUBLISHED)
    found = lanes([note], ("P1", 0), ("P1", 0), ("P2", 0), keys=["a", "b", "c"])
    assert found.of(note_key(note), ["P1"]) is not None
    assert found.of(note_key(note), ["P2"]) is None


def test_a_lane_is_free_when_every_delivery_of_its_request_is_settled() -> None:
    lane: Lane[str] = Lane(frozenset({"P1"}))
    assert lane.enter("first", 2)
    assert not lane.enter("second", 1)
    assert not lane.enter("third", 1)
    assert lane.leave(1) is None
    assert lane.leave(1) == "second"
    assert lane.enter("second", 1)
    assert not lane.enter("fourth", 1)
    assert lane.leave(1) == "third"
