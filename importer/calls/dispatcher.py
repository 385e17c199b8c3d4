"""Send due tasks and return their replies, in the one loop that every caller of the API uses.

Input: tasks, now or for later. Output: each task with its reply, in the thread that asked. In every round of the
loop, the caller sees the tasks that are about to leave, and may record them first or hold them back.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from importer.api import STOPS, Cause, Endpoint, Failure, NotesApi, Reply
from importer.calls.limiter import LONG_PAUSE, Limiter
from importer.calls.retry import Attempts, RetryPolicy
from importer.calls.workers import WorkerPool
from importer.errors import CallRefused, Interrupted, LimitUsedUp, Outage, Stopped, WrongAddress
from importer.messages import Message, Said, as_message, say
from importer.models import Progress, Result

ATTEMPTS = 8
"""Maximum number of attempts at one call."""


@dataclass(frozen=True)
class Caller:
    """Objects and settings that calls to the API need.

    Attributes:
        give_up: seconds without any progress after which the run stops.
        stop: called in every round; returns why a person wants the run to end, or None.
    """

    api: NotesApi
    pool: WorkerPool[Any]
    limiter: Limiter
    clock: Callable[[], float]
    give_up: float
    stop: Callable[[], Said | None] = lambda: None
    rng: random.Random = field(default_factory=random.Random)

    @property
    def retry(self) -> RetryPolicy:
        """Retry policy of each call."""
        return RetryPolicy(ATTEMPTS, self.give_up)


LAST_CALLS = 15.0
"""Seconds that calls in flight may still take after a person or the system has asked the run to stop (D110)."""

_AFTER_OTHERS = 0.2  # more seconds that reads wait, so that calls which show whether notes can be sent go first


class Task(Protocol):
    """API call to be made.

    Attributes:
        kind: the kind of call, because each kind has a limit of its own.
        purpose: the message for a person while the run waits only for such tasks.
    """

    kind: ClassVar[Endpoint]
    purpose: ClassVar[Message]
    attempts: Attempts | None


AnyTask = TypeVar("AnyTask", bound=Task)


class Dispatcher(Generic[AnyTask]):
    """Loop that sends tasks when they may go, and returns their replies.

    Args:
        perform: makes a task's call; runs in the pool's threads.
        kinds: the kinds of calls, by priority; a kind that has to wait doesn't hold up the others.

    Attributes:
        stopped: the reason why nothing more is sent, or None.
    """

    def __init__(self, caller: Caller, perform: Callable[[AnyTask], Reply[Any]], kinds: Sequence[Endpoint]) -> None:
        self.stopped: Stopped | None = None
        self._caller, self._perform = caller, perform
        self._pool, self._limiter, self._clock = caller.pool, caller.limiter, caller.clock
        self._ready: dict[Endpoint, deque[AnyTask]] = {kind: deque() for kind in kinds}
        self._later: list[tuple[float, int, AnyTask]] = []
        self._tick = 0
        self._in_flight: set[AnyTask] = set()  # those that were chosen, too
        self._leaves_at = math.inf

    # -- adding tasks -----------------------------------------------------------------------------------------------

    def add(self, task: AnyTask, due: float = -math.inf) -> None:
        """Schedule a call for its due time by our clock; a call that is due now goes before calls not tried yet."""
        if due <= self._clock():
            self._ready[task.kind].appendleft(task)
        else:
            self._tick += 1
            heapq.heappush(self._later, (due, self._tick, task))

    def add_all(self, tasks: Sequence[AnyTask]) -> None:
        """Schedule these calls to be made next, in this order."""
        for task in reversed(tasks):
            self.add(task)

    def retry(self, task: AnyTask, failure: Failure, policy: RetryPolicy) -> bool:
        """Schedule another attempt at a call after a pause; return False if it is time to give up."""
        now = self._clock()
        task.attempts = task.attempts or Attempts(policy, self._caller.rng)
        pause = task.attempts.failed(failure, now)
        if pause is None:
            return False
        # During an outage all calls pause, and the task goes as soon as the limiter lets a call try.
        self.add(task, now if self._limiter.is_outage else now + pause)
        return True

    def wait_out(self, task: AnyTask) -> bool:
        """Postpone a call until calls can reach the API again; return False if they can now.

        The call goes a little later than the calls that test whether the API can be reached.
        """
        if not self._limiter.is_way_lost:
            return False
        self.add(task, max(self._clock(), self._limiter.down_until) + _AFTER_OTHERS)
        return True

    def is_open(self, kind: Endpoint) -> bool:
        """Return whether there are calls of a kind that wait, have been chosen, or are under way."""
        others = itertools.chain(self._in_flight, (task for _, _, task in self._later))
        return bool(self._ready[kind]) or any(task.kind is kind for task in others)

    def halt(self, error: Stopped) -> None:
        """Send no more calls because of this error, but wait for the calls in flight."""
        self.stopped = self.stopped or error

    # -- rounds -----------------------------------------------------------------------------------------------------

    def replies(
        self,
        fresh: Callable[[Endpoint], AnyTask | None] = lambda _: None,
        admit: Callable[[AnyTask], bool] = lambda _: True,
        enter: Callable[[list[AnyTask]], bool] = lambda _: True,
        after_round: Callable[[], None] = lambda: None,
    ) -> Iterator[tuple[AnyTask, Reply[Any]]]:
        """Yield each task with its reply until nothing is left to do or, after :meth:`halt`, nothing is in flight.

        If a person wants the run to end, calls in flight are waited for no longer than :data:`LAST_CALLS`. Tasks
        without a reply by then are not yielded.

        Args:
            fresh: returns the next untried task of a kind, or None; called when no other task of the kind is ready.
            admit: called for each task before it is chosen; returns False if the caller has put the task elsewhere.
            enter: called in every round with the tasks about to leave, maybe none; returns False to hold them back.
            after_round: called after every round.
        """
        while True:
            if (reason := self._caller.stop()) is not None:
                self.halt(self._ended(reason))
                self._leaves_at = min(self._leaves_at, self._clock() + LAST_CALLS)
            chosen = [] if self.stopped is not None else self._choose(fresh, admit)
            if enter(chosen):
                for task in chosen:
                    self._pool.submit(task, self._perform)
            else:
                self._in_flight.difference_update(chosen)
                for task in chosen:
                    self._limiter.withdrawn(task.kind)
            is_waiting = bool(self._later) or any(self._ready.values())
            is_done = not self._in_flight and (self.stopped is not None or not is_waiting)
            if is_done or self._clock() >= self._leaves_at:
                return
            for task, reply in self._pool.wait(self._pause()):
                self._in_flight.discard(task)
                is_given_up, failure = self._limiter.came_back(reply), reply.failure
                if failure is not None and self._stops(task, failure):
                    self.halt(CallRefused(failure.text, failure.cause))
                elif failure is not None and is_given_up:
                    self.halt(self._given_up(failure))
                yield task, reply
            after_round()

    def _stops(self, task: AnyTask, failure: Failure) -> bool:
        """Return whether every other call would fail alike. One prospect's notes alone may be turned away, though."""
        if not getattr(task, "is_patient", True):
            return False  # nothing waits for this look-up
        is_redirect = failure.cause is Cause.REDIRECTED and task.kind not in (*self._limiter.answered, Endpoint.READ)
        return failure.cause in STOPS or is_redirect

    def _ended(self, reason: Said) -> Stopped:
        """Return the error for an end that was asked for; during an outage, with the last problem."""
        if self._limiter.gives_up_at is None:
            return Interrupted(reason)
        why = self._limiter.trouble(None) or ""
        return Outage(say("stopped.outage-until-the-end", why=why, end=as_message(reason)))

    @property
    def trouble(self) -> Message | None:
        """Message about what holds up all calls; None if nothing does."""
        next_kind = next((kind for kind, ready in self._ready.items() if ready), None)
        trouble = self._limiter.trouble(next_kind)
        if trouble or next_kind or self._in_flight or not self._later:
            return trouble
        due, _, task = self._later[0]
        wait = due - self._clock()
        return say("trouble.later", purpose=task.purpose, seconds=math.ceil(wait)) if wait > LONG_PAUSE else None

    def seconds_for(self, calls: Mapping[Endpoint, int]) -> float | None:
        """Estimate the seconds that the waiting tasks and further calls take; None if that is unknown.

        Args:
            calls: the number of further calls of each kind, which go side by side.
        """
        if self._limiter.gives_up_at is not None:
            return None  # the API fails now
        numbers = Counter(calls) + Counter(task.kind for _, _, task in self._later)
        numbers += Counter({kind: len(ready) for kind, ready in self._ready.items()})
        last_due = max((due for due, _, _ in self._later), default=-math.inf)
        times = [self._limiter.seconds_for(number, kind) for kind, number in numbers.items()]
        return None if None in times else max(0.0, last_due - self._clock(), *filter(None, times))

    def progress(
        self,
        rows: int,
        settled: int,
        to_come: Mapping[Endpoint, int],
        ended: Mapping[Result, int] | None = None,
    ) -> Progress:
        """Return the progress of work on some rows, with what holds up its calls, and how long the rest takes.

        The pause after an unclear answer may outlast the time until the run gives up. Then only a call shows whether
        the API still fails, and no such time is told.
        """
        at, now, held_to = self._limiter.gives_up_at, self._clock(), self._limiter.held_to
        limit = None if held_to is None else (held_to.calls, held_to.seconds)
        left = at - now if at is not None and at > now else None
        return Progress(rows, settled, self.trouble, dict(ended or {}), self.seconds_for(to_come), limit, left)

    def _choose(self, fresh: Callable[[Endpoint], AnyTask | None], admit: Callable[[AnyTask], bool]) -> list[AnyTask]:
        chosen: list[AnyTask] = []
        now = self._clock()
        while self._later and self._later[0][0] <= now:
            due_task = heapq.heappop(self._later)[2]
            self._ready[due_task.kind].append(due_task)
        for kind, ready in self._ready.items():
            if self.stopped is not None:
                break
            while (task := ready.popleft() if ready else fresh(kind)) is not None:
                if not admit(task):
                    continue
                if self._limiter.wait(kind) > 0:
                    ready.appendleft(task)
                    wait = self._limiter.wait_for_limit(kind)
                    if math.isfinite(wait) and wait > self._caller.give_up:
                        self.halt(_limit_used_up(wait, now))
                    break
                self._limiter.began(kind)
                chosen.append(task)
                self._in_flight.add(task)
        return chosen

    def _pause(self) -> float:
        """Return the seconds until there is something to do besides receiving replies."""
        if self.stopped is not None:
            return max(0.0, self._leaves_at - self._clock())
        waits = [self._later[0][0] - self._clock()] if self._later else []
        waits += [self._limiter.wait(kind) for kind, ready in self._ready.items() if ready]
        return max(0.0, min(waits, default=math.inf))

    def _given_up(self, failure: Failure) -> Stopped:
        """Return the error for giving up after too long without a success; ``failure`` is the last failure."""
        if failure.cause is Cause.RATE_LIMITED:
            return _limit_used_up(failure.wait, self._clock())
        if failure.is_strange:
            return WrongAddress(say("stopped.wrong-address", why=failure.text))
        kind, wait = "stopped.outage-asks-to-wait" if failure.wait else "stopped.outage", round(failure.wait or 0)
        longest = round(self._caller.give_up)
        return Outage(say(kind, why=failure.text, wait=wait, longest=longest))


def _limit_used_up(wait: float | None, now: float) -> LimitUsedUp:
    if not wait:
        return LimitUsedUp(say("stopped.limit-used-up"))
    then = f"{datetime.fromtimestamp(now + wait, UTC).astimezone():%H:%M on %Y-%m-%d}"
    return LimitUsedUp(say("stopped.limit-used-up-until", seconds=round(wait), then=then))
