"""Deliver a plan: settle or look up what earlier runs did, send the rest, and settle all rows in one loop over replies.

Input: rows and their plan. Output: an outcome for each row. One thread decides and is the journal's only writer;
workers only make calls. A delivery that may have been sent is *unclear* in the journal until its answer is entered.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from importer.api import Answer, Cause, Endpoint, Reply
from importer.delivery import decisions
from importer.delivery.context import DeliveryContext, Post, Task
from importer.delivery.earlier import Earlier, Sorted
from importer.delivery.evidence import Evidence, Reachability
from importer.delivery.existing import Existing
from importer.delivery.last_look import LastLooks
from importer.delivery.ledger import Ledger
from importer.delivery.outcomes import Outcomes
from importer.delivery.queue import Queue
from importer.delivery.reads import LONGEST_PAUSE
from importer.delivery.resolver import Resolver
from importer.delivery.takeover import Takeover
from importer.errors import Busy, JournalFailed
from importer.messages import render, say
from importer.models import Plan, Progress
from importer.rows.attachments import Uploads

_log = logging.getLogger(__name__)
_Decided: TypeAlias = Iterable[tuple[Post, decisions.Decision]]


class Coordinator:
    """Delivery of a plan, which sends each note once and looks up deliveries without a clear answer.

    Args:
        observe: called with the progress after each round, if given.
    """

    def __init__(
        self,
        context: DeliveryContext,
        outcomes: Outcomes,
        observe: Callable[[Progress], None] | None = None,
    ) -> None:
        self._context, self._dispatcher, self._clock = context, context.dispatcher, context.clock
        self._observe, self._rows = observe, len(outcomes)
        self._patience = replace(context.caller.retry, attempts=0, longest=LONGEST_PAUSE)
        self.ledger = Ledger(context.journal, outcomes, context.workspace, context.run)
        self._evidence = Evidence(context)
        self._reachability = Reachability(context)
        self._last_looks = LastLooks(context, self.ledger, self._evidence)
        self._resolver = Resolver(context, self._evidence, self._reachability)
        self.existing = Existing(context, self.ledger, self._evidence)
        self.takeover = Takeover(context, self.ledger, self._resolver, self._last_looks)
        self.queue = Queue(context, self._resolver, self._reachability, self.existing)

    def prepare(self, earlier: Earlier, plan: Plan) -> Sorted:
        """Settle or look up earlier runs' deliveries; return what remains, and how existing notes can follow rows."""
        found = self.takeover.take_over(earlier, plan)
        self.queue.fill(found)
        return found

    def run(self, uploads: Uploads | None = None) -> None:
        """Upload the files of all notes still to be made, and deliver everything that can be delivered.

        Args:
            uploads: uploads the files; None if no note is to be made.

        Raises:
            Stopped: the run cannot continue. Calls in flight have ended, and the outcomes are correct.
        """
        if uploads is not None:
            self.queue.upload(uploads)
        try:
            self._work()
            while self._dispatcher.stopped is None and self._goes_on():
                self._work()
        finally:
            self._enter([])  # write the last replies' results, also after an unexpected error
        self._tell()
        stopped = self._dispatcher.stopped
        if stopped is not None and (not self._last_looks.is_optional or isinstance(stopped, (Busy, JournalFailed))):
            raise stopped

    @property
    def progress(self) -> Progress:
        """Progress of the delivery."""
        reads = self._last_looks.to_come + self.existing.to_come
        to_come = {Endpoint.CREATE: self.queue.to_come, Endpoint.READ: reads}
        return self._dispatcher.progress(self._rows, self.ledger.settled, to_come, self.ledger.ended)

    # -- the loop ---------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        for task, reply in self._dispatcher.replies(self._fresh, self._admit, self._begin, self._tell):
            self._carry_out_all(self._decided(task, reply))

    def _tell(self) -> None:
        if self._observe is not None:
            self._observe(self.progress)

    def _goes_on(self) -> bool:
        """Start work that waits until all other work is done; return whether there is any."""
        if self.queue.upload_awaited() or self.queue.is_kept:
            return True
        return self._last_looks.proceed()

    def _decided(self, task: Task, reply: Reply[Any]) -> _Decided:
        _log_reply(task, reply)
        if isinstance(task, Post):
            for decision in self._after_post(task, reply):
                yield task, decision
            return
        if reply.value is not None:
            self._evidence.read(reply.value)
        elif reply.failure is not None and reply.failure.is_astray:
            self._resolver.is_astray()
        if (found := self._context.reads.take_in(task, reply)) is not None:
            yield from task.then(task, found) or ()

    def _after_post(self, post: Post, reply: Reply[dict[str, Answer]]) -> Sequence[decisions.Decision]:
        """Learn from the reply to a request, and return the decisions on it."""
        sizes, failure = self.queue.sizes, reply.failure
        self._reachability.came_back(post, reply)
        self.queue.came_back(post)
        post.sent_at = reply.began
        taken = self._evidence.created(post, reply.value or {}, reply.came)
        if reply.value:
            sizes.accepted(post)
        if failure is not None and failure.cause is Cause.BAD_ATTACHMENT:
            self.queue.forget_files(post)
        facts = decisions.Facts(sizes.largest_accepted, sizes.is_largest(post), taken)
        return decisions.after_post(post.request.prospects, reply, facts)

    def _carry_out(self, post: Post, decision: decisions.Decision) -> None:
        if isinstance(decision, decisions.NotApplied):
            self.ledger.pending(post)
        match decision:
            case decisions.Settle(answers, reason, duplicates):
                now = self._clock()
                for index, answer in answers if post.sends > 1 else ():
                    if answer.note_id is not None:
                        self._last_looks.sent_again(post.only([index]), answer.note_id, now)
                self.ledger.answered(post, answers, now, reason, duplicates)
            case decisions.Retry(failure):
                self.queue.goes_first(post)
                if failure is None:
                    self._dispatcher.add(post)
                elif not self._dispatcher.retry(post, failure, self._patience):  # the request did not cause the failure
                    self.ledger.abandoned(post, say("outcome.could-not-be-sent", why=failure.text))
            case decisions.Split():
                self.queue.split(post, decision)
            case decisions.LookUp(indices, failure):
                part = post.only(indices)
                self.ledger.ambiguous(part, failure.text, self._clock(), is_accepted=failure.is_accepted)
                self._resolver.look_up(part, failure)
            case decisions.Doubt(why):
                self.ledger.unconfirmed(post, say("outcome.in-doubt", why=why), self._clock())
                self.queue.doubted(post)
            case decisions.Abandon(reason):
                self.ledger.abandoned(post, reason)

    # -- which tasks may go -----------------------------------------------------------------------------------------

    def _fresh(self, kind: Endpoint) -> Task | None:
        return self.queue.next() if kind is Post.kind else None

    def _admit(self, task: Task) -> bool:
        """Return whether a task may be sent now; if not, queue, split, settle or abandon it."""
        decided = self.queue.admit(task) if isinstance(task, Post) else None
        for post, decision in decided or ():
            self._carry_out(post, decision)
        return decided is None

    def _begin(self, chosen: Sequence[Task]) -> bool:
        """Enter what a round needs before its tasks leave, and go on with what is unclear; see :meth:`_enter`."""
        is_entered = self._enter(chosen)
        if self._dispatcher.stopped is None:
            is_more = self._dispatcher.is_open(Post.kind)
            self._carry_out_all(self._resolver.proceed(self.queue.send_control, is_more_to_come=is_more))
        return is_entered

    def _carry_out_all(self, decided: _Decided) -> None:
        """Carry out decisions as they are made. If the journal can't even be read, calls in flight are waited for."""
        try:
            for post, decision in decided:
                self._carry_out(post, decision)
        except JournalFailed as error:
            self._dispatcher.halt(error)
        self.queue.proceed()

    def _enter(self, chosen: Sequence[Task]) -> bool:
        """Write pending entries and the chosen requests' claims; return False if that fails: nothing may leave (D2)."""
        posts = [task for task in chosen if isinstance(task, Post)]
        try:
            self.ledger.write(posts, self._clock(), self._evidence.since)
        except (JournalFailed, Busy) as error:
            self._dispatcher.halt(error)
            return False
        return True


def _log_reply(task: Task, reply: Reply[Any]) -> None:
    """Log that a call has returned, but no text of a note, and the API's words only at the debug level.

    The record's ``facts`` are numbers and our own words.
    """
    failure, facts = reply.failure, dict[str, object]()
    level = logging.INFO if failure is None else logging.WARNING
    if not _log.isEnabledFor(level):
        return
    if isinstance(task, Post):
        facts |= {"request": task.request_number, "notes": len(task.request)}
        if failure is None:
            created = sum(answer.note_id is not None for answer in reply.value.values()) if reply.value else 0
            facts |= {"created": created, "rejected": len(reply.value or ()) - created}
    facts |= {"status": reply.status} if reply.status else {}
    if failure is not None:
        facts |= {"cause": failure.cause.value}
        facts |= {"asks_to_wait": round(failure.wait, 1)} if failure.wait is not None else {}
        _log.debug("the API's words", extra={"facts": {"text": render(failure.text)}})
    facts["seconds"] = round(reply.came - reply.began, 3)
    name = "request" if isinstance(task, Post) else "look-up"
    _log.log(level, f"{name} {'answered' if failure is None else 'failed'}", extra={"facts": facts})
