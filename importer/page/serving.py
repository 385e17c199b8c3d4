"""The server: on this machine alone, from its start to a clean end.

Comes in: what the page is told, a port. Goes out: a server that runs until it is ended.
It writes no log of requests: the first one holds the launch token.
"""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import platformdirs
from werkzeug.serving import WSGIRequestHandler, make_server

from importer.page import practice
from importer.page.guard import Guard
from importer.page.jobs import Job, Jobs
from importer.page.reading import Reading
from importer.page.screens import Parts
from importer.page.site import make
from importer.page.told import Told
from importer.page.uploads import Uploads


class _Handler(WSGIRequestHandler):
    """Answers without a word about itself, and writes nothing down."""

    def version_string(self) -> str:
        """What it says of itself."""
        return "note-importer"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Write nothing."""


class Server:
    """The page, served; a context manager.

    Args:
        told: what counts for the page.
        port: 0 for any that is free.
        folder: where files that are dropped are kept, and which profile was chosen last; None: in the user's data
            folder of the system.

    Raises:
        OSError: the port can't be had, or the folder can't be made.

    Attributes:
        ended: set once a person has asked on the page that the program ends.
    """

    def __init__(self, told: Told, port: int = 0, folder: Path | None = None) -> None:
        listening = _listening(port)
        try:
            self.port: int = listening.getsockname()[1]
            self.guard = Guard(self.port)
            folder = folder or platformdirs.user_data_path("note-importer", appauthor=False) / "page"
            self.uploads, self.jobs = Uploads(folder), Jobs()
            practice.clear_up(folder)
            told.go_on(folder / "profile.txt")
            self.reading, self.ended = Reading(), threading.Event()
            self._parts = Parts(told, self.uploads, self.reading, self.jobs, self.ended.set)
            app = make(self._parts, self.guard)
            self._server = make_server(
                "127.0.0.1", self.port, app, threaded=True, request_handler=_Handler, fd=listening.fileno()
            )
        finally:
            listening.close()  # the server has its own
        self._thread = threading.Thread(target=self._server.serve_forever, name="serving", daemon=True)

    @property
    def address(self) -> str:
        """Where a person begins; good for once."""
        return self.guard.address

    def __enter__(self) -> Server:
        self._thread.start()
        self.reading.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.reading.close()
        if self.told.practice is not None:
            self.told.practice.end()

    @property
    def told(self) -> Told:
        """What counts now."""
        return self._parts.told

    def stop_jobs(self, why: str) -> list[Job]:
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
