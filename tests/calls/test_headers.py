"""What replies say of limits and times is understood in every form, and nothing else is taken for it."""

import pytest

from importer.api.exchange import Announcement, seconds_to_wait
from tests.calls.virtual import NOON, http_date


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0), (" 7 ", 7.0), ("0", 0.0), ("1.5", 1.5), ("Tue, 21 Apr 2026 12:00:30 GMT", 30.0),
        ("2026-04-21T12:00:30.250Z", 30.25), ("2026-04-21T14:00:30+02:00", 30.0),
        ("Tue, 21 Apr 2026 11:00:00 GMT", 0.0), ("1776772830", 30.0), ("1776772830500", 30.5), ("soon", None),
        ("-5", None), ("", None), ("9" * 30, None), ("Tue Apr 21 2026 17:30:30 GMT+0530 (India Standard Time)", 30.0),
    ],
)  # fmt: skip
def test_retry_after_is_understood_in_every_form(header: str, seconds: float | None) -> None:
    found = seconds_to_wait(header, {"date": http_date(NOON)})
    assert found == (None if seconds is None else pytest.approx(seconds, abs=1e-3))


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "7", "x-ratelimit-reset": "3"},
        {"ratelimit-limit": "20", "ratelimit-remaining": "7", "ratelimit-reset": "3"},
    ],
)
def test_a_limit_is_read_from_the_headers_that_clients_have_seen(headers: dict[str, str]) -> None:
    assert Announcement.read(headers, NOON) == Announcement(20, 7, NOON + 3.0 + 1.0)  # whole seconds may have been cut


@pytest.mark.parametrize("ahead", [-86_400.0, 0.0, 3_600.0])
def test_a_reset_by_the_servers_clock_is_compared_with_the_replys_own_date(ahead: float) -> None:
    headers = {
        "x-ratelimit-remaining": "7",
        "x-ratelimit-reset": f"{NOON + ahead + 30:.0f}",
        "date": http_date(NOON + ahead),
    }
    assert Announcement.read(headers, NOON) == Announcement(None, 7, NOON + 30 + 1.0)


@pytest.mark.parametrize(
    "text",
    [
        "Fri, 31 Dec 9999 23:59:59 GMT", "Tue, 21 Apr 2026 10:57:07 +99999999", "Tue, 21 Apr 2026 10:57:07 -9999999999",
        "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "99999999999", "999999999999999999", "1 Jan 0000000",
        "Tue, 99 Foo 2026", ",", "- - - - -", "Tue, 21 Apr 99999999999999999999 10:57:07 GMT", "1969-12-31",
    ],
)  # fmt: skip
def test_what_no_clock_shows_is_no_time(text: str) -> None:
    assert seconds_to_wait(text, {"date": http_date(NOON)}) is None
    assert seconds_to_wait(f"{NOON + 1:.0f}", {"date": text}) is None


def test_a_limit_without_a_word_of_what_remains_tells_nothing() -> None:
    assert Announcement.read({"x-ratelimit-limit": "20"}, NOON) is None
    assert Announcement.read({"x-ratelimit-remaining": "7"}, NOON) == Announcement(None, 7, None)
