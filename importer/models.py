"""Types for the importer's terms: notes, rows, groups, requests, and the outcomes of rows.

A million rows are held as columns (:class:`Rows`), never as a million objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from importer.messages import Message, Said, SettingPart, as_argument, lines, say

if TYPE_CHECKING:  # --help needn't wait for numpy
    import numpy as np
    import numpy.typing as npt

Ints: TypeAlias = "npt.NDArray[np.int32]"
Texts: TypeAlias = "np.ndarray[tuple[int], np.dtypes.StringDType]"

MOST_WAYS = 7
"""Maximum number of answers that are shown with a question; of a sheet's columns, the others can be named."""


class Role(StrEnum):
    """Roles of columns. The values are the words of the setting ``map``."""

    PROSPECT = "prospect"
    CONTENT = "content"
    VISIBILITY = "visibility"
    STATUS = "status"
    ATTACHMENTS = "attachments"
    EMAIL = "email"
    KEY = "key"
    RECORD = "record"


class Visibility(StrEnum):
    """Visibilities of a note, the least visible first, as choices list them. The journal holds their values."""

    PRIVATE = "2"
    PUBLIC = "1"


class Status(StrEnum):
    """Statuses of a note, the least visible first."""

    DRAFT = "0"
    PUBLISHED = "1"


class ContentKind(StrEnum):
    """Formats of the cells in the content column."""

    AUTO = "auto"
    TEXT = "text"
    HTML = "html"


class Result(StrEnum):
    """Results of a row, in the words of the results file.

    A row that repeats an earlier row is a *duplicate* if that row is delivered; otherwise it gets that row's result.
    """

    CREATED = "created"
    UPDATED = "updated"
    DUPLICATE = "duplicate"
    ALREADY_IMPORTED = "already imported"
    REJECTED = "rejected"
    INVALID = "invalid"
    UNCONFIRMED = "unconfirmed"
    NOT_SENT = "not sent"
    SKIPPED = "skipped"


DELIVERED = frozenset({Result.CREATED, Result.UPDATED, Result.ALREADY_IMPORTED})
NEEDS_A_PERSON = frozenset({Result.REJECTED, Result.INVALID, Result.UNCONFIRMED})


def hashed(text: str) -> bytes:
    """Return the SHA-256 of a text, which may hold half characters."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True)
class Note:
    r"""A note in one form. Whether two rows *say* the same is decided in :mod:`importer.identity`.

    Attributes:
        text: the cell's text, without outer white space and with ``\n`` line ends.
        attachments: IDs that the API returned for uploaded files, in the sheet's order.
        content: the content to send for ``text``: the same text, or the smallest HTML that reads the same.
        files: SHA-256 of the attached files, as hex digits. If there are any, they identify the note, not their IDs.
        uncomposed: the text of its cell as it stands, if a template composed ``text``; otherwise empty.
        further: role and text of each further field, part of what the note says; only those that are filled in.
    """

    text: str
    visibility: Visibility
    status: Status
    attachments: tuple[str, ...] = ()
    content: str = field(default="", compare=False)
    files: tuple[str, ...] = ()
    uncomposed: str = field(default="", compare=False)
    further: tuple[tuple[Role, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.content:
            object.__setattr__(self, "content", self.text)

    @cached_property
    def digest(self) -> bytes:
        """32 bytes that stand for this form of a note; the journal holds them instead of the note."""
        attached = tuple(f"file {digest}" for digest in self.files) or self.attachments  # no ID contains a space
        parts = (self.text, self.visibility, self.status, *attached, *(part for pair in self.further for part in pair))
        return hashed("".join(f"{len(part)}:{part}" for part in parts))


@dataclass(frozen=True, slots=True, order=True)
class Workspace:
    """A profile at an address, for which deliveries are remembered: a test account and the live service stay apart."""

    profile: str
    base_url: str

    def __str__(self) -> str:
        return f"{self.profile} at {self.base_url}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem in the sheet.

    Attributes:
        column: position of the wrong cell's column; None if no single cell is wrong.
        cell: the cell's name (``Sheet1!C17``), or the row.
        value: the cell's text, shortened.
        word: the cell's text, if it is a word that could be given a meaning (the setting ``value``).
        near: the word that is probably meant; empty if there is none.
    """

    row: int
    column: int | None
    cell: Said
    value: str
    text: Message
    word: str = ""
    near: str = ""


@dataclass(frozen=True, slots=True)
class PossibleAnswer:
    """One possible answer to a question: a setting and its value, such as ``prospect=Lead ID``, and what it means.

    ``samples`` are some cells of the column that it names. That it ``is_likely`` is never applied without asking.
    """

    setting: str
    value: str
    means: Message
    samples: Sequence[str] = ()
    is_likely: bool = False

    @property
    def way(self) -> SettingPart:
        """The setting that gives this answer, as an argument of a command."""
        return SettingPart(self.setting, as_argument(self.value), is_from_sheet=True)


@dataclass(frozen=True, slots=True)
class Question:
    """A question that only a person can decide: the column of a role, or the meaning of a word.

    Attributes:
        choices: the possible answers, the likeliest first; none if settings contradict each other.
        column: position of the column in question; None if a role has no column.
        samples: some cells of the column, or the word in question.
        count: number of different values in the column, or of rows with the word; 0 if unknown.
        is_optional: whether a run may go on without an answer, because the rows in question are problems until then.
        why: what is said in place of the question if nobody can be asked, because no screen shows what it is about.
    """

    asks: Message
    choices: Sequence[PossibleAnswer] = ()
    column: int | None = None
    roles: Sequence[Role] = ()
    samples: Sequence[str] = ()
    count: int = 0
    is_optional: bool = False
    why: Message | None = None

    @property
    def text(self) -> Message:
        """The question with the settings that answer it, each at the end of a line of its own, to be copied."""
        first = sorted(self.choices, key=lambda choice: not choice.is_likely)[:MOST_WAYS]
        ways = (say("question.way", means=choice.means, way=choice.way) for choice in first)
        return lines(self.why or self.asks, *ways)


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """An attached file: name, path and folder (``root``) without links, size in bytes, and SHA-256 in hex digits."""

    name: str
    path: Path
    root: Path
    size: int
    digest: str


@dataclass
class Rows:
    """The rows of a sheet after validation, as columns. A *position* is an index into these columns.

    Attributes:
        number: row numbers as the spreadsheet program shows them.
        prospect: cleaned prospect IDs; an email if only it names the prospect and it wasn't looked up yet.
        record: IDs of the rows' records after their column's heading, empty for a row without; None: no such column.
        email: emails in lower case, empty for a row without one; None if the sheet has no such column.
        note: index into ``notes``; -1 if the row is invalid.
        notes: the distinct notes, in the order of their first row.
        key: keys that distinguish occurrences of the same note (``map key=HEADING``); None without this column.
        problems: position → the row's problems.
        done: index of the sheet's row → the note IDs that it has from an earlier results file.
        skipped: position → why the row certainly isn't data, or which word leaves it out.
        rejected: position → why the row's email names no prospect, once it was looked up.
        sheet_rows: position → index of the sheet's row, if one row makes several notes; None: each has its own row.
        meanings: role → word of its column, "" for a blank cell → its value; None: its rows are left out.
        remarks: messages about what validation cleaned; ``files``: digest → the attached file.
        questions: what only a person knows of columns without a role, words, dates, and people. Nothing may be sent
            before those that aren't optional are answered.
        seen: column with words of visibility or status that the user said is nothing → the words.
        template: the template that composes the texts; empty if none does.
        earlier: earlier template and its order of dates → function that returns the contents of the rows' notes, or "".
    """

    number: Ints
    prospect: Texts
    note: Ints
    notes: list[Note]
    key: Texts | None = None
    email: Texts | None = None
    record: Texts | None = None
    problems: dict[int, list[Problem]] = field(default_factory=dict)
    done: dict[int, tuple[str, ...]] = field(default_factory=dict)
    skipped: dict[int, Message] = field(default_factory=dict)
    rejected: dict[int, Message] = field(default_factory=dict)
    sheet_rows: Ints | None = None
    files: Mapping[str, AttachedFile] = field(default_factory=dict)
    meanings: Mapping[Role, Mapping[str, Visibility | Status | None]] = field(default_factory=dict)
    remarks: list[Message] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    seen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    template: str = ""
    earlier: Mapping[tuple[str, str], Callable[[], Sequence[str]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.number)

    @property
    def in_sheet(self) -> int:
        """Number of rows in the sheet."""
        return len(self) if self.sheet_rows is None else int(self.sheet_rows.max()) + 1

    def person(self, position: int) -> str:
        """Return how the sheet names a row's prospect: by its email if it has one."""
        return (self.email is not None and self.email[position]) or str(self.prospect[position])

    def of_sheet(self, positions: Ints) -> Ints:
        """Return the indices of the sheet's rows that make the notes at these positions."""
        return positions if self.sheet_rows is None else self.sheet_rows[positions]


@dataclass(frozen=True, slots=True)
class Group:
    """One note and the rows that deliver it: each prospect once (or once per key), in the sheet's order."""

    note: Note
    positions: Ints


@dataclass(frozen=True, slots=True)
class Request:
    """At most ``batch_size`` prospects of one group: one ``POST /v1/notes``.

    ``note`` is None if only the journal knows it, so that it can be looked up but not sent. ``positions``,
    ``prospects`` and ``names`` (of the deliveries in the journal) have the same order; there are no names as long as
    nothing is claimed.
    """

    note: Note | None
    positions: tuple[int, ...]
    prospects: tuple[str, ...]
    names: tuple[bytes, ...] = ()

    def __len__(self) -> int:
        return len(self.prospects)

    def only(self, wanted: Sequence[int]) -> Request:
        """Return the same request for only some of its prospects, given by their index in it."""
        names = tuple(self.names[i] for i in wanted) if self.names else ()
        return Request(
            self.note, tuple(self.positions[i] for i in wanted), tuple(self.prospects[i] for i in wanted), names
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """The deliveries of a run: groups in the order of their notes; the row that each row repeats, or -1.

    ``lessened`` are rows that others repeat with another visibility or status; the least counts.
    """

    groups: list[Group]
    original: Ints
    lessened: Mapping[int, int] = field(default_factory=dict)

    @property
    def deliveries(self) -> int:
        """Number of notes that the plan would create."""
        return sum(len(group.positions) for group in self.groups)


@dataclass(frozen=True, slots=True)
class Remaining:
    """The deliveries that remain to be made.

    Attributes:
        deliveries: number of notes to create; ``notes``: of distinct ones; ``requests``: of requests at most.
        unclear: number of further deliveries, which are looked up first.
        files: digests of the attached files, each once.
        there_twice: number of ``deliveries`` whose notes are there already, because everything is imported again.
        sent_anew: number of ``deliveries`` if a whole history seems to be sent again; otherwise 0.
        lessened: number of rows whose note other rows have with another visibility or status.
        groups: all deliveries to create or look up.
        asked: positions of rows whose notes somebody ``hidden``; may be there in another form, ``in_doubt``; and of
            these, those that are dated ``later`` than the note was sent.
    """

    deliveries: int
    notes: int
    requests: int
    unclear: int = 0
    files: tuple[str, ...] = field(default=(), compare=False, repr=False)
    there_twice: int = field(default=0, compare=False)
    lessened: int = field(default=0, compare=False)
    sent_anew: int = field(default=0, compare=False)
    groups: Sequence[Group] = field(default=(), compare=False, repr=False)
    asked: Mapping[str, Sequence[int]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def total(self) -> int:
        """Number of deliveries to create or look up."""
        return self.deliveries + self.unclear


@dataclass(frozen=True)
class Progress:
    """The progress of a run, in rows; ``ended`` are those that got each result in this run.

    Attributes:
        seconds_left: estimated seconds for the rest; None while unknown.
        held_to: the account's limit as (calls, seconds), if it slows the calls down.
        gives_up_in: seconds until the run stops, if the API continues to fail.
    """

    rows: int
    settled: int
    trouble: Message | None = None
    ended: Mapping[Result, int] = field(default_factory=dict)
    seconds_left: float | None = None
    held_to: tuple[int, float] | None = None
    gives_up_in: float | None = None
