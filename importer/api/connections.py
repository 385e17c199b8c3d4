"""Connections that know whether a request has begun to leave, and replies that come to an end.

Comes in: what :mod:`importer.api.transport` asks ``requests`` for. Goes out: a :class:`Session` for one thread, whose
``departure`` says whether a byte of the latest request was handed to a connection. That is a fact of our own: no class
of exception and no flag of a library says it, for several are the same before and after.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import io
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

_SLOW = 1.0  # seconds after which connecting has met an address that doesn't answer

Reached = dict[tuple[str, int], str]
"""The address at which a host was reached after another had not answered, by name and port."""


class Departure:
    """Whether a byte of a request was handed to a connection.

    The bytes that open a connection are not the request's: neither those of TLS nor those that ask a proxy for a way.
    """

    has_begun = False


class Session(requests.Session):
    """Makes one call after another, on one connection, with nothing that the machine's settings would add.

    Args:
        proxies, certificates, headers: as ``requests`` takes them.
        reached: shared by all sessions.
    """

    def __init__(
        self, proxies: Mapping[str, str], certificates: str | None, headers: Mapping[str, str], reached: Reached
    ) -> None:
        super().__init__()
        self.departure = Departure()
        self.trust_env = False  # proxies were resolved once; .netrc must not replace the key
        self.proxies = dict(proxies)
        self.verify = certificates or True
        self.headers.update(headers)
        adapter = _Adapter(departure=self.departure, reached=reached)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        """Never look where a redirect leads: requests would read all of its body, though none is followed."""
        return iter(())


class _Adapter(HTTPAdapter):
    """One connection, no repeats."""

    def __init__(self, **told: Any) -> None:
        self._told = told
        super().__init__(max_retries=0, pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._track(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        if proxy not in self.proxy_manager:
            self._track(super().proxy_manager_for(proxy, **kwargs))
        return super().proxy_manager_for(proxy, **kwargs)

    def _track(self, manager: Any) -> None:
        """Let all connections of the manager, be they to a proxy of whatever kind, note when a request begins."""
        manager.pool_classes_by_scheme = {
            scheme: functools.partial(_tracked(pool), **self._told)
            for scheme, pool in manager.pool_classes_by_scheme.items()
        }


@functools.cache
def _tracked(pool: Any) -> Any:
    """A class of pools whose connections are :class:`_Tracked`."""
    is_direct = pool.ConnectionCls._new_conn is urllib3.connection.HTTPConnection._new_conn  # not by way of SOCKS
    connection = type("Connection", (_Direct if is_direct else _Tracked, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _Tracked:
    """Goes before a class of connections: notes when a request begins to leave, and isn't used out of step."""

    sock: Any

    def __init__(self, *args: Any, departure: Departure, reached: Reached, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._departure, self._reached = departure, reached
        self._is_connecting = False
        self._reply: _Reply | None = None

    def connect(self) -> None:
        """Open the connection, by way of a proxy and with TLS where these are wanted."""
        self._is_connecting = True
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self._is_connecting = False

    def send(self, data: Any) -> None:
        """Hand bytes to the connection, which is opened first where it isn't."""
        if self.sock is None:
            self.connect()
        self._departure.has_begun |= not self._is_connecting
        super().send(data)  # type: ignore[misc]

    def response_class(self, *args: Any, **kwargs: Any) -> _Reply:
        """Make the reply to the latest request, or to what a proxy was asked for."""
        self._reply = _Reply(*args, **kwargs)
        return self._reply

    @property
    def is_connected(self) -> bool:
        """Whether the next request may be sent on it: it is open, and there is nothing to be read on it.

        What is there before it was asked for would be taken for the next request's reply.
        """
        is_quiet: bool = super().is_connected  # type: ignore[misc]
        has_more = self._reply is not None and self._reply.has_more
        return is_quiet and not has_more and not getattr(self.sock, "pending", int)()


class _Direct(_Tracked):
    """The same where the host's addresses are tried here, one after another."""

    _dns_host: str
    port: int
    timeout: Any
    source_address: Any
    socket_options: Any

    def _new_conn(self) -> socket.socket:
        """Connect: where a first address never answers, as behind a black hole of IPv6, only once after its timeout."""
        place = self._dns_host, self.port
        if address := self._reached.get(place):
            with contextlib.suppress(OSError):
                if any(address == other[0] for *_, other in socket.getaddrinfo(*place, type=socket.SOCK_STREAM)):
                    return urllib3.util.connection.create_connection(
                        (address, self.port), self.timeout, self.source_address, self.socket_options
                    )
            self._reached.pop(place, None)
        began = time.monotonic()
        found: socket.socket = super()._new_conn()  # type: ignore[misc]
        if time.monotonic() - began > _SLOW:
            self._reached[place] = found.getpeername()[0]
        return found


class _Reply(http.client.HTTPResponse):
    """A reply whose headers and body must come within twice the read timeout, and one wait more.

    Attributes:
        has_more: whether more than the reply had come when it was at its end.
    """

    has_more = False

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        timeout = sock.gettimeout()
        self._raw = _Unhurried(self.fp.detach(), None if timeout is None else 2 * timeout)
        self.fp = io.BufferedReader(self._raw)

    def _read_status(self) -> tuple[str, int, str]:
        """Read the first line, passing over interim replies: they say that the reply comes later."""
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 100 <= status < 200 or status == http.HTTPStatus.SWITCHING_PROTOCOLS:
                return version, status, reason
            http.client.parse_headers(self.fp)

    def _close_conn(self) -> None:
        self._raw.is_over = True
        self.has_more = bool(self.fp.peek(1))
        super()._close_conn()  # type: ignore[misc]


class _Unhurried(io.RawIOBase):
    """Reads from a socket, but not for ever: each byte may come just before the timeout, and the next one again."""

    is_over = False  # whether no more is to be waited for

    def __init__(self, raw: io.RawIOBase, seconds: float | None) -> None:
        self._raw = raw
        self._ends = None if seconds is None else time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        if self.is_over:
            return 0
        if self._ends is not None and time.monotonic() > self._ends:
            raise TimeoutError("the reply took too long")
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
