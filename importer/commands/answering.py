"""Apply a person's answers to the settings.

Input: settings, and a :class:`~importer.models.PossibleAnswer`. Output: settings that contain the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from importer.models import PossibleAnswer, Question, Role, Visibility
from importer.settings import SETTINGS, Settings
from importer.settings.kinds import none_last
from importer.settings.meanings import for_columns, merged
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
    value: Any = SETTINGS[answer.setting].read(answer.value)
    columns = settings.mapping
    if answer.setting == "value":
        value = for_columns(value, headings)
    elif answer.setting == "map":  # for sheets that lack the role's other columns
        value = {role: none_last((*columns.get(role, ()), *names)) for role, names in value.items()}
        return _with(settings, "map", value, usual=settings.usual | (value.keys() - columns.keys()))
    elif answer.setting == "default-visibility" and Role.VISIBILITY in columns:
        # The question was asked because this sheet lacks the column. If another sheet has it, the column counts.
        settings = _with(settings, "map", {Role.VISIBILITY: none_last((*columns[Role.VISIBILITY], ""))})
    return _with(settings, answer.setting, value)


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
    read: Any = SETTINGS[name].read(value)
    if name != "map":
        return _with(settings, name, read)
    columns = {
        role: none_last((*names, *settings.mapping.get(role, ()))) if any(names) else names
        for role, names in read.items()
    }
    return _with(settings, "map", columns, usual=settings.usual - columns.keys())


def _with(settings: Settings, name: str, value: Any, **others: Any) -> Settings:
    """Return the settings with a value. Columns, words and ignored columns are added to the present ones."""
    match name:
        case "map":
            value = {**settings.mapping, **value}
        case "value":
            value = merged(settings.values, value)
        case "ignore":
            # The column may have been named for one of these roles, but holds something else.
            others["usual"] = settings.usual | ({Role.VISIBILITY, Role.STATUS} & settings.mapping.keys())
            others["lasting"] = settings.lasting.difference(value)
            value = tuple(dict.fromkeys((*settings.ignored, *value)))
    return replace(settings, **{SETTINGS[name].attribute: value}, **others)
