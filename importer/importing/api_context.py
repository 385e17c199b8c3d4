"""Create the context in which a command calls the API, and the policy for delivery.

Input: settings, and the workspace's journal. Output: a context, whose caller is closed when its block ends; and a
delivery policy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from importer import messages
from importer.api import NotesApi, Vendor
from importer.calls.caller import ATTEMPTS, Caller
from importer.calls.limiter import Limiter
from importer.calls.retry import RetryPolicy
from importer.calls.workers import Threads
from importer.delivery.context import Policy
from importer.importing.workspaces import learned_rates
from importer.journal import Journal
from importer.messages import Said
from importer.models import Progress
from importer.settings import BATCH_SIZE, GIVE_UP, Settings

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


@dataclass(frozen=True)
class Context:
    """Objects that the parts of a command share while it holds the workspace's lock and calls the API.

    Attributes:
        settings: the settings, which name the workspace.
        journal: the workspace's journal.
        caller: makes the calls.
        observe: receives the progress.
    """

    settings: Settings
    journal: Journal
    caller: Caller
    observe: Callable[[Progress], None] = lambda _: None


@contextmanager
def calls(
    settings: Settings,
    journal: Journal,
    vendor: Vendor,
    clock: Callable[[], float] | None,
    observe: Callable[[Progress], None],
    stop: Callable[[], Said | None],
) -> Iterator[Context]:
    """Yield a context with a caller for the API, and close the caller when the block ends.

    Args:
        settings: how to call the API.
        journal: the workspace's journal.
        vendor: the vendor whose API is called.
        clock: seconds since 1970, never going back; None: the system's.
        observe: receives the progress.
        stop: called repeatedly. If it returns a sentence, the calls end early.
    """
    messages.load()
    clock = clock or steady_clock()
    api = connected(settings, vendor, clock)
    pool: Threads[Any] = Threads(settings.workers)
    workers, learned = settings.workers + _AHEAD, learned_rates(journal, settings)
    give_up = settings.give_up or GIVE_UP
    limiter = Limiter(workers, clock, give_up, settings.rate, learned)
    try:
        yield Context(settings, journal, Caller(api, pool, limiter, clock, give_up, stop), observe)
    finally:
        pool.close()
        api.close()


def batch_size(settings: Settings, journal: Journal | None) -> int:
    """Return the maximum number of prospects in a request: as set, as it worked in an earlier run, or the default."""
    learned = None if journal is None else journal.learned.batch_size(settings.workspace)
    return settings.batch_size or learned or BATCH_SIZE


def policy(settings: Settings, journal: Journal | None = None, *, resends: bool = True) -> Policy:
    """Return the policy for delivery."""
    return Policy(
        batch_size(settings, journal),
        settings.read_timeout,
        settings.settle,
        assumed_lag=12 * settings.settle,
        retry=RetryPolicy(ATTEMPTS, settings.give_up or GIVE_UP),
        resends=resends,
        skips_existing=settings.skip_existing,
        resend_unconfirmed=settings.resend_unconfirmed,
    )
