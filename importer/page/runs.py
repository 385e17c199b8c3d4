"""Files being sent, each in a process of its own, and one at a time.

Comes in: an upload, settings, the number of notes that a person agreed to; their word that it is to end. Goes out: how
far it is, and how it ended. A run goes on whatever becomes of the pages that show it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from importer.models import Progress
from importer.page import tasks
from importer.page.choices import Choices
from importer.page.processes import deaf
from importer.page.tasks import Ended
from importer.page.uploads import Upload
from importer.settings import Settings

_BROKE_OFF = (
    "The process that sent it ended without a word: the computer may be short of memory. What was delivered is"
    " recorded, and is not sent again. Send the rest."
)


class UnderWay(Exception):
    """Another run is under way."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.id)
        self.run = run


@dataclass
class Run:
    """A file being sent, or that was.

    Attributes:
        id: in addresses.
        upload, choices: what is sent, and how.
        expected: how many notes a person agreed to.
        workspace: where they go, in words.
        began_at: by a clock that only runs.
        progress: how far it is; None until it has begun to send.
        ended: how it ended; None while it is under way.
        stopping: whether it was asked to end.
    """

    id: str
    upload: Upload
    choices: Choices
    expected: int
    workspace: str
    began_at: float
    process: BaseProcess
    connection: Connection
    progress: Progress | None = None
    ended: Ended | None = None
    stopping: bool = False
    seconds: float = 0.0
    listener: threading.Thread = field(init=False)

    def stop(self, why: str) -> None:
        """Ask it to end in good order."""
        if self.ended is None and not self.stopping:
            self.stopping = True
            with contextlib.suppress(OSError):  # it has just ended
                self.connection.send(why)

    def listen(self) -> None:
        """Hear of its progress until it has ended."""
        try:
            while self.ended is None:
                match self.connection.recv():
                    case Progress() as progress:
                        self.progress = progress
                    case Ended() as ended:
                        self.seconds = time.monotonic() - self.began_at
                        self.ended = ended
        except (EOFError, OSError):
            self.ended = Ended(3, _BROKE_OFF)
        self.process.join()
        self.connection.close()


class Runs:
    """All runs since the program was started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, Run] = {}

    def __iter__(self) -> Iterator[Run]:
        """The latest first."""
        return iter(reversed([*self._found.values()]))

    def get(self, number: str) -> Run | None:
        """The run of an id."""
        return self._found.get(number)

    @property
    def under_way(self) -> Run | None:
        """The run that is being sent, if one is."""
        return next((run for run in self if run.ended is None), None)

    def begin(self, upload: Upload, choices: Choices, settings: Settings, expected: int, *, is_right: bool) -> Run:
        """Send a file; ``is_right`` is whether a person said that the workspace is.

        Raises:
            UnderWay: another one is being sent.
        """
        with self._lock:
            if (other := self.under_way) is not None:
                raise UnderWay(other)
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            process = context.Process(
                target=tasks.send,
                args=(theirs, upload.folder, upload.name, settings, expected, is_right),
                name="sending",
            )
            with deaf():
                process.start()
            theirs.close()  # so that its end is heard
            number = secrets.token_hex(16)
            run = Run(number, upload, choices, expected, str(settings.workspace), time.monotonic(), process, ours)
            run.listener = threading.Thread(target=run.listen, name="listening", daemon=True)
            run.listener.start()
            self._found[number] = run
            return run
