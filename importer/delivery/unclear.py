"""Track requests whose answer was unclear, and until when each may still be applied.

Input: requests, with the reason why they are unclear. Output: :class:`Ambiguous`, to be read back.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import ClassVar

from importer.api import Cause, Failure
from importer.delivery.context import LONGEST_CLAIM, DeliveryContext, Post
from importer.delivery.reads import WholeRead
from importer.journal import NoteKey
from importer.messages import Message, say

_RECEIPT = 300.0  # seconds that the API may work on a request that it confirmed without naming its notes (D46)


class Stage(Enum):
    """Stage of reading back a request: before rest, at rest, waiting for a control, after the control."""

    EARLY = auto()
    REST = auto()
    CONTROL = auto()
    LAST = auto()


@dataclass(eq=False, slots=True)
class Ambiguous:
    """Request whose answer was unclear for some of its prospects, and what reading back has shown so far.

    Attributes:
        applied_until: latest time when the request can have been applied, by the clock of the run that sent it last.
        rest_at: when the request surely can no longer be applied, by this run's clock.
        open: indices of the prospects whose delivery isn't decided.
        missed: indices of the prospects whose note was missed after rest; ``missed_again``: after the control, too.
        is_by_age: whether a control can't be sent, so that the time since rest stands for it.
        seen: index → notes that were possible matches when they were last seen, so that the delivery is not absent.
        astray: how many times all has to be looked at anew, because replies belonged to other requests.
        is_applied: whether the note of at least one prospect exists.
        is_unknown: whether reads don't know one of the prospects.
    """

    post: Post
    failure: Failure
    applied_until: float
    rest_at: float
    open: set[int]
    stage: Stage = Stage.EARLY
    missed: set[int] = field(default_factory=set)
    missed_again: set[int] = field(default_factory=set)
    is_by_age: bool = False
    looking: int = 0
    astray: int = 0
    seen: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    is_applied: bool = False
    is_unknown: bool = False

    @classmethod
    def of(cls, post: Post, failure: Failure, applied_until: float, rest_at: float) -> Ambiguous:
        """Create the record of a request of which nothing was read back yet."""
        return cls(post, failure, applied_until, rest_at, set(range(len(post.request))))


@dataclass(eq=False, slots=True)
class Lookup(WholeRead):
    """Lookup of a prospect's notes, to find out whether a delivery's note exists.

    Attributes:
        ambiguous: the request to be resolved.
        index: the prospect's index in the request.
        began: when the first page was asked for, by this run's clock.
        passes: number of times that pages did not fit together.
    """

    ambiguous: Ambiguous
    index: int
    began: float = 0.0
    passes: int = 0

    purpose: ClassVar[Message] = say("purpose.looking-up")


class Unclear:
    """Requests that are unclear now.

    Attributes:
        prospects: prospects with unclear deliveries → their notes; nothing else is sent to them.
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
        counted from now (D46). If the run may have lost its lock without dying, rest is counted from when its last
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
            one.stage in (Stage.EARLY, Stage.REST) and one.rest_at <= soon and not one.is_unknown
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
