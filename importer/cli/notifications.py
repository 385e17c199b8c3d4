"""Notify recipients of how a run ended, because they didn't watch it.

Input: a command's options, and how its files ended. Output: notifications. A notification that fails is reported, and
doesn't change the exit status.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from importer import commands
from importer.cli.options import Options
from importer.cli.reporting import Reporting, reporting
from importer.cli.terminal import paragraph
from importer.errors import ImporterError
from importer.messages import Said

if TYPE_CHECKING:
    from importer.commands.batch import Batch, FileEnded


class RunNotifications:
    """Recipients of a run's notifications, and how its files have ended so far.

    Args:
        options: the settings.
        out: the command's report; None if the command never began.
        asked: returns why the run was asked to stop, if it was. Such a run isn't tried again.
    """

    def __init__(self, options: Options, out: Reporting | None, asked: Callable[[], Said | None]) -> None:
        self._asked, self._tries = asked, commands.repeating.Tries.from_environment(os.environ)
        self.options, self.is_quiet = options, out is not None and out.is_quiet
        self._out = out
        self._notifier = options.notifier(as_far_as_possible=out is None)
        self._ended: list[FileEnded] = []

    def ended(self, ended: FileEnded) -> None:
        """Record how a file ended."""
        self._ended.append(ended)

    def failed(self, file: Path, error: ImporterError | None) -> None:
        """Record that the whole run ended with an error (None: a fault of the program), and notify the recipients."""
        if error is None or not any(ended.error is error for ended in self._ended):
            self.ended(commands.batch.FileEnded.failed(file, error))
        if self._out is not None:
            status = max(ended.exit_status for ended in self._ended)
            self._out.over(status, lambda: commands.documents.run(self._ended, (), self.options.profile))
        self.tell()

    def over(self, batch: Batch) -> int:
        """Record that all files have ended; return the exit status."""
        assert self._out is not None
        document = commands.documents.run
        return self._out.over(batch.exit_status, lambda: document(batch.files, batch.left_out, self.options.profile))

    def tell(self) -> None:
        """Notify the recipients, unless the run will be tried again."""
        now = datetime.now().astimezone()
        if self._tries is not None and self._ended and self._tries.goes_on(self._ended, now) and not self._asked():
            commands.logs.event("it will be tried again: nobody is notified")
        elif self._ended:
            notification = commands.notification_messages.notification(
                self._ended, self.options.profile, self.options.read("log-file")
            )
            for failure in self._notifier.tell(notification):
                paragraph(failure, "Warning: ", err=True)


@contextmanager
def notifying(files: Sequence[Path], asked: Callable[[], Said | None]) -> Iterator[RunNotifications]:
    """Provide a command's notifications, which are sent however the block ends.

    If a person declines the plan, no notification is sent, because that person knows.
    """
    with contextlib.ExitStack() as stack:
        options = None
        try:
            out = stack.enter_context(reporting("run"))
            options = out.options
            notifications = RunNotifications(options, out, asked)
        except ImporterError as error:
            with contextlib.suppress(ImporterError):  # the same error again, or another one: only the first is reported
                RunNotifications(options or Options.here(without_profile=True), None, asked).failed(files[0], error)
            raise
        try:
            yield notifications
        except click.Abort:
            raise
        except Exception as error:
            notifications.failed(files[0], error if isinstance(error, ImporterError) else None)
            raise
        notifications.tell()
