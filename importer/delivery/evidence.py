"""Collect facts about notes: their deliveries, our author ID, the clock that dates notes, and how far reading lags.

Input: answers with IDs, and pages that were read. Output: facts that decide whether a note is a delivery's own, and
whether a missed note is surely absent.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from importer.api import Cause, Failure, FoundNote, NotesPage, Reply
from importer.delivery import readback
from importer.delivery.clock import NoteClock
from importer.delivery.context import DeliveryContext
from importer.delivery.known_ids import Exchanged, KnownIds
from importer.delivery.readback import Pages
from importer.delivery.replication_lag import ReplicationLag, Watched
from importer.delivery.tasks import Post, Read
from importer.journal import Made, NoteKey
from importer.messages import Message, say
from importer.models import Note, Status

_MOST_KNOWN = 2_000  # notes of this run that are recognised on a page
_PAUSE = 5.0  # seconds between lookups of an earlier run's note that cannot be read yet
_MOST_WATCHES = (
    25  # lookups in a run that measure the lag; fewer than ``readback._TAKES``, which keeps runs apart (D73)
)


@dataclass(eq=False, slots=True)
class EvidenceLookup(Read):
    """Lookup of a page of a prospect's notes, among which a certain note is known to be.

    The page shows who writes our notes and which clock dates them. A note of this run also shows how reading lags.

    Attributes:
        note: the note that is known to exist.
        is_young: whether the note was made in this run.
        run: the earlier run whose clock the lookup is to show, if any.
        until: when the lookup is given up, by this run's clock.
    """

    note: Watched
    is_young: bool = True
    run: int | None = None
    until: float = math.inf

    purpose: ClassVar[Message] = say("purpose.seeing-how-soon")

    @property
    def prospect(self) -> str:
        """Prospect whose notes are read."""
        return self.note.prospect


class Evidence:
    """Facts that show whether a note belongs to a delivery, and whether a missed note is absent.

    Args:
        context: the run's context.
        learned_lag: seconds that reading lagged in an earlier run, if that was measured.

    Attributes:
        authors: IDs of the authors of our notes, as far as pages have shown them.
        replication_lag: measures how reading lags.
        note_clock: the clock that dates notes.
        pages: chooses page sizes, and detects outdated pages.
        known_ids: the IDs that deliveries have.
        introductions: lookups of notes that earlier runs made.
        exchanged: answers that belonged to another request.
        lateness: most seconds that an unclear request took until it was applied, as far as dates have shown.
    """

    def __init__(self, context: DeliveryContext, learned_lag: float | None = None) -> None:
        deliveries, traits, run = context.journal.deliveries, context.traits, context.run_id
        self._context, self._deliveries, self._workspace, self._run = context, deliveries, context.workspace, run
        self._dispatcher, self._clock = context.dispatcher, context.clock
        self.authors: set[str] = set()
        self.lateness = 0.0
        self.replication_lag, self.note_clock = ReplicationLag(context.policy.assumed_lag, learned_lag), NoteClock()
        self._own: OrderedDict[str, Watched] = OrderedDict()  # notes of this run whose IDs are known
        self._youngest: Watched | None = None
        self._unclear: dict[NoteKey, Note] = {}  # notes that were unclear in this run; the journal has no texts
        self._adopted: dict[str, float] = {}  # notes read back, perhaps not in the journal yet: ID → when
        self._watches = 0
        self._is_wanted = self._is_watching = False
        self.pages = Pages(traits.page, int(context.clock()) if run is None else run)
        self.known_ids = KnownIds(
            lambda ids: {*deliveries.delivered(context.workspace, [*ids]), *filter(self._has, ids)}
        )
        self.exchanged = Exchanged(context, self.known_ids, self._is_alike)
        self.introductions = Introductions(self, context)

    # -- updates ----------------------------------------------------------------------------------------------------

    def created(self, post: Post, note_ids: Mapping[str, str], came: float) -> None:
        """Record the note IDs from the reply to a request: prospect → ID."""
        note = None
        for prospect, note_id in note_ids.items():
            note = self._own[note_id] = Watched(note_id, prospect, post.sent_at, came, post.key.seen)
        if post.key.status is Status.PUBLISHED:
            self._youngest = note or self._youngest
        while len(self._own) > _MOST_KNOWN:
            self._own.popitem(last=False)
        if self._is_wanted:
            self.watch()

    def unclear(self, post: Post) -> None:
        """Begin the measurements that reading back a request's notes needs."""
        if post.request.note is not None:
            self._unclear[post.key] = post.request.note
        self.watch()
        self.introductions.introduce(post)

    def adopted(self, post: Post, note: FoundNote | None, *note_ids: str) -> None:
        """Record notes that were found for a delivery: its own note, as the API shows it, and further copies."""
        self._adopted.update(dict.fromkeys(note_ids, self._clock()))
        since = self.note_clock.since(post)
        if since is not None and note is not None and note.created_at is not None:
            self.lateness = max(self.lateness, note.created_at - since)

    def read(self, page: NotesPage) -> None:
        """Learn the clock and the authors from known notes on a page."""
        for note in page.all:
            own = self._own.get(note.note_id)
            if own is not None:
                if note.created_at is not None:
                    self.note_clock.observe(own.left, own.came, note.created_at)
                if note.author:
                    self.authors.add(note.author)

    # -- queries ----------------------------------------------------------------------------------------------------

    @property
    def margin(self) -> float:
        """Seconds from when a request can no longer be applied until reading surely shows its notes."""
        return self.replication_lag.margin

    @property
    def is_introducing(self) -> bool:
        """Whether a lookup is under way that may show the author of our notes or the clock of an earlier run."""
        return self.introductions.under_way > 0

    @property
    def own(self) -> Watched | None:
        """Note of this run whose ID is known, the youngest published one if possible."""
        return self._youngest or next(reversed(self._own.values()), None)

    def _has(self, note_id: str) -> bool:
        return note_id in self._own or note_id in self._adopted

    def taken(self, page: NotesPage, prospect: str, post: Post) -> dict[str, float]:
        """Return the prospect's notes that read like a request's and belong to deliveries: ID → when that was known.

        The time is by the clock of the run that sent the request. For a note of another run it is minus infinity if
        that run came before; it is infinity if that run came after, or if the order is unknown.
        """
        key, run = post.key, post.clock_of if post.of_earlier_run else self._run
        if not page.all:
            return {}
        deliveries = self._deliveries.adopted(self._workspace, key, prospect, any_draft=self._context.traits.one_draft)
        self.learn_from(page, deliveries)
        known_at = {note_id: self._known_at(made, run) for note_id, made in deliveries.items()}
        is_ours = not post.of_earlier_run
        for note in page.all:
            if (own := self._own.get(note.note_id)) is not None:
                known_at.setdefault(note.note_id, own.came if is_ours else math.inf)
            if note.note_id in self._adopted:
                known_at.setdefault(note.note_id, self._adopted[note.note_id] if is_ours else math.inf)
        return known_at

    def _is_alike(self, note_id: str, post: Post, taken: Collection[str]) -> bool:
        own = self._own.get(note_id)
        return note_id in self._adopted or (own.seen == post.key.seen if own is not None else note_id in taken)

    def _known_at(self, made: Made, run: int | None) -> float:
        # For a note that a later run read back, the time of sending counts, because a run sends one draft at a time.
        if made.run == run:
            return made.at if made.is_answer or run == self._run else made.sent_at
        return -math.inf if run is not None and made.run < run else math.inf

    def has_note_of(self, prospect: str) -> bool:
        """Return whether any run got the ID of a note of the prospect."""
        if any(note.prospect == prospect for note in self._own.values()):
            return True
        return self._deliveries.has_note_of(self._workspace, prospect)

    def unclaimed(self, candidates: Sequence[FoundNote]) -> list[FoundNote]:
        """Return the candidates that belong to no delivery."""
        if not candidates:
            return []
        delivered = self._deliveries.delivered(self._workspace, [note.note_id for note in candidates])
        return [note for note in candidates if note.note_id not in delivered and not self._has(note.note_id)]

    def rewritten(self, post: Post, prospect: str, candidates: Sequence[FoundNote]) -> FoundNote | None:
        """Return the candidate that surely is a request's note although it reads differently, or None."""
        return readback.rewritten(candidates, post.request.note, self._rivals(prospect, post.key), self.authors)

    def _rivals(self, prospect: str, key: NoteKey) -> list[Note | None]:
        """List the prospect's other unclear notes that may be mistaken for this one; None for one of unknown text."""
        unclear = self._deliveries.unclear_at(self._workspace, prospect)
        if key in unclear:
            unclear.remove(key)  # only once, because another occurrence may have the same note
        alike = [other for other in unclear if (other.visibility, other.status) == (key.visibility, key.status)]
        return [self._unclear.get(other) for other in alike]

    def is_contested(self, prospect: str, key: NoteKey, *, of_any_status: bool = False) -> bool:
        """Return whether a note like this one on the prospect may belong to an unclear delivery."""
        unclear = self._deliveries.unclear_at(self._workspace, prospect)
        others = [other for other in unclear if of_any_status or other.status is key.status]
        return any(not key.readings.isdisjoint(other.readings) for other in others)

    def learn_from(self, page: NotesPage, delivered: Mapping[str, Made]) -> None:
        """Learn authors from the notes that answers named, and earlier runs' clocks from the notes of those runs."""
        for note in page.all:
            made = delivered.get(note.note_id)
            if made is None or not made.is_answer:
                continue
            if note.author:
                self.authors.add(note.author)
            if note.created_at is not None and made.run != self._run:
                self.note_clock.observe(made.sent_at, made.at, note.created_at, made.run)

    # -- measuring the lag ------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Measure how far reading lags, as soon as there is a note to measure it on, unless that is known."""
        self._is_wanted = True
        if self._youngest is not None and not self._is_watching and self._may_watch:
            self._is_watching = True
            self._watch(self._youngest, self._clock())

    def read_again(self, read: Read, failure: Failure | None) -> bool:
        """Repeat a lookup after a failure; return False if it is time to give up."""
        if failure is None or failure.cause in (Cause.CLAIM_EXPIRED, Cause.RATE_LIMITED):
            self._dispatcher.add(read)
            return True
        is_refused = failure.cause in (Cause.INTERMEDIARY, Cause.REDIRECTED)  # so that nothing waits for long
        policy = self._context.policy.retry
        return self._dispatcher.retry(read, failure, replace(policy, attempts=3) if is_refused else policy)

    def _watch(self, note: Watched, due: float) -> None:
        self._watches += 1
        self._dispatcher.add(EvidenceLookup(note, take=self.pages.take(note.prospect)), due)

    @property
    def is_measuring(self) -> bool:
        """Whether it may soon be known how far reading lags, because there is a note to measure it on."""
        return self._youngest is not None and self._may_watch

    @property
    def _may_watch(self) -> bool:
        return not self.replication_lag.is_known and self._watches < _MOST_WATCHES

    def watched(self, watch: EvidenceLookup, reply: Reply[NotesPage], *, goes_on: bool) -> None:
        """Handle the reply to a lookup of a known note; ``goes_on`` while any delivery is unclear."""
        note, page = watch.note, reply.value
        if not watch.is_young:
            self.introductions.introduced(watch, reply)
            return
        self._is_watching = False
        is_there = False
        if page is not None:
            self.read(page)
            is_there = any(shown.note_id == note.note_id for shown in page.notes)
            if is_there:
                self.replication_lag.saw(note.note_id, reply.came - note.left)
            else:  # even if there are more pages, in whatever order: too long a lag does no harm
                self.replication_lag.missed(note.note_id, reply.came - note.left)
        else:
            self.replication_lag.not_read()
        self._is_wanted = goes_on
        if goes_on and self._may_watch and self._youngest is not None:
            self._is_watching = True
            self._watch(
                self._youngest if is_there or page is None else note, self._clock() + self.replication_lag.pause
            )


class Introductions:
    """Lookups of our own notes, which show who writes them and how far earlier runs' clocks are off.

    Args:
        evidence: takes in what the lookups show.
        context: the run's context.

    Attributes:
        under_way: number of lookups that have not ended.
    """

    def __init__(self, evidence: Evidence, context: DeliveryContext) -> None:
        self._evidence, self._context, self._workspace = evidence, context, context.workspace
        self._deliveries, self._dispatcher, self._clock = context.journal.deliveries, context.dispatcher, context.clock
        self._is_introduced = self._is_asked = False
        self._asked: set[int] = set()  # earlier runs whose note was looked up
        self.under_way = 0

    def introduce(self, post: Post) -> None:
        """Look up a note of the run that sent a request, to learn its clock, or any of ours, to learn our author ID."""
        run, latest_created = post.clock_of, self._deliveries.latest_created
        if (
            run is not None
            and post.since is None
            and not self._evidence.note_clock.is_known(run)
            and run not in self._asked
        ):
            self._asked.add(run)
            note = latest_created(self._workspace, run)
            self._look_for(note, run)
            self._is_introduced |= note is not None
        if not self._is_introduced and self._evidence.own is None:
            self._is_introduced = True
            self._look_for(latest_created(self._workspace))

    def ask_once_more(self) -> bool:
        """Look up a note of ours once more before our author is guessed; return whether a lookup was begun."""
        if self._evidence.authors or self._is_asked:
            return False
        self._is_asked = True
        own = self._evidence.own
        self._look_for((own.prospect, own.note_id) if own else self._deliveries.latest_created(self._workspace))
        return self.under_way > 0

    def _look_for(self, note: tuple[str, str] | None, run: int | None = None) -> None:
        """Look up one of our notes by prospect and ID, until reading shows it or another of ours."""
        if note is not None:
            prospect, note_id = note
            until = self._clock() + self._evidence.margin  # by then reading shows even a young note
            watched = Watched(note_id, prospect, 0.0, 0.0)
            self.under_way += 1
            self._dispatcher.add(
                EvidenceLookup(watched, is_young=False, run=run, until=until, take=self._evidence.pages.take(prospect))
            )

    def introduced(self, watch: EvidenceLookup, reply: Reply[NotesPage]) -> None:
        """Handle the reply to a lookup of one of our notes."""
        page = reply.value
        if page is None:
            self.under_way -= not self._evidence.read_again(watch, reply.failure)
            return
        delivered = self._deliveries.delivered(self._workspace, [note.note_id for note in page.all])
        self._evidence.learn_from(page, delivered)
        is_shown = bool(delivered) if watch.run is None else self._evidence.note_clock.is_known(watch.run)
        if not is_shown and page.has_more and page.notes and watch.skip < 10 * self._context.traits.page:
            watch.skip += len(page.notes)
            self._dispatcher.add(watch)
        elif not is_shown and self._clock() < watch.until:
            watch.skip, watch.take = 0, self._evidence.pages.take(watch.prospect)
            self._dispatcher.add(watch, self._clock() + _PAUSE)
        else:
            self.under_way -= 1
