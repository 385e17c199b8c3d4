"""Lookups that wait for what something else is about to tell.

Comes in: lookups that can't be decided yet. Goes out: the lookups again, when it is told, or when nothing is left that
could tell.

- Whose a note is that could be a delivery's, while nobody has told who writes our notes: an id that a reply brings
  tells, once its note is read; so what else there is to send goes first. Where nothing tells, what could be a
  delivery's is taken for ours only if one and the same author wrote all of it.
- How reading lags, while it is measured and nothing was seen to lag: a look in between would prove nothing.
"""

from __future__ import annotations

from importer.delivery.decisions import Doubt, LookDecision, Missed, Settle
from importer.delivery.evidence import Evidence
from importer.delivery.readback import Verdict
from importer.delivery.tasks import Lookup
from importer.messages import say


class LookupQueue:
    """Lookups that wait until it is known who writes our notes, or how reading lags.

    Args:
        evidence: what is known of notes.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._waiting: list[tuple[Lookup, bool]] = []  # and whether it is shown who wrote what stands there
        self._authors: set[str] = set()  # of what could be a delivery's
        self._early: list[Lookup] = []  # those that missed their note before that proves anything

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting) + len(self._early)

    def decided(
        self, lookup: Lookup, verdict: Verdict | None, decision: LookDecision, *, is_early: bool
    ) -> LookDecision | None:
        """The decision on a lookup as it stands with what is known so far; None where it waits until more is known.

        Args:
            lookup: at a prospect's notes.
            verdict: what they say, None where they could not be read.
            decision: what follows from that, whoever we are.
            is_early: whether reading may not have caught up yet. Then what isn't clear is looked at once more anyway.
        """
        authors = verdict.authors if verdict is not None else frozenset()
        is_anybodys = isinstance(decision, Settle) and bool(authors)
        if isinstance(decision, Settle) and not lookup.is_last and self._may_tell_its_clock(lookup):
            self._waiting.append((lookup, False))
            return None
        if is_early:
            return Missed() if is_anybodys or isinstance(decision, Doubt) else decision
        if is_anybodys or isinstance(decision, Doubt) or (isinstance(decision, Missed) and lookup.candidates):
            self._authors |= authors
            if not lookup.is_last and self._must_wait(is_shown=bool(authors)):
                self._waiting.append((lookup, bool(authors)))
                return None
        return Doubt(say("doubt.several-authors")) if is_anybodys and len(self._authors) > 1 else decision

    def until_measured(self, lookup: Lookup) -> bool:
        """Whether a lookup that missed its note, too early to prove anything, waits until the lag is known."""
        is_waiting = self._is_unmeasured and not lookup.is_last
        if is_waiting:
            self._early.append(lookup)
        return is_waiting

    def told(self) -> list[Lookup]:
        """Those that need wait no longer."""
        told = [lookup for lookup, is_shown in self._waiting if not self._must_wait(is_shown=is_shown)]
        self._waiting = [(lookup, is_shown) for lookup, is_shown in self._waiting if lookup not in told]
        if not self._is_unmeasured:
            told += self._early
            self._early = []
        return told

    def rest(self) -> list[Lookup]:
        """All of them: nothing is left that could tell."""
        rest = [lookup for lookup, _ in self._waiting] + self._early
        self._waiting, self._early = [], []
        return rest

    @property
    def _is_unmeasured(self) -> bool:
        """Where a known note was missed, reading does lag, and what is looked for may show at any time."""
        return self._evidence.is_measuring and not self._evidence.replication_lag.is_seen

    def _may_tell_its_clock(self, lookup: Lookup) -> bool:
        """Whether a look is under way that may show by which clock an earlier run sent a note."""
        post = lookup.ambiguous.post
        is_assumed = post.clock_of is not None and self._evidence.note_clock.since(post) is None
        return is_assumed and self._evidence.is_introducing

    def _must_wait(self, *, is_shown: bool) -> bool:
        return self._evidence.is_introducing or (is_shown and not self._evidence.authors)
