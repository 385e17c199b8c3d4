"""Apply a person's answers to the settings for a sheet.

Input: settings, and an answer. Output: settings that contain the answer; an error with the command that asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from importer.errors import ImporterError, UnclearColumns
from importer.messages import as_argument, lines, say
from importer.models import Role
from importer.settings import SETTINGS, Settings
from importer.settings.reading import Reading, key, merged, named


def answered(settings: Settings, name: str, value: str, headings: Mapping[Role, str] | None = None) -> Settings:
    """Return the settings for a sheet with an answer added, which counts more than what was said before.

    Of ``headings``, each role's: a word's meaning counts for columns with this heading.
    """
    read: Any = SETTINGS[name].read(value)
    others: dict[str, Any] = {"origin": replace(settings.origin, said=settings.origin.said | {name})}
    match name:
        case "map":
            read = {**settings.mapping, **read}
        case "value":
            words = {(role, (headings or {}).get(role, column)): of_role for (role, column), of_role in read.items()}
            read = merged(settings.values, words)
        case "ignore":
            ignored = {*map(key, read)}  # a column that was named for a role may hold something else
            others["mapping"] = {
                role: names
                for role, names in settings.mapping.items()
                if ignored.isdisjoint(key(column) for name in names for column in (name, *name.split(",")))
            }
            if (reading := settings.reading) is not None:
                before = tuple(one for one in reading.answers.get(name, ()) if key(one) not in ignored)
                anew = replace(reading, answers={**reading.answers, name: before})
                others["readings"] = tuple(anew if one is reading else one for one in settings.readings)
            read = tuple(dict.fromkeys((*settings.ignored, *read)))
        case "in-doubt":
            read = (*settings.in_doubt, *read)
        case "default-visibility" if Role.VISIBILITY in settings.mapping:  # the sheet needn't have the column any more
            names = [*filter(None, settings.mapping[Role.VISIBILITY]), ""]
            others["mapping"] = {**settings.mapping, Role.VISIBILITY: names}
    return replace(settings, **{SETTINGS[name].attribute: read}, **others)


def with_reading(settings: Settings, reading: Reading) -> Settings:
    """Return the settings for all sheets with a reading added, in place of the one with its name."""
    others = [other for other in settings.readings if named(reading.name, [other]) is None]
    return replace(settings, readings=(reading, *others))


def answerable(error: ImporterError, path: Path, *, is_person: bool) -> ImporterError:
    """Return an error about questions together with the command that asks them; any other error unchanged.

    ``is_person`` is whether a person was asked them just now.
    """
    if not isinstance(error, UnclearColumns) or str(path) == "-":
        return error
    # Which of two kinds a sheet is can't be remembered, because their headings are the same.
    if all(not question.choices or question.asks.kind == "readings.which" for question in error.questions):
        return error
    if is_person:
        return type(error)(lines(error.message, say("questions.unanswered")), error.questions)
    command = say("questions.answer", file=as_argument(str(path)))
    return type(error)(lines(error.message, command), error.questions, command)
