"""Hold lookups that cannot be decided until other facts are known.

Input: lookups that cannot be decided yet. Output: the same lookups, once the facts are known or nothing can show them.

- The author: we learn our author ID when a note is read whose ID came in a reply, so other requests are sent first.
  Until then, possible matches wait. If nothing shows our author, they are adopted only if one author wrote all of them.
- The lag of reading behind writing: while it is measured and no lag was seen, a lookup would prove nothing.
"""

from __future__ import annotations

from importer.delivery.decisions import Doubt, LookDecision, Missed, Settle
from importer.delivery.evidence import Evidence
from importer.delivery.readback import Verdict
from importer.delivery.tasks import Lookup
from importer.messages import say


class LookupQueue:
    """Lookups that wait until our author ID is known, or how far reading lags.

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
            if not lookup.is_last and self._must_wait(is_shown=bool(authors)):
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
        ready = [lookup for lookup, is_shown in self._waiting if not self._must_wait(is_shown=is_shown)]
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

    def _must_wait(self, *, is_shown: bool) -> bool:
        return self._evidence.is_introducing or (is_shown and not self._evidence.authors)
