"""Many workspaces by several workers over one journal in PostgreSQL: how many an hour, and what the database has of it.

A worker imports one workspace after the other, by the command line, in a process that stays; what it costs to start the
program for each, as a scheduler does, is measured by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import psutil

from importer.sandbox import Limit
from tests.agency import Agency
from tests.postgres import HOW_TO_GET_IT, Postgres, programs

REQUESTS, LIMIT, LATENCY = 15, Limit(20, 1.0), 0.02


@dataclass(frozen=True)
class Turn:
    """One workspace's import: when it ended, how long it took, and how much of a core."""

    name: str
    status: int
    ended_at: float
    seconds: float
    cpu: float


def measure(count: int, workers: list[int]) -> None:
    """Measure, and print a table; raises where a note is missing or there twice, or a workspace had no turn."""
    if programs() is None:
        raise SystemExit(HOW_TO_GET_IT)
    print(
        f"\n{count:,} workspaces, {REQUESTS * 4} rows in {REQUESTS} requests each, at most"
        f" {LIMIT.calls} requests a second each, {LATENCY * 1000:.0f} ms latency; PostgreSQL on this machine"
    )
    print(
        f"{'workers':>7} {'seconds':>8} {'an hour':>8} {'median':>7} {'95 %':>6} {'slowest':>8} {'CPU':>6}"
        f" {'database':>9} {'commits':>8} {'kB':>6}   (the last six of one workspace)"
    )
    with tempfile.TemporaryDirectory() as name:
        server = Postgres.made(Path(name))
        try:
            for number in workers:
                with tempfile.TemporaryDirectory() as folder:
                    _measure(Agency(Path(folder), server.empty(), count, REQUESTS, LIMIT, LATENCY), server, number)
            with tempfile.TemporaryDirectory() as folder, Agency(Path(folder), server.empty(), 1) as agency:
                print(f"To start the program for a workspace without files: {_start(agency):.2f} s of a core.")
        finally:
            server.stop()


def _measure(agency: Agency, server: Postgres, workers: int) -> None:
    with agency:
        os.environ.update(agency.environment)
        database = agency.journal.rpartition("/")[2]
        load, commits, size = _cpu(server), _commits(server, database), _size(server, database)
        began = time.time()
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            turns = list(pool.imap_unordered(_imported, [(name, agency.arguments(name)) for name in agency.names]))
        seconds = time.time() - began
        load, commits = _cpu(server) - load, _commits(server, database) - commits
        size = _size(server, database) - size
        wrong = [f"{turn.name} ended with {turn.status}" for turn in turns if turn.status] + agency.faults()
        if wrong or {turn.name for turn in turns} != set(agency.names):
            raise RuntimeError("\n".join([f"{len(wrong)} faults", *wrong[:20]]))
    each = [turn.seconds for turn in turns]
    print(
        f"{workers:>7} {seconds:>8,.1f} {len(turns) / seconds * 3600:>8,.0f} {median(each):>7.2f}"
        f" {quantiles(each, n=20)[-1]:>6.2f} {max(each):>8.2f} {sum(turn.cpu for turn in turns) / len(turns):>6.2f}"
        f" {load / len(turns):>9.3f} {commits / len(turns):>8.0f} {size / len(turns) / 1000:>6.0f}",
        flush=True,
    )


def _imported(turn: tuple[str, list[str]]) -> Turn:
    from importer.cli import main  # noqa: PLC0415 - in a worker

    name, arguments = turn
    began, cpu = time.time(), time.process_time()
    status = main(arguments)
    ended = time.time()
    return Turn(name, status, ended, ended - began, time.process_time() - cpu)


def _start(agency: Agency) -> float:
    """Seconds of a core that it takes to start the program and find that there is nothing to do."""
    (agency.folder / "inbox" / agency.names[0] / "notes.csv").unlink()
    before = psutil.Process().cpu_times()
    for _ in range(3):
        subprocess.run(agency.command(agency.names[0]), env=agency.environment, check=True, stdin=subprocess.DEVNULL)
    after = psutil.Process().cpu_times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return float(used) / 3


def _cpu(server: Postgres) -> float:
    """Seconds of a core that the database has used so far."""
    number = int((server.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    postmaster = psutil.Process(number)
    own = postmaster.cpu_times()
    alive = [child.cpu_times() for child in postmaster.children()]
    ended = own.children_user + own.children_system  # of those whose connections are closed
    return float(own.user + own.system + ended + sum(each.user + each.system for each in alive))


def _commits(server: Postgres, database: str) -> int:
    time.sleep(1.1)  # what connections count is added up once they are a second old
    return int(server.execute(f"SELECT xact_commit FROM pg_stat_database WHERE datname = '{database}'")[0][0])


def _size(server: Postgres, database: str) -> int:
    """Bytes; an empty database has some millions."""
    return int(server.execute("SELECT pg_database_size(current_database())", database)[0][0])
