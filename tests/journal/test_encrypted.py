"""A PostgreSQL server with TLS, as on another machine: encrypted unasked, and known by its certificate where asked.

What a service file names may be anywhere, so it is such a server, though it listens on this machine.
"""

from __future__ import annotations

import contextlib
import shutil
import socketserver
import ssl
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import certifi
import pytest

import tests.postgres
from importer.errors import ImporterError, UnusableJournal
from importer.journal import Journal
from importer.journal.connecting import connect
from tests.postgres import Postgres

pytestmark = pytest.mark.slow

PEM = Path(__file__).parents[1] / "tls" / "loopback.pem"  # signed by itself, for localhost
SERVICE = "postgresql:///?service=notes"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    tests.postgres.available()
    folder = Path(tempfile.mkdtemp())
    made = Postgres.made(folder)
    made.encrypt(PEM)
    yield made
    made.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def service(server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Writes a service file, and names its URL."""
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))

    def write(host: str, **more: object) -> str:
        said = {"host": host, "hostaddr": "127.0.0.1", "port": server.port, "dbname": "postgres", "user": "postgres"}
        lines = (f"{name}={value}\n" for name, value in (said | more).items())
        (tmp_path / "services").write_text(f"[notes]\n{''.join(lines)}")
        return SERVICE

    return write


@pytest.mark.parametrize("asked", [{}, {"sslmode": "verify-full", "sslrootcert": PEM}])
def test_the_way_is_encrypted_whether_asked_or_not(service: Callable[..., str], asked: dict[str, object]) -> None:
    """Who only says where the server is has it, too; who asks for more is content with the right certificate."""
    url = service("localhost", **asked)
    with closing(connect(url)) as connection:
        query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert connection.execute(query).fetchall() == [(True,)]
    Journal.open(url).close()


@pytest.mark.parametrize(
    ("host", "root", "words"),
    [
        ("db.example", PEM, 'does not match host name "db.example".*Use the host name in the server\'s certificate'),
        ("localhost", certifi.where(), "certificate verify failed.*is not signed by the authority"),
        ("localhost", "/nowhere/root.crt", "/nowhere/root.crt.*Name the file with the certificate of the authority"),
    ],
)
def test_a_server_that_cant_be_known_by_its_certificate_is_refused(
    service: Callable[..., str], host: str, root: object, words: str
) -> None:
    """As another name's, another authority's, or as none is there to compare; it says what to do."""
    with pytest.raises(UnusableJournal, match=words) as caught:
        Journal.open(service(host, sslmode="verify-full", sslrootcert=root))
    assert "Nothing was sent" in str(caught.value)


class Impostor(socketserver.TCPServer):
    """A server between us and the database, with a certificate of its own. It asks for the password in clear text."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asking)
        self.came: list[bytes] = []


class _Asking(socketserver.BaseRequestHandler):
    server: Impostor

    def handle(self) -> None:
        assert self.request.recv(8)[4:] == struct.pack("!I", 80_877_103)  # SSLRequest
        self.request.sendall(b"S")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(PEM)
        with contextlib.suppress(OSError), context.wrap_socket(self.request, server_side=True) as connection:
            connection.recv(1 << 16)  # StartupMessage
            connection.sendall(b"R" + struct.pack("!II", 8, 3))  # AuthenticationCleartextPassword
            self.server.came.append(connection.recv(1 << 16))


@pytest.mark.parametrize(
    ("asked", "is_told"),
    [
        ({}, False),
        ({"sslmode": "require"}, False),
        ({"require_auth": "password"}, True),
        ({"sslmode": "verify-full", "sslrootcert": PEM}, True),
    ],
)
def test_the_password_itself_is_given_only_to_a_server_whose_certificate_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: dict[str, object], is_told: bool
) -> None:
    """Or to any, if the URL, the environment or the service file says so."""
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    monkeypatch.setenv("PGPASSWORD", "a-password")
    with Impostor() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        said = {"host": "localhost", "hostaddr": "127.0.0.1", "port": server.server_address[1], "user": "jo"} | asked
        (tmp_path / "services").write_text("[notes]\n" + "".join(f"{name}={value}\n" for name, value in said.items()))
        with pytest.raises(ImporterError) as caught:
            Journal.open(SERVICE)
        server.shutdown()
    assert any(b"a-password" in message for message in server.came) is is_told
    if not is_told:
        assert isinstance(caught.value, UnusableJournal)
        assert "The server asks for the password in clear text." in str(caught.value)
