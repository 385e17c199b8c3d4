"""An answer that names a note of another delivery is known, whoever told of that note."""

from __future__ import annotations

from collections.abc import Collection

from importer.api import Answer, Endpoint, Reply
from importer.delivery.known_ids import KnownIds


def exact(ids: Collection[str]) -> set[str]:
    return {note_id for note_id in ids if not note_id.startswith("new")}


def reply(*note_ids: str) -> Reply[dict[str, Answer]]:
    return Reply(Endpoint.CREATE, 0.0, 0.0, {f"P{note_id}": Answer(note_id) for note_id in note_ids})


def test_an_answer_with_a_note_that_another_delivery_has_is_none() -> None:
    known = KnownIds(exact)
    assert known.believed(reply("new1"), is_trusted=True).failure is None
    refused = known.believed(reply("new1", "stored"), is_trusted=True)
    assert refused.value is None
    assert refused.failure is not None
    assert refused.failure.is_astray


def test_the_notes_of_an_answer_that_is_not_trusted_are_no_later_answer() -> None:
    known = KnownIds(exact)
    assert known.believed(reply("new1"), is_trusted=False).failure is not None
    assert known.believed(reply("new1"), is_trusted=True).failure is not None
    assert known.believed(reply("new2"), is_trusted=True).failure is None
