"""Define the command profile, which lists and removes profiles."""

from __future__ import annotations

from typing import Any

import click

from importer.cli.options import Options, settings_about
from importer.cli.terminal import paragraph, say_line
from importer.messages import say
from importer.settings import LIVE, profiles


@click.group()
def profile() -> None:
    """List or remove profiles. `init` makes one, and `config` shows its settings."""


@profile.command(name="list")
def list_profiles() -> int:
    """List the profiles, with the address of each."""
    for name in profiles.names():
        say_line(say("profile.listed", name=name, address=str(profiles.load(name).get("base-url", LIVE))))
    if not profiles.names():
        say_line(say("profile.none-yet"))
    return 0


@profile.command()
@click.argument("name")
@settings_about("yes")
def remove(name: str, **_: Any) -> int:
    """Remove the profile NAME, after a yes. The record of its deliveries stays in the journal."""
    profiles.load(name)
    if (nothing := Options.here().refusal(say("profile.ask-remove", name=repr(name)))) is not None:
        say_line(nothing)
        return 2
    files = profiles.named_files("api-key-file", "notify-file", of=name)
    profiles.remove(name)
    say_line(say("profile.removed", name=repr(name)))
    paragraph(say("profile.remembered-still", name=repr(name)))
    if files:
        paragraph(say("profile.files-stay", files=tuple(files)))
    paragraph(say("profile.still-scheduled"))
    return 0


COMMANDS = (profile,)
