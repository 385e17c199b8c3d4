"""Define the settings of delivery, its requests, and the context that its parts share in one run; make its calls."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, ClassVar, TypeAlias

from importer.api import Endpoint, NotesApi, Reply
from importer.api.connections import LEAVES_BY
from importer.api.transport import CONNECT
from importer.calls.dispatcher import Caller, Dispatcher
from importer.calls.retry import Attempts
from importer.delivery.reads import Reads, WholeRead
from importer.journal import Journal, NoteKey, Run
from importer.messages import Message, say
from importer.models import Request, Status, Workspace

LONGEST_CLAIM = 5.0
"""Seconds for which a claim is good if machines share the journal; then it is not sent but made anew (D5)."""


_SIZES = "page sizes"  # that look-ups of the workspace have asked for


@dataclass(frozen=True)
class Policy:
    """Settings of delivery.

    Attributes:
        rest: seconds after which an unclear request, if it was applied, can be read back.
        lag: seconds that reading may lag behind writing, if no control shows that it doesn't.
        least_limit: smallest limit in bytes that an intermediary may have; a smaller body is never too large.
        skips_existing: whether notes that are on a prospect already, whoever wrote them, aren't sent.
    """

    batch_size: int
    read_timeout: float
    rest: float
    lag: float
    least_limit: int = 512
    skips_existing: bool = False


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
        return replace(self, request=self.request.only(wanted), attempts=None)

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


Task: TypeAlias = Post | WholeRead


@dataclass(frozen=True)
class DeliveryContext:
    """Objects and settings that all parts of delivery share in one run.

    Attributes:
        run: the run, already begun in the journal; None for verify: nothing is sent, but only looked up.
        dispatcher: the loop in which calls are made, GET before POST.
        reads: reads prospects' notes.
    """

    journal: Journal
    workspace: Workspace
    run: Run | None
    caller: Caller
    policy: Policy
    dispatcher: Dispatcher[Task]
    reads: Reads

    @classmethod
    def of(
        cls, journal: Journal, workspace: Workspace, run: Run | None, caller: Caller, policy: Policy
    ) -> DeliveryContext:
        """Return the context of a run."""
        make = partial(perform, caller.api)
        dispatcher = Dispatcher[Task](caller, make, (WholeRead.kind, Post.kind))
        retry = replace(caller.retry, longest=max(1.0, min(policy.lag, policy.read_timeout)))
        learned = journal.learned(workspace)

        def reserve(number: int) -> None:
            if run is not None:
                learned.enter({_SIZES: number})

        first = int(caller.clock()) if run is None else int(learned.all().get(_SIZES, 0))
        reads = Reads(dispatcher, retry, caller.api.traits.page, first, reserve)
        return cls(journal, workspace, run, caller, policy, dispatcher, reads)

    @property
    def clock(self) -> Callable[[], float]:
        """Clock of the run: seconds since 1970, never going back."""
        return self.caller.clock

    @property
    def run_id(self) -> int | None:
        """Number of the run, if there is a run."""
        return None if self.run is None else self.run.id

    @property
    def head_start(self) -> float:
        """Seconds for which a process that has lost its lock may still send its claims, though we have it now."""
        return LONGEST_CLAIM + CONNECT if self.journal.is_shared else 0.0

    def may_be_hidden(self, key: NoteKey) -> bool:
        """Return whether a later draft of the prospect may hide a note, so that a miss says nothing."""
        return self.caller.api.traits.one_draft and key.status is Status.DRAFT

    @cached_property
    def runs(self) -> Mapping[int, Run]:
        """All runs of the workspace so far, by number."""
        return {run.id: run for run in self.journal.runs.listed(self.workspace)}


@contextlib.contextmanager
def leaving_by(until: float) -> Iterator[None]:
    """Make a call that isn't sent once its claim is no longer good: a process may be halted anywhere (D5)."""
    before = LEAVES_BY.set(until)
    try:
        yield
    finally:
        LEAVES_BY.reset(before)


def perform(api: NotesApi, task: Task) -> Reply[Any]:
    """Make a task's call in a worker thread, perhaps some time after its claim was entered."""
    if not isinstance(task, Post):
        return api.find(task.prospect, task.skip, task.take)
    note = task.request.note
    assert note is not None  # a note known only from the journal is never sent
    assert len(note.attachments) == len(note.files) or not note.files  # nor is a note without its files
    with leaving_by(task.good_until):
        return api.create(note, task.request.prospects)
