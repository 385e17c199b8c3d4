"""Certificates and proxies: what waiting doesn't heal stops a run at once, and a proxy's login stands in no message.

``tests/tls/loopback.pem`` is the key and the certificate, good until 2120, of servers that these tests start on the
loopback address. Nobody trusts it, unless a test tells the client to.
"""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import socket
import ssl
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from importer import cli
from importer.api import Cause
from importer.errors import BadSettings, CallRefused
from importer.messages import render
from importer.models import Result
from importer.settings import Settings
from importer.settings.secrets import KEY_VARIABLE
from tests import running
from tests.api import canned
from tests.api.canned import KEY, Call, Canned, called, create, entry, failure_of, find, reply, results, update
from tests.between import Between
from tests.truth import Line, read_results, write_sheet

PEM = Path(__file__).parents[1] / "tls" / "loopback.pem"
CREATED = reply(results(entry("P1", "N1")))


def secure(*pieces: bytes, wants_certificate: bool = False, newest: ssl.TLSVersion | None = None) -> Canned:
    """A server of canned replies with TLS."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(PEM)
    if newest is not None:
        tls.maximum_version = newest
    if wants_certificate:
        tls.load_verify_locations(PEM)
        tls.verify_mode = ssl.CERT_REQUIRED
    return Canned(*pieces, tls=tls)


def proxying(login: str = "", refusal: str = "") -> Between:
    """A proxy for CONNECT, which may want a login (``name:password``), or refuses everything with a status line."""
    wanted = f"proxy-authorization: basic {base64.b64encode(login.encode('latin-1')).decode()}".lower()

    def connect(_: Between, client: socket.socket, request: bytes) -> None:
        text = request.decode("latin-1")
        is_unknown = login and wanted not in text.lower()
        if no := refusal or ("407 Proxy Authentication Required" if is_unknown else ""):
            client.sendall(f"HTTP/1.1 {no}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode("latin-1"))
            client.close()
            return
        host, port = text.split()[1].split(":")
        with socket.create_connection((host, int(port))) as beyond:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_carry, args=(beyond, client), daemon=True)
            back.start()
            _carry(client, beyond)
            back.join()

    return Between("http://127.0.0.1:9", connect)


def place_of(url: str) -> str:
    return url.split("/")[2]


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture(autouse=True)
def _no_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(PEM))


def outcome(url: str, call: Call = create) -> Any:
    """What one call came to, a value or a failure; no text of it holds the key."""
    answer = called(url, call)
    return answer.failure or answer.value


CALLS: list[Call] = [create, find, update]


# -- certificates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", CALLS)
def test_a_certificate_that_is_not_accepted_blocks_and_names_the_way_out(call: Call) -> None:
    with secure(CREATED) as server:
        error = outcome(server.url, call)
    assert error.cause is Cause.BLOCKED
    assert f"The certificate of {place_of(server.url)} is not accepted" in render(error.text)
    assert "REQUESTS_CA_BUNDLE" in render(error.text)
    assert server.requests == []


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_wants_a_certificate_of_ours_blocks(trusted: None, newest: ssl.TLSVersion) -> None:
    """By the older protocol that is said before the request leaves; by the newer one after it, when all is unclear."""
    with secure(CREATED, wants_certificate=True, newest=newest) as server:
        error = outcome(server.url)
    has_left = newest is ssl.TLSVersion.TLSv1_3
    assert error.cause is (Cause.LOST if has_left else Cause.BLOCKED)
    assert error.is_applied is (None if has_left else False)
    assert error.at_work is has_left
    assert has_left or "client certificate" in render(error.text)
    assert server.requests == []


@pytest.fixture
def bundle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The certificates that the client is told to trust, in a file of the test's own."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(PEM.read_bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    return bundle


@pytest.mark.parametrize(
    ("text", "words"), [(None, "no readable certificate"), ("no certificate", "no readable certificate")]
)
def test_certificates_that_cant_be_used_are_a_setting_to_correct(bundle: Path, text: str | None, words: str) -> None:
    bundle.unlink() if text is None else bundle.write_text(text, encoding="utf-8")
    with secure(CREATED) as server, pytest.raises(BadSettings, match="no readable certificate") as caught:
        outcome(server.url)
    assert "REQUESTS_CA_BUNDLE" in str(caught.value)
    assert server.requests == []


def test_a_run_stops_at_the_first_certificate_with_status_4_and_every_row_says_why(tmp_path: Path) -> None:
    with secure(CREATED) as server:
        settings = Settings(
            base_url=server.url, key=KEY, journal=tmp_path / "j.sqlite", results=tmp_path / "r.csv", batch_size=1
        )
        sheet = write_sheet(tmp_path / "n.csv", [Line("P1", "x"), Line("P2", "y")])
        report = running.run(sheet, settings)
    assert report is not None
    assert isinstance(report.stopped, CallRefused) and report.stopped.cause == "blocked"
    assert (report.exit_status, report.counts, report.requests) == (4, {Result.NOT_SENT: 2}, 0)
    reasons = {row["reason"] for row in read_results(report.results)}
    assert len(reasons) == 1
    assert reasons.pop().startswith("the run stopped: The certificate of 127.0.0.1")


# -- proxies ----------------------------------------------------------------------------------------------------------

LOGINS = ["user:secret", "us%er:p/a#s?s@w:o%72d", "näme:pässwort", "only-a-name:"]


@pytest.mark.parametrize("login", LOGINS)
def test_a_proxy_gets_its_login_and_leads_to_it(trusted: None, monkeypatch: pytest.MonkeyPatch, login: str) -> None:
    name, _, password = login.partition(":")
    with secure(CREATED) as server, proxying(login) as proxy:
        monkeypatch.setenv(
            "https_proxy", f"http://{quote(name, safe='')}:{quote(password, safe='')}@{place_of(proxy.url)}"
        )
        assert outcome(server.url) == {"P1": canned.CREATED}
    assert proxy.requests[0].startswith(f"CONNECT {place_of(server.url)} ".encode())
    assert KEY.encode() not in proxy.requests[0]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("login", ["", "someone:hunter2%2F@"])
def test_a_proxys_other_login_blocks(trusted: None, monkeypatch: pytest.MonkeyPatch, login: str, call: Call) -> None:
    with secure(CREATED) as server, proxying("user:secret") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{login}{place_of(proxy.url)}")
        error = outcome(server.url, call)
    assert error.cause is Cause.BLOCKED
    assert f"The proxy {place_of(proxy.url)} requires a user name and password" in render(error.text)
    assert "hunter2" not in render(error.text)
    assert server.requests == []


def test_a_407_to_the_request_itself_says_nothing_of_whether_it_was_applied() -> None:
    """Whoever says it has the request, and may have passed it on."""
    with Canned(reply(b"", "407 Proxy Authentication Required")) as server:
        failure = outcome(server.url)
    assert (failure.cause, failure.is_applied, failure.at_work) == (Cause.INTERMEDIARY, None, True)


@pytest.mark.parametrize("call", CALLS)
def test_a_request_that_went_through_a_proxy_which_dies_may_be_applied(
    trusted: None, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    """The libraries speak of the proxy's error then, as they do before anything left."""
    with secure() as server, proxying() as proxy:  # the server ends the connection, and so does the proxy
        monkeypatch.setenv("https_proxy", f"http://{place_of(proxy.url)}")
        answer = called(server.url, call)
    failure = failure_of(answer)
    assert (failure.cause, failure.is_applied, failure.at_work) == (Cause.LOST, None, True)
    assert answer.has_left
    assert len(server.requests) == 1


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("words", [b"", b"HTTP/1.1 200 Connection established\r\n\r\n"])
def test_nothing_has_left_through_a_proxy_which_dies_before_it_leads_anywhere(
    trusted: None, monkeypatch: pytest.MonkeyPatch, call: Call, words: bytes
) -> None:
    """It knows who was asked for, and no more: neither before it answers nor before the API's certificate came."""
    with Canned(words) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.removesuffix("/v1"))
        answer = called("https://api.example/v1", call)
    failure = failure_of(answer)
    assert (failure.cause, failure.is_applied) == (Cause.UNREACHABLE, False)
    assert not answer.has_left
    assert proxy.requests[0].startswith(b"CONNECT")


@pytest.mark.parametrize("call", CALLS)
def test_a_proxy_that_is_not_there_is_named_and_tried_again(monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setenv("https_proxy", f"http://someone:hunter2@{place}")
    error = outcome("https://api.example/v1", call)
    assert error.cause is Cause.UNREACHABLE
    assert render(error.text).startswith(f"api.example could not be reached through the proxy {place}: ")


def test_a_proxy_that_leads_nowhere_is_named_without_its_login(monkeypatch: pytest.MonkeyPatch) -> None:
    echo = base64.b64encode(b"someone:hunt/er2").decode()
    with proxying(refusal=f"502 no way for someone with hunt/er2, hunt%2Fer2, {echo}") as proxy:
        monkeypatch.setenv("https_proxy", f"http://someone:hunt%2Fer2@{place_of(proxy.url)}")
        error = outcome("https://api.example/v1")
    assert error.cause is Cause.UNREACHABLE
    assert render(error.text).startswith(f"api.example could not be reached through the proxy {place_of(proxy.url)}: ")
    assert "502" in render(error.text)
    for secret in ("someone", "hunt/er2", "hunt%2Fer2", echo):
        assert secret not in render(error.text)


SOMEBODYS = "hunt/er2 12/hunter2 hunt#er2 hunt?er2 hunt@er2 hunt\\er2 hunt\ner2 [hunter2".split(" ")
MALFORMED = [
    *(f"http://someone:{password}@127.0.0.1:9" for password in (*SOMEBODYS, "hunt er2", "hunter2\u20ac")),
    *(f"http://someone:hunter2@{place}" for place in ("127.0.0.1:port", "127.0.0.1:99999", "", "127.0.0.1:9/path")),
    "http://someone:hunter2", "ftp://someone:hunter2@127.0.0.1:9", "someone:hunt/er2@127.0.0.1:9",
    "http:someone:hunter2@127.0.0.1:9", "http:///someone:hunter2@127.0.0.1:9", "://someone:hunter2",
    "http://hunter2\u2100:someone@x",
]  # fmt: skip


@pytest.mark.parametrize("address", MALFORMED)
def test_a_proxys_address_that_cant_be_read_is_a_setting_to_correct_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    """Status 2, before anything is sent or entered; no part of it stands in the message or in a file."""
    monkeypatch.setenv("HTTPS_PROXY", address)
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    monkeypatch.chdir(tmp_path)
    write_sheet(tmp_path / "n.csv", [Line("P1", "x")])
    flags = ["--base-url", "https://127.0.0.1:9/v1", "--journal", "j.sqlite", "--give-up-after", "1"]
    status = cli.main(["run", "n.csv", "--yes", *flags])
    said = "".join(capsys.readouterr())
    assert status == 2, said
    assert "proxy" in said
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    for secret in ("someone", "hunt", "er2"):
        assert secret not in said
        assert not any(secret.encode() in data for data in files)
    assert not list(tmp_path.glob("*.results*"))


@pytest.mark.skipif(importlib.util.find_spec("socks") is not None, reason="the package for SOCKS is installed here")
def test_a_socks_proxy_without_the_part_for_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://someone:hunter2@127.0.0.1:9")
    with pytest.raises(BadSettings, match="pysocks") as caught:
        outcome("https://api.example/v1")
    assert "hunter2" not in str(caught.value)


def test_no_proxy_names_the_addresses_that_need_none(trusted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with secure(CREATED) as server:
        assert outcome(server.url) == {"P1": canned.CREATED}
