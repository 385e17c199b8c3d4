"""The way to the API: whether calls come through on it, and whose trouble a refusal is that isn't in the API's words.

Comes in: what calls came to, and posts that stand alone and were refused again and again while nothing else passed.
Goes out: what is known of the way, and decisions on those posts.

Whether the note is the trouble, or the way, a knock tells: a call of the kind that creates, for an id that no prospect
can have. Where the API itself says no to that, such calls come through; a note that is refused once more is what
something dislikes. Where the knock is refused, too, the way is closed: nothing is sent until it is open again, or
patience ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from importer.api import Cause, Failure, Reply, Traits
from importer.api.protocol import API_REFUSED
from importer.calls.caller import stopped_by
from importer.calls.dispatcher import Dispatcher
from importer.calls.retry import RetryPolicy
from importer.delivery.decisions import Abandon, Decision, Retry, Stop
from importer.delivery.policy import LONGEST_PAUSE, Policy
from importer.delivery.tasks import Lookup, Post, Probe, Task
from importer.errors import WrongAddress
from importer.messages import say

REFUSED = frozenset({Cause.INTERMEDIARY, Cause.REDIRECTED})
"""Causes that are a no of something that isn't the API."""

REFUSED_BEFORE_RESENT = 2
"""Lookups of a run, or of one note, that were refused so, before what a person said is sent again unread."""

_NEVER_OPEN = 60.0  # seconds after which a way on which nothing came through in this run is believed to stay closed


class Reachability:
    """What is known of it.

    Args:
        dispatcher: makes the calls.
        traits: what is special about the vendor.
        policy: how long to go on.
        renew: makes all connections anew.

    Attributes:
        is_closed: whether calls that create are turned away, whatever they say.
        healed: whether what was refused in words that aren't the API's was accepted when it was sent again.
        has_read: whether any lookup brought notes.
        refused_reads: lookups that were refused in words that aren't the API's.
        set_aside: posts that stand alone, were refused so, and are tried once more when all else was sent.
    """

    def __init__(self, dispatcher: Dispatcher[Task], traits: Traits, policy: Policy, renew: Callable[[], None]) -> None:
        self.is_closed = self.healed = self.has_read = False
        self.refused_reads = 0
        self._open_at = -math.inf  # when the last call that creates left which came through
        self._renew = renew
        self._astray = -math.inf, -math.inf  # when another request's reply came last, and when that was seen
        self._dispatcher, self._nobody, self._policy = dispatcher, traits.nobody, policy
        self.set_aside: list[tuple[Post, Failure]] = []
        self._suspects: list[tuple[Post, Failure]] = []

    # -- told -------------------------------------------------------------------------------------------------------

    def sent(self, post: Post, reply: Reply[Any]) -> None:
        """Take in what a post came to."""
        failure = reply.failure
        if _has_come_through(reply):
            self._open_at = max(self._open_at, reply.began)
        if failure is None or failure.cause in API_REFUSED:
            self.healed |= post.refusals > 0 and not post.is_cut
            post.refusals = 0
        elif failure.cause is Cause.INTERMEDIARY:
            if not post.refusals:
                post.refused_since, post.is_alone = reply.came, False
            # What came through before the way closed, or after it was open again, says nothing.
            post.is_alone |= reply.began > self._open_at > post.refused_since
            post.refusals, post.is_cut = post.refusals + 1, False

    def read(self, reply: Reply[Any]) -> None:
        """Take in what a lookup came to."""
        self.has_read |= reply.value is not None
        self.refused_reads += reply.failure is not None and reply.failure.cause in REFUSED

    def is_astray(self, came: float, now: float) -> None:
        """A reply belonged to another request: no connection is used again, once that is seen ``now``."""
        self._renew()
        self._astray = came, now

    # -- asked ------------------------------------------------------------------------------------------------------

    def is_trusted(self, reply: Reply[Any]) -> bool:
        """Whether no call can have left on the connection on which another request's reply had come already."""
        came, seen_at = self._astray
        return not came <= reply.began < seen_at

    @property
    def can_tell(self) -> bool:
        """Whether there is an id that no prospect can have."""
        return bool(self._nobody)

    def passes_over(self, lookup: Lookup) -> bool:
        """Whether a lookup isn't worth a call: a person said to send again what can't be read, and nothing can be."""
        is_given_up = not self.has_read and self.refused_reads >= REFUSED_BEFORE_RESENT
        is_said = self._policy.resend_unconfirmed and lookup.ambiguous.post.of_earlier_run
        return is_given_up and is_said

    def try_once_more(self) -> None:
        """Send what was set aside once more; if nothing else came through, knock before."""
        posts, self.set_aside = self.set_aside, []
        for post, failure in posts:
            if self._open_at > post.refused_since or not self.can_tell:
                self._dispatcher.add(post)
            else:
                self.suspect(post, failure)

    # -- knocking ---------------------------------------------------------------------------------------------------

    def suspect(self, post: Post, failure: Failure) -> None:
        """Find out about a post, which surely was not applied."""
        if not self._suspects:
            self._dispatcher.add(Probe(self._nobody))
        self._suspects.append((post, failure))

    def probed(self, probe: Probe, reply: Reply[Any]) -> Iterator[tuple[Post, Decision]]:
        """What follows from the reply to a knock."""
        failure = reply.failure
        if failure is None or _has_come_through(reply):
            self._open_at = max(self._open_at, reply.began)
            yield from self._opened()
        elif failure.cause in (Cause.BAD_KEY, Cause.BLOCKED):
            yield self._suspects[0][0], Stop(stopped_by(failure), is_applied=None)
        elif failure.cause in (Cause.CLAIM_EXPIRED, Cause.RATE_LIMITED):
            self._dispatcher.add(probe)
        else:
            self.is_closed |= failure.cause in REFUSED
            longest = self._policy.retry.seconds
            patience = longest if math.isfinite(self._open_at) else min(longest, _NEVER_OPEN)
            if not self._dispatcher.retry(probe, failure, RetryPolicy(0, patience, longest=LONGEST_PAUSE)):
                yield from self._given_up(failure)

    def _opened(self) -> Iterator[tuple[Post, Decision]]:
        """Calls come through: what is refused once more is disliked, unless the way was closed until now."""
        suspects, was_closed = self._suspects, self.is_closed
        self._suspects, self.is_closed = [], False
        for post, _ in suspects:
            post.refusals = 0 if was_closed else post.refusals
            yield post, Retry()

    def _given_up(self, failure: Failure) -> Iterator[tuple[Post, Decision]]:
        if self.is_closed:
            why = say("stopped.nothing-sent-passes", why=failure.text)
            yield self._suspects[0][0], Stop(WrongAddress(why), is_applied=None)
            return
        suspects, self._suspects = self._suspects, []
        for post, refusal in suspects:
            yield post, Abandon(say("outcome.turned-away-again", why=refusal.text))


def _has_come_through(reply: Reply[Any]) -> bool:
    """Whether it is the API itself that answered, be it that it failed."""
    failure = reply.failure
    is_its_failure = failure is not None and failure.cause is Cause.FAILED and not failure.at_work
    return failure is None or failure.cause in API_REFUSED or is_its_failure
