"""Many workspaces by several workers over one journal in PostgreSQL: how many an hour, and where it bends.

A worker imports one workspace after the other, by the command line, in a process that stays; what it costs to start the
program for each, as a scheduler does, is measured by itself. Comes in: how many workspaces, and how many workers at a
time. Goes out: a table with a column for each number of workers, from which one sees what is used up first: the
workers' cores, the database's, its connections, or those of the stand-in, which is on the same machine.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import psutil
import psycopg

from tests.agency import Agency
from tests.postgres import HOW_TO_GET_IT, Postgres, programs
from tests.sandbox import Limit

REQUESTS, LIMIT, LATENCY = 15, Limit.parse("20/1s:headers:429"), 0.02


@dataclass(frozen=True)
class Turn:
    """One workspace's import: when it began and ended, and how much of a core it took."""

    name: str
    status: int
    began_at: float
    ended_at: float
    cpu: float


@dataclass(frozen=True)
class Load:
    """What was used so far: seconds of a core by the database, the sandbox and all of the machine; counts; bytes."""

    database: float
    sandbox: float
    machine: float
    commits: int
    statements: int
    size: int


@dataclass
class Watched:
    """How many connections the database had at once, at most."""

    connections: int = 0
    ended: threading.Event = field(default_factory=threading.Event)


def measure(count: int, workers: list[int]) -> None:
    """Measure, and print a table; raises where a note is missing or there twice, or a workspace had no turn."""
    if programs() is None:
        raise SystemExit(HOW_TO_GET_IT)
    print(
        f"\n{count:,} workspaces, {REQUESTS * 4} rows in {REQUESTS} requests each, at most"
        f" {LIMIT.calls} requests a second each, {LATENCY * 1000:.0f} ms latency; all on one machine of"
        f" {os.cpu_count()} cores, on which others take {_others():.1f}",
        flush=True,
    )
    columns: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as name:
        server = Postgres.made(Path(name))
        try:
            _count_statements(server)
            for number in workers:
                with tempfile.TemporaryDirectory() as folder:
                    agency = Agency(Path(folder), server.empty(), count, REQUESTS, LIMIT, LATENCY)
                    columns.append(_measured(agency, server, number))
                    print(f"  {number} at a time: {columns[-1]['workspaces an hour']} an hour", flush=True)
            print()
            for what in columns[0]:
                print(f"{what:42}" + "".join(f"{column[what]:>10}" for column in columns))
            with tempfile.TemporaryDirectory() as folder, Agency(Path(folder), server.empty(), 1) as agency:
                print(f"To start the program for a workspace without files: {_start(agency):.2f} s of a core.")
        finally:
            server.stop()


def _measured(agency: Agency, server: Postgres, workers: int) -> dict[str, str]:
    """What is measured → how it is shown, in the order of the table."""
    database = agency.journal.rpartition("/")[2]
    with agency:
        os.environ.update(agency.environment)
        before = _load(server, database)
        with _watched(server, database) as watched, multiprocessing.get_context("spawn").Pool(workers) as pool:
            began = time.time()
            turns = list(pool.imap_unordered(_imported, [(name, agency.arguments(name)) for name in agency.names]))
            seconds = time.time() - began
        after = _load(server, database)
        wrong = [f"{turn.name} ended with {turn.status}" for turn in turns if turn.status] + agency.faults()
        if wrong or {turn.name for turn in turns} != set(agency.names):
            raise RuntimeError("\n".join([f"{len(wrong)} faults", *wrong[:20]]))
    each, number = [turn.ended_at - turn.began_at for turn in turns], len(turns)
    worker, base = sum(turn.cpu for turn in turns), after.database - before.database
    return {
        "workers at a time": str(workers),
        "seconds for all": f"{seconds:,.1f}",
        "workspaces an hour": f"{number / seconds * 3600:,.0f}",
        "a workspace's import, median, seconds": f"{median(each):.2f}",
        "  95 % are done in": f"{quantiles(each, n=20)[-1]:.2f}",
        "  the slowest": f"{max(each):.2f}",
        "longest wait for a turn, seconds": f"{max(turn.began_at for turn in turns) - began:,.1f}",
        "cores in use: workers": f"{worker / seconds:.2f}",
        "  the database": f"{base / seconds:.2f}",
        "  the stand-in of the API": f"{(after.sandbox - before.sandbox) / seconds:.2f}",
        "  all of the machine": f"{(after.machine - before.machine) / seconds:.2f}",
        "one workspace: a worker's core, seconds": f"{worker / number:.2f}",
        "  the database's core, seconds": f"{base / number:.3f}",
        "  commits": f"{(after.commits - before.commits) / number:.0f}",
        "  statements": f"{(after.statements - before.statements) / number:.0f}",
        "  kB that stay": f"{(after.size - before.size) / number / 1000:.0f}",
        "statements a second": f"{(after.statements - before.statements) / seconds:,.0f}",
        "connections at once, at most": str(watched.connections),
    }


def _imported(turn: tuple[str, list[str]]) -> Turn:
    from importer.cli import main  # noqa: PLC0415 - in a worker

    name, arguments = turn
    began, cpu = time.time(), time.process_time()
    status = main(arguments)
    return Turn(name, status, began, time.time(), time.process_time() - cpu)


def _start(agency: Agency) -> float:
    """Seconds of a core that it takes to start the program and find that there is nothing to do."""
    (agency.folder / "inbox" / agency.names[0] / "notes.csv").unlink()
    before = psutil.Process().cpu_times()
    for _ in range(3):
        subprocess.run(agency.command(agency.names[0]), env=agency.environment, check=True, stdin=subprocess.DEVNULL)
    after = psutil.Process().cpu_times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return float(used) / 3


# -- what is used -----------------------------------------------------------------------------------------------------


def _load(server: Postgres, database: str) -> Load:
    time.sleep(1.1)  # what connections count is added up once they are a second old
    [(commits, statements)] = server.execute(
        "SELECT xact_commit, (SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE dbid = datid)"
        f" FROM pg_stat_database WHERE datname = '{database}'"
    )
    [(size,)] = server.execute("SELECT pg_database_size(current_database())", database)  # empty, it has some millions
    return Load(_cpu(server), time.process_time(), _machine(), int(commits), int(statements), int(size))


def _cpu(server: Postgres) -> float:
    """Seconds of a core that the database has used so far."""
    number = int((server.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    postmaster = psutil.Process(number)
    while True:
        with suppress(psutil.NoSuchProcess):  # one ended meanwhile, and counts among those
            alive = [child.cpu_times() for child in postmaster.children()]
            own = postmaster.cpu_times()
            break
    ended = own.children_user + own.children_system  # of those whose connections are closed
    return float(own.user + own.system + ended + sum(each.user + each.system for each in alive))


def _machine() -> float:
    """Seconds of a core that all programs of this machine have used so far."""
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0))


def _others() -> float:
    """How many cores others use at the moment: what is measured beside them says less."""
    before = _machine()
    time.sleep(2)
    return (_machine() - before) / 2


def _count_statements(server: Postgres) -> None:
    """Have the server count them, by a part of its own that Debian's package brings along."""
    with (server.folder / "data" / "postgresql.conf").open("a") as configuration:
        configuration.write("shared_preload_libraries = 'pg_stat_statements'\n")
    server.stop()
    server.start()
    server.execute("CREATE EXTENSION pg_stat_statements")


@contextmanager
def _watched(server: Postgres, database: str) -> Iterator[Watched]:
    """Look at the connections again and again, by one to another database."""
    watched = Watched()

    def look() -> None:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            while not watched.ended.wait(0.2):
                query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'"
                [(number,)] = connection.execute(query).fetchall()
                watched.connections = max(watched.connections, number)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield watched
    finally:
        watched.ended.set()
        thread.join()
