"""A connection is used again only in step: no bytes that were there before are taken for the next request's reply."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from importer.api import Cause, transport
from importer.api.saleshandy import Saleshandy
from tests.api.canned import connected, create, entry, failure_of, reply, results, value_of
from tests.between import Act, Between

PEM = Path(__file__).parents[1] / "tls" / "loopback.pem"


@pytest.fixture(params=["http", "https"])
def serve(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Act], Between]:
    """Make a server that does as it is told, in http and in https."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(PEM))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if request.param == "https" else None
    if tls is not None:
        tls.load_cert_chain(PEM)
    return lambda act: Between("http://127.0.0.1:9/v1", act, tls)


@contextlib.contextmanager
def api_at(server: Between, read_timeout: float = 5.0) -> Iterator[Saleshandy]:
    api = connected(server.url, read_timeout=read_timeout)
    try:
        yield api
    finally:
        api.close()


def created(note_id: str, words: str = "") -> bytes:
    """A whole reply on a connection that stays open."""
    body = {**results(entry("P1", note_id)), "more": words}
    return reply(body).replace(b"Connection: close\r\n", b"")


def ids(api: Saleshandy, calls: int) -> list[str | None]:
    return [value_of(create(api))["P1"].note_id for _ in range(calls)]


def answering(words: str = "", times: int = 1) -> Act:
    return lambda server, client, _: client.sendall(created(f"N{len(server.requests)}", words) * times)


def test_a_connection_in_step_is_used_again(serve: Callable[[Act], Between]) -> None:
    with serve(answering()) as server, api_at(server) as api:
        assert ids(api, 3) == ["N1", "N2", "N3"]
    assert server.connections == 1


@pytest.mark.parametrize("words", ["", "x" * 12_000], ids=["short", "longer than what is read at once"])
def test_a_reply_that_comes_twice_is_not_the_next_requests(serve: Callable[[Act], Between], words: str) -> None:
    with serve(answering(words, 2)) as server, api_at(server) as api:
        assert ids(api, 3) == ["N1", "N2", "N3"]
    assert server.connections == 3


def test_a_second_reply_while_nothing_is_asked_is_not_the_next_requests(serve: Callable[[Act], Between]) -> None:
    is_taken, is_sent = threading.Event(), threading.Event()

    def act(server: Between, client: socket.socket, _: bytes) -> None:
        client.sendall(created(f"N{len(server.requests)}"))
        if len(server.requests) == 1:
            is_taken.wait()
            client.sendall(created("N1"))
            is_sent.set()

    with serve(act) as server, api_at(server) as api:
        assert ids(api, 1) == ["N1"]
        is_taken.set()
        is_sent.wait()
        assert ids(api, 1) == ["N2"]
    assert server.connections == 2


def test_a_reply_that_comes_too_late_is_not_taken_for_the_next_requests(serve: Callable[[Act], Between]) -> None:
    is_given_up = threading.Event()

    def act(server: Between, client: socket.socket, _: bytes) -> None:
        number = len(server.requests)
        if number == 1:
            is_given_up.wait()
        client.sendall(created(f"N{number}"))

    with serve(act) as server, api_at(server, read_timeout=1.0) as api:
        assert failure_of(create(api)).cause is Cause.LOST
        is_given_up.set()
        assert ids(api, 1) == ["N2"]
    assert server.connections == 2


def test_connections_are_made_anew_by_each_thread_at_its_next_call(serve: Callable[[Act], Between]) -> None:
    with serve(answering()) as server, api_at(server) as api:
        barrier = threading.Barrier(3)

        def work() -> None:
            for _ in range(2):
                ids(api, 2)
                barrier.wait()
                barrier.wait()

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        barrier.wait()
        assert server.connections == 2
        api.renew()
        barrier.wait()
        barrier.wait()
        assert server.connections == 4
        barrier.wait()
        for thread in threads:
            thread.join()


def test_idle_time_counts_from_a_calls_end(serve: Callable[[Act], Between], monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that takes long leaves a connection that is as good as new."""
    now = 0.0

    def act(server: Between, client: socket.socket, _: bytes) -> None:
        nonlocal now
        now += 60.0  # each call takes so long
        client.sendall(created(f"N{len(server.requests)}"))

    monkeypatch.setattr(transport, "time", SimpleNamespace(monotonic=lambda: now))
    with serve(act) as server, api_at(server) as api:
        assert ids(api, 3) == ["N1", "N2", "N3"]
        assert server.connections == 1
        now += 5.0
        assert ids(api, 1) == ["N4"]
        assert server.connections == 2


@pytest.mark.parametrize("status", ["101 Switching Protocols", "103 Early Hints"])
def test_a_reply_that_is_not_the_final_one_leaves_it_open_whether_the_call_was_applied(
    serve: Callable[[Act], Between], status: str
) -> None:
    def act(server: Between, client: socket.socket, _: bytes) -> None:
        client.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode() * (len(server.requests) == 1) + created("N1"))

    with serve(act) as server, api_at(server) as api:
        failure = failure_of(create(api))
        assert (failure.is_applied, failure.at_work) == (None, True)
        assert ids(api, 1) == ["N1"]
        assert server.connections == 2
