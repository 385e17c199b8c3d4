"""Track requests whose answer was unclear, and until when each may still be applied.

Input: requests, with the reason why they are unclear. Output: :class:`importer.delivery.tasks.Ambiguous`, to be read
back.
"""

from __future__ import annotations

from collections import defaultdict

from importer.api import Cause, Failure
from importer.delivery.context import LONGEST_CLAIM, DeliveryContext
from importer.delivery.tasks import Ambiguous, Post, Stage
from importer.journal import NoteKey
from importer.messages import Message

_RECEIPT = 300.0  # seconds that the API may work on a request that it confirmed without naming its notes (D47)


class Unclear:
    """Requests that are unclear now.

    Args:
        context: the run's context.

    Attributes:
        prospects: prospects with unclear deliveries → their notes; nothing else is sent to them.
        requests: the unclear requests, in the order in which they came.
    """

    def __init__(self, context: DeliveryContext) -> None:
        self.prospects: defaultdict[str, list[NoteKey]] = defaultdict(list)
        self.requests: list[Ambiguous] = []
        self._policy, self._clock = context.policy, context.clock

    def begin(self, post: Post, failure: Failure) -> Ambiguous:
        """Record a request of this run as unclear, and return it with the time until which it may be applied (D46)."""
        rest_at = self._clock() + max(self._policy.rest, failure.wait or 0.0)
        if failure.at_work:
            rest_at = max(rest_at, post.sent_at + self._work(is_accepted=failure.is_accepted) + self._policy.rest)
        return self._begun(Ambiguous.of(post, failure, rest_at, rest_at))

    def begin_earlier(self, post: Post, why: Message) -> Ambiguous:
        """Record a request of an earlier run as unclear, and return it with the time until which it may be applied.

        That run may have sent the request just before it died, and a dead process's clock proves nothing. So rest is
        counted from now (D50). If the run may have lost its lock without dying, rest is counted from when its last
        claim expires.
        """
        rest = self._work(is_accepted=post.is_accepted) + self._policy.rest
        latest, rest_at = post.sent_at + LONGEST_CLAIM + rest, self._clock() + self._policy.head_start + rest
        return self._begun(Ambiguous.of(post, Failure(Cause.LOST, why), latest, rest_at))

    def _work(self, *, is_accepted: bool) -> float:
        """Return the most seconds that the API may work on a request."""
        return max(self._policy.read_timeout, _RECEIPT) if is_accepted else self._policy.read_timeout

    def _begun(self, ambiguous: Ambiguous) -> Ambiguous:
        self.requests.append(ambiguous)
        for prospect in ambiguous.post.request.prospects:
            self.prospects[prospect].append(ambiguous.post.key)
        return ambiguous

    @property
    def is_another_soon(self) -> bool:
        """Whether another request will soon have missed its notes after rest, so that one control serves both."""
        soon = self._clock() + self._policy.read_timeout + self._policy.rest
        return any(
            one.stage in (Stage.EARLY, Stage.FIRST) and one.rest_at <= soon and not one.is_unknown
            for one in self.requests
        )

    def is_clear(self, ambiguous: Ambiguous, *indices: int) -> None:
        """Record that these deliveries of a request are no longer unclear."""
        ambiguous.open.difference_update(indices)
        for index in indices:
            prospect = ambiguous.post.request.prospects[index]
            keys = self.prospects[prospect]
            keys.remove(ambiguous.post.key)
            if not keys:
                del self.prospects[prospect]
        if not ambiguous.open:
            self.requests.remove(ambiguous)
