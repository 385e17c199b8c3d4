"""A real PgBouncer before the database: only where a connection keeps its session may a journal be reached by it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

import tests.postgres
from importer.errors import Busy, JournalFailed, UnusableJournal
from importer.journal import Journal
from importer.models import Workspace
from importer.settings import Settings
from tests import running
from tests.sandbox import Sandbox
from tests.truth import Line, check, write_sheet

pytestmark = pytest.mark.slow

HOW_TO_GET_IT = "needs PgBouncer: apt-get install pgbouncer"
HERE = Workspace("here", "https://notes.example/v1")
Bouncer = Callable[..., str]


@pytest.fixture
def bouncer(url: str) -> Iterator[Bouncer]:
    """Starts one before the journal's database, with settings of its own; the URL through it."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")  # not every shell looks there
    if program is None:
        if os.environ.get("CI"):
            pytest.fail(HOW_TO_GET_IT)
        pytest.skip(HOW_TO_GET_IT)
    parts = conninfo_to_dict(url)
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    started: list[subprocess.Popen[bytes]] = []

    def start(**settings: object) -> str:
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        said = {"listen_addr": "127.0.0.1", "listen_port": port, "unix_socket_dir": "", "auth_type": "trust",
                "auth_file": "users"} | settings  # fmt: skip
        (folder / "users").write_text(f'"{parts["user"]}" ""\n')
        (folder / "bouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={parts['port']}\n[pgbouncer]\n"
            + "".join(f"{name} = {value}\n" for name, value in said.items())
        )
        as_user = tests.postgres.as_user()
        started.append(subprocess.Popen([program, "--quiet", "bouncer.ini"], cwd=folder, **as_user))
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert started[-1].poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        return f"postgresql://{parts['user']}@127.0.0.1:{port}/{parts['dbname']}"

    yield start
    for process in started:
        process.kill()
        process.wait()
    shutil.rmtree(folder)


@pytest.mark.parametrize("settings", [
    {"pool_mode": "transaction"}, {"pool_mode": "transaction", "default_pool_size": 1}, {"pool_mode": "statement"},
])  # fmt: skip
def test_a_pool_in_which_no_lock_holds_is_refused(bouncer: Bouncer, settings: dict[str, object]) -> None:
    with pytest.raises(
        UnusableJournal, match=r"is a connection pool.*PgBouncer.*Nothing was sent.*with pool mode session"
    ):
        Journal.open(bouncer(**settings))


def test_an_import_through_a_pool_of_sessions_delivers_each_note_once(
    bouncer: Bouncer, url: str, tmp_path: Path
) -> None:
    """And holds its lock against one that names the database itself, until its connection ends."""
    lines = [Line(f"P{number}", f"Note {number % 4}") for number in range(40)]
    sheet, through = write_sheet(tmp_path / "sheet.csv", lines), bouncer(pool_mode="session")
    with (
        Journal.open(through) as journal,
        journal.held(HERE),
        pytest.raises(Busy),
        Journal.open(url) as other,
        other.held(HERE),
    ):
        pass
    with Journal.open(url) as other, other.held(HERE):
        pass
    with Sandbox() as box:
        settings = Settings(base_url=box.url, key=box.api_key, journal=through, results=tmp_path / "results.csv")
        report = running.run(sheet, settings)
        assert report is not None
        assert report.exit_status == 0
        check(lines, tmp_path / "results.csv", box)
        assert len(box.notes) == len(lines)


def test_a_pool_without_a_session_to_spare_is_waited_for_and_then_said(bouncer: Bouncer) -> None:
    """As it begins, an import needs two: else it can't be told what the pool does."""
    with pytest.raises(JournalFailed, match=r"query_wait_timeout.*the pool has two free sessions"):
        Journal.open(bouncer(pool_mode="session", default_pool_size=1, query_wait_timeout=1))
