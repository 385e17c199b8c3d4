"""How long it takes is told within a tenth (or two seconds), once the limit is known, and roughly before."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from importer.api import Endpoint
from importer.settings.kinds import Rate
from tests.calls.virtual import Api, Importer, importer, seeds


@dataclass
class Sample:
    at: float
    calls: int
    told: float | None
    held_to: Rate | None


def samples(run: Importer, calls: int, every: float) -> list[Sample]:
    """What was told of the calls that had not begun, now and then while so many were made."""
    found: list[Sample] = []

    def look() -> None:
        left = calls - len(run.let_through)
        if left > 0:
            told = run.limiter.seconds_for(left, Endpoint.CREATE)
            found.append(Sample(run.now, left, told, run.limiter.held_to))
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
        if one.at > run.sent[0] + since
        and (one.told is None or abs(one.told - (end - one.at)) > max(4.0, 0.1 * (end - one.at)))
    ]


@pytest.mark.parametrize("seed", seeds(1, 3))
@pytest.mark.parametrize("sliding", [False, True], ids=["fixed", "sliding"])
@pytest.mark.parametrize("reset", ["iso", "http-date", "off"])
def test_by_the_limit_once_it_is_known(reset: str, sliding: bool, seed: int) -> None:
    run = importer(Api(20, 60.0, reset=reset, sliding=sliding), 0.2, seed)
    found = samples(run, 210, 7.3)
    assert len(wrong(run, found, 190.0)) <= 2
    assert any(one.held_to is not None and one.held_to.calls == 20 for one in found)


def test_before_anything_is_known_by_the_limit_that_other_accounts_have() -> None:
    """So 200 calls take nine minutes, and not the seconds that the first of them suggest."""
    run = importer(Api(20, 60.0, "off", retry=False), 0.1, 1)
    assert run.limiter.seconds_for(200, Endpoint.CREATE) == pytest.approx(540, abs=1)
