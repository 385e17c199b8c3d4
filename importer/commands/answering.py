"""Answers to a preview's questions: what they make of the settings.

Comes in: settings, and an :class:`~importer.models.Answer`. Goes out: settings in which it is answered, whoever asked.
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
    """The settings with an answer; what they said of other columns and words stays.

    Args:
        settings: as they are.
        answer: to one of a sheet's questions.
        headings: role → heading of its column in the sheet; a word's meaning counts for columns of this heading.

    Raises:
        BadSettings: that can't be the answer.
    """
    setting = SETTINGS[answer.setting]
    before, said = getattr(settings, setting.attribute), setting.read(answer.value)
    if answer.setting == "value":
        meant: Any = said
        for role, heading in headings.items():
            meant = rescoped(meant, role, heading)
        return replace(settings, values=merged(settings.values, meant))
    changed: dict[str, Any] = {
        setting.attribute: _together(before, said),
        "usual": _usual(settings, answer.setting, said),
    }
    if answer.setting == "map":
        assert isinstance(said, Mapping)
        changed["mapping"] = {**before, **{role: _names(before.get(role, ()), name) for role, name in said.items()}}
    elif answer.setting == "ignore":
        changed["lasting"] = settings.lasting - {answer.value}
    elif answer.setting == "default-visibility" and Role.VISIBILITY in settings.mapping:
        # It was asked as this sheet hasn't the column; where a sheet has it, the column counts.
        changed["mapping"] = {**settings.mapping, Role.VISIBILITY: _names(settings.mapping[Role.VISIBILITY], "")}
    return replace(settings, **changed)


def offered(question: Question) -> list[PossibleAnswer]:
    """The choices in the order in which a person sees them: private stands first, public second, in every question."""
    places = {visibility.name.lower(): place for place, visibility in enumerate(Visibility)}

    def place(choice: PossibleAnswer) -> int:
        is_visibility = choice.setting == "default-visibility" or choice.value.startswith(f"{Role.VISIBILITY}:")
        return places.get(choice.value.rpartition("=")[2].lower(), len(places)) if is_visibility else len(places)

    return sorted(question.choices, key=place)


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
    changed: dict[str, Any] = {"usual": _usual(settings, name, said)}
    if setting.attribute == "mapping":
        assert isinstance(said, Mapping)
        changed["usual"] = settings.usual - said.keys()
        said = {**before, **{role: _first(heading, before.get(role)) for role, heading in said.items()}}
    elif name == "value":
        said = merged(before, said)  # type: ignore[arg-type]
    elif isinstance(said, tuple):
        changed["lasting"] = settings.lasting - set(said)
        said = _together(before, said)
    changed[setting.attribute] = said
    return replace(settings, **changed)


def _usual(settings: Settings, name: str, said: object) -> frozenset[Role]:
    """The roles of which other sheets may have other columns: an answer is about one sheet."""
    if isinstance(said, Mapping) and name == "map":
        return settings.usual | (said.keys() - settings.mapping.keys())
    if name == "ignore":  # of a column that was named for one of these, and turned out to be something else
        return settings.usual | ({Role.VISIBILITY, Role.STATUS} & settings.mapping.keys())
    return settings.usual


def _names(before: str | Sequence[str], said: str) -> str | tuple[str, ...]:
    """A role's names with another, for sheets that have none of the others; that there is none comes last."""
    names = dict.fromkeys([*([before] if isinstance(before, str) else before), said])
    found = (*filter(None, names), *([""] if "" in names else ()))
    return found[0] if len(found) == 1 else found


def _first(said: Any, before: Any) -> object:
    """A heading, and after it those that were named before, for sheets that haven't this one."""
    others = [before] if isinstance(before, str) else [*(before or ())]
    names = [name for name in others if name != said]
    return (said, *names) if said and names else said


def _together(before: object, said: object) -> object:
    if isinstance(before, tuple) and isinstance(said, tuple):
        return (*before, *(value for value in said if value not in before))
    return said
