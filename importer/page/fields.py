"""Show a profile's settings: form fields for those that the page changes, and the values in force of the others.

Input: the profile's values as texts, their errors, and the values given by all sources. Output: fields; and the lines
of the other settings, which are changed in the profile's file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from importer.errors import BadSettings
from importer.messages import Message, Said, say
from importer.settings import SETTINGS, Setting
from importer.settings.kinds import DateOrder, IfHidden, InDoubt, OneOf, SeveralInCell
from importer.settings.reading import WORDS
from importer.settings.sources import Given, Source, written

EDITED = ("default-visibility", "rate", "between")
"""Settings that the page changes.

None of them decides which files are read, what is guarded, or where notes and the key go. Someone who takes over a
session of the page can do everything that the page can do.
"""

_SHOWN_APART = (*EDITED, "profile")
"""Settings that the page shows elsewhere: the fields, and the profile's name."""

CAPTIONS = {
    "default-visibility": {name.lower(): WORDS[name] for name in ("PUBLIC", "PRIVATE")},
    "several-in-cell": {how.value: say(f"people.who.{how.value}") for how in SeveralInCell},
    "dates": {order.value: say(f"dates.order.{order.value}") for order in DateOrder},
    "in-doubt": {answer.value: say(f"asked.answer.{answer.value}") for answer in InDoubt},
    "hidden": {answer.value: say(f"asked.answer.{answer.value}") for answer in IfHidden},
}
"""Labels for values of settings that aren't clear by themselves."""


@dataclass(frozen=True)
class Entry:
    """Form field of one setting.

    Attributes:
        setting: the setting, with its name, label and help.
        text: the field's value.
        options: value and label of each option; empty for a field that is typed.
        trouble: why the value can't be used; empty if it can.
        instead: the value that overrides this one, and its source; None if this one is in force.
    """

    setting: Setting
    text: str
    options: tuple[tuple[str, Said], ...]
    trouble: Said
    instead: Message | None


@dataclass(frozen=True)
class Shown:
    """Value in force of a setting that the page doesn't change.

    Attributes:
        name: the setting's name, as in the profile's file.
        value: its value; if it can't be used, the reason.
        origin: the place where it is set.
    """

    name: str
    value: Said
    origin: Message


def entries(texts: Mapping[str, str], given: Mapping[str, Given]) -> list[Entry]:
    """Return the fields of the form.

    Args:
        texts: the fields' values, by the settings' names.
        given: the values in force and their sources, by the settings' names.
    """
    return [
        Entry(setting, text, _options(setting, text), _trouble(setting, text), _instead(given.get(setting.name)))
        for setting, text in ((SETTINGS[name], texts.get(name, "")) for name in EDITED)
    ]


def _options(setting: Setting, text: str) -> tuple[tuple[str, Said], ...]:
    if not isinstance(setting.kind, OneOf):
        return ()
    options = {"": say("page.settings.not-set"), **CAPTIONS[setting.name]}
    return (*options.items(), *(() if text in options else ((text, text),)))  # a word that was written in the profile


def _instead(given: Given | None) -> Message | None:
    if given is None or given.place is Source.PROFILE:
        return None
    return say("field.another-counts", value=written(given.value), why=_origin(given))


def others(given: Mapping[str, Given]) -> list[Shown]:
    """Return the other settings that have a value. A value that can't be used may hold a password, and isn't shown."""
    return [
        Shown(name, _trouble(setting, given[name].value) or written(given[name].value), _origin(given[name]))
        for name, setting in SETTINGS.items()
        if name in given and name not in _SHOWN_APART
    ]


def _origin(given: Given) -> Message:
    return given.origin or say("field.the-command")


def _trouble(setting: Setting, value: object) -> Said:
    """Return why a setting can't have this value; empty if it can. A blank text sets nothing."""
    try:
        if value != "":
            setting.read(value)
    except BadSettings as error:
        return error.reason
    return ""
