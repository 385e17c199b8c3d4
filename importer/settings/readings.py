"""Keep the readings of sheets in the file of profiles, and lay them under a person's settings for a run.

Input: a profile's name, or settings and a reading or an answer. Output: readings; the settings with these answers; the
changed file. Only here is it known what a reading holds: the settings that :mod:`importer.settings` declares so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import PurePath
from typing import Any

from importer.errors import BadSettings
from importer.messages import render, say
from importer.models import Role
from importer.settings import SETTINGS, Settings, profiles
from importer.settings.kinds import Values, names
from importer.settings.reading import Reading, as_stored, key, merged, named, without_number

NONE = "none"
"""Value of the setting ``export`` for a sheet to which no reading applies. No reading has this name."""
HELD = {name: setting for name, setting in SETTINGS.items() if setting.is_of_reading}
"""The settings that a reading holds."""
_ABOUT, _SEEN, _EARLIER = ("name", "headings", "answered"), "seen", "earlier"


def of_profile(profile: str) -> tuple[Reading, ...]:
    """Return the readings that a profile remembers.

    Raises BadSettings if an entry can't be used; or see :func:`importer.settings.profiles.load`.
    """
    try:
        return tuple(map(from_entry, profiles.readings(profile)))
    except BadSettings as error:
        where = profiles.place_of(profile)
        raise BadSettings(say("readings.not-valid", where=where, why=error.message)) from error


def from_entry(entry: object) -> Reading:
    """Return a reading from its entry, as :func:`entry_of` makes it and a person may change it.

    Raises BadSettings if the entry can't be used.
    """
    about = entry if isinstance(entry, Mapping) else {}
    name, headings, answered = (about.get(part) for part in _ABOUT)
    seen, earlier = about.get(_SEEN, {}), about.get(_EARLIER, [])
    if not isinstance(name, str) or not isinstance(headings, list) or type(answered) is not date:
        raise BadSettings(say("readings.incomplete"))
    _check_name(name)
    if not isinstance(seen, Mapping):
        raise BadSettings(say("readings.seen-words"))
    misplaced = [setting for setting, words in seen.items() if not isinstance(words, list)]
    misplaced += [setting for setting in about if setting not in (*HELD, *_ABOUT, _SEEN, _EARLIER)]
    if misplaced:
        raise BadSettings(say("readings.no-setting", setting=repr(misplaced[0]), known=tuple(sorted(HELD))))
    answers = {setting: HELD[setting].read(value) for setting, value in about.items() if setting in HELD}
    words = {str(column): names(words) for column, words in seen.items()}
    if not isinstance(earlier, list) or not all(isinstance(form, list) and len(form) == 2 for form in earlier):
        raise BadSettings(say("readings.earlier-forms"))
    forms = tuple((str(template), str(HELD["dates"].read(order)) if order else "") for template, order in earlier)
    return Reading(name, tuple(map(str, headings)), answered, answers, words, earlier=forms)


def entry_of(reading: Reading) -> dict[str, object]:
    """Return a reading as TOML and JSON hold it."""
    stored: dict[str, object] = {
        "name": reading.name,
        "answered": reading.answered,
        "headings": [*reading.headings],
        **{name: as_stored(value) for name, value in reading.answers.items()},
    }
    if reading.seen:
        stored[_SEEN] = {column: [*words] for column, words in reading.seen.items()}
    if reading.earlier:
        stored[_EARLIER] = [[*form] for form in reading.earlier]
    return stored


def _check_name(name: str) -> None:
    if not name.strip() or name.strip().casefold() == NONE or not name.isprintable():
        raise BadSettings(say("readings.no-name", name=repr(name)))


def keep(profile: str, reading: Reading) -> None:
    """Write a reading into a profile, in place of the one with its name."""
    _check_name(reading.name)
    comment = render(say("readings.comment", date=f"{reading.answered:%Y-%m-%d}"), profiles.InProfile())
    profiles.change_reading(profile, reading.name, entry_of(reading), comment)


def forget(profile: str, name: str) -> Reading:
    """Remove the reading of this name from a profile, and return it."""
    reading = one(profile, name)
    profiles.change_reading(profile, reading.name, None)
    return reading


def one(profile: str, name: str) -> Reading:
    """Return the reading of this name; raise BadSettings if there is none."""
    if (reading := named(name, of_profile(profile))) is None:
        raise BadSettings(say("readings.no-such", name=repr(name)))
    return reading


def name_for(source: str, taken: Iterable[str]) -> str:
    """Return a name for the reading of a file, made of the words of the file's name, without dates and numbers."""
    stem = PurePath(source).name.partition(".")[0]
    plain = " ".join(word for word in re.split(r"[\W_]+", stem) if word and not word[0].isdigit()) or "export"
    name, number, others = plain, 1, {NONE, *map(str.casefold, taken)}
    while name.casefold() in others:
        number += 1
        name = f"{plain} {number}"
    return name


def laid_under(settings: Settings, reading: Reading | None) -> Settings:
    """Return the settings for a sheet: a person's for this run, completed by the answers of the sheet's reading."""
    if reading is None:
        return settings
    answers = dict(reading.answers)
    gone = {*map(key, settings.ignored)}
    roles = {
        role: names
        for role, names in answers.pop("map", {}).items()
        if role not in settings.mapping and gone.isdisjoint(map(key, filter(None, names)))
    }
    said = {key(name) for names in settings.mapping.values() for name in names}
    ignored = [name for name in answers.pop("ignore", ()) if key(name) not in said]
    # The words stand under the heading of their column, which has no number there.
    words: Values = {(role, without_number(name)): of for (role, name), of in answers.pop("value", {}).items()}
    scalars: dict[str, Any] = {
        HELD[name].attribute: value for name, value in answers.items() if name not in settings.origin.said
    }
    return replace(
        settings,
        mapping={**settings.mapping, **roles},
        ignored=tuple(dict.fromkeys((*settings.ignored, *ignored))),
        values=merged(words, settings.values),
        readings=tuple(replace(one, applies=True) if one is reading else one for one in settings.readings),
        **scalars,
    )


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
