"""What is known of notes: whose their ids are, who writes ours, which clock dates them, and how reading lags.

Comes in: answers that bring ids, and pages that are read. Goes out: facts that decide whether a note is a delivery's
own, and whether one that is missed surely isn't there.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from importer.api import Cause, Failure, FoundNote, NotesPage, Reply, Traits
from importer.calls.dispatcher import Dispatcher
from importer.calls.retry import RetryPolicy
from importer.delivery import readback
from importer.delivery.clock import NoteClock
from importer.delivery.exchanged import Exchanged
from importer.delivery.known_ids import KnownIds
from importer.delivery.pages import Pages
from importer.delivery.replication_lag import ReplicationLag, Watched
from importer.delivery.tasks import EvidenceLookup, Post, Read, Task
from importer.journal import Journal, Made, NoteKey
from importer.models import Note, Status, Workspace

_MOST_KNOWN = 2_000  # notes of this run that are recognised when a page shows them
_PAUSE = 5.0  # seconds between looks for a note of an earlier run that can't be read yet
_MOST_WATCHES = 25  # looks in a run that measure how reading lags; fewer than keep runs apart


class Evidence:
    """What is known of notes.

    Args:
        journal: knows the ids of all notes that were delivered.
        workspace: whose notes these are.
        dispatcher: makes the calls that measure.
        traits: what is special about the vendor; kept.
        clock: seconds since 1970, never going back.
        replication_lag: how reading lags.
        retry: of one look.
        run: the run's number, where there is a run.

    Attributes:
        authors: ids of those who write our notes, as far as pages have shown.
        replication_lag: how reading lags.
        note_clock: the clock that dates notes.
        pages: which pages are asked for, and which of them are up to date.
        known_ids: the ids that deliveries have.
        introductions: looks at notes that earlier runs made.
        exchanged: answers that were another request's.
        lateness: seconds that an unclear request took at most until it was applied, as far as dates have shown.
    """

    def __init__(
        self,
        journal: Journal,
        workspace: Workspace,
        dispatcher: Dispatcher[Task],
        traits: Traits,
        clock: Callable[[], float],
        replication_lag: ReplicationLag,
        retry: RetryPolicy,
        run: int | None = None,
    ) -> None:
        self.authors: set[str] = set()
        self.replication_lag = replication_lag
        self._retry = retry
        self.note_clock = NoteClock()
        self._journal, self._workspace, self._dispatcher = journal, workspace, dispatcher
        self.traits, self._clock, self._run = traits, clock, run
        self._own: OrderedDict[str, Watched] = OrderedDict()  # notes of this run whose ids are known
        self._youngest: Watched | None = None
        self._unclear: dict[NoteKey, Note] = {}  # notes that were unclear in this run, for the journal has no texts
        self._watches = 0
        self.lateness = 0.0
        self.known_ids = KnownIds(
            lambda: journal.deliveries.note_ids(workspace),
            lambda ids: {*journal.deliveries.delivered(workspace, [*ids]), *(id_ for id_ in ids if self._has(id_))},
        )
        self._adopted: dict[str, float] = {}  # read back, and maybe not in the journal yet
        self._is_wanted = self._is_watching = False
        self.pages = Pages(traits.page, int(clock()) if run is None else run)
        self.exchanged = Exchanged(journal, workspace, run, self.known_ids, self._is_alike)
        self.introductions = Introductions(self, journal, workspace, dispatcher, clock)

    # -- told -------------------------------------------------------------------------------------------------------

    def created(self, post: Post, note_ids: Mapping[str, str], came: float) -> None:
        """A reply brought the ids of a request's notes: prospect → id."""
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
        """A post's notes are looked for: what is needed for that is measured."""
        if post.request.note is not None:
            self._unclear[post.key] = post.request.note
        self.watch()
        self.introductions.introduce(post)

    def adopted(self, post: Post, note: FoundNote | None, *note_ids: str) -> None:
        """Notes were read back and are a delivery's now: its own, as it was shown, or once more the same."""
        self._adopted.update(dict.fromkeys(note_ids, self._clock()))
        self.known_ids.add(note_ids)
        since = self.note_clock.since(post)
        if since is not None and note is not None and note.created_at is not None:
            self.lateness = max(self.lateness, note.created_at - since)

    def read(self, page: NotesPage) -> None:
        """A page was read: known notes on it show the clock that dates them, and who writes them."""
        for note in page.all:
            known = self._own.get(note.note_id)
            if known is not None:
                if note.created_at is not None:
                    self.note_clock.observe(known.left, known.came, note.created_at)
                if note.author:
                    self.authors.add(note.author)

    # -- asked ------------------------------------------------------------------------------------------------------

    @property
    def margin(self) -> float:
        """Seconds after rest at which reading surely has caught up with it."""
        return self.replication_lag.margin

    @property
    def is_introducing(self) -> bool:
        """Whether a look is under way that may show who writes our notes, or an earlier run's clock."""
        return self.introductions.under_way > 0

    @property
    def own(self) -> Watched | None:
        """A note of this run whose ID is known, the youngest if possible."""
        return self._youngest or next(reversed(self._own.values()), None)

    def _has(self, note_id: str) -> bool:
        return note_id in self._own or note_id in self._adopted

    def taken(self, page: NotesPage, prospect: str, post: Post) -> dict[str, float]:
        """Return the notes of a prospect like a post's that deliveries have: id → when that was known.

        The time is by the clock of the run that sent the post. What another run made is minus infinity if that run came
        before, infinity if it came after, or if its place can't be told.
        """
        key, run = post.key, post.clock_of if post.of_earlier_run else self._run
        if not page.all:
            return {}
        known = self._journal.deliveries.adopted(self._workspace, key, prospect, any_draft=self.traits.one_draft)
        self.learn_from(page, known)
        found = {note_id: self._known_at(made, run) for note_id, made in known.items()}
        is_ours = not post.of_earlier_run
        for note in page.all:
            if (own := self._own.get(note.note_id)) is not None:
                found.setdefault(note.note_id, own.came if is_ours else math.inf)
            if note.note_id in self._adopted:
                found.setdefault(note.note_id, self._adopted[note.note_id] if is_ours else math.inf)
        return found

    def _is_alike(self, note_id: str, post: Post, taken: Collection[str]) -> bool:
        own = self._own.get(note_id)
        return note_id in self._adopted or (own.seen == post.key.seen if own is not None else note_id in taken)

    def _known_at(self, made: Made, run: int | None) -> float:
        if made.run == run:  # of what a later run read back: when it was sent, for a run sends drafts one after another
            return made.at if made.is_answer or run == self._run else made.sent_at
        return -math.inf if run is not None and made.run < run else math.inf

    def has_note_of(self, prospect: str) -> bool:
        """Whether any run was given the id of a note of the prospect."""
        if any(note.prospect == prospect for note in self._own.values()):
            return True
        return self._journal.deliveries.has_note_of(self._workspace, prospect)

    def unclaimed(self, candidates: Sequence[FoundNote]) -> list[FoundNote]:
        """Those of the candidates that no delivery has."""
        if not candidates:
            return []
        found = self._journal.deliveries.delivered(self._workspace, [note.note_id for note in candidates])
        return [note for note in candidates if note.note_id not in found and not self._has(note.note_id)]

    def rewritten(self, post: Post, prospect: str, candidates: Sequence[FoundNote]) -> FoundNote | None:
        """Which candidate surely is a post's note for the prospect, though it reads differently; None where none is."""
        return readback.rewritten(candidates, post.request.note, self._rivals(prospect, post.key), self.authors)

    def _rivals(self, prospect: str, key: NoteKey) -> list[Note | None]:
        """Other unclear notes of the prospect that could be taken for this one, None for one whose text isn't known."""
        unclear = self._journal.deliveries.unclear_at(self._workspace, prospect)
        if key in unclear:
            unclear.remove(key)  # once: with another occurrence it may be there again
        alike = [other for other in unclear if (other.visibility, other.status) == (key.visibility, key.status)]
        return [self._unclear.get(other) for other in alike]

    def is_contested(self, prospect: str, key: NoteKey) -> bool:
        """Whether a note like this one on the prospect may be that of a delivery that is unclear."""
        others = self._journal.deliveries.unclear_at(self._workspace, prospect)
        return any(other.status is key.status and not key.readings.isdisjoint(other.readings) for other in others)

    def learn_from(self, page: NotesPage, delivered: Mapping[str, Made]) -> None:
        """Notes that deliveries have show who writes ours; those of earlier runs also how those runs' clocks stood."""
        for note in page.all:
            made = delivered.get(note.note_id)
            if made is None:
                continue
            if note.author:
                self.authors.add(note.author)
            if note.created_at is not None and made.is_answer and made.run != self._run:
                self.note_clock.observe(made.sent_at, made.at, note.created_at, made.run)

    # -- measuring the lag ------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Measure how reading lags, unless that is known; as soon as there is a note to measure it on."""
        self._is_wanted = True
        if self._youngest is not None and not self._is_watching and self._may_watch:
            self._is_watching = True
            self._watch(self._youngest, self._clock())

    def read_again(self, read: Read, failure: Failure | None) -> bool:
        """Look once more after a failure; False when it is time to give it up."""
        if failure is None or failure.cause in (Cause.CLAIM_EXPIRED, Cause.RATE_LIMITED):
            self._dispatcher.add(read)
            return True
        is_refused = failure.cause in (Cause.INTERMEDIARY, Cause.REDIRECTED)  # then nothing is held up for long
        return self._dispatcher.retry(read, failure, replace(self._retry, attempts=3) if is_refused else self._retry)

    def _watch(self, note: Watched, due: float) -> None:
        self._watches += 1
        self._dispatcher.add(EvidenceLookup(note, take=self.pages.take(note.prospect)), due)

    @property
    def is_measuring(self) -> bool:
        """Whether it may soon be known how reading lags: there is a note to measure it on."""
        return self._youngest is not None and self._may_watch

    @property
    def _may_watch(self) -> bool:
        return not self.replication_lag.is_known and self._watches < _MOST_WATCHES

    def watched(self, watch: EvidenceLookup, reply: Reply[NotesPage], *, goes_on: bool) -> None:
        """Take in the reply to a look at a known note; ``goes_on`` while anything is unclear."""
        note, page = watch.note, reply.value
        if not watch.is_young:
            self.introductions.introduced(watch, reply)
            return
        self._is_watching = False
        is_there = False
        if page is not None:
            self.read(page)
            is_there = any(found.note_id == note.note_id for found in page.notes)
            if is_there:
                self.replication_lag.saw(note.note_id, reply.came - note.left)
            else:  # also where there are more pages: a young note stands on the first, and too long a lag does no harm
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
    """Looks at notes that we made, which show who writes our notes, and how the clocks of earlier runs stood.

    Args:
        evidence: what is known of notes; told what the looks show.
        journal: knows the ids of all notes that were delivered.
        workspace: whose notes these are.
        dispatcher: makes the looks.
        clock: seconds since 1970, never going back.

    Attributes:
        under_way: how many looks have not come to their end.
    """

    def __init__(
        self,
        evidence: Evidence,
        journal: Journal,
        workspace: Workspace,
        dispatcher: Dispatcher[Task],
        clock: Callable[[], float],
    ) -> None:
        self._evidence, self._journal, self._workspace = evidence, journal, workspace
        self._dispatcher, self._clock = dispatcher, clock
        self._is_introduced = self._is_asked = False
        self._asked: set[int] = set()  # earlier runs of which a note was looked for
        self.under_way = 0

    def introduce(self, post: Post) -> None:
        """Look at a note of the run that sent a post, for its clock; at any note of ours, for who writes them."""
        run, latest_created = post.clock_of, self._journal.deliveries.latest_created
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
        """Look at a note of ours, however deep it stands, before it is guessed who writes them; False if done."""
        if self._evidence.authors or self._is_asked:
            return False
        self._is_asked = True
        own = self._evidence.own
        self._look_for((own.prospect, own.note_id) if own else self._journal.deliveries.latest_created(self._workspace))
        return self.under_way > 0

    def _look_for(self, note: tuple[str, str] | None, run: int | None = None) -> None:
        """Look at a note that we made, by its prospect and id, until reading shows it or another of ours."""
        if note is not None:
            prospect, note_id = note
            until = self._clock() + self._evidence.margin  # by then reading shows the note, however young it is
            watched = Watched(note_id, prospect, 0.0, 0.0)
            self.under_way += 1
            self._dispatcher.add(
                EvidenceLookup(watched, is_young=False, run=run, until=until, take=self._evidence.pages.take(prospect))
            )

    def introduced(self, watch: EvidenceLookup, reply: Reply[NotesPage]) -> None:
        """Take in the reply to a look."""
        page = reply.value
        if page is None:
            self.under_way -= not self._evidence.read_again(watch, reply.failure)
            return
        found = self._journal.deliveries.delivered(self._workspace, [note.note_id for note in page.all])
        self._evidence.learn_from(page, found)
        is_shown = bool(found) if watch.run is None else self._evidence.note_clock.is_known(watch.run)
        if not is_shown and page.has_more and page.notes and watch.skip < 10 * self._evidence.traits.page:
            watch.skip += len(page.notes)
            self._dispatcher.add(watch)
        elif not is_shown and self._clock() < watch.until:
            watch.skip, watch.take = 0, self._evidence.pages.take(watch.prospect)
            self._dispatcher.add(watch, self._clock() + _PAUSE)
        else:
            self.under_way -= 1
