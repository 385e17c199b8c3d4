"""A server that answers with the bytes that a test gives it, and what Saleshandy's module makes of them."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from importer.api import Answer, Failure, NoteChange, NotesPage, Reply
from importer.api.saleshandy import Saleshandy
from importer.messages import render
from importer.models import Note, Status, Visibility

KEY = "key-that-nobody-may-see"
PUBLIC = Note("Hello", Visibility.PUBLIC, Status.PUBLISHED)
CREATED = Answer("N1")
Value = TypeVar("Value")
Call = Callable[[Saleshandy], Reply[Any]]


class Canned:
    """A server on a free port that answers every request with the same bytes, and keeps what it read."""

    def __init__(self, *pieces: bytes, pause: float = 0.0, stays: bool = False) -> None:
        """Wait for the pause, in seconds, before each of the pieces; if it ``stays``, leave the connection open."""
        self.pieces, self.pause, self.stays = pieces, pause, stays
        self.requests: list[bytes] = []
        self.sent = 0
        self._over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._port = self._socket.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Canned:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with socket.create_connection(self._socket.getsockname()):
            pass  # wakes it up
        for thread in self._threads:
            thread.join()
        self._socket.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def _accept(self) -> None:
        while not self._over.is_set():
            connection, _ = self._socket.accept()
            self._threads.append(threading.Thread(target=self._answer, args=(connection,), daemon=True))
            self._threads[-1].start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                request = connection.recv(65536)
                while request and not is_whole(request) and (more := connection.recv(65536)):
                    request += more
                if not request:
                    return
                self.requests.append(request)
                for piece in self.pieces:
                    if self.pause and self._over.wait(self.pause):
                        break
                    connection.sendall(piece)
                    self.sent += len(piece)
                if self.stays:
                    self._over.wait()
            except OSError:
                return  # the client has gone


def is_whole(request: bytes) -> bool:
    """Whether a request has come with all of its body, or isn't one of HTTP's."""
    head, end, body = request.partition(b"\r\n\r\n")
    size = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return size is None or (bool(end) and len(body) >= int(size[1]))


def reply(body: object, status: str = "201 Created", *headers: str, length: int | None = None) -> bytes:
    """A whole reply; a body that isn't bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    size = len(data) if length is None else length
    lines = [f"HTTP/1.1 {status}", "Connection: close", f"Content-Length: {size}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + data


def entry(prospect: object, note_id: object = None, success: object = True, **more: object) -> dict[str, object]:
    return {"prospectId": prospect, "noteId": note_id, "success": success, **more}


def results(*entries: object) -> dict[str, object]:
    return {"message": "Notes created successfully", "payload": {"results": list(entries)}}


def connected(url: str, read_timeout: float = 5.0, clock: Callable[[], float] = time.time) -> Saleshandy:
    return Saleshandy(url, KEY, read_timeout=read_timeout, clock=clock)


def create(api: Saleshandy) -> Reply[dict[str, Answer]]:
    return api.create(PUBLIC, ["P1"])


def find(api: Saleshandy) -> Reply[NotesPage]:
    return api.find("P1", 0, 100)


def update(api: Saleshandy) -> Reply[bool]:
    return api.update("N1", NoteChange(Visibility.PRIVATE, Status.DRAFT))


def called(url: str, call: Callable[[Saleshandy], Reply[Value]], **options: Any) -> Reply[Value]:
    """What one call came to; no text of a failure holds the key."""
    api = connected(url, **options)
    try:
        answer = call(api)
    finally:
        api.close()
    if answer.failure is not None:
        assert answer.value is None
        assert KEY not in render(answer.failure.text)
    return answer


def posted(server: Canned, prospects: Sequence[str] = ("P1", "P2"), **options: Any) -> Reply[dict[str, Answer]]:
    return called(server.url, lambda api: api.create(PUBLIC, prospects), **options)


def taken(answer: bytes, call: Call = lambda api: api.create(PUBLIC, ["P1", "P2"])) -> Reply[Any]:
    with Canned(answer) as server:
        return called(server.url, call)


def value_of(answer: Reply[Value]) -> Value:
    assert answer.failure is None
    assert answer.value is not None
    return answer.value


def failure_of(answer: Reply[Any]) -> Failure:
    assert answer.failure is not None
    return answer.failure


def refused(status: int, body: object, *headers: str, call: Call = create) -> Failure:
    return failure_of(taken(reply(body, f"{status} Status", "Content-Type: application/json", *headers), call))
