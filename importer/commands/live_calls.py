"""Make the calls of a live test one after the other, few and slowly, and none twice that may create a second note.

Input: a call. Output: its reply; or an error, if calls don't get through, or there are no calls left.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from importer.api import Cause, Endpoint, Reply
from importer.api.headers import Announcement, server_now
from importer.api.protocol import STOPS
from importer.calls.caller import stopped_by
from importer.calls.dispatcher import Dispatcher
from importer.calls.retry import Attempts
from importer.commands.calling import Context
from importer.errors import LimitUsedUp, Outage, Stopped
from importer.messages import Message, say
from importer.models import Progress

MOST_CALLS = 60
"""Maximum number of calls of a live test."""

_SHARE = 10  # at most one in so many of the calls that a limit allows
_PAUSE = 0.5  # seconds between two calls
_UNTOLD = 60.0  # seconds of a window whose reset isn't told, or is over
_UNSURE = 1.0  # seconds before a told reset in which the next window may be open already, because resets are rounded
_TRIES = 3
_NOT_SENT = frozenset({Cause.UNREACHABLE, Cause.RATE_LIMITED, Cause.CLAIM_EXPIRED})
_NO_ANSWER = frozenset({Cause.FAILED, Cause.LOST})
_ENDS = STOPS | {Cause.REDIRECTED}


@dataclass(eq=False, slots=True)
class _Call:
    """One call of a live test."""

    kind: Endpoint
    make: Callable[[], Reply[Any]]
    attempts: Attempts | None = None

    purpose: ClassVar[Message] = say("purpose.next-experiment")


@dataclass
class LiveCalls:
    """Calls of a live test, one after the other, within its number of calls and its share of the account's limit."""

    context: Context
    made: int = 0
    _next: float = -math.inf  # when the next call may go
    _window: tuple[float, int] = (-math.inf, 0)  # when the limit's window ends, and our calls in it

    def ask(self, kind: Endpoint, make: Callable[[], Reply[Any]], pause: float = 0.0) -> Reply[Any]:
        """Make a call after a pause in seconds. Make it again only if that can't create a second note.

        Raises:
            Stopped: the call doesn't get through, or there are no calls left.
        """
        for _ in range(_TRIES):
            reply = self._once(kind, make, pause)
            cause = None if reply.failure is None else reply.failure.cause
            if cause not in _NOT_SENT and not (cause in _NO_ANSWER and kind in (Endpoint.READ, Endpoint.UPDATE)):
                break
        failure = reply.failure
        if failure is not None and failure.cause in _ENDS:
            raise stopped_by(failure)
        if failure is not None and failure.cause in _NOT_SENT:
            raise Outage(say("stopped.keeps-failing", why=failure.text))
        return reply

    def _once(self, kind: Endpoint, make: Callable[[], Reply[Any]], pause: float) -> Reply[Any]:
        if self.made == MOST_CALLS:
            raise Stopped(say("live.no-calls-left", n=MOST_CALLS))
        caller, reply = self.context.caller, None
        now, (ends, _) = caller.clock(), self._window
        due = max(now + pause, self._next)
        due = ends if ends - _UNSURE < due < ends else due
        if self._next - now > caller.give_up:
            raise LimitUsedUp(say("live.limit-too-low"))
        dispatcher: Dispatcher[Any] = Dispatcher(caller, self._perform, (kind,))
        dispatcher.add(_Call(kind, make), due)
        for _, came in dispatcher.replies(after_round=lambda: self._tell(dispatcher)):
            reply = came
        if reply is None:
            raise dispatcher.stopped or Stopped(say("live.no-answer"))
        self._slow_down(reply)
        return reply

    def _perform(self, call: _Call) -> Reply[Any]:
        self.made += 1
        return call.make()

    def _slow_down(self, reply: Reply[Any]) -> None:
        """Hold the next call until the limit's window is over if this one has used the share of it."""
        self._next = reply.came + _PAUSE
        announcement = None if reply.metadata is None else Announcement.read(reply.metadata.headers)
        if announcement is None or reply.metadata is None:
            return
        ends, used = self._window
        if reply.came >= ends:
            reset, seconds = announcement.reset, _UNTOLD
            if reset is not None:
                seconds = reset.at if reset.is_to_go else reset.at - server_now(reply.metadata.headers, reply.came)
            ends, used = reply.came + (seconds if seconds > 0 else _UNTOLD), 0
        self._window = ends, used + 1
        limit = announcement.limit or announcement.remaining + 1
        if used + 1 >= limit // _SHARE:
            self._next = max(self._next, ends)

    def _tell(self, dispatcher: Dispatcher[Any]) -> None:
        self.context.observe(Progress(MOST_CALLS, self.made, 0, 0, self.made, dispatcher.trouble))
