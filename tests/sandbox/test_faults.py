"""Each fault does to the client and to the notes what its description says."""

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.exceptions import ChunkedEncodingError

from tests.sandbox import Fault, Limit, Sandbox
from tests.sandbox.conftest import BODY, Time, call, look, struck
from tests.sandbox.conftest import post as one
from tests.sandbox.faults import KINDS

PROSPECTS = ["a", "b", "c"]


def post(box: Sandbox, **options: Any) -> requests.Response:
    return call(box, "POST", "/notes", json=BODY | {"prospectIds": PROSPECTS}, **options)


def made(box: Sandbox) -> list[str]:
    return [note.prospect_id for note in box.notes]


BOTH = [("before", []), ("after", PROSPECTS)]


@pytest.mark.parametrize(("when", "applied"), BOTH)
@pytest.mark.parametrize("status", [401, 413, 429, 500])
def test_an_error_status_comes_before_or_after_the_notes_are_made(status: int, when: str, applied: list[str]) -> None:
    with struck(f"{status}:{when}") as box:
        reply = post(box)
        assert reply.status_code == status
        assert reply.json().keys() == {"code", "type", "message"}
        assert "retry-after" not in reply.headers
        assert made(box) == applied
        assert (box.received[0].status, box.received[0].fault) == (status, f"{status}:{when}")


@pytest.mark.parametrize(("when", "applied"), BOTH)
@pytest.mark.parametrize("kind", ["close", "reset", "hang=0.01"])
def test_a_connection_is_lost_without_a_reply(kind: str, when: str, applied: list[str]) -> None:
    with struck(f"{kind}:{when}") as box:
        with pytest.raises(requests.ConnectionError):
            post(box)
        assert made(box) == applied
        assert box.received[0].status is None


def test_a_request_is_cut_before_its_body_is_read() -> None:
    with struck("cut-request@1") as box:
        with pytest.raises(requests.ConnectionError):
            post(box)
        assert made(box) == []
        assert (box.received[0].body, box.received[0].status) == (None, None)
        assert post(box).status_code == 201


UNREADABLE = (requests.JSONDecodeError, ChunkedEncodingError)
SPOILT = "empty html not-json null truncated redirect html-502 gateway-502 400-token".split()


@pytest.mark.parametrize(("when", "applied"), BOTH)
@pytest.mark.parametrize("kind", SPOILT)
def test_a_reply_is_spoilt_whether_the_notes_were_made_or_not(kind: str, when: str, applied: list[str]) -> None:
    with struck(f"{kind}:{when}") as box:
        with contextlib.suppress(*UNREADABLE):
            assert not post(box).json().get("payload")
        assert made(box) == applied
        assert box.received[0].fault == f"{kind}:{when}"


def entries(box: Sandbox) -> list[tuple[str, bool, bool]]:
    """What was answered: prospect, success, whether there is a note id."""
    results = post(box).json()["payload"]["results"]
    return [(entry["prospectId"], entry["success"], entry["noteId"] is not None) for entry in results]


@pytest.mark.parametrize(
    ("kind", "answered", "made_if_before"),
    [
        ("missing", [("b", True, True)], ["b"]),
        ("missing-all", [], []),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_entries_are_spoilt_and_their_notes_made_or_not(
    kind: str, when: str, answered: list[tuple[str, bool, bool]], made_if_before: list[str]
) -> None:
    with struck(f"{kind}:{when}") as box:
        assert entries(box) == answered
        assert made(box) == (made_if_before if when == "before" else PROSPECTS)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("500", "xxxxxxxx"), ("500@3", "..x....."), ("500@2,5", ".x..x..."), ("500@3-5", "..xxx..."),
        ("500@1,4-5", "x..xx..."), ("500@6-", ".....xxx"), ("500@*/3", "..x..x.."), ("500:x2", "xx......"),
        ("500:once@4-", "...x...."), ("500%0", "........"), ("500%1", "xxxxxxxx"), ("500:any@2", ".x......"),
        ("500:GET", "........"),
    ],
)  # fmt: skip
def test_a_fault_strikes_the_requests_its_text_names(text: str, pattern: str) -> None:
    with struck(text) as box:
        assert "".join("x" if post(box).status_code == 500 else "." for _ in range(8)) == pattern


def test_the_common_kinds_are_in_the_document() -> None:
    text = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    kinds = re.findall(r"^\| `([^`]+)`", text.partition("| kind of fault |")[2], re.MULTILINE)
    known = [name.split(" ")[0] for name in KINDS]
    assert [Fault.parse(kind).kind for kind in kinds] == known[: len(kinds)]


@pytest.mark.parametrize("status", [302, 404, 429, 502])
@pytest.mark.parametrize("kind", ["html", "gateway"])
def test_a_gateway_speaks_in_the_apis_place_after_the_notes_are_made(kind: str, status: int) -> None:
    with struck(f"{kind}-{status}:after@1", limit=Limit.parse("100/h:headers")) as box:
        reply = one(box)
        assert reply.status_code == status
        assert len(box.notes) == 1
        assert not [name for name in reply.headers if name.startswith("x-ratelimit")]
        assert ("Location" in reply.headers) == (status == 302)
        if kind == "html":
            assert f"<h1>{status} " in reply.text
        else:
            assert list(reply.json()) == ["message"]
        assert "x-ratelimit-remaining" in one(box).headers


@pytest.mark.parametrize(
    ("parts", "status", "page"),
    [("", 404, "<h1>404 "), (":400", 400, "<h1>400 "), (":json", 404, '{"message":"no Route')],
)
def test_a_route_is_lost_for_a_while(parts: str, status: int, page: str) -> None:
    clock = Time()
    with struck(f"lost-route=8@2{parts}", time_source=clock) as box:
        assert one(box).status_code == 201
        for _ in range(2):
            assert one(box).status_code == look(box).status_code == status
            assert page in one(box).text
            clock.now += 3.9
        clock.now += 0.3
        assert one(box).status_code == 201
        assert len(box.notes) == 2
        assert [received.fault for received in box.received if received.status == status] == ["lost-route"] * 6
