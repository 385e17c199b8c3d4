"""One call is one attempt: what leaves, how much of a reply is taken, and what a lost connection means."""

import socket
from typing import Any

import pytest

from importer.api import API_REFUSED, Cause, Endpoint
from importer.messages import render
from tests.api.canned import (
    Call,
    Canned,
    called,
    create,
    entry,
    failure_of,
    find,
    posted,
    reply,
    results,
    taken,
    update,
    value_of,
)  # fmt: skip

pytestmark = pytest.mark.usefixtures("dead_proxies")

# -- what leaves ------------------------------------------------------------------------------------------------------


def test_neither_proxies_nor_a_netrc_of_the_machine_come_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password netrc-secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with Canned(reply(results(entry("P1", "N1")))) as server:
        value_of(posted(server, ["P1"]))
    assert b"authorization" not in server.requests[0].lower()
    assert b"netrc-secret" not in server.requests[0]


def test_every_reply_brings_its_headers_and_times() -> None:
    answer = taken(reply(results(), "201 Created", "X-RateLimit-Remaining: 7"))
    assert (answer.kind, answer.status) == (Endpoint.CREATE, 201)
    assert answer.headers["x-ratelimit-remaining"] == "7"
    assert answer.began <= answer.came


def test_what_is_read_comes_from_no_cache() -> None:
    """Else a look-up might show what was there before the note came."""
    with Canned(reply({"payload": {"notes": []}}, "200 OK")) as server:
        value_of(called(server.url, find))
    assert b"\r\ncache-control: no-cache\r\n" in server.requests[0].lower()


# -- what comes back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "pause", "cause"),
    [
        ([], 0.0, Cause.LOST),  # never an answer
        ([b"HTTP/1.1 201 Created\r\nx-slow: "] + [b"y"] * 500, 0.1, Cause.LOST),  # headers without end
        ([b"HTTP/1.1 201 Created\r\n"] + [b"x: y\r\n"] * 90, 0.1, Cause.LOST),
        # a body without end
        ([b"HTTP/1.1 201 Created\r\nContent-Length: 9999\r\n\r\n"] + [b" "] * 500, 0.1, Cause.UNREADABLE),
    ],
)
def test_no_reply_is_waited_for_without_end(pieces: list[bytes], pause: float, cause: Cause) -> None:
    with Canned(*pieces, pause=pause, stays=True) as server:
        failure = failure_of(posted(server, read_timeout=0.3))
    assert (failure.cause, failure.is_applied) == (cause, None)


def test_a_reply_that_comes_after_hints_is_not_the_next_calls() -> None:
    hints, late = b"HTTP/1.1 103 Early Hints\r\n\r\n", reply({"payload": {"notes": []}}, "200 OK")
    with Canned(hints, late, pause=0.2, stays=True) as server:
        assert called(server.url, lambda api: find(api) and find(api)).status == 103


# -- how much of a reply is taken -------------------------------------------------------------------------------------

MEGABYTE = b" " * 1_000_000
SOCKETS_HOLD = 20  # megabytes that may be on their way between server and client, at the most


@pytest.mark.parametrize("location", ["Location: http://elsewhere.example/", "Location: http://[::1/", "X: y"])
def test_of_a_redirect_no_body_is_read_and_no_target_hides_it(location: str) -> None:
    head = reply(b"", "302 Found", location, length=200_000_000)
    with Canned(head, *[MEGABYTE] * 200) as server:
        failure = failure_of(posted(server))
    assert failure.cause is Cause.REDIRECTED
    assert "redirect" in render(failure.text)
    assert server.sent < SOCKETS_HOLD * 1_000_000


@pytest.mark.parametrize("call", [create, update])
@pytest.mark.parametrize(
    ("status", "cause"),
    [("200 OK", Cause.UNREADABLE), ("500 Error", Cause.FAILED), ("404 Not Found", Cause.INTERMEDIARY)],
)
def test_of_a_reply_no_more_is_read_than_the_call_may_bring(call: Call, status: str, cause: Cause) -> None:
    """Nor is what is too large ever the API's own words."""
    with Canned(reply(b"", status, length=200_000_000), *[MEGABYTE] * 200) as server:
        failure = failure_of(called(server.url, call))
    assert server.sent < SOCKETS_HOLD * 1_000_000
    assert failure.cause is cause
    assert failure.cause not in API_REFUSED
    assert failure.is_applied is None


# -- surely not applied -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [create, find])
def test_nobody_there_means_not_sent_and_names_the_place(call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    answer = called(f"http://127.0.0.1:{port}/v1", call)
    failure = failure_of(answer)
    assert (failure.cause, failure.is_applied) == (Cause.UNREACHABLE, False)
    assert f"127.0.0.1:{port} could not be reached" in render(failure.text)
    assert not answer.has_left
