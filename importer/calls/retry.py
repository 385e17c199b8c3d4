"""Decide which calls are retried, after how long, and when to give up, with tenacity.

Input: a call's failure and its time. Output: seconds to wait, or None to give up. Nothing here sleeps, because the
dispatcher does other work in the meantime.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, stop_after_attempt, stop_after_delay, wait_exponential

from importer.api import API_REFUSED, STOPS, Cause, Failure

_NO_USE = API_REFUSED | STOPS | {Cause.RATE_LIMITED}  # another attempt is of no use


@dataclass(frozen=True)
class RetryPolicy:
    """Limits on how long to keep trying.

    Attributes:
        attempts: the maximum number of attempts; 0 for as many as fit into the time.
        seconds: the time after which to give up; the last attempt is made then.
        first: the maximum seconds before the second attempt, doubled from attempt to attempt.
        longest: the maximum seconds between two attempts, unless the API asks for more.
    """

    attempts: int
    seconds: float
    first: float = 0.5
    longest: float = 60.0


class Attempts:
    """Attempts at one task, from the first failure to success or giving up."""

    def __init__(self, policy: RetryPolicy, rng: random.Random) -> None:
        self._policy, self._rng = policy, rng
        stop = stop_after_delay(policy.seconds)
        self._stop = stop | stop_after_attempt(policy.attempts) if policy.attempts else stop
        self._wait = wait_exponential(multiplier=policy.first, max=policy.longest)
        self._state = RetryCallState(Retrying(), fn=None, args=(), kwargs={})
        self._started: float | None = None

    @property
    def failures(self) -> int:
        """Number of attempts that have failed so far."""
        return self._state.attempt_number - 1

    @property
    def gives_up_at(self) -> float | None:
        """Time of giving up; None while nothing has failed."""
        return None if self._started is None else self._started + self._policy.seconds

    def failed(self, failure: Failure, now: float) -> float | None:
        """Record a failure; return the seconds before the next attempt, or None if no attempt should follow.

        The pause is never shorter than the API asked for, and doesn't go beyond the time of giving up.
        """
        if self._started is None:
            self._started = now
        self._state.start_time, self._state.outcome_timestamp = self._started, now
        left = self._started + self._policy.seconds - now
        requested = failure.wait or 0.0
        is_no_use = failure.cause in _NO_USE and not failure.may_pass
        if is_no_use or self._stop(self._state) or left < requested:
            return None
        pause = min(max(requested, self._wait(self._state) * self._rng.uniform(0.5, 1.0)), left)
        self._state.prepare_for_next_attempt()
        return pause
