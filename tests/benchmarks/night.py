"""A bad night: 1,000 rows and the same faults for two scripts and for this tool (``make bench BENCH=--night``)."""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import data
from tests.sandbox import REFERENCE, Fault, Sandbox

ROWS, NOTES, SEED, KEY = 1_000, 200, 7, "benchmark"
FAULTS = ("500:before:any%0.03", "reset:after:any%0.04", "html-502:before:any%0.02", "html-502:after:any%0.02")
KILLED_AFTER = 100
"""The call after which a contender is killed."""
MOST_STARTS = 6


@dataclass(frozen=True)
class Contender:
    """A way to import the sheet: its command, and how many rows of its results have an answer."""

    name: str
    command: Callable[[Path, Path, str], list[str]]
    answered: Callable[[Path], int]


def _script(*more: str) -> Callable[[Path, Path, str], list[str]]:
    module = "tests.benchmarks.scripts.overnight"
    return lambda sheet, folder, url: [
        sys.executable, "-m", module, str(sheet), url, KEY, str(folder / "answers.jsonl"), *more,
    ]  # fmt: skip


def _importer(sheet: Path, folder: Path, url: str) -> list[str]:
    start = [sys.executable, "-m", "importer", "run", str(sheet), "--yes", "--base-url", url]
    return [*start, "--journal", str(folder / "journal.sqlite"), "--results", str(folder / "results.csv")]


def _lines_answered(folder: Path) -> int:
    lines = (folder / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    return sum(bool(note_id) for line in lines for note_id in json.loads(line).values())


def _rows_answered(folder: Path) -> int:
    latest = max(folder.glob("results*.csv"), key=lambda path: path.stat().st_mtime)
    with latest.open(encoding="utf-8-sig", newline="") as file:
        return sum(row["result"] in ("created", "already imported") for row in csv.DictReader(file))


CONTENDERS = (
    Contender("a script with a groupby, which goes on where it stopped", _script(), _lines_answered),
    Contender("the same script, repeating a call after any failure", _script("--repeat"), _lines_answered),
    Contender("this tool", _importer, _rows_answered),
)


def measure() -> None:
    """Give each contender its night, all at the same time, and print the table."""
    with ThreadPoolExecutor(len(CONTENDERS)) as pool:
        lines = [*pool.map(_night, CONTENDERS)]
    print(
        f"\n| {ROWS:,} rows, {NOTES} notes | notes twice | notes missing | rows without an answer | calls | minutes |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    print("\n".join(lines))


def _night(contender: Contender) -> str:
    faults = [Fault.parse(text) for text in FAULTS]
    with (
        tempfile.TemporaryDirectory() as name,
        Sandbox(api_key=KEY, faults=faults, latency=0.2, limit=REFERENCE, seed=SEED) as box,
    ):
        folder = Path(name)
        sheet = data.write(folder / "sheet.csv", ROWS, NOTES)
        began, starts, status = time.monotonic(), 0, 1
        while status not in (0, 2, 4) and starts < MOST_STARTS:
            status, starts = (
                _started(contender.command(sheet, folder, box.url), folder, box, is_killed=not starts),
                starts + 1,
            )
        minutes = (time.monotonic() - began) / 60
        there = Counter((note.prospect_id, note.sent_content) for note in box.notes)
        twice, missing = there.total() - len(there), ROWS - len(there)
        figures = (twice, missing, ROWS - contender.answered(folder), len(box.received), round(minutes))
    return f"| {contender.name} | " + " | ".join(f"{figure:,}" for figure in figures) + " |"


def _started(command: list[str], folder: Path, box: Sandbox, *, is_killed: bool) -> int:
    """Run the command to its end, or kill it in the middle; return its exit status."""
    environment = {**os.environ, "SALESHANDY_API_KEY": KEY, "HOME": str(folder)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while is_killed and process.poll() is None:
            time.sleep(0.02)
            if len(box.received) >= KILLED_AFTER:
                process.kill()
                break
        return process.wait()
