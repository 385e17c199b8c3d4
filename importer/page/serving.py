"""Run the page's server on this machine only, from its start to a clean end; open the page in the browser.

Input: the settings in force, and a port. Output: a server that runs until it is ended. It writes no log of requests,
because the first request contains the launch token. The browser opens a private file, so that the page's address
appears in no list of processes. The file leads to an address that works once, and then to the next one, so that a
second start with the same options opens the page that runs already. The browser's cookie can't do this, because other
users' pages get it, too.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from filelock import FileLock, Timeout
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from importer import files
from importer.messages import Message
from importer.models import hashed
from importer.page.current_settings import CurrentSettings
from importer.page.jobs import Job, Jobs
from importer.page.reading import Readers
from importer.page.rendering import element, text
from importer.page.screens import Parts
from importer.page.site import Access, make, plain_page
from importer.page.uploads import DroppedFiles
from importer.settings.address import own_folders
from importer.settings.secrets import KEY_VARIABLE


def page_folder() -> Path:
    """Return the folder of the page's files in the user's data folder."""
    return own_folders().user_data_path / "page"


class _PageHandler(WSGIRequestHandler):
    """Request handler that hangs up on silent connections, doesn't reveal its version, and writes no log."""

    timeout = 10.0

    def version_string(self) -> str:
        """Return the name of the server in its responses."""
        return "note-importer"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Write nothing."""


class PageServer:
    """Server of the page; a context manager.

    Args:
        current: the settings in force.
        port: the port; 0 for any free one.
        folder: where dropped files are kept; None for the user's data folder.

    Raises:
        OSError: the port is taken, or the folder can't be made.

    Attributes:
        parts: what its screens work with.
        ended: set once a person has asked on the page to end the program.
    """

    def __init__(self, current: CurrentSettings, port: int = 0, folder: Path | None = None) -> None:
        listening = _listening(port)
        try:
            self.port: int = listening.getsockname()[1]
            self.guard = Access(self.port)
            self.ended = threading.Event()
            uploads, reading = DroppedFiles(folder or page_folder()), Readers()
            self.parts = Parts(current, uploads, reading, Jobs(uploads, reading), self.ended.set)
            app = make(self.parts, self.guard)
            self._server = ThreadedWSGIServer("127.0.0.1", self.port, app, _PageHandler, fd=listening.fileno())
        finally:
            listening.close()  # the server has a copy of the socket
        self._thread = threading.Thread(target=self._server.serve_forever, name="serving", daemon=True)

    def __enter__(self) -> PageServer:
        self._thread.start()
        self.parts.reading.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.parts.reading.close()

    def stop_jobs(self, why: Message) -> list[Job]:
        """Ask the jobs under way to stop in good order, and return them."""
        jobs = self.parts.jobs.under_way
        for job in jobs:
            job.stop(why)
        return jobs


def _listening(port: int) -> socket.socket:
    """Return a socket on 127.0.0.1 that no other program can take over."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # otherwise, on Windows, another program could bind the same port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening


def place_for(folder: Path, said: Mapping[str, object], port: int) -> Path:
    """Return the file that opens a page which was started with these options. Their paths may be relative."""
    with contextlib.suppress(OSError):
        files.make_private_folder(folder)
    files.keep_private(folder)
    environment = {name: value for name, value in os.environ.items() if name.startswith("NOTE_IMPORTER_")}
    where = str(Path.cwd()) if said or environment else ""
    key = os.environ.get(KEY_VARIABLE, "")  # a page with another key is another page
    options = repr((sorted(said.items()), port, sorted(environment.items()), where, key))
    return folder / f"open-{hashed(options).hex()[:16]}.html"


@contextlib.contextmanager
def offered(place: Path, address: Callable[[], str]) -> Iterator[Callable[[], None]]:
    """Keep a file that opens the page's address while the block runs, as far as it can be written.

    Yields:
        a function to be called when there is another address.
    """

    def write() -> None:
        url = address()
        head = f'<meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0; url={url}">'
        link = element("a", text("page.opening.open"), href=url)
        with contextlib.suppress(OSError):
            files.replace(place, plain_page("note-importer", head, link).encode())

    lock = _lock(place)
    try:
        lock.acquire(timeout=0)
    except (OSError, NotImplementedError, Timeout):  # without a lock, no other start finds this page
        yield lambda: None
        return
    try:
        write()
        yield write
    finally:
        lock.release()  # the system does so, too, however the program ends
        for path in (place, Path(lock.lock_file)):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def address_in(place: Path) -> str | None:
    """Return the address that opens the running page whose file this is; None if none is running."""
    with contextlib.suppress(OSError, NotImplementedError):
        address = re.search(r'href="([^"]+)"', place.read_text(encoding="utf-8"))
        try:
            _lock(place).acquire(timeout=0).lock.release()
        except Timeout:
            return address and address[1]
    return None


def _lock(place: Path) -> FileLock:
    return FileLock(f"{place}.lock", mode=files.OWNER_ONLY, fallback_to_soft=False)
