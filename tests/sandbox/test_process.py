"""A sandbox in a process of its own can be looked into, reshaped and ended."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.sandbox import demo
from tests.sandbox.conftest import BODY
from tests.truth import Line, write_sheet

OPTIONS = "--port 0 --rate-limit 100/1s:headers --fault 500@2 --fault reset:after@3 --key practice --seed 4".split()


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
    found = re.fullmatch(r"Sandbox of the .*: (http://127\.0\.0\.1:\d+/v1)  \(key: .*; stop with Ctrl-C\)\n", line)
    assert found, line
    assert "practice" not in line
    note: Any = {"json": BODY | {"prospectIds": ["8PvBmrB7P7"]}, "headers": {"x-api-key": "practice"}, "timeout": 10}
    seen = [requests.post(f"{found[1]}/notes", **note) for _ in range(2)]
    assert [reply.status_code for reply in seen] == [201, 500]
    assert seen[0].headers["x-ratelimit-remaining"] == "99"
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{found[1]}/notes", **note)
    process.terminate()
    assert process.communicate(timeout=10)[1] == ""
    if os.name != "nt":  # there a process can only be killed
        assert process.returncode == 0


@pytest.mark.slow
def test_the_demo_ends_well_and_makes_a_key_of_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
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
