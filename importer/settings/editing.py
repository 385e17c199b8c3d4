"""Show and change a profile in a form, with each setting as a text.

Input: setting → text. Output: a profile's present texts, the reasons why texts can't be used, or the changed profile.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any

from importer.errors import BadSettings
from importer.messages import Said
from importer.settings import profiles
from importer.settings.kinds import Address, Limited, Names, Seconds, Share, Span, Whole, Yes
from importer.settings.limits import Limits
from importer.settings.table import SETTINGS, Setting, Settings


def texts(profile: str, names: Collection[str]) -> dict[str, str]:
    """Return a profile's values of some settings as texts that read the same, even if a value can't be used.

    Raises:
        BadSettings: see :func:`importer.settings.profiles.load`.
    """
    return {name: _text(SETTINGS[name], value) for name, value in profiles.load(profile).items() if name in names}


def wrong(said: Mapping[str, str]) -> dict[str, Said]:
    """Return the settings whose texts can't be used, alone or together, with the reasons. Blank texts are ignored."""
    reasons: dict[str, Said] = {}
    values = {}
    for name, text in said.items():
        try:
            if text.strip():
                values[name] = _value(SETTINGS[name], text)
        except BadSettings as error:
            reasons[name] = error.reason
    if not reasons:
        attributes: dict[str, Any] = {SETTINGS[name].attribute: value for name, value in values.items()}
        attributes.pop("", None)
        try:
            Settings(**attributes)
        except BadSettings as error:
            reasons[error.setting] = error.reason
    return reasons


def change(profile: str, said: Mapping[str, str]) -> list[str]:
    """Write settings into a profile. A blank text removes its setting, and an unchanged one is left alone.

    Returns:
        the names of the changed settings.

    Raises:
        BadSettings: a text can't be used, and nothing was written; or the profile can't be read or written.
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
            return "\n".join(f"{name}={item}" for name, item in value.items())
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
    """Return the value that a profile holds for a text from the form.

    Raises:
        BadSettings: the text can't be used.
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
            names = {part.partition("=")[0].strip() for part in parts}
            return {limit.name: getattr(read, limit.name) for limit in fields(Limits) if limit.name in names}
        case Names():
            return parts
        case Address():
            return str(read)
    return text
