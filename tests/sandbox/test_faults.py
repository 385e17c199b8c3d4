"""Each fault does to the client and to the notes what its description says."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.exceptions import ChunkedEncodingError, ContentDecodingError

from tests.sandbox import Fault, Sandbox
from tests.sandbox.faults import KINDS

KEY = {"x-api-key": "sandbox-key"}
PROSPECTS = ["a", "b", "c"]
BODY = {"content": "hello", "visibility": "1", "prospectIds": PROSPECTS}


def post(box: Sandbox, **options: Any) -> requests.Response:
    return requests.post(f"{box.url}/notes", json=BODY, headers=KEY, **({"timeout": 10} | options))


def made(box: Sandbox) -> list[str]:
    return [note.prospect_id for note in box.notes]


def struck(*texts: str) -> Sandbox:
    return Sandbox(faults=[Fault.parse(text) for text in texts])


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


def eventually(becomes: Callable[[], object]) -> None:
    """Look until it is so; the test's own time limit ends what never comes."""
    while not becomes():
        time.sleep(0.005)


@pytest.mark.parametrize("kind", ["hang", "late"])
def test_stopping_does_not_wait_for_a_fault(kind: str) -> None:
    """The fault would outlast the time that a test may take."""
    box = struck(f"{kind}=3600:before").start()
    lost: list[Exception] = []

    def ask() -> None:
        try:
            post(box, timeout=3600)
        except requests.RequestException as error:
            lost.append(error)

    client = threading.Thread(target=ask)
    client.start()
    eventually(lambda: box.received and box.received[0].body)
    box.stop()
    client.join()
    assert len(lost) == 1
    assert made(box) == []


UNREADABLE = (requests.JSONDecodeError, ChunkedEncodingError, ContentDecodingError)
SPOILT = "empty html not-json null truncated bad-gzip redirect html-502 gateway-502 400-token".split()


@pytest.mark.parametrize(("when", "applied"), BOTH)
@pytest.mark.parametrize("kind", SPOILT)
def test_a_reply_is_spoilt_whether_the_notes_were_made_or_not(kind: str, when: str, applied: list[str]) -> None:
    with struck(f"{kind}:{when}") as box:
        with contextlib.suppress(*UNREADABLE):
            assert not post(box, allow_redirects=False).json().get("payload")
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
        ("true-null", [("a", True, False), ("b", True, True), ("c", True, False)], ["b"]),
        (
            "two-answers",
            [("a", True, True), ("a", False, False), ("b", True, True), ("c", True, True), ("c", False, False)],
            ["b"],
        ),
        ("contradictory", [("a", True, False), ("b", False, True), ("c", True, True), ("c", False, False)], []),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_entries_are_spoilt_and_their_notes_made_or_not(
    kind: str, when: str, answered: list[tuple[str, bool, bool]], made_if_before: list[str]
) -> None:
    with struck(f"{kind}:{when}") as box:
        assert entries(box) == answered
        assert made(box) == (made_if_before if when == "before" else PROSPECTS)


def statuses(box: Sandbox, count: int) -> str:
    with box:
        return "".join("x" if post(box).status_code == 500 else "." for _ in range(count))


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("500", "xxxxxxxx"),
        ("500@3", "..x....."),
        ("500@2,5", ".x..x..."),
        ("500@3-5", "..xxx..."),
        ("500@1,4-5", "x..xx..."),
        ("500@6-", ".....xxx"),
        ("500@*/3", "..x..x.."),
        ("500:x2", "xx......"),
        ("500:once@4-", "...x...."),
        ("500%0", "........"),
        ("500%1", "xxxxxxxx"),
        ("500:any@2", ".x......"),
        ("500:GET", "........"),
    ],
)
def test_a_fault_strikes_the_requests_its_text_names(text: str, pattern: str) -> None:
    assert statuses(struck(text), 8) == pattern


def test_the_common_kinds_are_in_the_document() -> None:
    text = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    kinds = re.findall(r"^\| `([^`]+)`", text.partition("| kind of fault |")[2], re.MULTILINE)
    known = [name.split(" ")[0] for name in KINDS]
    assert [Fault.parse(kind).kind for kind in kinds] == known[: len(kinds)]
