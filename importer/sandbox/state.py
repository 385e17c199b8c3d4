"""Hold the state of a sandbox: its service, the faults and the limit in force, and the received requests.

Input: options, and the requests as the server reads them. Output: a decision about each request, and the record.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from importer.sandbox.attachments import StoredAttachment, UploadBehaviour
from importer.sandbox.clock import Clock, moment
from importer.sandbox.faults import Fault, FaultPlan
from importer.sandbox.gateway import Gateway, Head, Intervention
from importer.sandbox.limits import Admission, Limit, RateWindow
from importer.sandbox.service import Service, ServiceRules, StoredNote, View
from importer.sandbox.showing import view
from importer.sandbox.spoiling import Wire

DEFAULT_KEY = "sandbox-key"
"""API key for tests only; sandboxes that the program itself starts make a random key."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request that arrived, without its headers, and so without its key.

    ``number`` counts from 1; ``at`` is UTC by the sandbox's clock. ``body`` is None if there was no JSON object; for an
    upload it describes the file: ``{"file": {"name", "type", "size", "sha256"}}``. ``status`` is None if no reply was
    sent, or not yet. ``fault`` names the fault that struck the request, such as ``500:after``.
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
    """Decision about a request when it arrived.

    ``fault`` strikes it; the faults ``standing`` are in its way besides; ``intervention`` is the reply of a gateway.
    """

    number: int
    verdict: Admission
    fault: Fault | None
    standing: tuple[Fault, ...] = ()
    intervention: Intervention | None = None

    @property
    def ahead(self) -> float:
        """Seconds by which the clock that dates the reply is ahead."""
        return sum(fault.seconds or 0.0 for fault in self.standing if fault.kind == "clock")


@dataclass(kw_only=True, eq=False)
class State:
    """The whole state of a sandbox, except its port. Thread-safe.

    ``latency`` is the delay in seconds before a request is applied. ``prospects`` names the only ones that exist, as
    IDs or as a mapping from ID to email, the oldest first; None lets all exist. Only those with an email are listed and
    found. Unless it ``lists``, a page of prospects without a search is refused. With ``any_email``, a search for any
    email finds a prospect, unless the email begins with nobody, unknown or invalid. Without ``any_id``, an ID exists
    only if it looks like those in the vendor's reference (most tests use short IDs, so they keep ``any_id``). Requests
    with more than ``max_batch`` prospects or ``max_content`` characters are refused. ``clock_offset`` is in seconds;
    ``notes_behind`` is how far the clock that dates notes is behind the clock of the replies. Success has status
    ``created_status``, a wrong key ``bad_key_status``; ``uploads`` is the behaviour of uploads. ``seed`` decides the
    IDs and the random faults; without it, no two sandboxes give the same IDs. ``time_source`` returns seconds since the
    epoch. ``token`` opens the sandbox's own addresses, see `admin`; each sandbox makes a new one. Each of
    ``further_keys`` opens an account with its own notes and limit; faults strike the requests of all.
    """

    latency: float = 0.0
    limit: Limit | None = None
    faults: Iterable[Fault] = ()
    max_batch: int | None = None
    max_content: int | None = None
    prospects: Collection[str] | Mapping[str, str] | None = field(default=None, repr=False)
    lists: bool = True
    any_email: bool = False
    any_id: bool = True
    clock_offset: float = 0.0
    api_key: str = field(default=DEFAULT_KEY, repr=False)
    further_keys: Collection[str] = field(default=(), repr=False)
    created_status: int = 201
    bad_key_status: int = 401
    notes_behind: float = 0.0
    uploads: UploadBehaviour = field(default_factory=UploadBehaviour)
    seed: int | None = None
    time_source: Callable[[], float] = time.time
    token: str = field(init=False, repr=False, default_factory=lambda: secrets.token_urlsafe(16))
    clock: Clock = field(init=False, repr=False)
    service: Service = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.clock = Clock(self.clock_offset, self.time_source)
        seed = secrets.randbits(32) if self.seed is None else self.seed
        rules = ServiceRules(
            api_key=self.api_key,
            prospects=self.prospects,
            lists=self.lists,
            any_email=self.any_email,
            any_id=self.any_id,
            max_batch=self.max_batch,
            max_content=self.max_content,
            created_status=self.created_status,
            bad_key_status=self.bad_key_status,
            notes_behind=self.notes_behind,
            uploads=self.uploads,
            seed=seed,
        )
        self.service = Service(rules, self.clock)
        self._services = {self.api_key: self.service}
        for number, key in enumerate(self.further_keys, 1):
            self._services[key] = Service(replace(rules, api_key=key, seed=seed + number), self.clock)
        self._lock = threading.Lock()
        self._plan = FaultPlan(self.faults, self.seed or 0)
        self._gateway = Gateway()
        self._in_flight = 0
        self._promised = 0  # number of notes in requests during a ``drops`` fault
        self._windows = {key: RateWindow(self.limit) for key in self._services}
        self._received: list[Received] = []

    @property
    def received(self) -> tuple[Received, ...]:
        """All requests so far, in order of arrival."""
        with self._lock:
            return tuple(self._received)

    @property
    def notes(self) -> tuple[StoredNote, ...]:
        """All notes, including drafts, the oldest first; those of several accounts one account after the other."""
        return tuple(note for service in self._services.values() for note in service.notes)

    def notes_of(self, key: str) -> tuple[StoredNote, ...]:
        """Return the notes of the account that a key opens."""
        return self._services[key].notes

    def service_for(self, key: str | None) -> Service:
        """Return, for the server, the service of the account that a key opens; for other keys, one that refuses."""
        return self._services.get(key or "", self.service)

    @property
    def attachments(self) -> tuple[StoredAttachment, ...]:
        """All uploaded files, in order of arrival."""
        return self.service.attachments

    def know_attachments(self, *ids: str) -> None:
        """Let attachments with these IDs exist, as if uploaded long ago."""
        self.service.know_attachments(ids)

    def add_fault(self, fault: Fault) -> None:
        """Add a fault, which counts requests from now on."""
        with self._lock:
            self._plan.add(fault)

    def set_faults(self, faults: Iterable[Fault]) -> None:
        """Replace the present faults by these."""
        with self._lock:
            self._plan.replace(faults)
            self._gateway = Gateway()

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.set_faults(())

    def set_limit(self, limit: Limit | None) -> None:
        """Change the rate limit, None for none; a new window opens."""
        with self._lock:
            self.limit = limit
            self._windows = {key: RateWindow(limit) for key in self._services}

    def arrive(self, head: Head, path: str, query: Mapping[str, str], key: str | None = None) -> Arrival:
        """Record a request, and decide how to treat it; the server must call `leave` in the end.

        A gateway's reply doesn't count against the limit. Faults that strike count only requests that neither a gateway
        nor the limit turned away, so a fault meant for the third request strikes one that matters.
        """
        with self._lock:
            now = self.clock.now()
            number = len(self._received) + 1
            standing = tuple(self._plan.standing(head.struck_as, now))
            intervention = self._gateway.intervenes(standing, head, self._in_flight, now)
            if intervention is not None:
                arrival = Arrival(number, Admission(allowed=True), None, standing, intervention)
                label: str | None = intervention.fault.label
            else:
                self._in_flight += 1
                verdict = self._windows.get(key or "", self._windows[self.api_key]).spend(now)
                fault = self._plan.strike(head.struck_as, is_reused=head.is_reused) if verdict.allowed else None
                arrival = Arrival(number, verdict, fault, standing)
                label = fault.label if fault else None
            self._received.append(Received(number, moment(now), head.method, path, query, fault=label))
        return arrival

    def leave(self, arrival: Arrival) -> None:
        """Record that the request is no longer in flight. For the server."""
        with self._lock:
            self._in_flight -= arrival.intervention is None

    def keep(self, arrival: Arrival, head: Head, wire: Wire) -> None:
        """Store the reply in the cache, if there is one. For the server."""
        with self._lock:
            self._gateway.keep(arrival.standing, head, wire, self.clock.now())

    def dropped(self, arrival: Arrival, prospects: Sequence[str]) -> frozenset[str]:
        """Return the request's prospects whose notes are reported as created, but not kept. For the server."""
        every = [int(fault.value) for fault in arrival.standing if fault.kind == "drops"]
        with self._lock:
            first, self._promised = self._promised + 1, self._promised + len(prospects) * bool(every)
        return frozenset(
            prospect for place, prospect in enumerate(prospects, first) if any(place % nth == 0 for nth in every)
        )

    def view(self, arrival: Arrival) -> View | None:
        """Return the present view of the notes. For the server."""
        return view(arrival.standing, self.clock.now() - self.notes_behind, self.seed or 0)

    def learn(self, number: int, *, body: object = None, status: int | None = None, fault: str | None = None) -> None:
        """Add facts that became known later to the record of a request. For the server."""
        with self._lock:
            record = self._received[number - 1]
            self._received[number - 1] = replace(
                record,
                body=body if isinstance(body, dict) else record.body,
                status=status or record.status,
                fault=fault or record.fault,
            )
