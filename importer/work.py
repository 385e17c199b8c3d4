"""The calls that delivery has to make: requests to send, and notes to look for after an unclear answer.

What they hold is delivery's alone to change; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from importer.journal import NoteKey
from importer.lanes import Lane
from importer.models import Request
from importer.retry import Attempts


@dataclass(eq=False, slots=True)
class Post:
    """A request to be sent.

    Attributes:
        number: the note's number in the journal.
        lane: which it keeps to, if any; ``has_lane``: whether it is its turn there.
        request_number: the request's number in the journal, once it is claimed.
        replaces: the number of the request whose absent deliveries it sends again.
        sent_at: when, by our clock.
        since: the earliest that the server's clock may have shown at the first attempt.
        sends: how often it was sent, this time included.
        attempts: the failures in a row so far, where there were any.
        is_too_large: whether it is part of a request that the API refused for its size.
        of_earlier_run: whether an earlier run sent it.
    """

    request: Request
    key: NoteKey
    number: int
    lane: Lane[Post] | None = None
    has_lane: bool = False
    request_number: int = 0
    replaces: int | None = None
    sent_at: float = 0.0
    since: float | None = None
    sends: int = 1
    attempts: Attempts | None = None
    is_too_large: bool = False
    of_earlier_run: bool = False

    kind = "POST"

    def only(self, wanted: Sequence[int]) -> Post:
        """The same for some of its prospects, named by their index in it."""
        return replace(self, request=self.request.only(wanted))

    def split(self, size: int) -> list[Post]:
        """The same in pieces of at most ``size`` prospects."""
        count = len(self.request)
        return [self.only(range(start, min(start + size, count))) for start in range(0, count, size)]


@dataclass(eq=False, slots=True)
class Unanswered:
    """A request whose answer was unclear, for some of its prospects.

    Attributes:
        post: what was sent, cut down to these prospects.
        why: in words.
        quiet_at: when the server surely is no longer at work on it, by our clock.
        open: how many of its prospects are still looked for.
        looks: how often the notes of each were seen without the one that was sent, once the server was at rest.
        misses: how often that was in all.
        absent: indices of those whose note surely isn't there.
        is_applied: whether the note of at least one is there.
    """

    post: Post
    why: str
    quiet_at: float
    open: int
    looks: list[int]
    misses: int = 0
    absent: list[int] = field(default_factory=list)
    is_applied: bool = False


@dataclass(eq=False, slots=True)
class Look:
    """One page of one prospect's notes, to find what became of a delivery.

    Attributes:
        is_scout: whether it is the first at its request; the other prospects are looked at after it.
        began: when its first page was asked for.
    """

    unanswered: Unanswered
    index: int
    is_scout: bool = False
    skip: int = 0
    pages: int = 0
    began: float = 0.0
    attempts: Attempts | None = None

    kind = "GET"


Work = Post | Look
