"""Whatever answers a request, and however late it is applied, each note is created once and each row has its own."""

import json
import re
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from importer.errors import WrongAddress
from importer.importing.report import Report
from tests.between import Between, reset
from tests.delivering import KEY, counts, deliver
from tests.jumping import Jumping, jumping
from tests.sandbox import Sandbox
from tests.truth import Line

LINES = [Line(f"P{number}", f"Call number {number}") for number in range(6)]
SHARED = [Line(f"P{prospect}", f"Call number {note}") for note in range(4) for prospect in range(3)]
PATIENT: dict[str, Any] = {"read_timeout": 60.0, "settle": 5.0}

Answer = Callable[[Between, bytes], bytes | None]
"""What a gateway replies to a request; nothing: it resets the connection."""


def reply(status: str, document: object) -> bytes:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


UNKNOWN = reply("404 Not Found", {"code": 1001, "message": "Prospect not found"})


def gateway_before(box: Sandbox, answer: Answer) -> Between:
    def act(gateway: Between, client: socket.socket, request: bytes) -> None:
        if (said := answer(gateway, request)) is None:
            reset(client)
        else:
            client.sendall(said)

    return Between(box.url, act)


def imported(
    box: Sandbox, folder: Path, answer: Answer, lines: Sequence[Line] = LINES, **how: object
) -> tuple[Report, Between]:
    with gateway_before(box, answer) as gateway:
        return deliver(box, folder, lines, base_url=gateway.url, **{"workers": 1, **how}), gateway


def all_are_there_once(
    box: Sandbox, folder: Path, answer: Answer, lines: Sequence[Line] = LINES, **how: object
) -> None:
    report, _ = imported(box, folder, answer, lines, **how)
    assert counts(report) == Counter({"created": len(lines)})
    assert len(box.notes) == len(lines)


@contextmanager
def late(seconds: float, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Jumping, Callable[[Between, bytes], None]]]:
    """A clock, and what passes a request on only after so many seconds by it."""
    waiting: list[tuple[float, Between, bytes]] = []
    with jumping() as clock:
        put_forward = clock.jump

        def jump(by: float) -> None:
            put_forward(by)
            while waiting and clock() >= waiting[0][0]:
                _, gateway, request = waiting.pop(0)
                gateway.passed_on(request)

        monkeypatch.setattr(clock, "jump", jump)
        yield clock, lambda gateway, request: waiting.append((clock() + seconds, gateway, request))
        assert not waiting, "it was never passed on"


def applied_late(
    said: bytes | None, seconds: float, folder: Path, monkeypatch: pytest.MonkeyPatch, settle: float
) -> None:
    """The fourth request is answered at once, and passed on only later."""
    with late(seconds, monkeypatch) as (_, pass_on_later), Sandbox(api_key=KEY) as box:

        def answer(gateway: Between, request: bytes) -> bytes | None:
            if request.startswith(b"POST") and len(gateway.posts) == 4:
                pass_on_later(gateway, request)
                return said
            return gateway.passed_on(request)

        all_are_there_once(box, folder, answer, read_timeout=60.0, settle=settle)


@pytest.mark.parametrize("seconds", [10.0, 90.0, 290.0])
@pytest.mark.parametrize(
    "said",
    [
        reply("201 Created", {"message": "ok", "payload": {"results": []}}),
        reply("200 OK", {"message": "Notes are being created"}),
        reply("202 Accepted", {"message": "Accepted", "payload": None}),
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
    ids=["no entries", "another layout", "202", "204"],
)
def test_what_is_confirmed_without_a_note_may_be_applied_minutes_later(
    said: bytes, seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied_late(said, seconds, tmp_path, monkeypatch, settle=5.0)


def test_a_request_whose_connection_is_reset_at_once_may_be_applied_as_late_as_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied_late(None, 20.0, tmp_path, monkeypatch, settle=0.05)


@pytest.mark.parametrize("is_applied", [True, False])
def test_a_prospect_that_reads_do_not_know_yet_proves_nothing(is_applied: bool, tmp_path: Path) -> None:
    with jumping() as clock, Sandbox(api_key=KEY) as box:
        known_at = clock() + 20.0

        def answer(gateway: Between, request: bytes) -> bytes | None:
            if request.startswith(b"POST") and len(gateway.posts) == 4:
                if is_applied:
                    gateway.passed_on(request)
                return None
            return UNKNOWN if request.startswith(b"GET") and clock() < known_at else gateway.passed_on(request)

        all_are_there_once(box, tmp_path, answer, settle=5.0, read_timeout=1.0)


@pytest.mark.parametrize("way", ["the last one again", "the first one, from a store"])
@pytest.mark.parametrize("every", [2, 3, 5])
def test_a_reply_of_another_request_is_believed_by_none(way: str, every: int, tmp_path: Path) -> None:
    given: list[bytes] = []

    def answer(gateway: Between, request: bytes) -> bytes:
        own = gateway.passed_on(request)
        if request.startswith(b"POST"):
            if given and len(gateway.posts) % every == 0:
                return given[-1] if way == "the last one again" else given[0]
            given.append(own)
        return own

    with jumping(), Sandbox(api_key=KEY) as box:
        all_are_there_once(box, tmp_path, answer, SHARED)


def test_a_gateways_413_halves_at_once_by_bytes(tmp_path: Path) -> None:
    """A limit of 1 kB: nothing is waited for, only the sample is looked up, a long note shrinks no other's batches."""
    too_large = b"HTTP/1.1 413 Too Large\r\ncontent-type: text/html\r\ncontent-length: 17\r\n\r\n<html>too large.."

    def answer(gateway: Between, request: bytes) -> bytes:
        is_long = request.startswith(b"POST") and len(request.partition(b"\r\n\r\n")[2]) > 1000
        return too_large if is_long else gateway.passed_on(request)

    lines = [Line(f"P{number:03}", "A short note") for number in range(200)]
    lines += [Line(f"P{number:03}", "A long note " + "x" * 2000) for number in range(2)]
    with jumping() as clock, Sandbox(api_key=KEY) as box:
        began = clock()
        report, gateway = imported(box, tmp_path, answer, lines, batch_size=100, **PATIENT)
        assert counts(report) == Counter({"created": 200, "rejected": 2})
        assert len(box.notes) == 200
        assert len(gateway.requests) - 1 - 10 == len(gateway.posts) < 20  # without the first call and the sample
        assert clock() - began < 5


def test_replies_of_another_layout_are_told_within_a_minute(tmp_path: Path) -> None:
    def answer(gateway: Between, request: bytes) -> bytes:
        head, _, body = gateway.passed_on(request).partition(b"\r\n\r\n")
        body = body.replace(b'"payload"', b'"data"')
        return re.sub(rb"(?i)content-length: \d+", b"content-length: %d" % len(body), head) + b"\r\n\r\n" + body

    with jumping() as clock, Sandbox(api_key=KEY) as box:
        began = clock()
        report, _ = imported(box, tmp_path, answer, **PATIENT)
        assert clock() - began < 90
        assert isinstance(report.stopped, WrongAddress)
        assert report.exit_status == 4
        assert "the API's reference describes 'payload'" in str(report.stopped)
        assert "'data'" in str(report.stopped)
