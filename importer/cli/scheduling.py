"""Define the commands for unattended nights: schedule, and repeat, which it uses."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

import click

from importer import commands
from importer.cli import scheduler_files, scheduler_installing
from importer.cli.manual import InGroups
from importer.cli.options import AnyPath, Options, settings_about
from importer.cli.terminal import ask, is_terminal, paragraph, say_line, with_flags
from importer.cli.watching import signals_to_stop
from importer.commands.schedulers import System, name_for
from importer.errors import BadSettings, Stopped
from importer.messages import Message, say
from importer.settings import KEY_VARIABLE, TimeWindow, sources
from importer.settings.kinds import Span


@click.command(cls=InGroups)
@click.argument("files", nargs=-1, type=AnyPath(exists=True))
@settings_about("profile", "between", "yes")
@click.option(
    "--system",
    type=click.Choice([one.value for one in System]),
    help="The system to write for. Default: this one.",
)
@click.option(
    "--write",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write files into this folder instead of printing them.",
)
@click.option("--install", is_flag=True, help="Install it for your user, after a yes.")
@click.option("--remove", is_flag=True, help="Remove what was installed for the profile, after a yes.")
def schedule(
    *, files: tuple[Path, ...], system: str | None, write: Path | None, install: bool, remove: bool, **_: Any
) -> int:
    """Show what to install on this system to import FILES every night, or install it. FILES are usually folders.

    The import starts when the time window opens (`between`), and continues in it if it stopped before its end (exit
    status 3). It is not repeated if it needs your attention (2 and 4). All other settings belong in the profile.
    """
    options = Options.here(without_profile=remove)  # a renamed profile's schedule can be removed
    scheduler = System(system) if system else System.here()
    if remove:
        return _remove(options, scheduler)
    if not files:
        raise click.UsageError(with_flags(say("schedule.say-what")))
    window = sources.read(options.given, "between")
    if window is None:
        raise BadSettings(say("schedule.say-when"))
    night = scheduler_files.Night([file.absolute() for file in files], options.profile, window)
    to_install = scheduler_files.files_of(night, scheduler)
    for scheduler_file in to_install:
        if write is not None:
            say_line(say("schedule.written", path=str(scheduler_files.write(scheduler_file, write))))
            continue
        if len(to_install) > 1:
            say_line(f"# {scheduler_file.name}")
        for line in scheduler_file.text.splitlines():
            say_line(line)
        say_line()
    if not install:
        paragraph(to_install[0].install, err=True)
    for note in _missed_at_night(options):
        paragraph(note, "Note: ", err=True)
    if install:
        if not _agreed(options, say("schedule.ask-install", system=scheduler.value, name=night.name)):
            return 2
        scheduler_installing.install(night.name, to_install, scheduler)
        say_line(say("schedule.installed", name=night.name, window=str(window)))
        if scheduler is System.SYSTEMD:
            paragraph(say("schedule.linger"))
    return 0


def _remove(options: Options, scheduler: System) -> int:
    name = name_for(options.profile)
    if not _agreed(options, say("schedule.ask-remove", system=scheduler.value, name=name)):
        return 2
    was_there = scheduler_installing.remove(name, scheduler)
    say_line(say("schedule.removed" if was_there else "schedule.not-there", name=name))
    return 0


def _agreed(options: Options, question: Message) -> bool:
    """Return whether a person or the option says yes; if not, say that nothing was changed."""
    if options.says("yes") or (is_terminal(sys.stdin) and ask(question)):
        return True
    say_line(say("schedule.nothing-changed" if is_terminal(sys.stdin) else "schedule.nothing-changed-unasked"))
    return False


def _missed_at_night(options: Options) -> Iterator[Message]:
    """Yield notes about settings of this session that a scheduler's session lacks."""
    given = sources.gather({"profile": options.profile}, ["profile", "api-key-file"])
    if "api-key-file" not in given or given["api-key-file"].place is not sources.Source.PROFILE:
        yield say("schedule.key", variable=KEY_VARIABLE, profile=repr(options.profile))
    inherited = scheduler_files.inherited_variables()
    if ignored := [name for name in sorted(os.environ) if name.startswith("NOTE_IMPORTER_") and name not in inherited]:
        yield say("schedule.lost", lost=", ".join(ignored))


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--between", required=True, metavar="TIMES", help="Start the command only in this window of the day.")
@click.option(
    "--every",
    default="10m",
    show_default=True,
    metavar="TIME",
    help="Time between the end of a run and the next start.",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def repeat(*, between: str, every: str, command: tuple[str, ...]) -> int:
    """Run another COMMAND of note-importer, and repeat it while it stops before its end (exit status 3, or a crash).

    For schedulers that can't do that themselves, such as cron. Everything after the options is the COMMAND, as in:
    note-importer repeat --between 02:00-06:00 run exports --profile night --yes

    Outside the time window, nothing starts. A command that is running when the window closes continues, unless
    `between` in the profile, or --between after COMMAND, stops it.
    """
    tries = commands.hours.Tries(TimeWindow.parse(between), Span().read(every))
    child = _Child([*scheduler_files.this_program(), *command], dict([tries.variable]))
    with signals_to_stop(child.pass_on):
        return commands.hours.repeat(
            child.run,
            tries,
            now=lambda: datetime.now().astimezone(),
            wait=child.stopped.wait,
            tell=child.tell,
        )


class _Child:
    """Child process with this program, run repeatedly. A request to stop the parent is passed on to the child."""

    def __init__(self, words: list[str], variables: Mapping[str, str]) -> None:
        self.stopped = threading.Event()
        self._words, self._environment = words, {**os.environ, **variables}
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Run the process once. A crash is reported, and counts as stopped before its end."""
        self._process = subprocess.Popen(self._words, env=self._environment)  # noqa: S603 - this program
        if self.stopped.is_set():  # the request came while the process was being started
            self._process.terminate()
        status = self._process.wait()
        if (message := commands.hours.broke_off(status)) is None:
            return status
        if not self.stopped.is_set():
            paragraph(message, "Warning: ", err=True)
        return Stopped.exit_status

    def tell(self, message: Message) -> None:
        """Print a message about the next try, unless none follows because the program was asked to stop."""
        if not self.stopped.is_set():
            paragraph(message, err=True)

    def pass_on(self, number: int, _: FrameType | None) -> None:
        """Pass a signal to stop on to the process. After such a signal, no process is started."""
        self.stopped.set()
        # A terminal's signals reach the child directly. A second one would end it at once: pass on SIGTERM only.
        if os.name == "posix" and number == signal.SIGTERM and self._process is not None:
            with contextlib.suppress(OSError):
                self._process.terminate()


COMMANDS = (schedule, repeat)
