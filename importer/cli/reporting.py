"""Report a command's result: to a person, a program (one document) or the log, and the end of a run to its recipients.

Input: the command's options and its result. Output: the printed text, redirected or held back by these options; a
document on standard output; lines in the log; notifications. A notification that fails is reported, and doesn't change
the exit status.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from importer import __version__, importing, telling
from importer.cli.options import Options
from importer.cli.terminal import is_terminal, paragraph, say_json, with_flags
from importer.cli.watching import EndedAtOnce, Stopper
from importer.errors import ImporterError, ProgramFault, Stopped, UnclearColumns
from importer.messages import Said, say

if TYPE_CHECKING:
    from importer.importing.batch import Batch, FileEnded


class Reporting:
    """Options of a command, and its result.

    Attributes:
        options: the settings.
        is_quiet: whether nothing is printed as long as all goes well.
        exit_status: the command's exit status, once it is over.
    """

    def __init__(self, command: str, options: Options) -> None:
        self.options, self._command = options, command
        asks = is_terminal(sys.stdin) and is_terminal(sys.stderr) and not options.read("yes")
        self.is_quiet = bool(options.read("quiet")) and not asks
        self._document: Callable[[], Mapping[str, Any]] | None = None
        self.exit_status = 0

    def over(self, exit_status: int, document: Callable[[], Mapping[str, Any]]) -> int:
        """Record and return the exit status. The document is built only if a program asked for it."""
        self.exit_status, self._document = exit_status, document
        return exit_status

    @contextmanager
    def speaking(self, failed: Callable[[Reporting, ImporterError], object]) -> Iterator[None]:
        """Log the block, redirect what it prints, and print at its end what the options ask for; see `reporting`."""
        out, as_json = sys.stdout, self.options.read("json")
        stream = sys.stderr if as_json else out
        target = io.StringIO() if self.is_quiet else stream
        with ExitStack() as log:  # closed last, so that it has the error that ended the block
            try:
                with contextlib.redirect_stdout(target):
                    try:
                        log.enter_context(telling.log_file.logging_to(self.options.read("log-file")))
                    except ImporterError as error:
                        failed(self, error)
                        raise
                    yield
            except BaseException as error:
                self._failed(error)
                raise
            finally:
                if as_json and self._document is not None:
                    say_json(self._document())
                if isinstance(target, io.StringIO) and self.exit_status and stream is not None:
                    stream.write(target.getvalue())

    def _failed(self, error: BaseException) -> None:
        """Log the error that ended the command, and record its exit status and document."""
        text: Said = type(error).__name__
        status, kind = ProgramFault.exit_status, ProgramFault.kind
        about: dict[str, Any] = {"why": f"{with_flags(kind)}: {type(error).__name__}"}
        questions = error.questions if isinstance(error, UnclearColumns) else ()
        if isinstance(error, ImporterError):
            status, kind, text, about = error.exit_status, error.kind, error.message, {"error": error}
        elif isinstance(error, (click.ClickException, click.Abort, KeyboardInterrupt)):
            status = 3 if isinstance(error, EndedAtOnce) else 2
            kind = say("error.ended-by-a-person" if status == 3 else "error.ended-before-anything-was-sent")
            text, about = kind, {"why": kind}
        importing.logs.event("ended with an error", "ERROR", **about)
        if self._document is None:
            self.over(status, lambda: telling.documents.failed(self._command, status, kind, text, questions))
        self.exit_status = status


@contextmanager
def reporting(
    command: str, failed: Callable[[Reporting, ImporterError], object] = lambda *_: None
) -> Iterator[Reporting]:
    """Provide a command's report, and print and log the block's output as the options say.

    ``failed`` is called with the report and the error if there can be no log, so that the block doesn't begin.
    """
    try:
        options = Options.here()
        report = Reporting(command, options)
    except ImporterError as error:
        if click.get_current_context().params.get("json"):
            say_json(telling.documents.failed(command, error.exit_status, error.kind, error.message))
        raise
    with report.speaking(failed):
        importing.logs.event("command begun", command=command, version=__version__, profile=options.profile)
        yield report
        importing.logs.event("command over", command=command, exit_status=report.exit_status)


class RunNotifications:
    """Recipients of a run's notifications; how its files ``ended`` so far, without those that a person declined."""

    def __init__(self, out: Reporting, stopper: Stopper, *, practises: bool) -> None:
        self.out, self.stopper, self.practises = out, stopper, practises
        self._channels = out.options.channels()
        self.ended: list[FileEnded] = []

    def failed(self, file: Path, error: Exception) -> None:
        """Record that the whole run ended with an error, and notify the recipients."""
        if not any(ended.error is error for ended in self.ended):
            self.ended.append(importing.batch.FileEnded.failed(file, error))
        self.over(importing.batch.Batch(self.out.options.profile, self.ended))
        self.tell()

    def over(self, batch: Batch) -> int:
        """Record that all files have ended; return the exit status. A quiet program tells of results elsewhere, too."""
        remarks = [ended.report.remark for ended in batch.files if ended.report is not None]
        for remark in filter(None, remarks if self.out.is_quiet and not batch.exit_status else ()):
            if "written.elsewhere" in remark.kinds():
                paragraph(remark, "Warning: ", err=True)
        return self.out.over(batch.exit_status, lambda: telling.documents.run(batch))

    def tell(self) -> None:
        """Notify the recipients, unless a person stopped the run, who knows, or nothing was sent, in practice."""
        if self.ended and not (self.practises or self.stopper.is_by_person):
            batch = importing.batch.Batch(self.out.options.profile, self.ended)
            notification = telling.notifications.notification(batch, self.out.options.read("log-file"))
            for failure in telling.notifications.send(self._channels, notification):
                paragraph(failure, "Warning: ", err=True)


@contextmanager
def notifying(files: Sequence[Path], stopper: Stopper, *, practises: bool) -> Iterator[RunNotifications]:
    """Provide a command's notifications, which are sent however the block ends.

    If a person declines the plan, no notification is sent, because that person knows. If the profile or an address
    can't be read, nobody is notified; a ping that fails to come tells of that, and the exit status.
    """

    def not_begun(out: Reporting, error: ImporterError) -> None:
        RunNotifications(out, stopper, practises=practises).failed(files[0], error)

    with reporting("run", not_begun) as out:
        notifications = RunNotifications(out, stopper, practises=practises)
        try:
            yield notifications
        except click.Abort:
            raise
        except EndedAtOnce:
            if (why := stopper.why()) is not None and not stopper.is_by_person:
                notifications.failed(files[0], Stopped(why))
            raise
        except Exception as error:
            notifications.failed(files[0], error)
            raise
        notifications.tell()
