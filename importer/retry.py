"""What is tried again, after how long, and when to give up: the policy, on tenacity.

Comes in: what a call came to (:mod:`importer.errors`) and when. Goes out: seconds to wait, or None to give up. Nothing
here sleeps: delivery does other work in the meantime.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tenacity import RetryCallState, RetryError, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.stop import stop_base
from tenacity.wait import wait_base

from importer.errors import CallFailed, NotSent, Unclear


@dataclass(frozen=True)
class Patience:
    """How long to keep trying.

    Attributes:
        attempts: how often one thing is tried at most; 0: as often as fits into the time.
        seconds: after how long it is given up; the last attempt is made then.
        first: seconds before the second attempt, doubled from attempt to attempt.
        longest: seconds between two attempts at most, unless the API asks for more.
    """

    attempts: int
    seconds: float
    first: float = 0.5
    longest: float = 60.0

    def left(self, retry_state: RetryCallState) -> float:
        """Seconds until it is given up."""
        assert retry_state.outcome_timestamp is not None
        return retry_state.start_time + self.seconds - retry_state.outcome_timestamp


class _WaitAsTold(wait_base):
    """Exponential with jitter, never shorter than the API asked for, and not beyond the time of giving up."""

    def __init__(self, patience: Patience, rng: random.Random) -> None:
        self._patience = patience
        self._rng = rng

    def __call__(self, retry_state: RetryCallState) -> float:
        exponent = min(retry_state.attempt_number - 1, 32)
        backoff = min(self._patience.first * 2.0**exponent, self._patience.longest)
        wait = max(_told(retry_state), backoff * self._rng.uniform(0.5, 1.0))
        return min(wait, self._patience.left(retry_state))


class _StopInTime(stop_base):
    """When the time is over, or will be before the API wants to be asked again."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience

    def __call__(self, retry_state: RetryCallState) -> bool:
        left = self._patience.left(retry_state)
        return left <= 0 or left < _told(retry_state)


def _told(retry_state: RetryCallState) -> float:
    """Seconds that the API asked to wait."""
    outcome = retry_state.outcome
    error = outcome.exception() if outcome is not None else None
    return error.wait or 0.0 if isinstance(error, CallFailed) else 0.0


class Attempts:
    """The attempts at one thing, from the first failure to success or giving up."""

    def __init__(self, patience: Patience, rng: random.Random) -> None:
        stop = _StopInTime(patience)
        self._policy = Retrying(
            retry=retry_if_exception_type((NotSent, Unclear)),
            wait=_WaitAsTold(patience, rng),
            stop=(stop | stop_after_attempt(patience.attempts)) if patience.attempts else stop,
            reraise=False,
        )
        self._policy.begin()
        self._state = RetryCallState(self._policy, fn=None, args=(), kwargs={})
        self._started: float | None = None

    @property
    def failures(self) -> int:
        """How many attempts have failed so far."""
        return self._state.attempt_number - 1

    def failed(self, error: CallFailed, now: float) -> float | None:
        """Seconds to wait before the next attempt, or None when it is time to give up."""
        if self._started is None:
            self._started = now
        self._state.set_exception((type(error), error, error.__traceback__))
        self._state.start_time, self._state.outcome_timestamp = self._started, now
        try:
            self._policy.iter(self._state)
        except (RetryError, CallFailed):
            return None
        seconds = float(self._state.upcoming_sleep)
        self._state.prepare_for_next_attempt()
        return seconds
