"""Show a person the files that are imported one after the other, and ask before each.

Input: previews, progress, and how each file ended. Output: printed lines, yes or no, and the request to stop.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from importer import commands
from importer.cli.terminal import ask, is_terminal, paragraph, say_line, show, with_flags, words
from importer.cli.watching import RunWatch, Stopper
from importer.errors import ResultsNotWritten, Stopped, UnclearColumns
from importer.messages import Message, say
from importer.models import PossibleAnswer, Progress

if TYPE_CHECKING:
    from importer.cli.asking import Asking
    from importer.cli.reporting import RunNotifications
    from importer.commands.batch import BatchFace, FileEnded
    from importer.commands.run import Prepared, Preview

_Answer = TypeVar("_Answer")


class BatchImport:
    """Questions and output of a batch at the terminal.

    Args:
        stopper: receives the request to stop.
        notifications: receives how each file ended.
        asking: asks the open questions.
        is_one: whether a person named a single file, so that the output doesn't mention a batch.
    """

    def __init__(self, stopper: Stopper, notifications: RunNotifications, asking: Asking, *, is_one: bool) -> None:
        self._stopper, self._notifications, self._asking, self._is_one = stopper, notifications, asking, is_one
        self._watch: RunWatch | None = None
        self._has_sent = False
        self._said: Message | None = None

    def face(self) -> BatchFace:
        """Return the callbacks for the batch."""
        confirm = self.confirm if is_terminal(sys.stdin) and is_terminal(sys.stderr) else None
        return commands.batch.BatchFace(
            self._asking.may,
            self.decide,
            self.agree,
            confirm,
            self.ended,
            self.observe,
            self._stopper.why,
            self.choose,
        )

    def choose(self, error: UnclearColumns) -> PossibleAnswer | None:
        """Ask a question that must be answered before a file can be read."""
        return self._answered(lambda: self._asking.choose(error))

    def decide(self, prepared: Prepared) -> None:
        """Ask the open questions about a file."""
        if self._asking.may and prepared.questions:
            if not self._is_one:
                say_line(f"\n{prepared.preview.loaded.sheet.source}:")
            self._answered(lambda: self._asking.ask(prepared))
            if not prepared.questions and prepared.preview.guarded:  # the file isn't sent, but its answers can be kept
                self._answered(
                    lambda: self._asking.offer_to_remember(prepared.settings, prepared.preview.loaded.headings)
                )

    def confirm(self, preview: Preview) -> bool:
        """Return whether a person confirms the workspace of its first import. No option skips this question."""
        settings = preview.settings
        paragraph(say("first.profile", profile=repr(settings.profile), url=settings.base_url))
        return bool(self._answered(lambda: ask(say("first.is-it-right"))))

    def agree(self, preview: Preview) -> bool:
        """Show what is about to be sent; return whether to send it."""
        if not self._is_one:
            say_line()
        show(commands.preview_messages.plan(preview))
        total = preview.remaining.total
        question = commands.preview_messages.question(preview, total)
        if self._asking.may and total:
            show(commands.preview_messages.first_of_kind(preview))
            if not self._answered(lambda: ask(question)):
                return False  # the file's result will say that nothing was sent
        self._answered(lambda: self._asking.offer_to_remember(preview.settings, preview.loaded.headings))
        self._watch, self._has_sent = RunWatch(silent=self._notifications.is_quiet), True
        self._watch.begin(total)
        self._stopper.arm()
        return True

    def _answered(self, question: Callable[[], _Answer]) -> _Answer | None:
        """Return the person's answer; None if they stop a batch of which files were already sent."""
        self._stopper.disarm()  # Ctrl-C is an answer here
        try:
            return question()
        except click.Abort:
            if not self._has_sent:
                raise
            self._stopper.end("Ctrl-C")
            return None

    def observe(self, progress: Progress) -> None:
        """Show the progress."""
        if self._watch is not None:
            self._watch.observe(progress)
        elif progress.trouble is not None and progress.trouble != self._said:
            self._said = progress.trouble
            say_line(commands.rendering.capital(with_flags(progress.trouble)), err=True)

    def ended(self, over: FileEnded) -> None:
        """Report how a file ended.

        Raises:
            ImporterError: the error that kept a single file from being imported.
        """
        if self._watch is not None:
            self._watch.__exit__()
            self._watch = None
        if over.error is not None and self._is_one:
            raise over.error
        results = commands.batch.FileResult
        if over.fate is not results.DECLINED:
            self._notifications.ended(over)
        if over.error is not None and over.fate in (results.REFUSED, results.STOPPED):
            say_line(err=True)
            say_line(f"{over.file}: {over.fate}.", err=True)
            paragraph(
                words(over.error),
                "Stopped: " if isinstance(over.error, (Stopped, ResultsNotWritten)) else "Error: ",
                err=True,
            )
        else:
            show(commands.report_messages.file_ended(over))
