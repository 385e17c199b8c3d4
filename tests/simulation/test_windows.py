"""A world's limits let through what they allow, and tell of it."""

from __future__ import annotations

import pytest

from importer.api import Endpoint
from tests.simulation.windows import LOOKUPS, REFERENCE, Limits, Windows

CREATE, READ = Endpoint.CREATE, Endpoint.READ


def let_through(windows: Windows, kind: Endpoint, *times: float) -> list[bool]:
    return [not windows.refuses(kind, time) for time in times]


def test_each_kind_has_windows_of_its_own_below_one_for_all() -> None:
    windows = Windows(Limits(2, 10.0, in_all=3))
    assert let_through(windows, CREATE, 0.0, 1.0, 2.0) == [True, True, False]
    assert let_through(windows, READ, 3.0, 4.0) == [True, False]
    assert windows.wait(READ, 4.0) == 6.0
    assert let_through(windows, READ, 10.0) == [True]


@pytest.mark.parametrize("slides", [False, True])
def test_a_window_follows_another_or_slides(slides: bool) -> None:
    windows = Windows(Limits(2, 1.0, slides=slides))
    assert let_through(windows, CREATE, 0.0, 0.8, 0.9, 1.1, 1.2) == [True, True, False, True, not slides]


def test_all_kinds_may_share_one_and_some_may_have_none() -> None:
    assert let_through(shared := Windows(Limits(1, 1.0, is_shared=True)), CREATE, 0.0) == [True]
    assert let_through(shared, READ, 0.0) == [False]
    assert let_through(Windows(LOOKUPS), CREATE, *[0.0] * 100) == [True] * 100
    assert let_through(Windows(LOOKUPS), READ, *[0.0] * 21) == [True] * 20 + [False]


def test_headers_tell_of_the_window_with_the_fewest_calls_left_by_the_apis_clock() -> None:
    windows = Windows(Limits(2, 10.0, in_all=9, says="headers"))
    windows.refuses(CREATE, 100.0)
    assert windows.headers(CREATE, 101.0, ahead=3600.0) == {
        "x-ratelimit-remaining": "1",
        "x-ratelimit-reset": "1970-01-01T01:01:50.000+00:00",
        "date": "Thu, 01 Jan 1970 01:01:41 GMT",
    }
    assert Windows(REFERENCE).headers(CREATE, 0.0, 0.0) == {}
