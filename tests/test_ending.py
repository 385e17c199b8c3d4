"""The system's word that the program is to end is heard, and done within its time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from importer.cli.watching import EndedAtOnce, Stopper
from importer.messages import render
from tests.sandbox import Fault, Sandbox
from tests.truth import Line, read_results, write_sheet

_LONGEST = 60.0
ASKS = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)  # Windows has no other that a program hears


@pytest.fixture
def stopper() -> Stopper:
    return Stopper()


def test_what_takes_longer_than_the_system_waits_is_ended_at_once(
    stopper: Stopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing the results of a large file, say; the system would kill the program."""
    monkeypatch.setattr(Stopper, "_AT_ONCE", 0.05)
    deadline = time.monotonic() + _LONGEST
    with stopper:
        stopper.arm()
        with pytest.raises(EndedAtOnce):
            signal.raise_signal(signal.SIGTERM)
            while time.monotonic() < deadline:
                time.sleep(0.01)
        assert "SIGTERM" in render(stopper.why())


def test_a_person_has_the_time(stopper: Stopper, monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C it takes as long as it takes, until it is pressed again; and no timer outlives its run."""
    monkeypatch.setattr(Stopper, "_AT_ONCE", 0.05)
    monkeypatch.setattr(Stopper, "_LATEST", 0.05)
    with stopper:
        stopper.arm()
        signal.raise_signal(signal.SIGINT)
        time.sleep(0.2)
        assert "Ctrl-C" in render(stopper.why())
        with pytest.raises(EndedAtOnce):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.slow
def test_the_program_ends_within_thirty_seconds_with_true_results(tmp_path: Path) -> None:
    """Though a call would be given up after ten minutes; the next run settles what is open, and sends nothing twice."""
    sheet = write_sheet(tmp_path / "n.csv", [Line(f"P{number}", f"Note {number}") for number in range(4)])
    with Sandbox(faults=[Fault.parse("hang=600@2:after")]) as box:
        command = [
            sys.executable, "-m", "tests.few_workers", "run", str(sheet), "--yes", "--base-url", box.url,
            "--journal", str(tmp_path / "j.sqlite"), "--results", str(tmp_path / "r.csv"), "--workers", "1",
        ]  # fmt: skip
        environment = {**os.environ, "SALESHANDY_API_KEY": box.api_key, "PYTHONIOENCODING": "utf-8"}
        process = subprocess.Popen(
            [*command, "--read-timeout", "600"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )  # fmt: skip
        deadline = time.monotonic() + _LONGEST
        while len(box.notes) < 2:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(ASKS)
        output, _ = process.communicate(timeout=30)
        assert process.returncode == 3, output
        results = [row["result"] for row in read_results(tmp_path / "r.csv")]
        assert results.count("created") == 1
        assert "unconfirmed" in results  # claims that waited for the worker are in doubt, too
        assert {*results} <= {"created", "unconfirmed", "not sent"}
        again = subprocess.run(
            [*command, "--read-timeout", "5", "--settle", "0"], capture_output=True, env=environment, timeout=_LONGEST,
            check=False,
        )  # fmt: skip
        assert again.returncode == 0, again.stdout
        assert sorted(note.prospect_id for note in box.notes) == ["P0", "P1", "P2", "P3"]
