"""The clock that dates notes is known from notes whose ids we were given, between two bounds."""

from __future__ import annotations

import math
from typing import Any

import pytest

from importer.delivery.clock import NoteClock
from importer.delivery.tasks import Post
from importer.journal import NoteKey
from importer.models import Note, Request, Status, Visibility

NOW = 1_800_000_000.0
RUN = 7


def clock(*seen: tuple[float, float, float], earlier: tuple[tuple[float, float, float], ...] = ()) -> NoteClock:
    found = NoteClock()
    for left, came, dated in seen:
        found.observe(left, came, dated)
    for left, came, dated in earlier:
        found.observe(left, came, dated, RUN)
    return found


def post(first_sent_at: float = NOW, **more: Any) -> Post:
    key = NoteKey.of(Note("Spoke about terms", Visibility.PUBLIC, Status.PUBLISHED))
    return Post(
        Request(None, (0,), ("P0",), (b"P0",)), key, 1, first_sent_at=first_sent_at, sent_at=first_sent_at, **more
    )


def of_earlier_run(**more: Any) -> Post:
    return post(of_earlier_run=True, clock_of=RUN, **more)


def test_while_nothing_is_known_it_may_be_behind_by_minutes_and_ahead_by_anything() -> None:
    assert not clock().is_known()
    assert clock().at_least(NOW) == NOW - 300
    assert clock().at_most(NOW) == math.inf


@pytest.mark.parametrize("ahead", [0.0, 90.0, -3600.0])
def test_a_note_bounds_it_by_when_its_request_left_and_when_its_reply_came(ahead: float) -> None:
    """The note was made in between: so a note made now bears a date between now and now, by that clock."""
    found = clock((NOW, NOW + 2, NOW + 0.5 + ahead))
    assert found.is_known()
    assert found.at_least(NOW + 100) == NOW + 100 + ahead - 1.5
    assert found.at_most(NOW + 100) == NOW + 100 + ahead + 0.5


def test_the_bounds_hold_all_that_was_seen_for_the_clock_may_be_set_anew() -> None:
    found = clock((NOW, NOW + 1, NOW), (NOW + 10, NOW + 11, NOW + 40), (NOW + 20, NOW + 21, NOW + 20))
    assert found.at_least(NOW) == NOW - 1
    assert found.at_most(NOW) == NOW + 30


def test_the_clocks_of_two_runs_are_two_clocks() -> None:
    """What this run has seen says nothing of an earlier run's clock, and the other way round."""
    found = clock((NOW, NOW + 1, NOW + 50))
    assert not found.is_known(RUN)
    assert found.since(of_earlier_run()) is None
    assert not clock(earlier=((NOW, NOW + 1, NOW),)).is_known()


@pytest.mark.parametrize("set_by", [0.0, 1200.0, -1200.0, 86_400.0, -86_400.0])
def test_an_earlier_runs_own_notes_tell_its_clock_however_far_it_was_off(set_by: float) -> None:
    found = clock((NOW, NOW + 1, NOW), earlier=((NOW + set_by, NOW + set_by + 2, NOW - 59),))
    window = found.window(of_earlier_run(first_sent_at=NOW + set_by), NOW + set_by + 70, is_ours=False)
    assert window.surely <= NOW - 59 <= window.until
    assert window.until - window.surely < 100
    assert not window.is_assumed


@pytest.mark.parametrize("off", [20 * 60.0, 3600.0, 86_400.0, -20 * 60.0, -3600.0, -86_400.0])
def test_without_a_note_of_the_run_that_sent_it_a_date_within_a_day_proves_nothing(off: float) -> None:
    window = clock((NOW, NOW + 1, NOW)).window(of_earlier_run(), NOW + 70, is_ours=False)
    assert window.is_assumed
    assert not window.surely <= NOW + off <= window.until
    assert window.perhaps <= NOW + off
    assert window.rewritten <= NOW - 1200
    assert window.rewritten_until >= NOW + 1200


def test_what_is_sent_again_is_looked_for_by_both_clocks() -> None:
    """The first attempt by the earlier run's clock, a day ahead; the second by ours."""
    again = post(first_sent_at=NOW + 86_400, clock_of=RUN)
    again.sent_at = NOW
    window = clock((NOW, NOW + 1, NOW)).window(again, NOW + 70)
    assert window.surely <= NOW + 0.5 <= window.until
    assert window.perhaps <= NOW - 3600


def test_a_run_that_lasts_for_days_finds_what_it_sends_on_the_last_of_them() -> None:
    """The window begins with the first attempt, and ends with the latest one."""
    window = clock().window(post(since=NOW - 3600), NOW + 2 * 86_400)
    assert window.surely <= NOW + 2 * 86_400 - 3600 <= window.until
