"""How many calls may be in flight: fewer when the API fails or slows down, back to all when it recovers.

A limit that nobody tells, on calls a second or on calls at a time, is met with one number, the flow: so many calls in
flight, and evenly sent, so that it is a rate too. A flow under 1 is one call at a time with pauses.
"""

from __future__ import annotations

_GROWTH = 1.005  # of the flow with every call that succeeds: after fifty it is where a refusal found it
_REGROWTH = 1.5  # the same, as far as it was lowered by refusals in a row, which may have been an outage's
_UNKNOWN = 0.1  # seconds that a call is taken to last before any has succeeded
_SLOW = 0.25  # seconds; what is faster needs no relief


class ConcurrencyLimiter:
    """The number of calls that may be in flight, at most ``workers``."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._size = float(workers)
        self._flow: float | None = None  # once a limit that nobody tells has refused a call
        self._borne = 0.0  # the flow a little below the last at which calls succeeded before one was refused
        self._usual = self._lately = 0.0  # seconds a call takes

    @property
    def size(self) -> int:
        """Calls in flight at most."""
        return max(1, int(self._size if self._flow is None else min(self._size, self._flow)))

    @property
    def gap(self) -> float:
        """Seconds between two calls."""
        return 0.0 if self._flow is None else (self._usual or _UNKNOWN) / self._flow

    @property
    def pace(self) -> float | None:
        """Calls a second that such a limit lets through, as far as refusals have taught that."""
        if self._flow is None:
            return None
        return min(self._flow, self.size) / (self._usual or _UNKNOWN)

    def succeeded(self) -> None:
        """A call did what it was to do: more may go."""
        self._size = min(float(self._workers), self._size + max(1.0, self._workers / 8))
        if self._flow is not None:
            flow = max(self._flow * _GROWTH, min(self._flow * _REGROWTH, self._borne))
            self._flow = flow if flow < self._workers else None

    def refused(self, *, again: bool) -> None:
        """A call was refused by a limit that nobody tells; ``again``: none has succeeded since the last."""
        flow = self.size if self._flow is None else self._flow
        if not again:
            self._borne = 0.8 * flow
        self._flow = flow * (0.5 if again else 0.8)

    def failed(self) -> None:
        """A call failed: half as many."""
        self._size = max(1.0, self._size / 2)

    def only_one(self) -> None:
        """Call after call fails: one tries."""
        self._size = 1.0

    def took(self, seconds: float) -> None:
        """What takes twice as long as usual is relieved, until that has become the usual."""
        self._usual += (seconds - self._usual) / 100 if self._usual else seconds
        self._lately += (seconds - self._lately) / 8 if self._lately else seconds
        if self._lately > max(2 * self._usual, _SLOW):
            self._size = max(1.0, self._size * 0.9 - 1)
