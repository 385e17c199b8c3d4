"""Serve HTTP on a loopback port: sockets, headers, and the faults that affect the connection."""

import json
import os
import socket
import socketserver
import struct
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from tests.sandbox.attachments import PATH as UPLOADS
from tests.sandbox.calls import Call, ServiceReply, refusal
from tests.sandbox.clock import http_date
from tests.sandbox.faults import Head, Struck
from tests.sandbox.forms import read_upload
from tests.sandbox.state import Arrival, State
from tests.sandbox.wire import Wire, plain, shaped

_MAX_BODY = 100 * 1024 * 1024
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_RESET_ON_CLOSE = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class HungUp(Exception):
    """End of the connection, without a reply."""


class Server(ThreadingHTTPServer):
    """Server with a thread for each connection, which can end them all."""

    daemon_threads = True
    request_queue_size = 1024
    # On Windows this option would let a second process listen on the same port.
    allow_reuse_address = os.name != "nt"

    def __init__(self, state: State, port: int) -> None:
        self.state = state
        self.stopping = threading.Event()
        self._open: set[object] = set()
        self._changed = threading.Condition()
        self._accepting = threading.Thread(target=self.serve_forever, args=(0.02,), name="sandbox", daemon=True)
        super().__init__(("127.0.0.1", port), Handler)

    def server_bind(self) -> None:
        """Bind without looking up this machine's name, which takes seconds if the name service is slow."""
        socketserver.TCPServer.server_bind(self)
        self.server_name = "127.0.0.1"
        self.server_port = self.server_address[1]

    def start(self) -> None:
        self._accepting.start()

    def stop(self) -> None:
        """Stop accepting, end every connection, and wait up to 5 seconds for their threads."""
        self.stopping.set()
        self.shutdown()
        self._accepting.join()
        self.server_close()
        with self._changed:
            for connection in self._open:
                _shut(connection)
            self._changed.wait_for(lambda: not self._open, timeout=5)

    def process_request(self, request: object, client_address: object) -> None:
        """Record the connection before its thread starts, so that `stop` misses none."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def shutdown_request(self, request: object) -> None:
        super().shutdown_request(request)  # type: ignore[arg-type]
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()


class Handler(BaseHTTPRequestHandler):
    """Handler of one connection, which answers its requests one after another, as well or as badly as faults say."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server
    _is_reused = False

    def handle(self) -> None:
        """Answer requests until either side ends the connection; a client that has gone is not an error."""
        try:
            super().handle()
        except (OSError, HungUp):
            self.close_connection = True

    def handle_one_request(self) -> None:
        """Read and answer one request of any method."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
        elif self.parse_request():
            self._answer()

    def log_message(self, *_: object) -> None:
        """Log nothing, because the received requests can be looked up."""

    def _answer(self) -> None:
        state = self.server.state
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        path = url.path
        is_upload = (self.command, path) == ("POST", UPLOADS)
        head = Head(self.command, self.path, self._is_reused, is_upload)
        self._is_reused = True
        key = self.headers.get("x-api-key")
        arrival = state.arrive(head, path, query)
        if arrival.fault is not None and arrival.fault.its_kind.cuts:
            raise HungUp
        upload = read_upload(self.rfile, self._length(arrival), self.headers) if is_upload else None
        body = _parsed(self._body(arrival)) if upload is None else upload.record
        state.learn(arrival.number, body=body)
        if upload is not None and not upload.is_whole:
            raise HungUp
        is_json = self.headers.get_content_type() == "application/json"
        call = Call(self.command, path, query, key, is_json, body, upload)
        wire = self._decided(call, arrival)
        wire = shaped(wire, state.shapes) if state.shapes else wire
        # Recorded first, so that a client that has the reply can look it up.
        state.learn(arrival.number, status=wire.status)
        self._send(wire, arrival)

    def _decided(self, call: Call, arrival: Arrival) -> Wire:
        """Return the reply of a gateway that blocks the call, or the API's own."""
        state = self.server.state
        intervention = arrival.blocked(call.body)
        if intervention is not None:
            state.learn(arrival.number, fault=intervention.fault.label)
            self._pause(intervention.fault.slow)
            return intervention.wire
        self._pause(state.latency)
        if arrival.verdict.refusal is not None:
            return plain(arrival.verdict.refusal)
        return self._performed(call, arrival)

    def _performed(self, call: Call, arrival: Arrival) -> Wire:
        """Let the service answer the call, unless the fault prevents it; return the reply as the fault spoils it."""
        state, fault, prospects = self.server.state, arrival.fault, _prospects(call)
        dropped = state.dropped(arrival, prospects)
        if fault is None:
            return plain(state.service.answer(call, dropped, state.view(arrival)))
        kind, is_upload, seconds = fault.its_kind, call.upload is not None, fault.seconds or 0.0
        if kind.waits == "before":
            self._pause(seconds)
        reply: ServiceReply | None = None
        if not fault.prevents(upload=is_upload):
            withheld = dropped.union(fault.withheld(prospects))
            reply = state.service.answer(call, withheld, state.view(arrival))
        if kind.waits == "after":
            self._pause(seconds)
        self._pause(fault.slow)
        wire = kind.reply(fault, Struck(reply, f"http://localhost:{self.server.server_port}{self.path}", is_upload))
        if wire.lost == "reset":
            self._reset()
        if wire.lost:
            raise HungUp
        return wire

    def _body(self, arrival: Arrival) -> bytes:
        length = self._length(arrival)
        body = self.rfile.read(length)
        if len(body) < length:
            raise HungUp
        return body

    def _length(self, arrival: Arrival) -> int:
        """Return the body's length in bytes; refuse a request that doesn't state it, or that is too long."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isascii() or not length.isdigit():
            self._give_up(arrival, 411, "Content-Length is needed")
        if int(length) > _MAX_BODY:
            self._give_up(arrival, 413, "the body is too large")
        return int(length)

    def _give_up(self, arrival: Arrival, status: int, message: str) -> None:
        """Refuse a request whose end can't be found, and close the connection."""
        self.close_connection = True
        self.server.state.learn(arrival.number, status=status)
        self._send(plain(refusal(status, status, message)), arrival)
        raise HungUp

    def _send(self, wire: Wire, arrival: Arrival) -> None:
        self.close_connection = self.close_connection or wire.ends_connection
        headers = [("Date", http_date(self.server.state.clock.now() + arrival.ahead)), *wire.headers]
        if not wire.is_gateways:
            headers += arrival.verdict.headers
        if wire.has_length:
            headers.append(("Content-Length", str(len(wire.body))))
        if self.close_connection:
            headers.append(("Connection", "close"))
        lines = [f"HTTP/1.1 {wire.status} {_REASONS.get(wire.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in headers]
        head = [f"{line}\r\n".encode("latin-1") for line in [*lines, ""]]
        for piece, pause in wire.pieces(head, b"" if self.command == "HEAD" else wire.body):
            self.wfile.write(piece)
            self._pause(pause)

    def _pause(self, seconds: float) -> None:
        """Wait; if the sandbox is stopped meanwhile, end the connection."""
        if seconds > 0 and self.server.stopping.wait(seconds):
            raise HungUp

    def _reset(self) -> None:
        """End the connection by a reset instead of a regular close, if the system can."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        # Closed here, because the regular close ends the connection politely. ``rfile`` would keep the socket open.
        self.rfile.close()
        self.connection.close()


def _shut(connection: object) -> None:
    assert isinstance(connection, socket.socket)
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the connection has ended already


def _prospects(call: Call) -> list[str]:
    prospects = call.body.get("prospectIds") if isinstance(call.body, dict) else None
    return [prospect for prospect in prospects if isinstance(prospect, str)] if isinstance(prospects, list) else []


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
