"""A server that answers with the bytes that a test gives it, and what Saleshandy's module makes of them."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from importer.api import Answer, Failure, NoteChange, NotesPage, Reply
from importer.api.saleshandy import Saleshandy
from importer.messages import render
from importer.models import Note, Status, Visibility
from tests.between import Between

KEY = "key-that-nobody-may-see"
PUBLIC = Note("Hello", Visibility.PUBLIC, Status.PUBLISHED)
CREATED = Answer("N1")
Value = TypeVar("Value")
Call = Callable[[Saleshandy], Reply[Any]]


class Canned(Between):
    """A server on a free port that answers every request with the same bytes, and keeps what it read."""

    def __init__(
        self, *pieces: bytes, pause: float = 0.0, stays: bool = False, tls: ssl.SSLContext | None = None
    ) -> None:
        """Wait for the pause, in seconds, before each of the pieces; if it ``stays``, leave the connection open."""
        self.pieces, self.pause, self.stays = pieces, pause, stays
        self.sent = 0
        self._over = threading.Event()
        super().__init__("http://127.0.0.1:9/v1", lambda _, connection, __: self._answer(connection), tls)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        super().__exit__()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            for piece in self.pieces:
                if self.pause and self._over.wait(self.pause):
                    break
                connection.sendall(piece)
                self.sent += len(piece)
            if self.stays:
                self._over.wait()


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
