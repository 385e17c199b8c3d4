"""Define the command schedule, which shows what imports files every night."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from importer.cli import schedulers
from importer.cli.manual import InGroups
from importer.cli.options import AnyPath, Options, settings_about
from importer.cli.schedulers import System
from importer.cli.terminal import paragraph, say_line, with_flags
from importer.errors import BadSettings
from importer.messages import Message, say
from importer.settings import KEY_VARIABLE, sources


@click.command(cls=InGroups)
@click.argument("files", nargs=-1, type=AnyPath())
@settings_about("profile", "between")
@click.option(
    "--system",
    type=click.Choice([system.value for system in System]),
    help="The scheduler to write for. Default: this system's.",
)
def schedule(*, files: tuple[Path, ...], system: str | None, **_: Any) -> int:
    """Show what to paste into a scheduler to import FILES every night. FILES are usually folders.

    The import starts when the time window opens (`between`). Until the window closes, it waits for the API and for
    files that somebody is working on. All other settings belong in the profile.
    """
    options = Options.here()
    scheduler = System(system) if system else System.here()
    if not files:
        raise click.UsageError(with_flags(say("schedule.say-what")))
    window = sources.read(options.given, "between")
    if window is None:
        raise BadSettings(say("schedule.say-when"))
    if scheduler is System.KUBERNETES:  # the files are in the container
        named = [file.as_posix() for file in files]
    else:
        named = [str(file.absolute()) for file in files]
        for name in named:
            if "://" not in name and not Path(name).exists():
                raise BadSettings(say("schedule.no-file", file=name))
    night = schedulers.Night(named, options.profile, window)
    for line in schedulers.text_for(night, scheduler).rstrip("\n").split("\n"):
        say_line(line)
    paragraph(say(f"schedule.to-install.{scheduler}", name=night.name), err=True)
    for note in _missed_at_night(options):
        paragraph(note, "Note: ", err=True)
    return 0


def _missed_at_night(options: Options) -> Iterator[Message]:
    """Yield notes about settings of this session that a scheduler's session lacks."""
    given = sources.gather({"profile": options.profile}, ["profile", "api-key-file"])
    if "api-key-file" not in given or given["api-key-file"].place is not sources.Source.PROFILE:
        yield say("schedule.key", variable=KEY_VARIABLE, profile=repr(options.profile))
    inherited = schedulers.inherited_variables()
    if ignored := [name for name in sorted(os.environ) if name.startswith("NOTE_IMPORTER_") and name not in inherited]:
        yield say("schedule.lost", lost=", ".join(ignored))


COMMANDS = (schedule,)
