"""An answer that names a note of another delivery is known, whoever told of that note, and however many there are."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from importer.delivery import known_ids
from importer.delivery.known_ids import KnownIds


def exact(ids: Collection[str]) -> set[str]:
    return {note_id for note_id in ids if not note_id.startswith("new")}


def test_what_answers_and_reading_back_have_named_is_known() -> None:
    known = KnownIds(lambda: ["stored"], exact)
    assert not known.take(["a", "b"])
    assert known.take(["b", "new1"]) == {"b"}
    assert not known.take(["new1"]), "the others of that answer belong to nobody yet"
    known.add(["adopted"])
    assert known.take(["adopted"]) == {"adopted"}
    assert known.take(["stored"]) == {"stored"}


def test_of_many_ids_the_journal_is_asked_about_hits_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_ids, "_FEW", 100)
    asked: list[str] = []

    def counted(ids: Collection[str]) -> set[str]:
        asked.extend(ids)
        return exact(ids)

    known = KnownIds(lambda: (f"stored{number}" for number in range(1_000)), counted)
    for number in range(1_000):
        known.take([f"answer{number}"])
    assert len(asked) < 5, "a hit of the filter that is none"
    assert known.take(["stored7"]) == {"stored7"}
    assert known.take(["answer500"]) == {"answer500"}
