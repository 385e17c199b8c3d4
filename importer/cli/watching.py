"""Watch a run: show its progress to the person, and receive the request to stop.

Input: progress from delivery, signals from the system. Output: a bar or lines on standard error; a reason to stop.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING, Any

from importer.cli.terminal import Gate, is_terminal, say_line, unsaid
from importer.messages import Message, render, say
from importer.models import Progress
from importer.telling.rendering import clock_time, in_result_words, progressed, time_left, visible, what_holds_it_up

if TYPE_CHECKING:
    from tqdm import tqdm


_NAMES = {"SIGINT": "Ctrl-C", "SIGBREAK": "Ctrl-Break"}
_SIGNALS = (*_NAMES, "SIGTERM", "SIGHUP")
"""Signals that ask to stop. Not every system has each."""


class EndedAtOnce(KeyboardInterrupt):
    """Error raised because a person asked a second time to stop sending."""


class RunWatch:
    """Progress on standard error: a bar on a terminal, else a line with the time every ten seconds."""

    _EVERY = 10.0  # seconds between lines
    _FORM = "{l_bar}{bar}| {n_fmt}/{total_fmt}{unit} [{elapsed}%s{postfix}]"
    _IN_TROUBLE = (
        "{n_fmt}/{total_fmt}{unit}, {elapsed}%s{postfix}"  # room for words; tqdm cuts it to the terminal's width
    )

    def __init__(self, *, silent: bool = False) -> None:
        self._is_silent = silent
        self._bar: tqdm[Any] | None = None
        self._total = 0
        self._trouble = ""
        self._next_line = 0.0

    def __enter__(self) -> RunWatch:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def begin(self, total: int) -> None:
        """Start showing the progress of this number of notes."""
        self._total = 0 if self._is_silent else total
        self._next_line = time.monotonic() + self._EVERY
        if self._total and is_terminal(sys.stderr):
            from tqdm import tqdm  # noqa: PLC0415 - only a watched run waits for it

            stream = sys.stderr.for_bar() if isinstance(sys.stderr, Gate) else sys.stderr
            self._bar = tqdm(total=total, unit=" notes", file=stream, bar_format=self._FORM % "", dynamic_ncols=True)

    def observe(self, progress: Progress) -> None:
        """Show the progress, and what delays it."""
        if self._bar is not None:
            self._move(self._bar, progress)
        elif time.monotonic() >= self._next_line and self._total:
            self._next_line = time.monotonic() + self._EVERY
            say_line(
                say("watching.line", time=clock_time(time.time()), progress=progressed(progress, self._total)), err=True
            )

    def _move(self, bar: tqdm[Any], progress: Progress) -> None:
        left = "" if progress.seconds_left is None else f", {render(time_left(progress))}"
        besides = f"{self._total}/{self._total} notes, 00:00{left}, "
        delay = visible(render(what_holds_it_up(progress, (bar.ncols or 100) - len(besides) - 1)))
        if progress.trouble:
            bar.bar_format = self._IN_TROUBLE % left
            bar.set_postfix_str(delay, refresh=False)
        else:
            bar.bar_format = self._FORM % left
            ended = render(in_result_words(progress.ended))
            bar.set_postfix_str(", ".join(filter(None, (ended, delay))), refresh=False)
        bar.update(min(progress.settled, self._total) - bar.n)
        if delay != self._trouble:  # tqdm itself refreshes only on progress
            self._trouble = delay
            bar.refresh()


class Stopper:
    """Handler of Ctrl-C and the system's request to stop. One request ends the run in good order, a second at once.

    The system doesn't ask twice, but kills the process, so its request is carried out within 30 seconds.

    Attributes:
        is_by_person: whether a person at this terminal asked.
    """

    _AT_ONCE, _LATEST = 26.0, 29.0  # seconds after the system's request: end at once; kill the process

    def __init__(self) -> None:
        self._why: Message | None = None
        self.is_by_person = False
        self._is_unsaid = False  # whether a signal came that the loop has not reported yet
        self._handlers: dict[int, Any] = {}  # of each signal before it was armed
        self._timers: list[threading.Timer] = []

    def __enter__(self) -> Stopper:
        return self

    def arm(self) -> None:
        """Let signals end the run in good order. Before this, nothing was sent, and Ctrl-C ends the program at once.

        Raises:
            OutputFailed: the description of what is about to be sent could not be printed.
        """
        if (failure := unsaid()) is not None:
            raise failure
        for name in _SIGNALS if not self._handlers else ():
            if (number := getattr(signal, name, None)) is not None:
                with contextlib.suppress(ValueError, OSError):  # not in the main thread
                    self._handlers[number] = signal.signal(number, self._heard)

    def __exit__(self, *_: object) -> None:
        self.disarm()

    def disarm(self) -> None:
        """Restore the signals' handlers, because nothing is under way that would have to end in good order."""
        while self._handlers:
            signal.signal(*self._handlers.popitem())
        for timer in self._timers:
            timer.cancel()

    def end(self, name: str) -> None:
        """Ask the run to stop in an orderly way."""
        self.is_by_person = True
        self._why = say("watching.asked-to-end", name=name)

    def why(self) -> Message | None:
        """Return why the run is to stop, or None. Print this reason once, here: a signal handler must not print."""
        if self._is_unsaid:
            self._is_unsaid = False
            say_line(err=True)
            say_line(say("watching.finishing"), err=True)
        return self._why

    def _heard(self, number: int, _: FrameType | None) -> None:
        name = _NAMES.get(signal.Signals(number).name, signal.Signals(number).name)
        if self._why is None:
            self.end(name)
            self.is_by_person = name in _NAMES.values() and is_terminal(sys.stdin)
            self._is_unsaid = True
        elif name in _NAMES.values():  # a terminal that closes sends another signal twice
            raise EndedAtOnce
        if number != signal.SIGINT and not self._timers:  # after Ctrl-C, too, the system doesn't wait
            self._set_timers()

    def _set_timers(self) -> None:
        for seconds, action in ((self._AT_ONCE, _thread.interrupt_main), (self._LATEST, lambda: os._exit(3))):
            timer = threading.Timer(seconds, action)
            timer.daemon = True
            timer.start()
            self._timers.append(timer)
