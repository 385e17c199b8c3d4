"""The commands about earlier runs: history, verify, hide; and about the journal that knows of them: journal backup."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from importer import commands
from importer.cli.options import Told, settings_about
from importer.cli.screen import show
from importer.cli.terminal import ask, is_terminal, say
from importer.cli.watching import Stopper, Watch
from importer.settings import Topic

_CALLING = (Topic.PLACE, Topic.CALLS, Topic.PACE, Topic.NEW_JOURNAL, Topic.WAITING)


@click.command()
@settings_about(Topic.PLACE)
@click.option("--all", "all_profiles", is_flag=True, help="The runs of every workspace in the journal.")
def history(*, all_profiles: bool, **_: Any) -> int:
    """List the runs: when, what file, how many rows ended how, how the run ended."""
    runs = commands.history.history(Told.here().settings, of_all=all_profiles)
    show(commands.endings.history(runs, of_all=all_profiles))
    return 0


@click.command()
@settings_about(*_CALLING)
def verify(**_: Any) -> int:
    """Look up every delivery that no clear answer came for, and settle it. Creates nothing.

    Exit status: 0 all are settled; 1 some are still in doubt, or are there more than once; 3 stopped before the
    end; 4 stopped, and only a person can help.
    """
    settings = Told.here().settings_with_key
    with Stopper() as stopper, Watch() as watch:
        stopper.arm()
        found = commands.verify.verify(settings, begin=watch.begin, observe=watch.observe, stop=stopper.why)
    show(commands.endings.verified(found))
    return found.exit_status


@click.command()
@click.argument("run_name", metavar="RUN", required=False)
@click.option("--twins", is_flag=True, help="Not a run's notes, but those found to be there once too often.")
@settings_about(*_CALLING, Topic.ASKING)
def hide(run_name: str | None, *, twins: bool, **_: Any) -> int:
    """Make the notes that RUN created private drafts. They still exist: the API can't delete notes.

    RUN is a name from `history`, or last. Exit status: 0 all are hidden; 1 some were refused; 2 nothing was changed; 3
    stopped before the end: the same command goes on; 4 stopped, and only a person can help.
    """
    if (run_name is None) is not twins:
        raise click.UsageError("Say which notes: hide RUN, such as hide last, or hide --twins.")
    told = Told.here()
    settings = told.settings_with_key
    planned = commands.hide.what_to_hide(run_name, settings)
    show(commands.endings.hiding(planned))
    if planned.notes and not told.says("yes") and not (is_terminal(sys.stdin) and ask("Make them private drafts?")):
        say("Nothing was changed." + ("" if is_terminal(sys.stdin) else " Say --yes where nobody can be asked."))
        return 2
    with Stopper() as stopper, Watch() as watch:
        watch.begin(len(planned.notes))
        stopper.arm()
        done = commands.hide.hide(planned, settings, observe=watch.observe, stop=stopper.why)
    show(commands.endings.hidden(done))
    return done.exit_status


@click.group()
def journal() -> None:
    """Keep the record of what was delivered."""


@journal.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@settings_about(Topic.PLACE)
def backup(file: Path, **_: Any) -> int:
    """Copy the journal to FILE, whole and as it is at one moment; an import may be at work.

    An earlier copy of the same journal is replaced; nothing else is.
    """
    commands.journals.back_up(Told.here().settings, file)
    say(f"The journal was copied to {file}.")
    return 0
