"""Deliver a plan: settle or look up what earlier runs did, and send the rest.

Input: rows and their plan. Output: an outcome for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial

from importer import grouping
from importer.calls.caller import Caller
from importer.calls.dispatcher import Dispatcher
from importer.delivery import earlier
from importer.delivery.coordinator import Coordinator, perform
from importer.delivery.evidence import Evidence
from importer.delivery.ledger import Ledger
from importer.delivery.outcomes import Outcomes
from importer.delivery.policy import LONGEST_CLAIM, Policy
from importer.delivery.reachability import Reachability
from importer.delivery.replication_lag import ReplicationLag
from importer.delivery.sample import Samples
from importer.delivery.tasks import Lookup, Post, Task
from importer.grouping.conflicts import ConflictKeys
from importer.journal import ACCEPTED, DeliveryState, Journal, KnownDelivery, NoteKey, Run
from importer.models import Note, Plan, Progress, Remaining, Request, Result, Rows, Workspace
from importer.rows.uploads import Uploaded
from importer.settings import Rate


class Delivery:
    """Delivery of a plan.

    Args:
        outcomes: stores the outcome of each row.
        journal: the record of deliveries.
        workspace: the workspace of the deliveries.
        run: the run, already begun in the journal; None if nothing is sent, but only looked up.
        caller: makes the calls.
        policy: the settings of delivery.
        observe: called with the progress after each round, if given.
        learned_lag: seconds that reading lagged in an earlier run, if that was measured.

    Attributes:
        samples: reads back some of the created notes.
        held_back: positions of the rows that wait until a person has looked at others.
    """

    def __init__(
        self,
        outcomes: Outcomes,
        journal: Journal,
        workspace: Workspace,
        run: Run | None,
        caller: Caller,
        policy: Policy,
        observe: Callable[[Progress], None] | None = None,
        learned_lag: float | None = None,
    ) -> None:
        self._outcomes, self._journal, self._workspace, self._run = outcomes, journal, workspace, run
        if journal.is_shared:  # a process that has lost its lock may still send
            policy = replace(policy, head_start=LONGEST_CLAIM)
        learned_limit = journal.learned.limit(workspace)
        self._usual = Rate(*learned_limit) if learned_limit else None
        self._one_draft = caller.api.traits.one_draft
        self._ledger = Ledger(journal, outcomes, run)
        self._dispatcher: Dispatcher[Task] = Dispatcher.of(
            caller, partial(perform, caller.api, caller.clock), (Lookup.kind, Post.kind)
        )
        replication_lag, run_id = ReplicationLag(policy.assumed_lag, learned_lag), run.id if run is not None else None
        self._evidence = Evidence(
            journal, workspace, self._dispatcher, caller.api.traits, caller.clock, replication_lag, policy.retry, run_id
        )
        reachability = Reachability(self._dispatcher, caller.api.traits, policy, caller.api.renew)
        recorded = partial(journal.deliveries.sampled, workspace, missing=run is None)
        self.samples = Samples(self._ledger, self._dispatcher, self._evidence, recorded, caller, policy, run_id)
        self.samples.take_up()
        self._coordinator = Coordinator(
            self._ledger,
            self._dispatcher,
            reachability,
            self._evidence,
            self.samples,
            policy,
            clock=caller.clock,
            observe=lambda: observe(self.progress) if observe is not None else None,
        )
        self._posts: Iterator[Post] = iter(())
        self._remaining, self._full_batch = Remaining(0, 0, 0), policy.batch_size  # requests not built yet
        self.held_back: list[int] = []

    @property
    def files(self) -> Sequence[str]:
        """Digests of the files of all notes still to be made."""
        return self._remaining.files

    @property
    def posts_sent(self) -> int:
        """Requests that left for the API, answered or not."""
        return self._coordinator.posts_sent

    @property
    def lookups_sent(self) -> int:
        """Lookups that left for the API, answered or not."""
        return self._coordinator.lookups_sent

    @property
    def batch_size(self) -> int:
        """Most prospects in one request."""
        return self._coordinator.sizes.batch_size

    @property
    def measured_lag(self) -> float | None:
        """Seconds that reading lagged behind writing, if that was measured."""
        return self._evidence.replication_lag.measured

    @property
    def has_learned(self) -> bool:
        """Whether the API refused a request's size and accepted a smaller one."""
        return self.batch_size < self._full_batch

    def prepare(self, rows: Rows, plan: Plan, first: int | None = None) -> Remaining:
        """Settle or look up the deliveries of earlier runs, and return what remains to be done.

        If ``first`` is given, at most that many rows are sent; the others are held back.
        """
        assert self._run is not None
        occurrence = self._run.occurrence
        keys = [NoteKey.of(group.note) for group in plan.groups]
        numbers, known_before = self._journal.deliveries.enter_notes(self._workspace, keys)
        conflicts: ConflictKeys[Post] = ConflictKeys(plan.groups, keys, rows, one_draft=self._one_draft)
        known_numbers = [number if number in known_before else None for number in numbers]
        sorted_groups = []
        looked_up = earlier.sort(plan.groups, keys, known_numbers, rows, self._journal, self._workspace, occurrence)
        for sorted_group, number in zip(looked_up, numbers, strict=True):
            sorted_groups.append(sorted_group)
            sorted_group.number = number
            positions = sorted_group.group.positions
            made = [int(positions[i]) for i, _ in sorted_group.made], [delivery for _, delivery in sorted_group.made]
            self._ledger.already(*made)
            for note, key in {number: sorted_group.key, **sorted_group.former}.items():
                self.check(key, [pair for pair in zip(*made, strict=True) if pair[1].note == note])
            for members in sorted_group.unclear.values():
                indices, deliveries = [i for i, _ in members], [delivery for _, delivery in members]
                row_positions = [int(positions[i]) for i in indices]
                # If a note of an earlier version is absent, the next run sends the note as it is read now.
                if (note := deliveries[0].note) != number:
                    self.take_up(sorted_group.former[note], note, deliveries, row_positions)
                else:
                    self._take_up(sorted_group, deliveries, row_positions, conflicts)
            sorted_group.made = []  # for a million rows they would use too much memory
        self.held_back = earlier.hold_back(sorted_groups, first) if first is not None else []
        self._posts = self._to_send(sorted_groups, rows, conflicts, occurrence)
        remaining = earlier.summed(sorted_groups, rows, self.batch_size)
        self._remaining = replace(remaining, held_back=len(self.held_back), groups=())
        self.samples.draw.expect(remaining.deliveries)
        return self._remaining

    def _take_up(
        self,
        one: earlier.SortedGroup,
        deliveries: Sequence[KnownDelivery],
        positions: Sequence[int],
        conflicts: ConflictKeys[Post],
    ) -> None:
        assert one.number is not None
        post = _earlier_post(one.key, one.number, deliveries, positions)
        post.request = post.request.of(one.group.note)
        post.conflict = conflicts.of(one.key, post.request.prospects)
        self._coordinator.take_up(post, broke_off=self._broke_off(deliveries))

    def _to_send(
        self, found: Sequence[earlier.SortedGroup], rows: Rows, conflicts: ConflictKeys[Post], occurrence: str
    ) -> Iterator[Post]:
        for entry in found:
            if (group := entry.todo) is not None:
                for request in grouping.requests(group, rows, self.batch_size):
                    if occurrence:
                        request = request.with_keys(occurrence + key for key in request.keys)  # noqa: PLW2901
                    assert entry.number is not None
                    remaining = self._remaining
                    self._remaining = replace(
                        remaining, requests=remaining.requests - 1, deliveries=remaining.deliveries - len(request)
                    )
                    yield Post(request, entry.key, entry.number, conflicts.of(entry.key, request.prospects))

    def take_up(self, key: NoteKey, number: int, deliveries: Sequence[KnownDelivery], positions: Sequence[int]) -> None:
        """Look up an earlier run's deliveries without a clear answer.

        Because the note's text isn't given, absent deliveries are not sent again.

        Args:
            key: the note.
            number: the note's number in the journal.
            deliveries: all deliveries of one request of that run.
            positions: the positions of their rows.
        """
        post = _earlier_post(key, number, deliveries, positions)
        self._coordinator.take_up(post, broke_off=self._broke_off(deliveries))

    def check(self, key: NoteKey, made: Iterable[tuple[int, KnownDelivery]]) -> None:
        """Look for further copies of notes that an earlier run sent again, if that run ended before it looked.

        Args:
            key: the note.
            made: its deliveries that exist, each with its row's position.
        """
        for position, delivery in made:
            if delivery.resent_at is not None and delivery.note_id is not None:
                post = _earlier_post(key, delivery.note, [delivery], [position])
                # The time of the first attempt is no longer known, but it was not before that run began.
                post.first_sent_at = min(post.sent_at, self._runs[delivery.run].started_at)
                self._coordinator.check(post, delivery.note_id)

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
        return {run.id: run for run in self._journal.runs.listed(self._workspace)}

    def count_settled(self, size: int, ended: Mapping[Result, int]) -> None:
        """Count rows that were settled without being sent, and the results of some of them."""
        self._ledger.settled += size
        self._ledger.ended.update(ended)

    def run(
        self,
        uploaded: Uploaded | None = None,
        renew: Callable[[Sequence[Note]], Sequence[Uploaded]] = lambda _: (),
    ) -> None:
        """Deliver everything that can be delivered.

        Args:
            uploaded: results of the uploads of :attr:`files`.
            renew: uploads the files of each of these notes once more, for that note alone.

        Raises:
            Stopped: the run cannot continue. Calls in flight have ended, and the outcomes are correct.
        """
        coordinator = self._coordinator
        coordinator.attachments.uploaded = uploaded or coordinator.attachments.uploaded
        coordinator.run(self._posts)
        while stale := coordinator.attachments.take_stale():
            notes = [post.request.note for post in stale if post.request.note is not None]
            for post, uploads in zip(stale, renew(notes), strict=True):
                post.uploaded = uploads
            coordinator.run(stale)

    @property
    def progress(self) -> Progress:
        """Progress of the delivery."""
        ledger, calls, held_to = self._ledger, self._dispatcher, self._dispatcher.held_to
        return Progress(
            len(self._outcomes),
            ledger.settled,
            ledger.created,
            ledger.failed,
            self.posts_sent,
            calls.trouble,
            dict(ledger.ended),
            calls.seconds_for(self._calls_to_come, self._usual),
            None if held_to is None else (held_to.calls, held_to.seconds),
            calls.gives_up_in,
        )

    @property
    def _calls_to_come(self) -> int:
        """Estimate of the calls still to be made; a request that is refused for its size becomes several."""
        pieces = self._full_batch / self.batch_size
        requests = min(self._remaining.deliveries, round(max(0, self._remaining.requests) * pieces))
        return max(0, requests) + self._dispatcher.to_come + self._coordinator.to_come


def _earlier_post(key: NoteKey, number: int, deliveries: Sequence[KnownDelivery], positions: Sequence[int]) -> Post:
    first = deliveries[0]
    request = Request(
        None,
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
