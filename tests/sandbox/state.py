"""Hold the state of a sandbox: its service, the faults and the limit in force, and the received requests."""

import functools
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tests.sandbox import limits
from tests.sandbox.attachments import StoredAttachment
from tests.sandbox.calls import endpoint
from tests.sandbox.clock import Clock, moment
from tests.sandbox.faults import Fault, Head, Standing
from tests.sandbox.limits import Admission, Limit, RateWindows
from tests.sandbox.service import COLLEAGUE, Person, Service, ServiceRules, StoredNote, View
from tests.sandbox.wire import Shape, Wire

DEFAULT_KEY = "sandbox-key"
"""API key for tests only; sandboxes that the program itself starts make a random key."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request that arrived, without its headers, and so without its key.

    ``at`` is UTC by the sandbox's clock. ``body`` is None if there was no JSON object; for an upload it describes the
    file. ``status`` is None if no reply was sent, or not yet. ``fault`` names the fault, such as ``500:after``.
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
class Intervention:
    """A reply that did not come from the API, and the fault that caused it."""

    fault: Fault
    wire: Wire


@dataclass(frozen=True, slots=True)
class Arrival:
    """Decision about a request when it arrived: what strikes it, what stands in its way, a gateway's reply."""

    number: int
    verdict: Admission
    fault: Fault | None
    standing: tuple[Standing, ...] = ()
    intervention: Intervention | None = None

    @property
    def ahead(self) -> float:
        """Seconds by which the clock that dates the reply is ahead."""
        return sum(standing.ahead for standing in self.standing)

    def blocked(self, body: object) -> Intervention | None:
        """Return the reply that comes in the API's place, for example because of the request's body."""
        replies = ((standing.fault, standing.blocks(body)) for standing in self.standing)
        return self.intervention or next((Intervention(fault, wire) for fault, wire in replies if wire), None)


class _FaultWatch:
    """A fault in force, and its counts of requests."""

    def __init__(self, fault: Fault) -> None:
        self.fault, self.standing = fault, fault.its_kind.standing and fault.its_kind.standing(fault)
        self._seen = self._struck = 0

    def counts(self, method: str) -> bool:
        """Count a request if the fault is meant for it."""
        is_meant = self.fault.method in (method, "any")
        self._seen += is_meant
        return is_meant

    def strikes(self, chance: random.Random) -> bool:
        """Return whether the text of the fault names the request that was counted last; count this as a strike."""
        fault = self.fault
        strikes = (
            (fault.times is None or self._struck < fault.times)
            and (fault.requests is None or self._seen in fault.requests)
            and (fault.probability is None or chance.random() < fault.probability)
        )
        self._struck += strikes
        return strikes


@dataclass(kw_only=True, eq=False)
class State(ServiceRules):
    """The whole state of a sandbox, except its port. Thread-safe. The seed decides the IDs and the random faults."""

    latency: float = 0.0
    limit: Limit | None = field(default_factory=lambda: limits.DEFAULT)
    faults: Iterable[Fault] = ()
    clock_offset: float = 0.0
    api_key: str = field(default=DEFAULT_KEY, repr=False)
    shapes: Sequence[Shape] = ()
    seed: int | None = None
    time_source: Callable[[], float] = time.time
    clock: Clock = field(init=False, repr=False)
    service: Service = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.clock = Clock(self.clock_offset, self.time_source)
        seed = secrets.randbits(32) if self.seed is None else self.seed
        self.service = Service(self, self.clock, self.api_key, seed)
        self._lock = threading.Lock()
        self._watches = [_FaultWatch(fault) for fault in self.faults]
        self._chance = random.Random(self.seed or 0)
        self._windows = RateWindows(self.limit)
        self._received: list[Received] = []

    @property
    def received(self) -> tuple[Received, ...]:
        with self._lock:
            return tuple(self._received)

    @property
    def notes(self) -> tuple[StoredNote, ...]:
        return self.service.notes

    @property
    def attachments(self) -> tuple[StoredAttachment, ...]:
        return self.service.attachments

    def know_attachments(self, *ids: str) -> None:
        self.service.know_attachments(ids)

    def write(self, prospect: str, content: str, author: Person = COLLEAGUE) -> str:
        """Let somebody write a public note in the product, and return its ID."""
        return self.service.write(prospect, content, author)

    def change(self, note_id: str, **fields: str) -> None:
        """Change the visibility, status or content of a note, as somebody does in the product."""
        self.service.change(note_id, **fields)

    def remove(self, note_id: str) -> None:
        self.service.remove(note_id)

    def pin(self, note_id: str) -> None:
        """Let somebody pin a note in the product."""
        self.service.pin(note_id)

    def add_fault(self, fault: Fault) -> None:
        """Add a fault, which counts requests from now on."""
        with self._lock:
            self._watches.append(_FaultWatch(fault))

    def set_faults(self, faults: Iterable[Fault]) -> None:
        with self._lock:
            self._watches = [_FaultWatch(fault) for fault in faults]

    def clear_faults(self) -> None:
        self.set_faults(())

    def set_limit(self, limit: Limit | None) -> None:
        """Change the rate limit, None for none; a new window opens."""
        with self._lock:
            self.limit = limit
            self._windows = RateWindows(limit)

    def arrive(self, head: Head, path: str, query: Mapping[str, str]) -> Arrival:
        """Record a request, and decide how to treat it.

        A gateway's reply doesn't count against the limit. Faults that strike count only requests that neither a gateway
        nor the limit turned away, so a fault meant for the third request strikes one that matters.
        """
        with self._lock:
            now = self.clock.now()
            number = len(self._received) + 1
            standing = self._standing(head, now)
            replies = ((each.fault, each.intervenes(head, now)) for each in standing)
            intervention = next((Intervention(fault, wire) for fault, wire in replies if wire), None)
            if intervention is not None:
                fault: Fault | None = intervention.fault
                arrival = Arrival(number, Admission(), None, standing, intervention)
            else:
                verdict = self._windows.spend(endpoint(head.method, path), now)
                fault = self._striking(head) if verdict.refusal is None else None
                arrival = Arrival(number, verdict, fault, standing)
            label = fault.label if fault else None
            self._received.append(Received(number, moment(now), head.method, path, query, fault=label))
        return arrival

    def _standing(self, head: Head, now: float) -> tuple[Standing, ...]:
        """Count a request, and return the faults that stand in its way."""
        return tuple(
            watch.standing
            for watch in self._watches
            if watch.standing
            and watch.counts(head.struck_as)
            and watch.standing.stands(now, is_struck=watch.strikes(self._chance))
        )

    def _striking(self, head: Head) -> Fault | None:
        """Count a request, and return the first fault that strikes it, if any."""
        chosen: Fault | None = None
        for watch in self._watches:
            is_spared = watch.standing or (watch.fault.its_kind.on_reuse and not head.is_reused)
            if not is_spared and watch.counts(head.struck_as) and chosen is None and watch.strikes(self._chance):
                chosen = watch.fault
        return chosen

    def dropped(self, arrival: Arrival, prospects: Sequence[str]) -> frozenset[str]:
        """Return the request's prospects whose notes are reported as created, but not kept. For the server."""
        with self._lock:
            return frozenset(dropped for standing in arrival.standing for dropped in standing.drops(prospects))

    def view(self, arrival: Arrival) -> View | None:
        """Return the present view of the notes. For the server."""
        now, distortions = self.clock.now() - self.notes_behind, arrival.standing

        def shows(content: str) -> str:
            return functools.reduce(lambda text, distortion: distortion.shows(text), distortions, content)

        def hides(note: StoredNote) -> bool:
            return any(distortion.hides(note, now) for distortion in distortions)

        return View(hides, shows, sum(distortion.moves for distortion in distortions)) if distortions else None

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
