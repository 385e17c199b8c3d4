"""Track whether requests reach the API, and whether a refusal came from the API or from an intermediary.

Input: results of calls. Output: facts about the connection.
"""

from __future__ import annotations

from typing import Any

from importer.api import API_REFUSED, Cause, Failure, Reply
from importer.delivery.context import DeliveryContext
from importer.delivery.decisions import Stop
from importer.delivery.tasks import Post, WholeRead
from importer.errors import WrongAddress
from importer.messages import say

_SHUT = 5  # requests refused in a row, in words that are not the API's, after which only controls are sent


class Reachability:
    """State of the connection to the API.

    Attributes:
        healed: whether a request that was refused in words that are not the API's was accepted when sent again.
        posts_sent, lookups_sent: calls that left for the API, answered or not.
    """

    def __init__(self, context: DeliveryContext) -> None:
        self._context, self._give_up, self._clock = context, context.caller.give_up, context.clock
        self.any_success = self.healed = False
        self.posts_sent = self.lookups_sent = 0
        self._open_at = 0.0  # when the last request left that reached the API
        self._refused = 0  # requests that were refused since
        self._refusal: tuple[float, Failure] | None = None  # the first of them, and when it came

    # -- updates ----------------------------------------------------------------------------------------------------

    def came_back(self, task: Post | WholeRead, reply: Reply[Any]) -> None:
        """Count a call that has returned, and learn whether it reached the API."""
        failure = reply.failure
        is_answer = failure is None or failure.cause in API_REFUSED
        self.any_success |= is_answer
        if isinstance(task, WholeRead):
            self.lookups_sent += reply.has_left
            return
        self.posts_sent += reply.has_left
        if _has_come_through(reply):
            self._open_at = max(self._open_at, reply.began)
            self._refused, self._refusal = 0, None
        if is_answer:
            self.healed |= task.refused_at > 0.0
        elif failure is not None and failure.cause is Cause.INTERMEDIARY:
            self._refused += 1
            self._refusal = self._refusal or (reply.came, failure)
            task.is_alone |= reply.began > self._open_at > task.refused_at > 0.0
            task.refused_at = task.refused_at or reply.came

    def renew(self) -> None:
        """Make all connections anew."""
        self._context.caller.api.renew()

    # -- queries ----------------------------------------------------------------------------------------------------

    @property
    def is_shut(self) -> bool:
        """Whether something on the way seems to refuse every request, whatever its content."""
        return self._refused >= _SHUT

    def given_up(self) -> Stop | None:
        """Return the end of the run if no request has reached the API for as long as the run is patient."""
        if self._refusal is None or self._clock() < self._refusal[0] + self._give_up:
            return None
        return Stop(WrongAddress(say("stopped.nothing-sent-passes", why=self._refusal[1].text)))


def _has_come_through(reply: Reply[Any]) -> bool:
    """Return whether the API itself answered, even with a failure."""
    failure = reply.failure
    is_api_failure = failure is not None and failure.cause is Cause.FAILED and not failure.at_work
    return failure is None or failure.cause in API_REFUSED or is_api_failure
