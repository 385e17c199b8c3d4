"""A real PgBouncer before the database: no journal is reached by it."""

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
from importer.errors import UnusableJournal
from importer.journal import Journal

pytestmark = pytest.mark.slow

HOW_TO_GET_IT = "needs PgBouncer: apt-get install pgbouncer"
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


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_pool_is_refused(bouncer: Bouncer, mode: str) -> None:
    with pytest.raises(UnusableJournal, match=r"is a connection pool.*PgBouncer.*Nothing was sent"):
        Journal.open(bouncer(pool_mode=mode))
