"""A sandbox in a process of its own can be looked into, reshaped and ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import requests

from importer.sandbox import Fault, Sandbox, serve_forever

KEY = {"x-api-key": "practice"}
JSON = {"Content-Type": "application/json"}
BODY = {"content": "hello", "visibility": "1", "prospectIds": ["a"]}
OPTIONS = [
    "--port",
    "0",
    "--rate-limit",
    "100/1s",
    "--fault",
    "500@2",
    "--fault",
    "reset:after@3",
    "--key",
    "practice",
    "--seed",
    "4",
]


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "importer", "sandbox", *OPTIONS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_process_serves_until_it_is_told_to_end(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.fullmatch(
        r"Sandbox of the Saleshandy API: (http://127\.0\.0\.1:\d+/v1)  \(key: .*; stop with Ctrl-C\)\n", line
    )
    assert found, line
    assert "practice" not in line
    seen = [requests.post(f"{found[1]}/notes", json=BODY, headers=KEY, timeout=10) for _ in range(2)]
    assert [reply.status_code for reply in seen] == [201, 500]
    assert seen[0].headers["x-ratelimit-limit"] == "100"
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{found[1]}/notes", json=BODY, headers=KEY, timeout=10)
    received, notes = (requests.get(process.stdout.readline().split()[-1], timeout=10).json() for _ in range(2))
    files = requests.get(process.stdout.readline().split()[-1], timeout=10).json()
    assert (len(received["received"]), len(notes["notes"]), files) == (3, 2, {"attachments": []})
    process.terminate()
    rest, errors = process.communicate(timeout=10)
    assert (rest, errors) == ("", "")
    if os.name != "nt":  # there a process can only be killed
        assert process.returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to whole consoles")
def test_ctrl_c_ends_it_quietly(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for _ in range(4):
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == 0


def test_a_mistaken_option_is_explained() -> None:
    command = [sys.executable, "-m", "importer", "sandbox", "--fault", "nonsense"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 2
    assert "'nonsense' is not a fault" in done.stderr


def test_a_port_in_use_is_explained() -> None:
    with Sandbox() as box:
        command = [sys.executable, "-m", "importer", "sandbox", "--port", str(box.port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 2
    assert f"Port {box.port} can't be served" in done.stderr


def test_the_inside_can_be_seen_without_leaving_a_trace() -> None:
    with Sandbox(faults=[Fault.parse("500:any")], latency=0.0) as box:
        requests.post(f"{box.url}/notes", json=BODY, headers={"x-api-key": "sandbox-key"}, timeout=10)
        replied = requests.get(box.page("received"), timeout=10)
        assert "sandbox-key" not in replied.text
        (received,) = replied.json()["received"]
        assert (received["number"], received["body"], received["status"]) == (1, BODY, 500)
        assert received["at"].endswith("Z")
        assert requests.get(box.page("notes"), timeout=10).json() == {"notes": []}
        assert requests.get(box.page("other"), timeout=10).status_code == 404
        assert len(box.received) == 1


def test_faults_and_limit_can_be_set_from_outside() -> None:
    with Sandbox() as box:
        assert requests.post(box.page("faults"), json=["503@1"], timeout=10).json() == {"faults": ["503:before"]}
        assert requests.post(box.page("limit"), json="2/h", timeout=10).json() == {"limit": "2/h"}
        send = {"url": f"{box.url}/notes", "json": BODY, "headers": {"x-api-key": "sandbox-key"}, "timeout": 10}
        assert [requests.post(**send).status_code for _ in range(3)] == [503, 201, 429]  # type: ignore[arg-type]
        assert requests.post(box.page("limit"), data="null", headers=JSON, timeout=10).status_code == 200
        assert requests.post(**send).status_code == 201  # type: ignore[arg-type]


@pytest.mark.parametrize(("path", "sent"), [("faults", ["nonsense"]), ("faults", "500"), ("faults", [5]), ("limit", 5)])
def test_a_mistake_from_outside_is_explained_and_changes_nothing(path: str, sent: object) -> None:
    with Sandbox() as box:
        reply = requests.post(box.page(path), json=sent, timeout=10)
        assert reply.status_code == 400
        assert reply.json()["message"]


def test_it_can_be_started_and_stopped_by_hand_and_is_silent_then() -> None:
    box = Sandbox()
    with box:
        url, session = box.url, requests.Session()
        session.post(f"{url}/notes", json=BODY, headers={"x-api-key": "sandbox-key"}, timeout=10)
    box.stop()
    with session, pytest.raises(requests.ConnectionError):
        session.get(f"{url}/prospects", timeout=10)
    assert len(box.notes) == len(box.received) == 1
    with box:
        assert requests.get(f"{box.url}/prospects", timeout=10).status_code == 401
    assert not [thread for thread in threading.enumerate() if thread.name == "sandbox"]


def test_serving_hands_its_line_to_whoever_prints() -> None:
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serve_forever(say, port=0)
    assert lines[0].startswith("Sandbox of the Saleshandy API: http://127.0.0.1:")
