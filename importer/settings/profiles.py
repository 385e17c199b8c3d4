"""Named settings of a workspace, kept in a file that a person may edit.

Comes in: a profile's name. Goes out: its settings, by their names; or some to be remembered, or a new one. A profile
looks like this; every setting of the table may stand in it but ``profile``, and the key is none:

    [default]
    default-visibility = "private"
    workers = 4

    [default.map]
    content = "Call summary"
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import platformdirs
import tomlkit
from tomlkit.exceptions import TOMLKitError

from importer import files
from importer.errors import BadSettings, as_argument
from importer.messages import Message, Plain, render, say
from importer.settings.table import SETTINGS

DEFAULT = "default"
FILE_VARIABLE = "NOTE_IMPORTER_PROFILES"
_COMMAND = re.compile(r"`(note-importer (?:check|history|hide|journal|login|results|run|verify)\b[^`]*)`")


class InProfile(Plain):
    """A face for comments in a profile: how a flag is written is no help there."""

    context = "profile"


def in_commands(text: str, name: str) -> str:
    """The text with the profile in each command that it names, as in `note-importer verify`, so it works as printed."""
    flag = f" --{SETTINGS['profile'].name} {as_argument(name)}"
    return text if name == DEFAULT else _COMMAND.sub(lambda found: f"`{found[1].removesuffix(flag)}{flag}`", text)


def profiles_file() -> Path:
    """Where profiles are kept: in the user's settings folder of the system, or where the environment says."""
    named = os.environ.get(FILE_VARIABLE)
    return Path(named) if named else platformdirs.user_config_path("note-importer", appauthor=False) / "profiles.toml"


def load(name: str) -> dict[str, object]:
    """A profile's settings by their names (``batch-size``, ``map``), unread; ``default`` need not stand in the file.

    Raises:
        BadSettings: there is no such profile; or the file can't be read, or isn't there though the environment names
            it, or the profile holds something that is no setting.
    """
    document = _document()
    if name not in document and name != DEFAULT:
        raise BadSettings(_unknown(name, document), setting="profile")
    profile = document.get(name, {})
    if not isinstance(profile, Mapping):
        raise BadSettings(say("profile.no-table", where=place_of(name), name=name))
    known = {setting.profile_name: name for name, setting in SETTINGS.items() if name != "profile"}
    for setting in profile:
        if setting not in known:
            near = difflib.get_close_matches(setting, known, n=1)
            where, named, there = place_of(name, setting), repr(setting), tuple(sorted(known))
            if near:
                said = say("profile.no-setting-near", where=where, setting=named, near=repr(near[0]), known=there)
                raise BadSettings(said)
            raise BadSettings(say("profile.no-setting", where=where, setting=named, known=there))
    settings: dict[str, object] = dict(profile.unwrap() if hasattr(profile, "unwrap") else profile)
    examples = {"map": 'content = "Call summary"', "limit": "rows = 6000000", "values": 'visibility.Yes = "Public"'}
    for setting, example in examples.items():
        if not isinstance(settings.get(setting, {}), Mapping):
            where = place_of(name, setting)
            raise BadSettings(say("profile.write-a-table", where=where, setting=setting, example=example))
    return {known[setting]: value for setting, value in settings.items()}


def named_files(*settings: str) -> list[str]:
    """The files that some settings of all profiles name, as they stand there, as far as that can be read."""
    with contextlib.suppress(BadSettings):
        tables = [profile for profile in _document().values() if isinstance(profile, Mapping)]
        named = [profile[SETTINGS[name].profile_name] for profile in tables for name in settings if name in profile]
        return [file for file in named if isinstance(file, str) and file]
    return []


def names() -> list[str]:
    """The profiles in the file.

    Raises:
        BadSettings: it can't be read.
    """
    return _named(_document())


def _named(document: Mapping[str, object]) -> list[str]:
    return [found for found, settings in document.items() if isinstance(settings, Mapping)]


def place_of(name: str, setting: str = "") -> Message:
    """Return where a profile stands, or an entry of it, with its line in the file if that can be told."""
    line = _line_of(name, setting) if setting else None
    where = {"profile": repr(name), "file": str(profiles_file())}
    return say("origin.profile", **where) if line is None else say("origin.profile-line", **where, line=str(line))


def _line_of(name: str, setting: str) -> int | None:
    """Return the line of the file in which an entry begins; None if that can't be told.

    The parser gives no lines. But a file's first lines are TOML too wherever an entry has just ended, so an entry
    begins after the last such place before the first that holds it.
    """
    try:
        lines = profiles_file().read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    whole = 0
    for end in range(1, len(lines) + 1):
        try:
            found = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:  # within an entry of several lines
            continue
        profile = found.get(name)
        if isinstance(profile, Mapping) and setting in profile:
            return whole + 1
        whole = end
    return None


def _unknown(name: str, document: Mapping[str, object]) -> Message:
    """What to say of a profile that isn't there: a slip would reach another address, with nothing known of it."""
    listed = tuple(repr(found) for found in dict.fromkeys([DEFAULT, *_named(document)]))
    line = tomlkit.dumps({name: {}}).strip()
    parts = {"profile": repr(name), "line": line, "file": str(profiles_file())}
    return say("profile.not-there", n=len(listed), names=listed, **parts)


def remember(name: str, settings: Mapping[str, object]) -> Path:
    """Put settings into a profile, beside what stands there already; the person's comments are kept.

    Args:
        name: of the profile.
        settings: their values; None takes one out.

    Returns:
        the file.

    Raises:
        BadSettings: the file can't be read or written.
    """
    path = profiles_file()
    document = _document()
    profile = document.setdefault(name, tomlkit.table())
    for setting, value in settings.items():
        if value is None:
            profile.pop(SETTINGS[setting].profile_name, None)
        else:
            profile[SETTINGS[setting].profile_name] = value
    _write(path, tomlkit.dumps(document))
    return path


def forget(name: str, path: Sequence[str]) -> None:
    """Take one entry out of a table or a list of a profile; what that leaves empty goes with it.

    Args:
        name: of the profile.
        path: where it stands, from the setting on, as ``("map", "content", "Call summary")``. One that isn't there is
            forgotten already.

    Raises:
        BadSettings: the file can't be read or written.
    """
    document = _document()
    if _taken_out(document.get(name), path):
        _write(profiles_file(), tomlkit.dumps(document))


def _taken_out(held: Any, path: Sequence[str]) -> bool:
    """Take what the path leads to out of a table or a list; whether it was there."""
    first, *rest = path
    if not rest and isinstance(held, list) and first in held:
        held.remove(first)
        return True
    if not isinstance(held, Mapping) or first not in held:
        return False
    if rest and held[first] != rest[0] and not _taken_out(held[first], rest):
        return False
    if not rest or held[first] == rest[0] or not held[first]:
        del held[first]  # type: ignore[attr-defined]
    return True


def check_new(name: str) -> None:
    """See that a profile can be called so.

    Raises:
        BadSettings: there is one of that name, or it is none; or the file of profiles can't be read.
    """
    if not name.strip() or not name.isprintable():
        raise BadSettings(say("profile.bad-name"))
    if "://" in name:
        raise BadSettings(say("profile.named-by-address", name=repr(name)))
    if name in _document():
        raise BadSettings(say("profile.there-already", name=repr(name), file=str(profiles_file())))


def make(name: str, settings: Mapping[str, object], hints: Mapping[str, str]) -> Path:
    """Write a new profile, with a comment on each setting; the rest of the file is kept.

    Args:
        name: of the profile.
        settings: what stands in it.
        hints: settings that are proposed in comments → how each is written.

    Returns:
        the file.

    Raises:
        BadSettings: there is such a profile, or it can't be called so; or the file can't be read or written.
    """
    check_new(name)
    path, document = profiles_file(), _document()
    profile = tomlkit.table()
    for setting, value in settings.items():
        for line in _commented(setting):
            profile.add(tomlkit.comment(line))
        profile.add(setting, value)
        profile.add(tomlkit.nl())
    for setting, example in hints.items():
        for line in (*_commented(setting), example):
            profile.add(tomlkit.comment(line))
        profile.add(tomlkit.nl())
    document[name] = profile
    _write(path, tomlkit.dumps(document))
    return path


def beside(file: str) -> Path:
    """Where a secret of that name would be kept, beside the profiles."""
    return profiles_file().absolute().parent / re.sub(r"[^\w.-]+", "-", file)


def _commented(setting: str) -> list[str]:
    """What a setting does, as it stands in the file."""
    return textwrap.wrap(render(SETTINGS[setting].help, InProfile()), 100)


def keep_beside(file: str, text: str) -> Path:
    """Keep a secret in a file beside the profiles that only its owner can read; its place.

    Raises:
        BadSettings: it can't be written.
    """
    path = beside(file)
    _write(path, f"{text}\n")
    return path


def _write(path: Path, text: str) -> None:
    try:
        files.make_private_folder(path.parent)
        files.replace(path, text.encode())
    except OSError as error:
        raise BadSettings(say("profile.not-written", file=str(path), error=str(error.strerror))) from error


def _document() -> tomlkit.TOMLDocument:
    path = profiles_file()
    files.keep_private(path.parent)  # whoever can write there decides where the key goes
    try:
        return tomlkit.parse(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        if os.environ.get(FILE_VARIABLE):
            raise BadSettings(say("profile.file-missing", variable=FILE_VARIABLE, file=str(path))) from error
        return tomlkit.document()
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise BadSettings(say("profile.unreadable", file=str(path), error=str(error))) from error
