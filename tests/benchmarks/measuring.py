"""One run of one contender in a process of its own: how long, how much memory, and what the API then holds."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil

from tests.benchmarks import data
from tests.sandbox import Limit, Sandbox

KEY = "benchmark"


class Contender(NamedTuple):
    """A way to import a sheet: its name, and the module that is run."""

    name: str
    module: str


@dataclass(frozen=True)
class Case:
    """What is imported, and from what kind of API."""

    rows: int
    share: int = 50  # rows that hold the same note
    suffix: str = ".xlsx"  # of the sheet and of the results
    calls_a_second: int = 0  # that the API takes at most; 0: any number
    latency: float = 0.02  # of the API, in seconds

    def __str__(self) -> str:
        limit = f", at most {self.calls_a_second} requests a second" if self.calls_a_second else ""
        notes = f"{self.share} rows a note" if self.share > 1 else "all notes distinct"
        return f"{self.suffix}, {self.latency * 1000:.0f} ms latency{limit}, {notes}"


class Measured(NamedTuple):
    """What a run came to; for several runs the medians."""

    seconds: float
    requests: int
    refused: int
    lost: int  # deliveries that were meant and that the API does not hold
    memory: float  # the greatest resident memory of the process and its children, in MB


def run(contender: Contender, folder: Path, case: Case) -> Measured:
    sheet = data.write(folder / f"{case.rows}-{case.share}{case.suffix}", case.rows, case.rows // case.share)
    limit = Limit.parse(f"{case.calls_a_second}/1s:headers:429") if case.calls_a_second else None
    with (
        tempfile.TemporaryDirectory(dir=folder) as place,
        Sandbox(api_key=KEY, latency=case.latency, limit=limit) as box,
    ):
        seconds, memory = process(_command(contender, sheet, box.url, Path(place) / f"results{sheet.suffix}"))
        statuses = [call.status for call in box.received if call.method == "POST"]
        there = {(note.prospect_id, note.sent_content) for note in box.notes}
    return Measured(seconds, len(statuses), statuses.count(429), case.rows - len(there), memory)


def medians(runs: list[Measured]) -> Measured:
    seconds, requests, refused, lost, memory = map(median, zip(*runs, strict=True))
    return Measured(seconds, round(requests), round(refused), round(lost), memory)


def _command(contender: Contender, sheet: Path, url: str, results: Path) -> list[str]:
    start = [contender.module]
    if contender.module != "importer":
        return [*start, str(sheet), url, str(results)]
    journal = str(results.with_name("journal.sqlite"))
    return [*start, "run", str(sheet), "--base-url", url, "--journal", journal, "--results", str(results), "--yes"]


def process(arguments: list[str]) -> tuple[float, float]:
    """Seconds and peak memory in MB of a module with arguments, which must succeed."""
    command = [sys.executable, "-m", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NOTE_IMPORTER_")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has been compiled
    environment["SALESHANDY_API_KEY"] = KEY
    began = time.perf_counter()
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    memory = _Memory(running.pid)
    memory.start()
    _, errors = running.communicate()
    seconds = time.perf_counter() - began
    memory.ended.set()
    memory.join()
    if running.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {running.returncode}:\n{errors.decode(errors='replace')}")
    return seconds, memory.peak / 1e6


class _Memory(threading.Thread):
    """Looks at a process and its children twenty times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self.ended = threading.Event()
        self.peak = 0

    def run(self) -> None:
        while not self.ended.wait(0.05):
            total = 0
            try:
                for process in (self._process, *self._process.children(recursive=True)):
                    total += process.memory_info().rss
            except psutil.Error:  # it has just ended
                continue
            self.peak = max(self.peak, total)
