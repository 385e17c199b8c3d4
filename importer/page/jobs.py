"""Run jobs, each in its own process, and one at a time for each workspace.

Input: a task (see :mod:`importer.page.tasks`), and a person's request to stop it. Output: the job's progress, and how
it ended. A job continues even if the pages that show it are closed.
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

from importer.messages import Message, say
from importer.models import Progress, Workspace
from importer.page import tasks
from importer.page.reading import deaf
from importer.page.tasks import Ended, Task
from importer.page.uploads import DroppedFile


@dataclass
class Job:
    """Long task that runs in its own process.

    Attributes:
        id: the job's ID in addresses.
        task: the task.
        upload: the job's file; None for a job without one.
        expected: the number of notes that a person agreed to; 0 if no number is asked for.
        began_at: the start, in seconds of a monotonic clock.
        progress: the latest progress; None before the first report.
        ended: how the job ended; None while it is under way.
        stopping: whether the job was asked to stop.
    """

    id: str
    task: Task
    upload: DroppedFile | None
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
        """Workspace whose notes the job is about."""
        return self.task.settings.workspace

    @property
    def heading(self) -> Message:
        """Heading that says what the job is doing."""
        return say(f"page.job.{self.task.kind}", **({"file": self.upload.name} if self.upload is not None else {}))

    def stop(self, why: Message) -> None:
        """Ask the job to stop in good order."""
        if self.ended is None and not self.stopping:
            self.stopping = True
            with contextlib.suppress(OSError):  # the process has just ended
                self.connection.send(why)

    def listen(self, begun: Callable[[], object], over: Callable[[Ended], None]) -> None:
        """Receive the job's progress until the job has ended. Call ``over`` with its end before setting ``ended``."""
        ended: Ended | None = None
        try:
            while ended is None:
                match self.connection.recv():
                    case tasks.BEGUN:
                        begun()
                    case Progress() as progress:
                        self.progress = progress
                    case Ended() as last:
                        ended = last
        except (EOFError, OSError):
            ended = Ended(3, say("page.job.broke-off"))
        try:
            over(ended)
        finally:
            self.ended = ended
        self.process.join()
        self.connection.close()


class Jobs:
    """Jobs since the program was started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, Job] = {}

    def __iter__(self) -> Iterator[Job]:
        """Return the jobs, the latest first."""
        return iter(reversed([*self._found.values()]))

    def get(self, number: str) -> Job | None:
        """Return the job with this ID, or None."""
        return self._found.get(number)

    @property
    def under_way(self) -> list[Job]:
        """Jobs that haven't ended, the latest first."""
        return [job for job in self if job.ended is None]

    def begin(
        self,
        task: Task,
        upload: DroppedFile | None,
        expected: int,
        begun: Callable[[], object],
        over: Callable[[Ended], None],
    ) -> Job:
        """Start a task in a process of its own, and return its job; or the workspace's job that hasn't ended.

        ``begun`` is called once a task of sending isn't refused any more, and ``over`` with how the job ended.
        """
        with self._lock:
            for other in self.under_way:
                if other.workspace == task.settings.workspace:
                    return other
            context = multiprocessing.get_context("spawn")
            connection, child_connection = context.Pipe()
            process = context.Process(target=tasks.perform, args=(child_connection, task), name="job")
            with deaf():
                process.start()
            child_connection.close()  # otherwise this process wouldn't notice the other one's end
            job = Job(secrets.token_hex(16), task, upload, expected, time.monotonic(), process, connection)
            job.listener = threading.Thread(target=job.listen, args=(begun, over), name="listening", daemon=True)
            job.listener.start()
            self._found[job.id] = job
            return job
