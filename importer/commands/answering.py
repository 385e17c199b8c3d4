"""Apply a person's answers to the settings.

Input: settings, and a :class:`~importer.models.PossibleAnswer`. Output: settings that contain the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from importer.models import PossibleAnswer, Question, Role, Visibility
from importer.settings import SETTINGS, Settings
from importer.settings.meanings import merged, rescoped
from importer.settings.remembering import NO_COLUMNS


def answered(settings: Settings, answer: PossibleAnswer, headings: Mapping[Role, str] = NO_COLUMNS) -> Settings:
    """Return the settings with an answer added. Settings for other columns and words don't change.

    Args:
        settings: the current settings.
        answer: an answer to one of a sheet's questions.
        headings: role → heading of its column in the sheet. A word's meaning counts for columns with this heading.

    Raises:
        BadSettings: the setting can't have this value.
    """
    setting = SETTINGS[answer.setting]
    current, parsed = getattr(settings, setting.attribute), setting.read(answer.value)
    if answer.setting == "value":
        meanings: Any = parsed
        for role, heading in headings.items():
            meanings = rescoped(meanings, role, heading)
        return replace(settings, values=merged(settings.values, meanings))
    changed: dict[str, Any] = {
        setting.attribute: _together(current, parsed),
        "usual": _usual(settings, answer.setting, parsed),
    }
    if answer.setting == "map":
        assert isinstance(parsed, Mapping)
        changed["mapping"] = {**current, **{role: _names(current.get(role, ()), name) for role, name in parsed.items()}}
    elif answer.setting == "ignore":
        changed["lasting"] = settings.lasting - {answer.value}
    elif answer.setting == "default-visibility" and Role.VISIBILITY in settings.mapping:
        # The question was asked because this sheet lacks the column. If another sheet has it, the column counts.
        changed["mapping"] = {**settings.mapping, Role.VISIBILITY: _names(settings.mapping[Role.VISIBILITY], "")}
    return replace(settings, **changed)


def offered(question: Question) -> list[PossibleAnswer]:
    """Return the choices of a question in the order shown to a person: private always before public."""
    places = {visibility.name.lower(): place for place, visibility in enumerate(Visibility)}

    def place(choice: PossibleAnswer) -> int:
        is_visibility = choice.setting == "default-visibility" or choice.value.startswith(f"{Role.VISIBILITY}:")
        return places.get(choice.value.rpartition("=")[2].lower(), len(places)) if is_visibility else len(places)

    return sorted(question.choices, key=place)


def chosen(settings: Settings, name: str, value: str) -> Settings:
    """Return the settings with a chosen value, which takes precedence over the current one.

    If the value is a heading, it is tried before the other headings of its role.

    Args:
        settings: the current settings.
        name: name of the setting.
        value: its new value, as a text.

    Raises:
        BadSettings: the setting can't have this value.
    """
    setting = SETTINGS[name]
    current, parsed = getattr(settings, setting.attribute), setting.read(value)
    changed: dict[str, Any] = {"usual": _usual(settings, name, parsed)}
    if setting.attribute == "mapping":
        assert isinstance(parsed, Mapping)
        changed["usual"] = settings.usual - parsed.keys()
        parsed = {**current, **{role: _first(heading, current.get(role)) for role, heading in parsed.items()}}
    elif name == "value":
        parsed = merged(current, parsed)  # type: ignore[arg-type]
    elif isinstance(parsed, tuple):
        changed["lasting"] = settings.lasting - set(parsed)
        parsed = _together(current, parsed)
    changed[setting.attribute] = parsed
    return replace(settings, **changed)


def _usual(settings: Settings, name: str, parsed: object) -> frozenset[Role]:
    """Return the roles for which other sheets may use other columns, because an answer is about one sheet."""
    if isinstance(parsed, Mapping) and name == "map":
        return settings.usual | (parsed.keys() - settings.mapping.keys())
    if name == "ignore":  # the column was named for one of these roles, but holds something else
        return settings.usual | ({Role.VISIBILITY, Role.STATUS} & settings.mapping.keys())
    return settings.usual


def _names(current: str | Sequence[str], heading: str) -> str | tuple[str, ...]:
    """Return a role's headings with one added, for sheets that have none of the others. "" (no column) is last."""
    names = dict.fromkeys([*([current] if isinstance(current, str) else current), heading])
    ordered = (*filter(None, names), *([""] if "" in names else ()))
    return ordered[0] if len(ordered) == 1 else ordered


def _first(heading: Any, current: Any) -> object:
    """Return a new heading, followed by the role's current headings for sheets that lack the new one."""
    others = [current] if isinstance(current, str) else [*(current or ())]
    names = [name for name in others if name != heading]
    return (heading, *names) if heading and names else heading


def _together(current: object, parsed: object) -> object:
    if isinstance(current, tuple) and isinstance(parsed, tuple):
        return (*current, *(value for value in parsed if value not in current))
    return parsed
