"""The rate limit is the service's, and turns calls away; in modes it announces itself, and counts in other ways."""

import subprocess
import sys

import pytest
import requests

from tests.sandbox import REFERENCE, Limit, Sandbox
from tests.sandbox.conftest import Time, call, post

REFUSED: dict[str, object] = {"code": 40000, "message": "Rate Limit exceeded"}


def read(box: Sandbox, path: str) -> requests.Response:
    return call(box, "GET", path)


def test_each_kind_of_call_has_twenty_a_minute_and_no_header_tells_of_it() -> None:
    time = Time()
    with Sandbox(limit=REFERENCE, time_source=time) as box:
        assert [post(box).status_code for _ in range(21)] == [201] * 20 + [400]
        reply = post(box)
        assert (reply.status_code, reply.json()) == (400, REFUSED)
        assert not {"retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"} & {*map(str.lower, reply.headers)}
        assert [read(box, f"/prospects/p{number}/notes").status_code for number in range(21)] == [200] * 20 + [400]
        assert [read(box, "/prospects").status_code for _ in range(21)] == [200] * 20 + [400]
        assert len(box.notes) == 20
        time.now += 60
        assert post(box).status_code == 201


def test_all_kinds_together_have_a_limit_of_their_own() -> None:
    with Sandbox(limit=Limit(20, 60.0, in_all=3), time_source=Time()) as box:
        assert [read(box, "/prospects").status_code for _ in range(2)] == [200, 200]
        assert [post(box).status_code for _ in range(2)] == [201, 400]
        assert read(box, "/prospects/a/notes").json() == REFUSED


def test_a_sandbox_for_which_no_limit_is_named_has_the_services() -> None:
    """All tests of this project but this one have none then."""
    program = "from tests.sandbox import REFERENCE, Sandbox; print(Sandbox().limit == REFERENCE)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout == "True\n"
    assert Limit.parse("20/min:all=300") == REFERENCE


@pytest.mark.parametrize(
    ("text", "reset"),
    [
        ("2/1s:headers", "2026-04-21T10:57:08.000Z"), ("2/500ms:headers", "2026-04-21T10:57:07.500Z"),
        ("2/1s:headers:first-call", "2026-04-21T10:57:08.250Z"), ("2/1s:headers:sliding", "2026-04-21T10:57:08.250Z"),
        ("9/1s:all=2:headers", "2026-04-21T10:57:08.000Z"),
    ],
)  # fmt: skip
def test_every_reply_may_announce_the_limit_in_the_chosen_form(text: str, reset: str) -> None:
    with Sandbox(limit=Limit.parse(text), time_source=Time()) as box:
        left = []
        for _ in range(3):
            headers = post(box).headers
            assert headers["x-ratelimit-reset"] == reset
            left.append(headers["x-ratelimit-remaining"])
        assert left == ["1", "0", "0"]


@pytest.mark.parametrize(("words", "opens_after"), [("", 0.75), (":first-call", 1.0), (":sliding", 1.0)])
def test_a_new_window_opens_when_the_old_one_ends(words: str, opens_after: float) -> None:
    time = Time()
    with Sandbox(limit=Limit.parse("1/1s" + words), time_source=time) as box:
        assert post(box).status_code == 201
        time.now += opens_after - 0.001
        assert post(box).status_code == 400
        time.now += 0.001
        assert post(box).status_code == 201
