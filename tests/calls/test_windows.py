"""Each endpoint's limit is learned and used fully, and hardly a call is refused, however the API tells of its limit.

Windows are of a minute, as the service's are. A test counts what the API let through and what it refused.
"""

import math
import random
from collections.abc import Callable

import pytest

from importer.api import Endpoint
from importer.calls.limiter import Limiter
from importer.settings.kinds import Rate
from tests.calls.virtual import NOON, RESETS, Api, Importer, importer, reply, seeds, used

CREATE, READ = Endpoint.CREATE, Endpoint.READ


def after(run: Importer, seconds: float) -> list[float]:
    """When the API let calls through, from so many seconds after the beginning on."""
    return [at for at in run.let_through if at >= run.began_at + seconds]


# -- refusals only -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", seeds(2, 6))
@pytest.mark.parametrize("latency", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("sliding", [False, True], ids=["fixed", "sliding"])
@pytest.mark.parametrize("retry", [False, True], ids=["no header", "retry-after"])
def test_refusals_alone_teach_the_limit_in_two_windows(retry: bool, sliding: bool, latency: float, seed: int) -> None:
    api = Api(20, 60.0, "off", retry=retry, sliding=sliding, phase=random.Random(seed + 77).uniform(0, 60))
    run = importer(api, latency, seed)
    run.run(600)
    late = after(run, 150.0)
    windows = (late[-1] - late[0]) / 60.0
    assert (len(late) - 20) / windows >= (0.95 if latency < 1 else 0.93) * 20
    assert sum(at >= run.began_at + 150.0 for at in run.refused) <= (windows / 10 if latency < 1 else 2 * windows)
    assert len(run.refused) <= (20 if latency < 1 else 60)  # while it is learned


@pytest.mark.parametrize("seed", seeds(2, 4))
def test_a_limit_that_an_earlier_run_learned_is_kept_from_the_first_call_on(seed: int) -> None:
    api = Api(20, 60.0, "off", retry=False, sliding=True)
    run = importer(api, 0.1, seed, learned={CREATE: Rate(20, 60.0)})
    took = run.run(190)
    assert run.refused == []
    assert took <= 9 * 60 * 1.03


@pytest.mark.parametrize("seed", seeds(2, 4))
@pytest.mark.parametrize(("before", "then"), [(20, 10), (20, 40)])
def test_a_limit_that_changes_is_learned_anew(before: int, then: int, seed: int) -> None:
    api = Api(before, 60.0, "off", retry=False, sliding=True)
    run = importer(api, 0.1, seed)

    def change() -> None:
        api.calls = then

    run.later(1000.0, change)
    run.run(before * 16 + then * 25)
    late = after(run, 2000.0)
    assert (len(late) - then) / (late[-1] - late[0]) >= 0.85 * then / 60.0
    assert sum(at > run.began_at + 2000.0 for at in run.refused) <= 8


@pytest.mark.parametrize("seed", seeds(1, 4))
def test_two_importers_on_one_key_share_the_limit(seed: int) -> None:
    api = Api(20, 60.0, "off", retry=False)
    run, other = importer(api, 0.1, seed), importer(api, 0.15, seed + 1000, began_later=7.0)
    Importer.side_by_side(run, other, until=NOON + 1800.0)
    both = sorted(after(run, 300.0) + after(other, 300.0))
    assert (len(both) - 20) / (both[-1] - both[0]) >= 0.5 * 20 / 60.0
    refused = [at for at in run.refused + other.refused if at >= NOON + 300.0]
    assert len(refused) <= 4 * 1800 / 60


# -- endpoints and the account -----------------------------------------------------------------------------------------


def test_each_endpoint_has_a_limit_of_its_own() -> None:
    apis = {CREATE: Api(20, 60.0, "off", retry=False), READ: Api(20, 60.0, "off", retry=False)}
    kinds = iter([CREATE, READ] * 10_000)
    run = importer(apis[CREATE], 0.05, 1, kinds=lambda: next(kinds))
    run.of = lambda kind: apis[kind]
    took = run.run(400)
    assert took <= 1.15 * 9 * 60
    assert all(api.used.total() == 200 for api in apis.values())


def test_an_accounts_limit_below_those_of_its_endpoints_together_is_kept_to() -> None:
    account, own = Api(50, 60.0, "off", retry=False, sliding=True), {}
    order = [CREATE, READ, Endpoint.UPDATE, Endpoint.PROSPECTS]
    kinds = iter(order * 10_000)
    run = importer(account, 0.05, 1, kinds=lambda: next(kinds))
    own = {kind: Api(20, 60.0, "off", retry=False, sliding=True) for kind in order}

    class Both(Api):
        def __init__(self, kind: Endpoint) -> None:
            super().__init__(1, 1.0, "off", retry=False)
            self.kind = kind

        def call(self, ours: float) -> tuple[int, dict[str, str]]:
            status, headers = own[self.kind].call(ours)
            return account.call(ours) if status == 201 else (status, headers)

    both = {kind: Both(kind) for kind in order}
    run.of = lambda kind: both[kind]
    took = run.run(500)
    assert took <= 1.5 * 10 * 60
    assert len(run.refused) <= 130


def test_two_calls_are_in_flight_until_a_higher_limit_shows_itself() -> None:
    now = NOON
    limiter = Limiter(8, lambda: now, 900.0, rng=random.Random(1))

    def fill() -> int:
        number = 0
        while limiter.wait(CREATE) == 0:
            limiter.began(CREATE)
            number += 1
        return number

    assert fill() == 2
    for _ in range(40):
        now += 0.1
        assert not limiter.came_back(reply(CREATE, now - 0.1, now, 201, {}))
        limiter.began(CREATE)
    limiter.withdrawn(CREATE)
    limiter.withdrawn(CREATE)
    assert fill() == 8


# -- what replies announce ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", seeds(1, 2))
@pytest.mark.parametrize("skew", [0.0, 7200.37, -86_399.5])
@pytest.mark.parametrize("reset", RESETS)
@pytest.mark.parametrize(("calls", "latency"), [(20, 0.02), (20, 0.5), (60, 0.02)])
def test_every_announced_window_is_spent_and_at_most_one_call_refused(
    calls: int, latency: float, reset: str, skew: float, seed: int
) -> None:
    api = Api(calls, 60.0, reset, skew=skew)
    run = importer(api, latency, seed)
    took = run.run(10 * calls)
    assert run.served == 10 * calls
    assert api.refused <= 1
    assert 10 * calls / took >= 0.95 * calls / 60.0
    assert used(api) >= (0.8 if reset == "seconds" else 0.9)


@pytest.mark.parametrize("seed", seeds(1, 2))
@pytest.mark.parametrize("phase", [0.0, 0.7, None])
@pytest.mark.parametrize("cut", [math.floor, math.ceil, round])
@pytest.mark.parametrize("reset", ["http-date", "epoch", "seconds"])
@pytest.mark.parametrize("latency", [0.002, 0.3])
def test_a_reset_in_whole_seconds_costs_at_most_one_refusal_however_it_was_rounded(
    latency: float, reset: str, cut: Callable[[float], int], phase: float | None, seed: int
) -> None:
    api = Api(60, 60.0, reset, phase=phase, cut=cut, skew=-3333.3)
    took = importer(api, latency, seed).run(300)
    assert api.refused <= 1
    assert 300 / took >= 0.95


# -- the person's own limit --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "workers"), [(Rate(20, 1.0), 8), (Rate(60, 60.0), 8), (Rate(1, 0.5), 3)])
def test_a_rate_set_by_hand_is_kept_in_any_stretch_of_time(rate: Rate, workers: int) -> None:
    run = importer(Api(10**6, 1.0), 0.02, 1, rate=rate, workers=workers)
    took = run.run(10 * rate.calls)
    for i, at in enumerate(run.sent[rate.calls :]):
        assert at - run.sent[i] >= rate.seconds - 1e-6
        assert at - run.sent[i + rate.calls - 1] >= 0.5 * rate.seconds / rate.calls  # spread, not all at once
    assert took <= 10 * rate.seconds + 0.1
