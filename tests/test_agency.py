"""Many workspaces by two workers over one journal in PostgreSQL, while a worker, the database and both die."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import tests.postgres
from tests.agency import Agency
from tests.postgres import Postgres

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="PostgreSQL is started as on Unix"),
]

COUNT, REQUESTS = 20, 12
_LONGEST = 240.0


class Worker:
    """A worker with its children: what it is given it imports; dead, it gives back what it had."""

    def __init__(self, agency: Agency, ended: queue.Queue[tuple[Worker, str, int | None, str]]) -> None:
        self.name = ""
        self._ended = ended
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.agency_worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=agency.environment, start_new_session=True, cwd=Path(__file__).parent.parent,
        )  # fmt: skip
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def give(self, name: str, command: list[str]) -> None:
        assert self._process.stdin is not None
        self.name = name
        self._process.stdin.write(json.dumps([name, command]) + "\n")
        self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            name, status, said = json.loads(line)
            self._ended.put((self, name, status, said))
        self._ended.put((self, self.name, None, ""))

    def kill(self) -> None:
        """As if its machine had lost its power."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


class Scheduler:
    """What a scheduler does with exit statuses: 0 and 1 are done, 3 and a dead worker mean again, 2 and 4 a person."""

    def __init__(self, agency: Agency) -> None:
        self.agency = agency
        self.ended: queue.Queue[tuple[Worker, str, int | None, str]] = queue.Queue()
        self.workers = [Worker(agency, self.ended) for _ in range(2)]
        self.ends: dict[str, list[int | None]] = {name: [] for name in agency.names}
        self.said: list[str] = []

    def run(self, disasters: list[tuple[int, Callable[[], None]]]) -> None:
        """Import all; each disaster comes when so many requests have been received."""
        waiting, at_work = [*self.agency.names], 0
        for worker in self.workers:
            self._give(worker, waiting.pop(0))
            at_work += 1
        deadline = time.monotonic() + _LONGEST
        while at_work:
            assert time.monotonic() < deadline, self.said[-5:]
            while disasters and len(self.agency.box.received) >= disasters[0][0]:
                disasters.pop(0)[1]()
            try:
                worker, name, status, said = self.ended.get(timeout=0.02)
            except queue.Empty:
                continue
            at_work -= 1
            self.ends[name].append(status)
            self.said.append(f"{name} {status} {said}")
            assert status in (0, 1, 3, None), said
            if status in (3, None):
                waiting.append(name)
            if status is None:
                self.workers.remove(worker)
                worker = Worker(self.agency, self.ended)
                self.workers.append(worker)
            if waiting:
                self._give(worker, waiting.pop(0))
                at_work += 1
        assert not disasters

    def _give(self, worker: Worker, name: str) -> None:
        more = ("--wait", "30s", "--read-timeout", "1", "--settle", "0.2", "--batch-size", "4")
        worker.give(name, self.agency.command(name, *more))


def test_workers_and_the_database_die_and_every_note_is_there_once(tmp_path: Path) -> None:
    """A worker is killed with its children, then the database loses its power, then a worker again: all of it ends."""
    tests.postgres.available()
    with tempfile.TemporaryDirectory() as folder:  # which the database's user can enter, unlike pytest's
        server = Postgres.made(Path(folder))
        try:
            _disasters(tmp_path, server)
        finally:
            server.stop("immediate")


def _disasters(folder: Path, server: Postgres) -> None:
    with Agency(folder, server.empty(), COUNT, REQUESTS, latency=0.05) as agency:
        scheduler = Scheduler(agency)
        killed: list[str] = []

        def kill() -> None:
            worker = scheduler.workers[0]
            killed.append(worker.name)
            worker.kill()

        def restart() -> None:
            server.stop("immediate")
            server.start()

        scheduler.run([(30, kill), (90, restart), (150, kill), (180, restart)])
        for worker in scheduler.workers:
            worker.kill()
        assert agency.faults() == []
        ends = Counter(status for each in scheduler.ends.values() for status in each)
        assert ends[None] == 2, ends
        assert ends[3] >= 1, "the database was away in the middle of an import"
        assert all(each[-1] == 0 for each in scheduler.ends.values())
        assert all(scheduler.ends[name][0] is None for name in killed)
