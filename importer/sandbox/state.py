"""What a sandbox is at one moment: its service, the faults and the limit in force, and what it has received.

Comes in: options, and the requests as the server reads them. Goes out: what is to become of each, and the record.
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
"""For tests alone. Whatever the program itself starts makes a key at random."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request that arrived, without its headers, and so without its key.

    ``number`` counts from 1; ``at`` is UTC by the sandbox's clock. ``body`` is None where there was no JSON object; of
    an upload it says what came of the file: ``{"file": {"name", "type", "size", "sha256"}}``. ``status`` is None where
    no reply was sent, or not yet. ``fault`` names what struck it, such as ``500:after``.
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
    """What was decided about a request when it arrived.

    ``fault`` strikes it; those ``standing`` are in its way besides; a gateway that doesn't let it through intervenes.
    """

    number: int
    verdict: Admission
    fault: Fault | None
    standing: tuple[Fault, ...] = ()
    intervention: Intervention | None = None

    @property
    def ahead(self) -> float:
        """How far the clock is ahead which dates the reply, in seconds."""
        return sum(fault.seconds or 0.0 for fault in self.standing if fault.kind == "clock")


@dataclass(kw_only=True, eq=False)
class State:
    """All of a sandbox but its port. Thread-safe.

    ``latency`` is in seconds, before a request is applied. ``prospects`` names the only ones that exist, as ids or as a
    mapping from id to email, the oldest first; None lets all exist. Only those with an email are listed and found;
    unless it ``lists``, a page of prospects without a search is refused; with ``any_email`` whoever is searched for by
    an email is there, but for those that begin with nobody, unknown or invalid. Without ``any_id``, an ID exists only
    if it looks like those in the vendor's reference (most tests use short IDs, so they keep ``any_id``). More than
    ``max_batch`` prospects in a request, or ``max_content`` characters, are refused. ``clock_offset`` is in seconds;
    ``notes_behind`` is how far the clock that dates notes is behind the one in the replies, as where they come from
    different machines. Success is answered with ``created_status``, a wrong key with ``bad_key_status``, and files as
    ``uploads`` says. ``seed`` decides the ids and the chance in faults; without one, no two sandboxes give the same
    ids. ``time_source`` returns seconds since the epoch. ``token`` opens the sandbox's own addresses, see `admin`; it
    is made anew for each. Each of ``further_keys`` opens an account, with notes and a limit of its own; faults strike
    the requests of all.
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
        self._promised = 0  # notes of the requests that came while some are dropped
        self._windows = {key: RateWindow(self.limit) for key in self._services}
        self._received: list[Received] = []

    @property
    def received(self) -> tuple[Received, ...]:
        """Every request so far, in order of arrival."""
        with self._lock:
            return tuple(self._received)

    @property
    def notes(self) -> tuple[StoredNote, ...]:
        """Every note there is, drafts too, oldest first; of several accounts, one account's after the other's."""
        return tuple(note for service in self._services.values() for note in service.notes)

    def notes_of(self, key: str) -> tuple[StoredNote, ...]:
        """The notes of the account that a key opens."""
        return self._services[key].notes

    def service_for(self, key: str | None) -> Service:
        """The service of the account that a key opens; where it opens none, one that says no. For the server."""
        return self._services.get(key or "", self.service)

    @property
    def attachments(self) -> tuple[StoredAttachment, ...]:
        """Every file that was uploaded, in the order in which they came."""
        return self.service.attachments

    def know_attachments(self, *ids: str) -> None:
        """Let these attachments be there, as if they had been uploaded long ago."""
        self.service.know_attachments(ids)

    def add_fault(self, fault: Fault) -> None:
        """Put one more fault in force; it counts requests from here."""
        with self._lock:
            self._plan.add(fault)

    def set_faults(self, faults: Iterable[Fault]) -> None:
        """Put these faults in force instead of the present ones."""
        with self._lock:
            self._plan.replace(faults)
            self._gateway = Gateway()

    def clear_faults(self) -> None:
        """Behave well from here on."""
        self.set_faults(())

    def set_limit(self, limit: Limit | None) -> None:
        """Change the rate limit, None for none; a new window opens."""
        with self._lock:
            self.limit = limit
            self._windows = {key: RateWindow(limit) for key in self._services}

    def arrive(self, head: Head, path: str, query: Mapping[str, str], key: str | None = None) -> Arrival:
        """Record a request, and decide what is to become of it. For the server, which has it `leave` in the end.

        What a gateway answers spends no call of the limit. What that turned away no fault counts: one that is meant for
        the third request strikes one that mattered.
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
        """The request is in flight no more. For the server."""
        with self._lock:
            self._in_flight -= arrival.intervention is None

    def keep(self, arrival: Arrival, head: Head, wire: Wire) -> None:
        """Let a cache, if there is one, remember the reply. For the server."""
        with self._lock:
            self._gateway.keep(arrival.standing, head, wire, self.clock.now())

    def dropped(self, arrival: Arrival, prospects: Sequence[str]) -> frozenset[str]:
        """Those of a request's prospects whose notes are answered for and not kept. For the server."""
        every = [int(fault.value) for fault in arrival.standing if fault.kind == "drops"]
        with self._lock:
            first, self._promised = self._promised + 1, self._promised + len(prospects) * bool(every)
        return frozenset(
            prospect for place, prospect in enumerate(prospects, first) if any(place % nth == 0 for nth in every)
        )

    def view(self, arrival: Arrival) -> View | None:
        """How a look sees the notes now. For the server."""
        return view(arrival.standing, self.clock.now() - self.notes_behind, self.seed or 0)

    def learn(self, number: int, *, body: object = None, status: int | None = None, fault: str | None = None) -> None:
        """Add to the record of a request what became known later. For the server."""
        with self._lock:
            known = self._received[number - 1]
            self._received[number - 1] = replace(
                known,
                body=body if isinstance(body, dict) else known.body,
                status=status or known.status,
                fault=fault or known.fault,
            )
