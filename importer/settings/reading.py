"""Define a reading: how a kind of sheet is read, as a person answered. The kind is known by its headings.

Input: headings. Output: names of columns; :class:`Reading`. :mod:`importer.settings.readings` keeps readings in the
file of profiles.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import Any, TypeAlias

from importer.messages import Cell, Message, SettingPart, as_argument, day, say
from importer.models import Role, Status, Visibility
from importer.settings.kinds import Values, Words, with_marks

Form: TypeAlias = tuple[str, str]
"""A template, and the order of day and month in its dates; the order is empty if dates stay as they are."""

_NAMES = (*Visibility.__members__, *Status.__members__)
MEANS = {name: say(f"meaning.{name.lower()}") for name in _NAMES}
"""Name of a visibility or status → its meaning, for a person. The values aren't unique: both enumerations have a 1."""
WORDS = {name: say(f"word.{name.lower()}") for name in _NAMES}
"""Name of a visibility or status → its word, for a person."""

_MOST_WORDS = 12  # words of a column whose meanings are shown
_SIGNS = re.compile(r"[\W_]+")
_NUMBER = re.compile(r" ?#\d+$")
_NUMBERED = re.compile(r"(.*?) ?#(\d+)", re.DOTALL)


def kind_in_words(visibility: Visibility, status: Status) -> list[Message]:
    """Return the visibility of a note in words, and that it is a draft."""
    return [WORDS[visibility.name], *([WORDS[status.name]] if status is Status.DRAFT else [])]


def meanings_in_words(meanings: Mapping[str, Visibility | Status | None]) -> Message | None:
    """Return the meanings of a column's words, such as Yes → public, No → private; None if it has none."""
    labels = (Cell(" ".join(word.split())) if word else say("meanings.blank") for word in meanings)
    values = (say("meanings.left-out") if value is None else WORDS[value.name] for value in meanings.values())
    messages = [say("meanings.word", word=word, value=value) for word, value in zip(labels, values, strict=True)]
    if len(messages) > _MOST_WORDS:
        return say("meanings.more", words=tuple(messages[:_MOST_WORDS]), n=len(messages) - _MOST_WORDS)
    return say("names", names=tuple(messages)) if messages else None


def merged(below: Values, above: Values) -> Values:
    """Return both values together. If both give a word of the same column a meaning, that of ``above`` counts."""
    return {place: _over(below.get(place, {}), above.get(place, {})) for place in {**below, **above}}


def _over(below: Words, above: Words) -> Words:
    """Return the words of both. Meanings in ``above`` override the others; case and spaces don't matter."""

    def folded(word: str) -> str:
        return " ".join(word.casefold().split())

    overridden = {*map(folded, above)}
    return {**{word: value for word, value in below.items() if folded(word) not in overridden}, **above}


@lru_cache(maxsize=4096)  # a damaged file's may be long, and each is compared with all others
def folded_heading(heading: str) -> str:
    """Return a heading without case, spaces, underscores and other signs, to compare headings."""
    return _SIGNS.sub("", unicodedata.normalize("NFKC", heading)).casefold()


def without_number(name: str) -> str:
    """Return a column's name without the number of a repeated heading."""
    return _NUMBER.sub("", name)


def key(name: str) -> str:
    """Return a column's name in comparable form, which keeps the number of a repeated heading."""
    if numbered := _NUMBERED.fullmatch(name):
        return f"{folded_heading(numbered[1])}#{numbered[2]}"
    return folded_heading(name) or name.strip()


def numbered(headings: Sequence[str]) -> list[str]:
    """Return a name for each column: its heading, with its number if others have the same: ``Note #2``."""
    keys = [key(heading) for heading in headings]
    count, seen, names = Counter(keys), Counter[str](), []
    for heading, of_heading in zip(headings, keys, strict=True):
        seen[of_heading] += 1
        is_plain = bool(of_heading) and count[of_heading] == 1
        names.append(heading.strip() if is_plain else f"{heading.strip()} #{seen[of_heading]}".strip())
    return names


@dataclass(frozen=True)
class Reading:
    """How a kind of sheet is read.

    Attributes:
        name: the person's name for the kind of sheet.
        answered: the day of the latest answer.
        answers: setting → value, read and checked, for the settings that are declared as part of a reading. They name
            columns as :func:`numbered` does, never by letters.
        seen: ignored column with words of visibility or status → the words. With others it is asked about.
        run: the run that read a sheet so; empty for what the profile remembers.
        earlier: forms that the texts of the notes had before, in their order of use.
        applies: whether it was found to be the reading of the sheet at hand.
    """

    name: str
    headings: tuple[str, ...]
    answered: date
    answers: Mapping[str, Any]
    seen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    run: str = ""
    earlier: tuple[Form, ...] = ()
    applies: bool = field(default=False, compare=False)

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms of the notes' texts that templates make, in their order of use; now the last one applies."""
        order = str(self.answers.get("dates") or "")
        now = [(name, order) for name in self.answers.get("map", {}).get(Role.CONTENT, ()) if "{" in name]
        return (*(form for form in self.earlier if form not in now), *now)

    def after(self, before: Reading) -> Reading:
        """Return this reading with the forms that another one had, whose place it takes."""
        return replace(self, earlier=tuple(form for form in before.forms if form not in self.forms))

    @property
    def day(self) -> str:
        """The day of the latest answer, in words."""
        return day(self.answered)

    @property
    def columns(self) -> Mapping[Role, tuple[str, ...]]:
        """Role → names of its column, with those of words."""
        names = {role: tuple(names) for role, names in self.answers.get("map", {}).items()}
        for role, column in self.answers.get("value", {}):
            names.setdefault(role, (column or "",))
        return names

    @property
    def as_settings(self) -> tuple[SettingPart, ...]:
        """The settings that say the same."""
        return tuple(
            SettingPart(name, text, is_from_sheet=True)
            for name, value in self.answers.items()
            for text in _texts(name, value)
        )


def _texts(name: str, value: Any) -> Iterable[str]:
    """Yield the values of a setting as flags give them, one by one."""
    match name:
        case "map":
            yield from (f"{role}={as_argument(column)}" for role, columns in value.items() for column in columns)
        case "value":
            pairs = [(role, with_marks(word), means) for (role, _), of in value.items() for word, means in of.items()]
            yield from dict.fromkeys(f"{role}:{as_argument(word)}={as_stored(means)}" for role, word, means in pairs)
        case "ignore":
            yield from map(as_argument, value)
        case _:
            yield "" if value is True else as_argument(str(as_stored(value)))


def as_stored(value: Any) -> Any:
    """Return a setting's value as TOML and JSON hold it."""
    match value:
        case None:
            return ""
        case Enum():
            return value.name.capitalize() if value.value.isdecimal() else value.value
        case Mapping():
            return _table(value)
        case tuple():
            return value[0] if len(value) == 1 else [*value]
    return value


def _table(table: Mapping[Any, Any]) -> dict[str, Any]:
    """Return roles → columns, or roles and columns → words, as tables within tables."""
    stored: dict[str, Any] = {}
    for place, value in table.items():
        if isinstance(place, tuple):
            role, column = place
            words = {word: as_stored(meaning) for word, meaning in value.items()}
            stored.setdefault(str(role), {}).update(words if column is None else {column: words})
        else:
            stored[str(place)] = as_stored(value)
    return stored


def named(name: str, readings: Iterable[Reading]) -> Reading | None:
    """Return the reading of this name, in any case; None if there is none."""
    return next((reading for reading in readings if reading.name.casefold() == name.strip().casefold()), None)
