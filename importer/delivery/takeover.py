"""Take over what earlier runs left: settle what they made, and look up what they left unclear.

Input: a plan and the journal. Output: the plan's groups, sorted by what is left to do; lookups under way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from importer.delivery import earlier
from importer.delivery.context import DeliveryContext
from importer.delivery.duplicates import Duplicates
from importer.delivery.ledger import Ledger
from importer.delivery.other_names import alias_digests, is_composed, taken_digest
from importer.delivery.resolver import Resolver
from importer.delivery.sorted_group import Known, SortedGroup
from importer.delivery.source_rows import MARK, source_digest, sources_by_position
from importer.delivery.tasks import Post
from importer.grouping.conflicts import ConflictKeys
from importer.journal import ACCEPTED, Alias, DeliveryState, KnownDelivery, NoteKey, Run
from importer.messages import Message, say
from importer.models import Note, Plan, Request, Rows
from importer.settings.reading import kind_in_words

_KNOWN = {
    Known.BY_RECORD: "known.by-record",
    Known.OTHERWISE: "known.otherwise",
    Known.COMPOSED_OTHERWISE: "known.uncomposed",
    Known.AS_CORRECTED: "known.as-corrected",
}


class Takeover:
    """Deliveries of earlier runs.

    Args:
        context: the run's context.
        ledger: records the result of each delivery.
        resolver: looks up the deliveries that are unclear.
        duplicates: looks for further copies of notes that were sent again.

    Attributes:
        differing: row's position → message that its prospect has its text with another visibility or status.
    """

    def __init__(self, context: DeliveryContext, ledger: Ledger, resolver: Resolver, duplicates: Duplicates) -> None:
        self._context, self._ledger, self._resolver, self._duplicates = context, ledger, resolver, duplicates
        self.differing: dict[int, Message] = {}

    def take_over(self, rows: Rows, plan: Plan) -> tuple[list[SortedGroup], ConflictKeys[Post]]:
        """Settle or look up deliveries of earlier runs; return the groups by what is left to do, and conflict keys."""
        run, journal, workspace = self._context.run, self._context.journal, self._context.workspace
        assert run is not None
        keys = [NoteKey.of(group.note) for group in plan.groups]
        one_draft = self._context.traits.one_draft
        conflicts: ConflictKeys[Post] = ConflictKeys(plan.groups, keys, rows, one_draft=one_draft)
        numbers, known_before = journal.deliveries.enter_notes(workspace, keys)
        known_numbers = [number if number in known_before else None for number in numbers]
        self._ledger.records = rows.record
        self._ledger.sources = sources_by_position(rows, plan, are_there=journal.aliases.are_there(workspace, MARK))
        groups, aliases = [], list[Alias]()
        looked_up = earlier.sort(plan.groups, keys, known_numbers, rows, journal, workspace, run.occurrence)
        looked_up = earlier.with_differing(looked_up, rows, journal, workspace)
        for group, number in zip(looked_up, numbers, strict=True):
            group.number = number
            self._note_differing(group)
            aliases += self._aliases(group, rows)
            self._take_over_group(group, number, conflicts)
            groups.append(group)
        journal.aliases.enter(workspace, aliases)  # all at once, because one delivery may count for several rows
        return groups, conflicts

    def _aliases(self, group: SortedGroup, rows: Rows) -> Iterator[Alias]:
        """Yield further digests for the deliveries of earlier runs: of their records, and of texts composed now."""
        run, note = self._context.run, group.group.note
        assert run is not None
        sources = self._ledger.sources
        for i, delivery in group.known if rows.record is not None or sources or group.how else ():
            position, is_same = int(group.group.positions[i]), i not in group.how
            digests = alias_digests(rows, note, position, run.occurrence, is_same=is_same)
            name = (delivery.note, delivery.prospect, delivery.occurrence)
            yield from ((digest, name) for digest, _ in digests)
            if not is_same and is_composed(note):
                yield taken_digest(delivery), name
            for source in sources.get(position, ()):
                yield source_digest(source, *name[1:]), name

    def _note_differing(self, group: SortedGroup) -> None:
        for i, ((visibility, status), delivery) in group.differing.items():
            kind = say("names", names=tuple(kind_in_words(visibility, status)))
            message = say("outcome.differing", kind=kind, run=self._runs[delivery.run].name)
            self.differing[int(group.group.positions[i])] = message

    def _take_over_group(self, group: SortedGroup, number: int, conflicts: ConflictKeys[Post]) -> None:
        positions = group.group.positions
        made = [int(positions[i]) for i, _ in group.made], [delivery for _, delivery in group.made]
        self._ledger.already(*made, [self._how(group.how.get(i), delivery) for i, delivery in group.made])
        for note, key in {number: group.key, **group.former}.items():
            self.check(key, [pair for pair in zip(*made, strict=True) if pair[1].note == note])
        for members in group.unclear.values():
            deliveries, rows = [delivery for _, delivery in members], [int(positions[i]) for i, _ in members]
            # The text that was sent isn't known. If the note is absent, the next run sends the row's text of now.
            if (note := deliveries[0].note) != number:
                self.take_up(group.former[note], note, deliveries, rows)
            else:
                self.take_up(group.key, number, deliveries, rows, group.group.note, conflicts)
        group.made = []  # for a million rows they would use too much memory

    def _how(self, how: Known | None, delivery: KnownDelivery) -> Message | None:
        """Return why a row isn't sent although its text is another one; None if its text is the same."""
        if how is None:
            return None
        run = self._runs[delivery.run]
        return say(_KNOWN[how], run=run.name, file=run.file)

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
        """Look for further copies of notes that an earlier run sent again, if that run ended before it looked (D87).

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
                self._duplicates.made(post, delivery.note_id, came)

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
    first = deliveries[0]
    request = Request(
        note,
        tuple(positions),
        tuple(delivery.prospect for delivery in deliveries),
        tuple(delivery.occurrence for delivery in deliveries),
    )
    return Post(
        request,
        key,
        number,
        request_number=first.request,
        sent_at=first.sent_at,
        first_sent_at=first.sent_at,
        since=first.since,
        of_earlier_run=True,
        is_accepted=any(delivery.reason == ACCEPTED for delivery in deliveries),
        clock_of=first.run,
    )
