"""A gateway of the test's own: it reads whole requests, and the test says what becomes of each."""

import contextlib
import re
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit

Act = Callable[["Between", socket.socket, bytes], None]


class Between(socketserver.ThreadingTCPServer):
    """Stands before a server, ``behind`` in http, and does with each request what ``act`` does, in their order."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, behind: str, act: Act, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []  # whole ones, in the order of arrival
        self.connections = 0  # that brought at least one byte
        self.act = act
        self.lock = threading.Lock()
        self.tls = tls
        self._behind = urlsplit(behind)
        super().__init__(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.server_address[1]}{self._behind.path}"

    @property
    def posts(self) -> list[bytes]:
        return [request for request in self.requests if request.startswith(b"POST")]

    def passed_on(self, request: bytes) -> bytes:
        """Send the request on and return the reply, as one on a connection that stays open."""
        head, _, body = request.partition(b"\r\n\r\n")
        port = self._behind.port or 80
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"host:", b"connection:"))]
        head = b"\r\n".join([*lines, b"host: 127.0.0.1:%d" % port, b"connection: close"])
        reply = b""
        with socket.create_connection(("127.0.0.1", port)) as server:
            server.sendall(head + b"\r\n\r\n" + body)
            while part := server.recv(65536):
                reply += part
        return reply.replace(b"\r\nConnection: close\r\n", b"\r\n", 1)


class _Handler(socketserver.BaseRequestHandler):
    server: Between

    def handle(self) -> None:
        # Else the system might hold a second reply back until the client has confirmed the first.
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError), self._secured() as connection:  # the client may go
            self._serve(connection)

    def _secured(self) -> socket.socket:
        """The connection, with TLS if it is wanted; one that TLS refuses stays open until the client has read why."""
        if self.server.tls is None:
            return self.request  # type: ignore[no-any-return]
        secure = self.server.tls.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
        try:
            secure.do_handshake()
        except OSError:
            with socket.socket(fileno=secure.detach()) as bare:
                while bare.recv(65536):
                    pass
            raise
        return secure

    def _serve(self, connection: socket.socket) -> None:
        is_new = True
        while request := connection.recv(65536):
            while not is_whole(request) and (more := connection.recv(65536)):
                request += more
            with self.server.lock:
                self.server.connections += is_new
                self.server.requests.append(request)
            is_new = False
            self.server.act(self.server, connection, request)


def is_whole(request: bytes) -> bool:
    """Whether a request has come with all of its body, or isn't one of HTTP's."""
    head, end, body = request.partition(b"\r\n\r\n")
    size = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return size is None or (bool(end) and len(body) >= int(size[1]))


def reset(connection: socket.socket) -> None:
    """End a connection so that the client sees a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
