"""A real proxy is killed in the middle of an import, comes back, or asks for a password: nothing doubles or is lost."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from importer.errors import Blocked
from importer.importing.report import Report
from tests.between import Between
from tests.delivering import KEY, counts, deliver
from tests.gateways import programs
from tests.gateways.proxies import RealProxy
from tests.sandbox import Sandbox
from tests.truth import Line

PEM = Path(__file__).parents[1] / "tls" / "loopback.pem"
LINES = [Line(f"P{number}", f"Call number {number}") for number in range(300)]
FAST = {"batch_size": 1, "workers": 8, "read_timeout": 1.0}


@pytest.fixture(params=["tinyproxy", "squid"])
def program(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    programs.need(name, name, is_here=programs.find(name) is not None and os.name != "nt")
    return name


@contextmanager
def standing_at(box: Sandbox, way: str = "https") -> Iterator[Between]:
    """The sandbox behind https or http, whatever the client calls it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if way == "https" else None
    if context is not None:
        context.load_cert_chain(PEM)

    def pass_on(gateway: Between, client: socket.socket, request: bytes) -> None:
        client.sendall(gateway.passed_on(request))

    with Between(box.url, pass_on, context) as gateway:
        yield gateway


@contextmanager
def happening(box: Sandbox, *what: tuple[int, Callable[[], object]]) -> Iterator[None]:
    """As soon as the API has received so many requests, something happens."""
    over = threading.Event()

    def watch() -> None:
        for count, act in what:
            while len(box.received) < count and not over.wait(0.002):
                pass
            if not over.is_set():
                act()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def finished(box: Sandbox, folder: Path, url: str) -> None:
    """The rerun leaves every note there once."""
    again = counts(deliver(box, folder, LINES, base_url=url, **FAST))
    assert again["created"] + again["already imported"] == len(LINES)
    assert len(box.notes) == len(LINES)


def comes_back(proxy: RealProxy) -> None:
    proxy.kill()
    proxy.start()


@pytest.mark.parametrize("way", ["https", "http"])
def test_a_proxy_that_dies_and_comes_back_doubles_nothing(
    program: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In https it leads to the API, in http it stands before it."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(PEM))
    with (
        Sandbox(api_key=KEY, latency=0.03) as box,
        standing_at(box, way) as gateway,
        RealProxy(program, tmp_path, behind=gateway.server_address[1] if way == "http" else 0) as proxy,
        happening(box, *((count, lambda: comes_back(proxy)) for count in (50, 120, 200))),
    ):
        url = f"http://127.0.0.1:{proxy.port}/v1"
        if way == "https":
            monkeypatch.setenv("HTTPS_PROXY", url.removesuffix("/v1"))
            url = gateway.url
        assert counts(deliver(box, tmp_path, LINES, base_url=url, **FAST)) == Counter({"created": len(LINES)})
        assert len(box.notes) == len(LINES)


def stopped(box: Sandbox, folder: Path, url: str) -> Report:
    """An import that ends with 4; :func:`deliver` has seen that no row that is *not sent* was applied."""
    report = deliver(box, folder, LINES, base_url=url, **FAST)
    assert isinstance(report.stopped, Blocked)
    assert report.exit_status == 4
    assert counts(report)["not sent"]
    return report


def test_a_proxy_that_asks_for_a_password_from_the_middle_on_stops_the_run_and_hides_nothing(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(PEM))
    with Sandbox(api_key=KEY, latency=0.03) as box, standing_at(box) as gateway, RealProxy(program, tmp_path) as proxy:

        def asks_now() -> None:
            proxy.kill()
            proxy.start(asks=True)

        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        with happening(box, (100, asks_now)):
            report = stopped(box, tmp_path, gateway.url)
        assert "407" in str(report.stopped)
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:secret@127.0.0.1:{proxy.port}")
        finished(box, tmp_path, gateway.url)


def test_a_file_of_certificates_that_goes_away_while_requests_are_lost_stops_the_run_and_hides_nothing(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(PEM.read_bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with Sandbox(api_key=KEY, latency=0.03) as box, standing_at(box) as gateway, RealProxy(program, tmp_path) as proxy:

        def goes_away() -> None:
            bundle.unlink()
            comes_back(proxy)

        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        with happening(box, (100, goes_away)):
            report = stopped(box, tmp_path, gateway.url)
        assert "no longer exists" in str(report.stopped)
        bundle.write_bytes(PEM.read_bytes())
        finished(box, tmp_path, gateway.url)
