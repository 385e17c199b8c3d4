"""Tasks go when they are due and may go, and every reply reaches the one who decides."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import pytest

from importer.api import Cause, Endpoint, Failure, Reply
from importer.calls.dispatcher import LAST_CALLS, Caller, Dispatcher
from importer.calls.limiter import Limiter
from importer.calls.retry import Attempts
from importer.calls.workers import LONGEST_WAIT
from importer.errors import Interrupted, LimitUsedUp, Outage, Stopped
from importer.messages import words
from importer.settings.kinds import Rate
from tests.calls.virtual import NOON, Pool


@dataclass(eq=False)
class Call:
    """A task whose replies are laid out beforehand: failures in a row, then successes."""

    kind: Endpoint
    name: str
    failures: list[Failure] = field(default_factory=list)
    attempts: Attempts | None = None
    is_patient: bool = True
    purpose = "trying again"


class House(Pool):
    """A dispatcher with a clock that its pool moves."""

    def __init__(self, give_up: float = 100.0, workers: int = 4, stop: Callable[[], str | None] = lambda: None) -> None:
        super().__init__()
        self.sent: list[str] = []
        learned = {Endpoint.CREATE: Rate(1000, 1.0)}  # so that the limit holds up nothing
        self.limiter = Limiter(workers, lambda: self.now, give_up, learned=learned, rng=random.Random(1))
        caller = Caller(cast(Any, None), self, self.limiter, lambda: self.now, give_up, stop, random.Random(1))
        self.dispatcher: Dispatcher[Any] = Dispatcher(caller, self.perform, (Endpoint.READ, Endpoint.CREATE))

    def submit(self, task: Any, perform: Callable[[Any], Reply[Any]]) -> None:
        self.sent.append(task.name)
        super().submit(task, perform)

    def wait_in_vain(self, seconds: float) -> list[tuple[Any, Reply[Any]]]:
        self.now += min(seconds, LONGEST_WAIT)
        return []

    def perform(self, task: Call) -> Reply[str]:
        failure = task.failures.pop(0) if task.failures else None
        status = 201 if failure is None else 500
        return Reply(task.kind, self.now - 0.1, self.now, task.name, failure, status)


def names(house: House, **options: Any) -> list[str]:
    return [task.name for task, _ in house.dispatcher.replies(**options)]


def fresh_of(*tasks: Call) -> Callable[[Endpoint], Call | None]:
    waiting = list(tasks)

    def fresh(kind: Endpoint) -> Call | None:
        found = next((task for task in waiting if task.kind == kind), None)
        if found is not None:
            waiting.remove(found)
        return found

    return fresh


def test_what_is_due_goes_before_what_was_never_tried() -> None:
    house = House(workers=1)
    house.dispatcher.add(Call(Endpoint.CREATE, "due"), NOON - 1.0)
    house.dispatcher.add(Call(Endpoint.CREATE, "later"), NOON + 0.15)
    fresh = fresh_of(*(Call(Endpoint.CREATE, f"fresh {i}") for i in range(3)))
    # By then "fresh 1" was drawn already, and waits for its turn.
    assert names(house, fresh=fresh) == ["due", "fresh 0", "fresh 1", "later", "fresh 2"]


def test_after_a_halt_while_choosing_nothing_more_is_chosen_in_that_round() -> None:
    house = House(give_up=10.0)
    house.limiter.began(Endpoint.READ)
    told = {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "50"}
    house.limiter.came_back(Reply(Endpoint.READ, NOON - 0.02, NOON, status=200, headers=told))
    assert house.limiter.wait(Endpoint.CREATE) == 0
    house.dispatcher.add_all([Call(Endpoint.READ, "lookup"), Call(Endpoint.CREATE, "post")])
    assert names(house) == []
    assert house.sent == []
    assert isinstance(house.dispatcher.stopped, Outage)
    assert "limit is used up" in str(house.dispatcher.stopped)


def test_what_cannot_be_entered_stays() -> None:
    house = House()
    house.dispatcher.add(Call(Endpoint.CREATE, "a"))
    tried: list[int] = []

    def enter(chosen: list[Call]) -> bool:
        tried.append(len(chosen))
        house.dispatcher.halt(Stopped("the disk is full"))
        return False

    assert names(house, enter=enter) == []
    assert (house.sent, tried) == ([], [1])
    assert house.limiter._own[Endpoint.CREATE].in_flight == 0


def test_a_person_who_wants_it_to_end_is_heard_in_every_round_and_what_is_under_way_comes_back() -> None:
    house = House(workers=2, stop=lambda: "Ctrl-C" if len(house.sent) >= 4 else None)
    house.dispatcher.add_all([Call(Endpoint.CREATE, str(i)) for i in range(10)])
    assert names(house) == house.sent
    assert len(house.sent) < 10
    assert isinstance(house.dispatcher.stopped, Interrupted)
    assert str(house.dispatcher.stopped) == "Ctrl-C"


def test_what_is_under_way_when_a_person_wants_it_to_end_is_waited_for_fifteen_seconds() -> None:
    """No longer, whatever the calls' own timeout is: who asked for the end has a clock of its own."""
    house = House(workers=2, stop=lambda: "SIGTERM" if house.now >= NOON + 1 else None)
    house.wait = house.wait_in_vain  # type: ignore[method-assign]
    house.dispatcher.add_all([Call(Endpoint.CREATE, str(i)) for i in range(10)])
    assert names(house) == []
    assert len(house.sent) == 2
    assert house.now == pytest.approx(NOON + 1 + LAST_CALLS, abs=0.6)
    assert isinstance(house.dispatcher.stopped, Interrupted)


@pytest.mark.parametrize(
    ("cause", "before", "stops"),
    [
        (Cause.BLOCKED, 1, True), (Cause.BAD_KEY, 0, True), (Cause.BAD_KEY, 1, True),
        (Cause.NOT_PERMITTED, 1, True), (Cause.WRONG_CALL, 1, True),
        (Cause.REDIRECTED, 0, True), (Cause.REDIRECTED, 1, False),  # after a success, it may be this call's
    ],
)  # fmt: skip
def test_a_failure_that_every_call_would_have_stops_all(cause: Cause, before: int, stops: bool) -> None:
    house = House(workers=1)
    failing = Call(Endpoint.CREATE, "b", [Failure(cause, words("no"))])
    house.dispatcher.add_all([Call(Endpoint.CREATE, "a")] * before + [failing, Call(Endpoint.CREATE, "c")])
    assert "".join(names(house)) == "a" * before + "b" + "c" * (not stops)
    assert getattr(house.dispatcher.stopped, "cause", None) == (cause if stops else None)
    house = House(workers=1)
    house.dispatcher.add(Call(Endpoint.READ, "a", [Failure(cause, words("no"))], is_patient=False))
    assert (names(house), house.dispatcher.stopped) == (["a"], None), "nothing waits for this one"


def test_a_limit_that_asks_for_more_than_there_is_patience_ends_it() -> None:
    house = House(give_up=100.0)
    house.dispatcher.add(Call(Endpoint.CREATE, "a", [Failure(Cause.RATE_LIMITED, words("slow down"), 5000.0)]))
    assert names(house) == ["a"]
    assert "The account's limit is used up. The API asks to wait 5,000 seconds." in str(house.dispatcher.stopped)
    until = f"{datetime.fromtimestamp(house.now + 5000).astimezone():%H:%M on %Y-%m-%d}"
    assert str(house.dispatcher.stopped).endswith(f"run the same command again after {until}.")
    assert isinstance(house.dispatcher.stopped, LimitUsedUp)  # which is no outage to whoever is told its kind
