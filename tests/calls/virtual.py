"""A model of APIs and their limits in virtual time, and of the importer's side that calls them.

It counts calls as real ones do, by its own clock; what it counted is what the tests of this folder assert.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from typing import Any

import pytest

from importer.api import Cause, Endpoint, Failure, Reply
from importer.api.exchange import seconds_to_wait
from importer.calls.limiter import Limiter
from importer.messages import words
from importer.settings.kinds import Rate

NOON = 1_776_772_800.0  # 2026-04-21 12:00:00 UTC
RESETS = ["iso", "http-date", "epoch", "epoch-ms", "seconds"]


def seeds(fast: int, all_: int) -> list[Any]:
    """Seeds for a test, of which only the first don't count as slow."""
    return [*range(fast), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(fast, all_))]


@dataclass
class Api:
    """Counts the calls of each window and tells of its limit."""

    calls: int
    seconds: float
    reset: str = "iso"
    retry: bool = True
    phase: float | None = 0.0  # where in a second windows begin; None: with the first call
    cut: Callable[[float], int] = math.ceil  # how a reset in whole seconds comes about
    skew: float = 0.0  # how far its clock is from the caller's
    sliding: bool = False
    used: Counter[float] = field(default_factory=Counter)  # window's end → calls let through
    refused: int = 0
    _ends: float = -math.inf
    _taken: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> bool:
        """Count a call at ``now``, by its own clock; whether it is let through."""
        if self.sliding:
            while self._taken and self._taken[0] <= now - self.seconds:
                self._taken.popleft()
            allowed = len(self._taken) < self.calls
            if allowed:
                self._taken.append(now)
            self._ends = self._taken[0] + self.seconds
            self.used[0.0] += allowed
            return allowed
        if now >= self._ends:
            start = now if self.phase is None else math.floor((now - self.phase) / self.seconds) * self.seconds
            self._ends = start + (self.phase or 0.0) + self.seconds
        allowed = self.used[self._ends] < self.calls
        self.used[self._ends] += allowed
        return allowed

    def call(self, ours: float) -> tuple[int, dict[str, str]]:
        """A call that arrives at our time ``ours``: status and headers."""
        now = ours + self.skew
        allowed = self.take(now)
        self.refused += not allowed
        left = self.calls - (len(self._taken) if self.sliding else self.used[self._ends])
        headers = {"x-ratelimit-limit": str(self.calls), "x-ratelimit-remaining": str(max(0, left))}
        reset = {
            "iso": lambda: datetime.fromtimestamp(self._ends, UTC).isoformat(timespec="milliseconds"),
            "http-date": lambda: http_date(self.cut(self._ends)),
            "epoch": lambda: str(self.cut(self._ends)),
            "epoch-ms": lambda: str(math.ceil(self._ends * 1000)),
            "seconds": lambda: str(self.cut(self._ends - now)),
        }.get(self.reset)
        headers = {} if reset is None else headers | {"x-ratelimit-reset": reset()}
        headers["date"] = http_date(math.floor(now))
        if not allowed and self.retry:
            headers["retry-after"] = str(max(1, math.ceil(self._ends - now)))
        return (201 if allowed else 429), headers


def http_date(at: float) -> str:
    return format_datetime(datetime.fromtimestamp(at, UTC), usegmt=True)


def reply(kind: Endpoint, began: float, came: float, status: int, headers: dict[str, str]) -> Reply[None]:
    wait = seconds_to_wait(headers.get("retry-after", ""), headers)
    failure = {
        429: Failure(Cause.RATE_LIMITED, words("too many"), wait),
        503: Failure(Cause.FAILED, words("503 Service Unavailable"), wait, at_work=True, is_busy=True),
    }.get(status)
    return Reply(kind, began, came, failure=failure, status=status, headers=headers)


class Pool:
    """Carries calls by itself; each takes a tenth of a second."""

    def __init__(self) -> None:
        self.now = NOON
        self.rounds = 0
        self._under_way: list[tuple[Any, Callable[[Any], Reply[Any]]]] = []

    def submit(self, task: Any, perform: Callable[[Any], Reply[Any]]) -> None:
        self._under_way.append((task, perform))

    def wait(self, seconds: float) -> list[tuple[Any, Reply[Any]]]:
        self.rounds += 1
        assert self.rounds < 10_000
        self.now += 0.1 if self._under_way else seconds
        back, self._under_way = [(task, perform(task)) for task, perform in self._under_way], []
        return back


@dataclass
class Importer:
    """Workers in virtual time, as delivery drives them: one thread chooses, calls take time to and fro."""

    api: Api
    to: Callable[[], float]
    fro: Callable[[], float]
    workers: int = 8
    rate: Rate | None = None
    kinds: Callable[[], Endpoint] = lambda: Endpoint.CREATE
    began_at: float = NOON + 0.37
    events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    ticks: Iterator[int] = field(default_factory=count)
    sent: list[float] = field(default_factory=list)
    learned: dict[Endpoint, Rate] = field(default_factory=dict)
    let_through: list[float] = field(default_factory=list)  # when calls arrived that were let through
    refused: list[float] = field(default_factory=list)  # and those that were not
    served: int = 0
    in_flight: int = 0

    def __post_init__(self) -> None:
        self.now = self.began_at
        self.rng = random.Random(1)
        self.limiter = Limiter(self.workers, lambda: self.now, 7200.0, self.rate, self.learned, self.rng)
        self.of: Callable[[Endpoint], Api] = lambda _: self.api

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self.events, (self.now + seconds, next(self.ticks), what))

    def run(self, calls: int) -> float:
        """Make so many calls that succeed; the seconds that took."""
        self.todo, self.kind = calls, self.kinds()
        while self.todo or self.in_flight:
            self.step(math.inf)
        return self.now - self.began_at

    @staticmethod
    def side_by_side(*importers: Importer, until: float) -> None:
        """Let several importers make calls until a time, in the order of time."""
        for one in importers:
            one.todo, one.kind = 10**6, one.kinds()
        while (first := min(importers, key=lambda one: one.now)).now < until:
            first.step(min((one.now for one in importers if one is not first), default=until))

    def step(self, until: float) -> None:
        """Begin a call, or let the next thing happen; go on no further than a little after ``until``."""
        wait = self.limiter.wait(self.kind) if self.todo else math.inf
        if wait <= 0:
            self._begin()
            return
        assert self.in_flight or math.isfinite(wait), "nothing is in flight, and nothing may go"
        if self.events and self.events[0][0] <= self.now + wait:
            self.now, _, what = heapq.heappop(self.events)
            what()
        else:
            self.now = min(self.now + wait + 1e-6, max(until, self.now) + 0.01)

    def _begin(self) -> None:
        self.todo, self.in_flight = self.todo - 1, self.in_flight + 1
        mine, self.kind = self.kind, self.kinds()
        began = self.now
        self.limiter.began(mine)
        self.sent.append(began)

        def arrive() -> None:
            status, headers = self.of(mine).call(self.now)
            (self.let_through if status == 201 else self.refused).append(self.now)
            self.later(self.fro(), lambda: back(status, headers))

        def back(status: int, headers: dict[str, str]) -> None:
            self.in_flight -= 1
            assert not self.limiter.came_back(reply(mine, began, self.now, status, headers))
            if status == 201:
                self.served += 1
            else:
                self.todo += 1

        self.later(self.to(), arrive)


def jittered(latency: float, rng: random.Random) -> Callable[[], float]:
    return lambda: latency / 2 * rng.uniform(0.8, 1.2)


def importer(api: Api, latency: float, seed: int, began_later: float = 0.0, **options: Any) -> Importer:
    rng = random.Random(seed)
    began_at = NOON + rng.random() * api.seconds + began_later
    return Importer(api, jittered(latency, rng), jittered(latency, rng), began_at=began_at, **options)


def used(api: Api) -> float:
    """Which part of what the windows allowed was used, from the first to the last but one."""
    ends = sorted(api.used)
    windows = round((ends[-1] - ends[0]) / api.seconds)
    return sum(api.used[end] for end in ends[:-1]) / (windows * api.calls)
