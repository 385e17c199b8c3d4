"""Answers to a preview's questions: what they make of the settings.

Comes in: settings, and an :class:`~importer.models.Answer`. Goes out: settings in which it is answered, whoever asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from importer.models import Answer
from importer.settings import SETTINGS, Settings


def answered(settings: Settings, answer: Answer) -> Settings:
    """The settings with an answer; what they said of other columns and words stays.

    Raises:
        BadSettings: that can't be the answer.
    """
    setting = SETTINGS[answer.setting]
    before = getattr(settings, setting.attribute)
    changed: dict[str, Any] = {setting.attribute: _together(before, setting.read(answer.value))}
    return replace(settings, **changed)


def chosen(settings: Settings, name: str, value: str) -> Settings:
    """The settings with a choice that counts more than what they said before: of a role's headings it comes first.

    Args:
        settings: as they are.
        name: of a setting.
        value: what it is given, as a text.

    Raises:
        BadSettings: it can't be given that.
    """
    setting = SETTINGS[name]
    before, said = getattr(settings, setting.attribute), setting.read(value)
    if setting.attribute == "mapping":
        assert isinstance(said, Mapping)
        said = {**before, **{role: _first(heading, before.get(role)) for role, heading in said.items()}}
    elif isinstance(said, Mapping | tuple):
        said = _together(before, said)
    changed: dict[str, Any] = {setting.attribute: said}
    return replace(settings, **changed)


def _first(said: Any, before: Any) -> object:
    """A heading, and after it those that were named before, for sheets that haven't this one."""
    others = [before] if isinstance(before, str) else [*(before or ())]
    names = [name for name in others if name and name != said]
    return (said, *names) if said and names else said


def _together(before: object, said: object) -> object:
    if isinstance(before, Mapping) and isinstance(said, Mapping):
        return {**before, **{name: _together(before.get(name), value) for name, value in said.items()}}
    if isinstance(before, tuple) and isinstance(said, tuple):
        return (*before, *(value for value in said if value not in before))
    if type(said) is str and said and before:  # another heading of a role, for sheets that haven't the others
        others = [before] if isinstance(before, str) else [*before] if isinstance(before, tuple) else []
        return (*(name for name in others if name != said), said)
    return said
