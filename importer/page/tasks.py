"""What processes of their own do: read a file and see what a run would make of it; send one; make the template.

Comes in: an upload's folder and name, settings. Goes out: values that travel between processes. Such a process works in
the upload's folder, so that the file's name is all that messages, the journal and the results ever learn of its path.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import ClassVar

from importer import commands
from importer.commands import overview
from importer.commands.overview import Overview
from importer.errors import Changed, FirstRun, ImporterError, UnclearColumns
from importer.messages import FACE, Message, Said, say
from importer.models import Progress, Question, Result, Visibility
from importer.page.rendering import PAGE
from importer.settings import Settings

_SOME = 5  # notes that are shown before they are hidden
_EVERY = 0.1  # seconds between two words of progress
_NOT_CONFIRMED = (
    "This is the first import into this workspace, and it wasn't ticked that it is the right one. Nothing was sent."
)
_NOT_MEANT = (
    "These are the first private notes of this workspace, and it wasn't ticked that they are meant to be private."
    " Nothing was sent. Press Back, and tick it."
)
_OTHER_NOTES = (
    "What would be sent has changed since you looked at it: a setting of the profile is another now, or one of the"
    " files that the notes carry. Nothing was sent. Look at it again."
)
FAULT = (
    "This is a fault of note-importer's own ({}). What was delivered is recorded, and is not sent again. Please report"
    " it."
)


@dataclass(frozen=True)
class Unread:
    """A file that couldn't be looked at.

    Attributes:
        why: in sentences.
        questions: whose answers would help.
    """

    why: Said
    questions: Sequence[Question] = ()


@dataclass(frozen=True)
class RowToFix:
    """A row that needs a person, as the results say."""

    row: int
    prospect: str
    result: str
    reason: Message | None


@dataclass(frozen=True)
class Ended:
    """How a job ended.

    Attributes:
        exit_status: as a program would end with it.
        error: why nothing was done, or nothing is known of the rows; empty where there is a report.
        why, besides: what is to be said before and after the counts.
        counts: result, rows, what that means and asks for.
        to_fix: the first rows that need a person.
        results: the file of the results; None where there is none.
        left: rows that sending again would see to.
        held_back: whether some rows wait until a person has looked at those that were sent.
        run: the run's name, where it is known.
    """

    exit_status: int
    error: Said = ""
    why: Sequence[Said] = ()
    besides: Sequence[Said] = ()
    counts: Sequence[tuple[Result, int, Message]] = ()
    to_fix: Sequence[RowToFix] = ()
    results: Path | None = None
    left: int = 0
    held_back: bool = False
    run: str = ""


def begin() -> None:
    """Leave it to the server to hear that it is to end; load what reads sheets, before anybody waits for it.

    What it writes into files is said as the page says it.
    """
    FACE.set(PAGE)
    for name in ("SIGINT", "SIGBREAK", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    commands.prepare  # noqa: B018 - loads it


def begin_reading() -> None:
    """The same; and end with the server, whatever ends that."""
    begin()
    threading.Thread(target=_end_with_server, daemon=True).start()


def _end_with_server() -> None:
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(3)


def check(folder: Path, name: str, settings: Settings, report: Path) -> Overview | Unread:
    """See what a run would make of a file; every problem of it goes into a report, if there are any."""
    try:
        with contextlib.chdir(folder), commands.prepare(name, settings) as prepared:
            preview = prepared.preview
            found = overview.of(preview)
            if found.invalid:
                report.parent.mkdir(exist_ok=True, mode=0o700)
                commands.check.write_report(report, preview, Path(name))
            return found
    except UnclearColumns as error:
        return Unread(error.message, error.questions)
    except ImporterError as error:
        return Unread(error.message)
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets words and not a traceback
        return Unread(FAULT.format(type(error).__name__))


def template() -> bytes:
    """The workbook to fill in."""
    with tempfile.TemporaryDirectory() as folder:
        return commands.template.write(Path(folder) / "notes.xlsx").path.read_bytes()


@dataclass(frozen=True)
class Send:
    """A file sent.

    Attributes:
        settings: as chosen, with the key.
        folder, name: the upload's.
        expected: how many notes a person agreed to.
        is_right: whether they said that the workspace is.
        digest: of what they looked at (see :class:`Overview`).
        is_meant: whether they said that the first private notes of the workspace are meant to be private.
    """

    settings: Settings
    folder: Path
    name: str
    expected: int
    is_right: bool = False
    digest: str = ""
    is_meant: bool = False
    kind: ClassVar[str] = "sending"

    def do(self, word: Word) -> Ended:
        """Send it."""
        os.chdir(self.folder)
        with commands.prepare(self.name, self.settings) as prepared:
            preview = prepared.preview
            if preview.is_first and not self.is_right:
                raise FirstRun(_NOT_CONFIRMED)
            if overview.digest(preview) != self.digest:
                raise Changed(_OTHER_NOTES)
            if Visibility.PRIVATE in preview.never_sent and not self.is_meant:
                raise FirstRun(_NOT_MEANT)
            if preview.is_first:
                commands.workspaces.confirm(self.settings)
            report = prepared.send(expected=self.expected, observe=word.observe, stop=word.why)
        counts = tuple(commands.report_messages.of_report(report))
        rows = [RowToFix(row.row, row.prospect, row.result.value, row.reason) for row in report.to_fix]
        return Ended(
            report.exit_status,
            why=[line.text for line in commands.report_messages.why(report)],
            besides=[line.text for line in commands.report_messages.besides(report)],
            counts=counts,
            to_fix=rows,
            results=report.results.absolute(),
            left=sum(rows for result, rows, _ in counts if result in (Result.NOT_SENT, Result.UNCONFIRMED)),
            held_back=bool(report.held_back) and report.stopped is None,
            run=report.run,
        )


@dataclass(frozen=True)
class LookUpTask:
    """What is unclear in a workspace, looked up."""

    settings: Settings
    kind: ClassVar[str] = "looking up"

    def do(self, word: Word) -> Ended:
        """Look it up."""
        found = commands.verify.verify(
            self.settings,
            begin=lambda rows: word.tell(Progress(rows, 0, 0, 0, 0)),
            observe=word.observe,
            stop=word.why,
        )
        return Ended(
            found.exit_status, besides=[line.text for line in commands.report_messages.verified(found, zeros=False)]
        )


@dataclass(frozen=True)
class Hide:
    """Notes made private drafts.

    Attributes:
        settings: with the key.
        run: whose notes; None: those that are there more than once.
        expected: how many a person agreed to.
    """

    settings: Settings
    run: str | None
    expected: int
    kind: ClassVar[str] = "hiding"

    def do(self, word: Word) -> Ended:
        """Hide them."""
        planned = commands.hide.what_to_hide(self.run, self.settings, expected=self.expected)
        done = commands.hide.hide(planned, self.settings, observe=word.observe, stop=word.why)
        said = [line.text for line in commands.report_messages.hidden(done)]
        return Ended(done.exit_status, besides=said, run=self.run or "")


@dataclass(frozen=True)
class Rewrite:
    """The results of a run, written again.

    Attributes:
        settings: by which the file was read.
        folder, name: the upload's.
        run: its name.
    """

    settings: Settings
    folder: Path
    name: str
    run: str
    kind: ClassVar[str] = "writing results"

    def do(self, _: Word) -> Ended:
        """Write them."""
        os.chdir(self.folder)
        target = Path(f"results of {self.run}") / f"{Path(self.name).stem}.results.xlsx"
        target.parent.mkdir(exist_ok=True, mode=0o700)
        settings = replace(self.settings, results=target)
        written, outcomes = commands.results.rewrite(self.run, Path(self.name), settings)
        counts = tuple(commands.report_messages.meanings(outcomes.counts()))
        status = commands.report.exit_status(outcomes.counts())
        besides = [written.remark] if written.remark else []
        return Ended(status, counts=counts, besides=besides, results=written.path.absolute(), run=self.run)


Task = Send | LookUpTask | Hide | Rewrite
"""What a process of its own may do."""


@dataclass(frozen=True)
class Hideable:
    """What would be hidden.

    Attributes:
        number: how many notes.
        left: how many would be left alone, for they read differently from what was sent.
        some: the first ones: the note's id, the prospect, and what it says where that is known.
    """

    number: int
    left: int = 0
    some: Sequence[tuple[str, str, str]] = ()


def to_hide(run: str | None, settings: Settings, folder: Path | None, name: str) -> Hideable | Unread:
    """What there is to hide of a run, or what is there more than once (None); with the file, what the notes say."""
    try:
        planned = commands.hide.what_to_hide(run, settings)
        texts: dict[int, str] = {}
        if folder is not None:
            os.chdir(folder)
            with contextlib.suppress(ImporterError):  # the ids are shown all the same
                texts = commands.results.texts(planned.notes[:_SOME], Path(name), settings)
        some = [(known.note_id or "", known.prospect, texts.get(known.note, "")) for known in planned.notes[:_SOME]]
        return Hideable(len(planned.notes), len(planned.left), some)
    except ImporterError as error:
        return Unread(error.message)
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets words and not a traceback
        return Unread(FAULT.format(type(error).__name__))


def perform(connection: Connection, task: Task) -> None:
    """Do something; tells of its progress, and at last how it ended."""
    begin()
    word = Word(connection)
    try:
        ended = task.do(word)
    except ImporterError as error:
        ended = Ended(error.exit_status, error.message)
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets words and not a traceback
        ended = Ended(3, FAULT.format(type(error).__name__))
    word.tell(ended)


class Word:
    """The way to the server: progress one way, the word to end the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._why: Message | None = None
        self._next = 0.0

    def observe(self, progress: Progress) -> None:
        """Tell of it, now and then."""
        if (now := time.monotonic()) >= self._next:
            self._next = now + _EVERY
            self.tell(progress)

    def tell(self, what: Progress | Ended) -> None:
        """Tell something; where nobody listens any more, that is heard by the word to end."""
        with contextlib.suppress(OSError):
            self._connection.send(what)

    def why(self) -> Message | None:
        """Why the run is to end, or None."""
        if self._why is None:
            try:
                if self._connection.poll():
                    self._why = self._connection.recv()
            except (EOFError, OSError):
                self._why = say("page.program-ended")
        return self._why
