"""A file that was uploaded is known by what it holds, for a day, and in its own workspace."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from importer.journal import Journal
from importer.models import Workspace

HERE = Workspace("default", "https://notes.example/v1")
THERE = Workspace("other", "https://notes.example/v1")
DAY = 86_400.0
FORM, CALL = hashlib.sha256(b"form").hexdigest(), hashlib.sha256(b"call").hexdigest()


class Time:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def journal(address: str) -> Iterator[Journal]:
    """Once in a file, once in PostgreSQL."""
    with Journal.open(address) as journal:
        yield journal


def test_what_was_uploaded_is_known_in_its_workspace_and_the_latest_id_counts(journal: Journal) -> None:
    uploads = journal.uploads(HERE, Time())
    assert uploads.known([FORM, CALL]) == {}
    uploads.enter({FORM: "A1", CALL: "A2"})
    uploads.enter({FORM: "A3"})
    assert uploads.known([FORM, CALL]) == {FORM: "A3", CALL: "A2"}
    assert journal.uploads(THERE, Time()).known([FORM]) == {}


def test_it_is_believed_for_a_day_and_then_dropped(journal: Journal) -> None:
    time = Time()
    uploads = journal.uploads(HERE, time)
    uploads.enter({FORM: "A1"})
    time.now += DAY - 1
    assert uploads.known([FORM]) == {FORM: "A1"}
    uploads.expire()
    time.now += 2
    assert uploads.known([FORM]) == {}
    uploads.expire()
    time.now -= DAY
    assert uploads.known([FORM]) == {}
