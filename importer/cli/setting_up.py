"""The commands that come before the first night: config, completion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from click.shell_completion import get_completion_class

from importer.cli.options import Told, default_of, settings_about
from importer.cli.terminal import paragraph, say
from importer.cli.wording import words
from importer.errors import BadSettings
from importer.settings import SETTINGS, Topic, profiles, sources


@click.command()
@settings_about(*Topic)
def config(**_: Any) -> int:
    """Show every setting in force, and where it comes from: this command line, the environment, the profile.

    An entry that can't be used is an error, with the line where it stands. Flags count most, then the environment, then
    the profile, then the defaults.
    """
    told = Told.here()
    settings = told.settings
    say(f"Workspace: {settings.workspace}")
    say(f"Profiles:  {profiles.profiles_file()}")
    say()
    for name in told.given:
        sources.read(told.given, name)  # those too that no run has
    width = max(map(len, SETTINGS))
    for is_given in (True, False):
        for name, setting in SETTINGS.items():
            if (name in told.given) is not is_given:
                continue
            found = told.given.get(name)
            value = (
                _written(found.value) if found else default_of(setting) or ("no" if not setting.metavar else "not set")
            )
            origin = found.at(name) or "said now" if found else "default"
            say(f"  {name:{width}}  {value}  ({origin})")
    say()
    try:
        paragraph(f"API key: from {sources.key_place(settings, told.given)}.")
    except BadSettings as error:
        paragraph(words(error), "API key: none. ")
    return 0


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print what makes SHELL complete commands, flags, profiles and files at the Tab key.

    Put this line into ~/.bashrc: eval "$(note-importer completion bash)". For zsh, into ~/.zshrc: eval "$(note-importer
    completion zsh)". For fish: note-importer completion fish > ~/.config/fish/completions/note-importer.fish
    """
    made = get_completion_class(shell)
    assert made is not None
    context = click.get_current_context().find_root()
    for line in made(context.command, {}, "note-importer", "_NOTE_IMPORTER_COMPLETE").source().splitlines():
        say(line)
    return 0


def _written(value: object) -> str:
    """A value as it was written, whether as a text or in a profile."""
    match value:
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ", ".join(
                f"{name}:{_written(found)}" if isinstance(found, Mapping) else f"{name}={found}"
                for name, found in value.items()
            )
        case list() | tuple():
            return ", ".join(map(str, value))
    return str(value)
