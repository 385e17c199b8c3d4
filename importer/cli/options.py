"""Make flags from the table of settings, settings from a command line, and the help.

Input: a command line, commands. Output: :class:`~importer.settings.Settings`; the help of a command with its common
settings in groups, complete with ``--help-all``; for an unknown command, the one probably meant.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from importer import operations, telling
from importer.cli.terminal import PLACE_FLAGS, PROFILE, argument, ask, is_terminal, paragraph, say_line, with_flags
from importer.errors import BadSettings
from importer.messages import Message, say
from importer.settings import SETTINGS, Setting, Settings, Topic, kinds, profiles, sources
from importer.settings.secrets import who_can_read
from importer.settings.sources import Given

if TYPE_CHECKING:
    from importer.telling.notifications import Channel


OF_A_FILE = (Topic.FILE, Topic.PROSPECTS)
"""Topics of the settings that are about a file. The page asks for them with each file."""
PREPARING = (*OF_A_FILE, Topic.PLACE, Topic.CALLS, Topic.GUARDS)
"""Topics of the settings that decide what would be sent."""
_PLACES = ("base-url", "journal")

COMMANDS: Mapping[str, Mapping[str, str]] = {
    "Set up, once": {
        "init": "note-importer init",
        "doctor": "note-importer doctor --profile night",
    },
    "Import a file": {
        "template": "note-importer template contacts.xlsx",
        "page": "note-importer page",
        "check": "note-importer check contacts.xlsx",
        "run": "note-importer run contacts.xlsx",
    },
    "Afterwards": {
        "history": "note-importer history",
        "verify": "note-importer verify",
        "hide": "note-importer hide last",
    },
    "Every night": {
        "schedule": "note-importer schedule --between 02:00-06:00 --profile night exports",
    },
}
"""Common commands in the order of use, with an example each."""

GROUPS: Mapping[str, frozenset[Topic | str]] = {
    "Reading": frozenset(OF_A_FILE),
    "Sending": frozenset({Topic.PLACE, Topic.CALLS, Topic.RUN}),
    "Results": frozenset({"results"}),
}
"""Group in a command's help → its topics and settings. All other settings are for unattended imports."""
_OWN, _UNATTENDED, _OTHER = "This command", "Unattended", "Other"
_HELP = ("--help", "--help-all")

_ALL = "importer.cli.options.all"
"""Key in a context: whether the help lists all settings."""


class WholeNumber(click.IntRange):
    """Parameter type for a whole number, with a name that a person understands in a message."""

    name = "whole number"


class AnyPath(click.Path):
    """Parameter type for a path, ``-`` or a URL."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, allow_dash=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert text with ``://`` into a URL, and any other text into a path (see click)."""
        if not str(value):
            self.fail(with_flags(say("cli.no-path")), param, ctx)
        if "://" in str(value):
            try:
                place: Any = kinds.any_file(value)
            except BadSettings as error:
                self.fail(with_flags(error.reason), param, ctx)
            if not isinstance(place, Path):
                return place
        return super().convert(value, param, ctx)


def _show_all(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's own
    """Show the help with all settings."""
    if value and not context.resilient_parsing:
        context.meta[_ALL] = True
        for line in context.get_help().splitlines():
            say_line(line)
        context.exit()


help_all = click.option(
    "--help-all",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_all,
    help="Show all settings, and exit. A profile may hold most of them, by the same name.",
)
"""Flag of a command that has settings beyond the common ones."""


class InGroups(click.Command):
    """Command whose help lists its settings in groups: the common ones, and with ``--help-all`` the others, too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments. The name of one file in pieces and another command's setting are refused by name."""
        if (file := _in_pieces(args)) is not None:
            raise click.UsageError(with_flags(say("cli.needs-quotes", file=file, quoted=argument(file))), ctx)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name.removeprefix("--") not in SETTINGS:
                raise
            unused = say("cli.not-used", option=error.option_name, command=ctx.command_path)
            raise click.UsageError(with_flags(unused), ctx) from error

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options that only this command has, then the groups of settings in their order."""
        titles = {one: title for title, which in GROUPS.items() for one in which}
        groups: dict[str, list[tuple[str, str]]] = {title: [] for title in (_OWN, *GROUPS, _UNATTENDED, _OTHER)}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            setting = SETTINGS.get(parameter.opts[0].removeprefix("--"))
            if setting is None and record is not None and record[1]:
                groups[_OTHER if parameter.opts[-1] in _HELP else _OWN].append(record)
            elif setting is not None and record is not None and (setting.is_common or ctx.meta.get(_ALL)):
                title = titles.get(setting.name, titles.get(setting.topic, _UNATTENDED))
                groups[title].append((record[0], _help(setting)))
        for title, records in groups.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _in_pieces(args: Sequence[str]) -> str | None:
    """Return the name of an existing file that was typed last, without quotation marks, so that it became several."""
    names = (" ".join(args[start:]) for start, word in enumerate(args[:-1]) if not os.path.exists(word))  # noqa: PTH110 - a Path raises if it is too long
    return next((name for name in names if os.path.isfile(name)), None)  # noqa: PTH113


class Commands(click.Group):
    """Group of all commands."""

    @property
    def _sections(self) -> Mapping[str, Mapping[str, str]]:
        """Title → commands, each with an example if it is a common one."""
        common = {name for examples in COMMANDS.values() for name in examples}
        return {**COMMANDS, "More": {name: "" for name in self.commands if name not in common}}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own
        """Return the commands in the order of use."""
        return [name for names in self._sections.values() for name in names]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its summary, and the common ones with an example."""
        width = max(map(len, self.list_commands(ctx)))
        for title, examples in self._sections.items():
            with formatter.section(title):
                for name, example in examples.items():
                    formatter.write_dl([(f"{name:{width}}", self.commands[name].get_short_help_str(200))])
                    if example:
                        indent = min(formatter.current_indent + width + 2, formatter.width - len(example) - 2)
                        formatter.write(f"{'':{indent}}$ {example}\n")

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command. If a file is named in its place, fail with a message that says so."""
        name = args[0]
        is_other = name not in self.commands and not name.startswith("-")
        if is_other and (Path(name).exists() or Path(name).suffix.lower() in operations.choosing.ENDINGS):
            rest = " ".join(map(argument, args))
            ctx.fail(with_flags(say("cli.file-no-command", name=repr(name), rest=rest)))
        return super().resolve_command(ctx, args)


def settings_about(*which: Topic | str, also: Iterable[str] = ()) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the flags of the settings of these topics or names, in the table's order.

    ``also`` are settings that the command reads from the environment and the profile alone. Without a file, they may be
    wrong.
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


def _help(setting: Setting) -> str:
    text = with_flags(say("setting.many", help=setting.help) if setting.many else setting.help)
    default = setting.usual
    return f"{text}  [default: {with_flags(default)}]" if default else text


def _option(setting: Setting) -> Callable[..., Any]:
    """Return the flag of a setting. Its help is rendered when it is shown, so that nothing else waits for the texts."""
    names = [f"--{setting.name}", *([setting.short] if setting.short else []), setting.name.replace("-", "_")]
    if not setting.metavar:
        return click.option(*names, is_flag=True)
    return click.option(*names, type=click.UNPROCESSED, multiple=setting.many, metavar=setting.metavar, default=None)


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
        try:
            options = cls(sources.gather(values, [name for name in SETTINGS if name in {*names.values(), *also}]))
        except BadSettings:
            if context.params.get("file", "") is not None:
                raise
            options = cls(sources.gather(values, [name for name in SETTINGS if name in names.values()]))
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
    def settings_with_key(self) -> Settings:
        """Settings with the key. Prints a warning if other users could read the key's file."""
        settings = sources.with_key(self.settings, self.given)
        self.warn_of_readers("api-key-file")
        return settings

    @property
    def settings_with_key_if_there(self) -> Settings:
        """Settings with the key if there is a usable one, because the journal knows emails by digests made with it."""
        try:
            return sources.with_key(self.settings, self.given)
        except BadSettings:
            return self.settings

    def warn_of_readers(self, name: str, kind: str = "key.others-can-read") -> None:
        """Print a warning if other users could read a file with a secret."""
        file = sources.secret_file(self.given, name)
        if file is not None and (warning := who_can_read(file, kind)):
            paragraph(warning, "Warning: ", err=True)

    def channels(self) -> list[Channel]:
        """Return the recipients of notifications. Prints a warning if other users could read the recipients' file."""
        self.warn_of_readers("notify-file", "recipients.others-can-read")
        return [*map(telling.notifications.channel, sources.recipients(self.given))]

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
