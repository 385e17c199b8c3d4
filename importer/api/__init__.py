"""Access to an API for notes, with each vendor behind the same protocol.

Input: notes and prospect IDs. Output: a :class:`Reply` for each call: a value, or a :class:`Failure`. A vendor is one
class that satisfies :class:`NotesApi`, and a :class:`Vendor` that names it. Only its modules know its words, so they
decide the *cause* of a failure.

    saleshandy   the only vendor so far: its addresses and statuses
    refusals     Saleshandy's refusals: the table of their words and codes, and what each means
    entries      entries of Saleshandy's replies, read without trust: answers, notes, prospects, attachments
    exchange     one attempt at a call as a value, with a reply's JSON and headers read without trust
    proxy        the proxy and the certificates that the environment names
    connections  connections that record whether a request has begun to leave, and replies with a deadline
    transport    HTTP through ``requests``: one attempt per call, replies of limited size, the key masked
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from importer.messages import Message
from importer.models import Note, Status, Visibility

Value = TypeVar("Value")


class Endpoint(StrEnum):
    """The kinds of calls, each of which the vendor may limit for itself."""

    CREATE = "create notes"
    READ = "read notes"
    UPDATE = "update a note"
    UPLOAD = "upload a file"
    PROSPECTS = "list prospects"


READS = frozenset({Endpoint.READ, Endpoint.PROSPECTS})
"""Kinds of calls that change nothing."""


class Cause(StrEnum):
    """The cause of a call's failure.

    The first four prove that the call was not applied. So do the next seven, which are in the API's own words. The last
    five leave open whether the call was applied.
    """

    UNREACHABLE = "unreachable"  # no connection could be made
    FILE_CHANGED = "changed"  # the file that was to be sent has changed, or can't be read
    RATE_LIMITED = "rate limited"  # too many calls
    BLOCKED = "blocked"  # certificate, proxy or settings; waiting doesn't help
    TOO_LARGE = "too large"  # the API: the request is too large
    UNKNOWN_PROSPECT = "unknown prospect"  # the API: there is no such prospect
    BAD_ATTACHMENT = "bad attachment"  # the API: it rejects a file, or knows no attachment with this ID
    BAD_REQUEST = "bad request"  # the API: refused for another reason
    BAD_KEY = "bad key"  # the API: the key is not accepted
    NOT_PERMITTED = "not permitted"  # the API: the key's owner may not do this
    WRONG_CALL = "wrong call"  # the API: it knows no such field or parameter, so the program is at fault
    REDIRECTED = "redirected"  # the reply names another address
    INTERMEDIARY = "foreign"  # not the API's words: a gateway, a firewall or another server refused
    FAILED = "failed"  # the server, or an intermediary, failed
    LOST = "lost"  # the connection was lost, or no reply came in time
    UNREADABLE = "unreadable"  # a success that can't be read


API_REFUSED = frozenset({Cause.TOO_LARGE, Cause.UNKNOWN_PROSPECT, Cause.BAD_ATTACHMENT, Cause.BAD_REQUEST})
"""Causes that are the API's own refusal of a request, which proves that the API is reachable and works."""

STOPS = frozenset({Cause.BLOCKED, Cause.BAD_KEY, Cause.NOT_PERMITTED, Cause.WRONG_CALL})
"""Causes that would refuse every other call, too, so that only a person can help."""

NOT_APPLIED = API_REFUSED | STOPS | {Cause.UNREACHABLE, Cause.FILE_CHANGED, Cause.RATE_LIMITED}
"""Causes that prove that the call was not applied."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason why a call returned no value.

    Attributes:
        cause: decides what the importer does next.
        wait: seconds that the API asked to wait, or None if it didn't say.
        at_work: whether the server that received the call may still be working on it.
        is_accepted: whether the reply is a success without a note; the server may then work on the call for minutes.
        is_astray: whether the reply belongs to another request.
        is_size: whether a refusal that isn't in the API's words is about the request's size.
        is_other: whether this one reply suggests that the server isn't the API: a success without the API's JSON, as
            from a server that has a page for every path.
        is_busy: whether the server says that it has too much to do, or receives too many calls.
        may_pass: whether a refusal finds no fault with the request, so that the same request may succeed later.
    """

    cause: Cause
    text: Message
    wait: float | None = None
    at_work: bool = False
    is_accepted: bool = False
    is_astray: bool = False
    is_size: bool = False
    is_other: bool = False
    is_busy: bool = False
    may_pass: bool = False

    @property
    def is_strange(self) -> bool:
        """True if the server may not be the API. It certainly isn't if every call fails like this."""
        return self.is_other or self.cause in (Cause.INTERMEDIARY, Cause.REDIRECTED)

    @property
    def is_applied(self) -> bool | None:
        """False if the call was certainly not applied; None if that is unknown."""
        return False if self.cause in NOT_APPLIED else None


@dataclass(frozen=True, slots=True)
class Reply(Generic[Value]):
    """The result of one call: a value or a failure; it left and came at these seconds since 1970, by our clock.

    The HTTP ``status`` is 0 if nobody replied.
    """

    kind: Endpoint
    began: float
    came: float
    value: Value | None = None
    failure: Failure | None = None
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_left(self) -> bool:
        """True if the call left, so that a server may have received it."""
        stays = (Cause.UNREACHABLE, Cause.FILE_CHANGED, Cause.BLOCKED)
        return self.failure is None or self.failure.cause not in stays


@dataclass(frozen=True, slots=True)
class Answer:
    """The API's answer for one prospect: the created note's ID, or the reason for a refusal, in its words if any."""

    note_id: str | None
    reason: Message | None = None


@dataclass(frozen=True, slots=True)
class NoteChange:
    """Fields of a note that are changed; the others, None, stay as they are."""

    visibility: Visibility | None = None
    status: Status | None = None
    content: str | None = None

    def __bool__(self) -> bool:
        return self != NoteChange()


@dataclass(frozen=True, slots=True)
class FoundNote:
    """A note as the API shows it.

    Attributes:
        visibility, status: None if the API shows an unknown value; such a note belongs to no delivery.
        created_at: seconds since 1970 by the clock that dates notes, or None if the reply didn't say.
        author: what tells the author from others: the email address in lower case, or else an ID or a name; empty if
            the reply didn't say.
        edited_at: when the note was last changed, by that clock; None if the reply didn't say. ``edited_by``: who did
            that, as ``author``.
    """

    note_id: str
    content: str
    visibility: Visibility | None
    status: Status | None
    created_at: float | None
    author: str = ""
    edited_at: float | None = None
    edited_by: str = ""


@dataclass(frozen=True, slots=True)
class NotesPage:
    """One page of a prospect's notes, in any order; ``draft`` is the draft that is shown apart from them."""

    notes: tuple[FoundNote, ...]
    draft: FoundNote | None
    has_more: bool

    @property
    def all(self) -> tuple[FoundNote, ...]:
        """All notes of the page, with the draft."""
        return self.notes if self.draft is None else (*self.notes, self.draft)


@dataclass(frozen=True, slots=True)
class FoundProspect:
    """A prospect as the API lists it, with its email in lower case."""

    prospect_id: str
    email: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file to upload: the name that people will see, and its content."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Traits:
    """A vendor's peculiarities: what a page may have.

    With ``one_draft``, the API shows at most one draft of a prospect, so that a later draft hides an earlier one.
    """

    one_draft: bool
    page: int = 100


class NotesApi(Protocol):
    """An API for notes, safe to use from several threads. No method raises if the API or the network fails."""

    traits: Traits

    def create(self, note: Note, prospects: Sequence[str]) -> Reply[dict[str, Answer]]:
        """Create one note for each prospect. The value lacks prospects without a definite answer."""

    def find(self, prospect: str, skip: int, take: int) -> Reply[NotesPage]:
        """Return one page of a prospect's notes."""

    def update(self, note_id: str, change: NoteChange) -> Reply[bool]:
        """Change some fields of a note. Changing them twice does no harm."""

    def upload(self, file: FilePart) -> Reply[str]:
        """Upload a file, and return the ID with which notes attach it. An unused upload does no harm."""

    def look_up(self, search: str, page: int) -> Reply[tuple[FoundProspect, ...]]:
        """Return one page of the prospects whose email or names contain ``search``, or of all if it is empty.

        Pages are numbered from 1. An empty page is a value only if the API itself said so.
        """

    def renew(self) -> None:
        """Stop using all connections that are open now, for example after a reply that belongs to another request."""

    def close(self) -> None:
        """Close all connections."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor of an API for notes, with all that the importer needs to use that API.

    Attributes:
        connect: makes a :class:`NotesApi` for an address and a key, without a call, from ``read_timeout`` in seconds
            and the ``clock``. Raises BadSettings if the environment names a proxy or certificates that can't be used.
    """

    name: str
    traits: Traits
    connect: Callable[..., NotesApi]
