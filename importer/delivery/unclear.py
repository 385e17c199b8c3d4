"""Track requests whose answer was unclear: until when each may be applied, and lookups that wait for other facts.

Input: requests, with the reason why they are unclear; lookups that cannot be decided yet. Output:
:class:`importer.delivery.tasks.Ambiguous`, to be read back; the same lookups, once the facts are known or nothing can
show them. A lookup waits for one of three facts:

- The author: we learn our author ID when a note is read whose ID came in a reply, so other requests are sent first.
  Until then, possible matches wait. If nothing shows our author, they are adopted only if one author wrote all of them.
- The clock that dates notes: the same notes show it. Until then, a note with an unlikely date waits.
- The lag of reading behind writing: while it is measured and no lag was seen, a lookup would prove nothing.
"""

from __future__ import annotations

from collections import defaultdict

from importer.api import Cause, Failure
from importer.delivery.context import LONGEST_CLAIM, DeliveryContext
from importer.delivery.decisions import Doubt, LookDecision, Missed, Settle
from importer.delivery.evidence import Evidence
from importer.delivery.readback import Verdict
from importer.delivery.tasks import Ambiguous, Lookup, Post
from importer.journal import NoteKey
from importer.messages import Message, say

_LONGEST_REST = 600.0  # seconds (D48)
_RECEIPT = 300.0  # seconds that the API may work on a request that it confirmed without naming its notes (D47)


class Unclear:
    """Requests that are unclear now.

    Args:
        context: the run's context.
        evidence: knows the most seconds that an unclear request was seen to take until it was applied.

    Attributes:
        prospects: prospects with unclear deliveries → their notes; nothing else is sent to them.
        requests: the unclear requests, in the order in which they came.
    """

    def __init__(self, context: DeliveryContext, evidence: Evidence) -> None:
        self.prospects: defaultdict[str, list[NoteKey]] = defaultdict(list)
        self.requests: list[Ambiguous] = []
        self._policy, self._clock, self._evidence = context.policy, context.clock, evidence

    def begin(self, post: Post, failure: Failure) -> Ambiguous:
        """Record a request of this run as unclear, and return it with the time until which it may be applied (D46)."""
        rest = min(self._policy.rest * 2.0 ** (post.sends - 1), _LONGEST_REST)
        rest_at = self._clock() + max(rest, failure.wait or 0.0)
        if failure.at_work:
            rest_at = max(rest_at, post.sent_at + self._work(is_accepted=failure.is_accepted) + rest)
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
        """Return the most seconds that the API may work on a request: at least twice the longest time seen."""
        least = max(self._policy.read_timeout, _RECEIPT) if is_accepted else self._policy.read_timeout
        return max(least, 2 * self._evidence.lateness)

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


class LookupQueue:
    """Lookups that wait until our author ID (D55, D56), the clock that dates notes (D67), or the lag (D52) is known.

    Args:
        evidence: collects facts about notes.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._waiting: list[tuple[Lookup, bool]] = []  # with whether the page shows authors
        self._authors: set[str] = set()  # authors of possible matches
        self._early: list[Lookup] = []  # lookups that missed their note too early to prove anything

    def __len__(self) -> int:
        """Return the number of waiting lookups."""
        return len(self._waiting) + len(self._early)

    def decided(
        self, lookup: Lookup, verdict: Verdict | None, decision: LookDecision, *, is_early: bool
    ) -> LookDecision | None:
        """Return the decision on a lookup with the facts known so far, or None if it waits for more.

        Args:
            lookup: a lookup of a prospect's notes.
            verdict: the judgement of these notes; None if they could not be read.
            decision: the decision that follows from the verdict, whoever our author is.
            is_early: whether reading may not have caught up yet. If so, an unclear delivery is looked up again anyway.
        """
        authors = verdict.authors if verdict is not None else frozenset()
        is_author_unsure = isinstance(decision, Settle) and bool(authors)
        if isinstance(decision, Settle) and not lookup.is_last and self._may_tell_its_clock(lookup):
            self._waiting.append((lookup, False))
            return None
        if is_early:
            return Missed() if is_author_unsure or isinstance(decision, Doubt) else decision
        if is_author_unsure or isinstance(decision, Doubt) or (isinstance(decision, Missed) and lookup.candidates):
            self._authors |= authors
            if not lookup.is_last and self._must_wait(lookup, is_shown=bool(authors)):
                self._waiting.append((lookup, bool(authors)))
                return None
        return Doubt(say("doubt.several-authors")) if is_author_unsure and len(self._authors) > 1 else decision

    def until_measured(self, lookup: Lookup) -> bool:
        """Hold a lookup until the lag is known, if its miss came too early to prove anything; return whether held."""
        is_waiting = self._is_unmeasured and not lookup.is_last
        if is_waiting:
            self._early.append(lookup)
        return is_waiting

    def told(self) -> list[Lookup]:
        """Remove and return the lookups that need not wait any longer."""
        ready = [lookup for lookup, is_shown in self._waiting if not self._must_wait(lookup, is_shown=is_shown)]
        self._waiting = [(lookup, is_shown) for lookup, is_shown in self._waiting if lookup not in ready]
        if not self._is_unmeasured:
            ready += self._early
            self._early = []
        return ready

    def rest(self) -> list[Lookup]:
        """Remove and return all lookups, because nothing is left that could bring more facts."""
        lookups = [lookup for lookup, _ in self._waiting] + self._early
        self._waiting, self._early = [], []
        return lookups

    @property
    def _is_unmeasured(self) -> bool:
        """Whether the lag is being measured and no lag was seen; once a lag was seen, a note may appear at any time."""
        return self._evidence.is_measuring and not self._evidence.replication_lag.is_seen

    def _may_tell_its_clock(self, lookup: Lookup) -> bool:
        """Return whether a lookup under way may show the clock of the earlier run that sent a note."""
        post = lookup.ambiguous.post
        is_assumed = post.clock_of is not None and self._evidence.note_clock.since(post) is None
        return is_assumed and self._evidence.is_introducing

    def _must_wait(self, lookup: Lookup, *, is_shown: bool) -> bool:
        evidence = self._evidence
        is_clock_unknown = lookup.ambiguous.post.clock_of is None and not evidence.note_clock.is_known()
        return evidence.is_introducing or is_clock_unknown or (is_shown and not evidence.authors)
