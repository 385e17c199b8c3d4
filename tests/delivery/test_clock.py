"""The clock that dates notes is known from notes whose ids we were given, between two bounds."""

from __future__ import annotations

import math

import pytest

from importer.delivery.clock import NoteClock

NOW = 1_800_000_000.0


def clock(*seen: tuple[float, float, float], earlier: tuple[tuple[float, float, float], ...] = ()) -> NoteClock:
    found = NoteClock()
    for left, came, dated in seen:
        found.observe(left, came, dated)
    for left, came, dated in earlier:
        found.observe_earlier(left, came, dated)
    return found


def test_while_nothing_is_known_it_may_be_behind_by_minutes_and_ahead_by_anything() -> None:
    assert not clock().is_known
    assert clock().at_least(NOW) == NOW - 300
    assert clock().at_most(NOW) == math.inf


@pytest.mark.parametrize("ahead", [0.0, 90.0, -3600.0])
def test_a_note_bounds_it_by_when_its_request_left_and_when_its_reply_came(ahead: float) -> None:
    """The note was made in between: so a note made now bears a date between now and now, by that clock."""
    found = clock((NOW, NOW + 2, NOW + 0.5 + ahead))
    assert found.is_known
    assert found.at_least(NOW + 100) == NOW + 100 + ahead - 1.5
    assert found.at_most(NOW + 100) == NOW + 100 + ahead + 0.5


def test_the_bounds_hold_all_that_was_seen_for_the_clock_may_be_set_anew() -> None:
    found = clock((NOW, NOW + 1, NOW), (NOW + 10, NOW + 11, NOW + 40), (NOW + 20, NOW + 21, NOW + 20))
    assert found.at_least(NOW) == NOW - 1
    assert found.at_most(NOW) == NOW + 30


def test_notes_of_earlier_runs_bound_it_the_more_narrowly_the_more_there_are() -> None:
    found = clock(earlier=((NOW - 60, NOW, NOW - 20), (NOW - 5, NOW, NOW - 3)))
    assert found.is_known
    assert found.at_least(NOW + 100) == NOW + 97
    assert found.at_most(NOW) == NOW + 2


def test_where_a_clock_was_set_anew_between_earlier_runs_the_bounds_hold_both() -> None:
    found = clock(earlier=((NOW - 1, NOW, NOW), (NOW - 1, NOW, NOW + 60)))
    assert (found.at_least(NOW), found.at_most(NOW)) == (NOW, NOW + 61)


def test_notes_of_this_run_count_before_those_of_earlier_ones() -> None:
    found = clock((NOW, NOW + 1, NOW), earlier=((NOW, NOW, NOW + 50),))
    assert (found.at_least(NOW), found.at_most(NOW)) == (NOW - 1, NOW)
    assert found.is_measured
    assert not clock(earlier=((NOW, NOW, NOW + 50),)).is_measured
