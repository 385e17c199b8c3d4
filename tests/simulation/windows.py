"""The API's limits in a world: windows for each kind of call, one for all of them, and how a client is told."""

import math
from collections import defaultdict, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate

from importer.api import Endpoint


@dataclass(frozen=True)
class Limits:
    """So many calls in each window of so many seconds."""

    calls: int  # of each kind, or of all kinds together if it is shared; 0: no limit
    seconds: float
    in_all: int = 0  # of all kinds, or 0 for no limit
    of: Collection[Endpoint] = ()  # the kinds that are limited; empty: all
    is_shared: bool = False
    slides: bool = False  # any stretch of that length is a window, and not only one that follows another
    says: str = ""  # how a client is told: by refusals alone, "wait" by a time in them, "headers" by each reply
    status: int = 400  # of a refusal


REFERENCE = Limits(20, 60.0, in_all=300)
"""The service's, of which nothing but refusals tells."""

LOOKUPS = Limits(20, 60.0, of=(Endpoint.READ, Endpoint.PROSPECTS))
"""Limits of looking up alone."""


class Windows:
    def __init__(self, limits: Limits | None) -> None:
        self._limits = limits
        self._spent: defaultdict[str, deque[float]] = defaultdict(deque)
        self._opened: dict[str, float] = {}

    def refuses(self, kind: Endpoint, now: float) -> bool:
        windows = self._of(kind)
        if any(self._left(name, calls, now) <= 0 for name, calls in windows.items()):
            return True
        for name in windows:
            self._spent[name].append(now)
        return False

    def wait(self, kind: Endpoint, now: float) -> float:
        """Seconds until a call is let through, if no other comes before it."""
        used_up = [name for name, calls in self._of(kind).items() if self._left(name, calls, now) <= 0]
        return max((self._ends(name, now) - now for name in used_up), default=0.0)

    def headers(self, kind: Endpoint, now: float, ahead: float) -> Mapping[str, str]:
        """Headers that tell of the window with the fewest calls left, by the API's clock."""
        limits, windows = self._limits, self._of(kind)
        if limits is None or limits.says != "headers" or not windows:
            return {}
        left, ends = min((self._left(name, calls, now), self._ends(name, now)) for name, calls in windows.items())
        reset = datetime.fromtimestamp(math.ceil((ends + ahead) * 1000) / 1000, UTC).isoformat(timespec="milliseconds")
        told = {"x-ratelimit-remaining": str(max(0, left)), "x-ratelimit-reset": reset}
        return {**told, "date": formatdate(math.floor(now + ahead), usegmt=True)}

    def _of(self, kind: Endpoint) -> dict[str, int]:
        limits = self._limits
        if limits is None or (limits.of and kind not in limits.of):
            return {}
        own = {"" if limits.is_shared else kind.value: limits.calls} if limits.calls else {}
        return own | ({"in all": limits.in_all} if limits.in_all else {})

    def _left(self, name: str, calls: int, now: float) -> int:
        assert self._limits is not None
        spent, length = self._spent[name], self._limits.seconds
        if self._limits.slides:
            while spent and spent[0] <= now - length:
                spent.popleft()
        elif now >= self._opened.get(name, -math.inf) + length:
            self._opened[name] = now
            spent.clear()
        return calls - len(spent)

    def _ends(self, name: str, now: float) -> float:
        assert self._limits is not None
        begun = (self._spent[name][0] if self._spent[name] else now) if self._limits.slides else self._opened[name]
        return begun + self._limits.seconds
