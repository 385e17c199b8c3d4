"""Create what a command calls the API with, the context of delivery, and the first call of a run.

Input: settings, and the workspace's journal. Output: a caller, which is closed when its block ends; the context of
delivery. The first call reads, to see that the address and the key are right: a note that was sent to a wrong address
could be at work somewhere, so that its row would be unconfirmed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

from importer import messages
from importer.api import Failure, FoundProspect, NotesApi, Reply, Vendor
from importer.calls.dispatcher import Caller
from importer.calls.limiter import Limiter
from importer.calls.retry import RetryPolicy
from importer.calls.stage import Stage
from importer.calls.workers import Threads
from importer.delivery.context import DeliveryContext, Policy
from importer.errors import WrongAddress
from importer.importing.workspaces import learned_rates
from importer.journal import Journal, Run
from importer.messages import Message, Said, say
from importer.rows.emails import ProspectsPage
from importer.settings import GIVE_UP, Settings
from importer.settings.address import api_address

LAG = 12
"""Times `settle` by which reading may lag behind writing."""
_AHEAD = 2  # calls recorded in the journal before a worker is free, so that no worker waits for the disk


def steady_clock() -> Callable[[], float]:
    """Return a clock for seconds since 1970 that never goes back, even if the system's clock is changed."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset


def connected(settings: Settings, vendor: Vendor, clock: Callable[[], float]) -> NotesApi:
    """Return a client of the vendor's API, with the settings' address and key. Close the client after use."""
    return vendor.connect(settings.base_url, settings.key, read_timeout=settings.read_timeout, clock=clock)


@contextmanager
def calls(
    settings: Settings,
    journal: Journal,
    vendor: Vendor,
    stop: Callable[[], Said | None],
    clock: Callable[[], float] | None = None,
) -> Iterator[Caller]:
    """Yield a caller for the API, and close it when the block ends."""
    messages.texts()
    clock = clock or steady_clock()
    api = connected(settings, vendor, clock)
    pool: Threads[Any] = Threads(settings.workers)
    give_up, learned = settings.give_up or GIVE_UP, learned_rates(journal, settings)
    limiter = Limiter(settings.workers + _AHEAD, clock, give_up, settings.rate, learned)
    try:
        yield Caller(api, pool, limiter, clock, give_up, stop)
    finally:
        pool.close()
        api.close()


def delivering(settings: Settings, journal: Journal, caller: Caller, run: Run | None = None) -> DeliveryContext:
    """Return the context of delivery in a run; without a run, nothing is sent again."""
    size, settle = settings.batch_size, settings.settle
    policy = Policy(size, settings.read_timeout, settle, LAG * settle, skips_existing=settings.skip_existing)
    return DeliveryContext.of(journal, settings.workspace, run, caller, policy)


_TRIES = 3  # if the server doesn't seem to be the API, and its address doesn't seem to be complete
_PATIENCE = 60.0  # seconds if only the first is true, because a gateway may have lost its route (D43)


class _Read(ProspectsPage):
    """The first page of the list of prospects."""

    purpose: ClassVar[Message] = say("purpose.seeing-the-api")


class FirstCall(Stage[_Read, None]):
    """A call that shows whether the server at the address is the API, and accepts the key."""

    def __init__(self, caller: Caller, address: str, tell: Callable[[Message | None], None]) -> None:
        super().__init__(caller, (_Read.kind,), lambda _: None)
        self._retry = replace(self._retry, attempts=0)  # as long as for a note
        self._address, self._observe = address, tell

    def make(self) -> None:
        """Make the call.

        Raises:
            Stopped: the API can't be reached, or refuses the key; or the server that answers is not the API.
        """
        self._run([_Read()])
        if self._dispatcher.stopped is not None:
            raise self._dispatcher.stopped

    def _perform(self, task: _Read) -> Reply[tuple[FoundProspect, ...]]:
        return self._api.look_up("", task.page)

    def _succeeded(self, task: _Read, value: object) -> None:
        """Accept any answer in the API's form."""

    def _refused(self, task: _Read, failure: Failure) -> None:
        """Accept a refusal in the API's own words, which shows just as well that it is the API."""

    def _unclear(self, task: _Read, failure: Failure) -> None:
        if failure.is_accepted and not failure.is_strange:
            return  # a success in the API's form, with a list that can't be read
        if not failure.is_strange:
            super()._unclear(task, failure)
            return
        is_incomplete = (meant := api_address(self._address)) != self._address
        patience = min(self._retry.seconds, _PATIENCE)
        if not self._dispatcher.retry(task, failure, RetryPolicy(_TRIES * is_incomplete, patience)):
            kind = "stopped.wrong-address-but" if is_incomplete else "stopped.wrong-address"
            self._dispatcher.halt(WrongAddress(say(kind, why=failure.text, address=meant)))

    def _tell(self) -> None:
        self._observe(self._dispatcher.trouble)
