"""Requests whose notes could be mistaken for one another go one after the other, and no others wait."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from importer.grouping import plan
from importer.grouping.conflicts import ConflictKey, ConflictKeys
from importer.journal import NoteKey
from importer.models import Note, Rows, Status, Texts, Visibility
from importer.rows.values import TEXT

PUBLIC, PRIVATE, PUBLISHED, DRAFT = Visibility.PUBLIC, Visibility.PRIVATE, Status.PUBLISHED, Status.DRAFT


def texts(values: Sequence[str]) -> Texts:
    column: Texts = np.full(len(values), "", dtype=TEXT)
    column[:] = values
    return column


def conflicts(
    notes: Sequence[Note], *pairs: tuple[str, int], keys: Sequence[str] | None = None, one_draft: bool = True
) -> ConflictKeys[str]:
    prospects, numbers = zip(*pairs, strict=True)
    rows = Rows(
        np.arange(2, len(pairs) + 2, dtype=np.int32), texts(prospects), np.array(numbers, dtype=np.int32), list(notes),
        None if keys is None else texts(keys),
    )  # fmt: skip
    groups = plan(rows).groups
    return ConflictKeys(groups, [NoteKey.of(group.note) for group in groups], rows, one_draft=one_draft)


def test_notes_that_read_alike_share_a_conflict_key_where_a_prospect_gets_both() -> None:
    notes = [Note("Use <b>this</b>", PUBLIC, PUBLISHED), Note("Use this", PUBLIC, PUBLISHED)]
    found = conflicts(notes, ("P1", 0), ("P2", 0), ("P1", 1), ("P3", 1), keys=[*"abcd"])
    first, second = (NoteKey.of(note) for note in notes)
    assert found.of(first, ["P1", "P2"]) is found.of(second, ["P1"]) is not None
    assert found.of(first, ["P2"]) is None
    assert found.of(second, ["P3"]) is None


def test_what_reading_back_tells_apart_needs_no_conflict_key() -> None:
    notes = [
        Note("Use this", PUBLIC, PUBLISHED), Note("Use that", PUBLIC, PUBLISHED), Note("Use this", PRIVATE, PUBLISHED),
        Note("Use this", PUBLIC, DRAFT),
    ]  # fmt: skip
    found = conflicts(notes, *(("P1", number) for number in range(4)))
    assert [found.of(NoteKey.of(note), ["P1"]) for note in notes] == [None] * 4


def test_text_that_looks_like_markup_is_alike_however_it_may_be_read() -> None:
    notes = [Note("a <b> c", PUBLIC, PUBLISHED), Note("a &lt;b&gt; c", PUBLIC, PUBLISHED, content="a &lt;b&gt; c")]
    found = conflicts(notes, ("P1", 0), ("P1", 1))
    assert found.of(NoteKey.of(notes[0]), ["P1"]) is found.of(NoteKey.of(notes[1]), ["P1"]) is not None


def test_drafts_of_one_prospect_share_a_conflict_key_whatever_they_say() -> None:
    notes = [Note("First", PUBLIC, DRAFT), Note("Second", PRIVATE, DRAFT)]
    found = conflicts(notes, ("P1", 0), ("P1", 1), ("P2", 1))
    assert found.of(NoteKey.of(notes[0]), ["P1"]) is found.of(NoteKey.of(notes[1]), ["P1"]) is not None
    assert found.of(NoteKey.of(notes[1]), ["P2"]) is None


def test_the_same_note_meant_several_times_has_a_conflict_key() -> None:
    note = Note("Called", PUBLIC, PUBLISHED)
    found = conflicts([note], ("P1", 0), ("P1", 0), ("P2", 0), keys=["a", "b", "c"])
    assert found.of(NoteKey.of(note), ["P1"]) is not None
    assert found.of(NoteKey.of(note), ["P2"]) is None


def test_a_conflict_key_is_free_when_every_delivery_of_its_request_is_settled() -> None:
    key: ConflictKey[str] = ConflictKey(frozenset({"P1"}))
    assert key.acquire("first", 2)
    assert not key.acquire("second", 1)
    assert not key.acquire("third", 1)
    assert key.release(1) is None
    assert key.release(1) == "second"
    assert key.acquire("second", 1)
    assert not key.acquire("fourth", 1)
    assert key.release(1) == "third"


def test_where_a_vendor_shows_every_draft_they_are_told_apart_like_other_notes() -> None:
    notes = [Note("First", PUBLIC, DRAFT), Note("Second", PRIVATE, DRAFT)]
    found = conflicts(notes, ("P1", 0), ("P1", 1), one_draft=False)
    assert found.of(NoteKey.of(notes[0]), ["P1"]) is None
