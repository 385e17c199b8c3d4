"""Take over what earlier runs left: settle what they made, and look up what they left unclear.

Input: a plan and what the journal knows. Output: the plan's groups, sorted by what is left to do; lookups under way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from importer.delivery.context import DeliveryContext, Post
from importer.delivery.earlier import Earlier, Sorted
from importer.delivery.last_look import LastLooks
from importer.delivery.ledger import Ledger
from importer.delivery.matching import AnsweredRow, How, Match
from importer.delivery.resolver import Resolver
from importer.journal import ACCEPTED, Identity, KnownDelivery
from importer.messages import say
from importer.models import Note, Plan, Request
from importer.settings.kinds import InDoubt


class Takeover:
    """Deliveries of earlier runs.

    Attributes:
        drafts: prospects that are about to get a draft, if only one draft of a prospect is shown.
    """

    def __init__(self, context: DeliveryContext, ledger: Ledger, resolver: Resolver, last_looks: LastLooks) -> None:
        self._context, self._ledger, self._resolver, self._last_looks = context, ledger, resolver, last_looks
        self.drafts: set[str] = set()

    def take_over(self, earlier: Earlier, plan: Plan) -> Sorted:
        """Settle or look up the deliveries of earlier runs; return a plan's deliveries.

        What a row says is entered for the delivery that answers for it, so that each later row is known by it, too.
        """
        journal, workspace, rows = self._context.journal, self._context.workspace, earlier.rows
        self._ledger.earlier = earlier

        def take(answered: Sequence[AnsweredRow]) -> None:
            self._ledger.known(answered)
            journal.identities.enter(workspace, _told(earlier, [one.match for one in answered]))
            for one in answered:
                self.check(one.position, one.delivery)

        found = earlier.sort(plan, take)
        for group in found.groups:
            if self._context.may_be_hidden(group.key):
                self.drafts.update(rows.prospect[group.open.positions].tolist())
            for members in group.unclear.values():
                positions, deliveries = [row.position for row in members], [row.delivery for row in members]
                # If the note has another form by now and is absent, the next run sends it as it is now.
                is_same = deliveries[0].form.digest == group.key.digest
                self._ledger.unclear |= {} if is_same else {row.position: row for row in members}
                self.take_up(deliveries, positions, group.group.note if is_same else None)
                journal.identities.enter(workspace, earlier.told(positions, [one.name for one in deliveries]))
        for match in found.asked:
            self._ledger.in_question(match)
        journal.identities.enter(workspace, _told(earlier, found.decided))
        return found

    def take_up(self, deliveries: Sequence[KnownDelivery], positions: Sequence[int], note: Note | None = None) -> None:
        """Look up all deliveries of one request of an earlier run, which have no clear answer (D9).

        If its text is known, the note is sent again if it is absent.
        """
        post = _earlier_post(deliveries, positions, note)
        reason = say("failure.no-clear-answer")
        self._ledger.ambiguous(post, reason)
        self._resolver.look_up_earlier(post, reason)

    def check(self, position: int, delivery: KnownDelivery) -> None:
        """Look for further copies of a note that an earlier run sent again, if it ended before it looked (D84)."""
        if delivery.resent_at is not None and delivery.note_id is not None:
            post = _earlier_post([delivery], [position])
            # The time of the first attempt is no longer known, but it was not before that run began.
            post.first_sent_at = min(post.sent_at, self._context.runs[delivery.run].started_at)
            came = min(post.sent_at, self._context.clock())  # that run's clock may have been ahead
            self._last_looks.sent_again(post, delivery.note_id, came)


def _told(earlier: Earlier, matches: Iterable[Match]) -> Iterator[Identity]:
    """Yield what deliveries are to be known by besides what they are known by, if rows are the same notes.

    What a person has answered about words is entered, too, so that it isn't asked again.
    """
    positions: list[int] = []
    names: list[bytes] = []
    for match in matches:
        row, how, known = match
        if known is not None and earlier.answer_to(match) is InDoubt.SAME and not known.identities.issuperset(row.all):
            positions.append(row.position)
            names.append(known.name)
        if known is not None and how is How.WORDS:
            [whose] = earlier.identities.names([row.position])
            yield from ((who, row.words, known.name) for who in whose)
    yield from earlier.told(positions, names)


def _earlier_post(deliveries: Sequence[KnownDelivery], positions: Sequence[int], note: Note | None = None) -> Post:
    first = deliveries[0]
    prospects, names = tuple(one.prospect for one in deliveries), tuple(one.name for one in deliveries)
    return Post(
        Request(note, tuple(positions), prospects, names),
        first.form,
        request_number=first.request,
        sent_at=first.sent_at,
        first_sent_at=first.sent_at,
        since=first.since,
        of_earlier_run=True,
        is_accepted=any(delivery.reason == ACCEPTED for delivery in deliveries),
        clock_of=first.run,
    )
