"""Direct a command's output: for a person, for a program (one document), or only if something needs attention; and log.

Input: the command's options and its result. Output: the printed text, redirected or held back by these options; a
document on standard output; lines in the log.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from importer import __version__, commands
from importer.cli.options import Options
from importer.cli.rendering import with_flags
from importer.cli.terminal import is_terminal, say_json
from importer.cli.watching import EndedAtOnce
from importer.errors import ImporterError
from importer.messages import Message, Said, say


class Reporting:
    """Options of a command, and its result.

    Attributes:
        options: the settings.
        is_quiet: whether nothing is printed as long as all goes well.
        exit_status: the command's exit status, once it is over.
    """

    def __init__(self, command: str, options: Options) -> None:
        self.options, self._command = options, command
        asks = is_terminal(sys.stdin) and is_terminal(sys.stderr) and not options.says("yes")
        self.is_quiet = options.says("quiet") and not asks
        self._document: Callable[[], Mapping[str, Any]] | None = None
        self.exit_status = 0

    def over(self, exit_status: int, document: Callable[[], Mapping[str, Any]]) -> int:
        """Record and return the exit status. The document is built only if a program asked for it."""
        self.exit_status, self._document = exit_status, document
        return exit_status

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Redirect what the block prints, and print at its end what the options ask for."""
        out, as_json = sys.stdout, self.options.says("json")
        stream = sys.stderr if as_json else out
        target = io.StringIO() if self.is_quiet else stream
        try:
            with contextlib.redirect_stdout(target):
                yield
        except BaseException as error:
            self._failed(error)
            raise
        finally:
            if as_json and self._document is not None:
                print_document(self._document())
            if isinstance(target, io.StringIO) and self.exit_status:
                stream.write(target.getvalue())

    def _failed(self, error: BaseException) -> None:
        """Log the error that ended the command, and record its exit status and document."""
        text: Said
        if isinstance(error, ImporterError):
            status, kind, text, reason = error.exit_status, error.kind, error.message, commands.logs.said(error)
        elif isinstance(error, (click.ClickException, click.Abort, KeyboardInterrupt)):
            status = 3 if isinstance(error, EndedAtOnce) else 2
            kind = say("error.ended-by-a-person" if status == 3 else "error.ended-before-anything-was-sent")
            text, reason = kind, with_flags(kind)
        else:
            status, kind, text = ImporterError.exit_status, say("error.fault"), type(error).__name__
            reason = f"{with_flags(kind)}: {text}"
        commands.logs.event("ended with an error", logging.ERROR, why=reason)
        if self._document is None:
            self.over(status, lambda: commands.documents.failed(self._command, status, kind, text))
        self.exit_status = status


@contextmanager
def reporting(command: str) -> Iterator[Reporting]:
    """Provide a command's report, and print and log the block's output as the options say."""
    try:
        options = Options.here()
        report = Reporting(command, options)
        log_file = options.read("log-file")
    except ImporterError as error:
        if click.get_current_context().params.get("json"):
            print_document(commands.documents.failed(command, error.exit_status, error.kind, error.message))
        raise
    debugging = commands.logs.is_debugging()
    with commands.logs.logging_to(log_file, debugging=debugging), report.speaking():
        commands.logs.event("command begun", command=command, version=__version__, profile=options.profile)
        yield report
        commands.logs.event("command over", command=command, exit_status=report.exit_status)


def print_document(document: Mapping[str, Any]) -> None:
    """Write a document on standard output, with settings named by their flags."""
    say_json(_in_words(document))


def _in_words(value: Any) -> Any:
    if isinstance(value, Message):
        return with_flags(value)
    if isinstance(value, Mapping):
        return {name: _in_words(item) for name, item in value.items()}
    return [_in_words(item) for item in value] if isinstance(value, list) else value
