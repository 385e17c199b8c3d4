"""Collect settings from four sources: values said now (flags, a form, Python), environment, profile, and defaults.

Input: the values said now, by setting. Output: each value with its origin, and the :class:`Settings` made of them. An
error names the origin of the value that can't be used.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from importer.errors import BadSettings
from importer.messages import Message, SettingPart, lines, say
from importer.settings import SETTINGS, Origin, Settings, profiles, readings, secrets
from importer.settings.address import default_journal, journal_place
from importer.settings.secrets import ADDRESSES_VARIABLE, KEY_VARIABLE, Recipient, read_key, read_recipients

OTHER_VARIABLES = ("NOTE_IMPORTER_PROFILES", "NOTE_IMPORTER_JOURNALS", "NOTE_IMPORTER_DEBUG", ADDRESSES_VARIABLE)
"""Our environment variables that aren't settings: the paths of the profiles and of the remembered journals, details on
faults, and the addresses for notifications."""


@dataclass(frozen=True)
class Given:
    """A value that isn't read yet, and the place where it was set, for a message; None if it was said now."""

    value: object
    origin: Message | None = None
    is_of_profile: bool = False


def written(value: object) -> str:
    """Return a value as text, in the same form whether a flag or the profile sets it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value))
    return str(value)


def gather(
    said: Mapping[str, object],
    names: Collection[str],
    environment: Mapping[str, str] = os.environ,
) -> dict[str, Given]:
    """Return the given values of the settings that matter, by name: as said now, in the environment, in the profile.

    A blank variable gives no value. Raises BadSettings if the profile doesn't exist or can't be read, or one of our
    variables is misspelt.
    """
    _check_variables(environment)
    given = {name: Given(value) for name, value in said.items()}
    for name in names:
        setting = SETTINGS[name]
        text = environment.get(setting.variable, "") if setting.is_lasting else ""
        if text.strip():
            given.setdefault(name, Given(text, say("origin.variable", name=setting.variable)))
    if "profile" in names:
        profile = str(given["profile"].value) if "profile" in given else profiles.DEFAULT
        origin = profiles.place_of(profile)
        for name, value in profiles.load(profile).items():
            if name in names:
                given.setdefault(name, Given(value, origin, is_of_profile=True))
    return given


def _check_variables(environment: Mapping[str, str]) -> None:
    """Refuse a misspelt variable, which would silently have no effect."""
    variables = [*(setting.variable for setting in SETTINGS.values() if setting.is_lasting), *OTHER_VARIABLES]
    for name in sorted(environment):
        if name.startswith("NOTE_IMPORTER_") and name not in variables:
            raise BadSettings(lines(say("variable.misspelt", name=name), profiles.what_to_do_with(name, variables)))


def settings_of(given: Mapping[str, Given]) -> Settings:
    """Return the settings, with the default of each setting that has no value.

    Raises BadSettings if a value can't be used; the message names the setting, its origin, and what is allowed.
    """
    values: dict[str, Any] = {SETTINGS[name].attribute: entry.value for name, entry in given.items()}
    values.pop("", None)
    said = frozenset(name for name, entry in given.items() if not entry.is_of_profile)
    profile = str(given["profile"].value) if "profile" in given else profiles.DEFAULT
    with _placed(given):
        origin = Origin(said, secret_files=_secret_files(given))
        return Settings(**values, readings=readings.of_profile(profile), origin=origin)


_SECRET = ("api-key-file", "notify-file", "log-file")
"""The settings that name a private file."""

_SECRET_ELSEWHERE = ("PGPASSFILE", "PGSERVICEFILE")
"""Variables of PostgreSQL that name a private file, which holds a database's password."""


def _secret_files(given: Mapping[str, Given]) -> list[Path]:
    """Return the known private files of all profiles, the file of profiles, and the journals. They needn't exist."""
    raw = [given[name].value for name in _SECRET if name in given]
    raw += [os.environ.get(name, "") for name in (*(SETTINGS[name].variable for name in _SECRET), *_SECRET_ELSEWHERE)]
    raw += profiles.as_written(*_SECRET)
    files = [Path(value) for value in raw if isinstance(value, (str, Path)) and str(value)]
    return [file for file in (*files, profiles.profiles_file(), *_journals()) if "\0" not in str(file)]


def _journals() -> Iterator[Path]:
    """Yield the journal files of all profiles, with the files that SQLite keeps beside them."""
    for journal in (default_journal(), *profiles.as_written("journal")):
        with contextlib.suppress(BadSettings):
            if journal and isinstance(place := journal_place(str(journal)), Path):
                yield from (place.with_name(f"{place.name}{end}") for end in ("", "-wal", "-shm"))


@contextmanager
def _placed(given: Mapping[str, Given]) -> Iterator[None]:
    """Add the setting's origin to a BadSettings that the block raises."""
    try:
        yield
    except BadSettings as error:
        if error.origin or error.setting not in given:
            raise
        raise BadSettings(error.reason, setting=error.setting, origin=given[error.setting].origin) from error


def read(given: Mapping[str, Given], name: str) -> Any:
    """Return the value of a single setting, such as one that no run uses; None if the setting has no value."""
    if name not in given:
        return None
    with _placed(given):
        return SETTINGS[name].read(given[name].value)


def with_key(settings: Settings, given: Mapping[str, Given]) -> Settings:
    """Return the settings with the key from the first source that has one, and with that source.

    The sources are the file named now, the environment, the profile's file, and the system's key store. In the
    environment, the key itself counts more than the name of a key file, because a person who sets the key for a single
    command means this key. A profile's key is for the profile's address, and is sent to no other.

    Raises BadSettings if there is no key, the text can't be a key, or the key is for another address.
    """
    file, address = secret_file(given, "api-key-file"), given.get("base-url")
    if file is not None:
        if (
            given["api-key-file"].is_of_profile
            and address is not None
            and not address.is_of_profile
            and profiles.load(settings.profile).get("base-url") not in (settings.base_url, address.value)
        ):
            by, profile = address.origin or SettingPart("base-url"), repr(settings.profile)
            message = say("key.of-another-address", address=settings.base_url, origin=by, profile=profile)
            raise BadSettings(message)
        with _placed(given):
            key = read_key(file)
        place, origin = say("origin.file", file=str(file)), given["api-key-file"].origin
        place = place if origin is None else say("origin.file-named", file=str(file), origin=origin)
    elif os.environ.get(KEY_VARIABLE, "").strip() or not (key := secrets.kept_key(settings.workspace) or ""):
        key, place = read_key(None), say("origin.variable", name=KEY_VARIABLE)
    else:
        place = say("origin.key-store", workspace=str(settings.workspace))
    place = say("key.of-profile", profile=repr(settings.profile), place=place)
    return replace(settings, key=key, origin=replace(settings.origin, key_place=place))


def recipients(given: Mapping[str, Given]) -> tuple[Recipient, ...]:
    """Return the recipients of notifications, from the same sources as the key except the key store."""
    with _placed(given):
        return read_recipients(secret_file(given, "notify-file"))


def secret_file(given: Mapping[str, Given], name: str) -> Path | None:
    """Return the file with a secret; None if no file is named, or if the secret in the environment takes precedence."""
    entry, variable = given.get(name), {"api-key-file": KEY_VARIABLE, "notify-file": ADDRESSES_VARIABLE}[name]
    if entry is None or (entry.origin is not None and os.environ.get(variable, "").strip()):
        return None
    return Path(read(given, name))
