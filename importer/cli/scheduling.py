"""The commands for nights that nobody watches: schedule, which says what to install; repeat, which it uses; prune."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

import click

from importer import commands
from importer.cli import scheduler_files
from importer.cli.options import AnyPath, Options, settings_named
from importer.cli.terminal import ask, is_terminal, paragraph, say_line
from importer.errors import BadSettings, Stopped
from importer.messages import Message, say
from importer.settings import KEY_VARIABLE, TimeWindow, sources
from importer.settings.times import Span


@click.command()
@click.argument("files", nargs=-1, required=True, type=AnyPath(exists=True))
@settings_named("profile", "between")
@click.option("--system", type=click.Choice(["cron", "systemd", "windows"]), help="For which; else for this one.")
@click.option(
    "--write",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write it into files there, instead of showing it.",
)
def schedule(*, files: tuple[Path, ...], system: str | None, write: Path | None, **_: Any) -> int:
    """Show what to install on this system so that FILES are imported every night; FILES are folders, mostly.

    It starts when the window opens (`between`), and goes on in it if it stopped before its end (exit status 3). What
    needs a person (2 and 4) isn't repeated. All other settings belong into the profile.
    """
    options = Options.here()
    window = sources.read(options.given, "between")
    if window is None:
        raise BadSettings(say("schedule.say-when"))
    night = scheduler_files.Night([file.absolute() for file in files], options.profile, window)
    made = scheduler_files.files_of(night, scheduler_files.System(system) if system else scheduler_files.System.here())
    for scheduler_file in made:
        if write is not None:
            say_line(say("schedule.written", path=str(scheduler_files.write(scheduler_file, write))))
            continue
        if len(made) > 1:
            say_line(f"# {scheduler_file.name}")
        for line in scheduler_file.text.splitlines():
            say_line(line)
        say_line()
    paragraph(made[0].install, err=True)
    for note in _missed_at_night(options):
        paragraph(note, "Note: ", err=True)
    return 0


def _missed_at_night(options: Options) -> Iterator[Message]:
    """What counts in this session and not in a scheduler's."""
    given = sources.gather({"profile": options.profile}, ["profile", "api-key-file"])
    if "api-key-file" not in given or given["api-key-file"].place is not sources.Source.PROFILE:
        yield say("schedule.key", variable=KEY_VARIABLE, profile=repr(options.profile))
    carried = scheduler_files.carried_on()
    if lost := [name for name in sorted(os.environ) if name.startswith("NOTE_IMPORTER_") and name not in carried]:
        yield say("schedule.lost", lost=", ".join(lost))


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--between", required=True, metavar="TIMES", help="Begin it only while this window of the day is open.")
@click.option("--every", default="10m", show_default=True, metavar="TIME", help="From an end to the next beginning.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def repeat(*, between: str, every: str, command: tuple[str, ...]) -> int:
    """Run another COMMAND of note-importer, and again while it stops before its end (exit status 3, or a crash).

    For schedulers that can't do that by themselves, such as cron. Everything after the options is the COMMAND, as in:
    note-importer repeat --between 02:00-06:00 run exports --profile night --yes

    Outside of the window nothing is begun. What is at work when it closes goes on, unless `between` in the profile, or
    --between after COMMAND, ends it.
    """
    tries = commands.repeating.Tries(TimeWindow.parse(between), Span().read(every))
    child = _Child([*scheduler_files.this_program(), *command], dict([tries.variable]))
    with child.stoppable():
        return commands.repeating.repeat(
            child.run, tries, now=lambda: datetime.now().astimezone(), wait=child.stopped.wait
        )


class _Child:
    """A process of this program's that is run again and again; who asks this process to end, asks that one."""

    def __init__(self, words: list[str], variables: Mapping[str, str]) -> None:
        self.stopped = threading.Event()
        self._words, self._environment = words, {**os.environ, **variables}
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Run it once; a crash is said, and counts as stopped before its end."""
        self._process = subprocess.Popen(self._words, env=self._environment)  # noqa: S603 - this program
        if self.stopped.is_set():  # asked in between
            self._process.terminate()
        status = self._process.wait()
        if (said := commands.repeating.broke_off(status)) is None:
            return status
        if not self.stopped.is_set():
            paragraph(said, "Warning: ", err=True)
        return Stopped.exit_status

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """While the block runs, signals to end are passed on, and nothing is begun any more."""
        before = {}
        for name in ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP"):
            if (number := getattr(signal, name, None)) is not None:
                with contextlib.suppress(ValueError, OSError):  # not in the main thread
                    before[number] = signal.signal(number, self._heard)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _heard(self, number: int, _: FrameType | None) -> None:
        self.stopped.set()
        # What a terminal sends reaches the child by itself, and twice would mean at once; SIGTERM is for one process.
        if os.name == "posix" and number == signal.SIGTERM and self._process is not None:
            with contextlib.suppress(OSError):
                self._process.terminate()


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--older-than", "days", type=click.IntRange(min=1), required=True, metavar="DAYS", help="In days.")
@settings_named("profile", "base-url", "journal", "yes")
def prune(*, folders: tuple[Path, ...], days: int, **_: Any) -> int:
    """Remove old results from FOLDERS: those that still are as a run wrote them. Whatever you changed or made stays.

    A log's old files go by themselves.
    """
    options = Options.here()
    found = commands.pruning.old_results(folders, days, options.settings)
    for path in found:
        say_line(str(path))
    what = commands.rendering.count(len(found), "results-file")
    if not found:
        say_line(say("prune.nothing", days=days))
        return 0
    if not options.says("yes") and not (is_terminal(sys.stdin) and ask(say("prune.ask", files=what))):
        say_line(say("prune.nothing-removed" if is_terminal(sys.stdin) else "prune.nothing-removed-unasked"))
        return 2
    left = commands.pruning.remove(found)
    say_line(say("prune.removed", files=commands.rendering.count(len(found) - len(left), "results-file")))
    for path in left:
        say_line(say("prune.not-removed", path=str(path)), err=True)
    return 1 if left else 0
