"""The sandbox as its users hold it: start it, point a client at it, and see what it received and what it keeps."""

from __future__ import annotations

import contextlib
import secrets
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import FrameType
from typing import Any, Self

from .clock import Clock, moment
from .faults import Fault, FaultPlan
from .limits import Limit, Verdict, Window
from .server import Server
from .service import Rules, Service, StoredNote

DEFAULT_KEY = "sandbox-key"


@dataclass(frozen=True, slots=True)
class Received:
    """One request that arrived, without its headers, and so without its key.

    ``number`` counts from 1; ``at`` is UTC by the sandbox's clock. ``body`` is None where there was no JSON object, and
    ``status`` where no reply was sent, or not yet. ``fault`` names what struck it, such as ``500:after``.
    """

    number: int
    at: datetime
    method: str
    path: str
    query: Mapping[str, str]
    body: dict[str, object] | None = None
    status: int | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """What was decided about a request when it arrived."""

    number: int
    verdict: Verdict
    fault: Fault | None


@dataclass(kw_only=True, eq=False)
class Sandbox:
    """A stand-in of the Saleshandy Open API on a loopback port, in threads of this process.

    Use it as a context manager, or call `start` and `stop`. ``port`` 0 takes any free one. ``latency`` is in seconds,
    before a request is applied. ``prospects`` names the only ones that exist, as ids or as a mapping from id to e-mail
    address; None lets all exist. More than ``max_batch`` prospects in a request, or ``max_content`` characters, are
    refused. ``clock_offset`` is in seconds; ``notes_behind`` is how far the clock that dates notes is behind the one in
    the replies, as where they come from different machines. Success is answered with ``created_status``, a wrong key
    with ``bad_key_status``. ``seed`` decides the note ids and the chance in faults. ``time_source`` returns seconds
    since the epoch. ``token`` opens the sandbox's own addresses, see `admin`; it is made anew for each.
    """

    port: int = 0
    latency: float = 0.0
    limit: Limit | None = None
    faults: Iterable[Fault] = ()
    max_batch: int | None = None
    max_content: int | None = None
    prospects: Collection[str] | Mapping[str, str] | None = field(default=None, repr=False)
    clock_offset: float = 0.0
    api_key: str = field(default=DEFAULT_KEY, repr=False)
    created_status: int = 201
    bad_key_status: int = 401
    notes_behind: float = 0.0
    seed: int = 0
    time_source: Callable[[], float] = time.time
    token: str = field(init=False, repr=False, default_factory=lambda: secrets.token_urlsafe(16))
    clock: Clock = field(init=False, repr=False)
    service: Service = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.clock = Clock(self.clock_offset, self.time_source)
        self.service = Service(
            Rules(
                api_key=self.api_key,
                prospects=self.prospects,
                max_batch=self.max_batch,
                max_content=self.max_content,
                created_status=self.created_status,
                bad_key_status=self.bad_key_status,
                notes_behind=self.notes_behind,
                seed=self.seed,
            ),
            self.clock,
        )
        self._lock = threading.Lock()
        self._plan = FaultPlan(self.faults, self.seed)
        self._window = Window(self.limit)
        self._received: list[Received] = []
        self._server: Server | None = None

    def start(self) -> Self:
        """Listen and serve; OSError if the port is taken."""
        if self._server is None:
            self._server = Server(self, self.port)
            self.port = self._server.server_port
            self._server.start()
        return self

    def stop(self) -> None:
        """Stop serving and close every connection, also those that a fault keeps waiting; what it holds stays."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The base URL for a client: ``http://127.0.0.1:PORT/v1``."""
        return f"http://127.0.0.1:{self.port}/v1"

    def page(self, name: str) -> str:
        """The address at which a browser shows what was ``received``, or the ``notes``."""
        return f"http://127.0.0.1:{self.port}/sandbox/{name}?token={self.token}"

    @property
    def received(self) -> tuple[Received, ...]:
        """Every request so far, in order of arrival."""
        with self._lock:
            return tuple(self._received)

    @property
    def notes(self) -> tuple[StoredNote, ...]:
        """Every note there is, drafts too, oldest first."""
        return self.service.notes

    def add_fault(self, fault: Fault) -> None:
        """Put one more fault in force; it counts requests from here."""
        with self._lock:
            self._plan.add(fault)

    def set_faults(self, faults: Iterable[Fault]) -> None:
        """Put these faults in force instead of the present ones."""
        with self._lock:
            self._plan.replace(faults)

    def clear_faults(self) -> None:
        """Behave well from here on."""
        self.set_faults(())

    def set_limit(self, limit: Limit | None) -> None:
        """Change the rate limit, None for none; a new window opens."""
        with self._lock:
            self.limit = limit
            self._window = Window(limit)

    def arrive(self, method: str, path: str, query: Mapping[str, str]) -> Arrival:
        """Record a request, spend a call of the limit on it, and choose the fault that strikes it. For the server."""
        with self._lock:
            now = self.clock.now()
            verdict = self._window.spend(now)
            # What the limit turned away is not counted: a fault meant for the third request strikes one that mattered.
            fault = self._plan.strike(method) if verdict.allowed else None
            number = len(self._received) + 1
            label = fault.label if fault else None
            self._received.append(Received(number, moment(now), method, path, query, fault=label))
        return Arrival(number, verdict, fault)

    def learn(self, number: int, *, body: object = None, status: int | None = None) -> None:
        """Add to the record of a request what became known later. For the server."""
        with self._lock:
            known = self._received[number - 1]
            self._received[number - 1] = replace(
                known, body=body if isinstance(body, dict) else known.body, status=status or known.status
            )


def serve_forever(say: Callable[[str], object], **options: Any) -> None:
    """Run a sandbox, with options as `Sandbox` has, until Ctrl-C or SIGTERM; once it is ready, say where."""
    ended = threading.Event()
    with _ended_by_signal(ended), Sandbox(**options) as box:
        key = box.api_key if box.api_key == DEFAULT_KEY else "the one given"
        say(f"Sandbox of the Saleshandy API: {box.url}  (key: {key}; stop with Ctrl-C)")
        say(f"What it receives: {box.page('received')}")
        say(f"The notes it holds: {box.page('notes')}")
        while not ended.wait(0.5):  # in slices: on Windows no signal interrupts a wait without end
            pass


@contextlib.contextmanager
def _ended_by_signal(ended: threading.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only there can signals be caught
        yield
        return

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    # Ctrl-C too: as an exception it could come at any point, even while the sandbox stops.
    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
