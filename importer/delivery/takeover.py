"""Take over what earlier runs left: settle what they made, and look up what they left unclear.

Input: a plan and what the journal knows. Output: the plan's groups, sorted by what is left to do; lookups under way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from importer.delivery.context import DeliveryContext
from importer.delivery.decisions import CONVICTING
from importer.delivery.earlier import Earlier
from importer.delivery.last_look import LastLooks
from importer.delivery.ledger import Ledger
from importer.delivery.matching import How, Match
from importer.delivery.resolver import Resolver
from importer.delivery.sorted_group import AnsweredRow, SortedGroup
from importer.delivery.tasks import Post
from importer.grouping.conflicts import ConflictKeys
from importer.journal import ACCEPTED, REFUSED, DeliveryState, Identity, KnownDelivery, NoteKey, Run
from importer.messages import Message, say
from importer.models import Note, Plan, Request, Result, Status
from importer.settings.kinds import InDoubt
from importer.settings.reading import kind_in_words

ASKED = {
    How.HIDDEN: "outcome.hidden-before",
    How.WORDS: "outcome.words-known",
    How.OTHER_RECORD: "outcome.text-known",
    How.KEY: "outcome.key-known",
    How.UNKNOWN_NOTE: "outcome.note-unknown",
}
"""How a row in question is known → the kind of its reason."""


class Takeover:
    """Deliveries of earlier runs.

    Args:
        context: the run's context.
        ledger: records the result of each delivery.
        resolver: looks up the deliveries that are unclear.
        last_looks: looks once more at notes that were sent again.

    Attributes:
        drafts: prospects that are about to get a draft, if only one draft of a prospect is shown.
    """

    def __init__(self, context: DeliveryContext, ledger: Ledger, resolver: Resolver, last_looks: LastLooks) -> None:
        self._context, self._ledger, self._resolver, self._last_looks = context, ledger, resolver, last_looks
        self.drafts: set[str] = set()

    def take_over(self, earlier: Earlier, plan: Plan) -> tuple[list[SortedGroup], ConflictKeys[Post]]:
        """Settle or look up the deliveries of earlier runs; return a plan's groups by what is left, and conflict keys.

        What a row says is entered for the delivery that answers for it, so that each later row is known by it, too.
        """
        journal, workspace, rows = self._context.journal, self._context.workspace, earlier.rows
        keys = [NoteKey.of(group.note) for group in plan.groups]
        conflicts: ConflictKeys[Post] = ConflictKeys(plan.groups, keys, rows, one_draft=self._context.traits.one_draft)
        self._ledger.earlier = earlier
        copied: list[AnsweredRow] = []

        def take(answered: Sequence[AnsweredRow]) -> None:
            self._settle(answered)
            journal.identities.enter(workspace, self._told(earlier, answered))
            journal.identities.enter(workspace, self._decided(earlier, [one.match for one in answered]))
            copied.extend(one for one in answered if one.delivery.resent_at is not None)

        groups = earlier.sort(plan, take)
        for group in groups if self._context.traits.one_draft else ():
            if group.key.status is Status.DRAFT and (still_open := group.open) is not None:
                self.drafts.update(rows.prospect[still_open.positions].tolist())
        numbers = journal.deliveries.enter_notes(workspace, keys)
        for group, number in zip(groups, numbers, strict=True):
            group.number = number
        for one in copied:
            self.check(journal.deliveries.key_of(one.delivery.note), [(one.position, one.delivery)])
        for group in groups:
            self._take_up(group, conflicts)
            self._settle_asked(earlier, group)
            unclear = [pair for members in group.unclear.values() for pair in members]
            positions = [int(group.group.positions[i]) for i, _ in unclear]
            journal.identities.enter(workspace, earlier.told(positions, [one.name for _, one in unclear]))
        for position in earlier.unknown:
            self._settle_unknown(earlier, position)
        journal.identities.enter(workspace, self._decided(earlier, earlier.decided))
        return groups, conflicts

    def _decided(self, earlier: Earlier, matches: Iterable[Match]) -> Iterator[Identity]:
        """Yield the words that a person has answered for, so that the delivery isn't asked about again."""
        for match in matches:
            if match.how is How.WORDS and match.known is not None:
                [names] = earlier.identities.names([match.row.position])
                yield from ((who, match.row.words, match.known.delivery.name) for who in names)

    def _told(self, earlier: Earlier, answered: Sequence[AnsweredRow]) -> Iterable[Identity]:
        """Return what deliveries are to be known by besides what they are known by."""
        new = [
            one
            for one in answered
            if one.note is not None
            and one.match.known is not None
            and not one.match.known.identities.issuperset(one.match.row.all)
        ]
        return earlier.told([one.position for one in new], [one.delivery.name for one in new])

    def _settle(self, answered: Sequence[AnsweredRow]) -> None:
        """Settle rows whose deliveries exist."""
        shown: defaultdict[Message | None, list[AnsweredRow]] = defaultdict(list)
        left = [one for one in answered if one.delivery.state in (DeliveryState.HIDDEN, DeliveryState.LEFT)]
        for one in left:
            self._ledger.unsent(one.position, Result.SKIPPED, say("outcome.left-hidden"))
        self._context.journal.deliveries.leave_hidden([one.delivery.name for one in left])
        for one in answered:
            if one.delivery.state not in (DeliveryState.HIDDEN, DeliveryState.LEFT):
                shown[self._why(one)].append(one)
        for why, alike in shown.items():
            self._ledger.already([one.position for one in alike], [one.delivery for one in alike], why)
        for one in answered:
            if (why := one.still) is not None and one.delivery.state not in (DeliveryState.HIDDEN, DeliveryState.LEFT):
                self._ledger.still_visible(one.position, why)

    def _why(self, one: AnsweredRow) -> Message | None:
        """Return what differs between a row and the delivery that answers for it; None if nothing does."""
        if one.note is None:
            return None
        run = self._runs[one.delivery.run]
        parts = {"run": run.name, "file": run.file}
        if one.is_changed:
            return say("known.as-it-stood" if one.match.how is How.AS_IT_STOOD else "known.by-record", **parts)
        if one.match.how is How.EARLIER_TEXT or one.match.how is How.WORDS:
            return say("known.uncomposed", **parts)
        if one.is_less_visible:
            kind = say("names", names=tuple(kind_in_words(one.delivery.visibility, one.delivery.status)))
            return say("known.less-visible", kind=kind)
        return None

    def _settle_asked(self, earlier: Earlier, group: SortedGroup) -> None:
        """Settle the rows in question: they wait for an answer, or a person has said that their notes are there."""
        for i, match in group.asked.items():
            position = int(group.group.positions[i])
            if match.how is How.UNKNOWN_NOTE and earlier.answer_to(match.how) is InDoubt.SAME:
                prospect, reason = str(earlier.rows.prospect[position]), say("outcome.says-results-file")
                self._ledger.found(position, prospect, group.key, min(match.row.note_ids), reason)
            else:
                self._ledger.asked(position, self._asks(match))

    def _settle_unknown(self, earlier: Earlier, position: int) -> None:
        """Settle a row that isn't valid, and has the ID of a note that the journal doesn't know."""
        if earlier.in_doubt is InDoubt.SAME:
            note_ids = earlier.rows.done[earlier.row_of(position)]
            self._ledger.unsent(
                position, Result.ALREADY_IMPORTED, say("outcome.says-results-file"), "; ".join(note_ids)
            )
        else:
            self._ledger.asked(position, say(ASKED[How.UNKNOWN_NOTE]))

    def _asks(self, match: Match) -> Message:
        if match.known is None:
            return say(ASKED[match.how])
        run = self._runs[match.known.delivery.run]
        return say(ASKED[match.how], run=run.name, file=run.file)

    def _take_up(self, group: SortedGroup, conflicts: ConflictKeys[Post]) -> None:
        """Look up the unclear deliveries of a group, each in the form in which it was sent."""
        positions = group.group.positions
        for members in group.unclear.values():
            note = members[0][1].note
            deliveries, rows = [delivery for _, delivery in members], [int(positions[i]) for i, _ in members]
            if note == group.number:
                self.take_up(group.key, note, deliveries, rows, group.group.note, conflicts)
            else:  # if the note is absent, the next run sends it as it is now
                self.take_up(self._context.journal.deliveries.key_of(note), note, deliveries, rows)

    def take_up(
        self,
        key: NoteKey,
        number: int,
        deliveries: Sequence[KnownDelivery],
        positions: Sequence[int],
        note: Note | None = None,
        conflicts: ConflictKeys[Post] | None = None,
    ) -> None:
        """Look up an earlier run's deliveries without a clear answer (D9).

        Args:
            key: the note's key.
            number: the note's number in the journal.
            deliveries: all deliveries of one request of that run.
            positions: the positions of their rows.
            note: the note, to be sent again if it is absent; None if its text isn't known.
            conflicts: the conflict keys of the plan, if there is one.
        """
        post = _earlier_post(key, number, deliveries, positions, note)
        post.conflict = None if conflicts is None else conflicts.of(key, post.request.prospects)
        if post.conflict is not None:
            post.conflict.open += len(post.request)
            post.has_turn = True
        reason = say("failure.broke-off" if self._broke_off(deliveries) else "failure.no-clear-answer")
        self._ledger.ambiguous(post, reason)
        self._resolver.look_up_earlier(post, reason)

    def check(self, key: NoteKey, made: Iterable[tuple[int, KnownDelivery]]) -> None:
        """Look for further copies of notes that an earlier run sent again, if that run ended before it looked (D84).

        Args:
            key: the note's key.
            made: its deliveries that exist, each with its row's position.
        """
        for position, delivery in made:
            if delivery.resent_at is not None and delivery.note_id is not None:
                post = _earlier_post(key, delivery.note, [delivery], [position])
                # The time of the first attempt is no longer known, but it was not before that run began.
                post.first_sent_at = min(post.sent_at, self._runs[delivery.run].started_at)
                came = min(post.sent_at, self._context.clock())  # that run's clock may have been ahead
                self._last_looks.sent_again(post, delivery.note_id, came)

    def _broke_off(self, deliveries: Sequence[KnownDelivery]) -> bool:
        """Return whether the run that sent the deliveries broke off before it recorded their answers."""
        return any(
            delivery.state is DeliveryState.SENDING
            and delivery.run in self._runs
            and self._runs[delivery.run].ended_at is None
            for delivery in deliveries
        )

    @cached_property
    def _runs(self) -> dict[int, Run]:
        """Earlier runs of the workspace, by number."""
        return {run.id: run for run in self._context.journal.runs.listed(self._context.workspace)}


def _earlier_post(
    key: NoteKey,
    number: int,
    deliveries: Sequence[KnownDelivery],
    positions: Sequence[int],
    note: Note | None = None,
) -> Post:
    first, is_refused = deliveries[0], all(delivery.reason == REFUSED for delivery in deliveries)
    request = Request(
        note,
        tuple(positions),
        tuple(delivery.prospect for delivery in deliveries),
        tuple(delivery.name for delivery in deliveries),
    )
    return Post(
        request,
        key,
        number,
        request_number=first.request,
        sent_at=first.sent_at,
        first_sent_at=first.sent_at,
        since=first.since,
        refusals=CONVICTING if is_refused else 0,
        is_alone=is_refused,
        of_earlier_run=True,
        is_accepted=any(delivery.reason == ACCEPTED for delivery in deliveries),
        clock_of=first.run,
    )
