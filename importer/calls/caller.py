"""Hold the objects and settings that API calls need, and turn a call's failure into the error that ends the run.

Input: an API, a pool and a limiter. Output: :class:`Caller`, which every stage that calls the API receives.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from importer.api import Cause, Failure, NotesApi
from importer.calls.limiter import Limiter
from importer.calls.retry import RetryPolicy
from importer.calls.workers import WorkerPool
from importer.errors import Blocked, KeyRefused, NotPermitted, Redirected, Stopped, WrongCall
from importer.messages import Said

_ERRORS = {
    Cause.BAD_KEY: KeyRefused,
    Cause.NOT_PERMITTED: NotPermitted,
    Cause.WRONG_CALL: WrongCall,
    Cause.REDIRECTED: Redirected,
}

ATTEMPTS = 8
"""Maximum number of attempts at one call."""


@dataclass(frozen=True)
class Caller:
    """Objects and settings that calls to the API need.

    Attributes:
        give_up: seconds without any progress after which the run stops.
        stop: called in every round; returns why a person wants the run to end, or None.
    """

    api: NotesApi
    pool: WorkerPool[Any]
    limiter: Limiter
    clock: Callable[[], float]
    give_up: float
    stop: Callable[[], Said | None] = lambda: None
    rng: random.Random | None = None

    @property
    def retry(self) -> RetryPolicy:
        """Retry policy of each call."""
        return RetryPolicy(ATTEMPTS, self.give_up)


def stopped_by(failure: Failure) -> Stopped:
    """Return the error that ends the run because of one call's failure."""
    return _ERRORS.get(failure.cause, Blocked)(failure.text)
