"""The rate limit turns calls away, and announces itself in every way that clients must cope with."""

from __future__ import annotations

import pytest
import requests

from importer.sandbox import Fault, Limit, Sandbox
from tests.sandbox.kinds import as_epoch, as_http_date

KEY = {"x-api-key": "sandbox-key"}
BODY = {"content": "hello", "visibility": "1", "prospectIds": ["a"]}
NOW = 1_776_769_027.25  # 2026-04-21 10:57:07.250 UTC


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def post(box: Sandbox) -> requests.Response:
    return requests.post(f"{box.url}/notes", json=BODY, headers=KEY, timeout=10)


@pytest.mark.parametrize(
    ("text", "reset"),
    [
        ("2/1s", "2026-04-21T10:57:08.000Z"),
        ("2/500ms", "2026-04-21T10:57:07.500Z"),
        ("2/1s:http-date", "Tue, 21 Apr 2026 10:57:08 GMT"),
        ("2/1s:epoch", "1776769028"),
        ("2/1s:epoch-ms", "1776769028000"),
        ("2/min:seconds", "53"),
        ("2/1s:first-call", "2026-04-21T10:57:08.250Z"),
    ],
)
def test_every_reply_announces_the_limit_in_the_chosen_form(text: str, reset: str) -> None:
    with Sandbox(limit=Limit.parse(text), time_source=Time()) as box:
        left = []
        for _ in range(3):
            headers = post(box).headers
            assert (headers["x-ratelimit-limit"], headers["x-ratelimit-reset"]) == ("2", reset)
            left.append(headers["x-ratelimit-remaining"])
        assert left == ["1", "0", "0"]


@pytest.mark.parametrize(
    ("text", "wait"),
    [("1/min", "53"), ("1/1s", "1"), ("1/min:retry-date", "Tue, 21 Apr 2026 10:58:00 GMT"), ("1/min:no-retry", None)],
)
def test_a_call_beyond_the_limit_is_not_applied_and_told_when_to_return(text: str, wait: str | None) -> None:
    with Sandbox(limit=Limit.parse(text), time_source=Time()) as box:
        assert post(box).status_code == 201
        reply = post(box)
        assert (reply.status_code, reply.headers.get("retry-after")) == (429, wait)
        assert len(box.notes) == 1
        assert [received.status for received in box.received] == [201, 429]


@pytest.mark.parametrize(("words", "opens_after"), [("", 0.75), (":first-call", 1.0)])
def test_a_new_window_opens_when_the_old_one_ends(words: str, opens_after: float) -> None:
    time = Time()
    with Sandbox(limit=Limit.parse("1/1s" + words), time_source=time) as box:
        assert post(box).status_code == 201
        time.now = NOW + opens_after - 0.001
        assert post(box).status_code == 429
        time.now = NOW + opens_after
        assert post(box).status_code == 201


def test_the_headers_can_be_left_out() -> None:
    with Sandbox(limit=Limit.parse("1/min:off")) as box:
        assert not [name for name in post(box).headers if name.lower().startswith("x-ratelimit")]
        assert post(box).headers["retry-after"]


def test_no_limit_means_no_headers() -> None:
    with Sandbox() as box:
        assert "x-ratelimit-limit" not in post(box).headers


def test_the_limit_can_be_changed_while_it_serves() -> None:
    with Sandbox(limit=Limit(1, 3600.0)) as box:
        assert [post(box).status_code for _ in range(2)] == [201, 429]
        box.set_limit(None)
        assert post(box).status_code == 201


def test_faults_do_not_count_calls_beyond_the_limit() -> None:
    time = Time()
    with Sandbox(limit=Limit(1, 1.0), faults=[Fault.parse("500@2")], time_source=time) as box:
        seen = [post(box).status_code, post(box).status_code]
        time.now += 1
        seen.append(post(box).status_code)
        assert seen == [201, 429, 500]


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("20/1s", Limit(20, 1.0)),
        ("60/min", Limit(60, 60.0)),
        ("1000/h:epoch:retry-date", Limit(1000, 3600.0, reset=as_epoch, retry=as_http_date)),
        ("5/0.5s:first-call", Limit(5, 0.5, aligned=False)),
    ],
)
def test_a_limit_is_read_from_text(text: str, limit: Limit) -> None:
    assert Limit.parse(text) == limit


@pytest.mark.parametrize("text", ["", "20", "20/", "20/parsec", "0/1s", "5/0s", "20/1s:sometimes", "-1/1s"])
def test_a_text_that_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="limit"):
        Limit.parse(text)


def test_each_key_opens_an_account_of_its_own() -> None:
    """With notes and a limit of its own; whoever has no key gets nowhere."""
    with Sandbox(further_keys=("second",), limit=Limit(2, 60), time_source=Time()) as box:

        def statuses(key: str, times: int) -> list[int]:
            url, headers = f"{box.url}/notes", {"x-api-key": key}
            return [requests.post(url, json=BODY, headers=headers, timeout=10).status_code for _ in range(times)]

        assert statuses("sandbox-key", 3) == [201, 201, 429]
        assert statuses("second", 3) == [201, 201, 429]
        assert {len(box.notes_of(key)) for key in ("sandbox-key", "second")} == {2}
        assert len({note.id for note in box.notes}) == 4
        box.set_limit(None)
        assert statuses("third", 1) == [401]
