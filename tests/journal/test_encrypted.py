"""A PostgreSQL server with TLS, as on another machine: encrypted unasked, and known by its certificate where asked.

It listens on this machine, so these tests say that nothing is this machine.
"""

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
from urllib.parse import urlencode

import certifi
import pytest

import tests.postgres
from importer.errors import ImporterError, UnusableJournal
from importer.journal import Journal, postgres
from importer.journal.postgres import connect
from tests.postgres import Postgres

pytestmark = pytest.mark.slow

PEM = Path(__file__).parents[1] / "tls" / "loopback.pem"  # signed by itself, for localhost
Url = Callable[..., str]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    tests.postgres.available()
    folder = Path(tempfile.mkdtemp())
    made = Postgres.made(folder)
    made.encrypt(PEM)
    yield made
    made.stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "is_this_machine", lambda _: False)


@pytest.fixture
def url(server: Postgres) -> Url:
    return lambda host, **more: _url(host, port=server.port, dbname="postgres", user="postgres", **more)


def _url(host: str, **more: object) -> str:
    said = {"host": host, "hostaddr": "127.0.0.1", **more}
    return f"postgresql:///?{urlencode(said)}"


@pytest.mark.parametrize("asked", [{}, {"sslmode": "verify-full", "sslrootcert": PEM}])
def test_the_way_is_encrypted_whether_asked_or_not(url: Url, asked: dict[str, object]) -> None:
    with closing(connect(url("localhost", **asked))) as connection:
        query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert connection.execute(query).fetchall() == [(True,)]
    Journal.open(url("localhost", **asked)).close()


@pytest.mark.parametrize(
    ("host", "root", "words"),
    [
        ("db.example", PEM, 'does not match host name "db.example".*Check the server\'s encryption'),
        ("localhost", certifi.where(), "certificate verify failed.*Check the server's encryption"),
        ("localhost", "/nowhere/root.crt", "/nowhere/root.crt.*sslrootcert names the authority's file"),
    ],
)
def test_a_server_that_cant_be_known_by_its_certificate_is_refused(
    url: Url, host: str, root: object, words: str
) -> None:
    with pytest.raises(UnusableJournal, match=words) as caught:
        Journal.open(url(host, sslmode="verify-full", sslrootcert=root))
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
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, object], is_told: bool
) -> None:
    monkeypatch.setenv("PGPASSWORD", "a-password")
    with Impostor() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        with pytest.raises(ImporterError) as caught:
            Journal.open(_url("localhost", port=server.server_address[1], user="jo", **asked))
        server.shutdown()
    assert any(b"a-password" in message for message in server.came) is is_told
    if not is_told:
        assert isinstance(caught.value, UnusableJournal)
        assert "The server asks for the password in clear text." in str(caught.value)
