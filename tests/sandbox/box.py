"""Start and stop a sandbox, and show what it received and what it stores."""

import contextlib
import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Self

from tests.sandbox.server import Server
from tests.sandbox.state import State


@dataclass(kw_only=True, eq=False)
class Sandbox(State):
    """A simulated Saleshandy Open API on a loopback port, in threads of this process.

    Use it as a context manager, or call `start` and `stop`. ``port`` 0 takes any free one.
    """

    port: int = 0
    _server: Server | None = field(default=None, init=False, repr=False)

    def start(self) -> Self:
        if self._server is None:
            self._server = Server(self, self.port)
            self.port = self._server.server_port
            self._server.start()
        return self

    def stop(self) -> None:
        """Stop serving and close every connection, even those that a fault keeps waiting; its data remains."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Base URL for a client: ``http://127.0.0.1:PORT/v1``."""
        return f"http://127.0.0.1:{self.port}/v1"


def serve_forever(say: Callable[[str], object], *, api_key: str = "", **options: Any) -> None:
    """Run a sandbox with the options of `Sandbox` until Ctrl-C or SIGTERM; print its URLs once it is ready.

    Without a key, a random one is printed: other users of this machine can reach the port, and must not read the notes.
    """
    ended = threading.Event()
    with _ended_by_signal(ended), Sandbox(api_key=api_key or secrets.token_urlsafe(16), **options) as box:
        key = "the one given" if api_key else box.api_key
        say(f"Sandbox of the Saleshandy API: {box.url}  (key: {key}; stop with Ctrl-C)")
        for number, email in dict(box.prospects or ()).items() if isinstance(box.prospects, Mapping) else ():
            say(f"Prospect {number}: {email}")
        say("To use it in another window, set these first. All commands there then use a journal of their own.")
        for line in _variables(box, "" if api_key else box.api_key):
            say(line)
        say("Then, for example: note-importer run contacts.xlsx")
        while not ended.wait(0.5):  # in slices, because on Windows no signal interrupts an endless wait
            pass


def _variables(box: Sandbox, key: str) -> list[str]:
    """Return the lines that set the variables in another window, for bash and PowerShell, without a blank key."""
    values = {"SALESHANDY_API_KEY": key, "NOTE_IMPORTER_BASE_URL": box.url, "NOTE_IMPORTER_JOURNAL": "sandbox.sqlite"}
    given = [(name, value) for name, value in values.items() if value]
    for_bash = " ".join(f"{name}={value}" for name, value in given)
    for_powershell = "; ".join(f'$env:{name} = "{value}"' for name, value in given)
    return [f"bash:       export {for_bash}", f"PowerShell: {for_powershell}"]


@contextlib.contextmanager
def _ended_by_signal(ended: threading.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only the main thread can catch signals
        yield
        return

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    # Ctrl-C too, because as an exception it could come at any point, even while the sandbox stops.
    previous = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
