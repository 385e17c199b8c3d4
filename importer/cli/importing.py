"""Define the commands that take a file: run, check, results, template."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from importer import commands
from importer.cli.asking import Asking
from importer.cli.manual import InGroups
from importer.cli.options import PREPARING, Options, file_argument, files_argument, settings_about
from importer.cli.reporting import Reporting, notifying, reporting
from importer.cli.several import BatchImport
from importer.cli.terminal import argument, paragraph, say_line, show
from importer.cli.watching import RunWatch, Stopper
from importer.errors import ResultsNotWritten, UnclearColumns
from importer.messages import Message, SettingPart, say
from importer.settings import Settings, Topic

if TYPE_CHECKING:
    from importer.commands.run import Prepared


@click.command(cls=InGroups)
@files_argument
@settings_about(*Topic)
def run(files: tuple[Path, ...], **_: Any) -> int:
    """Import FILES: every note exactly once. The results say what became of every row.

    A FILE is a spreadsheet, a folder of spreadsheets, a pattern such as 'exports/*.csv', or - for CSV from standard
    input. The API key comes from the environment variable SALESHANDY_API_KEY. After any stop, the same command
    continues where the last one stopped.
    """
    with Stopper() as stopper, notifying(files, stopper.why) as notifications:
        options = notifications.options
        settings = options.settings_with_key
        given_as_flags = {name for name, given in options.given.items() if not given.origin}
        for_this_run = [SettingPart(name) for name in ("ignore", "default-visibility") if name in given_as_flags]
        if for_this_run and options.says("remember"):
            paragraph(say("cli.of-this-run-alone", settings=tuple(for_this_run)))
        asking = Asking(options)
        asking.check(settings)
        chosen = commands.choosing.choose(files)
        importing = BatchImport(stopper, notifications, asking, is_one=chosen.is_one_file)
        batch = commands.batch.run(chosen, settings, importing.face())
        if not chosen.is_one_file:
            show(commands.report_messages.batch(batch))
        return notifications.over(batch)


@click.command(cls=InGroups)
@file_argument
@settings_about(*PREPARING, Topic.ASKING, Topic.LOG, Topic.OUTPUT, Topic.QUIET)
@click.option("--online", is_flag=True, help="Also look up the email addresses. Sends nothing, but needs the API key.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write all problems to this .csv file.",
)
def check(file: Path, *, report: Path | None, online: bool, **_: Any) -> int:
    """Check FILE without sending anything: problems by cell, groups, requests. Needs no key, and makes no calls.

    The exit status is that of `run`, if the API accepted everything.
    """
    with reporting("check") as out:
        return _check(file, report, out, online=online)


def _prepared(file: Path, settings: Settings, asking: Asking) -> Prepared:
    """Return the prepared file. If its sheet isn't clear, ask which one is meant."""
    try:
        return commands.prepare(file, settings)
    except UnclearColumns as error:
        if (answer := asking.choose(error)) is None:
            raise
        return commands.prepare(file, commands.answering.answered(settings, answer))


def _check(file: Path, report: Path | None, out: Reporting, *, online: bool) -> int:
    options = out.options
    settings = options.settings_with_key if online else options.settings
    if report is not None:
        commands.check.check_report(report, file)
    asking = Asking(options)
    with _prepared(file, settings, asking) as prepared:
        asking.ask(prepared)
        if online and not prepared.questions:
            _look_up(prepared)
        preview = prepared.preview
        if preview.loaded.unclear is not None:
            raise preview.loaded.unclear
        show(commands.preview_messages.check(preview))
        if report is not None:
            written = commands.check.write_report(report, preview, file)
            say_line()
            say_line(_named(written.path, written.remark, "check.every-problem", "check.every-problem-remark"))
        if online and (emails := commands.check.write_unknown_emails(preview, file)) is not None:
            say_line(_named(emails.path, emails.remark, "ended.unknown-emails", "ended.unknown-emails-remark"))
        asking.offer_to_remember(preview.settings, preview.loaded.headings)
        status = commands.check.exit_status(preview)
        return out.over(status, lambda: commands.documents.check(preview, status))


def _look_up(prepared: Prepared) -> None:
    """Look up the prospects' emails, with progress and Ctrl-C as in a run."""
    with Stopper() as stopper, RunWatch() as watch:
        watch.begin(prepared.preview.remaining.total)
        stopper.arm()
        prepared.look_up(observe=watch.observe, stop=stopper.why)


@click.command(name="results")
@click.argument("run_name", metavar="RUN")
@file_argument
@settings_about(Topic.FILE, Topic.SIZE, Topic.PLACE, Topic.RESULTS)
def write_results(run_name: str, file: Path, **_: Any) -> int:
    """Write the results of an earlier RUN again. RUN is a name from `history`, or last. FILE is the imported file.

    Needs the same settings for reading FILE as the run, and sends nothing.
    """
    written, outcomes = commands.results.rewrite(run_name, file, Options.here().settings)
    show(commands.report_messages.counts(outcomes.counts()))
    if written.remark:
        paragraph(written.remark)
    say_line(say("ended.results", path=str(written.path)))
    return ResultsNotWritten.exit_status if written.is_owed else commands.report.exit_status(outcomes.counts())


def _named(path: Path, remark: Message | None, kind: str, kind_with_remark: str) -> Message:
    """Return a message that says where a file was written, and if that isn't the requested place, why."""
    if not remark:
        return say(kind, path=str(path))
    return say(kind_with_remark, path=str(path), remark=remark)


@click.command(name="template")
@click.argument("file", type=click.Path(path_type=Path), default=Path("notes.xlsx"))
@click.option("--overwrite", is_flag=True, help="Replace FILE if it exists.")
def make_template(file: Path, *, overwrite: bool) -> int:
    """Write a workbook to fill in, with drop-downs and an explanation: notes.xlsx, or FILE."""
    written = commands.template.write(file, overwrite=overwrite)
    say_line(say("template.fill-in", path=str(written.path), file=argument(written.path)))
    if written.remark:
        say_line(written.remark)
    return 0


COMMANDS = (run, check, write_results, make_template)
