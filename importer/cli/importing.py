"""Define the commands that take a file: run, check, template.

Several files are imported one after the other: a person sees each, and is asked before it is sent.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from importer import importing, operations, telling
from importer.cli.asking import Asking, which_workspace
from importer.cli.options import PREPARING, AnyPath, InGroups, settings_about
from importer.cli.reporting import RunNotifications, notifying, reporting
from importer.cli.terminal import argument, ask, is_terminal, paragraph, say_error, say_line, show
from importer.cli.watching import RunWatch, Stopper
from importer.errors import BadSettings, UnclearColumns
from importer.messages import say
from importer.models import PossibleAnswer, Progress, Workspace
from importer.settings import SETTINGS, Topic, profiles

if TYPE_CHECKING:
    from importer.importing.batch import BatchFace, FileEnded
    from importer.importing.run import Prepared
    from importer.importing.workspaces import Unconfirmed


_Answer = TypeVar("_Answer")


class BatchImport:
    """Questions and output of a batch at the terminal; of a single file that a person named if it ``is_one``."""

    def __init__(self, notifications: RunNotifications, asking: Asking, *, is_one: bool) -> None:
        self._notifications, self._asking, self._is_one = notifications, asking, is_one
        self._stopper, self._practises = notifications.stopper, notifications.practises
        self._watch: RunWatch | None = None
        self._sent: Prepared | None = None
        self._has_sent = False

    def face(self) -> BatchFace:
        """Return the callbacks for the batch."""
        confirm = self.confirm if is_terminal(sys.stdin) and is_terminal(sys.stderr) else None
        return importing.batch.BatchFace(
            self._asking.may,
            self.decide,
            self.agree,
            confirm,
            self.ended,
            self.observe,
            self._stopper.why,
            self.choose if self._asking.may else self._asking.choose,
            self._practises,
        )

    def choose(self, error: UnclearColumns) -> PossibleAnswer | None:
        """Ask a question that must be answered before a file can be read."""
        return self._answered(lambda: self._asking.choose(error))

    def decide(self, prepared: Prepared) -> None:
        """Ask the open questions about a file."""
        if not self._asking.may:
            return
        if not self._is_one and (prepared.loaded.questions or prepared.optional):
            say_line(f"\n{prepared.loaded.sheet.source}:")
        self._answered(lambda: self._asking.ask(prepared, offers=True))

    def confirm(self, unclear: Unconfirmed, own: Workspace) -> Workspace | None:
        """Ask which workspace the profile has, and return it; None if nothing may be sent. No option skips this."""
        return self._answered(lambda: which_workspace(unclear, own))

    def agree(self, prepared: Prepared) -> bool:
        """Show what is about to be sent; return whether to send it."""
        if not self._is_one:
            say_line()
        if self._practises:
            say_line(say("practice.begins"))
        overview = telling.sheet_details.with_examples(prepared)
        if self._asking.may:  # then this was answered
            overview = replace(overview, offer=None)
        show(telling.preview_messages.plan(overview))
        if self._asking.may and overview.total and not self._practises:
            show(telling.preview_messages.examples(overview))
            say_line()
            if not self._answered(lambda: ask(telling.preview_messages.question(overview))):
                return False  # the file's result will say that nothing was sent
        if self._asking.may and overview.follows and (asked := overview.updates["asked"]) and not self._practises:
            show(telling.sheet_details.changes(prepared))
            if self._answered(lambda: ask(say("plan.ask-update", n=asked))):
                prepared.agree_to_updates()
        self._watch, self._has_sent, self._sent = RunWatch(silent=self._notifications.out.is_quiet), True, prepared
        self._watch.begin(overview.total)
        self._stopper.arm()
        return True

    def _answered(self, question: Callable[[], _Answer]) -> _Answer | None:
        """Return the person's answer; None if they stop a batch of which files were already sent."""
        self._stopper.disarm()  # Ctrl-C is an answer here
        try:
            answer = question()
        except click.Abort:
            if not self._has_sent:
                raise
            self._stopper.end("Ctrl-C")
            return None
        if self._has_sent:
            self._stopper.arm()
        return answer

    def observe(self, progress: Progress) -> None:
        """Show the progress."""
        if self._watch is not None:
            self._watch.observe(progress)

    def ended(self, over: FileEnded) -> None:
        """Report how a file ended.

        Raises:
            ImporterError: the error that kept a single file from being imported.
        """
        if self._watch is not None:
            self._watch.__exit__()
            self._watch = None
        if self._sent is not None and (reading := self._sent.learned) is not None:
            say_line(say("asking.remembered", name=repr(reading.name), place=str(profiles.profiles_file())))
        self._sent = None
        if over.error is not None and self._is_one:
            raise over.error
        results = importing.batch.FileResult
        if over.fate is not results.DECLINED:
            self._notifications.ended.append(over)
        if over.error is not None and over.fate in (results.REFUSED, results.STOPPED):
            say_line(err=True)
            say_line(f"{over.file}: {over.fate}.", err=True)
            say_error(over.error)
        else:
            show(telling.report_messages.file_ended(over))


@click.command(cls=InGroups)
@click.argument("files", type=AnyPath(), nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--practice",
    "practises",
    is_flag=True,
    help="Practise: everything happens on this machine, and nothing is sent. Needs no API key.",
)
@settings_about(*SETTINGS)
def run(files: tuple[Path, ...], *, practises: bool, **_: Any) -> int:
    """Import FILES: every note exactly once. The results say what became of every row.

    A FILE is a spreadsheet, a folder of spreadsheets, a pattern such as 'exports/*.csv', or - for CSV from standard
    input. The API key comes from the environment variable SALESHANDY_API_KEY. After any stop, the same command
    continues where the last one stopped.

    With --practice, nothing is sent, recorded, archived or notified. The journal is only read. The results are in
    NAME.practice.xlsx, and can't be imported.
    """
    with Stopper() as stopper, notifying(files, stopper, practises=practises) as notifications:
        options = notifications.out.options
        address = options.given.get("base-url")
        if practises and address is not None and address.origin is None:
            raise BadSettings(say("practice.address"), setting="base-url")
        settings = options.settings_with_key_if_there if practises else options.settings_with_key
        asking = Asking(options)
        asking.check(settings)
        if asking.may and not practises and (watched := importing.hours.for_a_person(settings)) is not settings:
            paragraph(say("asking.outside-window", window=str(settings.between)), "Note: ", err=True)
            settings = watched
        chosen = operations.choosing.choose(files)
        importer = BatchImport(notifications, asking, is_one=chosen.is_one_file)
        batch = importing.batch.run(chosen, settings, importer.face())
        if not chosen.is_one_file:
            show(telling.report_messages.batch(batch))
        return notifications.over(batch)


_DECIDED = [name for name, setting in SETTINGS.items() if setting.topic is Topic.RUN]
"""What a profile may say of each run, so that a check expects what a run would do."""


@click.command(cls=InGroups)
@click.argument("file", type=AnyPath())
@settings_about(*PREPARING, "yes", "log-file", "json", "quiet", also=_DECIDED)
def check(file: Path, **_: Any) -> int:
    """Check FILE without sending anything: problems by cell, groups, requests. Needs no key, and makes no calls.

    The exit status is that of `run`, if the API accepted everything. To see what would become of each row, and every
    problem in its cell, practise: `run --practice`.
    """
    with reporting("check") as out:
        settings = out.options.settings_with_key_if_there
        asking = Asking(out.options)
        asking.check(settings)
        with importing.run.prepare(file, settings, choose=asking.choose) as prepared:
            asking.ask(prepared)
            preview = telling.sheet_details.with_examples(prepared)
            if prepared.loaded.unclear is not None:
                raise prepared.loaded.unclear
            show(telling.preview_messages.check(preview))
            return out.over(preview.exit_status, lambda: telling.documents.check(preview))


@click.command(name="template")
@click.argument("file", type=click.Path(path_type=Path), default=Path("notes.xlsx"))
def make_template(file: Path) -> int:
    """Write a workbook to fill in, with drop-downs: notes.xlsx, or FILE."""
    written = operations.template.write(file)
    say_line(say("template.fill-in", path=str(written.path), file=argument(written.path)))
    if written.remark:
        say_line(written.remark)
    return 0


COMMANDS = (run, check, make_template)
