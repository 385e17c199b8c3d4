"""Format the help: commands in the order of use with an example each, and the settings of a command in groups.

Input: commands. Output: their help; for an unknown command, the one that was probably meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from importer import commands
from importer.cli.terminal import argument, with_flags
from importer.messages import say
from importer.settings import SETTINGS, Topic

COMMANDS: Mapping[str, Mapping[str, str]] = {
    "Set up, once": {
        "init": "note-importer init",
        "login": "note-importer login --profile night",
        "doctor": "note-importer doctor --profile night",
        "config": "note-importer config --profile night",
        "exports": "note-importer exports --profile night",
        "sandbox": "note-importer sandbox",
        "completion": "note-importer completion bash",
    },
    "Import a file": {
        "template": "note-importer template contacts.xlsx",
        "page": "note-importer page",
        "check": "note-importer check contacts.xlsx",
        "run": "note-importer run contacts.xlsx",
    },
    "Afterwards": {
        "history": "note-importer history",
        "results": "note-importer results last contacts.xlsx",
        "verify": "note-importer verify",
        "hide": "note-importer hide last",
    },
    "Every night": {
        "schedule": "note-importer schedule --between 02:00-06:00 --profile night exports",
        "repeat": "note-importer repeat --between 02:00-06:00 run exports --profile night --yes",
        "journal": "note-importer journal backup journal-copy.sqlite",
        "prune": "note-importer prune exports --older-than 90",
        "logout": "note-importer logout --profile night",
    },
}
"""Commands in the order of use, with an example each."""

GROUPS: Mapping[str, frozenset[Topic]] = {
    "Reading": frozenset({Topic.FILE, Topic.PROSPECTS}),
    "Sending": frozenset({Topic.PLACE, Topic.CALLS, Topic.PACE, Topic.SIZE, Topic.RUN, Topic.NEW_JOURNAL}),
    "Results": frozenset({Topic.RESULTS}),
    "Unattended": frozenset(
        {
            Topic.ASKING,
            Topic.GUARDS,
            Topic.HOURS,
            Topic.WAITING,
            Topic.ARCHIVE,
            Topic.NOTIFYING,
            Topic.LOG,
            Topic.OUTPUT,
            Topic.QUIET,
        }
    ),
}
"""Group in a command's help → its topics."""


class InGroups(click.Command):
    """Command whose help lists its settings in groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the groups in their order, then the options that aren't settings."""
        titles = {topic: title for title, topics in GROUPS.items() for topic in topics}
        groups: dict[str, list[tuple[str, str]]] = {title: [] for title in (*GROUPS, "Other")}
        for parameter in self.get_params(ctx):
            if (record := parameter.get_help_record(ctx)) is not None:
                setting = SETTINGS.get(parameter.opts[0].removeprefix("--"))
                groups[titles[setting.topic] if setting else "Other"].append(record)
        for title, records in groups.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class Commands(click.Group):
    """Group of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own
        """Return the commands in the order of use."""
        return [name for names in COMMANDS.values() for name in names if name in self.commands]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command with its summary and an example."""
        names = self.list_commands(ctx)
        width = max(map(len, names))
        for title, examples in COMMANDS.items():
            with formatter.section(title):
                for name, example in examples.items():
                    if name in names:
                        formatter.write_dl([(f"{name:{width}}", self.commands[name].get_short_help_str(200))])
                        formatter.write(f"{'':{formatter.current_indent + width + 2}}$ {example}\n")

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
    return Path(name).exists() or Path(name).suffix.lower() in commands.choosing.ENDINGS
