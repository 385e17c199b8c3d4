"""What replies say of limits and times is understood in every form, and nothing else is taken for it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.api.headers import Announcement, ServerClock, Time, seconds_to_wait
from tests.calls.virtual import NOON, http_date


@given(
    offset=st.floats(-1e5, 1e5),
    calls=st.lists(st.tuples(st.floats(0, 5), st.floats(0.001, 2), st.floats(0, 1)), min_size=1, max_size=30),
)
def test_the_servers_clock_is_never_mistaken(offset: float, calls: list[tuple[float, float, float]]) -> None:
    clock = ServerClock()
    now = NOON
    for pause, took, part in calls:
        began, answered, now = now + pause, now + pause + took * part, now + pause + took
        date = math.floor(answered + offset)
        clock.observe(http_date(date), began, now)
        assert clock.is_known
        assert now <= clock.ours_at_most(now + offset) + 1e-4


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Tue, 21 Apr 2026 12:00:30 GMT", 30.0),
        ("2026-04-21T12:00:30.250Z", 30.25),
        ("2026-04-21T14:00:30+02:00", 30.0),
        ("Tue, 21 Apr 2026 11:00:00 GMT", 0.0),
        ("1776772830", 30.0),
        ("1776772830500", 30.5),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("9" * 30, None),
    ],
)
def test_retry_after_is_understood_in_every_form(header: str, seconds: float | None) -> None:
    found = seconds_to_wait(header, NOON)
    assert found == (None if seconds is None else pytest.approx(seconds, abs=1e-3))


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "7", "x-ratelimit-reset": "3"},
        {"ratelimit-limit": "20", "ratelimit-remaining": "7", "ratelimit-reset": "3"},
        {"x-rate-limit-limit": "20, 20;w=60", "x-rate-limit-remaining": "7", "x-rate-limit-reset": "3"},
        {"ratelimit": "limit=20, remaining=7, reset=3"},
        {"ratelimit": "limit=20,remaining=7,reset=3", "ratelimit-policy": "20;w=60"},
        {"ratelimit": '"default";r=7;t=3', "ratelimit-policy": '"default";q=20;w=60'},
        {"ratelimit": '"burst";r=7;t=3, "day";r=900;t=5000', "ratelimit-policy": '"burst";q=20;w=60, "day";q=1000'},
    ],
)
def test_a_limit_is_understood_in_every_form(headers: dict[str, str]) -> None:
    assert Announcement.read(headers) == Announcement(20, 7, Time(3.0, is_to_go=True, is_whole=True))


@pytest.mark.parametrize(
    "text",
    [
        "Fri, 31 Dec 9999 23:59:59 GMT", "Tue, 21 Apr 2026 10:57:07 +99999999", "Tue, 21 Apr 2026 10:57:07 -9999999999",
        "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "99999999999", "999999999999999999", "1 Jan 0000000",
        "Tue, 99 Foo 2026", ",", "- - - - -", "Tue, 21 Apr 99999999999999999999 10:57:07 GMT", "1969-12-31",
    ],
)  # fmt: skip
def test_what_no_clock_shows_is_no_time(text: str) -> None:
    assert Time.read(text) is None
    clock = ServerClock()
    clock.observe(text, 1_776_769_027.0, 1_776_769_028.0)
    assert not clock.is_known


def test_a_limit_without_a_word_of_what_remains_tells_nothing() -> None:
    assert Announcement.read({"x-ratelimit-limit": "20"}) is None
    assert Announcement.read({"ratelimit-policy": '"default";q=20;w=60'}) is None
    assert Announcement.read({"ratelimit": '"default";r=7'}) == Announcement(None, 7, None)
