"""Format the help: common commands in the order of use with an example each; a command's common settings in groups.

Input: commands. Output: their help, complete with ``--help-all``; for an unknown command, the one probably meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from importer import importing
from importer.cli.terminal import argument, say_line, with_flags
from importer.messages import say
from importer.settings import SETTINGS, Setting, Topic

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
    "Reading": frozenset({Topic.FILE, Topic.PROSPECTS}),
    "Sending": frozenset({Topic.PLACE, Topic.CALLS, Topic.RUN}),
    "Results": frozenset({"results"}),
}
"""Group in a command's help → its topics and settings. All other settings are for unattended imports."""
_OWN, _UNATTENDED, _OTHER = "This command", "Unattended", "Other"
_HELP = ("--help", "--help-all")

_ALL = "importer.cli.manual.all"
"""Key in a context: whether the help lists all settings."""


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
    help="Show all settings, and exit. A profile may hold each of them, by the same name.",
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
            if record is not None and record[1] and (ctx.meta.get(_ALL) or not _is_uncommon(parameter)):
                setting = _setting(parameter)
                own = _OTHER if parameter.opts[-1] in _HELP else _OWN
                title = own
                if setting is not None:
                    title = titles.get(setting.name, titles.get(setting.topic, _UNATTENDED))
                groups[title].append(record)
        for title, records in groups.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _in_pieces(args: Sequence[str]) -> str | None:
    """Return the name of an existing file that was typed last, without quotation marks, so that it became several."""
    names = (" ".join(args[start:]) for start, word in enumerate(args[:-1]) if not Path(word).exists())
    return next((name for name in names if Path(name).is_file()), None)


def _setting(parameter: click.Parameter) -> Setting | None:
    return SETTINGS.get(parameter.opts[0].removeprefix("--"))


def _is_uncommon(parameter: click.Parameter) -> bool:
    setting = _setting(parameter)
    return setting is not None and not setting.is_common


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
        if name not in self.commands and not name.startswith("-") and _looks_like_file(name):
            rest = " ".join(map(argument, args))
            ctx.fail(with_flags(say("cli.file-no-command", name=repr(name), rest=rest)))
        return super().resolve_command(ctx, args)


def _looks_like_file(name: str) -> bool:
    return Path(name).exists() or Path(name).suffix.lower() in importing.inbox.ENDINGS
