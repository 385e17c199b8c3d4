"""Read back deliveries whose answer was unclear.

Input: requests with an unclear answer, and replies to lookups. Output: decisions for the coordinator: the note was
found, is absent, or cannot be identified. Absence has to be proven. The request is at rest, which means that it can no
longer be applied. Its notes were missed since. Then a control was read, which left after rest
(:mod:`importer.delivery.control`), and the note was missed once more. And the prospect has no unexplained note.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator

from importer.api import Answer, Cause, Failure, NotesPage
from importer.calls.dispatcher import ATTEMPTS
from importer.delivery import decisions
from importer.delivery.context import DeliveryContext, Post
from importer.delivery.control import (
    Ambiguous,
    Controls,
    Lookup,
    Phase,
    Proof,
    serves,
)
from importer.delivery.decisions import Abandon, Decision, Doubt, Retry, Settle, Verdict
from importer.delivery.evidence import Evidence, Reachability
from importer.delivery.reads import WholeRead
from importer.messages import Message, say

_MOST_INTRODUCTIONS = 3  # known notes that are read to learn who writes ours: an API need not show authors or dates
_RECEIPT = 300.0  # seconds that the API may work on a request that it confirmed without naming its notes (D46)
_MOST_ASTRAY = 20  # times that a request is looked at anew while replies belong to others, so that it ends (D36)


class Resolver:
    """Lookups of deliveries without a clear answer.

    Attributes:
        unclear: prospects with unclear deliveries → how many; nothing else is sent to them.
    """

    def __init__(self, context: DeliveryContext, evidence: Evidence, reachability: Reachability) -> None:
        self._dispatcher, self._policy, self._clock = context.dispatcher, context.policy, context.clock
        self._evidence, self._reachability, self._reads = evidence, reachability, context.reads
        self._renew, self._head_start = context.caller.api.renew, context.head_start
        self._context, self._resends = context, context.run is not None
        self.unclear: Counter[str] = Counter()
        self._requests: list[Ambiguous] = []  # that are unclear
        self._controls = Controls(context, evidence)
        self._introductions = 0
        self._astray_at = -math.inf  # when a reply was last noticed that belonged to another request

    def look_up(self, post: Post, failure: Failure) -> None:
        """Look up the notes of a request of this run, which may be applied until it is at rest (D46)."""
        if failure.is_astray:
            self.is_astray()
        rest_at = self._clock() + max(self._policy.rest, failure.wait or 0.0)
        if failure.at_work:
            rest_at = max(rest_at, post.sent_at + self._longest(is_accepted=failure.is_accepted))
        self._begin(post, failure, rest_at, rest_at)

    def look_up_earlier(self, post: Post, why: Message) -> None:
        """Look up the notes of an earlier run's request, which may have been sent until now, or is still to be sent.

        That run may have been more patient than this one. Rest counts from now: a dead run's clock proves nothing.
        """
        of_run = self._context.runs[post.clock_of].rest if post.clock_of is not None else 0.0
        longest = max(self._longest(is_accepted=post.is_accepted), of_run)
        rest_at = self._clock() + self._head_start + longest
        self._begin(post, Failure(Cause.LOST, why), post.sent_at + longest, rest_at)

    def _longest(self, *, is_accepted: bool) -> float:
        """Return the most seconds after its sending until a request is at rest."""
        return max(self._policy.read_timeout, _RECEIPT if is_accepted else 0.0) + self._policy.rest

    def _begin(self, post: Post, failure: Failure, applied_until: float, rest_at: float) -> None:
        """Look up one prospect first, because its notes mostly show whether the whole request was applied (D45)."""
        ambiguous = Ambiguous(post, failure, applied_until, rest_at, set(range(len(post.request))))
        self._requests.append(ambiguous)
        self.unclear.update(post.request.prospects)
        self._evidence.unclear(post)
        due = self._clock() + (failure.wait or 0.0)
        self._introduce(post, lambda *_: self._look_at(ambiguous, 0, due))

    def _introduce(self, post: Post, then: Callable[..., None] = lambda *_: None) -> None:
        """Read a known note first, unless a request's author and clock are known (D55)."""
        known = self._evidence.introduces(post) if self._introductions < _MOST_INTRODUCTIONS else None
        if known is None:
            then()
        else:
            self._introductions += 1
            self._reads.begin(WholeRead(known.prospect, then=then, enough=frozenset([known.note_id])))

    def _look_at(self, ambiguous: Ambiguous, index: int, due: float = -math.inf) -> None:
        """Look up the notes of one of a request's prospects."""
        prospect, is_last = ambiguous.post.request.prospects[index], ambiguous.phase is Phase.LAST
        ambiguous.looking += 1
        self._reads.begin(Lookup(prospect, ambiguous, index, is_apart=is_last, then=self.looked), due)

    def _look_at_open(self, ambiguous: Ambiguous, due: float = -math.inf, *, is_one_enough: bool = False) -> None:
        """Look at all prospects of a request that aren't decided, or at the first of them."""
        for index in sorted(ambiguous.open)[: 1 if is_one_enough else None]:
            self._look_at(ambiguous, index, due)

    # -- what goes on without a reply -------------------------------------------------------------------------------

    def proceed(self, send: Callable[[], bool], *, is_more_to_come: bool) -> Iterator[tuple[Post, Decision]]:
        """Read a control, which ``send`` sends, for the requests that wait for one, unless a note may soon be made."""
        waiting = [one for one in self._requests if one.phase is Phase.CONTROL]
        if not self._requests:
            self._controls.end()
        soon = self._clock() + self._longest(is_accepted=False)
        is_more_to_come = is_more_to_come or any(one.is_awaited_by(soon) for one in self._requests)
        if (proof := self._controls.proceed(waiting, send, is_more_to_come=is_more_to_come)) is not None:
            yield from self._proven(proof)

    def _proven(self, proof: Proof) -> Iterator[tuple[Post, Decision]]:
        """Look at the notes once more that a proof can show to be absent; without a control, at one of them."""
        is_by_age = math.isinf(proof.left)
        for ambiguous in [one for one in self._requests if one.phase is Phase.CONTROL]:
            if not (self._controls.due(ambiguous) <= proof.began if is_by_age else serves(proof.left, ambiguous)):
                continue
            if proof.left < 0:
                for index in sorted(ambiguous.open):
                    yield from self._doubt(ambiguous, index, say("doubt.known-note-not-shown"))
                continue
            ambiguous.phase, ambiguous.is_by_age = Phase.LAST, is_by_age
            is_sent_again = self._resends and ambiguous.post.request.note is not None
            self._look_at_open(ambiguous, proof.ended, is_one_enough=is_by_age and is_sent_again)
            if is_by_age and is_sent_again:
                return  # this one is sent again first, as a control for the others

    def looked(self, lookup: Lookup, found: NotesPage | Failure) -> Iterator[tuple[Post, Decision]]:
        """Yield the decisions that follow from a prospect's notes. Raises JournalFailed."""
        ambiguous = lookup.ambiguous
        if lookup.index not in ambiguous.open:
            pass  # another lookup has decided it while this one was under way
        elif isinstance(found, NotesPage):
            yield from self._judged(lookup, found)
        elif found.cause is Cause.UNKNOWN_PROSPECT:
            yield from self._missed(lookup, is_unknown=True)
        else:
            yield from self._doubt(ambiguous, lookup.index, say("doubt.not-read", why=found.text))
        ambiguous.looking -= 1
        if not ambiguous.looking:
            yield from self._advance(ambiguous)

    def _judged(self, lookup: Lookup, page: NotesPage) -> Iterator[tuple[Post, Decision]]:
        """Yield the decisions that follow from a prospect's notes. After the control no lookup will know more."""
        ambiguous, index, is_final = lookup.ambiguous, lookup.index, lookup.ambiguous.phase is Phase.LAST
        sought = self._evidence.sought(ambiguous.post, lookup.prospect, page, ambiguous.applied_until)
        verdict = decisions.judge(page, sought)
        if verdict.note_id is None and not lookup.is_whole:
            verdict = Verdict(doubt=say("doubt.not-read", why=say("failure.changed-while-read")))
        ambiguous.seen[index].difference_update(note.note_id for note in page.all)
        if verdict.note_id is not None and (verdict.is_sure or is_final):
            yield self._found(ambiguous, index, verdict.note_id, verdict)
        elif verdict.doubt is not None and is_final:
            yield from self._doubt(ambiguous, index, verdict.doubt)
        elif verdict.note_id is None and verdict.doubt is None:
            yield from self._missed(lookup)
        else:
            ambiguous.seen[index].update(verdict.seen)

    def _found(self, ambiguous: Ambiguous, index: int, note_id: str, verdict: Verdict) -> tuple[Post, Decision]:
        """Adopt a note; look at all prospects of its request, of which one has its note now."""
        kind = "outcome.found-rewritten" if verdict.is_rewritten else "outcome.found"
        reason = say(kind, before=ambiguous.failure.text)
        self._evidence.adopted(ambiguous.post.request.prospects[index], note_id, *verdict.duplicates)
        self._is_clear(ambiguous, index)
        if not ambiguous.is_applied:
            ambiguous.is_applied = True
            if ambiguous.phase in (Phase.EARLY, Phase.REST):
                self._look_at_open(ambiguous)
        answer = Answer(note_id, reason if verdict.is_rewritten else None)
        return ambiguous.post, Settle(((index, answer),), reason, verdict.duplicates)

    def _is_clear(self, ambiguous: Ambiguous, *indices: int) -> None:
        """Record that these deliveries of a request are no longer unclear."""
        ambiguous.open.difference_update(indices)
        self.unclear -= Counter(ambiguous.post.request.prospects[index] for index in indices)
        if not ambiguous.open:
            self._requests.remove(ambiguous)

    def _missed(self, lookup: Lookup, *, is_unknown: bool = False) -> Iterator[tuple[Post, Decision]]:
        """Record a miss, which proves nothing before rest, and of a prospect that reads don't know even longer."""
        ambiguous, index = lookup.ambiguous, lookup.index
        if ambiguous.phase is Phase.LAST and ambiguous.seen[index]:
            yield from self._doubt(ambiguous, index, say("doubt.seen-before"))
            return
        full_rest = max(ambiguous.rest_at, ambiguous.post.sent_at + self._policy.read_timeout + self._policy.rest)
        if is_unknown and ambiguous.rest_at <= lookup.began < full_rest + self._policy.lag:
            self._look_at(ambiguous, index, full_rest + self._policy.lag)
        elif ambiguous.phase is Phase.LAST:
            ambiguous.missed_again.add(index)
        elif lookup.began >= max(ambiguous.rest_at, self._astray_at):
            ambiguous.missed.add(index)

    def _advance(self, ambiguous: Ambiguous) -> Iterator[tuple[Post, Decision]]:
        """Go on to the next stage of reading back a request, once all lookups of a stage have ended."""
        is_one_enough = bool(ambiguous.missed) and not ambiguous.is_applied  # none has its note: one stands for all
        absent = sorted(
            ambiguous.missed_again & (ambiguous.open if is_one_enough else ambiguous.open & ambiguous.missed)
        )
        ambiguous.missed, ambiguous.missed_again = ambiguous.missed | ambiguous.missed_again, set()
        if ambiguous.phase is Phase.EARLY and ambiguous.astray > _MOST_ASTRAY:
            for index in sorted(ambiguous.open):
                yield from self._doubt(ambiguous, index, say("doubt.not-read", why=say("api.anothers-answer")))
        elif ambiguous.open and ambiguous.phase is Phase.EARLY:
            self._look_after_rest(ambiguous)
        elif ambiguous.open:
            ambiguous.phase = Phase.CONTROL
        if absent:
            yield self._absent(ambiguous, absent)

    def _look_after_rest(self, ambiguous: Ambiguous) -> None:
        """Look at one prospect of a request once it is at rest, or at all if one has its note."""
        ambiguous.phase = Phase.REST
        self._introduce(ambiguous.post)
        due = max(ambiguous.rest_at, self._astray_at + self._policy.rest)
        self._look_at_open(ambiguous, due, is_one_enough=not ambiguous.is_applied)

    def _doubt(self, ambiguous: Ambiguous, index: int, why: Message) -> Iterator[tuple[Post, Decision]]:
        yield ambiguous.post.only([index]), Doubt(say("doubt", before=ambiguous.failure.text, why=why))
        self._is_clear(ambiguous, index)

    def _absent(self, ambiguous: Ambiguous, absent: list[int]) -> tuple[Post, Decision]:
        """Return the decision on the prospects whose notes surely are absent."""
        sent = ambiguous.post
        post = sent.again(absent, self._evidence.since(sent), is_control=ambiguous.is_by_age)
        self._is_clear(ambiguous, *absent)
        if not self._resends or sent.request.note is None:  # an earlier reading of a note is never sent
            return post, Abandon(say("outcome.not-there"))
        if ambiguous.failure.cause is Cause.INTERMEDIARY and (error := self._reachability.given_up()) is not None:
            self._dispatcher.halt(error)
            return post, Retry()
        decision = decisions.after_absence(
            len(post.request),
            ambiguous.failure,
            passed=sent.is_alone,
            healed=self._reachability.healed,
            sends=sent.sends,
            most_sends=ATTEMPTS,
        )
        return post, decision

    def is_astray(self) -> None:
        """Renew all connections, and let no earlier miss count, because a reply belonged to another request."""
        self._renew()
        self._astray_at = self._clock()
        self._controls.is_astray()
        for ambiguous in self._requests:
            ambiguous.missed.clear()
            ambiguous.missed_again.clear()
            if ambiguous.phase is not Phase.EARLY:
                ambiguous.astray += 1
                ambiguous.phase = Phase.EARLY  # once no lookup is under way, it is looked anew
                if not ambiguous.looking:
                    self._look_after_rest(ambiguous)
