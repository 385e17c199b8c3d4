"""Define the commands that keep the API key in the system's key store: login, logout."""

from __future__ import annotations

from typing import Any

import click

from importer.cli.options import Options, settings_about
from importer.cli.screen import argument
from importer.cli.terminal import ask_unseen, say_line
from importer.errors import BadSettings
from importer.messages import say
from importer.settings import Topic, keystore
from importer.settings.secrets import WHAT_A_KEY_IS, can_be_key


@click.command()
@settings_about(Topic.PLACE)
def login(**_: Any) -> int:
    """Store a profile's API key in the system's key store. Type or paste the key; it isn't shown.

    The key is stored for the profile and its address, and used if no other key is given. Without a terminal, the key is
    read from standard input.
    """
    workspace = Options.here().settings.workspace
    key = ask_unseen(say("keys.ask", profile=repr(workspace.profile), url=workspace.base_url))
    if not key or not can_be_key(key):
        raise BadSettings(say("keys.no-key-kept", why=WHAT_A_KEY_IS))
    store = keystore.keep(workspace, key)
    say_line(say("keys.kept", store=store, profile=repr(workspace.profile), url=workspace.base_url))
    say_line(say("keys.try-it", command=f"note-importer doctor{_profile(workspace.profile)}"))
    return 0


@click.command()
@settings_about(Topic.PLACE)
def logout(**_: Any) -> int:
    """Remove a profile's API key from the system's key store."""
    workspace = Options.here().settings.workspace
    was_there = keystore.forget(workspace)
    kind = "keys.taken-out" if was_there else "keys.none-there"
    say_line(say(kind, profile=repr(workspace.profile), url=workspace.base_url))
    return 0


def _profile(name: str) -> str:
    return "" if name == "default" else f" --profile {argument(name)}"
