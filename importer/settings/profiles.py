"""Read and write profiles: named settings of a workspace, kept in a file that a person may edit.

Input: a profile's name, and settings to write. Output: the profile's settings by their names. A profile looks like
this. It may hold each setting of the table except ``profile``, and never the key:

    [default]
    default-visibility = "private"

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
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from importer import files
from importer.errors import BadSettings, as_argument
from importer.messages import Message, Plain, render, say
from importer.settings.table import SETTINGS

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

DEFAULT = "default"
READINGS = "readings"
"""Entry of a profile with the readings of its sheets."""
FILE_VARIABLE = "NOTE_IMPORTER_PROFILES"
_COMMAND = re.compile(r"`(note-importer (check|doctor|history|hide|journal|login|readings|results|run|verify)\b[^`]*)`")


class InProfile(Plain):
    """A face (see :mod:`importer.messages`) for comments in a profile, which don't mention flags."""

    name = "profile"


def in_commands(text: str, name: str, further: str = "") -> str:
    """Return the text with the profile's flag, and ``further`` flags about the journal, added to each command."""
    flag = "" if name == DEFAULT else f" --{SETTINGS['profile'].name} {as_argument(name)}"
    return _COMMAND.sub(
        lambda found: f"`{found[1].removesuffix(flag)}{flag}{'' if found[2] == 'readings' else further}`", text
    )


def profiles_file() -> Path:
    """Return the file of profiles: the one that the environment names, or one in the user's settings folder."""
    path = os.environ.get(FILE_VARIABLE)
    return Path(path) if path else platformdirs.user_config_path("note-importer", appauthor=False) / "profiles.toml"


def load(name: str) -> dict[str, object]:
    """Return a profile's settings by their names, unchecked. The profile ``default`` need not be in the file.

    Raises:
        BadSettings: the profile doesn't exist, or holds an unknown setting; or the file can't be read; or the file that
            the environment names is missing.
    """
    all_profiles = _profiles()
    if name not in all_profiles and name != DEFAULT:
        raise BadSettings(_unknown(name, all_profiles), setting="profile")
    profile = all_profiles.get(name, {})
    if not isinstance(profile, Mapping):
        raise BadSettings(say("profile.no-table", where=place_of(name), name=name))
    if stray := [key for key, value in all_profiles.items() if not isinstance(value, Mapping)]:
        raise BadSettings(say("profile.outside", file=str(profiles_file()), setting=repr(stray[0])))
    setting_names = [name for name, setting in SETTINGS.items() if setting.is_lasting and name != "profile"]
    profile = {setting: value for setting, value in profile.items() if setting != READINGS}
    for setting in profile:
        if setting in SETTINGS and not SETTINGS[setting].is_lasting:
            raise BadSettings(say("profile.of-reading", where=place_of(name), setting=repr(setting)))
        if setting not in setting_names:
            near = tuple(map(repr, difflib.get_close_matches(setting, setting_names, n=3, cutoff=0)))
            raise BadSettings(say("profile.no-setting", where=place_of(name), setting=repr(setting), near=near))
    return profile


def readings(name: str) -> list[object]:
    """Return a profile's entries of readings, unchecked.

    Raises:
        BadSettings: the file can't be read, or holds something else in their place.
    """
    profile = _profiles().get(name)
    entries = profile.get(READINGS, []) if isinstance(profile, Mapping) else []
    if not isinstance(entries, list):
        raise BadSettings(say("readings.no-list", where=place_of(name), profile=name))
    return entries


def named_files(*settings: str) -> list[str]:
    """Return the files that these settings name in any profile, as written; none if they can't be read."""
    with contextlib.suppress(BadSettings):
        tables = [table for table in _profiles().values() if isinstance(table, Mapping)]
        values = [table[name] for table in tables for name in settings if name in table]
        return [file for file in values if isinstance(file, str) and file]
    return []


def names() -> list[str]:
    """Return the names of the profiles in the file.

    Raises:
        BadSettings: the file can't be read.
    """
    return _named(_profiles())


def _named(document: Mapping[str, object]) -> list[str]:
    return [name for name, settings in document.items() if isinstance(settings, Mapping)]


def place_of(name: str) -> Message:
    """Return the place of a profile, for a message."""
    return say("origin.profile", profile=repr(name), file=str(profiles_file()))


def _unknown(name: str, document: Mapping[str, object]) -> Message:
    """Return the message about an unknown profile, because a misspelt name must not reach another address."""
    known = tuple(map(repr, dict.fromkeys([DEFAULT, *_named(document)])))
    import tomlkit  # noqa: PLC0415 - only a change and this message wait for it

    line = tomlkit.dumps({name: {}}).strip()
    parts = {"profile": repr(name), "line": line, "file": str(profiles_file())}
    return say("profile.not-there", n=len(known), names=known, **parts)


def remember(name: str, settings: Mapping[str, object]) -> Path:
    """Write settings into a profile, and keep its other settings and the file's comments.

    Args:
        name: the profile's name.
        settings: setting → value; None removes the setting.

    Returns:
        the file.

    Raises:
        BadSettings: the file can't be read or written.
    """
    path = profiles_file()
    document = editable()
    profile = document.setdefault(name, {})
    for setting, value in settings.items():
        if value is None:
            profile.pop(setting, None)
        else:
            profile[setting] = value
    _write(path, document.as_string())
    return path


def change_reading(profile: str, name: str, entry: Mapping[str, object] | None, comment: str = "") -> Path:
    """Write the reading of this name into a profile, or remove it, and keep the rest of the file; return the file.

    Args:
        profile: the profile's name.
        name: the reading's name.
        entry: the reading; None removes it.
        comment: what a person reads above it.

    Raises:
        BadSettings: the file can't be read or written.
    """
    import tomlkit  # noqa: PLC0415 - only a change waits for it

    path, document = profiles_file(), editable()
    holder: Any = document.setdefault(profile, tomlkit.table())
    written = tomlkit.aot()
    for table in holder.get(READINGS, []):
        if table.get("name") != name:
            written.append(table)
    if entry is not None:
        added = tomlkit.table()
        for line in textwrap.wrap(comment, 100):
            added.add(tomlkit.comment(line))
        for setting, value in entry.items():
            added.add(setting, value)
        written.append(added)
    if len(written) and [*document][-1] != profile and not written[-1].as_string().endswith("\n\n"):
        written[-1].add(tomlkit.nl())  # a blank line before the next profile
    holder.pop(READINGS, None)
    if len(written):
        holder[READINGS] = written
    _write(path, document.as_string())
    return path


def check_new(name: str) -> None:
    """Check that a new profile may have this name.

    Raises:
        BadSettings: the name isn't allowed, or another profile has it; or the file of profiles can't be read.
    """
    if not name.strip() or not name.isprintable():
        raise BadSettings(say("profile.bad-name"))
    if "://" in name:
        raise BadSettings(say("profile.named-by-address", name=repr(name)))
    if name in _profiles():
        raise BadSettings(say("profile.there-already", name=repr(name), file=str(profiles_file())))


def make(name: str, settings: Mapping[str, object], hints: Mapping[str, str]) -> Path:
    """Write a new profile, with a comment on each setting, and keep the rest of the file.

    Args:
        name: the profile's name.
        settings: setting → value.
        hints: settings that are suggested in comments → an example of each.

    Returns:
        the file.

    Raises:
        BadSettings: the profile exists, or may not have this name; or the file can't be read or written.
    """
    import tomlkit  # noqa: PLC0415 - only a change waits for it

    check_new(name)
    path, document = profiles_file(), editable()
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
    _write(path, document.as_string())
    return path


def beside(file: str) -> Path:
    """Return the path for a secret's file of this name, beside the profiles."""
    return profiles_file().absolute().parent / re.sub(r"[^\w.-]+", "-", file)


def _commented(setting: str) -> list[str]:
    return textwrap.wrap(render(SETTINGS[setting].help, InProfile()), 100)


def keep_beside(file: str, text: str) -> Path:
    """Keep a secret in a file beside the profiles that only its owner can read, and return its path.

    Raises:
        BadSettings: the file can't be written.
    """
    _write(path := beside(file), f"{text}\n")
    return path


def _write(path: Path, text: str) -> None:
    try:
        files.make_private_folder(path.parent)
        files.keep_private(path)
        files.replace(path, text.encode())
    except OSError as error:
        raise BadSettings(say("profile.not-written", file=str(path), error=str(error.strerror))) from error


def editable() -> TOMLDocument:
    """Return the file of profiles with its comments, to be changed."""
    import tomlkit  # noqa: PLC0415 - only a change waits for it

    _profiles()  # refuses an unreadable file
    return tomlkit.parse(content())


def _profiles() -> Mapping[str, Any]:
    try:
        return _parsed(text := content())
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(_mistake(text, str(error))) from error
    except (OSError, ValueError) as error:
        raise BadSettings(say("profile.unreadable", file=str(profiles_file()), error=files.why(error))) from error


def _mistake(text: str, error: str) -> Message:
    number = re.search(r"line (\d+)", error)
    lines, file = text.splitlines(), str(profiles_file())
    end = int(number[1]) if number else len(lines)
    if any("".join(lines[end - 1 : end]).count(quote) % 2 for quote in "\"'"):
        return say("profile.no-closing-quote", line=str(end), file=file, error=error)
    return say("profile.not-toml", file=file, error=error)


@lru_cache(maxsize=1)  # several parts of a command read the file
def _parsed(text: str) -> Mapping[str, Any]:
    return tomllib.loads(text)


def content() -> str:
    """Return the text of the file of profiles. Raises OSError, UnicodeDecodeError or BadSettings."""
    path = profiles_file()
    files.keep_private(path)  # anyone who can write there decides where the key is sent
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        if os.environ.get(FILE_VARIABLE):
            raise BadSettings(say("profile.file-missing", variable=FILE_VARIABLE, file=str(path))) from error
        return ""
