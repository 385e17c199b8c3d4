"""The flags that commands share, and settings made of them.

Comes in: a command line. Goes out: :class:`~importer.settings.Settings`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from importer.columns import Role
from importer.markup import ContentKind
from importer.models import Visibility
from importer.pacing import Rate
from importer.settings import KEY_VARIABLE, LIVE, Settings, checked_url, default_journal, read_key


def settings_of(flags: Mapping[str, Any], *, needs_key: bool = False) -> Settings:
    """Settings from a command's flags; click has asked the environment and the profile where a flag is missing."""
    given = {name: value for name, value in flags.items() if value is not None}
    key_file = given.pop("api_key_file", None)
    if "base_url" in given:
        given["base_url"] = checked_url(given["base_url"])
    if "default_visibility" in given:
        given["default_visibility"] = Visibility[given["default_visibility"].upper()]
    if "content" in given:
        given["content"] = ContentKind(given["content"])
    if "give_up_after" in given:
        given["give_up"] = given.pop("give_up_after")
    if needs_key:
        given["key"] = read_key(key_file)
    return Settings(**given)


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


def file_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add FILE and how to read it."""
    options = [
        click.argument("file", type=click.Path(path_type=Path, allow_dash=True)),
        click.option("--map", "mapping", multiple=True, metavar="ROLE=HEADING", callback=_as_mapping,
                     help="Name a column: prospect, content, visibility, status or attachments, by its heading or "
                          'letter, as in --map content="Call summary". May be given more than once.'),
        click.option("--default-visibility", type=click.Choice(["public", "private"], case_sensitive=False),
                     help="For rows where the visibility is blank. Without it, a blank is a problem."),
        click.option("--content", type=click.Choice([kind.value for kind in ContentKind]), default="auto",
                     show_default=True, help="How the notes are meant; auto looks at each."),
        click.option("--key-column", metavar="HEADING",
                     help="A column that tells rows apart which mean the same note for the same prospect again."),
        click.option("--sheet", metavar="NAME", help="Which sheet of a workbook."),
        click.option("--header-row", type=click.IntRange(min=1), metavar="N", help="Which row holds the headings."),
        click.option("--encoding", metavar="NAME", help="How a text file is encoded, such as cp1252."),
        click.option("--delimiter", metavar="SIGN", help="What separates the columns of a text file; tab for a tab."),
        click.option("--batch-size", type=click.IntRange(1, 10_000), default=100, show_default=True, metavar="N",
                     help="Prospects in one request at most. The API documents no limit; 100 is what its own lists "
                          "take a page. A size that it refuses is halved."),
    ]  # fmt: skip
    return _all(options, command)


def profile_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add which workspace, where, and its journal."""
    options = [
        click.option("--profile", default="default", show_default=True, metavar="NAME", envvar="NOTE_IMPORTER_PROFILE",
                     help="Your name for the workspace. Deliveries are remembered per profile and address."),
        click.option("--base-url", default=LIVE, show_default=True, metavar="URL", envvar="NOTE_IMPORTER_BASE_URL",
                     help="Where the API is; https only, this machine excepted."),
        click.option("--journal", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                     envvar="NOTE_IMPORTER_JOURNAL",
                     help=f"The record of what was delivered.  [default: {_shown(default_journal())}]"),
    ]  # fmt: skip
    return _all(options, command)


def call_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add how the API is called."""
    options = [
        click.option("--api-key-file", type=click.Path(path_type=Path), metavar="FILE",
                     help=f"A file that holds the API key, instead of the environment variable {KEY_VARIABLE}."),
        click.option("--workers", type=click.IntRange(1, 64), default=8, show_default=True, metavar="N",
                     help="Calls in flight at most."),
        click.option("--rate", metavar="CALLS/TIME", callback=_as_rate,
                     help="Calls in a time at most, as 20/1s or 60/min. Without it, what the API allows."),
        click.option("--connect-timeout", type=click.FloatRange(0.1, 600), default=10.0, show_default=True,
                     metavar="SECONDS", help="To reach the server."),
        click.option("--read-timeout", type=click.FloatRange(0.1, 3600), default=60.0, show_default=True,
                     metavar="SECONDS", help="Without an answer, after which a call is given up."),
        click.option("--settle", type=click.FloatRange(0, 3600), default=5.0, show_default=True, metavar="SECONDS",
                     help="After a call without a clear answer, until its notes surely can be read back."),
        click.option("--give-up-after", type=click.FloatRange(1, 604800), default=900.0, show_default=True,
                     metavar="SECONDS", help="Without any progress, after which the run stops."),
    ]  # fmt: skip
    return _all(options, command)


def _all(options: Sequence[Callable[..., Any]], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command


def _shown(path: Path) -> str:
    """A path for the help text, with the home folder as ~."""
    with contextlib.suppress(ValueError, RuntimeError):
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    return str(path)
