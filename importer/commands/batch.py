"""Several files, one after the other: each is imported for itself, and what became of all of them is told as one.

Comes in: the files that were chosen, and settings. Goes out: notes, results, files in the archive, and a
:class:`Batch`. What is wrong with one file doesn't hold up the others; what would be so for each of them (an outage,
a key that is refused, a full disk) ends the series, and so does the end of its hours.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from importer.api import Vendor
from importer.api.saleshandy import SALESHANDY
from importer.commands import archiving, logs, workspaces
from importer.commands.answering import answered
from importer.commands.choosing import Chosen, FileCandidate, is_there, why_not_yet
from importer.commands.hours import Hours
from importer.commands.loading import results_path
from importer.commands.report import Report
from importer.commands.run import Prepared, Preview, prepare, unconfirmed
from importer.errors import (
    BadSettings,
    Busy,
    FirstRun,
    Guarded,
    ImporterError,
    Interrupted,
    NotBegun,
    NotYet,
    ProgramFault,
    ResultsNotWritten,
    SharedKey,
    Stopped,
    UnclearColumns,
    UnusableJournal,
)
from importer.journal import Journal
from importer.messages import Message, Said, SettingPart, say
from importer.models import PossibleAnswer, Progress, Result
from importer.settings import Settings
from importer.settings.meanings import without_column

_FOR_ALL = (Stopped, UnusableJournal, ResultsNotWritten, FirstRun, SharedKey)
"""What is not a single file's trouble: the next one would meet it, too."""


class FileResult(StrEnum):
    """What became of a file."""

    IMPORTED = "imported"
    STOPPED = "stopped before its end"
    REFUSED = "not imported"
    DECLINED = "declined"
    LEFT = "left for next time"
    NOT_BEGUN = "not begun"
    GONE = "gone meanwhile"


@dataclass(frozen=True)
class FileEnded:
    """What became of one file.

    Attributes:
        file: its path; of a folder or pattern that holds none, that.
        fate: in a word.
        exit_status: what a run of it alone would have ended with.
        started_at, ended_at: seconds since 1970.
        why: the reason in sentences, where it isn't simply imported; names settings as messages do.
        report: how its run ended, where one was begun.
        error: what kept it from being imported, if anything did.
        archived: where the file itself is now, if it was moved.
    """

    file: Path
    fate: FileResult
    exit_status: int
    started_at: float
    ended_at: float
    why: Said = ""
    report: Report | None = None
    error: ImporterError | None = None
    archived: Path | None = None

    @classmethod
    def failed(
        cls, file: Path, error: ImporterError | None, at: float | None = None, fate: FileResult | None = None
    ) -> FileEnded:
        """What became of a file of which no run came about; without an error, by a fault of the program's own."""
        at, status = time.time() if at is None else at, (error or ImporterError).exit_status
        why = error.message if error is not None else say("series.fault")
        if fate is None:
            is_early = isinstance(error, (Busy, Interrupted))  # of a run that is under way, its report says them
            fate = FileResult.REFUSED if status == 2 else FileResult.NOT_BEGUN if is_early else FileResult.STOPPED
        return cls(file, fate, status, at, at, why, error=error)

    @property
    def counts(self) -> Mapping[Result, int]:
        """Result → rows; empty where no run was begun."""
        return {} if self.report is None else self.report.counts

    @property
    def why_it_stays(self) -> Said:
        """Why it wasn't moved into the archive though it is imported, or its results weren't put where they belong."""
        return self.why if self.report is not None and self.report.stopped is None else ""


@dataclass(frozen=True)
class Batch:
    """What became of several files.

    Attributes:
        files: each file, in the order of their turns.
        left_out: what lay beside them and wasn't meant → why.
    """

    files: Sequence[FileEnded]
    left_out: Sequence[tuple[Path, Message]]

    @property
    def exit_status(self) -> int:
        """The worst of all files: 4, 3, 2, 1."""
        return max((ended.exit_status for ended in self.files), default=0)

    @property
    def counts(self) -> Mapping[Result, int]:
        """Result → rows of all files, in the order of :class:`Result`."""
        found: Counter[Result] = Counter()
        for ended in self.files:
            found.update(ended.counts)
        return {result: found[result] for result in Result if found[result]}


@dataclass(frozen=True)
class BatchFace:
    """Who is asked and told while files are imported; without one, nobody is.

    Attributes:
        is_person: whether a person agrees: then nothing is sent but what they saw.
        decide: may answer what is undecided of a file; the answers count for the files after it, too.
        agree: shown what is about to happen to a file; False: it isn't sent.
        confirm: asks a person whether a workspace is the right one into which nobody has imported yet; None: nobody can
            be asked, and nothing is sent there.
        ended: told of each file when it is over.
        observe: told of progress.
        stop: asked again and again; a sentence ends the series early, with what is under way waited for.
        choose: may answer what is undecided before a file can be read, as which of its sheets is meant.
    """

    is_person: bool = False
    decide: Callable[[Prepared], None] = lambda _: None
    agree: Callable[[Preview], bool] = lambda _: True
    confirm: Callable[[Preview], bool] | None = None
    ended: Callable[[FileEnded], None] = lambda _: None
    observe: Callable[[Progress], None] = lambda _: None
    stop: Callable[[], Said | None] = lambda: None
    choose: Callable[[UnclearColumns], PossibleAnswer | None] = lambda _: None


def run(
    chosen: Chosen,
    settings: Settings,
    face: BatchFace | None = None,
    *,
    clock: Callable[[], float] = time.time,
    vendor: Vendor = SALESHANDY,
) -> Batch:
    """Import files, one after the other.

    Args:
        chosen: the files.
        settings: how each is imported.
        face: who is asked and told.
        clock: seconds since 1970, by the system's clock.
        vendor: whose API the notes go to.

    Raises:
        BadSettings: results or archive can't be where the settings say.
        Interrupted: it isn't the time of day for it; nothing was sent.
    """
    face = face or BatchFace()
    hours = Hours.of(settings, clock)
    if settings.results is not None and not chosen.is_one_file:
        raise BadSettings(
            say("series.one-results-file", name=SettingPart("results-name", "{name}.{date}.results.xlsx"))
        )
    if settings.unknown_emails is not None and not chosen.is_one_file:
        raise BadSettings(say("series.one-list"))
    if settings.archive is not None:
        archiving.check(settings.archive, [candidate.path for candidate in chosen.candidates])
    one = _One(settings, hours, clock(), face, clock, vendor, is_alone=len(chosen.candidates) == 1)
    found: list[FileEnded] = []
    held_up: NotBegun | None = None
    for candidate in chosen.candidates:
        if held_up is None and (why := face.stop() or hours.over()) is not None:
            held_up = NotBegun(why, Stopped.exit_status)
        if held_up is not None:
            over = FileEnded.failed(candidate.path, held_up, clock(), FileResult.NOT_BEGUN)
        else:
            with logs.about(file=candidate.path.name):
                over = one.imported(candidate)
            if _ends_all(over):
                held_up = NotBegun(over.why, over.exit_status)
        found.append(over)
        _log(over)
        face.ended(over)
    return Batch(tuple(found), tuple(chosen.left_out))


def _log(over: FileEnded) -> None:
    error = over.error
    logs.event(
        f"file {over.fate}",
        logging.INFO if over.exit_status <= 1 else logging.ERROR,
        file=over.file.name,
        run=over.report.run if over.report is not None else None,
        exit_status=over.exit_status,
        seconds=round(over.ended_at - over.started_at, 1),
        archived=over.archived,
        why=logs.said(error) if error is not None else None,
    )


def _ends_all(over: FileEnded) -> bool:
    """Whether what ended a file's run would end the next one's too."""
    if over.report is not None and over.report.results_owed:
        return True
    trouble = over.error or (over.report and over.report.stopped)
    return over.fate is not FileResult.LEFT and isinstance(trouble, _FOR_ALL)


def _for_the_next(before: Settings, answered: Settings) -> Settings:
    """Return the settings for the file that follows: an answer that is true of one sheet alone isn't carried on."""
    return replace(
        before,
        mapping=answered.mapping,
        usual=answered.usual,
        values=without_column(answered.values, ""),
    )


@dataclass
class _One:
    """Imports one file after the other; ``taken`` is where results went so far."""

    settings: Settings
    hours: Hours
    began_at: float
    face: BatchFace
    clock: Callable[[], float]
    vendor: Vendor
    is_alone: bool
    taken: set[Path] = field(default_factory=set)

    def imported(self, candidate: FileCandidate) -> FileEnded:
        """Import one file; whatever is wrong with it is a value."""
        path, started_at = candidate.path, self.clock()
        if candidate.nothing:
            return self._nothing(path, candidate.nothing)
        try:
            self._wait()
            if not candidate.is_named and not is_there(path):
                why = say("series.gone")
                return FileEnded(path, FileResult.GONE, 0, started_at, started_at, why)
            if not candidate.is_named and (not_yet := why_not_yet(path, self.clock())):
                return FileEnded.failed(path, NotYet(say("series.not-yet", why=not_yet)), started_at, FileResult.LEFT)
            return self._sent(path, started_at)
        except ImporterError as error:
            return replace(FileEnded.failed(path, error, self.clock()), started_at=started_at)
        except Exception as error:
            if self.is_alone:
                raise
            return replace(FileEnded.failed(path, ProgramFault(error), self.clock()), started_at=started_at)

    def _wait(self) -> None:
        """Wait for another import before the file is read, for it may import, and move, the same one.

        Raises:
            Busy: it is still at work.
            Interrupted: it was to end while it waited.
        """
        if self.settings.wait and Journal.exists(self.settings.journal):
            with workspaces.held(
                self.settings, observe=self.face.observe, stop=lambda: self.face.stop() or self.hours.over()
            ):
                pass

    def _nothing(self, path: Path, nothing: Message) -> FileEnded:
        now = self.clock()
        if not self.settings.min_rows:
            return FileEnded(path, FileResult.IMPORTED, 0, now, now, say("series.nothing", nothing=nothing))
        error = Guarded(
            say("series.nothing-to-import", nothing=nothing),
            "min-rows",
        )
        return FileEnded.failed(path, error, now)

    def _prepared(self, path: Path, settings: Settings) -> Prepared:
        try:
            return prepare(path, settings, vendor=self.vendor)
        except UnclearColumns as error:
            if (answer := self.face.choose(error)) is None:
                raise
            return prepare(path, answered(settings, answer), vendor=self.vendor)

    def _sent(self, path: Path, started_at: float) -> FileEnded:
        target = results_path(path, self.settings, self.began_at, self.taken)
        with self._prepared(path, replace(self.settings, results=target)) as prepared:
            self.face.decide(prepared)
            self.settings = _for_the_next(self.settings, prepared.settings)
            preview = prepared.preview
            if (undecided := preview.undecided) is not None:
                raise undecided
            for guarded in preview.guarded:
                raise guarded
            if not (self._is_right(preview) and self.face.agree(preview)):
                return FileEnded(path, FileResult.DECLINED, 2, started_at, self.clock(), say("series.declined"))
            report = prepared.send(
                expected=preview.remaining.total if self.face.is_person else None,
                observe=self.face.observe,
                stop=self.face.stop,
                hours=self.hours,
            )
        self.taken.add(target)
        is_over = report.exit_status <= 1 and not report.held_back
        is_owed = report.results_owed and report.stopped is None
        fate = FileResult.IMPORTED if is_over or is_owed else FileResult.STOPPED
        why: Said = (report.remark if is_owed else report.stopped.message if report.stopped else None) or ""
        over = FileEnded(path, fate, report.exit_status, started_at, self.clock(), why, report)
        if self.settings.archive is None or not is_over or str(path) == "-":
            return over
        if archiving.lies_in(path, self.settings.archive):
            return over
        return self._archived(over, report, preview.loaded.sheet.fingerprint)

    def _is_right(self, preview: Preview) -> bool:
        """Whether a person has confirmed the workspace, now or before.

        Raises:
            FirstRun: nobody can be asked.
        """
        if not preview.is_first:
            return True
        if self.face.confirm is None:
            raise unconfirmed(self.settings)
        if not self.face.confirm(preview):
            return False
        workspaces.confirm(self.settings)
        return True

    def _archived(self, over: FileEnded, report: Report, fingerprint: str) -> FileEnded:
        """The same, moved into the archive; where that can't be, it says so."""
        assert self.settings.archive is not None
        try:
            moved = archiving.archive(over.file, report.results, self.settings.archive, fingerprint)
        except archiving.NotArchived as error:
            status = max(over.exit_status, error.exit_status)
            is_moved = error.moved.file != over.file
            return replace(
                over,
                exit_status=status,
                why=error.message,
                report=replace(report, results=error.moved.results),
                archived=error.moved.file if is_moved else None,
            )
        return replace(over, archived=moved.file, report=replace(report, results=moved.results))
