"""Make the calls of one stage: look up emails, upload files, or change notes.

Input: tasks. Output: their results, which the stage records in the journal in every round, in case the run stops.
Each of these calls may be repeated without harm. Delivery has rules of its own, because creating a note may not.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

from importer.api import API_REFUSED, STOPS, Cause, Endpoint, Failure, Reply
from importer.calls.dispatcher import AnyTask, Caller, Dispatcher
from importer.errors import CallRefused, Outage
from importer.messages import Message, say

Recorded = TypeVar("Recorded")
_FEW = 3  # attempts at a call that an intermediary refuses, or that the API refuses for a reason that may pass


class Stage(ABC, Generic[AnyTask, Recorded]):
    """Stage that calls the API.

    Args:
        kinds: the kinds of calls that tasks are, by priority.
        record: records new results in the journal.
    """

    def __init__(self, caller: Caller, kinds: Sequence[Endpoint], record: Callable[[Sequence[Recorded]], None]) -> None:
        self._api, self._clock, self._retry, self._record = caller.api, caller.clock, caller.retry, record
        self._few = replace(caller.retry, attempts=_FEW)
        self._dispatcher: Dispatcher[AnyTask] = Dispatcher(caller, self._perform, kinds)
        self._unwritten: list[Recorded] = []
        self._probes: dict[AnyTask, AnyTask] = {}  # probe → the task that was turned away
        self._suspects: set[AnyTask] = set()  # these tasks, once their probes were answered

    def _run(self, tasks: Sequence[AnyTask]) -> None:
        """Make the calls of these tasks, and of those that their results add, until none is left or the run stops."""
        self._dispatcher.add_all(tasks)
        for task, reply in self._dispatcher.replies(enter=self.enter, after_round=self._tell):
            self.take_in(task, reply)
        self.enter()

    def take_in(self, task: AnyTask, reply: Reply[Any]) -> None:
        """Take the reply to a task, which may be tried again. After an answered probe, its task goes once more."""
        is_answered = reply.failure is None or reply.failure.cause in API_REFUSED
        if is_answered and task in self._probes:
            suspect = self._probes.pop(task)
            suspect.attempts = None
            self._suspects.add(suspect)
            self._dispatcher.add(suspect)
        elif reply.failure is None:
            self._succeeded(task, reply.value)
        else:
            self._failed(task, reply.failure)

    def enter(self, _: Sequence[AnyTask] = ()) -> bool:
        """Record the new results in the journal."""
        if self._unwritten:
            self._record(self._unwritten)
            self._unwritten = []
        return True

    def _failed(self, task: AnyTask, failure: Failure) -> None:
        if failure.cause is Cause.RATE_LIMITED:
            self._dispatcher.add(task)
        elif failure.cause in API_REFUSED:
            self._refused(task, failure)
        elif failure.cause not in STOPS:
            self._unclear(task, failure)

    def _probe(self, task: AnyTask, probe: AnyTask) -> None:
        """Make a call like one that was answered, because something other than the API keeps turning a task away.

        The task itself is to blame only if it is turned away again after the probe was answered. Otherwise all rows
        would be rejected while the route to the API is lost.
        """
        self._probes[probe] = task
        self._dispatcher.add(probe)

    def _held_up(self, progress: Message) -> Message:
        """Return the message about the progress, with what holds up the calls, if anything does."""
        trouble = self._dispatcher.trouble
        return progress if trouble is None else say("progress.held-up", far=progress, trouble=trouble)

    @abstractmethod
    def _perform(self, task: AnyTask) -> Reply[Any]:
        """Make a task's call; runs in a worker thread."""

    @abstractmethod
    def _succeeded(self, task: AnyTask, value: Any) -> None:
        """Take the value that a call returned."""

    @abstractmethod
    def _refused(self, task: AnyTask, failure: Failure) -> None:
        """Decide what follows after the API refused a call in its own words."""

    def _unclear(self, task: AnyTask, failure: Failure) -> None:
        """Decide what follows after any other failure: another attempt, as long as the run has patience."""
        if failure.cause is Cause.REDIRECTED:
            self._dispatcher.halt(CallRefused(failure.text, failure.cause))
        elif not self._dispatcher.retry(task, failure, self._retry):
            self._dispatcher.halt(Outage(say("stopped.keeps-failing", why=failure.text)))

    @abstractmethod
    def _tell(self) -> None:
        """Report the progress."""
