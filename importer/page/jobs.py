"""Jobs under way, each in a process of its own, and one at a time a workspace.

Comes in: what is to be done (see :mod:`importer.page.tasks`); a person's word that it is to end. Goes out: how far it
is, and how it ended. A job goes on whatever becomes of the pages that show it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from importer.messages import Message
from importer.models import Progress, Workspace
from importer.page import tasks
from importer.page.choices import Choices
from importer.page.processes import deaf
from importer.page.tasks import Ended, Task
from importer.page.uploads import DroppedFile

_BROKE_OFF = (
    "The process that did it ended without a word: the computer may be short of memory. What was delivered is recorded,"
    " and is not sent again. Begin it again."
)


class UnderWay(Exception):
    """Another job of the workspace is under way."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.id)
        self.job = job


@dataclass
class Job:
    """Something that takes a while, and goes on by itself.

    Attributes:
        id: in addresses.
        task: what is done.
        upload, choices: the file that it is done with, and how that is read; None where it needs none.
        expected: how many notes a person agreed to; 0 where that isn't asked.
        began_at: by a clock that only runs.
        progress: how far it is; None until it has begun.
        ended: how it ended; None while it is under way.
        stopping: whether it was asked to end.
    """

    id: str
    task: Task
    upload: DroppedFile | None
    choices: Choices
    expected: int
    began_at: float
    process: BaseProcess
    connection: Connection
    progress: Progress | None = None
    ended: Ended | None = None
    stopping: bool = False
    listener: threading.Thread = field(init=False)

    @property
    def workspace(self) -> Workspace:
        """Whose notes it is about."""
        return self.task.settings.workspace

    def stop(self, why: Message) -> None:
        """Ask it to end in good order."""
        if self.ended is None and not self.stopping:
            self.stopping = True
            with contextlib.suppress(OSError):  # it has just ended
                self.connection.send(why)

    def listen(self, over: Callable[[Ended], None]) -> None:
        """Hear of its progress until it has ended; ``over`` is told how, before anybody else knows."""
        ended: Ended | None = None
        try:
            while ended is None:
                match self.connection.recv():
                    case Progress() as progress:
                        self.progress = progress
                    case Ended() as last:
                        ended = last
        except (EOFError, OSError):
            ended = Ended(3, _BROKE_OFF)
        try:
            over(ended)
        finally:
            self.ended = ended
        self.process.join()
        self.connection.close()


class Jobs:
    """All jobs since the program was started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, Job] = {}

    def __iter__(self) -> Iterator[Job]:
        """The latest first."""
        return iter(reversed([*self._found.values()]))

    def get(self, number: str) -> Job | None:
        """The job of an id."""
        return self._found.get(number)

    @property
    def under_way(self) -> list[Job]:
        """Those that haven't ended, the latest first."""
        return [job for job in self if job.ended is None]

    def begin(
        self, task: Task, upload: DroppedFile | None, choices: Choices, expected: int, over: Callable[[Ended], None]
    ) -> Job:
        """Do something.

        Args:
            task: what.
            upload: with which file.
            choices: how that is read.
            expected: how many notes a person agreed to; 0 where that isn't asked.
            over: told how it ended.

        Raises:
            UnderWay: another job of the workspace hasn't ended.
        """
        with self._lock:
            for other in self.under_way:
                if other.workspace == task.settings.workspace:
                    raise UnderWay(other)
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            process = context.Process(target=tasks.perform, args=(theirs, task), name=task.kind)
            with deaf():
                process.start()
            theirs.close()  # so that its end is heard
            number = secrets.token_hex(16)
            job = Job(number, task, upload, choices, expected, time.monotonic(), process, ours)
            job.listener = threading.Thread(target=job.listen, args=(over,), name="listening", daemon=True)
            job.listener.start()
            self._found[number] = job
            return job
