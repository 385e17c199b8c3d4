"""How a command speaks: to a person, to a program (one document), or only when something needs a person; and its log.

Comes in: what a command was told, what it comes to. Goes out: what is printed is put aside as that says; a document on
standard output; lines in the log.
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
    """What a command was told, and what it comes to.

    Attributes:
        options: the settings.
        is_quiet: whether nothing is printed while it goes well.
        exit_status: of the command, once it is over.
    """

    def __init__(self, command: str, options: Options) -> None:
        self.options, self._command = options, command
        asks = is_terminal(sys.stdin) and is_terminal(sys.stderr) and not options.says("yes")
        self.is_quiet = options.says("quiet") and not asks
        self._document: Callable[[], Mapping[str, Any]] | None = None
        self.exit_status = 0

    def over(self, exit_status: int, document: Callable[[], Mapping[str, Any]]) -> int:
        """The command's end: its status, and what a program is told, asked for only where one listens."""
        self.exit_status, self._document = exit_status, document
        return exit_status

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Put aside what is printed as long as the block runs, and say at its end what is to be said."""
        out, as_json = sys.stdout, self.options.says("json")
        spoken = sys.stderr if as_json else out
        kept = io.StringIO() if self.is_quiet else spoken
        try:
            with contextlib.redirect_stdout(kept):
                yield
        except BaseException as error:
            self._failed(error)
            raise
        finally:
            if as_json and self._document is not None:
                print_document(self._document())
            if isinstance(kept, io.StringIO) and self.exit_status:
                spoken.write(kept.getvalue())

    def _failed(self, error: BaseException) -> None:
        """What a command is told to have come to that ended with an error."""
        text: Said
        if isinstance(error, ImporterError):
            status, kind, text, why = error.exit_status, error.kind, error.message, commands.logs.said(error)
        elif isinstance(error, (click.ClickException, click.Abort, KeyboardInterrupt)):
            status = 3 if isinstance(error, EndedAtOnce) else 2
            kind = say("error.ended-by-a-person" if status == 3 else "error.ended-before-anything-was-sent")
            text, why = kind, with_flags(kind)
        else:
            status, kind, text = ImporterError.exit_status, say("error.fault"), type(error).__name__
            why = f"{with_flags(kind)}: {text}"
        commands.logs.event("ended with an error", logging.ERROR, why=why)
        if self._document is None:
            self.over(status, lambda: commands.documents.failed(self._command, status, kind, text))
        self.exit_status = status


@contextmanager
def reporting(command: str) -> Iterator[Reporting]:
    """What a command is told; what it prints and logs goes where that says."""
    try:
        options = Options.here()
        found = Reporting(command, options)
        log_file = options.read("log-file")
    except ImporterError as error:
        if click.get_current_context().params.get("json"):
            print_document(commands.documents.failed(command, error.exit_status, error.kind, error.message))
        raise
    debugging = commands.logs.is_debugging()
    with commands.logs.logging_to(log_file, debugging=debugging), found.speaking():
        commands.logs.event("command begun", command=command, version=__version__, profile=options.profile)
        yield found
        commands.logs.event("command over", command=command, exit_status=found.exit_status)


def print_document(document: Mapping[str, Any]) -> None:
    """Write a document on standard output; what it says of settings names their flags."""
    say_json(_in_words(document))


def _in_words(value: Any) -> Any:
    if isinstance(value, Message):
        return with_flags(value)
    if isinstance(value, Mapping):
        return {name: _in_words(found) for name, found in value.items()}
    return [_in_words(found) for found in value] if isinstance(value, list) else value
