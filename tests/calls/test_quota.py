"""The account's limit is spent to the last call, and hardly a call is refused, however the API tells of its limit."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from importer.api import Endpoint
from importer.settings.rate import Rate
from tests.calls.virtual import RESETS, Api, far_importer, importer, seeds, used


@pytest.mark.parametrize("seed", seeds(1, 5))
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


@pytest.mark.parametrize("seed", seeds(3, 10))
@pytest.mark.parametrize("reset", ["iso", "epoch-ms"])
def test_a_long_way_to_the_api_wastes_no_window(reset: str, seed: int) -> None:
    api = Api(20, 1.0, reset, skew=1000.25)
    took = importer(api, 0.3, seed).run(600)
    assert (api.refused, 600 / took >= 0.95 * 20) == (0, True)


@pytest.mark.parametrize("seed", seeds(1, 3))
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


@pytest.mark.parametrize("seed", seeds(2, 5))
@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("latency", [0.6, 0.8, 1.2])
def test_calls_that_overtake_each_other_on_a_long_way_cost_a_few_refusals(
    latency: float, reset: str, seed: int
) -> None:
    api = Api(5, 1.0, reset, skew=1000.25)
    took = importer(api, latency, seed).run(300)
    assert api.refused <= 5
    assert 300 / took >= 0.75 * 5


@pytest.mark.parametrize("seed", seeds(1, 3))
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


@pytest.mark.parametrize("seed", seeds(2, 5))
@pytest.mark.parametrize("cut", [math.floor, math.ceil])
@pytest.mark.parametrize("reset", ["http-date", "epoch", "seconds"])
def test_a_limit_over_any_second_is_spent_though_told_in_whole_seconds(
    reset: str, cut: Callable[[float], int], seed: int
) -> None:
    api = Api(20, 1.0, reset, sliding=True, cut=cut)
    took = importer(api, 0.02, seed).run(600)
    assert api.refused <= 2
    assert 600 / took >= (0.9 if reset == "seconds" else 0.8) * 20


@pytest.mark.parametrize("seed", seeds(1, 3))
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


@pytest.mark.parametrize("seed", seeds(4, 20))
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


@pytest.mark.parametrize("seed", seeds(3, 10))
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


@pytest.mark.parametrize("seed", seeds(3, 10))
def test_a_limit_over_any_second_is_lived_with(seed: int) -> None:
    api = Api(20, 1.0, sliding=True)
    took = importer(api, 0.02, seed).run(400)
    assert api.refused <= 4
    assert 400 / took >= 0.85 * 20


@pytest.mark.parametrize("seed", seeds(2, 5))
@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize("retry", [True, False])
def test_a_second_limit_that_is_not_told_costs_little_and_no_window(reset: str, seed: int, *, retry: bool) -> None:
    """The refusal says that calls remain: it is not this minute's that are spent."""
    api = Api(60, 60.0, reset, retry=retry, burst=5)
    took = importer(api, 0.02, seed).run(600)
    assert 600 / took >= 0.95
    assert api.refused <= 0.05 * 600


@pytest.mark.parametrize("seed", seeds(3, 10))
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
        assert at - run.sent[i + rate.calls - 1] >= 0.5 * rate.seconds / rate.calls  # spread, not all at once
    assert took <= 10 * rate.seconds + 0.1


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
    run = importer(api, 0.02, 3, kinds=lambda: rng.choice([Endpoint.READ, Endpoint.CREATE]))
    took = run.run(200)
    assert api.refused <= 1
    assert 200 / took >= 0.95 * 20
