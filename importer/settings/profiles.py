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
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer import files
from importer.errors import BadSettings
from importer.messages import Face, Message, as_argument, lines, render, say
from importer.settings import SETTINGS
from importer.settings.address import own_folders

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

DEFAULT = "default"
READINGS = "readings"
"""Entry of a profile with the readings of its sheets."""
FILE_VARIABLE = "NOTE_IMPORTER_PROFILES"
_COMMAND = re.compile(r"`(note-importer (check|doctor|history|hide|journal|login|readings|run|verify)\b[^`]*)`")


class InProfile(Face):
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
    return Path(path) if path else own_folders().user_config_path / "profiles.toml"


def load(name: str) -> dict[str, object]:
    """Return a profile's settings by their names, unchecked. The profile ``default`` need not be in the file.

    Raises BadSettings if the profile doesn't exist, or holds an unknown setting; or the file can't be read; or the file
    that the environment names is missing.
    """
    tables = _tables()
    if name not in tables and name != DEFAULT:
        known = tuple(map(repr, names()))  # a misspelt name must not reach another address
        parts = {"profile": repr(name), "file": str(profiles_file())}
        raise BadSettings(say("profile.not-there", n=len(known), names=known, **parts), setting="profile")
    if stray := [key for key in _profiles() if key not in tables]:
        raise BadSettings(say("profile.outside", file=str(profiles_file()), setting=repr(stray[0])))
    setting_names = [name for name, setting in SETTINGS.items() if setting.is_lasting and name != "profile"]
    profile = {setting: value for setting, value in tables.get(name, {}).items() if setting != READINGS}
    for setting in profile:
        if setting in SETTINGS and not SETTINGS[setting].is_lasting:
            raise BadSettings(say("profile.of-reading", where=place_of(name), setting=repr(setting)))
        if setting not in setting_names:
            no_setting = say("profile.no-setting", where=place_of(name), setting=repr(setting))
            raise BadSettings(lines(no_setting, what_to_do_with(setting, setting_names)))
    return profile


def what_to_do_with(name: str, known: Iterable[str]) -> Message:
    """Return what to do with a setting that there isn't, with the one that was probably meant."""
    if near := difflib.get_close_matches(name, known, n=1, cutoff=0.75):
        return say("setting.misspelt", near=repr(near[0]))
    return say("setting.unknown")


def readings(name: str) -> list[object]:
    """Return a profile's entries of readings, unchecked."""
    entries = _tables().get(name, {}).get(READINGS, [])
    if not isinstance(entries, list):
        raise BadSettings(say("readings.no-list", where=place_of(name), profile=name))
    return entries


def as_written(*settings: str) -> list[object]:
    """Return the values of settings in all profiles, whatever else is wrong there; none if the file can't be read."""
    with contextlib.suppress(BadSettings):
        return [table[setting] for table in _tables().values() for setting in settings if setting in table]
    return []


def names() -> list[str]:
    """Return the names of the profiles: ``default``, and those in the file."""
    return [*dict.fromkeys([DEFAULT, *_tables()])]


def _tables() -> Mapping[str, Mapping[str, Any]]:
    return {name: table for name, table in _profiles().items() if isinstance(table, Mapping)}


def place_of(name: str) -> Message:
    """Return the place of a profile, for a message."""
    return say("origin.profile", profile=repr(name), file=str(profiles_file()))


def remember(name: str, settings: Mapping[str, object]) -> None:
    """Write settings into a profile, and keep the rest of the file; None removes a setting."""
    with _changed() as document:
        profile = document.setdefault(name, {})
        for setting, value in settings.items():
            profile.pop(setting, None) if value is None else profile.update({setting: value})


def change_reading(profile: str, name: str, entry: Mapping[str, object] | None, comment: str = "") -> None:
    """Write the reading of this name into a profile, with a comment, or remove it; keep the rest of the file."""
    import tomlkit  # noqa: PLC0415 - only a change waits for it

    with _changed() as document:
        holder: Any = document.setdefault(profile, tomlkit.table())
        if isinstance(holder, tomlkit.items.InlineTable):  # it can't hold tables with headings of their own
            document.pop(profile)
            holder = document[profile] = tomlkit.item(holder.unwrap())
        written = tomlkit.aot()
        for table in holder.pop(READINGS, []):
            if table.get("name") != name:
                written.append(tomlkit.item(table.unwrap()) if isinstance(table, tomlkit.items.InlineTable) else table)
        if entry is not None:
            added = tomlkit.table()
            for line in textwrap.wrap(comment, 100):
                added.add(tomlkit.comment(line))
            added.update(entry)
            written.append(added)
        if len(written) and [*document][-1] != profile and not written[-1].as_string().endswith("\n\n"):
            written[-1].add(tomlkit.nl())  # a blank line before the next profile
        if len(written):
            holder[READINGS] = written


def check_new(name: str) -> None:
    """Raise BadSettings if a new profile may not have this name, or another profile has it."""
    if not name.strip() or not name.isprintable() or "://" in name:
        raise BadSettings(say("profile.bad-name", name=repr(name)))
    if name in _profiles():
        raise BadSettings(say("profile.there-already", name=repr(name), file=str(profiles_file())))


def make(name: str, settings: Mapping[str, object], hints: Mapping[str, object]) -> None:
    """Write a new profile, with a comment on each setting. ``hints`` are only suggested, with a value as an example."""
    import tomlkit  # noqa: PLC0415 - only a change waits for it

    profile = tomlkit.table()
    for setting, value in {**hints, **settings}.items():
        for line in textwrap.wrap(render(SETTINGS[setting].help, InProfile()), 100):
            profile.add(tomlkit.comment(line))
        if setting in settings:
            profile.add(setting, value)
        else:
            profile.add(tomlkit.comment(tomlkit.dumps({setting: value}).strip()))
        profile.add(tomlkit.nl())
    with _changed() as document:
        check_new(name)
        document[name] = profile


def beside(file: str) -> Path:
    """Return the path for a secret's new file, beside the profiles: this name, or a free one with a number."""
    path = profiles_file().absolute().parent / re.sub(r"[^\w.-]+", "-", file)
    return next(place for place in files.numbered(path) if not os.path.lexists(place))


def keep_beside(file: str, text: str) -> Path:
    """Keep a secret in a new file beside the profiles that only its owner can read, and return its path."""
    with _held(path := beside(file)):
        files.replace(path, f"{text}\n".encode())
    return path


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold the lock beside the profiles while the block writes this file, so that no other process changes them.

    Raises BadSettings if the file can't be written.
    """
    from filelock import FileLock  # noqa: PLC0415 - only a change waits for it

    try:
        files.make_private_folder(path.parent)
        files.keep_private(path)
        lock = f"{os.path.realpath(profiles_file())}.lock"
        with FileLock(lock, timeout=10, mode=files.OWNER_ONLY, fallback_to_soft=False):
            yield
    except (OSError, NotImplementedError) as error:  # NotImplementedError: the file system has no locks
        raise BadSettings(say("profile.not-written", file=str(path), error=files.why(error))) from error


@contextmanager
def _changed() -> Iterator[TOMLDocument]:
    """Provide the file of profiles with its comments, and write what the block changed, if it reads back as that."""
    import tomlkit  # noqa: PLC0415 - only a change waits for it

    with _held(file := profiles_file()):
        _profiles()  # refuses an unreadable file
        try:
            yield (document := tomlkit.parse(_content()))
            read_back, meant = tomllib.loads(text := document.as_string()), document.unwrap()
            is_as_meant = {**{name: {} for name in meant}, **read_back} == meant  # an empty profile may be left out
        except (ValueError, tomlkit.exceptions.TOMLKitError):  # tomlkit can't change it, or what it wrote isn't TOML
            is_as_meant = False
        if not is_as_meant:
            raise BadSettings(say("profile.not-changed", file=str(file)))
        files.replace(file, text.encode())


def _profiles() -> Mapping[str, Any]:
    try:
        return _parsed(_content())
    except (OSError, ValueError) as error:
        raise BadSettings(say("profile.unreadable", file=str(profiles_file()), error=files.why(error))) from error


@lru_cache(maxsize=1)  # several parts of a command read the file
def _parsed(text: str) -> Mapping[str, Any]:
    return tomllib.loads(text)


def _content() -> str:
    """Return the text of the file of profiles. Raises OSError, UnicodeDecodeError or BadSettings."""
    path = profiles_file()
    files.keep_private(path)  # anyone who can write there decides where the key is sent
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        if os.environ.get(FILE_VARIABLE):
            raise BadSettings(say("profile.file-missing", variable=FILE_VARIABLE, file=str(path))) from error
        return ""
