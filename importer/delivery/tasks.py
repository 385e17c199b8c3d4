"""Describe the calls and unclear requests of delivery as data, which only the coordinator may change."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, TypeAlias

from importer.api import Endpoint, Failure, FoundNote, NotesPage
from importer.calls.retry import Attempts
from importer.grouping.conflicts import ConflictKey
from importer.journal import NoteKey
from importer.messages import Message, say
from importer.models import Note, Request, Status, Visibility
from importer.rows.uploads import Upload


@dataclass(eq=False, slots=True)
class Post:
    """POST request that creates one note for each of its prospects.

    Attributes:
        number: the note's number in the journal.
        conflict: the conflict key that the request needs, if any; ``has_turn``: whether it holds the key.
        request_number: the request's number in the journal, once it is claimed.
        replaces: the number of the earlier request whose absent deliveries this request sends again.
        sent_at: when the request last left, by this run's clock; until its call comes back, when it was claimed.
        good_until: until when the request may be sent, by the system's clock; infinity if nobody else could claim it.
        first_sent_at: when the request was claimed for the first time.
        since: earliest time of the first attempt by the clock that dates notes, if known.
        sends: number of attempts, including this one.
        attempts: consecutive failures so far, if any.
        is_too_large: whether the request is part of one that was refused for its size.
        refusals: consecutive refusals in words that are not the API's.
        is_cut: whether the request was refused in such words only as part of a larger request, not by itself.
        refused_since: when these refusals began, by this run's clock.
        is_alone: whether other calls got through between these refusals.
        of_earlier_run: whether an earlier run sent it; ``is_accepted``: whether the API confirmed it without a note.
        clock_of: the number of the run whose clock ``first_sent_at`` was read from; None for this run.
        uploads: the uploads of its note's files, once the request has their IDs or waits for them.
        is_renewed: whether these uploads were made for this request, because the API refused an earlier ID.
    """

    request: Request
    key: NoteKey
    number: int
    conflict: ConflictKey[Post] | None = None
    has_turn: bool = False
    request_number: int = 0
    replaces: int | None = None
    sent_at: float = 0.0
    good_until: float = math.inf
    first_sent_at: float = 0.0
    since: float | None = None
    sends: int = 1
    attempts: Attempts | None = None
    is_too_large: bool = False
    refusals: int = 0
    is_cut: bool = False
    refused_since: float = 0.0
    is_alone: bool = False
    of_earlier_run: bool = False
    is_accepted: bool = False
    clock_of: int | None = None
    uploads: Sequence[Upload] = ()
    is_renewed: bool = False

    kind: ClassVar[Endpoint] = Endpoint.CREATE
    purpose: ClassVar[Message] = say("purpose.sending-again")

    @property
    def body(self) -> int:
        """Length of the body in bytes, without the parts that are the same in all requests."""
        note, around_an_id = self.request.note, 3
        content = len(json.dumps(note.content)) if note is not None else 0
        return content + sum(len(prospect) + around_an_id for prospect in self.request.prospects)

    def only(self, wanted: Sequence[int]) -> Post:
        """Return this request limited to some of its prospects, given by index; it names its files anew (D144)."""
        return replace(self, request=self.request.only(wanted), uploads=(), is_renewed=False)

    def unclear(self, wanted: Sequence[int]) -> Post:
        """Return the request for some prospects whose result is unclear."""
        return replace(self.only(wanted), attempts=None)

    def again(self, wanted: Sequence[int], since: float | None) -> Post:
        """Return the next attempt for prospects whose note is surely absent; ``since`` is that of the first attempt."""
        return replace(
            self.only(wanted), replaces=self.request_number, sends=self.sends + 1, since=since, of_earlier_run=False
        )

    def split(self, size: int) -> list[Post]:
        """Return the request in pieces of at most ``size`` prospects."""
        count = len(self.request)
        return [self.only(range(start, min(start + size, count))) for start in range(0, count, size)]


@dataclass(eq=False, slots=True)
class Renewal(Upload):
    """Upload of a file for one request, because the API refused the ID that the file had.

    Attributes:
        post: the request, which waits for its uploads.
    """

    post: Post = field(kw_only=True)


@dataclass(eq=False, slots=True)
class Ambiguous:
    """Request whose answer was unclear for some of its prospects, and what reading back has shown so far.

    Attributes:
        post: the request for these prospects.
        failure: the failure of its call.
        applied_until: latest time when the request can have been applied, by the clock of the run that sent it last.
        rest_at: when the request surely can no longer be applied, by this run's clock.
        open: number of prospects still to be looked up.
        misses: by index, how often the prospect's notes were read without the sent one, once the server was at rest.
        all_misses: the total of these misses.
        absent: indices of the prospects whose note surely is absent.
        is_applied: whether the note of at least one prospect exists.
    """

    post: Post
    failure: Failure
    applied_until: float
    rest_at: float
    open: int
    misses: list[int]
    all_misses: int = 0
    absent: list[int] = field(default_factory=list)
    is_applied: bool = False

    @classmethod
    def of(cls, post: Post, failure: Failure, applied_until: float, rest_at: float) -> Ambiguous:
        """Create the record of a request of which nothing was read back yet."""
        size = len(post.request)
        return cls(post, failure, applied_until, rest_at, size, [0] * size)


@dataclass(eq=False, slots=True)
class Read:
    """Lookup of one page of a prospect's notes.

    Attributes:
        take: notes on a page; it differs between a prospect's lookups, so that no cache answers.
        skip: notes on earlier pages.
        pages: number of earlier pages that were read.
        attempts: consecutive failures so far, if any.
    """

    take: int = field(default=100, kw_only=True)
    skip: int = field(default=0, kw_only=True)
    pages: int = field(default=0, kw_only=True)
    attempts: Attempts | None = field(default=None, kw_only=True)

    kind: ClassVar[Endpoint] = Endpoint.READ
    purpose: ClassVar[Message]

    @property
    def prospect(self) -> str:
        """Prospect whose notes are read."""
        raise NotImplementedError

    def begin_again(self, take: int) -> None:
        """Read from the first page again, with another page size."""
        self.skip = self.pages = 0
        self.take = take


@dataclass(eq=False, slots=True)
class WholeRead(Read):
    """Lookup of all of a prospect's notes, page by page.

    Attributes:
        notes: notes on all pages that were read, by ID.
        read: IDs of the notes read since the first page, in their order.
    """

    notes: dict[str, FoundNote] = field(default_factory=dict, kw_only=True)
    read: list[str] = field(default_factory=list, kw_only=True)

    def fits(self, page: NotesPage) -> bool:
        """Return whether a page repeats only the last note of the page before it, as it was asked for (D60)."""
        ids = [note.note_id for note in page.notes]
        return [note_id for note_id in ids if note_id in self.read] == self.read[-1:] and len(set(ids)) == len(ids)

    def take_in(self, page: NotesPage) -> NotesPage:
        """Return the page, combined with all pages that were read before it."""
        # A page that holds only the repeated note is the last, even if it announces more.
        has_more = page.has_more and len(page.notes) > (1 if self.skip else 0)
        self.notes.update((note.note_id, note) for note in page.notes)
        self.read += [note.note_id for note in page.notes if note.note_id not in self.read]
        return replace(page, notes=tuple(self.notes.values()), has_more=has_more)

    def go_on(self, notes: int) -> None:
        """Go on to the page after one with so many notes. Its last note is read again, to show that they join."""
        self.skip, self.pages = self.skip + max(1, notes - 1), self.pages + 1

    def begin_again(self, take: int) -> None:
        """Read from the first page again, with another page size."""
        Read.begin_again(self, take)
        self.read.clear()


@dataclass(eq=False, slots=True)
class Lookup(WholeRead):
    """Lookup of a prospect's notes, to find out whether a delivery's note exists.

    Attributes:
        ambiguous: the request to be resolved.
        index: the prospect's index in the request.
        is_first: whether this is the request's first lookup; the other prospects are looked up after it.
        is_last: whether nothing is left that could bring more facts.
        passes: number of times that reading began again because pages did not fit together.
        candidates: notes that may be the delivery's own although they read differently.
        began: when the first page was asked for, by this run's clock.
    """

    ambiguous: Ambiguous
    index: int
    is_first: bool = False
    is_last: bool = False
    passes: int = 0
    candidates: Sequence[FoundNote] = ()
    began: float = 0.0

    purpose: ClassVar[Message] = say("purpose.looking-up")

    @property
    def prospect(self) -> str:
        """Prospect whose notes are read."""
        return self.ambiguous.post.request.prospects[self.index]


@dataclass(eq=False, slots=True)
class DuplicateLookup(Read):
    """Lookup of a page of a prospect's notes, to find further copies of a note that was sent again.

    Attributes:
        post: the repeated request, for this prospect alone.
        note_id: the ID of the note that the repeated request made.
        until: when a further copy surely can be read, by this run's clock.
        is_last: whether all else is done.
    """

    post: Post
    note_id: str
    until: float
    is_last: bool = False

    purpose: ClassVar[Message] = say("purpose.looking-once-more")

    @property
    def prospect(self) -> str:
        """Prospect whose notes are read."""
        return self.post.request.prospects[0]


@dataclass(eq=False, slots=True)
class SampleLookup(WholeRead):
    """Lookup of a prospect's notes, to see whether a note that the API said it created exists.

    Attributes:
        name: the name of the note's delivery in the journal.
        note: the note's number in the journal.
        of: the prospect.
        note_id: the ID in the API's answer; ``came``: when that answer came, by this run's clock.
        due: when the second lookup is to be made, if the first one missed the note; 0 before.
    """

    name: bytes
    note: int
    of: str
    note_id: str
    came: float
    due: float = 0.0

    purpose: ClassVar[Message] = say("purpose.reading-a-sample")

    @property
    def prospect(self) -> str:
        """Prospect whose notes are read."""
        return self.of


@dataclass(eq=False, slots=True)
class Probe:
    """POST request for a prospect that cannot exist, to see whether such requests reach the API.

    Attributes:
        nobody: an ID that no prospect can have.
    """

    nobody: str
    attempts: Attempts | None = None

    kind: ClassVar[Endpoint] = Endpoint.CREATE
    purpose: ClassVar[Message] = say("purpose.seeing-whether-calls-pass")
    note: ClassVar[Note] = Note("note-importer sees whether calls come through", Visibility.PRIVATE, Status.DRAFT)


Task: TypeAlias = Post | Probe | Read | Renewal
