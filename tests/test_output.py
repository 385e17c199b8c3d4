"""A full disk under what a command says is told as that, and so is a system that starts no thread."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from importer.api import Endpoint, Reply
from importer.calls.workers import Threads
from importer.errors import NoThread
from importer.settings import Settings
from tests import running
from tests.sandbox import Sandbox
from tests.truth import Line, write_sheet

FULL = Path("/dev/full")
ON_FULL = pytest.mark.skipif(not FULL.exists(), reason="only Linux has a file that is always full")


def command(folder: Path, *words: object, out: bool, err: bool) -> tuple[int, str, str]:
    """Run the program with standard output, or standard error, on a full disk: its status, and what it printed."""
    environment = {**os.environ, "SALESHANDY_API_KEY": "a-key", "HOME": str(folder), "PYTHONIOENCODING": "utf-8"}
    with FULL.open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "importer", *map(str, words), "--journal", str(folder / "journal.sqlite")],
            stdout=full if out else subprocess.PIPE,
            stderr=full if err else subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env=environment,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    said = (ended.stdout or "") + (ended.stderr or "")
    assert "note-importer failed because of an error of its own" not in said
    assert "Traceback" not in said
    return ended.returncode, " ".join((ended.stdout or "").split()), " ".join((ended.stderr or "").split())


@ON_FULL
@pytest.mark.slow
def test_what_cant_be_written_isnt_status_0_or_1_and_a_run_whose_plan_cant_be_said_sends_nothing(
    tmp_path: Path,
) -> None:
    sheet = write_sheet(tmp_path / "n.csv", [Line("P1", "x")])
    with Sandbox(api_key="a-key") as box:
        words = ("run", sheet, "--yes", "--base-url", box.url)
        status, _, err = command(tmp_path, *words, out=True, err=False)
        assert status == 3
        assert "could not be written to standard output: No space left on device" in err
        assert command(tmp_path, *words, out=True, err=True)[0] == 3
        assert not [*box.notes]
        assert command(tmp_path, *words, out=False, err=False)[0] == 0
        assert len(box.notes) == 1
    status, _, err = command(tmp_path, "history", "--json", out=True, err=False)
    assert (status, "standard output" in err) == (3, True)
    status, out, _ = command(tmp_path, "check", tmp_path / "none.csv", "--json", out=False, err=True)
    assert (status, json.loads(out)["exit_status"]) == (2, 2)


@contextmanager
def no_thread_starts() -> Iterator[None]:
    """Let the system refuse every thread: each would want more memory than there is."""
    before = threading.stack_size(1 << 46)
    try:
        yield
    finally:
        threading.stack_size(before)


def test_a_run_for_which_no_thread_is_started_sends_nothing_and_says_so(
    settings: Settings, box: Sandbox, tmp_path: Path
) -> None:
    sheet = write_sheet(tmp_path / "n.csv", [Line("P1", "Note")])
    with no_thread_starts(), pytest.raises(NoThread, match="can't start a thread") as stopped:
        running.run(sheet, settings)
    assert stopped.value.exit_status == 3
    assert box.received == ()
    report = running.ran(sheet, settings)
    assert report.exit_status == 0
    assert len(box.notes) == 1


def test_one_thread_carries_every_call_where_the_system_starts_no_more() -> None:
    threads: Threads[int] = Threads(4)
    gate = threading.Event()
    replies: list[int | None] = []

    def perform(task: int) -> Reply[int]:
        gate.wait(60)
        return Reply(Endpoint.CREATE, 0.0, 0.0, task)

    threads.submit(0, perform)
    with no_thread_starts():
        threads.submit(1, perform)
        threads.submit(2, perform)
    gate.set()
    while len(replies) < 3:
        replies += [reply.value for _, reply in threads.wait(60)]
    threads.close(wait=True)
    assert replies == [0, 1, 2]
