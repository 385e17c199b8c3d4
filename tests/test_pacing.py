"""The account's limit is spent to the last call, and hardly a call is refused, however the API tells of its limit.

A model of the API counts calls as real ones do, by its own clock, while a virtual clock runs the importer's side; what
the model counted is what is asserted.
"""

from __future__ import annotations

import heapq
import math
import random
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer import pipeline
from importer.delivery import Progress
from importer.errors import NotSent, RateLimited, Unclear
from importer.pacing import Pacer, Rate, ServerClock, Signals, seconds_to_wait
from importer.pacing.times import Announcement, Time
from importer.retry import Attempts, Patience
from importer.sandbox import Limit, Sandbox
from importer.settings import Settings

NOON = 1_776_772_800.0  # 2026-04-21 12:00:00 UTC
RESETS = ["iso", "http-date", "epoch", "epoch-ms", "seconds"]


@dataclass
class Api:
    """Counts the calls of each window and tells of its limit.

    ``phase`` says where in a second windows begin; None: with the first call. ``cut`` is how a reset in whole seconds
    comes about: rounded up or cut off. ``skew`` is how far its clock is from the caller's.
    """

    calls: int
    seconds: float
    reset: str = "iso"
    retry: bool = True
    phase: float | None = 0.0
    cut: Callable[[float], int] = math.ceil
    skew: float = 0.0
    dated: bool = True
    sliding: bool = False
    burst: int | None = None  # calls in any second, of which the headers say nothing
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
        if self.burst is not None:
            while self._taken and self._taken[0] <= now - 1.0:
                self._taken.popleft()
            allowed = allowed and len(self._taken) < self.burst
            self._taken.extend([now] * allowed)
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
        if self.dated:
            headers["date"] = http_date(math.floor(now))
        if not allowed and self.retry:
            headers["retry-after"] = "1" if left > 0 else str(max(1, math.ceil(self._ends - now)))
        return (201 if allowed else 429), headers


def http_date(at: float) -> str:
    return format_datetime(datetime.fromtimestamp(at, UTC), usegmt=True)


@dataclass
class Importer:
    """Workers in virtual time, as delivery drives them: one thread chooses, calls take time to and fro."""

    api: Api
    to: Callable[[], float]
    fro: Callable[[], float]
    workers: int = 8
    rate: Rate | None = None
    kinds: Callable[[], str] = lambda: "POST"
    began_at: float = NOON + 0.37
    events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    ticks: Iterator[int] = field(default_factory=count)
    sent: list[float] = field(default_factory=list)
    served: int = 0

    def __post_init__(self) -> None:
        self.now = self.began_at
        self.rng = random.Random(1)
        patience = Patience(attempts=0, seconds=900.0)
        self.pacer = Pacer(self.workers, lambda: self.now, lambda: Attempts(patience, self.rng), self.rate, self.rng)

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self.events, (self.now + seconds, next(self.ticks), what))

    def run(self, calls: int) -> float:
        """Make so many calls that succeed; the seconds that took."""
        todo = calls
        in_flight = 0
        kind = self.kinds()

        def begin() -> None:
            nonlocal todo, in_flight, kind
            todo, in_flight = todo - 1, in_flight + 1
            mine, kind = kind, self.kinds()
            began = self.now
            self.pacer.began(mine)
            self.sent.append(began)

            def arrive() -> None:
                status, headers = self.api.call(self.now)
                self.later(self.fro(), lambda: back(status, headers))

            def back(status: int, headers: dict[str, str]) -> None:
                nonlocal todo, in_flight
                in_flight -= 1
                self.pacer.observe(Signals(mine, status, headers, began, self.now))
                self.pacer.ended(mine)
                if status == 429:
                    todo += 1
                    wait = seconds_to_wait(headers.get("retry-after", ""), self.now)
                    assert not self.pacer.limited(RateLimited("too many", wait=wait), 3600.0)
                else:
                    self.served += 1
                    self.pacer.succeeded()

            self.later(self.to(), arrive)

        while todo or in_flight:
            wait = self.pacer.wait(kind) if todo else math.inf
            if wait <= 0:
                begin()
                continue
            assert in_flight or math.isfinite(wait), "nothing is in flight, and nothing may go"
            if self.events and self.events[0][0] <= self.now + wait:
                self.now, _, what = heapq.heappop(self.events)
                what()
            else:
                self.now += wait
        return self.now - self.began_at


def jittered(latency: float, rng: random.Random) -> Callable[[], float]:
    """One way of a call whose both ways take about ``latency`` seconds."""
    return lambda: latency / 2 * rng.uniform(0.8, 1.2)


def importer(api: Api, latency: float, seed: int, **options: Any) -> Importer:
    rng = random.Random(seed)
    began_at = NOON + rng.random() * api.seconds
    return Importer(api, jittered(latency, rng), jittered(latency, rng), began_at=began_at, **options)


def far_importer(api: Api, latency: float, seed: int, **options: Any) -> Importer:
    """Calls are counted at once, and answered long after."""
    rng = random.Random(seed)
    began_at = NOON + rng.random() * api.seconds
    return Importer(api, jittered(0.004, rng), lambda: latency * rng.uniform(0.99, 1.01), began_at=began_at, **options)


def used(api: Api) -> float:
    """Which part of what the windows allowed was used, from the first to the last but one."""
    ends = sorted(api.used)
    windows = round((ends[-1] - ends[0]) / api.seconds)
    return sum(api.used[end] for end in ends[:-1]) / (windows * api.calls)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("skew", [0.0, 7200.37, -86_399.5])
@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize(("calls", "seconds"), [(20, 1.0), (60, 60.0)])
def test_every_window_is_spent_and_at_most_one_call_refused(
    calls: int, seconds: float, reset: str, skew: float, seed: int
) -> None:
    api = Api(calls, seconds, reset, skew=skew)
    run = importer(api, 0.02, seed)
    took = run.run(10 * calls)
    assert run.served == 10 * calls
    assert api.refused <= 1
    assert 10 * calls / took >= 0.95 * calls / seconds
    # The first may be nearly over before the server's clock is known; seconds to go count from each reply's coming.
    assert used(api) >= (0.8 if reset == "seconds" else 0.9)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("reset", ["iso", "epoch-ms"])
def test_a_long_way_to_the_api_wastes_no_window(reset: str, seed: int) -> None:
    api = Api(20, 1.0, reset, skew=1000.25)
    took = importer(api, 0.3, seed).run(600)
    assert (api.refused, 600 / took >= 0.95 * 20) == (0, True)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize(
    ("calls", "latency", "workers"), [(5, 0.6, 8), (5, 0.8, 8), (5, 1.2, 8), (10, 1.2, 8), (5, 1.2, 32), (20, 0.3, 8)]
)
def test_windows_that_are_over_before_a_reply_comes_are_filled_too(
    calls: int, latency: float, workers: int, reset: str, seed: int
) -> None:
    api = Api(calls, 1.0, reset, skew=1000.25)
    took = far_importer(api, latency, seed, workers=workers).run(400)
    assert api.refused <= 1
    assert 400 / took >= 0.9 * min(calls, workers / latency)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("latency", [0.6, 0.8, 1.2])
def test_calls_that_overtake_each_other_on_a_long_way_cost_a_few_refusals(
    latency: float, reset: str, seed: int
) -> None:
    api = Api(5, 1.0, reset, skew=1000.25)
    took = importer(api, latency, seed).run(300)
    assert api.refused <= 5
    assert 300 / took >= 0.75 * 5


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("phase", [0.0, 0.3, 0.7, None])
@pytest.mark.parametrize("cut", [math.floor, math.ceil])
@pytest.mark.parametrize("reset", ["http-date", "epoch", "seconds"])
@pytest.mark.parametrize("seconds", [1.0, 10.0])
def test_short_windows_told_in_whole_seconds_are_spent(
    seconds: float, reset: str, cut: Callable[[float], int], phase: float | None, seed: int
) -> None:
    api = Api(20, seconds, reset, phase=phase, cut=cut, skew=-33.3)
    took = importer(api, 0.02, seed).run(400)
    assert api.refused <= (2 if seconds == 1.0 else 4)
    assert 400 / took >= 0.9 * 20 / seconds


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cut", [math.floor, math.ceil])
@pytest.mark.parametrize("reset", ["http-date", "epoch", "seconds"])
def test_a_limit_over_any_second_is_spent_though_told_in_whole_seconds(
    reset: str, cut: Callable[[float], int], seed: int
) -> None:
    api = Api(20, 1.0, reset, sliding=True, cut=cut)
    took = importer(api, 0.02, seed).run(600)
    assert api.refused <= 2
    assert 600 / took >= (0.9 if reset == "seconds" else 0.8) * 20


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("phase", [0.0, 0.3, 0.7, 0.99, None])
@pytest.mark.parametrize("cut", [math.floor, math.ceil, round])
@pytest.mark.parametrize("reset", ["http-date", "epoch", "seconds"])
@pytest.mark.parametrize("latency", [0.002, 0.3])
def test_a_reset_told_in_whole_seconds_costs_at_most_one_refusal_however_it_was_rounded(
    latency: float, reset: str, cut: Callable[[float], int], phase: float | None, seed: int
) -> None:
    api = Api(60, 60.0, reset, phase=phase, cut=cut, skew=-3333.3)
    took = importer(api, latency, seed).run(300)
    assert api.refused <= 1
    assert 300 / took >= 0.95


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("before", "after"), [(20, 10), (20, 5), (20, 2), (20, 40), (5, 50)])
def test_a_limit_that_changes_in_the_middle_refuses_at_most_one_call(before: int, after: int, seed: int) -> None:
    api = Api(before, 1.0)
    run = importer(api, 0.02, seed)
    changes_at = random.Random(-seed).uniform(1.0, 4.0)

    def change() -> None:
        api.calls = after
        api.used.clear()

    run.later(changes_at, change)
    calls = 5 * before + 5 * after
    took = run.run(calls)
    assert api.refused <= 1
    assert calls >= 0.85 * (changes_at * before + (took - changes_at) * after) - after


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_another_program_on_the_account_is_left_its_part_and_nothing_is_left_over(share: float, seed: int) -> None:
    api = Api(20, 1.0)
    run = importer(api, 0.02, seed)
    rng = random.Random(seed)
    others = 0

    def other() -> None:
        nonlocal others
        others += api.take(run.now)
        run.later(rng.expovariate(api.calls * share), other)

    run.later(0.0, other)
    took = run.run(200)
    assert (200 + others) / took >= 0.95 * 20
    assert api.refused <= 10


@pytest.mark.parametrize("seed", range(10))
def test_a_limit_over_any_second_is_lived_with(seed: int) -> None:
    api = Api(20, 1.0, sliding=True)
    took = importer(api, 0.02, seed).run(400)
    assert api.refused <= 4
    assert 400 / took >= 0.85 * 20


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("retry", [True, False])
def test_a_second_limit_that_is_not_told_costs_little_and_no_window(reset: str, seed: int, *, retry: bool) -> None:
    """The refusal says that calls remain: it is not this minute's that are spent."""
    api = Api(60, 60.0, reset, retry=retry, burst=5)
    took = importer(api, 0.02, seed).run(600)
    assert 600 / took >= 0.95
    assert api.refused <= 0.05 * 600


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("latency", [0.02, 0.3])
@pytest.mark.parametrize("retry", [True, False])
def test_without_headers_refusals_teach_the_rate(latency: float, seed: int, *, retry: bool) -> None:
    api = Api(20, 1.0, "off", retry=retry)
    took = importer(api, latency, seed).run(600)
    assert api.refused <= 0.06 * 600
    assert 600 / took >= 0.6 * 20


@pytest.mark.parametrize("reset", [*RESETS, "off"])
def test_one_refusal_for_no_reason_slows_nobody_down_for_long(reset: str) -> None:
    """The first call is turned away, though the limit is far from used up."""
    api = Api(1000, 1.0, reset)
    run = importer(api, 0.02, 1)
    take, refusals = api.take, iter([False])
    api.take = lambda now: take(now) and next(refusals, True)  # type: ignore[method-assign]
    assert run.run(1000) < (10 if reset != "off" else 150)
    assert api.refused == 1


@pytest.mark.parametrize("skew", [7200.0, -7200.0])
@pytest.mark.parametrize("reset", RESETS)
def test_a_server_that_never_tells_the_time_is_not_waited_for_by_its_clock(reset: str, skew: float) -> None:
    api = Api(20, 1.0, reset, skew=skew, dated=False)
    took = importer(api, 0.02, 1).run(200)
    assert took < 30
    assert api.refused <= 20


def test_a_limit_that_is_lifted_holds_nobody_back() -> None:
    api = Api(60, 60.0)
    run = importer(api, 0.02, 1)

    def lift() -> None:
        api.calls, api.reset = 10**9, "none"

    run.later(100.0, lift)
    assert run.run(2000) < 100 + 60 + 2000 * 0.03 / 8 + 1


@pytest.mark.parametrize(("rate", "workers"), [(Rate(20, 1.0), 8), (Rate(60, 60.0), 8), (Rate(1, 0.5), 3)])
def test_a_rate_set_by_hand_is_kept_in_any_stretch_of_time(rate: Rate, workers: int) -> None:
    run = importer(Api(10**6, 1.0), 0.02, 1, rate=rate, workers=workers)
    took = run.run(10 * rate.calls)
    for i, at in enumerate(run.sent[rate.calls :]):
        assert at - run.sent[i] >= rate.seconds - 1e-6
    assert took <= 9.1 * rate.seconds + 2


def test_never_more_calls_in_flight_than_workers() -> None:
    api = Api(10**6, 1.0, "off")
    run = importer(api, 0.1, 1, workers=5)
    in_flight = []
    for i in range(1, 50):
        run.later(i * 0.03, lambda: in_flight.append(len(run.sent) - run.served))
    run.run(100)
    assert max(in_flight) == 5


def test_reading_draws_on_the_same_budget_as_writing() -> None:
    rng = random.Random(3)
    api = Api(20, 1.0)
    run = importer(api, 0.02, 3, kinds=lambda: rng.choice(["GET", "POST"]))
    took = run.run(200)
    assert api.refused <= 1
    assert 200 / took >= 0.95 * 20


class Driver:
    """A pacer with a clock that is moved by hand."""

    def __init__(self, workers: int = 8, give_up: float = 100.0) -> None:
        self.now = NOON
        rng = random.Random(1)
        patience = Patience(attempts=0, seconds=give_up)
        self.pacer = Pacer(workers, lambda: self.now, lambda: Attempts(patience, rng), rng=rng)

    def begin(self, kind: str = "POST") -> int:
        """Begin every call that may go now; how many those are."""
        count = 0
        while self.pacer.wait(kind) == 0:
            self.pacer.began(kind)
            count += 1
            assert count <= 100
        return count

    def reply(self, kind: str = "POST", status: int = 201, took: float = 0.02, **headers: object) -> None:
        told = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        self.pacer.observe(Signals(kind, status, told, self.now - took, self.now))
        self.pacer.ended(kind)
        if status < 500 and status != 429:
            self.pacer.succeeded()

    def tell(self, kind: str, limit: int, remaining: int) -> None:
        date = http_date(math.floor(self.now))
        reset = NOON + 60.5
        self.reply(kind, date=date, x_ratelimit_limit=limit, x_ratelimit_remaining=remaining, x_ratelimit_reset=reset)

    def fail(self, wait: float | None = None) -> bool:
        self.pacer.ended("POST")
        return self.pacer.failed(NotSent("connection refused", wait=wait))


def test_budgets_are_kept_apart_once_each_method_shows_a_limit_of_its_own() -> None:
    driver = Driver()
    for kind, limit, remaining in (("POST", 60, 59), ("GET", 20, 0), ("POST", 60, 58)):
        driver.now += 1.0
        driver.pacer.began(kind)
        driver.tell(kind, limit, remaining)
    driver.now += 1.0
    assert driver.pacer.wait("GET") == 0
    driver.pacer.began("GET")
    driver.tell("GET", 20, 0)
    driver.now += 1.0
    assert driver.pacer.wait("GET") > 50
    assert driver.pacer.wait("POST") == 0


def test_a_limit_that_changed_between_two_methods_is_still_one_budget() -> None:
    driver = Driver()
    for kind, limit, remaining in (("POST", 60, 59), ("GET", 20, 0), ("POST", 20, 0)):
        driver.now += 1.0
        driver.pacer.began(kind)
        driver.tell(kind, limit, remaining)
    driver.now += 1.0
    assert driver.pacer.wait("POST") == driver.pacer.wait("GET") > 50


def test_an_outage_pauses_everyone_then_one_tries_and_all_return_with_its_success() -> None:
    driver = Driver()
    assert driver.begin() == 1
    driver.reply()
    assert driver.begin() == 8
    assert not any(driver.fail() for _ in range(8))
    assert 0 < driver.pacer.wait("POST") < 3
    driver.now += 3
    assert driver.begin() == 1
    assert not driver.fail()
    driver.now += 10
    for expected in (1, 2, 4):
        assert driver.begin() == expected
        for _ in range(expected):
            driver.reply()
    assert driver.begin() == 8


def test_one_failure_alone_holds_nobody_back() -> None:
    driver = Driver()
    driver.begin()
    driver.reply()
    driver.begin()
    assert not driver.fail()
    for _ in range(7):
        driver.reply()
    assert driver.begin() == 8


def test_an_outage_is_given_up_after_the_time_that_was_set() -> None:
    driver = Driver(give_up=100.0)
    tries = 0
    while True:
        wait = driver.pacer.wait("POST")
        assert math.isfinite(wait)
        driver.now += wait
        driver.pacer.began("POST")
        tries += 1
        driver.now += 1.0
        if driver.fail():
            break
    first = 1.0  # the first failure came so long after the beginning
    assert driver.now - NOON - first == pytest.approx(100, abs=1.0)
    assert tries < 15


def test_a_long_pause_after_failures_is_not_taken_for_the_limit() -> None:
    driver = Driver(give_up=1000.0)
    for _ in range(9):
        driver.now += driver.pacer.wait("POST")
        driver.pacer.began("POST")
        assert not driver.fail()
    assert driver.pacer.wait("POST") >= 10.0
    assert driver.pacer.wait_for_limit("POST") == 0.0


def test_trouble_is_told_until_the_next_success() -> None:
    driver = Driver(give_up=1000.0)
    assert driver.pacer.trouble("POST") == ""
    for _ in range(6):
        driver.now += driver.pacer.wait("POST")
        driver.pacer.began("POST")
        driver.fail()
    told = driver.pacer.trouble("POST")
    assert told == f"trying again in {math.ceil(driver.pacer.wait('POST'))} s: connection refused"
    assert driver.pacer.trouble(None) == told
    driver.now += driver.pacer.wait("POST")
    driver.pacer.began("POST")
    assert driver.pacer.trouble("POST") == "trying again: connection refused"
    driver.reply()
    assert driver.pacer.trouble("POST") == ""


def test_what_the_api_says_is_shown_in_a_few_plain_characters() -> None:
    driver = Driver()
    driver.pacer.began("POST")
    driver.pacer.ended("POST")
    driver.pacer.failed(Unclear("\x1b[31mred\n" + "x" * 500, at_work=False))
    told = driver.pacer.trouble("POST")
    assert told.isprintable()
    assert told.startswith("trying again:  [31mred xxx")
    assert told.endswith("x…")
    assert len(told) < 150


def test_a_wait_for_the_limit_is_told_when_it_is_long_and_a_call_waits_for_it() -> None:
    driver = Driver()
    driver.pacer.began("POST")
    driver.reply(status=429)
    driver.pacer.limited(RateLimited("slow down", wait=42.0), longest=900.0)
    assert driver.pacer.trouble("POST") == "waiting 42 s for the account's limit"
    assert driver.pacer.trouble(None) == ""
    driver.now += 38.0
    assert driver.pacer.trouble("POST") == ""


def test_an_api_that_is_back_is_noticed_soon_however_long_it_was_away() -> None:
    driver = Driver(give_up=1000.0)
    while driver.now < NOON + 600:
        driver.now += driver.pacer.wait("POST")
        driver.pacer.began("POST")
        assert not driver.fail()
    assert driver.pacer.wait("POST") <= 15.0
    driver.now += 15.0
    driver.pacer.began("POST")
    assert not driver.fail(wait=120.0)
    assert driver.pacer.wait("POST") == pytest.approx(120.0)


def test_everyone_waits_as_long_as_an_api_that_fails_asks() -> None:
    driver = Driver()
    driver.begin()
    driver.pacer.ended("POST")
    assert not driver.pacer.failed(Unclear("503", wait=30.0, at_work=True))
    assert driver.pacer.wait("POST") == pytest.approx(30.0)


def test_a_limit_that_asks_for_more_patience_than_there_is_ends_the_run() -> None:
    driver = Driver()
    driver.begin()
    driver.reply(status=429)
    assert not driver.pacer.limited(RateLimited("slow down", wait=59.0), longest=60.0)
    driver.now += 59
    driver.begin()
    driver.reply(status=429)
    assert driver.pacer.limited(RateLimited("slow down", wait=59.0), longest=60.0)


def test_an_api_that_slows_down_gets_fewer_calls_at_once_until_it_is_quick_again() -> None:
    def served_at(latency: float) -> Callable[[], float]:
        return lambda: latency / 2

    api = Api(10**6, 1.0, "off")
    run = Importer(api, served_at(0.05), served_at(0.05))
    run.run(200)
    sizes = []
    for latency, calls in ((1.0, 40), (0.05, 400)):
        run.to = run.fro = served_at(latency)
        run.run(calls)
        in_flight = 0
        while run.pacer.wait("POST") == 0:
            run.pacer.began("POST")
            in_flight += 1
        for _ in range(in_flight):
            run.pacer.ended("POST")
        sizes.append(in_flight)
    slow, quick = sizes
    assert slow <= 4
    assert quick == 8


@given(
    offset=st.floats(-1e5, 1e5),
    calls=st.lists(st.tuples(st.floats(0, 5), st.floats(0.001, 2), st.floats(0, 1)), min_size=1, max_size=30),
)
def test_the_servers_clock_is_never_mistaken(offset: float, calls: list[tuple[float, float, float]]) -> None:
    clock = ServerClock()
    now = NOON
    for pause, took, part in calls:
        began, answered, now = now + pause, now + pause + took * part, now + pause + took
        date = math.floor(answered + offset)
        clock.observe(Signals("POST", 201, {"date": http_date(date)}, began, now))
        assert clock.is_known
        assert clock.server_at_least(now) <= now + offset + 1e-4
        assert clock.ours_at_least(now + offset) - 1e-4 <= now <= clock.ours_at_most(now + offset) + 1e-4


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Tue, 21 Apr 2026 12:00:30 GMT", 30.0),
        ("2026-04-21T12:00:30.250Z", 30.25),
        ("2026-04-21T14:00:30+02:00", 30.0),
        ("Tue, 21 Apr 2026 11:00:00 GMT", 0.0),
        ("1776772830", 30.0),
        ("1776772830500", 30.5),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("9" * 30, None),
    ],
)
def test_retry_after_is_understood_in_every_form(header: str, seconds: float | None) -> None:
    found = seconds_to_wait(header, NOON)
    assert found == (None if seconds is None else pytest.approx(seconds, abs=1e-3))


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "7", "x-ratelimit-reset": "3"},
        {"ratelimit-limit": "20", "ratelimit-remaining": "7", "ratelimit-reset": "3"},
        {"x-rate-limit-limit": "20, 20;w=60", "x-rate-limit-remaining": "7", "x-rate-limit-reset": "3"},
        {"ratelimit": "limit=20, remaining=7, reset=3"},
        {"ratelimit": "limit=20,remaining=7,reset=3", "ratelimit-policy": "20;w=60"},
        {"ratelimit": '"default";r=7;t=3', "ratelimit-policy": '"default";q=20;w=60'},
        {"ratelimit": '"burst";r=7;t=3, "day";r=900;t=5000', "ratelimit-policy": '"burst";q=20;w=60, "day";q=1000'},
    ],
)
def test_a_limit_is_understood_in_every_form(headers: dict[str, str]) -> None:
    assert Announcement.read(headers) == Announcement(20, 7, Time(3.0, is_to_go=True, is_whole=True))


@pytest.mark.parametrize(
    "text",
    [
        "Fri, 31 Dec 9999 23:59:59 GMT", "Tue, 21 Apr 2026 10:57:07 +99999999", "Tue, 21 Apr 2026 10:57:07 -9999999999",
        "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "99999999999", "999999999999999999", "1 Jan 0000000",
        "Tue, 99 Foo 2026", ",", "- - - - -", "Tue, 21 Apr 99999999999999999999 10:57:07 GMT", "1969-12-31",
    ],
)  # fmt: skip
def test_what_no_clock_shows_is_no_time(text: str) -> None:
    assert Time.read(text) is None
    clock = ServerClock()
    clock.observe(Signals("POST", 200, {"date": text}, 1_776_769_027.0, 1_776_769_028.0))
    assert not clock.is_known


def test_a_limit_without_a_word_of_what_remains_tells_nothing() -> None:
    assert Announcement.read({"x-ratelimit-limit": "20"}) is None
    assert Announcement.read({"ratelimit-policy": '"default";q=20;w=60'}) is None
    assert Announcement.read({"ratelimit": '"default";r=7'}) == Announcement(None, 7, None)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("20/1s", Rate(20, 1.0)),
        ("60/min", Rate(60, 60.0)),
        ("1000/h", Rate(1000, 3600.0)),
        (" 5 / 2.5 sec ", Rate(5, 2.5)),
        ("10/30", Rate(10, 30.0)),
    ],
)
def test_a_rate_is_read_as_people_write_it(text: str, rate: Rate) -> None:
    assert Rate.parse(text) == rate


@pytest.mark.parametrize("text", ["20", "20/", "0/s", "5/0s", "fast", "20/1d", "-1/s", ""])
def test_what_is_no_rate_is_turned_away_with_its_text(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(text))):
        Rate.parse(text)


def notes(path: Path, groups: int, each: int) -> Path:
    lines = [f"p{g}-{i},note {g},private" for i in range(each) for g in range(groups)]
    path.write_text("\n".join(["Prospect ID,Note,Visibility", *lines]), encoding="utf-8")
    return path


@pytest.mark.parametrize("limit", ["20/500ms", "20/500ms:epoch-ms", "10/1s:epoch", "20/500ms:first-call"])
def test_the_sandbox_turns_away_at_most_one_call(tmp_path: Path, settings: Settings, box: Sandbox, limit: str) -> None:
    box.set_limit(Limit.parse(limit))
    report = pipeline.run(notes(tmp_path / "notes.csv", 60, 2), settings)
    assert report is not None
    statuses = Counter(call.status for call in box.received)
    assert statuses[201] == 60
    assert statuses[429] == report.rate_limited <= 1
    assert len(box.notes) == 120


def test_a_limit_of_the_sandbox_that_changes_turns_away_at_most_one_call(
    tmp_path: Path, settings: Settings, box: Sandbox
) -> None:
    box.set_limit(Limit(20, 0.5))
    box.latency = 0.02

    def change(progress: Progress) -> None:
        if progress.requests >= 45 and box.limit == Limit(20, 0.5):
            box.set_limit(Limit(10, 0.5))

    pipeline.run(notes(tmp_path / "notes.csv", 80, 1), settings, pipeline.Hooks(observe=change))
    statuses = Counter(call.status for call in box.received)
    assert box.limit == Limit(10, 0.5)
    assert statuses[201] == 80
    assert statuses[429] <= 1


def test_a_batch_that_is_refused_for_its_size_is_halved_and_the_size_that_works_is_kept(
    tmp_path: Path, settings: Settings
) -> None:
    with Sandbox(max_batch=30) as box:
        told = replace(settings, base_url=box.url, key=box.api_key, batch_size=100, workers=1)
        report = pipeline.run(notes(tmp_path / "notes.csv", 3, 400), told)
        assert report is not None
        assert len(box.notes) == 1200
        statuses = Counter(call.status for call in box.received)
        assert statuses.pop(201) == 48  # of 25 prospects each, from the first that was accepted on
        assert statuses.total() <= 8
