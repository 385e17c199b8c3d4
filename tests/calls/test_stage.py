"""A stage makes a call for each task, and records the results of each round before the next calls leave."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import pytest

from importer.api import Cause, Endpoint, Failure, NotesApi, Reply
from importer.calls.dispatcher import Caller
from importer.calls.limiter import Limiter
from importer.calls.retry import Attempts
from importer.calls.stage import Stage
from importer.errors import Blocked, KeyRefused, NotPermitted, Redirected, Stopped, WrongCall
from importer.messages import Message, words
from tests.calls.virtual import NOON

GIVE_UP = 100.0


@dataclass(eq=False)
class Task:
    """A task whose failures are laid out beforehand."""

    name: str
    failures: list[Cause] = field(default_factory=list)
    attempts: Attempts | None = None

    kind: ClassVar[Endpoint] = Endpoint.READ
    purpose: ClassVar[Message] = words("trying again")


class Desk(Stage[Task, str]):
    """A stage whose calls its own pool carries, one after the other; each takes a tenth of a second."""

    def __init__(self) -> None:
        self.now, self.heard = NOON, list[str]()
        self._under_way: list[tuple[Task, Callable[[Task], Reply[Any]]]] = []
        limiter = Limiter(1, lambda: self.now, GIVE_UP, rng=random.Random(1))
        caller = Caller(cast(NotesApi, None), self, limiter, lambda: self.now, GIVE_UP, rng=random.Random(1))
        super().__init__(caller, (Task.kind,), self._note)

    def submit(self, task: Task, perform: Callable[[Task], Reply[Any]]) -> None:
        self._under_way.append((task, perform))

    def wait(self, seconds: float) -> list[tuple[Task, Reply[Any]]]:
        self.now += 0.1 if self._under_way else seconds
        back, self._under_way = [(task, perform(task)) for task, perform in self._under_way], []
        return back

    def work(self, *tasks: Task) -> Stopped | None:
        self._run(tasks)
        return self._dispatcher.stopped

    def _note(self, results: Sequence[str]) -> None:
        self.heard.append(f"recorded {', '.join(results)}")

    def _perform(self, task: Task) -> Reply[str]:
        self.heard.append(f"called {task.name}")
        failure = Failure(task.failures.pop(0), words("no")) if task.failures else None
        return Reply(task.kind, self.now - 0.1, self.now, task.name, failure)

    def _succeeded(self, task: Task, value: str) -> None:
        self._unwritten.append(value)

    def _refused(self, task: Task, failure: Failure) -> None:
        self.heard.append(f"refused {task.name}: {failure.cause.name}")

    def _unclear(self, task: Task, failure: Failure) -> None:
        self.heard.append(f"unclear {task.name}: {failure.cause.name}")

    def _tell(self) -> None:
        pass


def test_each_result_is_recorded_before_the_next_call_leaves() -> None:
    desk = Desk()
    assert desk.work(Task("one"), Task("two")) is None
    assert desk.heard == ["called one", "recorded one", "called two", "recorded two"]


def test_a_call_that_meets_the_limit_is_made_again() -> None:
    desk = Desk()
    assert desk.work(Task("one", [Cause.RATE_LIMITED])) is None
    assert desk.heard == ["called one", "called one", "recorded one"]


@pytest.mark.parametrize(
    ("cause", "error"),
    [
        (Cause.BAD_KEY, KeyRefused),
        (Cause.NOT_PERMITTED, NotPermitted),
        (Cause.WRONG_CALL, WrongCall),
        (Cause.BLOCKED, Blocked),
        (Cause.REDIRECTED, Redirected),
    ],
)
def test_what_only_a_person_can_mend_ends_the_stage(cause: Cause, error: type[Stopped]) -> None:
    desk = Desk()
    assert isinstance(desk.work(Task("one", [cause]), Task("two")), error)
    assert desk.heard == ["called one"]


def test_a_redirect_after_a_success_is_an_unclear_answer() -> None:
    desk = Desk()
    assert desk.work(Task("one"), Task("two", [Cause.REDIRECTED])) is None
    assert desk.heard[2:] == ["called two", "unclear two: REDIRECTED"]


@pytest.mark.parametrize(
    ("cause", "what"),
    [(Cause.UNKNOWN_PROSPECT, "refused"), (Cause.BAD_REQUEST, "refused"), (Cause.INTERMEDIARY, "unclear")],
)
def test_a_refusal_in_the_apis_own_words_is_told_from_other_failures(cause: Cause, what: str) -> None:
    desk = Desk()
    assert desk.work(Task("one", [cause])) is None
    assert desk.heard == ["called one", f"{what} one: {cause.name}"]
