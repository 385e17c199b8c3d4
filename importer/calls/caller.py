"""What calls to the API are made with, and how one call's failure ends all of them.

Comes in: an API, and who makes its calls when. Goes out: :class:`Caller`, which every stage that calls is handed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from importer.api import Cause, Failure, NotesApi
from importer.calls.limiter import Limiter
from importer.calls.workers import WorkerPool
from importer.errors import Blocked, KeyRefused, Redirected, Stopped
from importer.messages import Said


@dataclass(frozen=True)
class Caller:
    """What calls to the API are made with.

    Attributes:
        api: the vendor.
        pool: who carries the calls.
        limiter: when the next may go.
        clock: seconds since 1970, never going back.
        give_up: seconds without any progress after which it stops.
        stop: asked in every round whether a person wants it to end; says why, or None.
        rng: for jitter.
    """

    api: NotesApi
    pool: WorkerPool[Any]
    limiter: Limiter
    clock: Callable[[], float]
    give_up: float
    stop: Callable[[], Said | None] = lambda: None
    rng: random.Random | None = None


def stopped_by(failure: Failure) -> Stopped:
    """The end of a run that one call's failure brings about."""
    if failure.cause is Cause.BAD_KEY:
        return KeyRefused(failure.text)
    if failure.cause is Cause.REDIRECTED:
        return Redirected(failure.text)
    return Blocked(failure.text)
