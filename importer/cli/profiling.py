"""Define the command profile, which lists, renames and removes profiles."""

from __future__ import annotations

import sys
from typing import Any

import click

from importer.cli.options import Options, settings_about
from importer.cli.terminal import argument, ask, is_terminal, paragraph, say_line
from importer.messages import say
from importer.settings import LIVE, profiles, renaming


@click.group()
def profile() -> None:
    """List, rename or remove profiles. `init` makes one, and `config` shows its settings."""


@profile.command(name="list")
def list_profiles() -> int:
    """List the profiles, with the address of each."""
    for name in profiles.names():
        first, address = profiles.remembered_as(name), str(profiles.load(name).get("base-url", LIVE))
        kind = "profile.listed" if first == name else "profile.listed-renamed"
        say_line(say(kind, name=name, address=address, first=repr(first)))
    if not profiles.names():
        say_line(say("profile.none-yet"))
    return 0


@profile.command()
@click.argument("name")
@click.argument("new")
def rename(name: str, new: str) -> int:
    """Give the profile NAME the name NEW. What was delivered so far stays known."""
    renaming.rename(name, new)
    say_line(say("profile.renamed", name=repr(name), new=repr(new), first=repr(profiles.remembered_as(new))))
    paragraph(say("profile.schedule-anew", name=argument(name)))
    return 0


@profile.command()
@click.argument("name")
@settings_about("yes")
def remove(name: str, **_: Any) -> int:
    """Remove the profile NAME, after a yes. The record of its deliveries stays in the journal."""
    profiles.load(name)
    if not Options.here().says("yes") and not (
        is_terminal(sys.stdin) and ask(say("profile.ask-remove", name=repr(name)))
    ):
        say_line(say("profile.nothing-changed" if is_terminal(sys.stdin) else "profile.nothing-changed-unasked"))
        return 2
    first = profiles.remembered_as(name)
    files = profiles.named_files("api-key-file", "notify-file", of=name)
    renaming.remove(name)
    say_line(say("profile.removed", name=repr(name)))
    paragraph(say("profile.remembered-still", first=repr(first)))
    if files:
        paragraph(say("profile.files-stay", files=tuple(files)))
    paragraph(say("profile.schedule-anew", name=argument(name)))
    return 0


COMMANDS = (profile,)
