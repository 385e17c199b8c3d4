"""Run jobs, each in a process of its own, and one at a time for each workspace: send, practise, look up, hide.

Input: a task with settings, and a person's request to stop it. Output: progress, and how the task ended. A job
continues even if the pages that show it are closed. Its process works in the upload's folder, so that messages, the
journal and the results get only the file's name, not its path.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import ClassVar

from importer import importing, operations, telling
from importer.errors import Changed, FirstRun, ImporterError
from importer.importing.report import Report
from importer.importing.run import Prepared
from importer.messages import Message, Said, as_message, say
from importer.models import Progress, Result, Workspace
from importer.operations.corrections import Corrections
from importer.page.reading import EVERY, NOTHING, Readers, begin, deaf, rows_path, unread
from importer.page.uploads import DroppedFile, DroppedFiles
from importer.settings import Settings

BEGUN = "begun"  # word of a job that nothing refuses to send any more: only from here on does its file count as sent


@dataclass(frozen=True)
class Ended:
    """End of a job.

    Attributes:
        exit_status: the exit status that the command would have.
        error: why nothing was done, or why nothing is known of the rows; empty if there is a report.
        why, besides: the texts before and after the counts.
        headline: the numbers of rows, in one sentence.
        counts: each result, its number of rows, and its meaning with what to do.
        results: the results file; None if there is none.
        run: the run's name, if known.
    """

    exit_status: int
    error: Said = ""
    why: Sequence[Said] = ()
    besides: Sequence[Said] = ()
    counts: Sequence[tuple[Result, int, Message]] = ()
    results: Path | None = None
    run: str = ""
    headline: Said = ""

    @classmethod
    def of(cls, report: Report) -> Ended:
        """Return the end of a job with this report."""
        return cls(
            report.exit_status,
            why=[line.text for line in telling.report_messages.why(report)],
            besides=[line.text for line in telling.report_messages.besides(report)],
            counts=tuple(telling.report_messages.meanings(report.counts, is_practice=report.is_practice)),
            results=report.results.absolute(),
            run=report.run,
            headline=report.headline,
        )

    @property
    def left(self) -> int:
        """Number of rows that sending again would handle."""
        return sum(rows for result, rows, _ in self.counts if result in (Result.NOT_SENT, Result.UNCONFIRMED))

    @property
    def is_key_refused(self) -> bool:
        """Whether the job ended because the API refused the key."""
        return any("api.key-refused" in as_message(text).kinds() for text in (self.error, *self.why))


@dataclass(frozen=True)
class Send:
    """Task of sending a file, or of practising that.

    Attributes:
        settings: the settings with the answers and the key.
        folder, name: the upload's folder, and its file's name.
        confirmed: the kind of :class:`Unconfirmed` that the person saw and confirmed; empty if none.
        digest: the digest of what the person saw (see :class:`Preview`).
        agrees: whether the person agreed to the changes that make notes more visible, or rewrite public ones.
        corrections: what a person corrected in the file.
        given: settings and values that a person chose for the file, which are kept for its kind.
        is_practice: whether everything happens on this computer, and nothing is sent.
    """

    settings: Settings
    folder: Path
    name: str
    confirmed: str = ""
    digest: str = ""
    agrees: bool = False
    corrections: Corrections = NOTHING
    given: Sequence[tuple[str, str]] = ()
    is_practice: bool = False

    @property
    def kind(self) -> str:
        """Kind of the task."""
        return "practising" if self.is_practice else "sending"

    def do(self, word: Word) -> Ended:
        """Send the file's notes, or practise that."""
        settings = importing.hours.for_a_person(self.settings)
        prepare = partial(importing.run.prepare, corrections=self.corrections.by_row, given=self.given)
        with contextlib.chdir(self.folder), prepare(self.name, settings) as prepared:
            if self.is_practice:
                return Ended.of(prepared.practise())
            preview = prepared.preview
            if preview.unconfirmed is not None and self.confirmed != preview.unconfirmed.kind:
                raise FirstRun(say("page.send.not-confirmed"))
            if preview.unconfirmed is not None:
                importing.workspaces.confirm(self.settings)
            if self.agrees:
                prepared.agree_to_updates()
            return Ended.of(self._sent(prepared, word))

    def _sent(self, prepared: Prepared, word: Word) -> Report:
        send = partial(prepared.send, agreed=self.digest, begun=partial(word.tell, BEGUN))
        report = send(observe=word.observe, stop=word.why)
        if prepared.sent is not None:
            telling.result_rows.write(rows_path(self.folder, report.run), *prepared.sent)
        return report


@dataclass(frozen=True)
class LookUpTask:
    """Task of looking up the unclear deliveries of a workspace."""

    settings: Settings
    kind: ClassVar[str] = "looking-up"

    def do(self, word: Word) -> Ended:
        """Look up the deliveries."""
        lookup = operations.verify.verify(
            self.settings,
            begin=lambda rows: word.tell(Progress(rows, 0)),
            observe=word.observe,
            stop=word.why,
        )
        lines = operations.report_messages.verified(lookup)
        return Ended(lookup.exit_status, besides=[line.text for line in lines])


@dataclass(frozen=True)
class Hide:
    """Task of making notes private drafts, or of giving them back as they were.

    Attributes:
        settings: the settings with the key.
        run: the name of the run whose notes are hidden.
        expected: the number of notes that a person agreed to.
        undo: whether hidden notes are given back.
    """

    settings: Settings
    run: str
    expected: int
    undo: bool = False

    @property
    def kind(self) -> str:
        """Kind of the task."""
        return "giving-back" if self.undo else "hiding"

    def do(self, word: Word) -> Ended:
        """Hide the notes."""
        which = operations.hide.Which(self.run, undo=self.undo)
        planned = operations.hide.what_to_hide(which, self.settings)
        if len(planned.notes) != self.expected:
            raise Changed(say("hide.others-meanwhile"))
        hidden = operations.hide.hide(planned, self.settings, observe=word.observe, stop=word.why)
        lines = [line.text for line in operations.report_messages.hidden(hidden)]
        return Ended(hidden.exit_status, besides=lines, run=self.run)


Task = Send | LookUpTask | Hide
"""Tasks of a job. Texts give a heading and a sentence for each kind, which may name the job's file."""


def perform(connection: Connection, task: Task) -> None:
    """Perform a task; send its progress through the connection, and finally its end."""
    begin()
    word = Word(connection)
    try:
        ended = task.do(word)
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets words and not a traceback
        ended = Ended(error.exit_status if isinstance(error, ImporterError) else 3, unread(error).why)
    word.tell(ended)


class Word:
    """Connection to the server: sends progress, and receives the request to stop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._why: Message | None = None
        self._next = 0.0

    def observe(self, progress: Progress) -> None:
        """Send the progress, but not more often than every 0.1 seconds."""
        if (now := time.monotonic()) >= self._next:
            self._next = now + EVERY
            self.tell(progress)

    def tell(self, what: Progress | str | Ended) -> None:
        """Tell the server something. A closed connection is ignored, because :meth:`why` notices it."""
        with contextlib.suppress(OSError):
            self._connection.send(what)

    def why(self) -> Message | None:
        """Return why the run is to stop, or None."""
        try:
            if self._why is None and self._connection.poll():
                self._why = self._connection.recv()
        except (EOFError, OSError):
            self._why = say("page.program-ended")
        return self._why


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


class Jobs:
    """Jobs since the program was started."""

    def __init__(self, uploads: DroppedFiles, reading: Readers) -> None:
        self._uploads, self._reading = uploads, reading
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

    def begin(self, task: Task, upload: DroppedFile | None, expected: int) -> Job:
        """Start a task in a process of its own, and return its job; or the workspace's job that hasn't ended."""
        with self._lock:
            for other in self.under_way:
                if other.workspace == task.settings.workspace:
                    return other
            context = multiprocessing.get_context("spawn")
            connection, child_connection = context.Pipe()
            process = context.Process(target=perform, args=(child_connection, task), name="job")
            with deaf():
                process.start()
            child_connection.close()  # otherwise this process wouldn't notice the other one's end
            job = Job(secrets.token_hex(16), task, upload, expected, time.monotonic(), process, connection)
            job.listener = threading.Thread(target=self._listen, args=(job,), name="listening", daemon=True)
            job.listener.start()
            self._found[job.id] = job
            return job

    def _listen(self, job: Job) -> None:
        """Receive progress until the job has ended. Remember its results for its file before it counts as ended."""
        ended: Ended | None = None
        try:
            while ended is None:
                match job.connection.recv():
                    case str():
                        if job.upload is not None:
                            self._uploads.is_sent(job.upload, job.workspace)
                    case Progress() as progress:
                        job.progress = progress
                    case Ended() as last:
                        ended = last
        except (EOFError, OSError):
            ended = Ended(3, say("page.job.broke-off"))
        try:
            self._remember(job, ended)
        finally:
            job.ended = ended
        job.process.join()
        job.connection.close()

    def _remember(self, job: Job, ended: Ended) -> None:
        if job.upload is not None:
            self._reading.forget(job.upload)
            if ended.results is not None and job.task.kind == "sending":
                is_done = ended.exit_status == 0
                self._uploads.has_results(job.upload, ended.run, ended.results, is_done=is_done)
