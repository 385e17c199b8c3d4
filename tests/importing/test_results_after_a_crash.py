"""The same command, run again after a crash, writes the results that the killed run didn't come to write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.latest import latest
from tests.sandbox import Sandbox
from tests.truth import Line, read_results, write_sheet

pytestmark = pytest.mark.slow

PROGRAM = """
import os, sys
from importer import results
from importer.cli import main
write, left = results.write, [None] * int(sys.argv[1])

def killed(*arguments, **others):
    if not left:
        os._exit(9)
    left.pop()
    return write(*arguments, **others)

results.write = killed
sys.exit(main(sys.argv[2:]))
"""
"""The program, which ends without a word once it has written so many results."""


def started(box: Sandbox, folder: Path, what: Path, results: int, *more: str) -> int:
    """Import a file or a folder in a process of its own; return its exit status."""
    where = ["--base-url", box.url, "--journal", str(folder / "journal.sqlite"), "--results", "{name}.results.csv"]
    command = [sys.executable, "-c", PROGRAM, str(results), "run", str(what), "--yes", *where, *more]
    environment = {**os.environ, "HOME": str(folder), "SALESHANDY_API_KEY": box.api_key}
    return subprocess.run(command, env=environment, capture_output=True, check=False, timeout=120).returncode


def sheet(path: Path, first: int) -> Path:
    """Two notes that are accepted, one that the API refuses, and one that is wrong in the sheet; an hour old."""
    rows = [Line(f"P{first}", "x"), Line("INVALID", "x"), Line(f"P{first + 1}", "y"), Line(f"P{first + 2}", "z", "9")]
    write_sheet(path, rows)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path


def results_of(file: Path) -> list[tuple[str, bool]]:
    """The result of each row, and whether it has a note ID."""
    return [(row["result"], bool(row["note_id"])) for row in read_results(latest(file.with_suffix(".results.csv")))]


KNOWN = [("already imported", True), ("rejected", False), ("already imported", True), ("invalid", False)]


def test_a_run_that_sends_again_is_continued_too(tmp_path: Path) -> None:
    """What was sent again on purpose before the crash isn't sent a third time."""
    with Sandbox() as box:
        file = sheet(tmp_path / "n.csv", 1)
        assert started(box, tmp_path, file, 1) == 1
        assert started(box, tmp_path, file, 0, "--again") == 9
        assert len(box.notes) == 4
        assert started(box, tmp_path, file, 1, "--again") == 1
        assert results_of(file) == KNOWN
        assert len(box.notes) == 4


def test_the_same_command_writes_the_results_of_several_files(tmp_path: Path) -> None:
    """Killed right before those of the second are written: every row has its result then, and nothing is sent twice."""
    (folder := tmp_path / "inbox").mkdir()
    with Sandbox() as box:
        files = [sheet(folder / "a.csv", 1), sheet(folder / "b.csv", 5)]
        assert started(box, tmp_path, folder, 1) == 9
        assert [file.with_suffix(".results.csv").exists() for file in files] == [True, False]
        assert len(box.notes) == 4
        assert started(box, tmp_path, folder, 2) == 1
        assert [results_of(file) for file in files] == [KNOWN, KNOWN]
        assert sorted(note.prospect_id for note in box.notes) == ["P1", "P2", "P5", "P6"]
