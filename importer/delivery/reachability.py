"""Track whether requests reach the API, and whether a refusal came from the API or from an intermediary.

Input: results of calls, and requests for one prospect that were refused repeatedly while no other call got through.
Output: facts about the connection, and decisions on those requests.

A probe shows whether the note or the connection is the cause. It is a POST for an ID that no prospect can have. If the
API itself refuses the probe, requests get through, so a note that is refused once more is the cause. If an intermediary
refuses the probe, the connection is closed: nothing is sent until it opens again or it is time to give up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from importer.api import Cause, Failure, Reply
from importer.api.protocol import API_REFUSED, STOPS
from importer.calls.caller import stopped_by
from importer.calls.retry import RetryPolicy
from importer.delivery.context import LONGEST_PAUSE, DeliveryContext
from importer.delivery.decisions import Abandon, Decision, Retry, Stop
from importer.delivery.tasks import Lookup, Post, Probe, Read
from importer.errors import WrongAddress
from importer.messages import say

REFUSED = frozenset({Cause.INTERMEDIARY, Cause.REDIRECTED})
"""Causes of refusals that do not come from the API."""

REFUSED_BEFORE_RESENT = 2
"""Number of refused lookups, of a run or a note, before the note is sent again unread if a person allowed it."""

_NEVER_OPEN = 60.0  # seconds after which a connection that let nothing through in this run counts as closed (D41)


class Reachability:
    """State of the connection to the API; a probe shows whose refusal it is (D40).

    Args:
        context: the run's context.

    Attributes:
        any_success: whether the API has accepted or refused anything in this run, in its own words.
        posts_sent, lookups_sent: calls that left for the API, answered or not.
        is_closed: whether an intermediary refuses every POST, whatever its content.
        healed: whether a request that was refused in words that are not the API's was accepted when sent again.
        has_read: whether any lookup returned notes.
        refused_reads: lookups that were refused in words that are not the API's.
        set_aside: requests for one prospect that were refused in such words, to be tried again when all else was sent.
    """

    def __init__(self, context: DeliveryContext) -> None:
        self._context, self._dispatcher, self._policy = context, context.dispatcher, context.policy
        self.any_success = self.is_closed = self.healed = self.has_read = False
        self.posts_sent = self.lookups_sent = self.refused_reads = 0
        self._open_at = -math.inf  # when the last POST left that reached the API
        self._astray = -math.inf, -math.inf  # when another request's reply last came, and when that was noticed
        self.set_aside: list[tuple[Post, Failure]] = []
        self._suspects: list[tuple[Post, Failure]] = []

    # -- updates ----------------------------------------------------------------------------------------------------

    def came_back(self, task: Post | Probe | Read, reply: Reply[Any]) -> None:
        """Count a call that has returned, and learn whether it reached the API."""
        failure = reply.failure
        is_answer = failure is None or failure.cause in API_REFUSED
        self.any_success |= is_answer
        if isinstance(task, Read):
            self.lookups_sent += reply.has_left
            self.has_read |= reply.value is not None
            self.refused_reads += failure is not None and failure.cause in REFUSED
            return
        self.posts_sent += reply.has_left
        if _has_come_through(reply):
            self._open_at = max(self._open_at, reply.began)
        if isinstance(task, Probe):
            return
        if is_answer:
            self.healed |= task.refusals > 0 and not task.is_cut
            task.refusals = 0
        elif failure is not None and failure.cause is Cause.INTERMEDIARY:
            if not task.refusals:
                task.refused_since, task.is_alone = reply.came, False
            # A call that got through before the connection closed, or after it reopened, proves nothing.
            task.is_alone |= reply.began > self._open_at > task.refused_since
            task.refusals, task.is_cut = task.refusals + 1, False

    def is_astray(self, came: float, now: float) -> None:
        """Renew all connections: a reply, which ``came`` and is noticed ``now``, belonged to another request (D36)."""
        self._context.caller.api.renew()
        self._astray = came, now

    # -- queries ----------------------------------------------------------------------------------------------------

    def is_trusted(self, reply: Reply[Any]) -> bool:
        """Return whether the call cannot have used a connection that had already brought another request's reply."""
        came, seen_at = self._astray
        return not came <= reply.began < seen_at

    @property
    def can_tell(self) -> bool:
        """Whether a probe is possible, because there is an ID that no prospect can have."""
        return bool(self._context.traits.nobody)

    def passes_over(self, lookup: Lookup) -> bool:
        """Return whether to skip a lookup, because lookups fail and a person allowed sending again unread (D63)."""
        is_given_up = not self.has_read and self.refused_reads >= REFUSED_BEFORE_RESENT
        is_requested = self._policy.resend_unconfirmed and lookup.ambiguous.post.of_earlier_run
        return is_given_up and is_requested

    def try_once_more(self) -> None:
        """Resend the requests that were set aside; if no other call got through, send a probe first."""
        posts, self.set_aside = self.set_aside, []
        for post, failure in posts:
            if self._open_at > post.refused_since or not self.can_tell:
                self._dispatcher.add(post)
            else:
                self.suspect(post, failure)

    # -- probing ----------------------------------------------------------------------------------------------------

    def suspect(self, post: Post, failure: Failure) -> None:
        """Hold a request that was refused and surely not applied, and send a probe."""
        if not self._suspects:
            self._dispatcher.add(Probe(self._context.traits.nobody))
        self._suspects.append((post, failure))

    def probed(self, probe: Probe, reply: Reply[Any]) -> Iterator[tuple[Post, Decision]]:
        """Yield the decisions that follow from the reply to a probe."""
        failure = reply.failure
        if failure is None or _has_come_through(reply):
            yield from self._opened()
        elif failure.cause in STOPS:
            yield self._suspects[0][0], Stop(stopped_by(failure), is_applied=None)
        elif failure.cause in (Cause.CLAIM_EXPIRED, Cause.RATE_LIMITED):
            self._dispatcher.add(probe)
        else:
            self.is_closed |= failure.cause in REFUSED
            limit = self._policy.retry.seconds
            patience = limit if math.isfinite(self._open_at) else min(limit, _NEVER_OPEN)
            if not self._dispatcher.retry(probe, failure, RetryPolicy(0, patience, longest=LONGEST_PAUSE)):
                yield from self._given_up(failure)

    def _opened(self) -> Iterator[tuple[Post, Decision]]:
        """Send held requests again, because calls get through. If the connection was closed, refusals do not count."""
        suspects, was_closed = self._suspects, self.is_closed
        self._suspects, self.is_closed = [], False
        for post, _ in suspects:
            post.refusals = 0 if was_closed else post.refusals
            yield post, Retry()

    def _given_up(self, failure: Failure) -> Iterator[tuple[Post, Decision]]:
        if self.is_closed:
            reason = say("stopped.nothing-sent-passes", why=failure.text)
            yield self._suspects[0][0], Stop(WrongAddress(reason), is_applied=None)
            return
        suspects, self._suspects = self._suspects, []
        for post, refusal in suspects:
            yield post, Abandon(say("outcome.turned-away-again", why=refusal.text))


def _has_come_through(reply: Reply[Any]) -> bool:
    """Return whether the API itself answered, even with a failure."""
    failure = reply.failure
    is_api_failure = failure is not None and failure.cause is Cause.FAILED and not failure.at_work
    return failure is None or failure.cause in API_REFUSED or is_api_failure
