"""The commands about earlier runs: history, verify, hide; and about the journal that knows of them."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from importer import commands
from importer.cli.options import Options, settings_about
from importer.cli.rendering import with_flags
from importer.cli.reporting import reporting
from importer.cli.screen import show
from importer.cli.terminal import ask, is_terminal, say_line
from importer.cli.watching import RunWatch, Stopper
from importer.messages import say
from importer.settings import Topic

_CALLING = (Topic.PLACE, Topic.CALLS, Topic.PACE, Topic.NEW_JOURNAL, Topic.WAITING)


@click.command()
@click.argument("run_name", metavar="[RUN]", required=False)
@settings_about(Topic.PLACE, Topic.OUTPUT)
@click.option("--all", "of_all", is_flag=True, help="The runs of every workspace in the journal.")
@click.option("--since", metavar="DAY", help="Those that began since then: 2026-03-01, or 7d for seven days.")
@click.option("--file", "name", default="", metavar="TEXT", help="Those of files in whose names this stands.")
@click.option(
    "--ended", default="", metavar="WORD", help="Those that ended so: finished, stopped, broken off, declined."
)
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="So many at most.")
def history(
    run_name: str | None, *, of_all: bool, since: str | None, name: str, ended: str, last: int | None, **_: Any
) -> int:
    """List the runs: when, what file, how long, how many rows ended how; or show one, RUN.

    RUN is a name from the list, or last.
    """
    with reporting("history") as out:
        settings, readable_after = out.options.settings, None
        if run_name is not None:
            found = [commands.history.one(settings, run_name)]
            show(commands.report_messages.past_run(found[0]))
        else:
            began = None if since is None else commands.history.since(since, datetime.now().astimezone())
            wanted = commands.history.RunFilter(began, name, ended, last, of_all)
            found = commands.history.history(settings, wanted)
            is_filtered = wanted != commands.history.RunFilter(of_all=of_all)
            elsewhere = None if found or of_all else commands.history.elsewhere(settings)
            show(commands.report_messages.history(found, of_all=of_all, is_filtered=is_filtered, elsewhere=elsewhere))
            readable_after = None if of_all or not found else commands.history.readable_after(settings)
            show(commands.rendering.readable(readable_after))
        return out.over(0, lambda: commands.documents.history(found, readable_after))


@click.command()
@settings_about(*_CALLING, Topic.LOG, Topic.OUTPUT, Topic.QUIET)
def verify(**_: Any) -> int:
    """Look up every delivery that no clear answer came for, and settle it. Creates nothing.

    Also reads back a sample of the created notes.

    Exit status: 0 all are settled; 1 some are still in doubt, are there more than once, or are not there; 3 stopped
    before the end; 4 stopped, and only a person can help.
    """
    with reporting("verify") as out:
        settings = out.options.settings_with_key
        with Stopper() as stopper, RunWatch(silent=out.is_quiet) as watch:
            stopper.arm()
            found = commands.verify.verify(settings, begin=watch.begin, observe=watch.observe, stop=stopper.why)
        show(commands.report_messages.verified(found))
        return out.over(found.exit_status, lambda: commands.documents.verify(found))


@click.command()
@click.argument("run_name", metavar="RUN", required=False)
@click.option("--duplicates", is_flag=True, help="Not a run's notes, but those found to be there once too often.")
@settings_about(*_CALLING, Topic.ASKING, Topic.LOG)
def hide(run_name: str | None, *, duplicates: bool, **_: Any) -> int:
    """Make the notes that RUN created private drafts. They still exist: the API can't delete notes.

    RUN is a name from `history`, or last. Exit status: 0 all are hidden; 1 some were refused; 2 nothing was changed; 3
    stopped before the end: the same command goes on; 4 stopped, and only a person can help.
    """
    if (run_name is None) is not duplicates:
        raise click.UsageError(with_flags(say("hide.which")))
    with reporting("hide") as out:
        return out.over(_hide(run_name, out.options), dict)


def _hide(run_name: str | None, options: Options) -> int:
    settings = options.settings_with_key
    planned = commands.hide.what_to_hide(run_name, settings)
    show(commands.report_messages.hiding(planned))
    if planned.notes and not options.says("yes") and not (is_terminal(sys.stdin) and ask(say("hide.ask"))):
        say_line(say("hide.nothing-changed" if is_terminal(sys.stdin) else "hide.nothing-changed-unasked"))
        return 2
    with Stopper() as stopper, RunWatch() as watch:
        watch.begin(len(planned.notes))
        stopper.arm()
        done = commands.hide.hide(planned, settings, observe=watch.observe, stop=stopper.why)
    show(commands.report_messages.hidden(done))
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
    commands.journals.back_up(Options.here().settings, file)
    say_line(say("journals.copied", file=str(file)))
    return 0


@journal.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@settings_about(Topic.PLACE)
def restore(file: Path, **_: Any) -> int:
    """Put the copy FILE in the place of the journal, once that is lost or damaged; no import may be at work.

    The file that stands there is kept under another name, together with its log.
    """
    done = commands.journals.restore(Options.here().settings, file)
    show(commands.report_messages.restored(done, file))
    return 0


@journal.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> int:
    """Move the journal FROM, a file, to TO, a PostgreSQL database that several machines share: postgresql://HOST/DATABASE.

    Every row is copied and compared. TO must be empty; no import may be at work.
    """
    copied = commands.journals.copy(source, target)
    runs, rows = commands.rendering.count(copied["runs"], "run"), commands.rendering.count(sum(copied.values()), "row")
    say_line(say("journals.moved", runs=runs, rows=rows))
    say_line(say("journals.moved-then", target=str(target), source=str(source)))
    return 0
