"""Define the settings of delivery, the context that its parts share in one run, and how workers make calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from importer.api import Cause, Failure, NotesApi, Reply, Traits
from importer.calls.dispatcher import Caller, Dispatcher
from importer.delivery.tasks import Post, Task, WholeRead
from importer.journal import Journal, Run
from importer.messages import say
from importer.models import Workspace

LONGEST_PAUSE = 15.0
"""Most seconds before a call that reached no server is tried again."""

LONGEST_CLAIM = 5.0
"""Seconds that a claim may wait for a worker; after that it is not sent but claimed anew (D5)."""


@dataclass(frozen=True)
class Policy:
    """Settings of delivery.

    Attributes:
        rest: seconds after which an unclear request, if it was applied, can be read back.
        lag: seconds that reading may lag behind writing, if no control shows that it doesn't.
        least_limit: smallest limit in bytes that an intermediary may have; a smaller body is never too large.
        resends: whether absent notes are sent again; verify only looks.
        head_start: seconds for which another process may still send its claims, though we have the lock now.
        skips_existing: whether notes that are on a prospect already, whoever wrote them, aren't sent.
    """

    batch_size: int
    read_timeout: float
    rest: float
    lag: float
    least_limit: int = 512
    resends: bool = True
    head_start: float = 0.0
    skips_existing: bool = False


@dataclass(frozen=True)
class DeliveryContext:
    """Objects and settings that all parts of delivery share in one run.

    Attributes:
        run: the run, already begun in the journal; None if nothing is sent, but only looked up.
        dispatcher: the loop in which calls are made, GET before POST.
    """

    journal: Journal
    workspace: Workspace
    run: Run | None
    caller: Caller
    policy: Policy
    dispatcher: Dispatcher[Task]

    @classmethod
    def of(
        cls, journal: Journal, workspace: Workspace, run: Run | None, caller: Caller, policy: Policy
    ) -> DeliveryContext:
        """Return the context of a run."""
        if journal.is_shared:  # a process that has lost its lock may still send
            policy = replace(policy, head_start=LONGEST_CLAIM)
        make = partial(perform, caller.api, caller.clock)
        return cls(journal, workspace, run, caller, policy, Dispatcher(caller, make, (WholeRead.kind, Post.kind)))

    @property
    def clock(self) -> Callable[[], float]:
        """Clock of the run: seconds since 1970, never going back."""
        return self.caller.clock

    @property
    def traits(self) -> Traits:
        """Peculiarities of the vendor."""
        return self.caller.api.traits

    @property
    def run_id(self) -> int | None:
        """Number of the run, if there is a run."""
        return None if self.run is None else self.run.id


def perform(api: NotesApi, clock: Callable[[], float], task: Task) -> Reply[Any]:
    """Make a task's call in a worker thread, perhaps some time after its claim was entered."""
    if not isinstance(task, Post):
        return api.find(task.prospect, task.skip, task.take)
    now = clock()
    if now - task.sent_at > LONGEST_CLAIM or time.time() > task.good_until:
        return Reply(task.kind, now, now, failure=Failure(Cause.CLAIM_EXPIRED, say("failure.waited-too-long")))
    note = task.request.note
    assert note is not None  # a note known only from the journal is never sent
    assert len(note.attachments) == len(note.files) or not note.files  # nor is a note without its files
    return api.create(note, task.request.prospects)
