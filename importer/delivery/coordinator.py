"""Send requests, and settle their rows in one loop over the replies.

Input: requests. Output: outcomes of their rows. One thread decides and is the journal's only writer; workers only make
calls. A delivery that may have been sent stays *sending* in the journal until its answer is entered. So deliveries that
are still *sending* after a stop are unclear, and are read back first. :mod:`importer.delivery.decisions` decides what a
reply means.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from importer.api import Answer, Cause, Failure, NotesApi, Reply
from importer.api.protocol import API_REFUSED
from importer.calls.dispatcher import Dispatcher
from importer.delivery import decisions, events
from importer.delivery.attachments import UploadedAttachments
from importer.delivery.decisions import (
    Abandon,
    Checked,
    Decision,
    Doubt,
    LookUp,
    Renew,
    Retry,
    SetAside,
    Settle,
    Split,
    Stop,
    Suspect,
)
from importer.delivery.duplicates import Duplicates
from importer.delivery.evidence import Evidence
from importer.delivery.ledger import Ledger
from importer.delivery.policy import LONGEST_CLAIM, LONGEST_PAUSE, Policy
from importer.delivery.queue import Queue, held_back
from importer.delivery.reachability import Reachability
from importer.delivery.resolver import Resolver
from importer.delivery.sample import Samples
from importer.delivery.sizes import Sizes
from importer.delivery.tasks import EvidenceLookup, Lookup, Post, Probe, SampleLookup, Task
from importer.errors import Busy, JournalFailed
from importer.messages import Message, say

_ENOUGH_REFUSALS = 5  # lookups refused in words that are not the API's, after which another request is tried
_ANOTHERS = Failure(Cause.CLAIM_EXPIRED, say("failure.may-be-anothers-answer"), has_left=True)  # the lookup is repeated


class Coordinator:
    """Sender of requests, which sends each note once and looks up deliveries without a clear answer.

    Args:
        ledger: records the result of each delivery.
        dispatcher: makes the calls, GET before POST.
        reachability: tracks whether requests reach the API.
        evidence: collects facts about notes.
        samples: reads back some of the created notes.
        policy: the settings of delivery.
        clock: returns seconds since 1970, and never goes back.
        observe: called after each round.

    Attributes:
        posts_sent, lookups_sent: calls that left for the API, answered or not.
        sizes: how large requests may be.
        attachments: attachment IDs for the notes of requests.
    """

    def __init__(
        self,
        ledger: Ledger,
        dispatcher: Dispatcher[Task],
        reachability: Reachability,
        evidence: Evidence,
        samples: Samples,
        policy: Policy,
        *,
        clock: Callable[[], float],
        observe: Callable[[], None] = lambda: None,
    ) -> None:
        self.posts_sent = self.lookups_sent = 0
        self.sizes = Sizes(policy.batch_size, policy.least_limit)
        self._ledger, self._dispatcher, self._evidence = ledger, dispatcher, evidence
        self._reachability, self._samples = reachability, samples
        self._resolver = Resolver(dispatcher, evidence, reachability, policy, clock)
        self._policy, self._clock, self._observe = policy, clock, observe
        self._posts, self._any_success = iter(cast(Iterable[Post], ())), False
        self._queue = Queue(dispatcher, self._must_wait)
        self.attachments, self._duplicates = UploadedAttachments(), Duplicates(dispatcher, evidence)

    @property
    def to_come(self) -> int:
        """Known number of calls still to be made, besides those that the dispatcher holds."""
        return len(self._queue) + len(self._resolver.lookup_queue) + self._duplicates.due

    def take_up(self, post: Post, *, broke_off: bool) -> None:
        """Look up the notes of an earlier run's request; that run ``broke_off``, or got no clear answer."""
        if post.conflict is not None:
            post.conflict.open += len(post.request)
            post.has_turn = True
        reason = say("failure.broke-off" if broke_off else "failure.no-clear-answer")
        self._ledger.ambiguous(post, reason)
        self._resolver.look_up_earlier(post, reason)

    def check(self, post: Post, note_id: str) -> None:
        """Look for further copies of a note that an earlier run sent again, because that run ended before it looked."""
        self._duplicates.made(post, note_id, min(post.sent_at, self._clock()))  # that run's clock may have been ahead

    def run(self, posts: Iterable[Post] = ()) -> None:
        """Deliver everything that can be delivered.

        Raises:
            Stopped: the run cannot continue. Calls in flight have ended, and the outcomes are correct.
        """
        self._posts = iter(posts)
        try:
            self._work()
            helpers = self._reachability, self._queue, self._evidence, self._resolver, self._duplicates, self._samples
            while self._dispatcher.stopped is None and _goes_on(*helpers):
                self._work()
        finally:
            self._enter([])  # write the last replies' results, also after an unexpected error
        self._observe()
        if self._dispatcher.stopped is not None:
            raise self._dispatcher.stopped

    def _work(self) -> None:
        for task, reply in self._dispatcher.replies(self._fresh, self._admit, self._enter, self._observe):
            try:
                for post, decision in self._decided(task, reply):
                    self._carry_out(post, decision)
            except JournalFailed as error:  # the journal cannot even be read; calls in flight are waited for
                self._dispatcher.halt(error)
            self._resolver.proceed()
            self._queue.proceed()

    def _decided(self, task: Task, reply: Reply[Any]) -> Iterator[tuple[Post, Decision]]:
        if isinstance(task, Post):
            reply = self._evidence.known_ids.believed(reply, is_trusted=self._reachability.is_trusted(reply))
        elif reply.value is not None and not self._reachability.is_trusted(reply):
            reply = replace(reply, value=None, failure=_ANOTHERS)
        events.came_back(task, reply)
        failure = reply.failure
        if failure is not None and failure.is_astray:
            self._resolver.is_astray(reply.came)
            self._samples.is_astray()
        self._any_success |= failure is None or failure.cause in API_REFUSED
        if isinstance(task, Post):
            self.posts_sent += reply.has_left
            task.sent_at = reply.began
            self._learn(task, reply)
            is_largest = failure is not None and failure.is_size and self.sizes.is_largest(task)
            facts = decisions.Facts(self._any_success, self.sizes.largest_accepted, is_largest, task.renewable)
            for decision in decisions.after_post(task.request.prospects, reply, facts):
                yield task, decision
            return
        if isinstance(task, Probe):
            self.posts_sent += reply.has_left
            yield from self._reachability.probed(task, reply)
            return
        self.lookups_sent += reply.has_left
        self._reachability.read(reply)
        if reply.value is not None:
            self._evidence.read(reply.value)
        if isinstance(task, Lookup):
            yield from self._resolver.take_in(task, reply)
        elif isinstance(task, EvidenceLookup):
            self._evidence.watched(task, reply, goes_on=bool(self._resolver.unclear))
        elif isinstance(task, SampleLookup):
            self._samples.looked(task, reply)
        else:
            yield from self._duplicates.checked(task, reply)

    def _carry_out(self, post: Post, decision: Decision) -> None:
        match decision:
            case Settle():
                self._settle(post, decision)
            case Retry() | Suspect() | Renew():
                self._ledger.pending(post)
                self._send_again(post, decision)
            case SetAside(failure):
                self._ledger.pending(post)
                self._reachability.set_aside.append((post, failure))
            case Split():
                self._split(post, decision)
            case LookUp(indices, failure):
                part = post.unclear(indices)
                self._ledger.ambiguous(part, failure.text, self._clock(), is_accepted=failure.is_accepted)
                self._resolver.look_up(part, failure)
            case Doubt(why):
                self._ledger.unconfirmed(post, say("outcome.in-doubt", why=why), self._clock())
                self._queue.ended(post, len(post.request), doubted=post.request.prospects)
            case Checked(duplicates):
                self._ledger.checked(post, duplicates)
            case Abandon(reason):
                self._abandon(post, reason)
            case Stop(error, is_applied):
                if is_applied is False:
                    self._ledger.pending(post)
                self._dispatcher.halt(error)

    def _settle(self, post: Post, decision: Settle) -> None:
        now = self._clock()
        self._duplicates.settled(post, decision.answers, now)
        details = decision.reason, decision.duplicates
        self._ledger.answered(post, decision.answers, now, *details, is_foreign=decision.is_foreign)
        self._queue.ended(post, len(decision.answers))

    def _split(self, post: Post, decision: Split) -> None:
        self._ledger.pending(post)
        self.sizes.refused(post, decision)
        self._dispatcher.add_all(post.split(-(-len(post.request) // 2)))

    def _learn(self, post: Post, reply: Reply[dict[str, Answer]]) -> None:
        if reply.failure is None and reply.value:
            created = {prospect: answer.note_id for prospect, answer in reply.value.items() if answer.note_id}
            self._evidence.created(post, created, reply.came)
            self._samples.created(post, created, reply.came)
            self.sizes.accepted(post)
        self._reachability.sent(post, reply)

    def _send_again(self, post: Post, decision: Retry | Suspect | Renew) -> None:
        """Send a request again until it is time to give up, because the request did not cause the failure."""
        if isinstance(decision, Renew):
            self._queue.ended(post, len(post.request))
            self.attachments.renew(post, decision.failure)
            return
        policy = replace(self._policy.retry, attempts=0, longest=LONGEST_PAUSE)
        failure = decision.failure
        if isinstance(decision, Suspect):
            self._reachability.suspect(post, decision.failure)
        elif failure is None:
            self._dispatcher.add(post)
        elif not self._dispatcher.retry(post, failure, policy):
            self._abandon(post, say("outcome.could-not-be-sent", why=failure.text))

    def _abandon(self, post: Post, reason: Message) -> None:
        self._ledger.abandoned(post, reason)
        self._queue.ended(post, len(post.request))

    # -- which tasks may go -----------------------------------------------------------------------------------------

    def _fresh(self, kind: str) -> Task | None:
        if kind != Post.kind:
            return self._samples.looks.next()
        return next(self._posts, None) if not self._queue.are_many else None

    @property
    def _is_doubtful(self) -> bool:
        """Whether only lookups of unclear deliveries may be sent, because the API has not answered in this run yet.

        If lookups are refused repeatedly, another request is tried, to show whether only reading fails.
        """
        is_reading_refused = self._reachability.refused_reads >= _ENOUGH_REFUSALS * max(1, self.posts_sent)
        return bool(self._resolver.unclear) and not self._any_success and not is_reading_refused

    def _admit(self, task: Task) -> bool:
        """Return whether a task may be sent now; if not, queue, split, settle or abandon it."""
        if isinstance(task, Lookup) and self._reachability.passes_over(task):
            for lookup_post, lookup_decision in self._resolver.pass_over(task):
                self._carry_out(lookup_post, lookup_decision)
            return False
        if not isinstance(task, Post):
            return True
        if len(task.request) > (most := self.sizes.most_prospects(task)):
            self._dispatcher.add_all(task.split(most))
            return False
        if not self._queue.has_come(task):
            return False
        sendable, withheld = held_back(task)
        if withheld is None:
            if (decision := self.attachments.complete(task)) is not None:
                self._carry_out(task, decision)
            return decision is None
        if sendable is not None:
            self._dispatcher.add(sendable)
        self._abandon(withheld, say("outcome.waits-for-another"))
        return False

    def _must_wait(self, post: Post) -> bool:
        """Return whether a request must wait for an unclear delivery to its prospects, or for the API to answer."""
        if self._is_doubtful or self._reachability.is_closed:
            return True
        return not self._resolver.unclear.keys().isdisjoint(post.request.prospects)

    def _enter(self, chosen: Sequence[Task]) -> bool:
        """Write pending entries and the chosen requests' claims; return False if that fails and nothing may be sent."""
        now = self._clock()
        posts = [task for task in chosen if isinstance(task, Post)]
        try:
            self._ledger.write(posts, now, self._evidence.note_clock.since)
        except (JournalFailed, Busy) as error:
            self._dispatcher.halt(error)
            return False
        for task in chosen:
            if isinstance(task, Lookup) and not task.skip:
                task.began = now
        return True


def _goes_on(
    reachability: Reachability,
    queue: Queue,
    evidence: Evidence,
    resolver: Resolver,
    duplicates: Duplicates,
    samples: Samples,
) -> bool:
    """Start work that waits until all other work is done; return whether there is any."""
    if reachability.set_aside:
        reachability.try_once_more()
    elif resolver.lookup_queue:
        if not queue.proceed_in_part() and not evidence.introductions.ask_once_more():  # the lookup may show the author
            resolver.proceed(nothing_else=True)
    elif duplicates.due:
        duplicates.check()
    else:
        return samples.finish()
    return True


def perform(api: NotesApi, clock: Callable[[], float], task: Task) -> Reply[Any]:
    """Make a task's call in a worker thread, perhaps some time after its claim was entered."""
    if isinstance(task, Probe):
        return api.create(task.note, (task.nobody,))
    if not isinstance(task, Post):
        return api.find(task.prospect, task.skip, task.take)
    now = clock()
    if now - task.sent_at > LONGEST_CLAIM or time.time() > task.good_until:
        return Reply(task.kind, now, now, failure=Failure(Cause.CLAIM_EXPIRED, say("failure.waited-too-long")))
    note = task.request.note
    assert note is not None  # a note known only from the journal is never sent
    assert len(note.attachments) == len(note.files) or not note.files  # nor is a note without its files
    return api.create(note, task.request.prospects)
