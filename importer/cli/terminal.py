r"""The gate to the terminal: nothing is printed past it, and no text that came from elsewhere can steer the screen.

Comes in: our words, mixed with file names, headings, note texts and what servers say. Goes out: the same on standard
output or standard error, with every sign that would move the cursor, colour, erase, hide or turn round what a person
reads written out, as ``\x1b`` or ``\u202e``.

Two things hold it. `Gate` stands in for both streams, so that what click, Python and other libraries print passes too;
only line ends and tabs go through as they are. And `say_line` prints one line, `paragraph` a message, `ask` a question:
a line break within a file name doesn't begin a line of ours.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO, cast

import click

from importer.cli.rendering import with_flags
from importer.commands.rendering import visible, written_out
from importer.errors import OutputFailed
from importer.messages import Said, say


def say_line(text: Said = "", *, err: bool = False) -> None:
    """Print one line."""
    click.echo(visible(with_flags(text)), err=err)


def paragraph(text: Said, indent: str = "", *, err: bool = False) -> None:
    """Print text in lines that fit the terminal; each further line of the text is indented, as it isn't ours alone."""
    width = max(40, min(110, shutil.get_terminal_size((100, 24)).columns - 1))
    following = " " * (len(indent) if indent.strip() else len(indent) + 4 * bool(indent))
    for line in with_flags(text).rstrip("\r\n").replace("\r\n", "\n").split("\n"):
        wrapped = textwrap.wrap(
            visible(line),
            width,
            initial_indent=indent,
            subsequent_indent=following,
            break_long_words=False,
            break_on_hyphens=False,
        )
        click.echo("\n".join(wrapped), err=err)
        indent = following or "  "


def say_json(document: object) -> None:
    """Write a document on standard output, in ASCII: whatever it holds, no sign of it steers the terminal."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    if isinstance(sys.stdout, Gate):
        sys.stdout.holds_document = True


def ask(question: Said) -> bool:
    """Whether the person says yes."""
    return click.confirm(visible(with_flags(question)))


def ask_for(what: Said, usual: str = "") -> str:
    """What the person types in a line; what is ``usual`` for Enter alone."""
    answer: str = click.prompt(visible(with_flags(what)), default=usual, show_default=bool(usual), err=True)
    return answer.strip()


def ask_unseen(question: Said) -> str:
    """What the person types, which isn't shown; where none sits there, the next line of standard input."""
    hidden = is_terminal(sys.stdin)
    return str(
        click.prompt(visible(with_flags(question)), default="", show_default=False, hide_input=hidden, err=True)
    ).strip()


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sits at the other end; a program without a terminal may have no streams at all."""
    with contextlib.suppress(ValueError, OSError):
        return stream is not None and stream.isatty()
    return False


class Gate(io.TextIOBase):
    """A text stream before the real one, which writes out what would steer the screen.

    It has neither a buffer nor a file number, by which click and `input` would go round it. The real stream may be
    closed at its other end: what follows is lost, and nothing else comes of it. If it can't be written, as its disk is
    full, what follows is lost too, and :func:`unsaid` tells.
    """

    def __init__(self, stream: TextIO, let_through: str = "", troubles: list[OSError] | None = None) -> None:
        self._stream, self._let_through = stream, let_through
        self.troubles = [] if troubles is None else troubles
        self.holds_document = False

    def write(self, text: str) -> int:
        """As the stream does, with the signs that would steer the screen written out."""
        with self._noting():
            self._stream.write(written_out(text, self._let_through))
        return len(text)

    def flush(self) -> None:
        """As the stream does."""
        with self._noting(), contextlib.suppress(ValueError):  # the stream may be closed before this one is
            self._stream.flush()

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            pass
        except OSError as error:
            self.troubles.append(error)

    def isatty(self) -> bool:
        """Whether a person sits at the other end."""
        return self._stream.isatty()

    def writable(self) -> bool:
        """Always."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """As the stream has it."""
        return self._stream.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """As the stream has it."""
        return self._stream.errors

    def for_bar(self) -> TextIO:
        """The same for a bar, which returns to the start of its line and asks how wide the terminal is.

        What is said beside the bar has to be made `visible` before, for here a carriage return goes through.
        """
        return cast(TextIO, _BarGate(self._stream, "\r", self.troubles))


class _BarGate(Gate):
    def fileno(self) -> int:
        return self._stream.fileno()


def unsaid() -> OutputFailed | None:
    """Return why a part of what was said could not be written; None if all of it was."""
    for stream, name in ((sys.stdout, "standard output"), (sys.stderr, "standard error")):
        if isinstance(stream, Gate):
            stream.flush()
            if stream.troubles:
                return OutputFailed(say("stopped.unsaid", name=name, error=str(stream.troubles[0])))
    return None


def exit_status_of(status: int) -> int:
    """Say at a command's end, if any of its output was lost, that it was; the exit status with that."""
    lost = unsaid()
    if lost is None:
        return status
    is_err_lost = isinstance(sys.stderr, Gate) and bool(sys.stderr.troubles)
    if not is_err_lost or not (isinstance(sys.stdout, Gate) and sys.stdout.holds_document):
        paragraph(lost.message, "Error: ", err=not is_err_lost)
    return status if status in _COUNT_MORE else lost.exit_status


_COUNT_MORE = (2, 4)  # exit statuses on which nothing is to be repeated


@contextmanager
def gated() -> Iterator[None]:
    """Put the gate before both streams; what their encoding lacks is replaced, whatever the terminal."""
    before = sys.stdout, sys.stderr
    for stream in before:
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.stdout, sys.stderr = (stream and cast(TextIO, Gate(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
