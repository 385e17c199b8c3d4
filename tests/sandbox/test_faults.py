"""Each fault does to the client and to the notes what its description says."""

from __future__ import annotations

import gzip
import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.sandbox import Fault, Limit, Received, Sandbox, UploadBehaviour
from tests.sandbox.faults import KINDS

KEY = {"x-api-key": "sandbox-key"}
PROSPECTS = ["a", "b", "c"]
BODY = {"content": "hello", "visibility": "1", "prospectIds": PROSPECTS}


def post(box: Sandbox, **options: Any) -> requests.Response:
    return requests.post(f"{box.url}/notes", json=BODY, headers=KEY, **({"timeout": 10} | options))


def show(box: Sandbox) -> requests.Response:
    return requests.get(f"{box.url}/prospects/a/notes", headers=KEY, timeout=10)


def made(box: Sandbox) -> list[str]:
    return [note.prospect_id for note in box.notes]


def struck(*texts: str) -> Sandbox:
    return Sandbox(faults=[Fault.parse(text) for text in texts])


BOTH = [("before", []), ("after", PROSPECTS)]


@pytest.mark.parametrize(("when", "applied"), BOTH)
@pytest.mark.parametrize("status", [401, 403, 404, 413, 422, 429, 500, 502, 503, 504])
def test_an_error_status_comes_before_or_after_the_notes_are_made(status: int, when: str, applied: list[str]) -> None:
    with struck(f"{status}:{when}") as box:
        reply = post(box)
        assert reply.status_code == status
        assert reply.json().keys() == {"code", "type", "message"}
        assert "retry-after" not in reply.headers
        assert made(box) == applied
        assert (box.received[0].status, box.received[0].fault) == (status, f"{status}:{when}")


@pytest.mark.parametrize("status", [429, 503])
def test_an_error_can_say_when_to_return(status: int) -> None:
    with struck(f"{status}=7") as box:
        assert post(box).headers["retry-after"] == "7"


@pytest.mark.parametrize(("when", "applied"), BOTH)
def test_a_gateway_answers_in_html(when: str, applied: list[str]) -> None:
    with struck(f"html-502:{when}") as box:
        reply = post(box)
        assert (reply.status_code, reply.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
        assert "<h1>502" in reply.text
        assert made(box) == applied


@pytest.mark.parametrize(("when", "applied"), BOTH)
def test_an_invalid_token_can_come_as_400(when: str, applied: list[str]) -> None:
    with struck(f"400-token:{when}") as box:
        reply = post(box)
        assert (reply.status_code, reply.json()["code"], reply.json()["message"]) == (400, 1001, "Invalid token")
        assert made(box) == applied


@pytest.mark.parametrize(("when", "applied"), BOTH)
@pytest.mark.parametrize("kind", ["close", "reset", "hang=0.01"])
def test_a_connection_is_lost_without_a_reply(kind: str, when: str, applied: list[str]) -> None:
    with struck(f"{kind}:{when}") as box:
        with pytest.raises(requests.ConnectionError):
            post(box)
        assert made(box) == applied
        assert box.received[0].status is None


def test_a_reset_is_a_reset_and_not_a_farewell() -> None:
    with struck("reset") as box, socket.create_connection(("127.0.0.1", box.port), timeout=10) as raw:
        raw.sendall(b"POST /v1/notes HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 2\r\n\r\n{}" % box.port)
        with pytest.raises(ConnectionResetError):
            raw.recv(100)


def test_a_request_is_cut_before_its_body_is_read() -> None:
    with struck("cut-request@1") as box:
        with pytest.raises(requests.ConnectionError):
            post(box)
        assert made(box) == []
        assert (box.received[0].body, box.received[0].status) == (None, None)
        assert post(box).status_code == 201


@pytest.mark.parametrize(("when", "applied"), BOTH)
def test_a_hang_outlasts_the_clients_patience(when: str, applied: list[str]) -> None:
    with struck(f"hang=3600:{when}") as box:
        with pytest.raises(requests.ReadTimeout):
            post(box, timeout=0.2)
        assert made(box) == applied


def send_and_leave(box: Sandbox) -> None:
    """Send a whole request and close the connection, without a look at what comes back."""
    body = json.dumps(BODY)
    with socket.create_connection(("127.0.0.1", box.port), timeout=10) as raw:
        raw.sendall(
            f"POST /v1/notes HTTP/1.1\r\nHost: 127.0.0.1:{box.port}\r\nx-api-key: sandbox-key\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )


def eventually(becomes: Callable[[], object]) -> None:
    """Look until it is so; the test's own time limit ends what never comes."""
    while not becomes():
        time.sleep(0.005)


def test_a_late_request_is_applied_when_the_client_has_gone() -> None:
    with struck("late=0.5") as box:
        send_and_leave(box)
        eventually(lambda: made(box) == PROSPECTS)
        assert (box.notes[0].created_at - box.received[0].at).total_seconds() >= 0.5


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


@pytest.mark.parametrize(("when", "applied"), BOTH)
@pytest.mark.parametrize("kind", ["empty", "html", "not-json"])
def test_a_success_cannot_be_read(kind: str, when: str, applied: list[str]) -> None:
    with struck(f"{kind}:{when}") as box:
        reply = post(box)
        assert reply.status_code == 200
        with pytest.raises(requests.JSONDecodeError):
            reply.json()
        assert made(box) == applied


@pytest.mark.parametrize(("when", "applied"), BOTH)
def test_a_payload_is_null(when: str, applied: list[str]) -> None:
    with struck(f"null:{when}") as box:
        assert post(box).json()["payload"] is None
        assert made(box) == applied


@pytest.mark.parametrize(("when", "applied"), BOTH)
def test_a_body_ends_early(when: str, applied: list[str]) -> None:
    with struck(f"truncated:{when}") as box:
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
            post(box)
        assert made(box) == applied


@pytest.mark.parametrize(("when", "applied"), BOTH)
def test_a_body_said_to_be_gzip_is_not(when: str, applied: list[str]) -> None:
    with struck(f"bad-gzip:{when}") as box:
        with pytest.raises(requests.exceptions.ContentDecodingError):
            post(box)
        assert made(box) == applied


def test_a_body_is_compressed() -> None:
    with struck("gzip") as box:
        reply = post(box, stream=True)
        raw = reply.raw.read(decode_content=False)
        assert reply.headers["Content-Encoding"] == "gzip"
        assert len(json.loads(gzip.decompress(raw))["payload"]["results"]) == 3


def test_a_body_seems_to_have_no_end() -> None:
    with struck("huge") as box, post(box, stream=True) as reply:
        size = 0
        for block in reply.iter_content(65536):
            size += len(block)
            if size > 1_000_000:
                break
        assert "Content-Length" not in reply.headers
        assert size > 1_000_000
        assert made(box) == PROSPECTS


@pytest.mark.parametrize("kind", ["drip=0.0002", "slow-headers=0.005"])
def test_a_proper_reply_comes_slowly(kind: str) -> None:
    with struck(kind) as box:
        began = time.monotonic()
        assert len(post(box).json()["payload"]["results"]) == 3
        assert time.monotonic() - began > 0.015
        assert made(box) == PROSPECTS


@pytest.mark.parametrize(("when", "applied"), BOTH)
def test_a_redirect_names_another_address(when: str, applied: list[str]) -> None:
    with struck(f"redirect:{when}") as box:
        reply = post(box, allow_redirects=False)
        assert (reply.status_code, reply.headers["Location"]) == (307, f"http://localhost:{box.port}/v1/notes")
        assert made(box) == applied


def test_a_client_that_follows_a_redirect_is_seen_to() -> None:
    with struck("redirect@1") as box:
        post(box)
        assert [received.status for received in box.received] == [307, 201]


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
        ("false-id", [("a", False, True), ("b", True, True), ("c", False, True)], ["b"]),
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


@pytest.mark.parametrize(
    ("kind", "order"),
    [("repeated", ["a", "a", "b", "b", "c", "c"]), ("shuffled", ["c", "b", "a"]), ("wrong-id", [*"abc", "NeverAsked"])],
)
def test_entries_are_repeated_reordered_or_added(kind: str, order: list[str]) -> None:
    with struck(kind) as box:
        assert [prospect for prospect, _, _ in entries(box)] == order
        assert made(box) == PROSPECTS


def test_reading_back_can_lag_behind_or_fail() -> None:
    with struck("missing-all:GET@1", "500:GET@2") as box:
        post(box)
        assert show(box).json()["payload"]["notes"] == []
        assert show(box).status_code == 500
        assert len(show(box).json()["payload"]["notes"]) == 1
        assert [received.fault for received in box.received] == [None, "missing-all:after", "500:before", None]


def test_faults_can_be_added_and_cleared_while_it_serves() -> None:
    with Sandbox() as box:
        post(box)
        box.add_fault(Fault("500", requests={1}))
        assert post(box).status_code == 500
        assert post(box).status_code == 201
        box.add_fault(Fault("503"))
        box.clear_faults()
        assert post(box).status_code == 201


def test_latency_is_borne_by_connections_side_by_side() -> None:
    """All ten have arrived while none is answered yet."""
    box = Sandbox(latency=3600).start()
    for _ in range(10):
        send_and_leave(box)
    eventually(lambda: [received.body for received in box.received] == [BODY] * 10)
    assert [received.status for received in box.received] == [None] * 10
    box.stop()
    assert made(box) == []


def test_latency_comes_before_a_request_is_applied() -> None:
    with Sandbox(latency=0.05) as box:
        assert post(box).status_code == 201
        assert (box.notes[0].created_at - box.received[0].at).total_seconds() >= 0.05


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


def test_chance_is_repeatable_by_its_seed() -> None:
    runs = [statuses(Sandbox(faults=[Fault.parse("500%0.5")], seed=seed), 20) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
    assert 3 < runs[0].count("x") < 17


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("500@3:after", Fault("500", "after", range(3, 4))),
        ("502:after@2,5", Fault("502", "after", frozenset({2, 5}))),
        ("reset:before%0.1", Fault("reset", "before", probability=0.1)),
        ("hang=30:after@4", Fault("hang", "after", range(4, 5), seconds=30.0)),
        ("503=2:x3:GET", Fault("503", method="GET", times=3, seconds=2.0)),
        ("missing", Fault("missing", "after")),
        ("late", Fault("late", "before", seconds=30.0)),
        ("html-404:after:slow=1.5@2", Fault("html-404", "after", range(2, 3), slow=1.5)),
        (
            "lost-route=8:400:json@5",
            Fault("lost-route", None, range(5, 6), "any", seconds=8.0, answer=400, as_json=True),
        ),
        ("clock=-20", Fault("clock", method="any", seconds=-20.0)),
        ("firewall=drop table", Fault("firewall", value="drop table", answer=403)),
        ("lag=5@*/2", Fault("lag", None, range(2, sys.maxsize, 2), "GET", seconds=5.0)),
    ],
)
def test_a_fault_is_read_from_text(text: str, fault: Fault) -> None:
    assert Fault.parse(text) == fault


@pytest.mark.parametrize(
    "text",
    [
        "",
        "200",
        "nonsense",
        "500@",
        "500@x",
        "500@2,5-",
        "500@*/0",
        "500%2",
        "500%often",
        "500:later",
        "gzip:before",
        "late:after",
        "wrong-id:GET",
        "hang=long",
        "500=",
        "close=5",
        "clock",
        "clock=soon",
        "cache=-5",
        "clock=5:after",
        "firewall",
        "firewall=",
        "limit-req=often",
        "limit-req=10/1s+",
        "limit-conn=0",
        "limit-conn=many",
        "rewrite=backwards",
        "rewrite=cut-0",
        "500:404",
        "lag=5:json",
        "html-200",
        "gateway-600",
        "300",
        "500:slow",
    ],
)
def test_a_text_that_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Fault.parse(text)


def test_the_common_kinds_and_every_part_are_in_the_document() -> None:
    """A table for each; its first column has the common kinds, and examples that can be read."""
    lines = Path(__file__).with_name("README.md").read_text(encoding="utf-8").splitlines()
    title, tables = "", dict[str, list[str]]()
    for line in (line for line in lines if line.startswith("| ")):
        if line.startswith("| `"):
            tables[title].append(line.split("`")[1])
        elif not line.startswith("| ---"):
            title = line.split("|")[1].strip()
            tables[title] = []
    kinds, parts = tables["kind of fault"], tables["part of a fault, in any order"]
    known = [name.split(" ")[0] for name in KINDS]
    assert [Fault.parse(kind).kind for kind in kinds] == known[: len(kinds)]
    for part in parts:
        kind = "lost-route=5" if part in (":429", ":json") else "500"
        assert Fault.parse(kind + part) != Fault.parse(kind)
    for form in tables["rate limit (`--rate-limit`)"]:
        assert Limit.parse(form if "/" in form else f"20/1s{form}")
    for form in tables["uploads (`--uploads`)"]:
        assert UploadBehaviour.parse(form)


def test_what_was_received_is_a_value() -> None:
    with Sandbox() as box:
        post(box)
        received = box.received[0]
        assert isinstance(received, Received)
        with pytest.raises(AttributeError):
            received.status = 500  # type: ignore[misc]
