"""The importer's words as types: notes, rows, groups, requests, and what may become of a row.

A million rows are held as columns (:class:`Rows`), never as a million objects.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from importer.messages import Message

if TYPE_CHECKING:  # whoever only asks for help doesn't wait for numpy
    import numpy as np
    import numpy.typing as npt

Ints: TypeAlias = "npt.NDArray[np.int32]"
Texts: TypeAlias = "np.ndarray[tuple[int], np.dtypes.StringDType]"


class Role(StrEnum):
    """What a column is for; the values are the words of the setting ``map``."""

    PROSPECT = "prospect"
    CONTENT = "content"
    VISIBILITY = "visibility"
    STATUS = "status"
    ATTACHMENTS = "attachments"
    EMAIL = "email"
    KEY = "key"


class Visibility(StrEnum):
    """Who sees a note; a person chooses in this order. The values are the journal's, and part of a note's digest."""

    PRIVATE = "2"
    PUBLIC = "1"


class Status(StrEnum):
    """Whether a note is a draft. The values are the journal's, as those of :class:`Visibility` are."""

    DRAFT = "0"
    PUBLISHED = "1"


class OnSeveral(StrEnum):
    """What becomes of a row whose email several prospects have."""

    REJECT = "reject"
    NEWEST = "newest"
    OLDEST = "oldest"
    ALL = "all"


class Result(StrEnum):
    """What became of a row, in the words of the results file.

    A row that repeats an earlier one is a *duplicate* where that one is delivered; otherwise it ends as that one does.
    """

    CREATED = "created"
    DUPLICATE = "duplicate"
    ALREADY_IMPORTED = "already imported"
    REJECTED = "rejected"
    INVALID = "invalid"
    UNCONFIRMED = "unconfirmed"
    NOT_SENT = "not sent"
    SKIPPED = "skipped"


DELIVERED = frozenset({Result.CREATED, Result.ALREADY_IMPORTED})
NEEDS_A_PERSON = frozenset({Result.REJECTED, Result.INVALID, Result.UNCONFIRMED})


@dataclass(frozen=True)
class Note:
    r"""What is said. Two rows hold the same note when these are equal.

    Attributes:
        text: the cell's text, without outer white space and with ``\n`` line ends; what notes are compared by.
        visibility: who sees it.
        status: draft or published.
        attachments: ids as the API returned them when the files were uploaded, in the sheet's order.
        content: what is sent for ``text``: itself, or the smallest HTML that reads the same.
        files: SHA-256, in hexadecimal digits, of the files that it carries, in the sheet's order. Then the note is
            known by them, and ``attachments`` are their ids, none before they are uploaded.
    """

    text: str
    visibility: Visibility
    status: Status
    attachments: tuple[str, ...] = ()
    content: str = field(default="", compare=False)
    files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.content:
            object.__setattr__(self, "content", self.text)

    @cached_property
    def digest(self) -> bytes:
        """32 bytes that tell this note from every other; the journal holds it in the note's stead."""
        carried = tuple(f"file {digest}" for digest in self.files) or self.attachments  # no id holds a space
        parts = (self.text, self.visibility, self.status, *carried)
        return hashlib.sha256(
            "".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")
        ).digest()


@dataclass(frozen=True, slots=True, order=True)
class Workspace:
    """A profile at an address: what deliveries are remembered for. The sandbox is not mistaken for the live service.

    Attributes:
        profile: the workspace's name of the person's own.
        base_url: the address, in the one spelling of all that lead there.
    """

    profile: str
    base_url: str

    def __str__(self) -> str:
        return f"{self.profile} at {self.base_url}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in the sheet.

    Attributes:
        row: the row's number as the spreadsheet program shows it.
        column: position of the column of the cell to blame, or None where no single cell is.
        cell: the cell's name (``Sheet1!C17``), or the row's.
        value: what stands there, shortened.
        text: what is wrong, what is allowed, and a likely intended value where there is one.
        kind: the same without what stands in this cell; problems of one kind are told together.
        word: what stands there, where it is a word that could be given a meaning (the setting ``value``).
    """

    row: int
    column: int | None
    cell: str
    value: str
    text: Message
    kind: Message
    word: str = ""


@dataclass(frozen=True, slots=True)
class PossibleAnswer:
    """One way to answer a question: a setting, and what it is given.

    Attributes:
        setting: its name.
        value: what it is given, as a text: ``prospect=Lead ID``.
        means: the same for a person who has to choose.
        samples: where it names a column, some of what stands there.
        is_likely: whether the sheet itself speaks for it; a hint, never taken without a word.
    """

    setting: str
    value: str
    means: Message
    samples: Sequence[str] = ()
    is_likely: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """Something that only a person can decide: which column has a role, or what a word means.

    Attributes:
        text: the question, with the settings that answer it.
        asks: the question alone.
        choices: the ways to answer it, the likeliest first; none where settings contradict each other.
        column: position of the column in question; None where a role has no column.
        roles: which roles it is about.
        samples: some of what stands in the column, or the word in question.
        count: how many different values stand there, or how many rows hold the word; 0 where that isn't known.
    """

    text: Message
    asks: Message
    choices: Sequence[PossibleAnswer] = ()
    column: int | None = None
    roles: Sequence[Role] = ()
    samples: Sequence[str] = ()
    count: int = 0

    @property
    def answers(self) -> dict[str, list[str]]:
        """The settings that answer it → the values that each may be given."""
        found: dict[str, list[str]] = {}
        for choice in self.choices:
            found.setdefault(choice.setting, []).append(choice.value)
        return found


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that notes carry: its path and the folder that holds it (without links), its bytes, its SHA-256 in hex."""

    name: str
    path: Path
    root: Path
    size: int
    digest: str


@dataclass
class Rows:
    """The data lines of a sheet after validation, a column each; *position* means an index into these columns.

    Attributes:
        number: row numbers as the spreadsheet program shows them.
        prospect: cleaned prospect ids; an email where that alone names the prospect and wasn't looked up yet.
        email: emails in small letters, empty where a row has none; None without such a column.
        note: index into ``notes``; -1 where the row is invalid or already carries a note id.
        notes: the distinct notes, in the order of their first row.
        key: what tells occurrences of the same note apart (the setting ``key-column``), or None without such a column.
        problems: position → what is wrong with that row.
        done: position → the note id that the row carries from an earlier results file.
        skipped: position → why that row is surely no data.
        rejected: position → why its email names no prospect; known once that was looked up.
        sheet_rows: position → the sheet's row that it stands for, if one row makes several notes; None: each its own.
        files: the files that notes carry, by their digests.
        meanings: role → each word of its column, "" for a blank cell → its value.
        remarks: what validation cleaned on the way, in sentences.
        overlooked: columns without a role that hold nothing but values of one; nothing may be sent then.
        unknown: words of theirs whose meaning only a person knows; nothing may be sent then, either.
        former: (note, key, row number, codecs) → the notes and keys that earlier runs read there; None: no others.
    """

    number: Ints
    prospect: Texts
    note: Ints
    notes: list[Note]
    key: Texts | None = None
    email: Texts | None = None
    problems: dict[int, list[Problem]] = field(default_factory=dict)
    done: dict[int, str] = field(default_factory=dict)
    skipped: dict[int, Message] = field(default_factory=dict)
    rejected: dict[int, Message] = field(default_factory=dict)
    sheet_rows: Ints | None = None
    files: Mapping[str, AttachedFile] = field(default_factory=dict)
    meanings: Mapping[Role, Mapping[str, Visibility | Status]] = field(default_factory=dict)
    remarks: list[Message] = field(default_factory=list)
    overlooked: list[Question] = field(default_factory=list)
    unknown: list[Question] = field(default_factory=list)
    former: Callable[[Note, str, int, frozenset[str] | None], Iterable[tuple[Note, str, bool]]] | None = None

    def __len__(self) -> int:
        return len(self.number)

    @property
    def in_sheet(self) -> int:
        """How many rows the sheet has."""
        return len(self) if self.sheet_rows is None else int(self.sheet_rows.max()) + 1

    @property
    def questions(self) -> tuple[Question, ...]:
        """What only a person can decide; nothing may be sent before."""
        return (*self.overlooked, *self.unknown)

    def deliveries(self, positions: Ints) -> tuple[list[str], list[str]]:
        """The prospects of some rows, and their keys; empty texts where the sheet has none."""
        prospects: list[str] = self.prospect[positions].tolist()
        keys: list[str] = [""] * len(prospects) if self.key is None else self.key[positions].tolist()
        return prospects, keys


@dataclass(frozen=True, slots=True)
class Group:
    """One note and the rows that deliver it: each prospect once (or once per key), in the sheet's order."""

    note: Note
    positions: Ints


@dataclass(frozen=True, slots=True)
class Request:
    """At most ``batch_size`` prospects of one group: one ``POST /v1/notes``.

    Attributes:
        note: what is said; None where only the journal knows it, so that it can be looked up but not sent.
        positions: the rows it is for.
        prospects: their prospect ids, in the same order, none twice.
        keys: their occurrence keys, in the same order; empty strings where the sheet has none.
    """

    note: Note | None
    positions: tuple[int, ...]
    prospects: tuple[str, ...]
    keys: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.prospects)

    def with_keys(self, keys: Iterable[str]) -> Request:
        """The same with other keys."""
        return Request(self.note, self.positions, self.prospects, tuple(keys))

    def of(self, note: Note) -> Request:
        """The same deliveries, of this note."""
        return Request(note, self.positions, self.prospects, self.keys)

    def only(self, wanted: Sequence[int]) -> Request:
        """The same request for some of its prospects, named by their index in it."""
        return Request(
            self.note,
            tuple(self.positions[i] for i in wanted),
            tuple(self.prospects[i] for i in wanted),
            tuple(self.keys[i] for i in wanted),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run has to do.

    Attributes:
        groups: in the order of their first row.
        original: for every row the position of the earlier row that it repeats, or -1.
    """

    groups: list[Group]
    original: Ints

    @property
    def deliveries(self) -> int:
        """How many notes the plan would create."""
        return sum(len(group.positions) for group in self.groups)


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is still to be done.

    Attributes:
        deliveries: notes to create.
        notes: distinct notes among them.
        requests: how many requests that takes at most.
        unclear: further deliveries, of which it is looked up first whether an earlier run made them.
        public: how many of all these are public.
        files: digests of the files that their notes carry, each once.
        made_without_key: of ``deliveries`` those whose note is on the prospect, imported without a column of keys.
        held_back: notes beside ``deliveries`` that wait until a person has looked at the first ones.
        refused: of ``deliveries`` those that the API refused in an earlier run, for their prospect's ID.
        groups: all that is to be created or looked up, by note.
    """

    deliveries: int
    notes: int
    requests: int
    unclear: int = 0
    made_without_key: int = 0
    public: int = field(default=0, compare=False)
    files: tuple[str, ...] = field(default=(), compare=False)
    held_back: int = 0
    refused: int = field(default=0, compare=False)
    groups: Sequence[Group] = field(default=(), compare=False, repr=False)

    @property
    def total(self) -> int:
        """Deliveries that the run has to see to."""
        return self.deliveries + self.unclear


@dataclass(frozen=True)
class Progress:
    """How far it is, in rows and calls.

    Attributes:
        trouble: what holds it up; None if nothing does.
        ended: rows by what became of them in this run.
        seconds_left: how long the rest takes; None while that can't be said.
        held_to: the account's limit, as calls in so many seconds, where it is that which holds calls up.
        gives_up_in: seconds until it stops, if the API goes on failing; None while it doesn't.
    """

    rows: int
    settled: int
    created: int
    failed: int
    requests: int
    trouble: Message | None = None
    ended: Mapping[Result, int] = field(default_factory=dict)
    seconds_left: float | None = None
    held_to: tuple[int, float] | None = None
    gives_up_in: float | None = None
