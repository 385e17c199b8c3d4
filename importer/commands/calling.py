"""Create the caller for the API, and the policy for delivery.

Input: settings. Output: a caller, which is closed when its block ends; and a delivery policy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from importer import messages
from importer.api import NotesApi, Vendor
from importer.calls.caller import Caller
from importer.calls.limiter import Limiter
from importer.calls.retry import RetryPolicy
from importer.calls.workers import Threads
from importer.delivery.context import Policy
from importer.messages import Said
from importer.settings import BATCH_SIZE, Settings

_AHEAD = 2  # calls recorded in the journal before a worker is free, so that no worker waits for the disk


def steady_clock() -> Callable[[], float]:
    """Return a clock for seconds since 1970 that never goes back, even if the system's clock is changed."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset


def connected(settings: Settings, vendor: Vendor, clock: Callable[[], float]) -> NotesApi:
    """Return a client of the vendor's API, with the settings' address and key. Close the client after use."""
    return vendor.connect(
        settings.base_url,
        settings.key,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        clock=clock,
    )


@contextmanager
def calls(
    settings: Settings, vendor: Vendor, clock: Callable[[], float], stop: Callable[[], Said | None] = lambda: None
) -> Iterator[Caller]:
    """Yield a caller for the API, and close it when the block ends."""
    messages.load()
    api = connected(settings, vendor, clock)
    pool: Threads[Any] = Threads(settings.workers)
    limiter = Limiter(settings.workers + _AHEAD, clock, settings.give_up, settings.rate)
    try:
        yield Caller(api, pool, limiter, clock, settings.give_up, stop)
    finally:
        pool.close()
        api.close()


def policy(settings: Settings, *, learned: int | None = None, resends: bool = True) -> Policy:
    """Return the policy for delivery; ``learned`` is a batch size that worked in an earlier run."""
    return Policy(
        settings.batch_size or learned or BATCH_SIZE,
        settings.read_timeout,
        settings.settle,
        assumed_lag=12 * settings.settle,
        retry=RetryPolicy(attempts=8, seconds=settings.give_up),
        resends=resends,
        resend_unconfirmed=settings.resend_unconfirmed,
    )
