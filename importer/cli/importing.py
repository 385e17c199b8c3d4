"""The commands that take a file: run, check, results, template."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from importer import commands
from importer.cli.hearing import heard
from importer.cli.manual import InGroups
from importer.cli.options import Told, file_argument, settings_about
from importer.cli.screen import argument, show
from importer.cli.terminal import ask, is_terminal, paragraph, say
from importer.cli.watching import Stopper, Watch
from importer.settings import Topic

if TYPE_CHECKING:
    from importer.commands.run import Preview


@click.command(cls=InGroups)
@file_argument
@settings_about(*Topic)
def run(file: Path, **_: Any) -> int:
    """Import FILE: every note once, and a results file with what became of every row.

    FILE is a spreadsheet, or - for CSV from standard input. The key comes from the environment variable
    SALESHANDY_API_KEY. After any stop, the same command goes on where it was.
    """
    with heard(file) as hearing:
        told = hearing.told
        settings = told.settings_with_key
        if told.says("remember"):
            say(f"Remembered in {told.remembered(settings)}.")
        with commands.prepare(file, settings) as prepared, Stopper() as stopper, Watch() as watch:
            preview = _decided(prepared.preview)
            show(commands.plans.plan(preview))
            total = preview.remaining.total
            asks = is_terminal(sys.stdin) and is_terminal(sys.stderr) and not told.says("yes")
            if asks and total and not ask(f"Send {commands.sayings.count(total, 'note')} to {settings.base_url}?"):
                say("Nothing was sent.")
                return 2
            watch.begin(total)
            stopper.arm()
            report = prepared.send(expected=total, observe=watch.observe, stop=stopper.why)
        show(commands.endings.report(report))
        hearing.ended(commands.notices.Ended(str(file), report))
        return report.exit_status


def _decided(preview: Preview) -> Preview:
    """The preview, where nothing is left to decide about the columns.

    Raises:
        UnclearColumns: something is; without it nothing can be sent.
    """
    if (error := preview.undecided) is not None:
        raise error
    return preview


@click.command(cls=InGroups)
@file_argument
@settings_about(Topic.FILE, Topic.SIZE, Topic.PLACE, Topic.PACE, Topic.NEW_JOURNAL)
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write every problem to this .csv file.")  # fmt: skip
def check(file: Path, *, report: Path | None, **_: Any) -> int:
    """Look at FILE without sending anything: problems by cell, groups, requests needed. Needs no key.

    The exit status is the one that `run` would give if the API accepted everything.
    """
    settings = Told.here().settings
    if report is not None:
        commands.check.check_report(report, file)
    with commands.prepare(file, settings) as prepared:
        preview = prepared.preview
        if preview.loaded.unclear is not None:
            raise preview.loaded.unclear
        show(commands.plans.check(preview))
        if report is not None:
            written = commands.check.write_report(report, preview, file)
            say()
            say(f"Every problem: {written.path}" + (f"  ({written.remark})" if written.remark else ""))
        return commands.check.exit_status(preview)


@click.command(name="results")
@click.argument("run_name", metavar="RUN")
@file_argument
@settings_about(Topic.FILE, Topic.SIZE, Topic.PLACE, Topic.RESULTS)
def write_results(run_name: str, file: Path, **_: Any) -> int:
    """Write the results of an earlier RUN again; RUN is a name from `history`, or last. FILE is what it imported.

    Needs the flags that say how FILE is read, as the run had them, and sends nothing.
    """
    written, outcomes = commands.results.rewrite(run_name, file, Told.here().settings)
    show(commands.endings.counts(outcomes.counts()))
    if written.remark:
        paragraph(written.remark)
    say(f"Results: {written.path}")
    return commands.sending.exit_status(outcomes.counts())


@click.command(name="template")
@click.argument("file", type=click.Path(path_type=Path), default=Path("notes.xlsx"))
@click.option("--overwrite", is_flag=True, help="Replace FILE if it exists.")
def make_template(file: Path, *, overwrite: bool) -> int:
    """Write a workbook to fill in, with drop-downs and an explanation: notes.xlsx, or FILE."""
    written = commands.template.write(file, overwrite=overwrite)
    say(f"Fill in {written.path}, then: note-importer check {argument(written.path)}")
    if written.remark:
        say(written.remark)
    return 0
