"""What the importer asks of an API for notes, and what it hears from it, as values.

A vendor is one class that satisfies :class:`NotesApi`, and a :class:`Vendor` that names it. Whatever a call comes to is
a :class:`Reply`: a value, or a :class:`Failure` whose *cause* the vendor's module decided, for it alone knows the
vendor's words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from importer.messages import Message
from importer.models import Note, Status, Visibility

Value = TypeVar("Value")


class Cause(StrEnum):
    """Why a call brought no value.

    The first four are surely not applied, unless a blocked call had left; so are the next five, which are in the API's
    own words. The last five say nothing of whether the call was applied.
    """

    UNREACHABLE = "unreachable"  # no connection came about
    CLAIM_EXPIRED = "outdated"  # it waited too long for a worker, or its file has changed, and it was not sent
    RATE_LIMITED = "rate limited"  # too many calls
    BLOCKED = "blocked"  # certificate, proxy, settings: waiting doesn't heal it
    TOO_LARGE = "too large"  # the API: the request is too large
    UNKNOWN_PROSPECT = "unknown prospect"  # the API: there is no such prospect
    BAD_ATTACHMENT = "bad attachment"  # the API: it doesn't take a file, or knows no attachment of this id
    BAD_REQUEST = "bad request"  # the API: refused for another reason
    BAD_KEY = "bad key"  # the API: the key is not accepted
    REDIRECTED = "redirected"  # an answer that names another address
    INTERMEDIARY = "foreign"  # a refusal that is not in the API's own words: of a gateway, a firewall, another server
    FAILED = "failed"  # the server, or what stands before it, failed
    LOST = "lost"  # the connection was lost, or no answer came in time
    UNREADABLE = "unreadable"  # a success that can't be read


NOT_APPLIED = frozenset(
    {
        Cause.UNREACHABLE,
        Cause.CLAIM_EXPIRED,
        Cause.RATE_LIMITED,
        Cause.BLOCKED,
        Cause.TOO_LARGE,
        Cause.UNKNOWN_PROSPECT,
        Cause.BAD_ATTACHMENT,
        Cause.BAD_REQUEST,
        Cause.BAD_KEY,
    }
)
"""Causes that prove that the call was not applied, unless its failure says that it had left."""

API_REFUSED = frozenset({Cause.TOO_LARGE, Cause.UNKNOWN_PROSPECT, Cause.BAD_ATTACHMENT, Cause.BAD_REQUEST})
"""Causes that are the API's own no to what was asked: it is there, and it is well."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a call came to that brought no value.

    Attributes:
        cause: decides what follows.
        text: for a person, without the key.
        wait: seconds that the API asked to wait, or None where it didn't say.
        at_work: whether whoever took the call may still be at work on it.
        is_accepted: whether it is a success that names no note: whoever took the call may be at work on it for minutes.
        is_astray: whether the reply belongs to another request.
        has_left: whether a blocked call had begun to leave. If so, it may have been applied.
        is_size: whether a refusal that isn't in the API's words speaks of the request's size.
        is_other: whether what answers is something else than the API, as far as one answer shows: a success that is no
            JSON at all, as of a server that has a page for everything, or no https where https was asked for.
        is_busy: whether what answers says that it has too much to do, or is asked too often.
        may_pass: whether a refusal tells of no fault of what was sent, so that the same may be taken another time.
    """

    cause: Cause
    text: Message
    wait: float | None = None
    at_work: bool = False
    is_accepted: bool = False
    is_astray: bool = False
    has_left: bool = False
    is_size: bool = False
    is_other: bool = False
    is_busy: bool = False
    may_pass: bool = False

    @property
    def is_strange(self) -> bool:
        """Whether it makes one doubt that what answers is the API; it is none if this goes on before any success."""
        return self.is_other or self.cause in (Cause.INTERMEDIARY, Cause.REDIRECTED)

    @property
    def is_applied(self) -> bool | None:
        """False where the call surely was not applied; None where nobody knows."""
        return False if self.cause in NOT_APPLIED and not self.has_left else None


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an HTTP answer says besides its body.

    Attributes:
        status: the HTTP status.
        headers: names in lower case.
    """

    status: int
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply(Generic[Value]):
    """What one call came to: a value or a failure.

    Attributes:
        kind: of the call, for the account's limits: ``POST``, ``GET``, ``PATCH`` or ``UPLOAD``.
        began, came: when the call left and when the answer's headers came, in seconds since 1970 by our clock.
        value: what the API answered, None with a failure.
        failure: why there is no value.
        metadata: status and headers, None where no answer came.
    """

    kind: str
    began: float
    came: float
    value: Value | None = None
    failure: Failure | None = None
    metadata: Metadata | None = None

    @property
    def is_rate_limited(self) -> bool:
        """Whether it was refused for too many calls."""
        return self.failure is not None and self.failure.cause is Cause.RATE_LIMITED

    @property
    def has_left(self) -> bool:
        """Whether the call reached anyone."""
        failure = self.failure
        stays = (Cause.UNREACHABLE, Cause.CLAIM_EXPIRED, Cause.BLOCKED)
        return failure is None or failure.has_left or failure.cause not in stays


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said of one prospect: created with an id, or not accepted, and why, in its words if it gave any."""

    note_id: str | None
    reason: Message | None = None


@dataclass(frozen=True, slots=True)
class FoundNote:
    """A note as the API reads it back.

    Attributes:
        visibility, status: None where the API shows a value that isn't known; such a note is nobody's.
        created_at: seconds since 1970 by the clock that dates notes, or None where the reply didn't say.
        author: who wrote it, as an id of the vendor's, empty where the reply didn't say.
    """

    note_id: str
    content: str
    visibility: Visibility | None
    status: Status | None
    created_at: float | None
    author: str = ""


@dataclass(frozen=True, slots=True)
class NotesPage:
    """One page of a prospect's notes, newest first as far as is known; ``draft`` is the draft that is shown apart."""

    notes: tuple[FoundNote, ...]
    draft: FoundNote | None
    has_more: bool

    @property
    def all(self) -> tuple[FoundNote, ...]:
        """The notes and the draft."""
        return self.notes if self.draft is None else (*self.notes, self.draft)


@dataclass(frozen=True, slots=True)
class FoundProspect:
    """A prospect as the API lists it.

    Attributes:
        email: as the API shows it, empty where the prospect has none.
        created_at: seconds since 1970 by the API's clock, or None where the reply didn't say.
    """

    prospect_id: str
    email: str
    created_at: float | None


class Content(Protocol):
    """What a file holds."""

    def read(self, size: int, /) -> bytes:
        """What comes next, at most so many bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file to be uploaded.

    Attributes:
        name: as people are to see it.
        size: in bytes.
        content: at its beginning; read once, piece by piece, and so far as ``size`` says. It may raise OSError.
    """

    name: str
    size: int
    content: Content


@dataclass(frozen=True, slots=True)
class Traits:
    """What is special about a vendor, as far as the importer has to know.

    Attributes:
        one_draft: whether reading shows one draft of a prospect at most, so that a later one hides an earlier.
        page: notes of a prospect that one look-up asks for at most.
        prospects_page: prospects on a page of them; a shorter page is the last.
        nobody: an id that the vendor says no to, for no prospect can have it; empty where none is known.
    """

    one_draft: bool
    page: int = 100
    prospects_page: int = 100
    nobody: str = ""


class NotesApi(Protocol):
    """An API for notes. Safe to use from several threads; no method raises for what an API or a network may do."""

    traits: Traits

    def create(self, note: Note, prospects: Sequence[str]) -> Reply[dict[str, Answer]]:
        """Create one note for each prospect; a prospect of which the reply says nothing certain is missing."""

    def find(self, prospect: str, skip: int, take: int) -> Reply[NotesPage]:
        """One page of a prospect's notes."""

    def update(self, note_id: str, visibility: Visibility, status: Status) -> Reply[None]:
        """Change who sees a note, and whether it is a draft."""

    def upload(self, file: FilePart) -> Reply[str]:
        """Upload a file, so that notes can carry it: the id by which they name it. An unused one harms nobody."""

    def look_up(self, search: str, page: int) -> Reply[tuple[FoundProspect, ...]]:
        """One page, from 1, of the prospects that have ``search`` in their email or names; empty: of all prospects.

        That there are none is a value only where the API itself said so.
        """

    def renew(self) -> None:
        """Stop using all connections that are open now, for example after a reply that belongs to another request."""

    def close(self) -> None:
        """Close every connection."""


class Connect(Protocol):
    """How a vendor's API is reached at one address, with one key; timeouts and the clock in seconds."""

    def __call__(
        self, base_url: str, key: str, /, *, connect_timeout: float, read_timeout: float, clock: Callable[[], float]
    ) -> NotesApi:
        """Make ready to call it; calls nothing yet.

        Raises:
            BadSettings: the environment names something that can't be used.
        """


@dataclass(frozen=True, slots=True)
class Vendor:
    """Whose API it is: all that has to be handed in to import into another one.

    Attributes:
        name: as people know it.
        traits: what is special about it; known before it is reached.
        connect: makes a :class:`NotesApi`.
    """

    name: str
    traits: Traits
    connect: Connect
