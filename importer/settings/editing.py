"""A profile as a form shows and changes it: each setting a text, read by the one table, written as a profile has it.

Comes in: texts by the settings' names. Goes out: the texts that stand in a profile now; what is wrong with others; or
the profile, changed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from importer.errors import BadSettings
from importer.messages import Message, Said, as_message, words
from importer.settings import profiles
from importer.settings.kinds import Address, Limited, Names, Seconds, Share, Whole, Yes
from importer.settings.limits import Limits
from importer.settings.settings import Settings
from importer.settings.table import SETTINGS, Setting
from importer.settings.times import Span


def usual(setting: Setting) -> Message | None:
    """What is said of the value that counts if none is given; None if there is none."""
    if setting.default is not None:
        return as_message(setting.default) if setting.default else None
    value = getattr(Settings(), setting.attribute, None) if setting.metavar else None
    if value in (None, (), {}):
        return None
    return words(shown(value) if isinstance(value, Path) else str(value))


def shown(path: Path) -> str:
    """A path with the home folder as ~."""
    with contextlib.suppress(ValueError, RuntimeError):
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    return str(path)


def texts(profile: str, names: Collection[str]) -> dict[str, str]:
    """What a profile holds of some settings, each as a text that reads the same, whether it can be used or not.

    Raises:
        BadSettings: see :func:`importer.settings.profiles.load`.
    """
    return {name: _text(SETTINGS[name], value) for name, value in profiles.load(profile).items() if name in names}


def wrong(said: Mapping[str, str]) -> dict[str, Said]:
    """Which of these texts can't be used, and why, by themselves or together; a blank one says nothing."""
    found: dict[str, Said] = {}
    values = {}
    for name, text in said.items():
        try:
            if text.strip():
                values[name] = _value(SETTINGS[name], text)
        except BadSettings as error:
            found[name] = error.reason
    if not found:
        known: dict[str, Any] = {SETTINGS[name].attribute: value for name, value in values.items()}
        known.pop("", None)
        try:
            Settings(**known)
        except BadSettings as error:
            found[error.setting] = error.reason
    return found


def change(profile: str, said: Mapping[str, str]) -> list[str]:
    """Give settings of a profile these texts; one that is blank is taken out of it, one that stands there stays.

    Returns:
        the settings that were changed.

    Raises:
        BadSettings: one can't be used, and nothing was written; or the profile can't be read or written.
    """
    before = texts(profile, said)
    values = {
        name: _value(SETTINGS[name], text) if text.strip() else None
        for name, text in said.items()
        if text.split() != before.get(name, "").split()
    }
    if values:
        profiles.remember(profile, values)
    return [*values]


def _text(setting: Setting, value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Mapping():
            return "\n".join(f"{name}={found}" for name, found in value.items())
        case list() if isinstance(setting.kind, Names):
            return "\n".join(map(str, value))
        case float() if isinstance(setting.kind, Share):
            return f"{value * 100:g}%"
        case float():
            return f"{value:g}s" if isinstance(setting.kind, Span) else f"{value:g}"
        case int() if isinstance(setting.kind, Span):
            return f"{value}s"
    return str(value)


def _value(setting: Setting, text: str) -> object:
    """What a profile holds where a person writes this.

    Raises:
        BadSettings: it can't be used.
    """
    text = text.strip()
    parts = [line.strip() for line in text.splitlines() if line.strip()]
    read = setting.read(parts if setting.many else text)
    match setting.kind:
        case Yes() | Whole():
            return read
        case Seconds():
            assert isinstance(read, float)
            return int(read) if read.is_integer() else read
        case Limited():
            given = {part.partition("=")[0].strip() for part in parts}
            return {found.name: getattr(read, found.name) for found in fields(Limits) if found.name in given}
        case Names():
            return parts
        case Address():
            return str(read)
    return text
