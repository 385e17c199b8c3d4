r"""Print messages, and ask questions. All output passes here, so that no text from elsewhere can control the screen.

Input: messages, mixed with file names, headings, note texts and servers' texts. Output: texts on standard output or
standard error, in which a setting is named by its flag, and a command names the profile. Characters that would move the
cursor, colour, erase, hide or reverse text are escaped, as ``\x1b`` or ``\u202e``.

`Gate` replaces both streams, so that the output of click, Python and other libraries is escaped, too, except line ends
and tabs. `say_line` prints one line, `paragraph` a message, `ask` a question, so that a line break in a file
name doesn't begin a new line of output.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TextIO, cast

import click

from importer.errors import ImporterError, OutputFailed, ResultsNotWritten, Stopped
from importer.messages import Face, Message, Said, as_argument, render, say
from importer.settings import profiles
from importer.telling.rendering import Line, LineKind, visible, written_out

PROFILE = ContextVar("PROFILE", default=profiles.DEFAULT)
"""Name of the current command's profile."""
PLACE_FLAGS = ContextVar("PLACE_FLAGS", default="")
"""Flags of the current command line that say where the notes and the journal are, to be repeated in other commands."""
_INDENTS = {LineKind.TEXT: "", LineKind.NOTE: "  Note: ", LineKind.DETAIL: "  ", LineKind.QUOTE: "  | "}
_COUNT_MORE = (2, 4)
"""Exit statuses that outrank lost output, because the run must not be repeated."""


class Terminal(Face):
    """Rendering for people who type: settings are flags, and commands name the profile."""

    def command(self, command: str) -> str:
        """Return the command with the profile in force, and with the address and the journal of the command line."""
        return profiles.in_commands(super().command(command), PROFILE.get(), PLACE_FLAGS.get())


TERMINAL = Terminal()


def with_flags(said: Said) -> str:
    """Return a message as text, with settings as flags, and with the profile in commands."""
    return render(said, TERMINAL)


def say_line(text: Said = "", *, err: bool = False) -> None:
    """Print one line. A message too long for the terminal is shown in several; a text, to be copied, is kept whole."""
    for line in _lines_of_one(text, err=err):
        click.echo(line, err=err)


def paragraph(text: Said, indent: str = "", *, err: bool = False) -> None:
    """Print text in lines that fit the terminal. Further lines are indented, because the text may not be ours."""
    following = " " * (len(indent) if indent.strip() else len(indent) + 4 * bool(indent))
    for line in with_flags(text).rstrip("\r\n").replace("\r\n", "\n").split("\n"):
        for wrapped in _wrapped(indent + visible(line), following):
            click.echo(wrapped.rstrip(" "), err=err)
        indent = following or "  "


def _lines_of_one(text: Said, room: str = "", *, err: bool) -> Sequence[str]:
    """Return the lines in which one line is shown, with ``room`` at its end."""
    line = visible(with_flags(text)) + room
    is_wrapped = isinstance(text, Message) and is_terminal(sys.stderr if err else sys.stdout)
    return _wrapped(line) if is_wrapped else [line]


def _wrapped(line: str, following: str = "    ") -> Sequence[str]:
    """Return a line as lines that fit the terminal, no word broken; further ones begin with ``following``."""
    if len(line) <= _width():
        return [line]
    return textwrap.wrap(line, _width(), subsequent_indent=following, break_long_words=False, break_on_hyphens=False)


def _width() -> int:
    return max(40, min(110, shutil.get_terminal_size((100, 24)).columns - 1))


def say_error(error: ImporterError) -> None:
    """Print an error that ended a command or a file's import."""
    paragraph(error.message, "Stopped: " if isinstance(error, (Stopped, ResultsNotWritten)) else "Error: ", err=True)


def show(lines: Iterable[Line]) -> None:
    """Print messages, each in the format of its kind."""
    for line in lines:
        if line.kind is LineKind.LINE:
            say_line(line.text)
        else:
            paragraph(line.text, _INDENTS[line.kind])


def argument(text: Path | str) -> str:
    """Return a path or a name as one word of a command line, quoted if necessary."""
    return as_argument(str(text)) if re.search(r"[^\w./:-]", str(text)) else str(text)


def say_json(document: object) -> None:
    """Write a document on standard output, in ASCII, so that none of its characters can control the terminal."""
    click.echo(json.dumps(in_words(document), indent=2))


def in_words(value: Any) -> Any:
    """Return a document with its messages in words, and settings named by their flags."""
    if isinstance(value, Message):
        return with_flags(value)
    if isinstance(value, Mapping):
        found: dict[Any, Any] = {}
        for name, item in value.items():
            word, new = in_words(name), in_words(item)
            found[word] = found[word] + new if word in found else new  # numbers of messages with the same words
        return found
    return [in_words(item) for item in value] if isinstance(value, list) else value


def _prompt(question: Said, *, room: int = 2) -> str:
    """Print all lines of a question but the last, which is returned. It leaves room for what stands behind it."""
    *lines, last = _lines_of_one(question, "x" * room, err=True)
    for line in lines:
        click.echo(line, err=True)
    return last[: len(last) - room]


def ask(question: Said) -> bool:
    """Ask a question, and return whether the person says yes. Enter alone means no."""
    while (answer := ask_for(say("asking.yes-or-no", question=question)).lower()) not in ("y", "yes", "n", "no", ""):
        say_line(say("asking.only-yes-or-no"), err=True)
    return answer.startswith("y")


def ask_for(what: Said, usual: str = "") -> str:
    """Ask for a line, and return what the person types; ``usual`` if only Enter is pressed."""
    shown = _prompt(what, room=len(f" [{usual}]: "))
    return str(click.prompt(shown, default=usual, show_default=bool(usual), err=True)).strip()


def ask_unseen(question: Said) -> str:
    """Ask for a line without showing it. If nobody is at the terminal, read the next line of standard input."""
    hidden = is_terminal(sys.stdin)
    return str(click.prompt(_prompt(question), default="", show_default=False, hide_input=hidden, err=True)).strip()


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether the stream is a terminal. A program without a terminal may have no streams at all."""
    with contextlib.suppress(ValueError, OSError):
        return stream is not None and stream.isatty()
    return False


class Gate(io.TextIOBase):
    """Text stream in front of the real one, which escapes characters that would control the screen.

    The gate has neither a buffer nor a file number, because click and `input` would use these to bypass it. If the real
    stream is closed at its other end, further output is lost without an error. If it can't be written, for example
    because the disk is full, further output is lost, too, and :func:`unsaid` reports it.
    """

    def __init__(self, stream: TextIO, let_through: str = "", troubles: list[OSError] | None = None) -> None:
        self._stream, self._let_through = stream, let_through
        self.troubles = [] if troubles is None else troubles

    def write(self, text: str) -> int:
        """Write the text, with characters escaped that would control the screen."""
        with self._noting():
            self._stream.write(written_out(text, self._let_through))
        return len(text)

    def flush(self) -> None:
        """Flush the real stream."""
        with self._noting(), contextlib.suppress(ValueError):  # the real stream may already be closed
            self._stream.flush()

    def close(self) -> None:
        """Leave the real stream as it is. Python closes what it no longer needs, even when modules are already gone."""

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            pass
        except OSError as error:
            if os.name != "nt" or error.errno != errno.EINVAL:  # which is how Windows reports a closed pipe
                self.troubles.append(error)

    def isatty(self) -> bool:
        """Return whether the real stream is a terminal."""
        return self._stream.isatty()

    def writable(self) -> bool:
        """Return True."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Encoding of the real stream."""
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """Error handling of the real stream."""
        return self._stream.errors

    def for_bar(self) -> TextIO:
        """Return a stream for a progress bar. Text beside it must be `visible`, because carriage returns pass here."""
        return cast(TextIO, _BarGate(self._stream, "\r", self.troubles))


class _BarGate(Gate):
    def fileno(self) -> int:
        return self._stream.fileno()


def unsaid() -> OutputFailed | None:
    """Return an error if a part of the output could not be written, else None."""
    for stream, name in ((sys.stdout, "standard output"), (sys.stderr, "standard error")):
        if isinstance(stream, Gate):
            stream.flush()
            if stream.troubles:
                return OutputFailed(
                    say("stopped.unsaid", name=name, error=stream.troubles[0].strerror or str(stream.troubles[0]))
                )
    return None


def exit_status_of(status: int) -> int:
    """Report lost output, if any, at a command's end, on standard error. Return the command's final exit status."""
    if (failure := unsaid()) is None:
        return status
    paragraph(failure.message, "Error: ", err=True)
    return status if status in _COUNT_MORE else failure.exit_status


@contextmanager
def gated() -> Iterator[None]:
    """Put a gate in front of both streams. Characters that their encoding lacks are replaced."""
    streams = sys.stdout, sys.stderr
    for stream in streams:
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.stdout, sys.stderr = (stream and cast(TextIO, Gate(stream)) for stream in streams)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
