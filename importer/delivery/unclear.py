"""Track requests whose answer was unclear: their prospects, and until when each request may be applied.

Input: requests, with the reason why they are unclear. Output: :class:`importer.delivery.tasks.Ambiguous`, to be read
back.
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
_RECEIPT = 300.0  # seconds that the API may work on a request that it confirmed without naming its notes


class Unclear:
    """Requests that are unclear now.

    Args:
        policy: the settings of delivery.
        lateness: returns the most seconds that an unclear request was seen to take until it was applied.
        clock: returns seconds since 1970, and never goes back.

    Attributes:
        prospects: prospects with unclear deliveries → their notes; nothing else is sent to them.
        requests: the unclear requests, in the order in which they came.
    """

    def __init__(self, policy: Policy, lateness: Callable[[], float], clock: Callable[[], float]) -> None:
        self.prospects: defaultdict[str, list[NoteKey]] = defaultdict(list)
        self.requests: list[Ambiguous] = []
        self._policy, self._lateness, self._clock = policy, lateness, clock

    def begin(self, post: Post, failure: Failure) -> Ambiguous:
        """Record a request of this run as unclear, and return it with the time until which it may be applied."""
        rest = min(self._policy.rest * 2.0 ** (post.sends - 1), _LONGEST_REST)
        rest_at = self._clock() + max(rest, failure.wait or 0.0)
        if failure.at_work:
            rest_at = max(rest_at, post.sent_at + self._work(is_accepted=failure.is_accepted) + rest)
        return self._begun(Ambiguous.of(post, failure, rest_at, rest_at))

    def begin_earlier(self, post: Post, why: Message) -> Ambiguous:
        """Record a request of an earlier run as unclear, and return it with the time until which it may be applied.

        That run may have sent the request just before it died, and a dead process's clock proves nothing, so rest is
        counted from now. If the run may have lost its lock without dying, rest is counted from when its last claim
        expires.
        """
        rest = self._work(is_accepted=post.is_accepted) + self._policy.rest
        latest, rest_at = post.sent_at + LONGEST_CLAIM + rest, self._clock() + self._policy.head_start + rest
        return self._begun(Ambiguous.of(post, Failure(Cause.LOST, why), latest, rest_at))

    def _work(self, *, is_accepted: bool) -> float:
        """Return the most seconds that the API may work on a request: at least twice the longest time seen."""
        least = max(self._policy.read_timeout, _RECEIPT) if is_accepted else self._policy.read_timeout
        return max(least, 2 * self._lateness())

    def _begun(self, ambiguous: Ambiguous) -> Ambiguous:
        self.requests.append(ambiguous)
        for prospect in ambiguous.post.request.prospects:
            self.prospects[prospect].append(ambiguous.post.key)
        return ambiguous

    def forget_misses(self) -> list[tuple[Ambiguous, int]]:
        """Forget all misses; return each request, and prospect's index in it, whose note must be looked up again."""
        missed = []
        for ambiguous in self.requests:
            missed += [(ambiguous, index) for index in ambiguous.absent]
            ambiguous.open += len(ambiguous.absent)
            ambiguous.absent, ambiguous.misses, ambiguous.all_misses = [], [0] * len(ambiguous.misses), 0
        return missed

    def is_clear(self, post: Post) -> None:
        """Record that these deliveries are no longer unclear."""
        for prospect in post.request.prospects:
            keys = self.prospects[prospect]
            keys.remove(post.key)
            if not keys:
                del self.prospects[prospect]
