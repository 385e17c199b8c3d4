"""A clock that is set between a kill and the next run, by anything, makes no note twice and adopts no colleague's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.sandbox import Sandbox
from tests.test_killed import KEY, finish, wait_for_requests
from tests.truth import Line, check, write_sheet

pytestmark = pytest.mark.slow

LINES = [Line(f"P{number}", f"Call number {number // 4}") for number in range(80)]
DAY = 86_400.0


def start(off: float, box: Sandbox, sheet: Path, command: str = "run", *more: str) -> subprocess.Popen[str]:
    """The program, by a clock that is off by so many seconds."""
    place = ["--base-url", box.url, "--journal", str(sheet.parent / "journal.sqlite")]
    how = ["--read-timeout", "1", "--settle", "0.2"]
    run = [str(sheet), "--yes", "--results", str(sheet.parent / "results.csv"), "--batch-size", "4"]
    return subprocess.Popen(
        [
            sys.executable, "-m", "tests.clock_launcher", str(off), command, *(run if command == "run" else []),
            *place, *how, *more,
        ],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        env={**os.environ, "SALESHANDY_API_KEY": KEY, "PYTHONIOENCODING": "utf-8"},
        cwd=Path(__file__).parents[1],
    )  # fmt: skip


def killed(off: float, box: Sandbox, sheet: Path, after: int) -> None:
    """A run by such a clock that is killed after so many requests."""
    process = start(off, box, sheet)
    assert wait_for_requests(box, after, process)
    process.kill()
    process.communicate()


@pytest.mark.parametrize(("off", "after"), [(-DAY, 9), (1200.0, 1)])
def test_what_a_killed_run_sent_is_not_sent_again_whatever_the_clock_says_now(
    off: float, after: int, tmp_path: Path
) -> None:
    """Killed at its first requests, of which no id is known, or among later ones, when some are."""
    sheet = write_sheet(tmp_path / "sheet.csv", LINES)
    with Sandbox(api_key=KEY, latency=0.15) as box:
        killed(0.0, box, sheet, after)
        status, output = finish(start(off, box, sheet))
        assert status == 0, output
        assert check(LINES, tmp_path / "results.csv", box)["unconfirmed"] == 0
        assert len(box.notes) == len(LINES)


def test_a_killed_run_whose_own_clock_was_off_leaves_doubt_at_most_and_verify_settles_it(tmp_path: Path) -> None:
    """Its first requests were applied, and no id of it is known; the next run's clock is right."""
    sheet = write_sheet(tmp_path / "sheet.csv", LINES)
    with Sandbox(api_key=KEY, latency=0.15) as box:
        killed(-DAY, box, sheet, 1)
        finish(start(0.0, box, sheet))
        check(LINES, tmp_path / "results.csv", box)
        assert max(Counter((note.prospect_id, note.content) for note in box.notes).values()) == 1
        status, output = finish(start(0.0, box, sheet, "verify"))
        assert status == 0, output
        status, output = finish(start(0.0, box, sheet))
        assert status == 0, output
        assert len(box.notes) == len(LINES)
