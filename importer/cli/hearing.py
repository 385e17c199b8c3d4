"""What is heard of a run by those who didn't watch it: whoever is to be notified is told how it ended.

Comes in: what a command was told; how its files ended. Goes out: notifications. One that fails is said, and fails
nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from importer import commands
from importer.cli.options import Told
from importer.cli.terminal import paragraph
from importer.errors import ImporterError

if TYPE_CHECKING:
    from importer.commands.series import FileEnded


class Hearing:
    """Who hears of a run, and what became of its files so far."""

    def __init__(self, told: Told, *, as_far_as_possible: bool = False) -> None:
        self.told = told
        self._notifier = told.notifier(as_far_as_possible=as_far_as_possible)
        self._ended: list[FileEnded] = []

    def ended(self, ended: FileEnded) -> None:
        """A file came to its end."""
        self._ended.append(ended)

    def tell(self) -> None:
        """Notify whoever is to hear of it."""
        if self._ended:
            for failed in self._notifier.tell(commands.notices.notice(self._ended, self.told.profile)):
                paragraph(failed, "Warning: ", err=True)


@contextmanager
def heard(files: Sequence[Path]) -> Iterator[Hearing]:
    """What a command is told; and however its block is left, whoever is to be notified hears of it.

    A person who says no to the plan has heard of it.
    """
    told = None
    try:
        told = Told.here()
        hearing = Hearing(told)
    except ImporterError as error:
        with contextlib.suppress(ImporterError):  # the same again, or another: the first is what is said
            hearing = Hearing(told or Told.here(without_profile=True), as_far_as_possible=True)
            hearing.ended(commands.series.FileEnded.failed(files[0], error))
            hearing.tell()
        raise
    try:
        yield hearing
    except click.Abort:
        raise
    except Exception as error:
        found = error if isinstance(error, ImporterError) else None
        hearing.ended(commands.series.FileEnded.failed(files[0], found))
        hearing.tell()
        raise
    hearing.tell()
