"""The flags that commands share, and settings made of them.

Comes in: a command line. Goes out: :class:`~importer.settings.Settings`.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from importer import profiles
from importer.cli.terminal import paragraph
from importer.columns import Role
from importer.errors import BadSettings
from importer.markup import ContentKind
from importer.models import Visibility
from importer.pacing import Rate
from importer.reading import Limits
from importer.settings import KEY_VARIABLE, LIVE, Settings, default_journal, read_key, who_can_read


def _shown(path: Path) -> str:
    """A path for the help text, with the home folder as ~."""
    with contextlib.suppress(ValueError, RuntimeError):
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    return str(path)


def settings_of(flags: Mapping[str, Any], *, needs_key: bool = False) -> Settings:
    """Settings from a command's flags; click has asked the environment and the profile where a flag is missing."""
    given = {name: value for name, value in flags.items() if value is not None}
    key_file = given.pop("api_key_file", None)
    if "default_visibility" in given:
        given["default_visibility"] = Visibility[given["default_visibility"].upper()]
    if "content" in given:
        given["content"] = ContentKind(given["content"])
    settings = Settings(**given)
    return replace(settings, key=_key(key_file, settings)) if needs_key else settings


def _key(file: Path | None, settings: Settings) -> str:
    """The key: from the file that a flag names, else the environment's, else from the file that the profile names.

    In the environment the key itself counts more than the name of a file with one: whoever puts a key before a single
    command means that one. A profile's key is for the profile's address, and is sent to no other.
    """
    context = click.get_current_context()
    source = context.get_parameter_source("api_key_file")
    if source is not ParameterSource.COMMANDLINE and os.environ.get(KEY_VARIABLE, "").strip():
        return read_key(None)
    address = context.get_parameter_source("base_url")
    if source is ParameterSource.DEFAULT_MAP and address in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT):
        where = (
            "--base-url"
            if address is ParameterSource.COMMANDLINE
            else "the environment variable NOTE_IMPORTER_BASE_URL"
        )
        raise BadSettings(
            f"The address {settings.base_url} was given by {where}, so the key of the profile {settings.profile!r} is"
            f" not sent there. Give the key for that address: put it into the environment variable {KEY_VARIABLE}, or"
            " name a file that holds it with --api-key-file."
        )
    key = read_key(file)
    if file is not None and (warning := who_can_read(file)):
        paragraph(warning, "Warning: ", err=True)
    return key


def remembered(settings: Settings) -> Path:
    """Keep in the profile what was said about the file's columns and values; the file of profiles."""
    kept: dict[str, object] = {"content": settings.content.value}
    if settings.mapping:
        kept["map"] = {role.value: heading for role, heading in settings.mapping.items()}
    if settings.default_visibility is not None:
        kept["default-visibility"] = settings.default_visibility.name.lower()
    if settings.key_column is not None:
        kept["key-column"] = settings.key_column
    if settings.ignored:
        kept["ignore"] = list(settings.ignored)
    return profiles.remember(settings.profile, kept)


def _as_mapping(_: click.Context, __: click.Parameter, values: Sequence[str]) -> dict[Role, str]:
    mapping = {}
    for value in values:
        role, sign, heading = value.partition("=")
        try:
            mapping[Role(role.strip().lower())] = heading.strip().strip('"')
        except ValueError:
            sign = ""
        if not sign or role.strip().lower() == Role.KEY:
            roles = ", ".join(found for found in Role if found is not Role.KEY)
            raise click.BadParameter(f'{value!r}: write ROLE="HEADING", where ROLE is one of {roles}.')
    return mapping


def _as_rate(_: click.Context, __: click.Parameter, value: str | None) -> Rate | None:
    try:
        return None if value is None else Rate.parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _as_limits(_: click.Context, __: click.Parameter, values: Sequence[str]) -> Limits:
    names = [found.name for found in fields(Limits)]
    given = {}
    for value in values:
        name, sign, number = value.partition("=")
        if (
            not sign
            or name not in names
            or not re.fullmatch(r"[1-9]\d{0,14}", number.replace("_", "").replace(",", ""))
        ):
            raise click.BadParameter(f"{value!r}: write NAME=NUMBER, where NAME is one of {', '.join(names)}.")
        given[name] = int(number.replace("_", "").replace(",", ""))
    return Limits(**given)


def _use_profile(context: click.Context, _: click.Parameter, name: str) -> str:
    """What the profile says stands in for flags that are not given and not in the environment."""
    by_flag = {flag: parameter.name for parameter in context.command.params for flag in _flags(parameter)}
    settings = profiles.load(name, known=_PROFILE_FLAGS)
    context.default_map = {by_flag[flag]: value for flag, value in settings.items() if flag in by_flag}
    return name


def _flags(parameter: click.Parameter) -> list[str]:
    return [option.lstrip("-") for option in parameter.opts] if isinstance(parameter, click.Option) else []


class _Setting(click.Option):
    """A flag; where its value can't be used and stood elsewhere than on the command line, the message says where."""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        hint = super().get_error_hint(ctx)
        source = ctx.get_parameter_source(self.name) if ctx is not None and self.name is not None else None
        if source is ParameterSource.ENVIRONMENT:
            return f"{hint}, from the environment variable {self.envvar}"
        if source is ParameterSource.DEFAULT_MAP and ctx is not None:
            return f"{hint}, from the profile {ctx.params['profile']!r} in {profiles.profiles_file()}"
        return hint


def _option(*names: str, variable: bool = True, **attributes: Any) -> Callable[..., Any]:
    """A flag that the environment may give too, as NOTE_IMPORTER_ and its name."""
    name = names[0].lstrip("-").replace("-", "_").upper()
    return click.option(*names, cls=_Setting, envvar=f"NOTE_IMPORTER_{name}" if variable else None, **attributes)


def _whole(least: int, most: int | None = None) -> click.IntRange:
    """A whole number; what isn't one is told the range."""
    kind = click.IntRange(least, most)
    kind.name = f"whole number, {least:,} or more" if most is None else f"whole number from {least:,} to {most:,}"
    return kind


def _seconds(least: float, most: float) -> click.FloatRange:
    """A number of seconds; what isn't one is told the range."""
    kind = click.FloatRange(least, most)
    kind.name = f"number of seconds from {least:,} to {most:,}"
    return kind


_PROFILE = _option("--profile", default=profiles.DEFAULT, show_default=True, metavar="NAME", is_eager=True,
                   callback=_use_profile,
                   help="Your name for the workspace: its settings are used, and deliveries are remembered for it "
                        "and the address.")  # fmt: skip
_RATE = _option("--rate", metavar="CALLS/TIME", callback=_as_rate,
                help="Calls in a time at most, as 20/1s or 60/min. Without it, what the API allows.")  # fmt: skip
_FILE_OPTIONS = [
    _option("--map", "mapping", multiple=True, variable=False, metavar="ROLE=HEADING", callback=_as_mapping,
            help="Name a column: prospect, content, visibility, status or attachments, by its heading or letter, as in "
                 '--map content="Call summary". Nothing after the = means that no column has the role. '
                 "May be given more than once."),
    _option("--default-visibility", type=click.Choice(["public", "private"], case_sensitive=False),
            help="For rows where the visibility is blank. Without it, a blank is a problem."),
    _option("--content", type=click.Choice([kind.value for kind in ContentKind]), default="auto", show_default=True,
            help="How the notes are meant; auto looks at each."),
    _option("--key-column", metavar="HEADING",
            help="A column that tells rows apart which mean the same note for the same prospect again."),
    _option("--ignore", "ignored", multiple=True, variable=False, metavar="HEADING",
            help="Set a column aside that looks as if it were meant for something. May be given more than once."),
    _option("--sheet", metavar="NAME", help="Which sheet of a workbook."),
    _option("--header-row", type=_whole(1), metavar="N", help="Which row holds the headings."),
    _option("--encoding", metavar="NAME", help="How a text file is encoded, such as cp1252."),
    _option("--delimiter", metavar="SIGN", help="What separates the columns of a text file; tab for a tab."),
    _option("--limit", "limits", multiple=True, variable=False, metavar="NAME=NUMBER", callback=_as_limits,
            help="Raise a limit on what is read, such as rows=6000000; the message that names it says how."),
    _option("--batch-size", type=_whole(1, 10_000), metavar="N",
            help="Prospects in one request at most. The API documents no limit; 100 is what its own lists take a page. "
                 "A size that it refuses is halved.  [default: 100, or what proved to work]"),
]  # fmt: skip
_PLACE_OPTIONS = [
    _PROFILE,
    _option("--base-url", default=LIVE, show_default=True, metavar="URL",
            help="Where the API is; https only, this machine excepted."),
    _option("--journal", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
            help=f"The record of what was delivered.  [default: {_shown(default_journal())}]"),
]  # fmt: skip
_CALL_OPTIONS = [
    _option("--api-key-file", type=click.Path(path_type=Path), metavar="FILE",
            help=f"A file that holds the API key, instead of the environment variable {KEY_VARIABLE}."),
    _option("--workers", type=_whole(1, 64), default=8, show_default=True, metavar="N",
            help="Calls in flight at most."),
    _RATE,
    _option("--connect-timeout", type=_seconds(0.1, 600), default=10.0, show_default=True, metavar="SECONDS",
            help="To reach the server."),
    _option("--read-timeout", type=_seconds(0.1, 3600), default=60.0, show_default=True, metavar="SECONDS",
            help="Without an answer, after which a call is given up."),
    _option("--settle", type=_seconds(0, 3600), default=5.0, show_default=True, metavar="SECONDS",
            help="After a call without a clear answer, until its notes surely can be read back."),
    _option("--give-up-after", "give_up", type=_seconds(1, 604800), default=900.0, show_default=True,
            metavar="SECONDS", help="Without any progress, after which the run stops."),
]  # fmt: skip
_PROFILE_FLAGS = {
    "base-url", "batch-size", "connect-timeout", "content", "default-visibility", "give-up-after", "header-row",
    "ignore", "journal", "api-key-file", "key-column", "map", "rate", "read-timeout", "settle", "sheet", "workers",
}  # fmt: skip


def file_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add FILE and how to read it."""
    return click.argument("file", type=click.Path(path_type=Path, allow_dash=True))(_all(_FILE_OPTIONS, command))


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add which workspace, where, and its journal."""
    return _all(_PLACE_OPTIONS, command)


def call_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add how the API is called."""
    return _all(_CALL_OPTIONS, command)


def rate_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the rate alone, for what makes no calls but says how long they would take."""
    return _all([_RATE], command)


def _all(options: Sequence[Callable[..., Any]], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command
