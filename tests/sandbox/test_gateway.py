"""What stands between a client and the API speaks in its place, remembers, dates and turns away as it is told to."""

from __future__ import annotations

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


@pytest.mark.parametrize("status", [302, 404, 429, 502])
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
