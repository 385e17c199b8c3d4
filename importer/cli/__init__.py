"""The command line: commands, printing, progress, exit statuses. Nothing else in the package prints or exits.

Comes in: what a person typed. Goes out: lines for that person, and an exit status.

    importing    run, check, results, template
    several      what is seen and asked of files that are imported one after the other
    asking       what couldn't be decided, asked
    journalled   history, verify, hide, journal
    beginning    init
    setting_up   config, doctor, completion
    keys         login, logout
    scheduling   schedule, repeat, prune
    scheduler_files  what to install, as each system reads it
    practising   sandbox
    paging       page
    manual       what help says
    notifications  who is notified of how a run ended
    reporting    what is printed, for a person or a program; the log
    watching     progress, and the word to end
    options      settings as flags
    rendering    a setting's name becomes its flag
    screen       sayings, printed
    terminal     the gate to the terminal

Exit statuses: 0 every row delivered; 1 finished, some rows need a person; 2 the file, the settings or the command line
can't be used and nothing was sent; 3 stopped before the end; 4 stopped, and only a person can help.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import traceback
from collections.abc import Sequence

import click

from importer import __version__
from importer.cli.beginning import init
from importer.cli.importing import check, make_template, run, write_results
from importer.cli.journalled import hide, history, journal, verify
from importer.cli.keys import login, logout
from importer.cli.manual import Commands
from importer.cli.paging import page
from importer.cli.practising import serve_sandbox
from importer.cli.rendering import PROFILE, TERMINAL, words
from importer.cli.scheduling import prune, repeat, schedule
from importer.cli.setting_up import completion, config, doctor
from importer.cli.terminal import exit_status_of, gated, paragraph, say_line
from importer.cli.watching import EndedAtOnce
from importer.errors import ImporterError, OutputFailed, ResultsNotWritten, Stopped
from importer.messages import FACE, say
from importer.settings import profiles

_COMPLETING = "_NOTE_IMPORTER_COMPLETE"  # click's variable for a shell that asks what may follow


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="note-importer")
def cli() -> None:
    """Put a spreadsheet of notes on the right Saleshandy prospects, every note exactly once.

    Exit status: 0 every row delivered; 1 finished, some rows need a person; 2 nothing was sent, because the file, the
    settings or the command line can't be used; 3 stopped before the end: run the same command again; 4 stopped, and
    only a person can help: the key is refused, the address is wrong, a certificate or a proxy is in the way, or the
    journal is damaged or isn't the one that the workspace had.
    """


for _command in (
    init,
    login,
    logout,
    config,
    doctor,
    completion,
    schedule,
    repeat,
    prune,
    run,
    check,
    history,
    write_results,
    verify,
    hide,
    journal,
    make_template,
    page,
    serve_sandbox,
):
    cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every error becomes a message and an exit status here."""
    PROFILE.set(profiles.DEFAULT)
    FACE.set(TERMINAL)
    with gated():
        return exit_status_of(_status_of(arguments))


def _status_of(arguments: Sequence[str] | None) -> int:
    try:
        status = cli.main(arguments, prog_name="note-importer", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except click.Abort as error:
        if isinstance(error.__cause__, EndedAtOnce):  # click has made an Abort of it
            paragraph(
                say("cli.ended-at-once"),
                err=True,
            )
            return 3
        say_line(say("cli.nothing-sent"), err=True)
        return 2
    except OutputFailed:
        return OutputFailed.exit_status  # which is told at the end
    except ImporterError as error:
        paragraph(words(error), "Stopped: " if isinstance(error, (Stopped, ResultsNotWritten)) else "Error: ", err=True)
        return error.exit_status
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets words and not a traceback
        if os.environ.get("NOTE_IMPORTER_DEBUG"):
            traceback.print_exc()
        paragraph(say("fault.of-command", error=f"{type(error).__name__}: {error}"), "Error: ", err=True)
        return 3
    return status if isinstance(status, int) else 0


def script() -> None:
    """The command ``note-importer``."""
    # Circles are rare here, and looking for them costs a tenth of loading, and of reading. What a run loads comes to
    # some 170,000 objects, all of which stay.
    gc.set_threshold(250_000)
    if _COMPLETING in os.environ:
        cli.main(prog_name="note-importer")  # speaks to the shell, in bytes; ends the program
    status = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.flush()
    os._exit(status)  # a call that hangs must not hold up the end
