"""Connections that record when a request has begun to leave, and replies with a deadline.

Input: the requests of :mod:`importer.api.transport`. Output: a :class:`Session` for one thread. Its ``left`` says
when the first byte of the latest request was handed to a connection. We record this ourselves, because libraries raise
the same exceptions before and after that moment, and connecting takes its time.
"""

from __future__ import annotations

import functools
import http.client
import io
import math
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter

LEAVES_BY: ContextVar[float] = ContextVar("leaves_by", default=math.inf)
"""Until when, in seconds since 1970 by the system's clock, the head and the body of this thread's call may leave."""


class Session(requests.Session):
    """A session with one connection. It ignores the machine's own settings, such as ``.netrc``.

    ``left`` is when the first byte of the latest request was handed to the connection, by a clock; None if none was
    (D32). The bytes of a TLS handshake or of a CONNECT to a proxy are not bytes of the request.
    """

    left: float | None = None

    def __init__(
        self,
        proxies: Mapping[str, str],
        certificates: str | None,
        headers: Mapping[str, str],
        clock: Callable[[], float],
    ) -> None:
        super().__init__()
        self.clock = clock
        self.trust_env = False  # proxies were resolved once; .netrc must not replace the key
        self.proxies = dict(proxies)
        self.verify = certificates or True
        self.headers.update(headers)
        adapter = _Adapter(self)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        """Return no redirects. requests would read the whole body of a redirect, even though we never follow one."""
        return iter(())


class _Adapter(HTTPAdapter):
    """An HTTP adapter that has one connection and never repeats a request."""

    def __init__(self, session: Session) -> None:
        self._session = session
        super().__init__(max_retries=0, pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._track(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        if proxy not in self.proxy_manager:
            self._track(super().proxy_manager_for(proxy, **kwargs))
        return super().proxy_manager_for(proxy, **kwargs)

    def _track(self, manager: Any) -> None:
        """Make each connection of this manager a :class:`_Tracked` one, for any kind of proxy."""
        manager.pool_classes_by_scheme = {
            scheme: functools.partial(_tracked(pool), session=self._session)
            for scheme, pool in manager.pool_classes_by_scheme.items()
        }


@functools.cache
def _tracked(pool: Any) -> Any:
    """Return a subclass of this class of connection pools whose connections are :class:`_Tracked`."""
    connection = type("Connection", (_Tracked, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _Tracked:
    """A mixin for urllib3's connections that notices when a request begins to leave, and when unread bytes remain."""

    sock: Any

    def __init__(self, *args: Any, session: Session, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._session = session
        self._is_connecting = False
        self._reply: _BoundedReply | None = None

    def connect(self) -> None:
        """Open the connection, including the proxy's tunnel and TLS."""
        self._is_connecting = True
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self._is_connecting = False

    def send(self, data: Any) -> None:
        """Send bytes, after opening the connection if it is closed."""
        if self.sock is None:
            self.connect()
        if not self._is_connecting:
            if time.time() > LEAVES_BY.get():
                raise TimeoutError
            if self._session.left is None:
                self._session.left = self._session.clock()
        super().send(data)  # type: ignore[misc]

    def response_class(self, *args: Any, **kwargs: Any) -> _BoundedReply:
        """Return the reply object for the latest request, or for a CONNECT."""
        self._reply = _BoundedReply(*args, **kwargs)
        return self._reply

    @property
    def is_connected(self) -> bool:
        """Whether the next request may use this connection: it is open, without unread bytes to mistake for a reply."""
        is_quiet: bool = super().is_connected  # type: ignore[misc]
        has_more = self._reply is not None and self._reply.has_more
        return is_quiet and not has_more and not getattr(self.sock, "pending", int)()


class _BoundedReply(http.client.HTTPResponse):
    """A reply whose headers and body must come within twice the read timeout; ``has_more`` if more followed it."""

    has_more = False

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        timeout = sock.gettimeout()
        self._raw = _Unhurried(self.fp.detach(), None if timeout is None else 2 * timeout)
        self.fp = io.BufferedReader(self._raw)

    def _close_conn(self) -> None:
        self._raw.is_over = True
        self.has_more = bool(self.fp.peek(1))
        super()._close_conn()  # type: ignore[misc]


class _Unhurried(io.RawIOBase):
    """A socket's stream with a deadline, until the reply ``is_over``. A socket's own timeout starts with each byte."""

    is_over = False

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
