"""Simulate the intermediaries that answer in the API's place: rate limiters, a cache, a lost route, a firewall.

Input: a request's head or body, and the faults that stand in its way. Output: the reply of one of them, or None if all
let the request through. The calls and replies that they remember are stored here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from importer.sandbox.faults import UPLOAD, Fault
from importer.sandbox.spoiling import Wire, gateways_page


@dataclass(frozen=True, slots=True)
class Head:
    """A request before its body is read: ``target`` is the path with its query."""

    method: str
    target: str
    no_cache: bool = False
    is_reused: bool = False
    is_upload: bool = False

    @property
    def struck_as(self) -> str:
        """Method that a fault must name to strike this request."""
        return UPLOAD if self.is_upload else self.method


@dataclass(frozen=True, slots=True)
class Intervention:
    """A reply that did not come from the API, and the fault that caused it."""

    fault: Fault
    wire: Wire


class Gateway:
    """Memory of the intermediaries. Not thread-safe: the owner's lock guards it."""

    def __init__(self) -> None:
        self._replies: dict[str, tuple[float, Wire]] = {}
        self._excess: dict[str, tuple[float, float]] = {}

    def intervenes(self, faults: Iterable[Fault], head: Head, in_flight: int, now: float) -> Intervention | None:
        """Return the reply of the first fault that blocks the request; ``in_flight`` counts the calls before it."""
        for fault in faults:
            if fault.kind == "cache":
                until, wire = self._replies.get(head.target, (0.0, None))
                if wire is not None and now < until and not head.no_cache and head.method == "GET":
                    return Intervention(fault, wire)
            elif (
                fault.kind == "lost-route"
                or (fault.kind == "limit-conn" and in_flight >= int(fault.value))
                or (fault.kind == "limit-req" and self._exceeds(fault, now))
            ):
                return _page(fault)
        return None

    def keep(self, faults: Iterable[Fault], head: Head, wire: Wire, now: float) -> None:
        """Store a reply if there is a cache."""
        for fault in faults:
            if fault.kind == "cache" and head.method == "GET" and wire.status == 200:
                self._replies[head.target] = (now + (fault.seconds or 0.0), wire)

    def _exceeds(self, fault: Fault, now: float) -> bool:
        """Return whether the call comes too soon after earlier accepted calls (a leaky bucket)."""
        rate, burst = fault.rate
        full, since = self._excess.get(fault.value, (-1.0, now))
        level = max(-1.0, full - (now - since) * rate.calls / rate.seconds) + 1
        if level > burst:
            return True
        self._excess[fault.value] = (level, now)
        return False


def forbidden(faults: Iterable[Fault], body: object) -> Intervention | None:
    """Return the reply of a firewall that blocks the note's text, else None."""
    content = body.get("content") if isinstance(body, dict) else None
    for fault in faults:
        if fault.kind == "firewall" and isinstance(content, str) and fault.value.casefold() in content.casefold():
            return _page(fault)
    return None


def _page(fault: Fault) -> Intervention:
    return Intervention(fault, gateways_page(fault.answer or 503, as_json=fault.as_json))
