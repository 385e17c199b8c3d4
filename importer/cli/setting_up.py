"""Define the commands for use before the first night: login, logout, config, doctor, completion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import get_completion_class

from importer import commands
from importer.cli.manual import InGroups
from importer.cli.options import Options, settings_about
from importer.cli.terminal import argument, ask_unseen, paragraph, say_line, with_flags, words
from importer.errors import BadSettings
from importer.messages import render, say
from importer.settings import SETTINGS, Settings, Topic, keystore, profiles, sources, who_can_read
from importer.settings.secrets import WHAT_A_KEY_IS, can_be_key

if TYPE_CHECKING:
    from importer.commands.doctor import Check


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


@click.command()
@settings_about(*Topic)
def config(**_: Any) -> int:
    """Show every setting in force, and its source: this command line, the environment, or the profile.

    An entry that can't be used is an error, with its line. Flags have priority over the environment, the environment
    over the profile, and the profile over the defaults.
    """
    options = Options.here()
    settings = options.settings
    say_line(say("cli.workspace", workspace=str(settings.workspace)))
    say_line(f"Profiles:  {profiles.profiles_file()}")
    say_line()
    for name in options.given:
        sources.read(options.given, name)  # checks settings that a run doesn't read, too
    width = max(map(len, SETTINGS))
    for is_given in (True, False):
        for name, setting in SETTINGS.items():
            if (name in options.given) is not is_given:
                continue
            given = options.given.get(name)
            value = (
                _written(given.value) if given else render(setting.usual) or ("not set" if setting.metavar else "no")
            )
            origin = render(given.at(name)) or "said now" if given else "default"
            say_line(f"  {name:{width}}  {value}  ({origin})")
    say_line()
    try:
        paragraph(say("config.key", place=sources.key_place(settings, options.given)))
    except BadSettings as error:
        paragraph(words(error), f"{with_flags(say('config.no-key'))} ")
    return 0


@click.command(cls=InGroups)
@settings_about(
    Topic.PLACE, Topic.CALLS, Topic.NEW_JOURNAL, Topic.NOTIFYING, "archive", "attachments", "attachments-are"
)
@click.option(
    "--test-notification", is_flag=True, help="Send a test notification to all addresses except ping addresses."
)
def doctor(*, test_notification: bool, **_: Any) -> int:
    """Check everything that can be checked before the first night. Makes one call, which only reads.

    The exit status is that of a run with the same problems: 0 all is well; 1 something to look at; 2, 3 and 4 as for
    `run`.
    """
    options = Options.here()
    settings = options.settings
    say_line(say("cli.workspace", workspace=str(settings.workspace)))
    statuses = []
    for finding in _findings(options, settings, test_notification=test_notification):
        statuses.append(finding.exit_status)
        mark = "ok" if not finding.exit_status else "look" if finding.exit_status == 1 else "WRONG"
        paragraph(finding.text, f"  {mark:5}  {finding.about}: ")
    return max(statuses, default=0)


def _findings(options: Options, settings: Settings, *, test_notification: bool) -> Iterator[Check]:
    """Yield the findings about the key, those of :mod:`importer.commands.doctor`, and those about notifications."""
    finding = commands.doctor.Check
    try:
        place, file = sources.key_place(settings, options.given), sources.key_file(options.given)
        settings = sources.with_key(settings, options.given)
        warning = who_can_read(file) if file is not None else None
        kind = "config.key-in-file" if file is not None else "config.not-for-scheduler"
        yield finding("Key", warning or say(kind, place=place), int(warning is not None))
    except BadSettings as error:
        yield finding("Key", words(error), error.exit_status)
    yield from commands.doctor.examine(settings)
    try:
        notifier = options.notifier()
    except BadSettings as error:
        yield finding("Notifications", words(error), error.exit_status)
        return
    addresses = len(notifier.ways)
    if not addresses:
        yield finding("Notifications", say("config.nobody-notified"))
    elif not test_notification:
        yield finding("Notifications", say("config.addresses", n=addresses))
    else:
        failures = notifier.test(commands.notification_messages.trial(options.profile))
        for text in failures:
            yield finding("Notifications", text, 1)
        if not failures and addresses > notifier.pings:
            yield finding("Notifications", say("config.test-sent"))
        if notifier.pings:
            yield finding("Pings", say("config.not-tried", n=notifier.pings))


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the script that lets SHELL complete commands, flags, profiles and files with the Tab key.

    Add this line to ~/.bashrc: eval "$(note-importer completion bash)". For zsh, add to ~/.zshrc: eval "$(note-importer
    completion zsh)". For fish: note-importer completion fish > ~/.config/fish/completions/note-importer.fish
    """
    completion_class = get_completion_class(shell)
    assert completion_class is not None
    context = click.get_current_context().find_root()
    for line in completion_class(context.command, {}, "note-importer", "_NOTE_IMPORTER_COMPLETE").source().splitlines():
        say_line(line)
    return 0


def _written(value: object) -> str:
    """Return a value as text, in the same form whether a flag or the profile sets it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ", ".join(
                f"{name}:{_written(item)}" if isinstance(item, Mapping) else f"{name}={item}"
                for name, item in value.items()
            )
        case list() | tuple():
            return ", ".join(map(str, value))
    return str(value)


COMMANDS = (login, logout, config, doctor, completion)
