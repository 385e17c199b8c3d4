"""What was looked up of emails is believed for a day; the emails aren't kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from importer.journal import Journal, Memory
from importer.models import Workspace

HERE = Workspace("default", "https://notes.example/v1")
THERE = Workspace("other", "https://notes.example/v1")
DAY = 86_400.0
JO, KIM = "jo@example.com", "kim@example.com"
ONE = ["P1"]
TWO = ["P9", "P2"]


class Time:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def journal(address: str) -> Iterator[Journal]:
    """Once in a file, once in PostgreSQL."""
    with Journal.open(address) as journal:
        yield journal


@pytest.fixture
def found(journal: Journal, time: Time) -> Memory:
    return journal.found(HERE, "key", time)


def test_what_was_found_is_known_again_in_its_order(found: Memory) -> None:
    assert found.known([JO, KIM]) == {}
    found.enter({JO: ONE, KIM: TWO})
    assert found.known([JO, KIM, "nobody@example.com"]) == {JO: ONE, KIM: TWO}


def test_it_is_another_workspaces_and_another_keys_no_more_than_it_is_kept_without_a_key(
    journal: Journal, found: Memory, time: Time
) -> None:
    found.enter({JO: ONE})
    assert journal.found(THERE, "key", time).known([JO]) == {}
    assert journal.found(HERE, "another key", time).known([JO]) == {}
    assert journal.found(HERE, "", time).known([JO]) == {}


def test_it_is_believed_for_a_day(found: Memory, time: Time) -> None:
    """And not where the clock was set back, for then nobody knows how old it is."""
    found.enter({JO: ONE})
    time.now += DAY
    assert found.known([JO]) == {JO: ONE}
    time.now += 1
    assert found.known([JO]) == {}
    time.now -= DAY + 60
    assert found.known([JO]) == {}


def test_what_is_too_old_is_not_believed_beside_what_is_new(journal: Journal, found: Memory, time: Time) -> None:
    found.enter({JO: ONE})
    time.now += DAY + 1
    found.enter({KIM: ONE})
    found.expire()
    assert (found.known([JO]), found.known([KIM])) == ({}, {KIM: ONE})


def test_what_is_found_anew_takes_the_place_of_what_was(found: Memory) -> None:
    found.enter({JO: TWO, KIM: ONE})
    found.forget([JO])
    assert found.known([JO, KIM]) == {KIM: ONE}
    found.enter({JO: ONE})
    found.enter({JO: ["P2"]})
    found.forget([JO])
    found.enter({JO: ONE})
    assert found.known([JO]) == {JO: ONE}


def test_the_journal_holds_no_email(tmp_path: Path, time: Time) -> None:
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        journal.found(HERE, "key", time).enter({JO: ONE, KIM: TWO})
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"P9" in held
    assert b"example.com" not in held
    assert b"key" not in held.replace(b" KEY", b"").replace(b"key TEXT", b"").replace(b"keys TEXT", b"").lower()
