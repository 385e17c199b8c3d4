"""Read back deliveries whose answer was unclear.

Input: requests with an unclear answer, and replies to lookups. Output: decisions for the coordinator: the note was
found, is absent, or cannot be identified. Absence has to be proven: the request is at rest, which means that it can no
longer be applied; reading has caught up with that moment (:mod:`importer.delivery.replication_lag`), the note was
missed more than once since, and the prospect has no unexplained note.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from importer.api import Answer, Cause, Failure, NotesPage, Reply
from importer.delivery import decisions, readback
from importer.delivery.context import LONGEST_PAUSE, DeliveryContext
from importer.delivery.decisions import Abandon, Decision, Doubt, LookAgain, Missed, NextPage, Settle, Stop
from importer.delivery.evidence import Evidence
from importer.delivery.reachability import REFUSED, REFUSED_BEFORE_RESENT, Reachability
from importer.delivery.tasks import Ambiguous, Lookup, Post
from importer.delivery.unclear import LookupQueue, Unclear
from importer.messages import Message, say

_MOST_PASSES = 3  # times that pages which do not fit together are read again


class Resolver:
    """Lookups of deliveries without a clear answer.

    Args:
        context: the run's context.
        evidence: collects facts about notes, the clock that dates them, and the lag.
        reachability: tracks whether requests reach the API.

    Attributes:
        unclear: prospects with unclear deliveries → their notes; nothing else is sent to them.
        lookup_queue: lookups that wait until our author or the lag is known.
    """

    def __init__(self, context: DeliveryContext, evidence: Evidence, reachability: Reachability) -> None:
        self._dispatcher, self._policy, self._clock = context.dispatcher, context.policy, context.clock
        self._evidence, self._reachability = evidence, reachability
        self._unclear = Unclear(context, evidence)
        self.unclear = self._unclear.prospects
        self.lookup_queue = LookupQueue(evidence)

    def look_up(self, post: Post, failure: Failure) -> None:
        """Look up the notes of a request whose answer was unclear."""
        self._begin(self._unclear.begin(post, failure), self._clock() + (failure.wait or 0.0))

    def look_up_earlier(self, post: Post, why: Message) -> None:
        """Look up the notes of an earlier run's request; ``why`` says why the request is unclear."""
        self._begin(self._unclear.begin_earlier(post, why), self._clock())

    def _begin(self, ambiguous: Ambiguous, due: float) -> None:
        """Look up one prospect first, because its notes mostly show whether the whole request was applied (D45)."""
        self._add(ambiguous, 0, due, is_first=True)
        self._evidence.unclear(ambiguous.post)

    def _add(
        self, ambiguous: Ambiguous, index: int, due: float, *, is_first: bool = False, is_last: bool = False
    ) -> None:
        take = self._evidence.pages.take(ambiguous.post.request.prospects[index])
        self._dispatcher.add(Lookup(ambiguous, index, is_first, is_last, take=take), due)

    def proceed(self, *, nothing_else: bool = False) -> None:
        """Repeat the lookups that waited for a fact known now, or all if nothing is left that could bring facts."""
        for lookup in self.lookup_queue.rest() if nothing_else else self.lookup_queue.told():
            self._add(lookup.ambiguous, lookup.index, self._clock(), is_first=lookup.is_first, is_last=nothing_else)

    # -- replies ----------------------------------------------------------------------------------------------------

    def take_in(self, lookup: Lookup, reply: Reply[NotesPage]) -> Iterator[tuple[Post, Decision]]:
        """Yield the decisions that follow from the reply to a lookup.

        Raises:
            JournalFailed: the journal could not say which delivery has a note.
        """
        ambiguous, post = lookup.ambiguous, lookup.ambiguous.post
        verdict = None
        if reply.value is not None:
            is_whole, is_newest = lookup.fits(reply.value), self._evidence.pages.is_newest(lookup, reply.value)
            page = lookup.take_in(reply.value)
            verdict = readback.judge(page, self._sought(lookup, page))
            if not is_whole or not is_newest:
                verdict = replace(verdict, goes_on=False)  # a note that was seen exists, whatever else is missing
                if verdict.note_id is None:
                    yield from self._begin_again(lookup, is_whole=is_whole)
                    return
            lookup.attempts = None
            lookup.candidates = self._evidence.unclaimed(verdict.candidates)
        decision = decisions.after_lookup(reply, verdict, ambiguous.failure, lookup.pages + 1, self._policy.pages)
        is_early = lookup.began < self._caught_up_at(ambiguous)
        match self.lookup_queue.decided(lookup, verdict, decision, is_early=is_early):
            case Settle(((_, answer),), reason, duplicates):
                assert answer.note_id is not None
                ambiguous.is_applied = True
                self._evidence.adopted(post, lookup.notes.get(answer.note_id), answer.note_id, *duplicates)
                yield post, Settle(((lookup.index, answer),), reason, duplicates)
                self._follow_first(lookup, self._clock())
                yield from self._conclude(ambiguous, lookup.index)
            case NextPage(read):
                lookup.go_on(read)
                self._dispatcher.add(lookup)
            case Missed(for_good, is_unknown):
                yield from self._missed(lookup, for_good=for_good, is_unknown=is_unknown)
            case LookAgain(failure):
                if not self._look_again(lookup, failure):
                    assert failure is not None
                    yield from self._doubt(lookup, say("doubt.not-read", why=failure.text))
            case Doubt(why):
                yield from self._doubt(lookup, why)
            case Stop() as stop:
                yield post, stop
            case None:
                self._follow_first(lookup, ambiguous.rest_at)

    def _begin_again(self, lookup: Lookup, *, is_whole: bool) -> Iterator[tuple[Post, Decision]]:
        """Read from the first page again, because notes were added between two pages, or a copy lags (D60)."""
        lookup.begin_again(self._evidence.pages.take(lookup.prospect))
        lookup.passes += not is_whole
        failure = Failure(Cause.UNREADABLE, say("failure.changed-while-read"))
        if lookup.passes > _MOST_PASSES or not self._look_again(lookup, failure):
            yield from self._doubt(lookup, say("doubt.not-read", why=failure.text))

    def pass_over(self, lookup: Lookup) -> Iterator[tuple[Post, Decision]]:
        """Yield the decisions for a lookup that is not worth a call."""
        return self._missed(lookup, for_good=True)

    def _sought(self, lookup: Lookup, page: NotesPage) -> readback.Sought:
        post, ambiguous = lookup.ambiguous.post, lookup.ambiguous
        others = [key for key in self.unclear.get(lookup.prospect, ()) if key is not post.key]
        taken = self._evidence.taken(page, lookup.prospect, post)  # first, because it may measure the clock
        is_ours = not post.of_earlier_run
        window = self._evidence.note_clock.window(post, ambiguous.applied_until, is_ours=is_ours)
        is_date_moot = not self._policy.resends  # nothing is sent: a person only asks what exists
        contested = self._evidence.exchanged.contested(page, post, taken)
        further = others, self._evidence.authors, is_date_moot, contested
        return readback.Sought(post.key, window, taken, post.sent_at, *further)

    def _follow_first(self, lookup: Lookup, due: float) -> None:
        """Look up a request's other prospects after the first one."""
        if lookup.is_first:
            lookup.is_first = False
            for index in range(1, len(lookup.ambiguous.post.request)):
                self._add(lookup.ambiguous, index, due)

    def _missed(
        self, lookup: Lookup, *, for_good: bool = False, is_unknown: bool = False
    ) -> Iterator[tuple[Post, Decision]]:
        """Handle a lookup that missed its note, which proves nothing until reading has caught up with rest (D52)."""
        ambiguous = lookup.ambiguous
        caught_up_at = self._caught_up_at(ambiguous)
        if is_unknown:  # D59: the lag is measured only on prospects that reads know
            caught_up_at = max(caught_up_at, ambiguous.rest_at + self._evidence.replication_lag.assumed)
        # The lag may be known better at rest. If it is short, one lookup soon after rest is enough.
        is_soon = lookup.began >= ambiguous.rest_at or self._evidence.margin <= self._policy.rest
        next_at = caught_up_at if is_soon else ambiguous.rest_at
        if self._evidence.is_measuring and not is_unknown and lookup.began >= ambiguous.rest_at:
            next_at = min(next_at, self._clock() + max(self._policy.rest, self._clock() - ambiguous.rest_at))
        if not for_good and lookup.began < caught_up_at:
            # The miss proves nothing yet, so one prospect of the request is enough.
            if lookup.began < ambiguous.rest_at or is_unknown or not self.lookup_queue.until_measured(lookup):
                self._add(ambiguous, lookup.index, next_at, is_first=lookup.is_first)
            return
        if is_unknown and self._evidence.has_note_of(lookup.prospect):
            yield from self._doubt(lookup, say("doubt.unknown-prospect"))
            return
        for_good |= is_unknown
        self._follow_first(lookup, next_at)
        if lookup.candidates and not for_good:
            yield from self._weigh(lookup)
            return
        ambiguous.misses[lookup.index] += decisions.ENOUGH_MISSES if for_good else 1
        ambiguous.all_misses += not for_good
        ambiguous.absent.append(lookup.index)
        yield from self._conclude(ambiguous)

    def _caught_up_at(self, ambiguous: Ambiguous) -> float:
        """Return when reading surely has caught up with the request's rest, as far as is known now."""
        return ambiguous.rest_at + self._evidence.margin

    def _weigh(self, lookup: Lookup) -> Iterator[tuple[Post, Decision]]:
        """Decide whether a note with a fitting date but another text is the delivery's own after all."""
        candidates, ambiguous, post = lookup.candidates, lookup.ambiguous, lookup.ambiguous.post
        rewritten_note = self._evidence.rewritten(post, lookup.prospect, candidates)
        if rewritten_note is not None:
            reason = say("outcome.found-rewritten", before=ambiguous.failure.text)
            ambiguous.is_applied = True
            self._evidence.adopted(post, rewritten_note, rewritten_note.note_id)
            yield post, Settle(((lookup.index, Answer(rewritten_note.note_id, reason)),), reason)
            yield from self._conclude(ambiguous, lookup.index)
            return
        ids = tuple(note.note_id for note in candidates[:3])
        yield from self._doubt(lookup, say("doubt.reads-differently", ids=ids))

    def _look_again(self, lookup: Lookup, failure: Failure | None) -> bool:
        """Repeat a lookup, after a pause if there was a failure; return False if it is time to give up."""
        if failure is None:
            self._dispatcher.add(lookup)
            return True
        is_refused = failure.cause in REFUSED
        policy = replace(self._policy.retry, longest=min(60.0, max(1.0, self._policy.read_timeout)))
        if is_refused and self._policy.resend_unconfirmed:  # sending unread is allowed, so reading need not recover
            policy = replace(policy, attempts=REFUSED_BEFORE_RESENT)
        elif is_refused and self._dispatcher.wait_out(lookup):
            return True  # not caused by this lookup
        if failure.cause is Cause.UNREACHABLE:  # not caused by this lookup
            policy = replace(policy, attempts=0, longest=LONGEST_PAUSE)
        return self._dispatcher.retry(lookup, failure, policy)

    def _doubt(self, lookup: Lookup, why: Message) -> Iterator[tuple[Post, Decision]]:
        ambiguous = lookup.ambiguous
        if self._policy.resend_unconfirmed:
            yield from self._missed(lookup, for_good=True)
            return
        yield ambiguous.post.only([lookup.index]), Doubt(say("doubt", before=ambiguous.failure.text, why=why))
        self._follow_first(lookup, ambiguous.rest_at)
        yield from self._conclude(ambiguous, lookup.index)

    def _conclude(self, ambiguous: Ambiguous, settled: int | None = None) -> Iterator[tuple[Post, Decision]]:
        """Count one prospect as looked up; after the last, yield the decision on those without their note."""
        if settled is not None:
            self._unclear.is_clear(ambiguous.post.only([settled]))
        ambiguous.open -= 1
        if ambiguous.open:
            return
        if not ambiguous.absent:
            self._unclear.requests.remove(ambiguous)
            return
        unproven = decisions.doubtful(
            ambiguous.absent, ambiguous.misses, ambiguous.all_misses, is_applied=ambiguous.is_applied
        )
        if unproven:
            ambiguous.absent = [index for index in ambiguous.absent if index not in unproven]
            ambiguous.open = len(unproven)
            for index in unproven:
                self._add(ambiguous, index, self._clock())
            return
        yield self._absent(ambiguous)

    def _absent(self, ambiguous: Ambiguous) -> tuple[Post, Decision]:
        """Return the decision on the prospects whose notes surely are absent."""
        self._unclear.requests.remove(ambiguous)
        sent = ambiguous.post
        post = sent.again(sorted(ambiguous.absent), self._evidence.note_clock.since(sent))
        self._unclear.is_clear(post)
        if not self._policy.resends or sent.request.note is None:  # an earlier reading of a note is never sent
            return post, Abandon(say("outcome.not-there"))
        decision = decisions.after_absence(
            len(post.request),
            ambiguous.failure,
            refusals=post.refusals,
            passed=post.is_alone,
            healed=self._reachability.healed,
            sends=sent.sends,
            most_sends=self._policy.retry.attempts,
            can_tell=self._reachability.can_tell,
        )
        return post, decision

    def is_astray(self, came: float) -> None:
        """Renew all connections and repeat the lookups that missed, because a reply belonged to another request."""
        self._reachability.is_astray(came, self._clock())
        for ambiguous, index in self._unclear.forget_misses():
            self._add(ambiguous, index, self._clock())
