"""Import several files, one after the other, and report on all of them together.

Input: the chosen files, and settings. Output: notes, results, archived files, and a :class:`Batch`. A problem with one
file doesn't stop the others. A problem of all files (an outage, a full disk) and the end of the hours end the batch.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path

from importer import results
from importer.api import Vendor
from importer.api.saleshandy import SALESHANDY
from importer.errors import (
    Busy,
    FirstRun,
    Guarded,
    ImporterError,
    Interrupted,
    ProgramFault,
    ResultsNotWritten,
    Stopped,
    UnclearColumns,
    UnreadableFile,
    Unusable,
    UnusableJournal,
)
from importer.importing import archiving, logs, workspaces
from importer.importing.archiving import is_there
from importer.importing.hours import Hours
from importer.importing.report import Report
from importer.importing.run import Prepared, prepare
from importer.importing.workspaces import Unconfirmed
from importer.messages import Message, Said, as_argument, lines, say, when
from importer.models import PossibleAnswer, Progress, Result, Workspace
from importer.settings import Settings
from importer.settings.reading import named
from importer.storage import Url

_FOR_ALL = (Stopped, UnusableJournal, ResultsNotWritten, FirstRun)
"""Errors that would also stop the import of the next file."""


STILL_YOUNG = 60.0
"""Seconds after a file's last change until the file counts as complete."""


class FileResult(StrEnum):
    """Result of one file of a batch."""

    IMPORTED = "imported"
    STOPPED = "stopped before its end"
    REFUSED = "not imported"
    DECLINED = "declined"
    LEFT = "left for next time"
    NOT_BEGUN = "not begun"
    GONE = "gone meanwhile"
    PRACTISED = "practised"


@dataclass(frozen=True)
class FileCandidate:
    """A file to import, or a folder or pattern without files.

    Attributes:
        path: the file, folder or pattern.
        is_named: whether a person named the file itself. If so, it is imported at once, however new it is.
        nothing: the message about a folder or pattern without files; None for a file.
    """

    path: Path
    is_named: bool = True
    nothing: Message | None = None


@dataclass(frozen=True)
class Chosen:
    """Chosen files, and those that were left out.

    Attributes:
        candidates: the files in the order of import, each once.
        left_out: results of earlier runs, which aren't imported with other files.
    """

    candidates: Sequence[FileCandidate]
    left_out: Sequence[Path] = ()

    @property
    def is_one_file(self) -> bool:
        """Whether a person named exactly one file."""
        return len(self.candidates) == 1 and self.candidates[0].is_named and not self.left_out


@dataclass(frozen=True)
class FileEnded:
    """End of one file's import: its result, with details.

    Attributes:
        file: path of the file; for a folder or pattern without files, the folder or pattern.
        fate: the result in a few words.
        exit_status: exit status that a run of this file alone would have.
        why: the reason for the result, in sentences; empty for a file that was simply imported.
        report: report of the file's run; None if no run began.
        error: the error that prevented the import, if any.
        archived: new path of the file, if it was moved.
    """

    file: Path
    fate: FileResult
    exit_status: int
    why: Said = ""
    report: Report | None = None
    error: ImporterError | None = None
    archived: Path | None = None

    @classmethod
    def failed(cls, file: Path, error: Exception) -> FileEnded:
        """Return the result of a file for which no run began. Any error but ours is a fault of the program itself."""
        error = error if isinstance(error, ImporterError) else ProgramFault(error)
        fate = FileResult.REFUSED if error.exit_status == 2 else FileResult.STOPPED
        if isinstance(error, (Busy, Interrupted)):  # once a run has begun, its report has such an error
            fate = FileResult.NOT_BEGUN
        return cls(file, fate, error.exit_status, error.message, error=error)

    @property
    def counts(self) -> Mapping[Result, int]:
        """Number of rows by result; empty if no run began."""
        return {} if self.report is None else self.report.counts


@dataclass(frozen=True)
class Batch:
    """All facts about the import of several files, such as a night's, for terminal, JSON document and notifications.

    Attributes:
        profile: profile of the import.
        files: the result of each file, in the order of import.
        left_out: results of earlier runs, which aren't imported with other files.
    """

    profile: str
    files: Sequence[FileEnded]
    left_out: Sequence[Path] = ()

    @property
    def exit_status(self) -> int:
        """Worst exit status of all files; 4 is the worst, 0 the best."""
        return max((ended.exit_status for ended in self.files), default=0)

    @property
    def counts(self) -> Mapping[Result, int]:
        """Number of rows of all files by result, in the order of :class:`Result`."""
        totals: Counter[Result] = Counter()
        for ended in self.files:
            totals.update(ended.counts)
        return {result: totals[result] for result in Result if totals[result]}


@dataclass(frozen=True)
class BatchFace:
    """Callbacks that ask and inform a person during an import; by default, nobody is asked or informed.

    Attributes:
        is_person: whether a person agrees to each file. If so, only the notes that they saw are sent.
        decide: may answer a file's open questions. The answers also apply to later files of its kind.
        agree: shows the preview of a file, and asks. If it returns False, the file isn't sent.
        confirm: asks a person which workspace a profile has, and returns it. Its own one is given, too. None instead of
            the callback, or as its answer: nothing is sent.
        ended: receives the result of each file.
        observe: receives the progress.
        stop: called repeatedly. If it returns a sentence, the batch ends early, after the calls under way.
        choose: may answer a question that must be decided before a file can be read, such as which sheet is meant.
        practises: whether each import is practised, so that nothing is sent.
    """

    is_person: bool = False
    decide: Callable[[Prepared], None] = lambda _: None
    agree: Callable[[Prepared], bool] = lambda _: True
    confirm: Callable[[Unconfirmed, Workspace], Workspace | None] | None = None
    ended: Callable[[FileEnded], None] = lambda _: None
    observe: Callable[[Progress], None] = lambda _: None
    stop: Callable[[], Said | None] = lambda: None
    choose: Callable[[UnclearColumns], PossibleAnswer | None] = lambda _: None
    practises: bool = False


def run(
    chosen: Chosen,
    settings: Settings,
    face: BatchFace | None = None,
    *,
    clock: Callable[[], float] = time.time,
    vendor: Vendor = SALESHANDY,
) -> Batch:
    """Import files, one after the other.

    Raises:
        BadSettings: the archive can't be where the settings say.
        Interrupted: the run isn't allowed at this time of day; nothing was sent.
    """
    face = face or BatchFace()
    settings = replace(settings, between=None, archive=None) if face.practises else settings
    hours = Hours.of(settings, clock)
    if settings.archive is not None:
        archiving.check_archive(settings.archive, [candidate.path for candidate in chosen.candidates])
    file_importer = _One(settings, hours, clock(), face, clock, vendor, is_alone=len(chosen.candidates) == 1)
    files: list[FileEnded] = []
    last: FileEnded | None = None
    for candidate in chosen.candidates:
        path = candidate.path
        if last is not None:
            ended = FileEnded(path, FileResult.NOT_BEGUN, last.exit_status, last.why)
        elif (reason := face.stop() or hours.over()) is not None:
            last = ended = FileEnded.failed(path, Interrupted(reason))
        else:
            with logs.about(file=path.name):
                ended = file_importer.imported(candidate)
            error = ended.error or (ended.report and ended.report.stopped)
            last = ended if isinstance(error, _FOR_ALL) else None
        files.append(ended)
        about = {"exit_status": ended.exit_status, "archived": ended.archived, "error": ended.error}
        logs.event(f"file {ended.fate}", "INFO" if ended.exit_status <= 1 else "ERROR", file=path.name, **about)
        face.ended(ended)
    return Batch(settings.profile, tuple(files), tuple(chosen.left_out))


@dataclass
class _One:
    """Importer for the files of a batch, one at a time."""

    settings: Settings
    hours: Hours
    began_at: float
    face: BatchFace
    clock: Callable[[], float]
    vendor: Vendor
    is_alone: bool

    def imported(self, candidate: FileCandidate) -> FileEnded:
        """Import one file. Return any problem with it as a value."""
        path = candidate.path
        try:
            return self._imported(candidate)
        except ImporterError as error:
            if isinstance(error, Unusable) and self._is_gone(candidate):  # nothing was sent
                return FileEnded(path, FileResult.GONE, 0, say("series.gone"))
            return FileEnded.failed(path, _answerable(error, path, is_person=self.face.is_person))
        except Exception as error:
            if self.is_alone:
                raise
            return FileEnded.failed(path, error)

    @staticmethod
    def _is_gone(candidate: FileCandidate) -> bool:
        """Return whether another import took the file, which it found in the same folder."""
        with contextlib.suppress(OSError, ImporterError):  # the store can't be reached
            return not candidate.is_named and not is_there(candidate.path)
        return False

    def _imported(self, candidate: FileCandidate) -> FileEnded:
        path = candidate.path
        if candidate.nothing and self.settings.min_rows:
            raise Guarded(say("series.nothing-to-import", nothing=candidate.nothing), "min-rows")
        if candidate.nothing:
            return FileEnded(path, FileResult.IMPORTED, 0, say("series.sentence", why=candidate.nothing))
        if not candidate.is_named and (not_yet := why_not_yet(path, self.clock())):
            return FileEnded(path, FileResult.LEFT, Stopped.exit_status, say("series.sentence", why=not_yet))
        return self._sent(candidate)

    def _sent(self, candidate: FileCandidate) -> FileEnded:
        path, archive = candidate.path, self.settings.archive
        if self.face.practises or str(path) == "-" or (archive is not None and archiving.lies_in(path, archive)):
            archive = None
        target = place = results.target_of(path, self.settings, self.began_at)
        if archive is not None:
            place, beside = archiving.places(path, target.name, archive)
            if isinstance(self.settings.results or "", str):
                target = beside  # nothing of ours stays among the exports, however the run ends
        settings = replace(self.settings, results=target)
        with prepare(path, settings, vendor=self.vendor, choose=self.face.choose) as prepared:
            if is_right := self._is_right():
                self.face.decide(prepared)
                prepared.refuse()
            if not (is_right and self.face.agree(prepared)):
                return FileEnded(path, FileResult.DECLINED, 2, say("series.declined"))
            agreed = prepared.preview.digest if self.face.is_person else None

            def begun() -> None:
                if self._is_gone(candidate):
                    raise UnreadableFile(say("series.gone"))

            waits = not self.face.is_person
            send = partial(prepared.send, agreed=agreed, hours=self.hours, begun=begun, waits=waits)
            send = partial(send, observe=self.face.observe, stop=self.face.stop)
            report = prepared.practise() if self.face.practises else send()
            fingerprint = prepared.loaded.sheet.fingerprint
            if (reading := prepared.learned) is not None:  # for the files after it, in place of the one with its name
                others = [other for other in self.settings.readings if named(reading.name, [other]) is None]
                self.settings = replace(self.settings, readings=(reading, *others))
        is_finished = report.exit_status <= 1 and not report.asked
        done = FileResult.PRACTISED if self.face.practises else FileResult.IMPORTED
        why = report.stopped.message if report.stopped is not None else ""
        ended = FileEnded(path, done if is_finished else FileResult.STOPPED, report.exit_status, why, report)
        if archive is None or not is_finished:
            return ended
        if report.more_visible:  # they are told every night until somebody does something about them
            return replace(ended, why=say("archive.more-visible", file=str(path)))
        if report.to_agree:
            return replace(ended, why=say("archive.to-agree", file=str(path)))
        moved = archiving.archive(path, place, fingerprint)
        status = max(ended.exit_status, moved.exit_status)
        return replace(ended, archived=moved.place, exit_status=status, why=moved.why)

    def _is_right(self) -> bool:
        """Return whether a person has said whose workspace the profile is, now or earlier.

        This is asked before anything about the rows, because with another account's key, none of them is known.

        Raises:
            FirstRun: nobody can be asked.
        """
        own, unclear = self.settings.workspace, workspaces.unconfirmed_yet(self.settings)
        if self.face.practises or unclear is None:
            return True
        if self.face.confirm is None:
            raise unclear.error
        if (meant := self.face.confirm(unclear, own)) is not None:
            workspaces.confirm(self.settings, None if meant == own else meant)
        return meant is not None


def why_not_yet(path: Path, now: float) -> Message | None:
    """Return why a file should wait for the next run, because somebody seems to be working on it; otherwise None."""
    if isinstance(path, Url):
        return None  # S3 shows only complete files
    with contextlib.suppress(OSError):  # what can't be reached is refused when it is read
        for mark in (f"~${path.name}", f".~lock.{path.name}#"):  # lock files of Excel and LibreOffice
            if path.with_name(mark).exists():
                return say("choosing.open-in-program", mark=mark)
        if path.exists() and (age := now - (changed := path.stat().st_mtime)) < STILL_YOUNG:
            if age < -STILL_YOUNG:
                return say("choosing.changed-later", date=when(changed))
            return say("choosing.too-young", seconds=max(0, round(age)))
    return None


def _answerable(error: ImporterError, path: Path, *, is_person: bool) -> ImporterError:
    """Return an error about questions together with the command that asks them; any other error unchanged.

    ``is_person`` is whether a person was asked them just now.
    """
    if not isinstance(error, UnclearColumns) or str(path) == "-":
        return error
    # Which of two kinds a sheet is can't be remembered, because their headings are the same.
    if all(not question.choices or question.asks.kind == "readings.which" for question in error.questions):
        return error
    if is_person:
        return type(error)(lines(error.message, say("questions.unanswered")), error.questions)
    command = say("questions.answer", file=as_argument(str(path)))
    return type(error)(lines(error.message, command), error.questions, command)
