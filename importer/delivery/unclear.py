"""Requests whose answer was unclear: the prospects they went to, and until when each of them may be applied.

In: posts, with why they are unclear. Out: :class:`importer.delivery.tasks.Ambiguous`, to be resolved by reading back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from importer.api import Cause, Failure
from importer.delivery.policy import LONGEST_CLAIM, Policy
from importer.delivery.tasks import Ambiguous, Post
from importer.journal import NoteKey
from importer.messages import Message

_LONGEST_REST = 600.0
_RECEIPT = 300.0  # seconds for which the API may be at work on a request that it has confirmed without naming its notes


class Unclear:
    """The requests that are unclear now.

    Args:
        policy: how long calls are waited for.
        lateness: returns how many seconds an unclear request took at most until it was applied, as far as was seen.
        clock: seconds since 1970, never going back.

    Attributes:
        prospects: those with deliveries that are unclear → their notes; nothing else goes to them.
        requests: all of them, in the order in which they came.
    """

    def __init__(self, policy: Policy, lateness: Callable[[], float], clock: Callable[[], float]) -> None:
        self.prospects: defaultdict[str, list[NoteKey]] = defaultdict(list)
        self.requests: list[Ambiguous] = []
        self._policy, self._lateness, self._clock = policy, lateness, clock

    def begin(self, post: Post, failure: Failure) -> Ambiguous:
        """Return a request of this run with the time until which it may be applied."""
        rest = min(self._policy.rest * 2.0 ** (post.sends - 1), _LONGEST_REST)
        rest_at = self._clock() + max(rest, failure.wait or 0.0)
        if failure.at_work:
            rest_at = max(rest_at, post.sent_at + self._work(is_accepted=failure.is_accepted) + rest)
        return self._begun(Ambiguous.of(post, failure, rest_at, rest_at))

    def begin_earlier(self, post: Post, why: Message) -> Ambiguous:
        """Return a request that an earlier run sent with the time until which it may be applied.

        That run may have sent it just before it died, so rest is counted from now: a dead process's clock proves
        nothing. Where it may have lost its lock without being dead, it is counted from when its last claim is no good.
        """
        rest = self._work(is_accepted=post.is_accepted) + self._policy.rest
        latest, rest_at = post.sent_at + LONGEST_CLAIM + rest, self._clock() + self._policy.head_start + rest
        return self._begun(Ambiguous.of(post, Failure(Cause.LOST, why), latest, rest_at))

    def _work(self, *, is_accepted: bool) -> float:
        """Return how many seconds the API may be at work on a request: at least twice the longest that was seen."""
        least = max(self._policy.read_timeout, _RECEIPT) if is_accepted else self._policy.read_timeout
        return max(least, 2 * self._lateness())

    def _begun(self, ambiguous: Ambiguous) -> Ambiguous:
        self.requests.append(ambiguous)
        for prospect in ambiguous.post.request.prospects:
            self.prospects[prospect].append(ambiguous.post.key)
        return ambiguous

    def forget_misses(self) -> list[tuple[Ambiguous, int]]:
        """Return the prospects of requests, by their index, whose notes were missed and are to be looked for again."""
        found = []
        for ambiguous in self.requests:
            found += [(ambiguous, index) for index in ambiguous.absent]
            ambiguous.open += len(ambiguous.absent)
            ambiguous.absent, ambiguous.misses, ambiguous.all_misses = [], [0] * len(ambiguous.misses), 0
        return found

    def is_clear(self, post: Post) -> None:
        """Nothing of these deliveries is unclear any more."""
        for prospect in post.request.prospects:
            keys = self.prospects[prospect]
            keys.remove(post.key)
            if not keys:
                del self.prospects[prospect]
