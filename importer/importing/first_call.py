"""Read from the API once before the first note is sent, to see that the address and the key are right.

Input: a run's context. Output: none; an error ends the run before anything is sent. A note that was sent to a wrong
address could be at work somewhere, so that its row would be unconfirmed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from importer.api import Endpoint, Failure, Reply
from importer.api.protocol import FoundProspect
from importer.calls.retry import Attempts
from importer.calls.stage import Stage
from importer.errors import Outage, WrongAddress
from importer.importing.api_context import Context
from importer.messages import Message, say
from importer.settings import api_address

_TRIES = 3  # if the server doesn't seem to be the API, and its address doesn't seem to be complete
_PATIENCE = 60.0  # seconds if only the first is true, because a gateway may have lost its route (D43)


@dataclass(eq=False, slots=True)
class _Read:
    """The first page of the list of prospects."""

    page: int = 1
    attempts: Attempts | None = None

    kind: ClassVar[Endpoint] = Endpoint.PROSPECTS
    purpose: ClassVar[Message] = say("purpose.seeing-the-api")


class FirstCall(Stage[_Read, None]):
    """A call that shows whether the server at the address is the API, and accepts the key.

    Args:
        context: the run's context.
        tell: receives what holds the call up; None if nothing does.
    """

    def __init__(self, context: Context, tell: Callable[[Message | None], None]) -> None:
        super().__init__(context.caller, (_Read.kind,), lambda _: None)
        self._journal, self._settings, self._observe = context.journal, context.settings, tell

    def make(self) -> None:
        """Make the call, unless the journal has a note that the API at this address made.

        Raises:
            Stopped: the API can't be reached, or refuses the key; or the server that answers is not the API.
        """
        if self._journal.deliveries.latest_created(self._settings.workspace) is None:
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
        meant, policy = api_address(self._settings.base_url), replace(self._retry, attempts=0)  # as long as for a note
        is_incomplete = meant != self._settings.base_url
        if failure.is_strange:
            policy = replace(policy, attempts=_TRIES * is_incomplete, seconds=min(policy.seconds, _PATIENCE))
        if self._dispatcher.retry(task, failure, policy):
            return
        if not failure.is_strange:
            self._dispatcher.halt(Outage(say("stopped.keeps-failing", why=failure.text)))
        elif is_incomplete:
            self._dispatcher.halt(WrongAddress(say("stopped.wrong-address-but", why=failure.text, address=meant)))
        else:
            self._dispatcher.halt(WrongAddress(say("stopped.wrong-address", why=failure.text)))

    def _tell(self) -> None:
        self._observe(self._dispatcher.trouble)
