"""The calls that delivery makes, and the ambiguities that it resolves, as data; nothing here decides anything.

What they hold is the coordinator's alone to change.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, TypeAlias

from importer.api import Cause, Failure, FoundNote, NotesPage
from importer.calls.retry import Attempts
from importer.delivery.replication_lag import Watched
from importer.grouping.conflicts import ConflictKey
from importer.journal import NoteKey
from importer.messages import Message, say
from importer.models import Note, Request, Status, Visibility
from importer.rows.uploads import Uploaded

_OF_IDS = frozenset({Cause.BAD_ATTACHMENT, Cause.BAD_REQUEST})
"""Refusals that an attachment's id may be the reason of, for all that is known of it."""


@dataclass(eq=False, slots=True)
class Post:
    """A request to be sent.

    Attributes:
        number: the note's number in the journal.
        conflict: the conflict key that it needs, if any; ``has_turn``: whether it holds it.
        request_number: the request's number in the journal, once it is claimed.
        replaces: the number of the request whose absent deliveries it sends again.
        sent_at: when it left for the last time, by our clock; until it comes back, when it was claimed.
        good_until: by the system's clock, until when its claim may be sent; infinity where nobody else could claim it.
        first_sent_at: when it was claimed for the first time.
        since: the earliest that the clock which dates notes may have shown at the first attempt, where that is known.
        sends: how often it was sent, this time included.
        attempts: the failures in a row so far, where there were any.
        is_too_large: whether it is part of a request that was refused for its size.
        refusals: how often in a row it was refused in words that are not the API's.
        is_cut: whether it was refused so as a part of a larger one, and not yet by itself.
        refused_since: when that began, by our clock.
        is_alone: whether other calls came through in between.
        of_earlier_run: whether an earlier run sent it; ``is_accepted``: and the API confirmed it without naming a note.
        clock_of: the number of the run whose clock ``first_sent_at`` was read from; None: this run's.
        uploaded: files that were uploaded for it alone, since it was refused with ids that others had used.
        uploaded_among: how many posts got uploads of their own at the same time, this one included.
        renewed_for: why it, or what it is a part of, was refused then.
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
    uploaded: Uploaded | None = None
    uploaded_among: int = 0
    renewed_for: Cause | None = None

    kind: ClassVar[str] = "POST"
    purpose: ClassVar[Message] = say("purpose.sending-again")

    @property
    def body(self) -> int:
        """The length of its body in bytes, but for what is the same for all requests."""
        note, around_an_id = self.request.note, 3
        content = len(json.dumps(note.content)) if note is not None else 0
        return content + sum(len(prospect) + around_an_id for prospect in self.request.prospects)

    @property
    def renewable(self) -> frozenset[Cause]:
        """Refusals after which it is sent with uploads of its own: once, and no part of it again for the same reason.

        But a prospect that stands alone is never rejected for an attachment that others have used, too.
        """
        if self.request.note is None or not self.request.note.files:
            return frozenset()
        if self.uploaded is not None:  # those of several may have grown old before their posts left
            return frozenset({Cause.BAD_ATTACHMENT} if self.uploaded_among > 1 else ())
        alone = {Cause.BAD_ATTACHMENT} if len(self.request) == 1 else set()
        return _OF_IDS - {self.renewed_for} | alone

    @property
    def may_renew(self) -> bool:
        """Whether uploads of its own were not tried yet, where it would be turned away in words not the API's."""
        return bool(self.request.note and self.request.note.files) and self.renewed_for is not Cause.INTERMEDIARY

    def only(self, wanted: Sequence[int]) -> Post:
        """The same for some of its prospects, named by their index in it."""
        return replace(self, request=self.request.only(wanted))

    def unclear(self, wanted: Sequence[int]) -> Post:
        """The same for some prospects, what became of which isn't known; the ids of its files may be spent."""
        turned_away = self.renewed_for if self.renewed_for is Cause.INTERMEDIARY else None
        return replace(self.only(wanted), attempts=None, uploaded=None, renewed_for=turned_away)

    def again(self, wanted: Sequence[int], since: float | None) -> Post:
        """The same once more for some prospects, where it surely isn't; ``since`` as for the first time."""
        return replace(
            self.only(wanted), replaces=self.request_number, sends=self.sends + 1, since=since, of_earlier_run=False
        )

    def split(self, size: int) -> list[Post]:
        """The same in pieces of at most ``size`` prospects; uploads of its own are no piece's alone."""
        count = len(self.request)
        pieces = [self.only(range(start, min(start + size, count))) for start in range(0, count, size)]
        return [replace(piece, uploaded=None) for piece in pieces]


@dataclass(eq=False, slots=True)
class Ambiguous:
    """A request whose answer was unclear, for some of its prospects, and what reading back has shown so far.

    Attributes:
        post: what was sent, cut down to these prospects.
        failure: what its answer was.
        applied_until: when it can have been applied at the latest, by our clock.
        rest_at: when that surely is over, by our clock; later where that of an earlier run can't be relied on.
        open: how many of its prospects are still looked for.
        misses: how often the notes of each were read without the one that was sent, once the server was at rest.
        all_misses: how often that was in all.
        absent: indices of those whose note surely isn't there.
        is_applied: whether the note of at least one is there.
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
        """A post of which nothing was read back yet."""
        size = len(post.request)
        return cls(post, failure, applied_until, rest_at, size, [0] * size)


@dataclass(eq=False, slots=True)
class Lookup:
    """One page of one prospect's notes, to find what became of a delivery.

    Attributes:
        ambiguous: what it is to resolve.
        index: of the prospect in it.
        is_first: whether it is the first at its request; the other prospects are looked up after it.
        take: notes a page; no two lookups of a prospect ask for the same page, lest a cache answers.
        skip: notes on earlier pages.
        pages: how many earlier pages were read.
        notes: those on all pages that were read, by id.
        read: ids of those that were read since the first page, in their order.
        passes: how often it was begun again since the pages did not fit together.
        candidates: those of them that could be it although they read differently.
        began: when its first page was asked for, by our clock.
        is_last: whether nothing is left that could tell more.
    """

    ambiguous: Ambiguous
    index: int
    is_first: bool = False
    take: int = 100
    skip: int = 0
    pages: int = 0
    notes: dict[str, FoundNote] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    passes: int = 0
    candidates: Sequence[FoundNote] = ()
    began: float = 0.0
    is_last: bool = False
    attempts: Attempts | None = None

    kind: ClassVar[str] = "GET"
    purpose: ClassVar[Message] = say("purpose.looking-up")

    @property
    def prospect(self) -> str:
        """Whose notes are read."""
        return self.ambiguous.post.request.prospects[self.index]

    def fits(self, page: NotesPage) -> bool:
        """Whether a page repeats what was asked for again, the last note of the page before it, and nothing else."""
        ids = [note.note_id for note in page.notes]
        return [note_id for note_id in ids if note_id in self.read] == self.read[-1:] and len(set(ids)) == len(ids)

    def take_in(self, page: NotesPage) -> NotesPage:
        """Return the page, put together with all that were read before it."""
        # A page that holds nothing but the note that it repeats is the last, whatever it says.
        has_more = page.has_more and len(page.notes) > (1 if self.skip else 0)
        self.notes.update((note.note_id, note) for note in page.notes)
        self.read += [note.note_id for note in page.notes if note.note_id not in self.read]
        return replace(page, notes=tuple(self.notes.values()), has_more=has_more)

    def begin_again(self, take: int) -> None:
        """Read from the first page, by another address."""
        self.skip = self.pages = 0
        self.take = take
        self.read.clear()


@dataclass(eq=False, slots=True)
class EvidenceLookup:
    """One page of the notes of a prospect that is known to have a certain note.

    It shows who writes our notes and which clock dates them; and, unless the note is an earlier run's, how soon new
    notes can be read.

    Attributes:
        note: the note.
        is_young: whether it was made in this run.
        run: the earlier run whose clock the look is to show, if it is for that.
        until: when the look is given up, by our clock.
    """

    note: Watched
    is_young: bool = True
    run: int | None = None
    until: float = math.inf
    take: int = 100
    skip: int = 0
    attempts: Attempts | None = None

    kind: ClassVar[str] = "GET"
    purpose: ClassVar[Message] = say("purpose.seeing-how-soon")

    @property
    def prospect(self) -> str:
        """Whose notes are read."""
        return self.note.prospect


@dataclass(eq=False, slots=True)
class DuplicateLookup:
    """One page of a prospect's notes, to see whether what was sent again is there twice after all.

    Attributes:
        post: what was sent again, cut down to this prospect.
        note_id: the note that it made.
        until: when that surely can be read, by our clock.
        is_last: whether all else is done.
    """

    post: Post
    note_id: str
    take: int = 100
    until: float = 0.0
    is_last: bool = False
    attempts: Attempts | None = None

    kind: ClassVar[str] = "GET"
    purpose: ClassVar[Message] = say("purpose.looking-once-more")
    skip: ClassVar[int] = 0

    @property
    def prospect(self) -> str:
        """Whose notes are read."""
        return self.post.request.prospects[0]


@dataclass(eq=False, slots=True)
class Promised:
    """A note that the API said it created, and that is to be read back.

    Attributes:
        note: the note's number in the journal; ``prospect``, ``key``: the rest of its delivery's key.
        run: the number of the run that made it.
        came: when the API's answer came, by our clock.
        certain_from: a look before this time, by our clock, proves nothing if it misses the note.
        is_widened: whether it is read back because another note of its run was not found.
        misses: how many looks have missed it.
        missed_at: its age in seconds at the latest of them.
    """

    note: int
    prospect: str
    key: str
    note_id: str
    run: int
    came: float
    certain_from: float
    is_widened: bool = False
    misses: int = 0
    missed_at: float = 0.0

    @property
    def delivery(self) -> tuple[int, str, str]:
        """The key of its delivery in the journal."""
        return self.note, self.prospect, self.key


@dataclass(eq=False, slots=True)
class SampleLookup:
    """One page of a prospect's notes, to see whether some that the API said it created are there.

    Attributes:
        promised: the notes.
        take, skip: notes a page, and on earlier pages.
        pages: how many earlier pages were read.
        seen: the IDs on them; ``last``: the last of them.
        due: when it is to be made, by our clock; ``began``: when the first page was asked for.
        tries: how often it came to nothing.
    """

    promised: Sequence[Promised]
    take: int = 100
    skip: int = 0
    pages: int = 0
    seen: set[str] = field(default_factory=set)
    last: str = ""
    due: float = 0.0
    began: float = 0.0
    tries: int = 0
    attempts: Attempts | None = None

    kind: ClassVar[str] = "GET"
    purpose: ClassVar[Message] = say("purpose.reading-a-sample")

    @property
    def prospect(self) -> str:
        """Whose notes are read."""
        return self.promised[0].prospect

    @property
    def is_widened(self) -> bool:
        """Whether the notes are read back because another note of their run was not found."""
        return self.promised[0].is_widened

    @property
    def is_missed(self) -> bool:
        """Whether an earlier look has missed one of them."""
        return any(note.misses for note in self.promised)

    def fits(self, page: NotesPage) -> bool:
        """Whether a page follows the one before it: it begins with that one's last note and repeats no other."""
        ids = [note.note_id for note in page.notes]
        return not self.skip or (ids[:1] == [self.last] and self.seen.isdisjoint(ids[1:]))

    def take_in(self, page: NotesPage) -> bool:
        """Take in a page, and return whether another may show more."""
        ids = [note.note_id for note in page.all]
        self.seen.update(ids)
        self.last = page.notes[-1].note_id if page.notes else ""
        return page.has_more and any(note.note_id not in self.seen for note in self.promised)

    def begin_again(self, take: int) -> None:
        """Read from the first page, by another address."""
        self.skip = self.pages = 0
        self.take = take
        self.seen.clear()


@dataclass(eq=False, slots=True)
class Probe:
    """A call that would create a note for nobody, to see whether such calls come through.

    Attributes:
        nobody: an id that no prospect can have.
    """

    nobody: str
    attempts: Attempts | None = None

    kind: ClassVar[str] = "POST"
    purpose: ClassVar[Message] = say("purpose.seeing-whether-calls-pass")
    note: ClassVar[Note] = Note("note-importer sees whether calls come through", Visibility.PRIVATE, Status.DRAFT)


Read: TypeAlias = Lookup | EvidenceLookup | DuplicateLookup | SampleLookup
Task: TypeAlias = Post | Probe | Read
