"""How long to wait before the next attempt, and when to give up."""

import random

import pytest

from importer.api import Cause, Failure
from importer.calls.retry import Attempts, RetryPolicy
from importer.messages import words

FAILURES = [Failure(Cause.UNREACHABLE, words("nobody there")), Failure(Cause.LOST, words("lost"), at_work=True)]


def busy(wait: float) -> Failure:
    return Failure(Cause.UNREACHABLE, words("busy"), wait)


def waits(policy: RetryPolicy, failure: Failure = FAILURES[0], step: float = 0.0, seed: int = 0) -> list[float]:
    """The pauses until it is given up, when each attempt takes ``step`` seconds."""
    attempts, now, found = Attempts(policy, random.Random(seed)), 1000.0, []
    while (pause := attempts.failed(failure, now)) is not None:
        found.append(pause)
        now += pause + step
        assert len(found) < 10_000
    return found


@pytest.mark.parametrize("failure", FAILURES)
def test_pauses_double_with_jitter_up_to_the_longest(failure: Failure) -> None:
    found = waits(RetryPolicy(attempts=12, seconds=1e9, first=0.5, longest=60.0), failure)
    assert len(found) == 11
    for place, pause in enumerate(found):
        most = min(0.5 * 2**place, 60.0)
        assert most / 2 <= pause <= most
    assert waits(RetryPolicy(12, 1e9)) != waits(RetryPolicy(12, 1e9), seed=1)


def test_it_is_given_up_after_so_many_attempts() -> None:
    assert len(waits(RetryPolicy(attempts=3, seconds=1e9))) == 2
    assert waits(RetryPolicy(attempts=1, seconds=1e9)) == []


@pytest.mark.parametrize("seconds", [8.0, 40.0, 300.0, 900.0])
def test_it_is_given_up_after_so_long_a_time_and_the_last_attempt_is_made_then(seconds: float) -> None:
    for seed in range(20):
        assert sum(waits(RetryPolicy(attempts=0, seconds=seconds), seed=seed)) == pytest.approx(seconds)
        found = waits(RetryPolicy(attempts=0, seconds=seconds), step=1.0, seed=seed)
        assert seconds - 1.0 <= sum(found) + len(found) - 1.0 <= seconds + 1e-6
    assert waits(RetryPolicy(attempts=0, seconds=0.0)) == []


def test_an_api_that_asks_for_more_time_than_is_left_is_given_up_at_once() -> None:
    attempts = Attempts(RetryPolicy(attempts=0, seconds=100.0), random.Random(0))
    assert attempts.failed(busy(60.0), 1000.0) == 60.0
    assert attempts.failed(busy(40.0), 1060.0) == 40.0
    assert Attempts(RetryPolicy(attempts=0, seconds=100.0), random.Random(0)).failed(busy(101.0), 0.0) is None
    assert attempts.failed(busy(1.0), 1099.5) is None


def test_the_api_is_obeyed_when_it_asks_for_longer() -> None:
    policy = RetryPolicy(attempts=5, seconds=1e9)
    assert waits(policy, busy(100.0)) == [100.0] * 4
    assert waits(policy, busy(0.0)) == waits(policy)


@pytest.mark.parametrize(
    "failure", [Failure(Cause.RATE_LIMITED, words("slow")), Failure(Cause.BAD_REQUEST, words("no"))]
)
def test_what_is_no_failure_of_the_line_is_not_tried_again(failure: Failure) -> None:
    assert Attempts(RetryPolicy(5, 1e9), random.Random(0)).failed(failure, 0.0) is None
