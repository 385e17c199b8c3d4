"""What stands between a client and the API speaks in its place, remembers, dates and turns away as it is told to."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

import pytest
import requests

from tests.sandbox import Fault, Limit, Sandbox

KEY = {"x-api-key": "sandbox-key"}
BODY = {"content": "hello", "visibility": "1", "prospectIds": ["a"]}


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_776_769_027.0  # 2026-04-21 10:57:07 UTC

    def __call__(self) -> float:
        return self.now


def struck(*texts: str, **options: Any) -> Sandbox:
    return Sandbox(faults=[Fault.parse(text) for text in texts], **options)


def post(box: Sandbox, **changes: object) -> requests.Response:
    return requests.post(f"{box.url}/notes", json=BODY | changes, headers=KEY, timeout=10, allow_redirects=False)


def look(box: Sandbox, query: str = "", **headers: str) -> requests.Response:
    return requests.get(f"{box.url}/prospects/a/notes{query}", headers=KEY | headers, timeout=10)


def contents(box: Sandbox, query: str = "", **headers: str) -> list[str]:
    return [note["content"] for note in look(box, query, **headers).json()["payload"]["notes"]]


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 413, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("kind", ["html", "gateway"])
def test_a_gateway_speaks_in_the_apis_place_after_the_notes_are_made(kind: str, status: int) -> None:
    """In HTML, or in JSON that isn't laid out as the API's; without the API's headers."""
    with struck(f"{kind}-{status}:after@1", limit=Limit.parse("100/h:headers")) as box:
        reply = post(box)
        assert reply.status_code == status
        assert len(box.notes) == 1
        assert not [name for name in reply.headers if name.startswith("x-ratelimit")]
        assert ("Location" in reply.headers) == (status == 302)
        if kind == "html":
            assert f"<h1>{status} " in reply.text
        else:
            assert list(reply.json()) == ["message"]
        assert "x-ratelimit-remaining" in post(box).headers


def test_a_gateways_words_for_a_lost_route_are_known() -> None:
    with struck("gateway-404") as box:
        assert post(box).json() == {"message": "no Route matched with those values"}


def test_a_gateway_may_have_waited_for_what_the_api_has_long_done() -> None:
    """The note is there while the reply isn't."""
    box = struck("html-404:after:slow=3600").start()
    lost: list[Exception] = []

    def ask() -> None:
        try:
            requests.post(f"{box.url}/notes", json=BODY, headers=KEY, timeout=3600)
        except requests.RequestException as error:
            lost.append(error)

    client = threading.Thread(target=ask)
    client.start()
    while not box.notes:
        time.sleep(0.005)
    assert box.received[0].status is None
    box.stop()
    client.join()
    assert len(lost) == 1
    with struck("html-404:after:slow=0.05") as box:
        assert post(box).elapsed.total_seconds() >= 0.05


@pytest.mark.parametrize(
    ("text", "date"), [("clock=1200", "11:17:07"), ("clock=-7", "10:57:00"), ("clock=9:GET", "10:57:07")]
)
def test_a_gateways_clock_dates_replies_and_not_notes(text: str, date: str) -> None:
    with struck(text, time_source=Time()) as box:
        assert post(box).headers["Date"] == f"Tue, 21 Apr 2026 {date} GMT"
        assert look(box).json()["payload"]["notes"][0]["createdAt"] == "2026-04-21T10:57:07.000Z"


def test_a_cache_shows_what_was_there_before() -> None:
    """By address and for its time; who says no-cache, or asks elsewhere, sees what is there. It spends no call."""
    clock = Time()
    with struck("cache=300", time_source=clock, limit=Limit.parse("9/h:headers:first-call:shared")) as box:
        assert contents(box) == []
        post(box)
        clock.now += 299
        assert contents(box) == []
        assert box.received[-1].fault == "cache"
        assert look(box).headers.get("x-ratelimit-remaining") is None
        assert look(box, "?skip=0").headers["x-ratelimit-remaining"] == "6"
        assert contents(box, "?take=100") == ["<p>hello</p>"]
        assert contents(box, **{"Cache-Control": "max-age=0, No-Cache"}) == ["<p>hello</p>"]
        post(box, content="later")
        assert contents(box) == ["<p>hello</p>"]
        clock.now += 300
        assert contents(box) == ["<p>later</p>", "<p>hello</p>"]


@pytest.mark.parametrize(
    ("parts", "status", "page"),
    [("", 404, "<h1>404 "), (":400", 400, "<h1>400 "), (":json", 404, '{"message":"no Route')],
)
def test_a_route_is_lost_for_a_while(parts: str, status: int, page: str) -> None:
    """From the request that it strikes on, for everybody; nothing is applied meanwhile."""
    clock = Time()
    with struck(f"lost-route=8@2{parts}", time_source=clock) as box:
        assert post(box).status_code == 201
        for _ in range(2):
            assert post(box).status_code == look(box).status_code == status
            assert page in post(box).text
            clock.now += 3.9
        clock.now += 0.3
        assert post(box).status_code == 201
        assert len(box.notes) == 2
        assert [received.fault for received in box.received if received.status == status] == ["lost-route"] * 6


def test_a_route_that_is_lost_without_more_is_found_again() -> None:
    clock = Time()
    with struck("lost-route=8", time_source=clock) as box:
        assert post(box).status_code == 404
        clock.now += 8
        assert [post(box).status_code for _ in range(2)] == [201, 201]


def test_a_firewall_turns_away_what_holds_a_word() -> None:
    with struck("firewall=drop table") as box:
        assert post(box).status_code == 201
        reply = post(box, content="We DROP TABLE seven, he said")
        assert (reply.status_code, "<h1>403 " in reply.text) == (403, True)
        assert [note.sent_content for note in box.notes] == ["hello"]
        assert box.received[-1].fault == "firewall"
        changed = {"url": f"{box.url}/notes/{box.notes[0].id}", "json": {"content": "drop table"}, "headers": KEY}
        assert requests.patch(**changed, timeout=10).status_code == 403  # type: ignore[arg-type]
        assert look(box).status_code == 200


def test_a_limiter_answers_503_and_doesnt_say_how_long() -> None:
    """Calls come evenly: ten a second are one each 100 ms, and what was turned away counts for nothing."""
    clock = Time()
    with struck("limit-req=10/1s", time_source=clock) as box:
        seen = []
        for step in (0, 0, 0.05, 0.051, 0, 5, 0, 0.101):
            clock.now += step
            seen.append(post(box))
        assert [reply.status_code for reply in seen] == [201, 503, 503, 201, 503, 201, 503, 201]
        assert "retry-after" not in seen[1].headers
        assert "<h1>503 " in seen[1].text
        assert len(box.notes) == 4


def test_a_limiter_lets_some_come_at_once_and_answers_as_it_is_told() -> None:
    clock = Time()
    with struck("limit-req=10/1s+2:429:json:POST", time_source=clock) as box:
        assert [post(box).status_code for _ in range(5)] == [201, 201, 201, 429, 429]
        assert post(box).json() == {"message": "API rate limit exceeded"}
        assert look(box).status_code == 200
        clock.now += 0.2
        assert [post(box).status_code for _ in range(3)] == [201, 201, 429]


def test_so_many_calls_may_be_in_flight() -> None:
    """The third is turned away while two are; what is turned away isn't in flight."""
    box = struck("limit-conn=2", latency=3600).start()
    body = json.dumps(BODY)
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", box.port), timeout=10) as raw:
            raw.sendall(
                f"POST /v1/notes HTTP/1.1\r\nHost: 127.0.0.1:{box.port}\r\nx-api-key: sandbox-key\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            )
    while len(box.received) < 2:
        time.sleep(0.005)
    assert [post(box).status_code for _ in range(3)] == [503] * 3
    box.stop()
    with struck("limit-conn=1") as box, requests.Session() as session:
        for _ in range(50):
            assert session.post(f"{box.url}/notes", json=BODY, headers=KEY, timeout=10).status_code == 201


def test_a_connection_that_is_used_again_was_just_closed() -> None:
    """Nothing of the body is read, and a new connection is as good as ever."""
    with struck("stale@1") as box, requests.Session() as session:
        ask = {"url": f"{box.url}/notes", "json": BODY, "headers": KEY, "timeout": 10}
        assert session.post(**ask).status_code == 201  # type: ignore[arg-type]
        with pytest.raises(requests.ConnectionError):
            session.post(**ask)  # type: ignore[arg-type]
        assert session.post(**ask).status_code == 201  # type: ignore[arg-type]
        assert (box.received[1].body, box.received[1].fault) == (None, "stale:before")
        assert [received.status for received in box.received] == [201, None, 201]


def test_a_new_note_is_shown_only_after_a_while() -> None:
    """Published or draft; it exists all the time."""
    clock = Time()
    with struck("lag=5", time_source=clock, notes_behind=60) as box:
        post(box)
        post(box, status="0")
        assert len(box.notes) == 2
        clock.now += 4.9
        payload = look(box).json()["payload"]
        assert (payload["notes"], payload["draftNote"], payload["pagination"]["hasMore"]) == ([], None, False)
        clock.now += 0.1
        payload = look(box).json()["payload"]
        assert len(payload["notes"]) == 1
        assert payload["draftNote"] is not None


def test_each_note_may_have_a_lag_of_its_own() -> None:
    """Up to the one given, as the seed decides: they are shown in another order than they were made in."""
    seen: list[list[int]] = []
    for seed in (1, 1, 2):
        clock = Time()
        with struck("lag-each=10", time_source=clock, seed=seed) as box:
            for number in range(12):
                post(box, content=str(number))
            counts = []
            for _ in range(11):
                counts.append(len(contents(box)))
                clock.now += 1
            assert (counts[0], counts[-1]) == (0, 12)
            assert counts == sorted(counts)
            assert len(set(counts)) > 4
            seen.append(counts)
    assert seen[0] == seen[1] != seen[2]


def test_one_of_two_copies_may_lag() -> None:
    """Every second look comes to it."""
    with struck("lag=60@*/2", time_source=Time()) as box:
        post(box)
        assert [len(contents(box)) for _ in range(4)] == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("how", "sent", "shown"),
    [
        ("emoji", "Hi 👋🏽 there ☎ 日本", "<p>Hi  there  日本</p>"),
        ("quotes", 'He said "it\'s ("so")"', "<p>He said “it’s (“so”)”</p>"),
        ("spaces", "a  b\u00a0 c\nd", "<p>a b c<br>d</p>"),
        ("cut-4", "a & bcd", "<p>a &amp; </p>"),
        ("cut-4", "<b>ab</b>cdef<i>g</i>", "<b>ab</b>cd<i></i>"),
        ("quotes", '<a href="x">"y"</a>', '<a href="x">“y”</a>'),
    ],
)
def test_texts_are_shown_otherwise_than_they_were_sent(how: str, sent: str, shown: str) -> None:
    """The tags as they are; what is kept is what was sent."""
    with struck(f"rewrite={how}") as box:
        post(box, content=sent)
        assert contents(box) == [shown]
        assert box.notes[0].sent_content == sent


def test_what_stands_leaves_room_for_what_strikes() -> None:
    """A clock, a lag and a rewriting at once, and a fault of one request beside them."""
    with struck("clock=60", "lag=9", "rewrite=emoji", "rewrite=quotes", "500:after@2", time_source=Time()) as box:
        replies = [post(box), post(box), post(box)]
        assert [reply.status_code for reply in replies] == [201, 500, 201]
        assert {reply.headers["Date"] for reply in replies} == {"Tue, 21 Apr 2026 10:58:07 GMT"}
        assert contents(box) == []


def test_faults_that_replace_others_begin_anew() -> None:
    """Nothing is remembered of a cache or a limiter that was taken away."""
    with struck("cache=60", "limit-req=1/1s:POST", time_source=Time()) as box:
        look(box)
        assert [post(box).status_code for _ in range(2)] == [201, 503]
        box.set_faults([Fault.parse("cache=60"), Fault.parse("limit-req=1/1s:POST")])
        assert len(contents(box)) == 1
        assert post(box).status_code == 201
