"""Make flags from the table of settings, and settings from a command line.

Input: a command line. Output: :class:`~importer.settings.Settings`.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from importer import telling
from importer.cli.manual import help_all
from importer.cli.terminal import PLACE_FLAGS, PROFILE, argument, ask, is_terminal, paragraph, with_flags
from importer.errors import BadSettings
from importer.messages import Message, say
from importer.settings import SETTINGS, Setting, Settings, Topic, kinds, profiles, sources
from importer.settings.secrets import Occasion, who_can_read
from importer.settings.sources import Given

if TYPE_CHECKING:
    from importer.telling.notifications import Channel


OF_A_FILE = (Topic.FILE, Topic.PROSPECTS)
"""Topics of the settings that are about a file. The page asks for them with each file."""
PREPARING = (*OF_A_FILE, Topic.PLACE, Topic.CALLS, Topic.GUARDS)
"""Topics of the settings that decide what would be sent."""
_PLACES = ("base-url", "journal")


class WholeNumber(click.IntRange):
    """Parameter type for a whole number, with a name that a person understands in a message."""

    name = "whole number"


class AnyPath(click.Path):
    """Parameter type for a path, ``-`` or a URL."""

    def __init__(self, *, exists: bool = False) -> None:
        super().__init__(exists=exists, path_type=Path, allow_dash=not exists)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert text with ``://`` into a URL, and any other text into a path (see click)."""
        if "://" in str(value):
            try:
                place: Any = kinds.any_file(value)
            except BadSettings as error:
                self.fail(with_flags(error.reason), param, ctx)
            if not isinstance(place, Path):
                return place
        return super().convert(value, param, ctx)


def settings_about(*which: Topic | str, also: Iterable[str] = ()) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the flags of the settings of these topics or names, in the table's order.

    ``also`` are settings that the command reads from the environment and the profile alone.
    """

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        settings = [setting for setting in SETTINGS.values() if setting.topic in which or setting.name in which]
        if not all(setting.is_common for setting in settings):
            command = help_all(command)
        for setting in reversed(settings):
            command = _option(setting)(command)
        command.__dict__["also"] = also
        return command

    return add


@cache  # several commands have the same flag
def _help(setting: Setting) -> str:
    text = with_flags(say("setting.many", help=setting.help) if setting.many else setting.help)
    default = setting.usual
    return f"{text}  [default: {with_flags(default)}]" if default else text


def _option(setting: Setting) -> Callable[..., Any]:
    names = [f"--{setting.name}", *([setting.short] if setting.short else []), setting.name.replace("-", "_")]
    if not setting.metavar:
        return click.option(*names, is_flag=True, help=_help(setting))
    return click.option(
        *names,
        help=_help(setting),
        type=click.UNPROCESSED,
        multiple=setting.many,
        metavar=setting.metavar,
        default=None,
    )


@dataclass(frozen=True)
class Options:
    """Options of a command, from the command line, the environment and the profile."""

    given: Mapping[str, Given]

    @classmethod
    def here(cls) -> Options:
        """Return the options of the current command."""
        context = click.get_current_context()
        names = {parameter.name: parameter.opts[0][2:] for parameter in context.command.params if parameter.name}
        values = {
            names[name]: value
            for name, value in context.params.items()
            if names.get(name) in SETTINGS and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        }
        also = getattr(context.command.callback, "also", ())
        options = cls(sources.gather(values, [name for name in SETTINGS if name in {*names.values(), *also}]))
        PROFILE.set(options.profile)
        PLACE_FLAGS.set("".join(f" --{name} {argument(str(values[name]))}" for name in _PLACES if name in values))
        return options

    @property
    def profile(self) -> str:
        """Name of the profile."""
        given = self.given.get("profile")
        return str(given.value) if given is not None else profiles.DEFAULT

    @property
    def settings(self) -> Settings:
        """Settings without a key."""
        return sources.settings_of(self.given)

    @property
    def for_files(self) -> Settings | None:
        """Settings with those for reading files, of a command without flags for them; None if they can't be used."""
        which = {Topic.FILE, Topic.PLACE, "archive"}
        names = [name for name, setting in SETTINGS.items() if {setting.topic, name} & which]
        with contextlib.suppress(BadSettings):
            return sources.settings_of({**sources.gather({"profile": self.profile}, names), **self.given})
        return None

    @property
    def settings_with_key(self) -> Settings:
        """Settings with the key. Prints a warning if other users could read the key's file."""
        settings = sources.with_key(self.settings, self.given)
        file = sources.secret_file(self.given, "api-key-file")
        if file is not None and (warning := who_can_read(file)):
            paragraph(warning, "Warning: ", err=True)
        return settings

    @property
    def settings_with_key_if_there(self) -> Settings:
        """Settings with the key if there is a usable one, because the journal knows emails by digests made with it."""
        try:
            return sources.with_key(self.settings, self.given)
        except BadSettings:
            return self.settings

    def channels(self) -> list[Channel]:
        """Return the recipients of notifications. Prints a warning if other users could read the recipients' file."""
        file = sources.secret_file(self.given, "notify-file")
        if file is not None and (warning := who_can_read(file, "recipients.others-can-read")):
            paragraph(warning, "Warning: ", err=True)
        recipients = [] if self.read("notify") is Occasion.NEVER else sources.recipients(self.given)
        return [*map(telling.notifications.channel, recipients)]

    def refusal(self, question: Message, *, needs_a_person: bool = False) -> Message | None:
        """Return why nothing is changed: nobody says yes to the question. None if a person or the option does."""
        if (self.read("yes") and not needs_a_person) or (is_terminal(sys.stdin) and ask(question)):
            return None
        if is_terminal(sys.stdin):
            return say("hide.nothing-changed")
        return say("hide.needs-a-person" if needs_a_person else "hide.nothing-changed-unasked")

    def read(self, name: str) -> Any:
        """Return the value of a setting that only the command uses; None if it wasn't given."""
        return sources.read(self.given, name)
