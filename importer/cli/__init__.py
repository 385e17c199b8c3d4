"""The command line: commands, printing, progress, exit statuses. Nothing else in the package prints or exits.

Exit statuses: 0 every row delivered; 1 finished, some rows need a person; 2 the file, the settings or the command line
can't be used and nothing was sent; 3 stopped before the end; 4 stopped, and only a person can help.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from importer import __version__, afterwards, pipeline, results, sandbox
from importer.cli.options import call_options, file_options, place_options, rate_option, remembered, settings_of
from importer.cli.screen import (
    argument,
    count,
    show_check,
    show_counts,
    show_hiding,
    show_history,
    show_plan,
    show_report,
)
from importer.cli.terminal import ask, gated, is_terminal, paragraph, say
from importer.cli.watching import EndedAtOnce, Stopper, Watch
from importer.errors import BadSettings, ImporterError, ResultsNotWritten, Stopped
from importer.journal import Journal, Known, Run


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="note-importer")
def cli() -> None:
    """Put a spreadsheet of notes on the right Saleshandy prospects, every note exactly once.

    Exit status: 0 every row delivered; 1 finished, some rows need a person; 2 nothing was sent, because the file, the
    settings or the command line can't be used; 3 stopped before the end: run the same command again; 4 stopped, and
    only a person can help: the key is refused, the address is wrong, a certificate or a proxy is in the way, or the
    journal is damaged.
    """


@cli.command()
@file_options
@place_options
@call_options
@click.option("--results", type=click.Path(path_type=Path), metavar="NAME",
              help="Where the results go, .xlsx or .csv.  [default: FILE.results.xlsx beside the file]")  # fmt: skip
@click.option("--again", is_flag=True, help="Deliver anew, on purpose, what earlier runs delivered.")
@click.option("--resend-unconfirmed", is_flag=True,
              help="Send again what could not be read back. Some of it may then stand there twice.")  # fmt: skip
@click.option("--remember", is_flag=True,
              help="Keep --map, --ignore, --default-visibility, --content and --key-column for next time.")  # fmt: skip
@click.option("--yes", "-y", is_flag=True, help="Don't ask before sending.")
def run(file: Path, *, yes: bool, remember: bool, **flags: Any) -> int:
    """Import FILE: every note once, and a results file with what became of every row.

    FILE is a spreadsheet, or - for CSV from standard input. The key comes from the environment variable
    SALESHANDY_API_KEY. After any stop, the same command goes on where it was.
    """
    settings = settings_of(flags, needs_key=True)
    if remember:
        say(f"Remembered in {remembered(settings)}.")
    with Stopper() as stopper, Watch() as watch:

        def confirm(preview: pipeline.Preview) -> bool:
            show_plan(preview, settings)
            asks = not yes and preview.remaining.total > 0 and is_terminal(sys.stdin) and is_terminal(sys.stderr)
            if asks and not ask(f"Send {count(preview.remaining.total, 'note')} to {settings.base_url}?"):
                return False
            watch.begin(preview.remaining.total)
            stopper.arm()
            return True

        report = pipeline.run(file, settings, pipeline.Hooks(confirm, watch.observe, stopper.why))
    if report is None:
        say("Nothing was sent.")
        return 2
    show_report(report)
    return report.exit_status


@cli.command()
@file_options
@place_options
@rate_option
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write every problem to this .csv file.")  # fmt: skip
def check(file: Path, *, report: Path | None, **flags: Any) -> int:
    """Look at FILE without sending anything: problems by cell, groups, requests needed. Needs no key.

    The exit status is the one that `run` would give if the API accepted everything.
    """
    settings = settings_of(flags)
    if report is not None:
        _check_report(report, file)
    preview = pipeline.check(file, settings)
    loaded = preview.loaded
    with loaded.sheet:
        show_check(preview, settings)
        if report is not None:
            written = results.write_problems(report, loaded.sheet.headings, loaded.rows.problems, file)
            say()
            say(f"Every problem: {written.path}" + (f"  ({written.remark})" if written.remark else ""))
        if loaded.rows.overlooked:
            return 2
        return 1 if loaded.rows.problems else 0


def _check_report(report: Path, file: Path) -> None:
    """See before anything else whether the problems can be written there."""
    if report.suffix.lower() != ".csv":
        raise BadSettings(f"Problems can be written as .csv, not as {report.name!r}. Name such a file: --report.")
    results.check_target(report)
    if pipeline.is_same(report, file):
        raise BadSettings(f"The problems would replace the file that is checked, {file}. Name another: --report.")


@cli.command()
@place_options
@click.option("--all", "all_profiles", is_flag=True, help="The runs of every workspace in the journal.")
def history(*, all_profiles: bool, **flags: Any) -> int:
    """List the runs: when, what file, how many rows ended how, how the run ended."""
    settings = settings_of(flags)
    with Journal.open(settings.journal) as journal:
        show_history(journal.runs(None if all_profiles else settings.workspace), of_all=all_profiles)
    return 0


@cli.command(name="results")
@click.argument("run_name", metavar="RUN")
@file_options
@place_options
@click.option("--results", type=click.Path(path_type=Path), metavar="NAME",
              help="Where the results go, .xlsx or .csv.  [default: FILE.results.xlsx beside the file]")  # fmt: skip
def write_results(run_name: str, file: Path, **flags: Any) -> int:
    """Write the results of an earlier RUN again; RUN is a name from `history`, or last. FILE is what it imported.

    Needs the flags that say how FILE is read, as the run had them, and sends nothing.
    """
    written, outcomes = afterwards.rewrite(run_name, file, settings_of(flags))
    show_counts(outcomes.counts())
    if written.remark:
        paragraph(written.remark)
    say(f"Results: {written.path}")
    return pipeline.exit_status(outcomes.counts())


@cli.command()
@place_options
@call_options
def verify(**flags: Any) -> int:
    """Look up every delivery that no clear answer came for, and settle it. Creates nothing.

    Exit status: 0 all are settled; 1 some could not be looked up, or are there more than once; 3 stopped before the
    end; 4 stopped, and only a person can help.
    """
    settings = settings_of(flags, needs_key=True)
    with Stopper() as stopper, Watch() as watch:
        stopper.arm()
        found = afterwards.verify(settings, pipeline.Hooks(observe=watch.observe, stop=stopper.why), begin=watch.begin)
    if found.stopped is not None:
        paragraph(f"Stopped before the end. {found.stopped}")
    say(f"{count(found.found, 'note')} found: they count as created now.")
    say(f"{count(found.absent, 'note')} not there: run the import again to send them.")
    say(f"{count(found.unconfirmed, 'note')} could not be looked up.")
    if found.twins:
        paragraph(
            f"{count(len(found.twins), 'note')} more of the same {'is' if len(found.twins) == 1 else 'are'} there:"
            f" {', '.join(found.twins)}. Look at them in Saleshandy, and remove them by hand."
        )
    return found.stopped.exit_status if found.stopped else int(found.unconfirmed > 0 or bool(found.twins))


@cli.command()
@click.argument("run_name", metavar="RUN")
@place_options
@call_options
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
def hide(run_name: str, *, yes: bool, **flags: Any) -> int:
    """Make the notes that RUN created private drafts. They still exist: the API can't delete notes.

    RUN is a name from `history`, or last. Exit status: 0 all are hidden; 1 some were refused; 2 nothing was changed; 3
    stopped before the end: the same command goes on; 4 stopped, and only a person can help.
    """
    settings = settings_of(flags, needs_key=True)
    with Stopper() as stopper, Watch() as watch:

        def confirm(run: Run, notes: Sequence[tuple[int, Known]]) -> bool:
            show_hiding(run, notes)
            if notes and not yes and not (is_terminal(sys.stdin) and ask("Make them private drafts?")):
                return False
            watch.begin(len(notes))
            stopper.arm()
            return True

        done = afterwards.hide(run_name, settings, confirm, pipeline.Hooks(observe=watch.observe, stop=stopper.why))
    if done is None:
        say("Nothing was changed." + ("" if is_terminal(sys.stdin) else " Say --yes where nobody can be asked."))
        return 2
    if done.stopped is not None:
        paragraph(f"Stopped before the end. {done.stopped}")
    if not (done.hidden or done.refused or done.stopped):
        return 0  # there was nothing to hide, and that was said
    say(f"{count(done.hidden, 'note')} made private drafts. They still exist, for the key's owner to see.")
    for note_id, words in done.refused.items():
        paragraph(f"{note_id}: {words}", "  ")
    return done.stopped.exit_status if done.stopped else int(bool(done.refused))


@cli.command(name="template")
@click.argument("file", type=click.Path(path_type=Path), default=Path("notes.xlsx"))
@click.option("--overwrite", is_flag=True, help="Replace FILE if it exists.")
def make_template(file: Path, *, overwrite: bool) -> int:
    """Write a workbook to fill in, with drop-downs and an explanation: notes.xlsx, or FILE."""
    from importer import template  # noqa: PLC0415 - openpyxl is a tenth of the start-up and 8 MB

    written = template.write(file, overwrite=overwrite)
    say(f"Fill in {written.path}, then: note-importer check {argument(written.path)}")
    if written.remark:
        say(written.remark)
    return 0


class _WithManual(click.Command):
    """A command whose help ends with all faults and limits that the sandbox knows."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's own
        for title, rows in sandbox.manual().items():
            with formatter.section(title):
                formatter.write_dl(rows)


@cli.command(name="sandbox", cls=_WithManual)
@click.option("--port", type=click.IntRange(0, 65535), default=8081, show_default=True, help="0: any free port.")
@click.option("--key", default="sandbox-key", show_default=True, help="The key that it accepts.")
@click.option("--latency", type=click.FloatRange(0, 60), default=0.0, show_default=True, metavar="SECONDS",
              help="How long it takes to answer.")  # fmt: skip
@click.option("--rate-limit", "limit", metavar="CALLS/TIME", help="Its rate limit, as 20/1s; see below.")
@click.option("--fault", "faults", multiple=True, metavar="FAULT",
              help="A misbehaviour, as 500@3:after; see below. May be given more than once.")  # fmt: skip
@click.option("--max-batch", type=click.IntRange(min=1), metavar="N", help="Prospects that it takes in one request.")
@click.option("--max-content", type=click.IntRange(min=1), metavar="N", help="Characters that it takes in one note.")
@click.option("--clock-offset", type=float, default=0.0, metavar="SECONDS", help="How far its clock is ahead.")
@click.option("--seed", type=int, default=0, metavar="N", help="Decides the note ids, and the chance in faults.")
def serve_sandbox(port: int, key: str, limit: str | None, faults: tuple[str, ...], **options: Any) -> int:
    """Serve a stand-in of the API on this machine, to practise with; nothing leaves the machine.

    Prospect ids that begin with INVALID don't exist there. It prints the addresses at which a browser shows what it
    received and the notes it holds; they end in a token, since nobody else is to read them.
    """
    try:
        found = [sandbox.Fault.parse(fault) for fault in faults]
        window = None if limit is None else sandbox.Limit.parse(limit)
    except ValueError as error:
        raise BadSettings(str(error)) from error
    try:
        sandbox.serve_forever(say=say, port=port, api_key=key, limit=window, faults=found, **options)
    except OSError as error:
        raise BadSettings(f"Port {port} can't be served: {error.strerror}. Name another: --port 0.") from error
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; every error becomes a message and an exit status here."""
    with gated():
        try:
            status = cli.main(arguments, prog_name="note-importer", standalone_mode=False)
        except click.ClickException as error:
            error.show()
            return 2
        except click.Abort as error:
            if isinstance(error.__cause__, EndedAtOnce):  # click has made an Abort of it
                paragraph("Ended at once. The same command goes on; what was under way is looked up first.", err=True)
                return 3
            say("Nothing was sent.", err=True)
            return 2
        except ImporterError as error:
            paragraph(
                str(error), "Stopped: " if isinstance(error, (Stopped, ResultsNotWritten)) else "Error: ", err=True
            )
            return error.exit_status
        except Exception as error:  # noqa: BLE001 - whatever it is, a person gets words and not a traceback
            if os.environ.get("NOTE_IMPORTER_DEBUG"):
                traceback.print_exc()
            paragraph(
                f"This is a fault of note-importer's own ({type(error).__name__}: {error}). What was delivered is"
                " recorded; the same command goes on. Please report it, with what NOTE_IMPORTER_DEBUG=1 shows.",
                "Error: ",
                err=True,
            )
            return 3
    return status if isinstance(status, int) else 0


def script() -> None:
    """The command ``note-importer``."""
    status = main()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.flush()
    os._exit(status)  # a call that hangs must not hold up the end
