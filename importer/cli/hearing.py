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
from importer.cli.options import Told
from importer.cli.reporting import Reporting, reporting
from importer.cli.terminal import paragraph
from importer.errors import ImporterError
from importer.messages import Said

if TYPE_CHECKING:
    from importer.commands.series import FileEnded, Series


class Hearing:
    """Who hears of a run, and what became of its files so far.

    Args:
        told: the settings.
        out: what the command comes to; None where it never began.
        asked: why it was asked to end, if it was: then nobody tries it again.
    """

    def __init__(self, told: Told, out: Reporting | None, asked: Callable[[], Said | None]) -> None:
        self._asked, self._tries = asked, commands.repeating.Tries.told(os.environ)
        self.told, self.is_quiet = told, out is not None and out.is_quiet
        self._out = out
        self._notifier = told.notifier(as_far_as_possible=out is None)
        self._ended: list[FileEnded] = []

    def ended(self, ended: FileEnded) -> None:
        """A file came to its end."""
        self._ended.append(ended)

    def failed(self, file: Path, error: ImporterError | None) -> None:
        """The whole came to its end with an error; None: with a fault of the program's own."""
        if error is None or not any(ended.error is error for ended in self._ended):
            self.ended(commands.series.FileEnded.failed(file, error))
        if self._out is not None:
            status = max(ended.exit_status for ended in self._ended)
            self._out.over(status, lambda: commands.documents.run(self._ended, (), self.told.profile))
        self.tell()

    def over(self, series: Series) -> int:
        """All files came to their end."""
        assert self._out is not None
        document = commands.documents.run
        return self._out.over(series.exit_status, lambda: document(series.files, series.left_out, self.told.profile))

    def tell(self) -> None:
        """Notify whoever is to hear of it."""
        now = datetime.now().astimezone()
        if self._tries is not None and self._ended and self._tries.goes_on(self._ended, now) and not self._asked():
            commands.logs.event("it will be tried again: nobody is notified")
        elif self._ended:
            notice = commands.notices.notice(self._ended, self.told.profile, self.told.read("log-file"))
            for failed in self._notifier.tell(notice):
                paragraph(failed, "Warning: ", err=True)


@contextmanager
def heard(files: Sequence[Path], asked: Callable[[], Said | None]) -> Iterator[Hearing]:
    """What a command is told; and however its block is left, whoever is to be notified hears of it.

    A person who says no to the plan has heard of it.
    """
    with contextlib.ExitStack() as stack:
        told = None
        try:
            out = stack.enter_context(reporting("run"))
            told = out.told
            hearing = Hearing(told, out, asked)
        except ImporterError as error:
            with contextlib.suppress(ImporterError):  # the same again, or another: the first is what is said
                Hearing(told or Told.here(without_profile=True), None, asked).failed(files[0], error)
            raise
        try:
            yield hearing
        except click.Abort:
            raise
        except Exception as error:
            hearing.failed(files[0], error if isinstance(error, ImporterError) else None)
            raise
        hearing.tell()
