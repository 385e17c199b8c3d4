"""A sandbox in a process of its own can be looked into, reshaped and ended."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.sandbox import Fault, Sandbox, demo, serve_forever
from tests.truth import Line, write_sheet

KEY = {"x-api-key": "practice"}
JSON = {"Content-Type": "application/json"}
BODY = {"content": "hello", "visibility": "1", "prospectIds": ["8PvBmrB7P7"]}
OPTIONS = [
    "--port",
    "0",
    "--rate-limit",
    "100/1s:headers",
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
    command = [sys.executable, "-m", "tests.sandbox", *OPTIONS]
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
    assert seen[0].headers["x-ratelimit-remaining"] == "99"
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{found[1]}/notes", json=BODY, headers=KEY, timeout=10)
    received, notes = (requests.get(process.stdout.readline().split()[-1], timeout=10).json() for _ in range(2))
    files = requests.get(process.stdout.readline().split()[-1], timeout=10).json()
    assert (len(received["received"]), len(notes["notes"]), files) == (3, 2, {"attachments": []})
    process.terminate()
    assert process.communicate(timeout=10)[1] == ""
    if os.name != "nt":  # there a process can only be killed
        assert process.returncode == 0


@pytest.mark.slow
def test_the_demo_ends_well_and_makes_a_key_of_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It imports samples by the commands that it prints."""
    (tmp_path / "samples").mkdir()
    lines = [Line("8PvBmrB7P7", f"Called back, {number}") for number in range(8)]
    write_sheet(tmp_path / "samples" / "contacts.xlsx", lines)
    assert demo.main(tmp_path / "samples", tmp_path / "demo") == 0
    said = capfd.readouterr().out
    found = re.search(r"have its key, (\S+), in the environment", said)
    assert found
    assert found[1] != "sandbox-key"
    assert "The sandbox holds 8 notes" in said
    assert "in contacts.results.xlsx, 1 row says as the reason that the note was found by reading back." in said
    assert "The call that was refused was made again, so no row shows it." in said


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows prints the command for PowerShell")
def test_its_key_is_new_at_each_start_and_stands_in_a_command_that_can_be_copied(tmp_path: Path) -> None:
    """Other users of this machine, who don't see it, can't read the notes, with the key of old least of all."""
    write_sheet(tmp_path / "contacts.xlsx", [Line("8PvBmrB7P7", "Called back")])
    variables = {
        **os.environ,
        "NOTE_IMPORTER_SETTLE": "0",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    keys: list[str] = []
    command = [sys.executable, "-m", "tests.sandbox", "--port", "0"]
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(8)]
            found = re.search(r"(http://\S+)  \(key: (\S+);", lines[0])
            assert found
            for key in ("sandbox-key", *keys):
                asked = requests.get(f"{found[1]}/prospects/P1/notes", headers={"x-api-key": key}, timeout=10)
                assert asked.status_code == 400
            setting = lines[-3].removeprefix("bash:").strip()
            example = f"{setting}; {lines[-1].removeprefix('Then, for example:').strip()}"
            done = subprocess.run(example, shell=True, cwd=tmp_path, env=variables, check=False, timeout=60,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True)  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            values = [part.partition("=") for part in setting.removeprefix("export ").split()]
            shell = "; ".join(f'$env:{name} = "{value}"' for name, _, value in values)
            assert lines[-2].removeprefix("PowerShell:").strip() == shell
            assert len(requests.get(lines[2].split()[-1], timeout=10).json()["notes"]) == 1
            keys.append(found[2])
            process.terminate()
    assert len({*keys}) == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to whole consoles")
def test_ctrl_c_ends_it_quietly(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    while not process.stdout.readline().startswith("Then, for example:"):
        pass
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == 0


def test_a_mistaken_option_is_explained() -> None:
    command = [sys.executable, "-m", "tests.sandbox", "--fault", "nonsense"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 2
    assert "'nonsense' is not a fault" in done.stderr


def test_a_port_in_use_is_explained() -> None:
    with Sandbox() as box:
        command = [sys.executable, "-m", "tests.sandbox", "--port", str(box.port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 2
    assert f"Port {box.port} can't be used" in done.stderr


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
        assert [requests.post(**send).status_code for _ in range(3)] == [503, 201, 400]  # type: ignore[arg-type]
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
        assert requests.get(f"{box.url}/prospects", timeout=10).status_code == 400
    assert not [thread for thread in threading.enumerate() if thread.name == "sandbox"]


@pytest.mark.parametrize(
    "begin",
    [b"", b"GET / HT", b"POST /v1/notes HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: 9\r\n\r\n"],
    ids=["nothing", "half a head", "no body"],
)
def test_silent_connections_take_few_threads_and_keep_nobody_out(begin: bytes) -> None:
    """The one that has waited longest is closed for the next one; one whose request is being answered isn't."""
    before = threading.active_count()
    with Sandbox(faults=[Fault.parse("late=1@1")]) as box, contextlib.ExitStack() as stack:
        first = stack.enter_context(ThreadPoolExecutor()).submit(
            requests.post, f"{box.url}/notes", json=BODY, headers={"x-api-key": box.api_key}, timeout=30
        )
        while not box.received:
            time.sleep(0.01)
        for _ in range(400):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", box.port), timeout=30))
            connection.sendall(begin.replace(b"{}", str(box.port).encode()))
        assert requests.get(f"{box.url}/prospects", timeout=30).status_code == 400
        assert threading.active_count() <= before + 300
        assert first.result().status_code == 201


def test_serving_hands_its_line_to_whoever_prints() -> None:
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serve_forever(say, port=0)
    assert lines[0].startswith("Sandbox of the Saleshandy API: http://127.0.0.1:")
