"""Define the command line: commands, printing, progress, exit statuses. No other part of the package prints or exits.

Input: what a person typed. Output: printed lines, and an exit status.

    importing    run, check, template; questions and output for files imported one after the other
    asking       questions about what couldn't be decided
    journalled   history, verify, hide, journal
    setting_up   init, login, readings, doctor
    scheduling   schedule
    paging       page
    reporting    output for a person or a program; the log; notifications about how a run ended
    watching     progress, and the request to stop
    options      settings as flags; the help
    terminal     messages, printed; a setting's name becomes its flag; output without control characters

Exit statuses: 0 every row delivered; 1 finished, some rows need your attention; 2 the file, the settings or the command
line can't be used, and nothing was sent; 3 stopped before the end; 4 stopped and needs your attention.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from importer import __version__, telling
from importer.cli import importing, journalled, scheduling, setting_up
from importer.cli.options import Commands
from importer.cli.paging import page
from importer.cli.terminal import (
    PLACE_FLAGS,
    PROFILE,
    TERMINAL,
    exit_status_of,
    gated,
    paragraph,
    say_error,
    say_json,
    say_line,
)
from importer.cli.watching import EndedAtOnce
from importer.errors import ImporterError, OutputFailed
from importer.messages import FACE, lines, say, words
from importer.settings import profiles


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="note-importer")
def cli() -> None:
    """Import a spreadsheet of notes into Saleshandy, each note exactly once.

    Exit status: 0 every row delivered; 1 finished, some rows need your attention; 2 nothing was sent, because the file,
    the settings or the command line can't be used; 3 stopped before the end: run the same command again; 4 stopped and
    needs your attention: the key is refused, the address is wrong, a certificate or a proxy blocks the connection, or
    the journal is damaged or is not the journal of this workspace.
    """


for _module in (setting_up, scheduling, importing, journalled):
    for _command in _module.COMMANDS:
        cli.add_command(_command)
cli.add_command(page)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. Every error becomes a message and an exit status here."""
    PROFILE.set(profiles.DEFAULT)
    PLACE_FLAGS.set("")
    FACE.set(TERMINAL)
    with gated():
        return exit_status_of(_status_of(arguments))


def _status_of(arguments: Sequence[str] | None) -> int:
    try:
        status = cli.main(arguments, prog_name="note-importer", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and (context := error.ctx) is not None:
            for_help = say("cli.for-help", command=context.command_path)
            paragraph(lines(words(context.get_usage()), for_help), err=True)
            reads_json = any(one.name == "json" for one in context.command.params)
            if reads_json and "--json" in (sys.argv if arguments is None else arguments):
                kind, text = say("error.of-command-line"), words(error.format_message())
                say_json(telling.documents.failed(str(context.info_name), 2, kind, text))
        paragraph(error.format_message(), "Error: ", err=True)
        return 2
    except click.Abort as error:
        if isinstance(error.__cause__, EndedAtOnce):  # click turns it into an Abort
            paragraph(say("cli.ended-at-once"), err=True)
            return 3
        say_line(say("questions.nothing-sent"), err=True)
        return 2
    except OutputFailed:
        return OutputFailed.exit_status  # its message is printed at the end
    except ImporterError as error:
        say_error(error)
        return error.exit_status
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets words and not a traceback
        if os.environ.get("NOTE_IMPORTER_DEBUG"):
            sys.excepthook(type(error), error, error.__traceback__)
        fault = say("fault.of-command", error=f"{type(error).__name__}: {error}")
        if isinstance(error, FileNotFoundError) and _folder() is None:
            fault = say("fault.no-folder")
        paragraph(fault, "Error: ", err=True)
        return 3
    return status if isinstance(status, int) else 0


def _folder() -> Path | None:
    """Return the current folder; None if it was deleted."""
    with contextlib.suppress(OSError):
        return Path.cwd().resolve()
    return None


def _trust_no_current_folder() -> None:
    """Import modules and start programs from installed places only: anybody may have put files into this folder.

    The environment tells this to every process that is started, such as those of the page.
    """
    os.environ["PYTHONSAFEPATH"] = "1"  # as Python's flag -P
    os.environ["NoDefaultCurrentDirectoryInExePath"] = "1"  # noqa: SIM112 - Windows' own name
    here = _folder()
    if here is not None and not Path(__file__).resolve().is_relative_to(here):  # developers start it in its own folder
        sys.path[:] = [place for place in sys.path if Path(place).resolve() != here]


def script() -> None:
    """Run the command ``note-importer``."""
    _trust_no_current_folder()
    # Reference cycles are rare here. Looking for them takes a tenth of the time for loading and reading. A run loads
    # some 170,000 objects and keeps them all.
    gc.set_threshold(250_000)
    # The library by which numpy multiplies matrices starts threads, which take processor time. Nothing here uses it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    status = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.flush()
    os._exit(status)  # a call that hangs must not delay the end
