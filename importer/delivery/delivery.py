"""Delivery of a plan: what earlier runs did is settled or looked up, the rest is sent.

Comes in: rows and their plan. Goes out: an outcome for every row.
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
    """Delivers once.

    Args:
        outcomes: told what became of each row.
        journal: the record of deliveries.
        workspace: whose deliveries these are.
        run: the run, begun in the journal; None where nothing is sent, but only looked up.
        caller: makes the calls.
        policy: how to go about it.
        observe: told of progress after every round, if anybody is.
        learned_lag: seconds that reading lagged in an earlier run, where that was measured.

    Attributes:
        samples: what is read back of the notes that were created.
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
        if journal.is_shared:  # a lock that is lost doesn't stop its holder
            policy = replace(policy, head_start=LONGEST_CLAIM)
        limit = journal.learned.limit(workspace)
        self._usual = Rate(*limit) if limit else None
        self._one_draft = caller.api.traits.one_draft
        self._ledger = Ledger(journal, outcomes, run)
        self._dispatcher: Dispatcher[Task] = Dispatcher.of(
            caller, partial(perform, caller.api, caller.clock), (Lookup.kind, Post.kind)
        )
        replication_lag, number = ReplicationLag(policy.assumed_lag, learned_lag), run.id if run is not None else None
        self._evidence = Evidence(
            journal, workspace, self._dispatcher, caller.api.traits, caller.clock, replication_lag, policy.retry, number
        )
        reachability = Reachability(self._dispatcher, caller.api.traits, policy, caller.api.renew)
        recorded = partial(journal.deliveries.sampled, workspace, missing=run is None)
        self.samples = Samples(self._ledger, self._dispatcher, self._evidence, recorded, caller, policy, number)
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
        self._remaining, self._full_batch = Remaining(0, 0, 0), policy.batch_size  # of what was not taken up yet
        self.held_back: list[int] = []

    @property
    def files(self) -> Sequence[str]:
        """Digests of the files that what is still to be made carries."""
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
        """Prospects in one request at most."""
        return self._coordinator.sizes.batch_size

    @property
    def measured_lag(self) -> float | None:
        """Seconds that reading lagged behind writing, where that was measured."""
        return self._evidence.replication_lag.measured

    @property
    def has_learned(self) -> bool:
        """Whether the API refused a size, and accepted a smaller one."""
        return self.batch_size < self._full_batch

    def prepare(self, rows: Rows, plan: Plan, first: int | None = None) -> Remaining:
        """Look up what earlier runs did, settle what needs no call, and return what remains.

        ``first``: so many of the rows that are to be sent are sent; ``held_back`` has the positions of the others.
        """
        assert self._run is not None
        occurrence = self._run.occurrence
        keys = [NoteKey.of(group.note) for group in plan.groups]
        numbers, known_before = self._journal.deliveries.enter_notes(self._workspace, keys)
        conflicts: ConflictKeys[Post] = ConflictKeys(plan.groups, keys, rows, one_draft=self._one_draft)
        known = [number if number in known_before else None for number in numbers]
        found = []
        sorted_groups = earlier.sort(plan.groups, keys, known, rows, self._journal, self._workspace, occurrence)
        for one, number in zip(sorted_groups, numbers, strict=True):
            found.append(one)
            one.number = number
            positions = one.group.positions
            there = [int(positions[i]) for i, _ in one.made], [delivery for _, delivery in one.made]
            self._ledger.already(*there)
            for note, key in {number: one.key, **one.former}.items():
                self.check(key, [pair for pair in zip(*there, strict=True) if pair[1].note == note])
            for members in one.unclear.values():
                indices, deliveries = [i for i, _ in members], [delivery for _, delivery in members]
                its_rows = [int(positions[i]) for i in indices]
                if (note := deliveries[0].note) != number:  # absent, it is sent by the next run, as it is read now
                    self.take_up(one.former[note], note, deliveries, its_rows)
                else:
                    self._take_up(one, deliveries, its_rows, conflicts)
            one.made = []  # of a million rows they would fill the memory
        self.held_back = earlier.hold_back(found, first) if first is not None else []
        self._posts = self._to_send(found, rows, conflicts, occurrence)
        remaining = earlier.summed(found, rows, self.batch_size)
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
        for one in found:
            if (group := one.todo) is not None:
                for request in grouping.requests(group, rows, self.batch_size):
                    if occurrence:
                        request = request.with_keys(occurrence + key for key in request.keys)  # noqa: PLW2901
                    assert one.number is not None
                    left = self._remaining
                    self._remaining = replace(
                        left, requests=left.requests - 1, deliveries=left.deliveries - len(request)
                    )
                    yield Post(request, one.key, one.number, conflicts.of(one.key, request.prospects))

    def take_up(self, key: NoteKey, number: int, deliveries: Sequence[KnownDelivery], positions: Sequence[int]) -> None:
        """Look up what an earlier run sent without a clear answer; without its note it can't be sent again.

        Args:
            key: the note.
            number: the note's number in the journal.
            deliveries: all of one request of that run.
            positions: their rows.
        """
        post = _earlier_post(key, number, deliveries, positions)
        self._coordinator.take_up(post, broke_off=self._broke_off(deliveries))

    def check(self, key: NoteKey, made: Iterable[tuple[int, KnownDelivery]]) -> None:
        """Look once more at what an earlier run sent again, where it ended before it had looked itself.

        Args:
            key: the note.
            made: its deliveries that are there, each with its row's position.
        """
        for position, known in made:
            if known.resent_at is not None and known.note_id is not None:
                post = _earlier_post(key, known.note, [known], [position])
                # When it was sent for the first time isn't known any more, but not before that run began.
                post.first_sent_at = min(post.sent_at, self._runs[known.run].started_at)
                self._coordinator.check(post, known.note_id)

    def _broke_off(self, deliveries: Sequence[KnownDelivery]) -> bool:
        """Whether the run that sent them broke off before it knew what became of them."""
        return any(
            known.state is DeliveryState.SENDING and known.run in self._runs and self._runs[known.run].ended_at is None
            for known in deliveries
        )

    @cached_property
    def _runs(self) -> dict[int, Run]:
        """The workspace's earlier runs, by their number."""
        return {run.id: run for run in self._journal.runs.listed(self._workspace)}

    def count_settled(self, size: int, ended: Mapping[Result, int]) -> None:
        """Count so many as settled that needed no sending after all; of some it is told how they ended."""
        self._ledger.settled += size
        self._ledger.ended.update(ended)

    def run(
        self,
        uploaded: Uploaded | None = None,
        renew: Callable[[Sequence[Note]], Sequence[Uploaded]] = lambda _: (),
    ) -> None:
        """Deliver everything that can be delivered.

        Args:
            uploaded: what became of the files that ``prepare`` said are to be uploaded.
            renew: uploads the files of each of these notes once more, for it alone.

        Raises:
            Stopped: the run can't go on; what is under way was waited for, and the outcomes are true.
        """
        coordinator = self._coordinator
        coordinator.attachments.uploaded = uploaded or coordinator.attachments.uploaded
        coordinator.run(self._posts)
        while stale := coordinator.attachments.take_stale():
            notes = [post.request.note for post in stale if post.request.note is not None]
            for post, its_own in zip(stale, renew(notes), strict=True):
                post.uploaded = its_own
            coordinator.run(stale)

    @property
    def progress(self) -> Progress:
        """How far it is."""
        ledger, calls, held = self._ledger, self._dispatcher, self._dispatcher.held_to
        return Progress(
            len(self._outcomes),
            ledger.settled,
            ledger.created,
            ledger.failed,
            self.posts_sent,
            calls.trouble,
            dict(ledger.ended),
            calls.seconds_for(self._calls_to_come, self._usual),
            None if held is None else (held.calls, held.seconds),
            calls.gives_up_in,
        )

    @property
    def _calls_to_come(self) -> int:
        """Calls that are still to be made: about, for a request that is refused for its size becomes several."""
        smaller = self._full_batch / self.batch_size
        requests = min(self._remaining.deliveries, round(max(0, self._remaining.requests) * smaller))
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
