"""Define the tasks of jobs: send, practise, look up, hide. Each is performed in a process of its own.

Input: an upload's folder and name, and settings. Output: progress, and how the task ended. Each process works in the
upload's folder, so that messages, the journal and the results get only the file's name, not its path.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import ClassVar

from importer import importing, operations, telling
from importer.errors import Changed, FirstRun, ImporterError
from importer.importing.corrections import Corrections
from importer.importing.report import ON_THE_PROSPECT, Report
from importer.importing.run import Prepared
from importer.messages import Message, Said, as_message, say
from importer.models import Progress, Result
from importer.page.reading import EVERY, NOTHING, begin, rows_path, unread
from importer.settings import Settings

_PROGRAM_ENDED = say("page.program-ended")
BEGUN = "begun"  # word of a job that nothing refuses to send any more: only from here on is it remembered


@dataclass(frozen=True)
class Ended:
    """End of a job.

    Attributes:
        exit_status: the exit status that the command would have.
        error: why nothing was done, or why nothing is known of the rows; empty if there is a report.
        why, besides: the texts before and after the counts.
        counts: each result, its number of rows, and its meaning with what to do.
        results: the results file; None if there is none.
        people: the list of people who aren't in Saleshandy yet, for its own prospect importer; None if there are none.
        held_back: whether rows are held back until a person has looked at those that were sent.
        run: the run's name, if known.
    """

    exit_status: int
    error: Said = ""
    why: Sequence[Said] = ()
    besides: Sequence[Said] = ()
    counts: Sequence[tuple[Result, int, Message]] = ()
    results: Path | None = None
    people: Path | None = None
    held_back: bool = False
    run: str = ""

    @property
    def left(self) -> int:
        """Number of rows that sending again would handle."""
        return sum(rows for result, rows, _ in self.counts if result in (Result.NOT_SENT, Result.UNCONFIRMED))

    @property
    def is_key_refused(self) -> bool:
        """Whether the job ended because the API refused the key."""
        return any("api.key-refused" in as_message(text).kinds() for text in (self.error, *self.why))

    @property
    def delivered(self) -> int:
        """Number of rows whose notes are delivered."""
        return sum(rows for result, rows, _ in self.counts if result in ON_THE_PROSPECT)


@dataclass(frozen=True)
class Send:
    """Task of sending a file.

    Attributes:
        settings: the settings with the answers and the key.
        folder, name: the upload's folder, and its file's name.
        is_right: whether the person confirmed the workspace.
        digest: the digest of what the person saw (see :class:`Preview`).
        is_meant: whether the person confirmed who will see the workspace's first public or private notes.
        agrees: whether the person agreed to the changes that make notes more visible, or rewrite public ones.
        corrections: what a person corrected in the file.
        given: settings and values that a person chose for the file, which are kept for its kind.
    """

    settings: Settings
    folder: Path
    name: str
    is_right: bool = False
    digest: str = ""
    is_meant: bool = False
    agrees: bool = False
    corrections: Corrections = NOTHING
    given: Sequence[tuple[str, str]] = ()
    kind: ClassVar[str] = "sending"

    def do(self, word: Word) -> Ended:
        """Send the file's notes."""
        people = Path(f"{Path(self.name).stem}.people.csv")
        settings = replace(importing.hours.for_a_person(self.settings), unknown_emails=people)
        prepare = partial(importing.run.prepare, corrections=self.corrections.by_row, given=self.given)
        with contextlib.chdir(self.folder), prepare(self.name, settings) as prepared:
            preview = prepared.preview
            if preview.unconfirmed is not None and not self.is_right:
                raise FirstRun(say("page.send.not-confirmed"))
            if preview.never_sent and not self.is_meant:
                raise FirstRun(say("page.send.not-meant"))
            if self.agrees:
                prepared.agree_to_updates()
            report = self._sent(prepared, word)
            return Ended(
                report.exit_status,
                why=[line.text for line in telling.report_messages.why(report)],
                besides=[line.text for line in telling.report_messages.besides(report)],
                counts=tuple(telling.report_messages.meanings(report.counts)),
                results=report.results.absolute(),
                people=report.unknown_emails.path.absolute() if report.unknown_emails else None,
                held_back=bool(report.held_back) and report.stopped is None,
                run=report.run,
            )

    def _sent(self, prepared: Prepared, word: Word) -> Report:
        seen: list[telling.result_rows.Seen] = []

        def begun() -> None:
            if prepared.preview.unconfirmed is not None:
                importing.workspaces.confirm(self.settings)
            word.tell(BEGUN)

        send = partial(prepared.send, agreed=self.digest, is_right=self.is_right, begun=begun)
        report = send(observe=word.observe, stop=word.why, see=lambda *both: seen.append(both))
        for loaded, outcomes in seen:
            telling.result_rows.write(rows_path(self.folder, report.run), loaded, outcomes)
        return report


@dataclass(frozen=True)
class Practise:
    """Task of practising the import of a file.

    Attributes:
        settings: the settings with the answers.
        folder, name: the upload's folder, and its file's name.
        corrections: what a person corrected in the file.
    """

    settings: Settings
    folder: Path
    name: str
    corrections: Corrections = NOTHING
    kind: ClassVar[str] = "practising"

    def do(self, word: Word) -> Ended:
        """Practise the import."""
        prepare = partial(importing.run.prepare, corrections=self.corrections.by_row)
        with contextlib.chdir(self.folder), prepare(self.name, self.settings) as prepared:
            report = prepared.practise(observe=word.observe, stop=word.why)
            results = report.results.absolute()
        return Ended(
            report.exit_status,
            besides=[line.text for line in telling.report_messages.why(report)],
            counts=tuple(telling.report_messages.meanings(report.counts, is_practice=True)),
            results=results,
        )


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
    kind: ClassVar[str] = "hiding"

    def do(self, word: Word) -> Ended:
        """Hide the notes."""
        which = operations.hide.Which(self.run, undo=self.undo)
        planned = operations.hide.what_to_hide(which, self.settings)
        if len(planned.notes) != self.expected:
            raise Changed(say("hide.others-meanwhile"))
        hidden = operations.hide.hide(planned, self.settings, observe=word.observe, stop=word.why)
        lines = [line.text for line in operations.report_messages.hidden(hidden)]
        return Ended(hidden.exit_status, besides=lines, run=self.run)


Task = Send | Practise | LookUpTask | Hide
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
            self._why = _PROGRAM_ENDED
        return self._why
