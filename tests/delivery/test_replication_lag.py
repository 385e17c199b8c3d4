"""How far reading lags is measured on notes that are known to exist; until it is, much is assumed."""

from __future__ import annotations

import pytest

from importer.delivery.replication_lag import ENOUGH, ReplicationLag

ASSUMED = 60.0


def lag(*looks: tuple[str, float, bool], learned: float | None = None) -> ReplicationLag:
    """What is known after looks at notes: id, age, whether it was there."""
    found = ReplicationLag(ASSUMED, learned)
    for note_id, age, is_there in looks:
        (found.saw if is_there else found.missed)(note_id, age)
    return found


def seen(count: int, age: float = 0.1, note_id: str = "N1") -> list[tuple[str, float, bool]]:
    return [(note_id, age, True)] * count


def test_while_nothing_is_known_much_is_assumed() -> None:
    assert lag().margin == ASSUMED
    assert lag(*seen(ENOUGH - 1)).margin == ASSUMED
    assert lag(*seen(ENOUGH - 1)).measured is None


def test_after_enough_sightings_in_a_row_twice_what_was_measured_is_waited_for() -> None:
    found = lag(*seen(ENOUGH, 0.5))
    assert found.is_known
    assert found.measured == 0.5
    assert found.margin == 1.0


def test_a_miss_begins_the_row_anew_for_several_copies_may_take_turns() -> None:
    found = lag(*seen(ENOUGH), ("N1", 3.0, False))
    assert not found.is_known
    assert found.margin == ASSUMED
    assert lag(*seen(ENOUGH - 1), ("N1", 3.0, False), *seen(1)).margin == ASSUMED


def test_the_oldest_age_at_which_a_note_was_missed_counts() -> None:
    assert lag(("N1", 3.0, False), *seen(ENOUGH, 0.1, "N2")).measured == 3.0


def test_a_note_that_was_missed_before_shows_a_lag_up_to_when_it_was_seen() -> None:
    """It came to be readable somewhere between the two."""
    assert lag(("N1", 3.0, False), *seen(ENOUGH, 5.0, "N1")).measured == 5.0
    assert lag(("N1", 3.0, False), *seen(ENOUGH, 5.0, "N1"), *seen(5, 90.0, "N2")).margin == 10.0


def test_sightings_at_great_ages_prove_little() -> None:
    """The fourth youngest counts: of four sightings, two copies that take turns each had two."""
    ages = [0.1, 0.2, 0.3, 9.0, *[12.0] * (ENOUGH - 4)]
    assert lag(*[(f"N{age}", age, True) for age in ages]).measured == 9.0


def test_enough_is_seen_of_notes_that_are_no_older_than_what_is_waited_for() -> None:
    """Of two copies that are asked by chance, one is up to date: what is older is on both, and shows nothing."""
    ages = [1.0] * 8 + [30.0] * (ENOUGH - 8)
    assert lag(*[(f"N{age}", age, True) for age in ages]).margin == 30.0


def test_for_what_was_seen_late_no_more_is_waited_than_is_assumed() -> None:
    """It may have been readable long before; nobody looked."""
    assert lag(*seen(ENOUGH, 45.0)).margin == ASSUMED
    assert lag(("N1", 3.0, False), *seen(ENOUGH, 600.0, "N1")).margin == ASSUMED


def test_a_miss_is_certain_so_twice_that_is_waited_for_however_much_is_assumed() -> None:
    """At once, while it is measured, and when it is."""
    missed = ("N1", 80.0, False)
    assert lag(missed).margin == 160.0
    assert lag(missed, *seen(3, 90.0, "N1")).margin == 160.0
    assert lag(missed, *seen(ENOUGH, 95.0, "N1")).margin == 160.0
    assert lag(learned=80.0).margin == 160.0


@pytest.mark.parametrize(("now", "learned", "margin"), [(1.0, 4.0, 8.0), (4.0, 1.0, 8.0), (None, 4.0, 8.0)])
def test_what_an_earlier_run_measured_counts_and_the_longer_of_the_two(
    now: float | None, learned: float, margin: float
) -> None:
    assert lag(*(seen(ENOUGH, now) if now else []), learned=learned).margin == margin


def test_looks_are_soon_at_first_and_further_apart_later() -> None:
    found = ReplicationLag(ASSUMED)
    pauses = []
    for count in range(40):
        pauses.append(found.pause)
        found.missed("N1", float(count))
    assert pauses[0] == 0.05
    assert pauses == sorted(pauses)
    assert pauses[-1] == 5.0
