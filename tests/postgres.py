"""PostgreSQL for tests: a server of their own, which is gone when they are; with its durability as everywhere.

One is shared by all processes of a test session: the first that asks for it starts it, and it ends with the session,
however that ends. Whoever stops or restarts one makes one of their own. It doesn't run as root, so another user does.
"""

import contextlib
import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from filelock import FileLock

from importer.journal import Journal
from importer.journal.postgres import SCHEMA
from importer.journal.schema import TABLES

HOW_TO_GET_IT = "needs PostgreSQL: apt-get install postgresql"
_WITH_PASSWORD = "importer_by_password"
_ACCESS = f"""
local all all                trust
host  all {_WITH_PASSWORD} 127.0.0.1/32 scram-sha-256
host  all all 127.0.0.1/32   trust
"""


def programs() -> Path | None:
    """Where the server's programs are; Debian doesn't put them where a shell looks."""
    found = [shutil.which("postgres"), *sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))]  # noqa: PTH207
    return next((Path(path).parent for path in reversed(found) if path), None)


class Postgres:
    """A server that listens on a port of this machine, with its data and its socket in a folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port, self._made = folder, port, 0

    @classmethod
    def made(cls, folder: Path) -> "Postgres":
        server = cls(folder, 0)
        folder.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(folder, _user())
        server._run("initdb", "--pgdata", "data", "--auth", "trust", "--username", "postgres", "--no-sync")
        (folder / "data" / "pg_hba.conf").write_text(_ACCESS)
        with closing(socket.create_server(("127.0.0.1", 0))) as free:  # late: until it starts another may take the port
            server.port = free.getsockname()[1]
        with (folder / "data" / "postgresql.conf").open("a") as configuration:
            configuration.write(
                f"port = {server.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{folder}'\n"
                "max_connections = 200\nlogging_collector = off\ndeadlock_timeout = 500ms\n"
            )
        server.start()
        return server

    def encrypt(self, pem: Path) -> None:
        """Restart it so that it offers encryption, with the key and the certificate in this file."""
        place = self.folder / "data" / "server.pem"
        place.touch(mode=0o600)
        place.write_bytes(pem.read_bytes())
        if os.geteuid() == 0:
            shutil.chown(place, _user())
        with (self.folder / "data" / "postgresql.conf").open("a") as configuration:
            configuration.write("ssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.pem'\n")
        self.stop()
        self.start()

    def start(self) -> None:
        self._run("pg_ctl", "start", "--pgdata", "data", "--log", "log", "--wait", "--silent")

    def stop(self, mode: str = "fast") -> None:
        """``immediate`` is as if the machine had lost its power."""
        self._run("pg_ctl", "stop", "--pgdata", "data", "--mode", mode, "--wait", "--silent")

    def _run(self, program: str, *arguments: str) -> None:
        found = programs()
        assert found is not None
        done = subprocess.run(
            [found / program, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, check=False, timeout=120, **as_user(),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def url(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement as the administrator, and bring what it finds."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def role(self, name: str, more: str = "") -> None:
        """See that there is a role that may nothing but connect."""
        if not self.execute(f"SELECT 1 FROM pg_roles WHERE rolname = '{name}'"):
            with contextlib.suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):  # at this moment
                self.execute(f"CREATE ROLE {name} LOGIN {more}")

    def empty(self) -> str:
        self._made += 1
        name = f"test_{os.getpid()}_{self._made}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def journal(self) -> str:
        """The URL of a database with an empty journal: the same for every test of a process, made empty anew."""
        name = f"journal_{os.getpid()}"
        if not self.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
            self.execute(f"CREATE DATABASE {name}")
            Journal.open(self.url(name)).close()
            return self.url(name)
        statements = [f"DELETE FROM {SCHEMA}.{table}" for table in reversed(TABLES) if table != "about"]
        numbered = [table for table, columns in TABLES.items() if "id INTEGER PRIMARY KEY" in columns]
        statements += [f"ALTER SEQUENCE {SCHEMA}.{table}_id_seq RESTART" for table in numbered]
        self.execute("; ".join(statements), name)
        return self.url(name)


def as_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": _user(), "group": _user() if _user() != "nobody" else "nogroup", "extra_groups": []}


def _user() -> str:
    import pwd  # noqa: PLC0415 - not on Windows

    return next((user.pw_name for user in pwd.getpwall() if user.pw_name == "postgres"), "nobody")


def shared() -> Postgres:
    session = os.getppid() if os.environ.get("PYTEST_XDIST_WORKER") else os.getpid()
    folder = Path(tempfile.gettempdir()) / f"note-importer-postgres-{session}"
    with FileLock(f"{folder}.lock"):
        if not (folder / "port").exists():
            keeper = subprocess.Popen(
                [sys.executable, "-m", "tests.postgres", str(folder), str(session)], stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
            deadline = time.monotonic() + 120
            while not (folder / "port").exists():
                assert keeper.poll() is None, "PostgreSQL could not be started"
                assert time.monotonic() < deadline
                time.sleep(0.05)
            keeper.returncode = 0  # it outlives this process, on purpose
    return Postgres(folder, int((folder / "port").read_text()))


def available() -> None:
    """Skip the test where there is no PostgreSQL; in CI that is a failure, other than on Windows."""
    if os.name == "nt":
        pytest.skip("PostgreSQL is started as on Unix")
    if programs() is None:
        if os.environ.get("CI"):
            pytest.fail(HOW_TO_GET_IT)
        pytest.skip(HOW_TO_GET_IT)


def keep(folder: Path, session: int) -> None:
    """Run a server until the test session is over."""
    folder.mkdir()
    server = Postgres.made(folder)
    (folder / "new").write_text(str(server.port))
    (folder / "new").replace(folder / "port")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    while psutil.pid_exists(session):
        time.sleep(0.5)
    server.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)
    Path(f"{folder}.lock").unlink(missing_ok=True)


if __name__ == "__main__":
    keep(Path(sys.argv[1]), int(sys.argv[2]))
