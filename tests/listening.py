"""A server of this machine that takes what is sent to it."""

import contextlib
import json
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Ear:
    """What was received, and the address without its scheme."""

    place: str = ""
    calls: list[Call] = field(default_factory=list)

    def paths(self) -> list[tuple[str, str]]:
        """Where was called, notices first: all are sent at the same time."""
        return sorted(((call.method, call.path) for call in self.calls), reverse=True)

    @property
    def told(self) -> list[Any]:
        return [call.json for call in self.calls if call.body]


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.socket.getsockname()[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@contextmanager
def http_ear() -> Iterator[Ear]:
    """A server that answers 200, or with the status that its path begins with (/404/…).

    A redirect leads to /elsewhere. What begins with /drip gets a header without end, sign by sign.
    """
    ear = Ear()
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            ear.calls.append(Call(self.command, self.path, body, dict(self.headers)))
            code = self.path[1:4]
            if self.path.startswith("/drip"):
                self.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
                with contextlib.suppress(OSError):
                    while not ended.wait(0.05):
                        self.wfile.write(b"x")
                return
            self.send_response(int(code) if code.isdigit() else 200)
            self.send_header("content-length", "0")
            if code.startswith("3"):
                self.send_header("location", f"http://{ear.place}/elsewhere")
            self.end_headers()

        do_GET = do_POST = _take  # noqa: N815 - as the library calls them

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as ear.place:
        try:
            yield ear
        finally:
            ended.set()
