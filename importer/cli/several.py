"""What a person sees of files that are imported one after the other, and is asked before each.

Comes in: previews, progress, and how each file ended. Goes out: lines; yes or no; and when it is time to end.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from importer import commands
from importer.cli.screen import show
from importer.cli.terminal import ask, is_terminal, paragraph, say
from importer.cli.watching import Stopper, Watch
from importer.cli.wording import words
from importer.errors import ResultsNotWritten, Stopped
from importer.models import Progress

if TYPE_CHECKING:
    from importer.cli.hearing import Hearing
    from importer.commands.run import Preview
    from importer.commands.series import FileEnded


class Importing:
    """The face of a series.

    Args:
        stopper: hears that it is to end.
        hearing: told of each file, for those who aren't here.
        is_one: whether a person named a single file: then nothing is said of a series.
        assumes_yes: whether nobody is to be asked.
    """

    def __init__(self, stopper: Stopper, hearing: Hearing, *, is_one: bool, assumes_yes: bool) -> None:
        self._stopper, self._hearing, self._is_one = stopper, hearing, is_one
        self._asks = is_terminal(sys.stdin) and is_terminal(sys.stderr) and not assumes_yes
        self._watch: Watch | None = None
        self._has_sent = False

    def agree(self, preview: Preview) -> bool:
        """Show what is about to happen; whether it is to."""
        if not self._is_one:
            say()
        show(commands.plans.plan(preview))
        total = preview.remaining.total
        if self._asks and total and not self._ask(preview, total):
            say("Nothing was sent." if self._is_one else "Nothing of it was sent.")
            return False
        self._watch, self._has_sent = Watch(), True
        self._watch.begin(total)
        self._stopper.arm()
        return True

    def _ask(self, preview: Preview, total: int) -> bool:
        self._stopper.disarm()  # Ctrl-C is an answer, too
        try:
            return ask(f"Send {commands.sayings.count(total, 'note')} to {preview.settings.base_url}?")
        except click.Abort:
            if not self._has_sent:
                raise
            self._stopper.end("Ctrl-C")
            return False

    def observe(self, progress: Progress) -> None:
        """Show how far it is."""
        if self._watch is not None:
            self._watch.observe(progress)

    def ended(self, over: FileEnded) -> None:
        """Say what became of a file.

        Raises:
            ImporterError: what kept a single file from being imported.
        """
        if self._watch is not None:
            self._watch.__exit__()
            self._watch = None
        if over.error is not None and self._is_one:
            raise over.error
        fates = commands.series.Fate
        if over.fate is not fates.DECLINED:
            self._hearing.ended(over)
        if over.error is not None and over.fate in (fates.REFUSED, fates.STOPPED):
            say(err=True)
            paragraph(
                words(over.error),
                "Stopped: " if isinstance(over.error, (Stopped, ResultsNotWritten)) else "Error: ",
                err=True,
            )
        else:
            show(commands.endings.file_ended(over))
