"""What is due and what is in flight: the one loop of rounds that every caller of the API stands on.

Comes in: tasks, now or for later. Goes out: each task with its reply, in the thread that asked. In every round the
caller is shown the tasks that are about to leave and may write them down first; what it doesn't hand back stays.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from importer.api import Cause, Failure, Reply
from importer.calls.caller import Caller
from importer.calls.limiter import LONG_PAUSE, Limiter
from importer.calls.retry import Attempts, RetryPolicy
from importer.calls.workers import WorkerPool
from importer.errors import Interrupted, LimitUsedUp, NoThread, Outage, Stopped, WrongAddress
from importer.messages import Message, Said, say
from importer.settings.rate import Rate

LAST_CALLS = 15.0
"""Seconds that calls under way are given once a person, or the system, wants the run to end."""

_AFTER_OTHERS = 0.2  # seconds by which what reads lets those go first that show whether anything can be sent


class Task(Protocol):
    """One call to be made.

    Attributes:
        kind: what the account's limits may tell apart: ``POST``, ``GET`` or ``PATCH``.
        purpose: what a person is told while nothing but such a task is waited for.
        attempts: its failures in a row, where there were any.
    """

    kind: ClassVar[str]
    purpose: ClassVar[Message]
    attempts: Attempts | None


AnyTask = TypeVar("AnyTask", bound=Task)


class Dispatcher(Generic[AnyTask]):
    """Sends tasks when they may go, and brings their replies.

    Args:
        pool: who carries the calls.
        perform: makes a task's call; the pool's threads call it.
        limiter: when the next call may go; told of every reply here, and nowhere else.
        kinds: of calls, in the order in which they go where several could; a kind that has to wait holds up no other.
        clock: seconds since 1970, never going back.
        give_up: seconds without any progress after which it stops.
        stop: asked in every round whether a person wants it to end; says why, or None.
        rng: for jitter.

    Attributes:
        stopped: why nothing more is sent, or None.
    """

    def __init__(
        self,
        pool: WorkerPool[AnyTask],
        perform: Callable[[AnyTask], Reply[Any]],
        limiter: Limiter,
        kinds: Sequence[str],
        *,
        clock: Callable[[], float],
        give_up: float,
        stop: Callable[[], Said | None] = lambda: None,
        rng: random.Random | None = None,
    ) -> None:
        self.stopped: Stopped | None = None
        self._pool, self._perform, self._limiter, self._clock = pool, perform, limiter, clock
        self._give_up_after, self._stop = give_up, stop
        self._rng = rng or random.Random()  # noqa: S311 - jitter, no secret
        self._ready: dict[str, deque[AnyTask]] = {kind: deque() for kind in kinds}
        self._later: list[tuple[float, int, AnyTask]] = []
        self._tick = 0
        self._in_flight: set[AnyTask] = set()
        self._leaves_at = math.inf

    @classmethod
    def of(cls, caller: Caller, perform: Callable[[AnyTask], Reply[Any]], kinds: Sequence[str]) -> Self:
        """One whose calls are made with these."""
        return cls(
            caller.pool,
            perform,
            caller.limiter,
            kinds,
            clock=caller.clock,
            give_up=caller.give_up,
            stop=caller.stop,
            rng=caller.rng,
        )

    # -- tasks come in ----------------------------------------------------------------------------------------------

    def add(self, task: AnyTask, due: float = -math.inf) -> None:
        """Make a call when it is due, by our clock; one that is due goes before what has not been tried yet."""
        if due <= self._clock():
            self._ready[task.kind].appendleft(task)
        else:
            self._tick += 1
            heapq.heappush(self._later, (due, self._tick, task))

    def add_all(self, tasks: Sequence[AnyTask]) -> None:
        """Make some calls next, in their order."""
        for task in reversed(tasks):
            self.add(task)

    def retry(self, task: AnyTask, failure: Failure, policy: RetryPolicy) -> bool:
        """Make a call again after a pause; False when it is time to give it up."""
        now = self._clock()
        task.attempts = task.attempts or Attempts(policy, self._rng)
        pause = task.attempts.failed(failure, now)
        if pause is None:
            return False
        # While everyone pauses, it goes as soon as one may try.
        self.add(task, now if self._limiter.is_outage else now + pause)
        return True

    def wait_out(self, task: AnyTask) -> bool:
        """Make a call again once the way is found again, after what else there is to try it; False if it isn't lost."""
        if not self._limiter.is_way_lost:
            return False
        self.add(task, max(self._clock(), self._limiter.down_until) + _AFTER_OTHERS)
        return True

    def halt(self, error: Stopped) -> None:
        """Nothing more is sent; what is under way is waited for."""
        self.stopped = self.stopped or error

    # -- rounds -----------------------------------------------------------------------------------------------------

    def replies(
        self,
        fresh: Callable[[str], AnyTask | None] = lambda _: None,
        admit: Callable[[AnyTask], bool] = lambda _: True,
        enter: Callable[[list[AnyTask]], bool] = lambda _: True,
        after_round: Callable[[], None] = lambda: None,
    ) -> Iterator[tuple[AnyTask, Reply[Any]]]:
        """Each task with its reply, until there is nothing left to do, or after :meth:`halt` nothing in flight.

        Where a person wants it to end, what is in flight is waited for no longer than :data:`LAST_CALLS`; what has no
        reply by then gets none.

        Args:
            fresh: the next task of a kind that was never tried, or None; asked when no other of the kind is ready.
            admit: asked of each task before it is chosen; False: its caller has put it elsewhere.
            enter: called in every round with the tasks that are about to leave, maybe none; False: they don't.
            after_round: called after every round.
        """
        while True:
            if (why := self._stop()) is not None:
                self.halt(Interrupted(why))
                self._leaves_at = min(self._leaves_at, self._clock() + LAST_CALLS)
            chosen = [] if self.stopped is not None else self._choose(fresh, admit)
            if enter(chosen):
                yield from self._begin(chosen)
            else:
                for task in chosen:
                    self._limiter.withdrawn(task.kind)
            if not self._in_flight and (self.stopped is not None or not self._is_waiting):
                return
            if self._clock() >= self._leaves_at:
                return
            for task, reply in self._pool.wait(self._pause()):
                self._in_flight.discard(task)
                if self._limiter.came_back(reply):
                    assert reply.failure is not None
                    self.halt(self._given_up(reply.failure))
                yield task, reply
            after_round()

    def _begin(self, chosen: Sequence[AnyTask]) -> Iterator[tuple[AnyTask, Reply[Any]]]:
        """Begin calls; each that can't even begin comes back at once, as one that never left."""
        for task in chosen:
            try:
                self._pool.submit(task, self._perform)
                self._in_flight.add(task)
            except NoThread as error:
                self.halt(error)
                now = self._clock()
                why = Failure(Cause.UNREACHABLE, say("failure.no-thread"))
                reply: Reply[Any] = Reply(task.kind, now, now, failure=why)
                self._limiter.came_back(reply)
                yield task, reply

    @property
    def trouble(self) -> Message | None:
        """What holds everyone up; None if nothing does."""
        next_kind = next((kind for kind, ready in self._ready.items() if ready), None)
        trouble = self._limiter.trouble(next_kind)
        if trouble or next_kind or self._in_flight or not self._later:
            return trouble
        due, _, task = self._later[0]
        wait = due - self._clock()
        return say("trouble.later", purpose=task.purpose, seconds=math.ceil(wait)) if wait > LONG_PAUSE else None

    @property
    def to_come(self) -> int:
        """How many tasks wait, to be made at once or later."""
        return len(self._later) + sum(map(len, self._ready.values()))

    def seconds_for(self, calls: int, usual: Rate | None = None) -> float | None:
        """How long so many further calls take, and what waits for its time; None while that can't be said.

        Args:
            calls: how many.
            usual: what the API allowed an earlier run; counts until this one knows better.
        """
        if self._limiter.is_outage:
            return None
        last_due = max((due for due, _, _ in self._later), default=-math.inf)
        seconds = self._limiter.eta.seconds_for(calls, usual) if calls else 0.0
        return None if seconds is None else max(seconds, last_due - self._clock(), 0.0)

    @property
    def gives_up_in(self) -> float | None:
        """Return the seconds until it is given up, if the API goes on failing; None if it doesn't, or if that is over.

        It can be over because a rest after an unclear answer is waited for, and only a call shows that it still fails.
        """
        at, now = self._limiter.gives_up_at, self._clock()
        return at - now if at is not None and at > now else None

    @property
    def held_to(self) -> Rate | None:
        """The account's limit, where it is that which holds calls up."""
        return self._limiter.eta.held_to

    @property
    def _is_waiting(self) -> bool:
        return bool(self._later) or any(self._ready.values())

    def _choose(self, fresh: Callable[[str], AnyTask | None], admit: Callable[[AnyTask], bool]) -> list[AnyTask]:
        """The tasks that may go now."""
        chosen: list[AnyTask] = []
        now = self._clock()
        while self._later and self._later[0][0] <= now:
            due = heapq.heappop(self._later)[2]
            self._ready[due.kind].append(due)
        for kind, ready in self._ready.items():
            if self.stopped is not None:
                break
            while (task := ready.popleft() if ready else fresh(kind)) is not None:
                if not admit(task):
                    continue
                if self._limiter.wait(kind) > 0:
                    ready.appendleft(task)
                    self._see_to_limit(kind)
                    break
                self._limiter.began(kind)
                chosen.append(task)
        return chosen

    def _see_to_limit(self, kind: str) -> None:
        wait = self._limiter.wait_for_limit(kind)
        if math.isfinite(wait) and wait > self._give_up_after:
            self.halt(_limit_used_up(wait, self._clock()))

    def _pause(self) -> float:
        """Seconds until something can be done, other than taking in what comes back."""
        if self.stopped is not None:
            return max(0.0, self._leaves_at - self._clock())
        waits = [self._later[0][0] - self._clock()] if self._later else []
        waits += [self._limiter.wait(kind) for kind, ready in self._ready.items() if ready]
        return max(0.0, min(waits, default=math.inf))

    def _given_up(self, failure: Failure) -> Stopped:
        """Nothing has succeeded for too long; ``failure`` is the last that happened."""
        if failure.cause is Cause.RATE_LIMITED:
            return _limit_used_up(failure.wait, self._clock())
        if failure.is_strange:
            return WrongAddress(say("stopped.wrong-address", why=failure.text))
        kind, wait = "stopped.outage-asks-to-wait" if failure.wait else "stopped.outage", round(failure.wait or 0)
        longest = round(self._give_up_after)
        return Outage(say(kind, why=failure.text, wait=wait, longest=longest))


def _limit_used_up(wait: float | None, now: float) -> LimitUsedUp:
    if not wait:
        return LimitUsedUp(say("stopped.limit-used-up"))
    then = f"{datetime.fromtimestamp(now + wait).astimezone():%H:%M on %Y-%m-%d}"
    return LimitUsedUp(say("stopped.limit-used-up-until", seconds=round(wait), then=then))
