"""What is heard of a run by those who didn't watch it: whoever is to be notified is told how it ended.

Comes in: what a command was told; how its files ended. Goes out: notifications. One that fails is said, and fails
nothing.
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
    """Who hears of a run, and what became of its files so far.

    Args:
        options: the settings.
        out: what the command comes to; None where it never began.
        asked: why it was asked to end, if it was: then nobody tries it again.
    """

    def __init__(self, options: Options, out: Reporting | None, asked: Callable[[], Said | None]) -> None:
        self._asked, self._tries = asked, commands.repeating.Tries.from_environment(os.environ)
        self.options, self.is_quiet = options, out is not None and out.is_quiet
        self._out = out
        self._notifier = options.notifier(as_far_as_possible=out is None)
        self._ended: list[FileEnded] = []

    def ended(self, ended: FileEnded) -> None:
        """A file came to its end."""
        self._ended.append(ended)

    def failed(self, file: Path, error: ImporterError | None) -> None:
        """The whole came to its end with an error; None: with a fault of the program's own."""
        if error is None or not any(ended.error is error for ended in self._ended):
            self.ended(commands.batch.FileEnded.failed(file, error))
        if self._out is not None:
            status = max(ended.exit_status for ended in self._ended)
            self._out.over(status, lambda: commands.documents.run(self._ended, (), self.options.profile))
        self.tell()

    def over(self, batch: Batch) -> int:
        """All files came to their end."""
        assert self._out is not None
        document = commands.documents.run
        return self._out.over(batch.exit_status, lambda: document(batch.files, batch.left_out, self.options.profile))

    def tell(self) -> None:
        """Notify whoever is to hear of it."""
        now = datetime.now().astimezone()
        if self._tries is not None and self._ended and self._tries.goes_on(self._ended, now) and not self._asked():
            commands.logs.event("it will be tried again: nobody is notified")
        elif self._ended:
            notification = commands.notification_messages.notification(
                self._ended, self.options.profile, self.options.read("log-file")
            )
            for failed in self._notifier.tell(notification):
                paragraph(failed, "Warning: ", err=True)


@contextmanager
def notifying(files: Sequence[Path], asked: Callable[[], Said | None]) -> Iterator[RunNotifications]:
    """What a command is told; and however its block is left, whoever is to be notified hears of it.

    A person who says no to the plan has heard of it.
    """
    with contextlib.ExitStack() as stack:
        options = None
        try:
            out = stack.enter_context(reporting("run"))
            options = out.options
            notifications = RunNotifications(options, out, asked)
        except ImporterError as error:
            with contextlib.suppress(ImporterError):  # the same again, or another: the first is what is said
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
