"""Several machines on one journal: processes are killed, the database goes and comes, links are cut; each note once."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from importer.settings import Settings
from tests import postgres, running
from tests.postgres import Postgres
from tests.sandbox import Sandbox
from tests.test_killed import KEY, finish, kill, start, wait_for_requests
from tests.truth import Line, check, write_sheet

pytestmark = pytest.mark.slow

LINES = [Line(f"P{number}", f"Note {number % 40}") for number in range(400)]


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server that the test may stop."""
    postgres.available()
    folder = Path(tempfile.mkdtemp())
    made = Postgres.made(folder)
    yield made
    with suppress(AssertionError):
        made.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


def once(box: Sandbox, lines: list[Line] = LINES) -> bool:
    return len({(note.prospect_id, note.sent_content) for note in box.notes}) == len(box.notes) == len(lines)


def test_the_database_crashes_in_the_middle_and_the_same_command_finishes(server: Postgres, tmp_path: Path) -> None:
    sheet, journal = write_sheet(tmp_path / "sheet.csv", LINES), ["--journal", server.empty()]
    with Sandbox(api_key=KEY, latency=0.05) as box:
        process = start(box, sheet, *journal)
        assert wait_for_requests(box, 20, process)
        server.stop("immediate")
        status, output = finish(process)
        assert status == 3, output
        said = " ".join(output.split())
        assert re.search("could not be (read|written)", said), output  # whichever it was about to do
        assert "run the same command again" in said
        before = len(box.received)
        assert before < 60  # it stopped at once
        status, output = finish(start(box, sheet, *journal))
        assert status == 3, output
        assert "can't be reached" in " ".join(output.split())
        assert len(box.received) == before
        server.start()
        status, output = finish(start(box, sheet, *journal))
        assert status == 0, output
        check(LINES, tmp_path / "results.csv", box)
        assert once(box)


def test_another_machine_takes_over_from_one_that_was_killed(url: str, tmp_path: Path) -> None:
    sheet, journal = write_sheet(tmp_path / "sheet.csv", LINES), ["--journal", url]
    with Sandbox(api_key=KEY, latency=0.1) as box:
        first = start(box, sheet, *journal)
        assert wait_for_requests(box, 20, first)
        second = start(box, sheet, *journal)
        time.sleep(2)  # it reads the sheet meanwhile, and waits
        assert second.poll() is None
        kill(first)
        status, output = finish(second)
        assert status == 0, output
        check(LINES, tmp_path / "results.csv", box)
        assert once(box)


class Link:
    """The network between a machine and the database: it may be cut, so that neither hears of the other any more."""

    def __init__(self, port: int) -> None:
        self._to, self.is_cut = port, False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near = self._server.accept()[0]
                threading.Thread(target=self._connect, args=[near], daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self._to)) as far:
            back = threading.Thread(target=self._carry, args=[far, near])
            back.start()
            self._carry(near, far)
            back.join()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                while self.is_cut:
                    time.sleep(0.05)
                other.sendall(data)
            while self.is_cut:  # nor does anybody hear that the other has gone
                time.sleep(0.05)
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


HALTS = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs a process that can be halted")


@pytest.mark.parametrize("how", ["its link is cut", pytest.param("it sleeps", marks=HALTS)])
def test_a_machine_that_was_away_sends_nothing_that_another_has_taken_over(
    postgres: Postgres, tmp_path: Path, how: str
) -> None:
    """The server lets its lock go; another finishes; then it is back.

    It sleeps with claims that wait for a worker, as by a laptop's lid or a virtual machine's pause.
    """
    url = postgres.journal()
    sheet = write_sheet(tmp_path / "sheet.csv", LINES)
    link = Link(postgres.port)
    with Sandbox(api_key=KEY, latency=0.05 if "link" in how else 0.3) as box, closing(link):
        its_url = url.replace(f":{postgres.port}/", f":{link.port}/")
        first = start(box, sheet, "--journal", its_url, "--results", str(tmp_path / "first.csv"))
        assert wait_for_requests(box, 20 if "link" in how else 8, first)
        if "link" in how:
            link.is_cut = True
            time.sleep(1)
        else:
            first.send_signal(signal.SIGSTOP)
        name = url.rpartition("/")[2]
        postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        status, output = finish(start(box, sheet, "--journal", url))
        assert status == 0, output
        assert once(box)
        link.is_cut = False
        first.send_signal(getattr(signal, "SIGCONT", 0))
        status, output = finish(first)
        assert status == 3, output
        assert once(box)
        check(LINES, tmp_path / "results.csv", box)


_WORKER = """
import sys
from pathlib import Path
from importer.cli import main
url, base, folder, *names = sys.argv[1:]
for name in names:
    main(["run", f"{folder}/{name}.csv", "--yes", "--profile", name, "--base-url", base, "--journal", url,
          "--results", f"{folder}/{name}.results.csv", "--batch-size", "5", "--read-timeout", "1", "--settle", "0.2"])
"""


def test_two_machines_share_eight_workspaces_and_one_is_killed(url: str, tmp_path: Path, profiles: Path) -> None:
    names = [f"w{number}" for number in range(8)]
    lines = {name: [Line(f"{name}P{number}", f"{name} note {number % 8}") for number in range(40)] for name in names}
    profiles.write_text("".join(f"[{name}]\n" for name in names))
    for name in names:
        write_sheet(tmp_path / f"{name}.csv", lines[name])
    with Sandbox(api_key=KEY, latency=0.05) as box:

        def machine(names: list[str]) -> subprocess.Popen[str]:
            return subprocess.Popen(
                [sys.executable, "-c", _WORKER, url, box.url, str(tmp_path), *names], stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, text=True, env={**os.environ, "SALESHANDY_API_KEY": KEY},
            )  # fmt: skip

        one, other = machine(names[::2]), machine(names[1::2])
        deadline = time.monotonic() + 60
        while len(box.received) < 60:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        kill(one)
        assert machine(names[::2]).wait(180) == other.wait(180) == 0
        assert once(box, [line for some in lines.values() for line in some])
        for name in names:
            settings = Settings(
                base_url=box.url, key=KEY, journal=url, profile=name, results=tmp_path / f"{name}.r.csv"
            )
            report = running.ran(tmp_path / f"{name}.csv", settings)
            assert report.exit_status == 0
        assert once(box, [line for some in lines.values() for line in some])
