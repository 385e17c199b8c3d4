"""Whatever becomes of connections, each note is created once, and no reply is taken for another request's."""

from __future__ import annotations

import socket
from collections import Counter
from pathlib import Path

import pytest

from tests.between import Between, reset
from tests.delivering import KEY, counts, deliver
from tests.jumping import jumping
from tests.sandbox import Sandbox
from tests.truth import Line

LINES = [Line(f"P{number}", f"Call number {number}") for number in range(6)]
ALL = Counter({"created": len(LINES)})


def test_a_request_whose_connection_is_reset_at_once_may_be_applied_as_late_as_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway ends the connection as soon as it has the request, and passes the request on 20 seconds later."""
    late: list[tuple[float, bytes]] = []

    def act(gateway: Between, client: socket.socket, request: bytes) -> None:
        if request.startswith(b"POST") and len(gateway.posts) == 4:
            late.append((clock() + 20.0, request))
            reset(client)
            return
        client.sendall(gateway.passed_on(request))

    with jumping() as clock, Sandbox(api_key=KEY) as box, Between(box.url, act) as gateway:
        put_forward = clock.jump

        def jump(seconds: float) -> None:
            put_forward(seconds)
            while late and clock() >= late[0][0]:
                gateway.passed_on(late.pop(0)[1])

        monkeypatch.setattr(clock, "jump", jump)
        report = deliver(box, tmp_path, LINES, base_url=gateway.url, read_timeout=60.0, workers=1)
        assert counts(report) == ALL
        assert len(box.notes) == len(LINES)
    assert not late
