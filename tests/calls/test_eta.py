"""How long it takes is told within a tenth (or a second), from the end of the second window of the limit on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from importer.settings import Rate
from tests.calls.virtual import Api, Importer, importer, seeds


@dataclass
class Sample:
    at: float
    calls: int
    told: float | None
    held_to: Rate | None


def samples(run: Importer, calls: int, every: float, usual: Rate | None = None) -> list[Sample]:
    """What was told of the calls that had not begun, now and then while so many were made."""
    found: list[Sample] = []

    def look() -> None:
        left = calls - len(run.sent)
        if left > 0:
            eta = run.limiter.eta
            found.append(Sample(run.now, left, eta.seconds_for(left, usual), eta.held_to))
            run.later(every, look)

    run.later(every, look)
    run.run(calls)
    return found


def wrong(run: Importer, found: list[Sample], since: float) -> list[tuple[float, float | None, float]]:
    """When it was told wrong, what was told, and how long it took."""
    end = run.sent[-1]
    return [
        (one.at - run.sent[0], one.told, end - one.at)
        for one in found
        if one.at > since and (one.told is None or abs(one.told - (end - one.at)) > max(1.0, 0.1 * (end - one.at)))
    ]


@pytest.mark.parametrize("seed", seeds(1, 3))
@pytest.mark.parametrize("phase", [0.0, None], ids=["fixed windows", "from the first call"])
@pytest.mark.parametrize("reset", ["iso", "http-date", "epoch"])
@pytest.mark.parametrize(("limit", "seconds", "calls"), [(100, 60.0, 650), (30, 10.0, 210), (400, 20.0, 3000)])
def test_by_the_limit_once_it_is_known(
    limit: int, seconds: float, calls: int, reset: str, phase: float | None, seed: int
) -> None:
    run = importer(Api(limit, seconds, reset=reset, phase=phase), 0.2, seed)
    found = samples(run, calls, seconds / 7.3)
    start = run.sent[0]
    late = 0.3 if reset == "iso" else 1.3  # a reset in whole seconds is waited for a second longer
    since = math.floor(start / seconds + 2) * seconds + late if phase is not None else start + 2 * (seconds + late)
    assert sum(one.at > since for one in found) > 15
    assert wrong(run, found, since) == []
    for one in found:
        if one.at > since + seconds:
            assert one.held_to is not None
            assert one.held_to.calls == limit
            assert one.held_to.seconds == pytest.approx(seconds, rel=0.11)


def test_where_a_window_was_noticed_late() -> None:
    """What it holds is known, though some of its calls were counted to the one before."""
    run = importer(Api(30, 10.0), 0.3, 2)
    found = samples(run, 210, 1.4)
    assert wrong(run, found, run.sent[0] + 10.0) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_where_not_every_window_is_noticed(seed: int) -> None:
    """As where whole seconds to go are told, and a second is all there is."""
    run = importer(Api(5, 1.0, reset="seconds"), 0.05, seed)
    found = samples(run, 200, 0.3)
    assert wrong(run, found, run.sent[0] + 5.0) == []


@pytest.mark.parametrize("limit", [5, 20])
def test_with_windows_of_a_second_from_the_fifth_second_on(limit: int) -> None:
    """The first two come late: nothing is known yet when they open."""
    run = importer(Api(limit, 1.0), 0.05, 1)
    found = samples(run, 40 * limit, 0.3)
    assert wrong(run, found, run.sent[0] + 5.0) == []


def test_from_the_first_call_on_where_an_earlier_run_met_the_limit() -> None:
    run = importer(Api(100, 60.0), 0.2, 1)
    found = samples(run, 650, 5.0, usual=Rate(100, 60.0))
    assert wrong(run, found, run.sent[0] + 4.0) == []


def test_by_the_persons_rate_from_the_first_call_on() -> None:
    """Where that is slower than the limit; and it isn't the limit then that holds calls up."""
    run = importer(Api(100, 10.0), 0.05, 1, rate=Rate(4, 1.0))
    found = samples(run, 200, 1.0)
    assert wrong(run, found, run.sent[0]) == []
    assert {one.held_to for one in found} == {None}


def test_by_the_pace_so_far_where_no_limit_is_told() -> None:
    """After two seconds of it."""
    run = importer(Api(1_000_000, 60.0, reset="none", retry=False), 0.4, 1)
    found = samples(run, 1000, 0.5)
    assert wrong(run, found, run.sent[0] + 2.5) == []
    assert found[0].told is None


def test_it_is_not_the_limit_that_holds_up_what_the_workers_can_not_fill() -> None:
    run = importer(Api(100, 1.0), 0.4, 1)
    found = samples(run, 800, 0.5)
    assert wrong(run, found, run.sent[0] + 4.0) == []
    assert {one.held_to for one in found} == {None}
