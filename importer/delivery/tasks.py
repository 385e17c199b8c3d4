"""Describe the calls of delivery as data, which only the deciding thread may change."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, TypeAlias

from importer.api import Endpoint, FoundNote, NotesPage
from importer.calls.retry import Attempts
from importer.journal import NoteKey
from importer.messages import Message, say
from importer.models import Request


@dataclass(eq=False, slots=True)
class Post:
    """POST request that creates one note for each of its prospects.

    Attributes:
        replaces: the number of the earlier request whose absent deliveries this request sends again.
        sent_at: when the request last left, by this run's clock; until its call comes back, when it was claimed.
        good_until: until when the request may be sent, by the system's clock; infinity if nobody else could claim it.
        first_sent_at: when the request was claimed for the first time.
        since: earliest time of the first attempt by the clock that dates notes, if known.
        is_too_large: whether the request is part of one that was refused for its size.
        refused_at: when it was refused for the first time, in words that are not the API's; 0 if it wasn't.
        is_alone: whether another request got through between two such refusals.
        is_control: whether the request was kept back, and is sent now to show that reading works.
        of_earlier_run: whether an earlier run sent it; ``is_accepted``: whether the API confirmed it without a note.
        clock_of: the number of the run whose clock ``first_sent_at`` was read from; None for this run.
    """

    request: Request
    key: NoteKey
    number: int
    request_number: int = 0
    replaces: int | None = None
    sent_at: float = 0.0
    good_until: float = math.inf
    first_sent_at: float = 0.0
    since: float | None = None
    sends: int = 1
    attempts: Attempts | None = None
    is_too_large: bool = False
    refused_at: float = 0.0
    is_alone: bool = False
    is_control: bool = False
    of_earlier_run: bool = False
    is_accepted: bool = False
    clock_of: int | None = None

    kind: ClassVar[Endpoint] = Endpoint.CREATE
    purpose: ClassVar[Message] = say("purpose.sending-again")

    @property
    def body(self) -> int:
        """Length of the body in bytes, without the parts that are the same in all requests."""
        note, around_an_id = self.request.note, 3
        content = len(json.dumps(note.content)) if note is not None else 0
        return content + sum(len(prospect) + around_an_id for prospect in self.request.prospects)

    def only(self, wanted: Sequence[int]) -> Post:
        """Return this request limited to some of its prospects, given by index."""
        return replace(self, request=self.request.only(wanted))

    def unclear(self, wanted: Sequence[int]) -> Post:
        """Return the request for some prospects whose result is unclear."""
        return replace(self.only(wanted), attempts=None)

    def again(self, wanted: Sequence[int], since: float | None, *, is_control: bool = False) -> Post:
        """Return the next attempt for prospects whose note is surely absent; ``since`` is that of the first attempt."""
        return replace(
            self.only(wanted), replaces=self.request_number, sends=self.sends + 1, since=since, of_earlier_run=False,
            is_control=is_control,
        )  # fmt: skip

    def split(self, size: int) -> list[Post]:
        """Return the request in pieces of at most ``size`` prospects."""
        count = len(self.request)
        return [self.only(range(start, min(start + size, count))) for start in range(0, count, size)]


@dataclass(eq=False, slots=True)
class WholeRead:
    """Lookup of all of a prospect's notes, page by page, in whatever order they come.

    Each page begins with the last note of the page before it. Otherwise notes have moved between the pages, or the
    pages come from two copies, and a note may have been missed.

    Attributes:
        take: notes on a page; it differs between a prospect's lookups, so that no cache answers.
        is_apart: whether the call goes over the one connection that all such calls share, one after the other.
        notes: notes on all pages that were read, by ID.
        last: ID of the note with which the next page begins; empty if that can be any.
        is_whole: whether no note can have been missed between two pages.
    """

    prospect: str
    take: int = field(default=100, kw_only=True)
    skip: int = field(default=0, kw_only=True)
    attempts: Attempts | None = field(default=None, kw_only=True)
    is_apart: bool = field(default=False, kw_only=True)
    page: NotesPage = field(default=NotesPage((), None, has_more=False), kw_only=True)
    notes: dict[str, FoundNote] = field(default_factory=dict, kw_only=True)
    last: str = field(default="", kw_only=True)
    is_whole: bool = field(default=True, kw_only=True)

    kind: ClassVar[Endpoint] = Endpoint.READ
    purpose: ClassVar[Message]

    def take_in(self, page: NotesPage) -> NotesPage:
        """Return the page, combined with all pages that were read before it."""
        self.page, ids = page, [note.note_id for note in page.notes]
        begins_right = not self.last or ids[:1] == [self.last]
        self.is_whole &= begins_right and self.notes.keys().isdisjoint(ids[1:] if self.last else ids)
        self.notes.update(zip(ids, page.notes, strict=True))
        return replace(page, notes=tuple(self.notes.values()), has_more=page.has_more and bool(page.notes))

    def go_on(self) -> None:
        """Go on to the page after the latest one."""
        notes = self.page.notes
        is_joined = len(notes) > 1
        self.last = notes[-1].note_id if is_joined else ""
        self.skip += len(notes) - is_joined

    def begin_again(self, take: int) -> None:
        """Read from the first page again, with another page size."""
        self.take, self.skip, self.notes, self.last, self.is_whole = take, 0, {}, "", True


Task: TypeAlias = Post | WholeRead
