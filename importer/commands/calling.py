"""What a command calls the API with.

Comes in: settings. Goes out: a caller, which is closed when the block is left; and how delivery goes about it.
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
from importer.delivery.policy import Policy
from importer.messages import Said
from importer.settings import BATCH_SIZE, Settings

_AHEAD = 2  # calls entered in the journal and waiting for a free worker, so that no worker waits for the disk


def steady_clock() -> Callable[[], float]:
    """Seconds since 1970, from one look at the system's clock on; never going back when that is set anew."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset


def connected(settings: Settings, vendor: Vendor, clock: Callable[[], float]) -> NotesApi:
    """The vendor's API, at the address and with the key of the settings; who asks for it closes it."""
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
    """What calls to the API are made with."""
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
    """How delivery is to go about it; ``learned`` is the batch size that proved to work before."""
    return Policy(
        settings.batch_size or learned or BATCH_SIZE,
        settings.read_timeout,
        settings.settle,
        assumed_lag=12 * settings.settle,
        retry=RetryPolicy(attempts=8, seconds=settings.give_up),
        resends=resends,
        resend_unconfirmed=settings.resend_unconfirmed,
    )
