"""Make the lookups of deliveries without a clear answer: begin them, read on, read again, and judge what was read.

Input: requests without a clear answer, and pages. Output: lookups, and verdicts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from importer.api import Cause, Failure, NotesPage
from importer.delivery import readback
from importer.delivery.context import LONGEST_PAUSE, DeliveryContext
from importer.delivery.evidence import Evidence
from importer.delivery.reachability import REFUSED, REFUSED_BEFORE_RESENT
from importer.delivery.readback import Verdict
from importer.delivery.tasks import Ambiguous, Lookup, Stage, Task
from importer.messages import say

_MOST_PASSES = 3  # times that pages which do not fit together are read again


class Lookups:
    """Lookups of unclear deliveries.

    Args:
        context: the run's context.
        evidence: collects facts about notes.
    """

    def __init__(self, context: DeliveryContext, evidence: Evidence) -> None:
        self._dispatcher, self._policy, self._evidence = context.dispatcher, context.policy, evidence

    def add(self, ambiguous: Ambiguous, index: int, due: float = -math.inf) -> None:
        """Look up the notes of one of a request's prospects."""
        take = self._evidence.pages.take(ambiguous.post.request.prospects[index])
        ambiguous.looking += 1
        self._dispatcher.add(Lookup(ambiguous, index, take=take, is_apart=ambiguous.stage is Stage.LAST), due)

    def drop_moot(self, ambiguous: Ambiguous) -> None:
        """Don't wait for lookups that have been overtaken."""

        def is_moot(task: Task) -> bool:
            return isinstance(task, Lookup) and task.ambiguous is ambiguous and task.index not in ambiguous.open

        ambiguous.looking -= self._dispatcher.drop(is_moot)

    def goes_on(self, lookup: Lookup, whole: NotesPage, verdict: Verdict, page: NotesPage) -> bool:
        """Read on if that may show more, after a page; return whether it may."""
        if verdict.is_sure or lookup.pages + 1 >= self._policy.pages:
            return False
        if whole.has_more:
            lookup.go_on(page)
            self._dispatcher.add(lookup)
            return True
        if lookup.is_whole or lookup.passes >= _MOST_PASSES:
            return False
        lookup.passes += 1
        lookup.begin_again(self._evidence.pages.take(lookup.prospect))
        self._dispatcher.add(lookup)
        return True

    def judged(self, lookup: Lookup, whole: NotesPage, owned: Mapping[str, float], perhaps: Sequence[str]) -> Verdict:
        """Return the verdict on a delivery by the notes read so far; ``perhaps`` others' answers named some of them."""
        ambiguous = lookup.ambiguous
        sought = self._evidence.sought(ambiguous.post, lookup.prospect, owned, ambiguous.applied_until)
        verdict = readback.judge(whole, sought)
        if verdict.note_id is None and perhaps:
            return Verdict(doubt=say("doubt.recorded-as-anothers", note=min(perhaps)))
        if verdict.note_id is None and whole.has_more and lookup.pages + 1 >= self._policy.pages:
            return Verdict(doubt=say("doubt.too-many-notes"))
        if verdict.note_id is None and not lookup.is_whole:
            return Verdict(doubt=say("doubt.not-read", why=say("failure.changed-while-read")))
        return verdict

    def look_again(self, lookup: Lookup, failure: Failure | None) -> bool:
        """Repeat a lookup, after a pause if there was a failure; return False if it is time to give up."""
        if failure is None:
            self._dispatcher.add(lookup)
            return True
        is_refused = failure.cause in REFUSED
        policy = replace(self._policy.retry, longest=max(1.0, min(self._policy.lag, self._policy.read_timeout)))
        if is_refused and self._policy.resend_unconfirmed:  # sending unread is allowed, so reading need not recover
            policy = replace(policy, attempts=REFUSED_BEFORE_RESENT)
        elif is_refused and self._dispatcher.wait_out(lookup):
            return True  # not caused by this lookup
        if failure.cause is Cause.UNREACHABLE:  # not caused by this lookup
            policy = replace(policy, attempts=0, longest=LONGEST_PAUSE)
        return self._dispatcher.retry(lookup, failure, policy)
