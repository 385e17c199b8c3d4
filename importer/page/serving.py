"""The server: on this machine alone, from its start to a clean end.

Comes in: what the page is told, a port. Goes out: a server that runs until it is ended.
It writes no log of requests: the first one holds the launch token.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from importer.messages import Message
from importer.page import practice
from importer.page.access import LET_IN, Access
from importer.page.current_settings import CurrentSettings
from importer.page.jobs import Job, Jobs
from importer.page.reading import Readers
from importer.page.screens import Parts
from importer.page.site import make
from importer.page.uploads import DroppedFiles

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_MOST = 64
"""Maximum number of open connections, each of which takes a thread."""
_UNKNOWN = 10.0
"""Seconds that a connection may take until the guard lets its request pass."""
_KNOWN = 3600.0
"""Seconds that a connection may take in total, so that a file can come from a slow drive."""


class _Connections(ThreadedWSGIServer):
    """A server with a limited number of connections, of which other users of this machine can't take all.

    At the limit, the oldest connection whose request the guard hasn't let pass is closed for the next one.
    """

    def __init__(self, port: int, app: Flask, listening: socket.socket) -> None:
        self._changed = threading.Condition()
        self._open: set[object] = set()
        self._unknown: dict[object, float] = {}  # with the time at which each is closed, the earliest first
        self._known: dict[object, float] = {}
        super().__init__("127.0.0.1", port, app, _PageHandler, fd=listening.fileno())

    def process_request(self, request: object, client_address: object) -> None:
        """Begin a thread for a connection, once there is room for it."""
        with self._changed:
            while len(self._open) >= _MOST:
                for oldest in [*self._unknown][:1]:
                    self._close(oldest)
                self._close_late()
                self._changed.wait(0.1)
            self._open.add(request)
            self._unknown[request] = time.monotonic() + _UNKNOWN
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def shutdown_request(self, request: object) -> None:
        """Close a connection, and forget it."""
        super().shutdown_request(request)  # type: ignore[arg-type]
        with self._changed:
            for known in (self._unknown, self._known):
                known.pop(request, None)
            self._open.discard(request)
            self._changed.notify_all()

    def service_actions(self) -> None:
        """Close the connections that have taken too long; called twice a second."""
        with self._changed:
            self._close_late()

    def let_in(self, request: object) -> None:
        """Keep a connection whose request may pass."""
        with self._changed:
            if self._unknown.pop(request, None) is not None:
                self._known[request] = time.monotonic() + _KNOWN

    def _close_late(self) -> None:
        now = time.monotonic()
        for request in [request for request, end in (*self._unknown.items(), *self._known.items()) if end < now]:
            self._close(request)

    def _close(self, request: object) -> None:
        """Have the thread of a connection find it closed, and end."""
        for known in (self._unknown, self._known):
            known.pop(request, None)
        assert isinstance(request, socket.socket)
        with contextlib.suppress(OSError):  # the browser has closed it
            request.shutdown(socket.SHUT_RDWR)


class _PageHandler(WSGIRequestHandler):
    """Answers without a word about itself, and writes nothing down."""

    server: _Connections

    def version_string(self) -> str:
        """What it says of itself."""
        return "note-importer"

    def make_environ(self) -> WSGIEnvironment:
        """The environment of a request, with the function that keeps its connection open."""
        return {**super().make_environ(), LET_IN: partial(self.server.let_in, self.request)}

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Write nothing."""


class PageServer:
    """The page, served; a context manager.

    Args:
        current: what counts for the page.
        port: 0 for any that is free.
        folder: where files that are dropped are kept, and which profile was chosen last; None: in the user's data
            folder of the system.

    Raises:
        OSError: the port can't be had, or the folder can't be made.

    Attributes:
        ended: set once a person has asked on the page that the program ends.
    """

    def __init__(self, current: CurrentSettings, port: int = 0, folder: Path | None = None) -> None:
        listening = _listening(port)
        try:
            self.port: int = listening.getsockname()[1]
            self.guard = Access(self.port)
            folder = folder or platformdirs.user_data_path("note-importer", appauthor=False) / "page"
            self.uploads, self.jobs = DroppedFiles(folder), Jobs()
            practice.clear_up(folder)
            current.go_on(folder / "profile.txt")
            self.reading, self.ended = Readers(), threading.Event()
            self._parts = Parts(current, self.uploads, self.reading, self.jobs, self.ended.set)
            self._server = _Connections(self.port, make(self._parts, self.guard), listening)
        finally:
            listening.close()  # the server has its own
        self._thread = threading.Thread(target=self._server.serve_forever, name="serving", daemon=True)

    @property
    def address(self) -> str:
        """Where a person begins; good for once."""
        return self.guard.address

    def __enter__(self) -> PageServer:
        self._thread.start()
        self.reading.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.reading.close()
        if self.current.practice is not None:
            self.current.practice.end()

    @property
    def current(self) -> CurrentSettings:
        """What counts now."""
        return self._parts.current

    def stop_jobs(self, why: Message) -> list[Job]:
        """Ask what is under way to end in good order; the jobs."""
        found = self._parts.jobs.under_way
        for job in found:
            job.stop(why)
        return found


def _listening(port: int) -> socket.socket:
    """A socket on this machine's own address, which nothing else can take over."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # on Windows another program could listen in
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening
