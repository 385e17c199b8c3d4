"""Define the commands about earlier runs, history, verify and hide, and the commands about the journal."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from importer import operations
from importer.cli.options import AnyPath, InGroups, Options, WholeNumber, settings_about
from importer.cli.reporting import reporting
from importer.cli.terminal import say_line, show, with_flags
from importer.cli.watching import RunWatch, Stopper
from importer.messages import Message, say
from importer.settings import Topic

if TYPE_CHECKING:
    from importer.operations.hide import Which

_CALLING = (Topic.PLACE, Topic.CALLS)


@click.command(cls=InGroups)
@click.argument("run_name", metavar="[RUN]", required=False)
@settings_about(Topic.PLACE, "json")
@click.option("--all", "of_all", is_flag=True, help="Show the runs of all workspaces in the journal.")
@click.option("--last", type=WholeNumber(min=1), metavar="N", help="The largest number of runs to show.")
def history(run_name: str | None, *, of_all: bool, last: int | None, **_: Any) -> int:
    """List the runs with their time, file, duration and results; or show one RUN.

    RUN is a name from the list, or last.
    """
    with reporting("history") as out:
        settings = out.options.settings
        if run_name is not None:
            found = operations.history.History([operations.history.one(settings, run_name)])
            show(operations.report_messages.past_run(found.runs[0]))
        else:
            found = operations.history.history(settings, last=last, of_all=of_all)
            show(operations.report_messages.history(found, of_all=of_all))
        return out.over(0, lambda: operations.documents.history(found))


@click.command(cls=InGroups)
@click.argument("file", type=AnyPath(), required=False)
@click.option("--all", "of_all", is_flag=True, help="Read back every delivered note of FILE, and change nothing.")
@settings_about(Topic.FILE, *_CALLING, "log-file", "json", "quiet")
def verify(file: Path | None, *, of_all: bool, **_: Any) -> int:
    """Look up every unconfirmed delivery, and settle it. Creates nothing.

    With FILE --all, reads back every delivered note of FILE instead, and writes to NAME.verified.xlsx whether it is
    there, was changed since, is gone, or is there twice. It ends early (3) if a run begins or sends.

    Exit status: 0 all are settled, or there as they were; 1 some notes are still unconfirmed, changed, gone, not
    delivered, or exist more than once; 3 stopped before the end; 4 stopped and needs your attention.
    """
    if (file is None) is of_all:
        raise click.UsageError(with_flags(say("verify.which")))
    with reporting("verify") as out:
        settings = out.options.settings_with_key
        with Stopper() as stopper, RunWatch(silent=out.is_quiet) as watch:
            stopper.arm()
            if file is not None:
                read = operations.verify.verify_all(
                    file, settings, begin=partial(_begin, watch), observe=watch.observe, stop=stopper.why
                )
                show(operations.report_messages.read_back(read))
                return out.over(read.exit_status, lambda: operations.documents.verify(read))
            lookup = operations.verify.verify(settings, begin=watch.begin, observe=watch.observe, stop=stopper.why)
        show(operations.report_messages.verified(lookup))
        return out.over(lookup.exit_status, lambda: operations.documents.verify(lookup))


def _begin(watch: RunWatch, takes: Message, notes: int) -> None:
    say_line(takes)
    watch.begin(notes)


@click.command(cls=InGroups)
@click.argument("run_name", metavar="[RUN]", required=False)
@click.option("--file", type=AnyPath(), metavar="FILE", help="Hide the notes of the rows of this file.")
@click.option(
    "--note",
    "note_ids",
    multiple=True,
    metavar="ID",
    help="Hide the note, or the copy, with this ID. May be repeated.",
)
@click.option("--undo", is_flag=True, help="Give hidden notes back as they were before. A person has to agree.")
@settings_about(Topic.FILE, *_CALLING, "yes", "log-file", also=["archive"])
def hide(run_name: str | None, *, file: Path | None, note_ids: Sequence[str], undo: bool, **_: Any) -> int:
    """Make the notes that RUN created private drafts. They still exist, because the API can't delete notes.

    RUN is a name from `history`, or last. Exit status: 0 all are hidden; 1 some aren't, or may exist without a clear
    reply, or some rows of FILE have no known note; 2 nothing was changed; 3 stopped before the end: run the same
    command again; 4 stopped and needs your attention.
    """
    if [run_name is not None, file is not None, bool(note_ids)].count(True) != 1:
        raise click.UsageError(with_flags(say("hide.which")))
    with reporting("hide") as out:
        return out.over(_hide(operations.hide.Which(run_name, file, note_ids, undo), out.options), dict)


def _hide(which: Which, options: Options) -> int:
    settings = options.settings_with_key
    planned = operations.hide.what_to_hide(which, settings)
    show(operations.report_messages.hiding(planned, operations.hide.described(planned, settings)))
    question = say("hide.ask-undo" if which.undo else "hide.ask")
    if planned.notes and (nothing := options.refusal(question, needs_a_person=which.undo)) is not None:
        say_line(nothing)
        return 2
    with Stopper() as stopper, RunWatch() as watch:
        watch.begin(len(planned.notes))
        stopper.arm()
        hidden = operations.hide.hide(planned, settings, observe=watch.observe, stop=stopper.why)
    show(operations.report_messages.hidden(hidden))
    return hidden.exit_status


@click.group()
def journal() -> None:
    """Copy the record of deliveries."""


@journal.command(cls=InGroups)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@settings_about(Topic.PLACE)
def backup(file: Path, **_: Any) -> int:
    """Copy the journal to FILE. Works during an import; the copy shows the journal at one moment.

    Replaces an earlier copy of the same journal, and nothing else.
    """
    operations.history.back_up(Options.here().settings, file)
    say_line(say("journals.copied", file=str(file)))
    return 0


COMMANDS = (history, verify, hide, journal)
