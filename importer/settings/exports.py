"""Define an export: a kind of sheet, known by its headings, and what a person answered about it.

Input: none; :mod:`importer.settings.remembering` reads exports from the file of profiles, and writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any

from importer.errors import as_argument
from importer.messages import Message, SettingPart, day
from importer.models import Role, Visibility
from importer.resultsfile import added_columns
from importer.settings.kinds import DateOrder

HOW_READ = ("sheet", "header-row", "encoding", "delimiter", "fill-merged")
"""Settings about how a file is read. Others show other rows, and they don't apply to the file's results."""


@dataclass(frozen=True)
class Export:
    """A kind of sheet, and a person's answers about it.

    Attributes:
        name: the person's name for it.
        headings: the headings of the sheet for which the answers were given, without those of results.
        answered: the day of the latest answer.
        answers: setting → value, read and checked.
        set_aside: ignored column with words of visibility or status → the words. With others it is asked about.
        of_all: the visibility of all notes if a sheet has no column for it; None if a person never said.
        is_shared: whether it counts for all profiles.
        run: the run by which results say that they were read so; empty for what the profile remembers.
    """

    name: str
    headings: tuple[str, ...]
    answered: date
    answers: Mapping[str, Any]
    set_aside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    of_all: Visibility | None = None
    is_shared: bool = False
    run: str = ""

    @property
    def day(self) -> Message:
        """The day of the latest answer, in words."""
        return day(self.answered, year=self.answered.year != date.today().year)  # noqa: DTZ011

    @property
    def asks_anew(self) -> bool:
        """Whether it makes blank cells public, which a file can't say itself: that is asked about again."""
        return bool(self.run) and Visibility.PUBLIC in (self.of_all, self.answers.get("default-visibility"))

    @property
    def as_settings(self) -> tuple[SettingPart, ...]:
        """The settings that say the same."""
        answers = {**self.answers, **({"default-visibility": self.of_all} if self.of_all else {})}
        return tuple(SettingPart(name, text) for name in answers for text in _texts(name, answers[name]))


def _texts(name: str, value: Any) -> Iterable[str]:
    """Yield the values of a setting as flags give them, one by one."""
    match name:
        case "map":
            yield from (f"{role}={as_argument(column)}" for role, columns in value.items() for column in columns)
        case "value":
            for (role, _), words in value.items():
                yield from (f"{role}:{as_argument(word)}={as_stored(meaning)}" for word, meaning in words.items())
        case "ignore":
            yield from map(as_argument, value)
        case _:
            yield "" if value is True else as_argument(str(as_stored(value)))


@dataclass(frozen=True)
class SheetColumns:
    """The columns of a sheet, as far as they matter for what is remembered.

    Attributes:
        all_headings: the headings of the sheet.
        names: role → name of its column, by which other sheets of this kind have it.
        headings: role → heading of its column. The words of this run are kept for it.
        set_aside: ignored column with words of visibility or status → the words.
        dates: the order of day and month in the sheet's dates, as a person said or they prove.
    """

    all_headings: Sequence[str]
    names: Mapping[Role, str]
    headings: Mapping[Role, str]
    set_aside: Mapping[str, Sequence[str]]
    dates: DateOrder | None = None


def as_stored(value: Any) -> Any:
    """Return a setting's value as the file of profiles holds it."""
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
    for key, value in table.items():
        if isinstance(key, tuple):
            role, column = key
            stored.setdefault(str(role), {})[column] = {word: as_stored(meaning) for word, meaning in value.items()}
        else:
            stored[str(key)] = as_stored(value)
    return stored


def named(name: str, exports: Iterable[Export]) -> Export | None:
    """Return the export of this name, in any case; None if there is none."""
    return next((export for export in exports if export.name.casefold() == name.strip().casefold()), None)


def headings_of(sheet_headings: Sequence[str]) -> tuple[str, ...]:
    """Return the headings of a sheet without those that we added."""
    ours = added_columns(sheet_headings)
    return tuple(heading for at, heading in enumerate(sheet_headings) if at not in ours)


def are_headings(texts: Sequence[str]) -> bool:
    """Return whether a first row can be recognised again: it holds texts, and no email as rows of data do."""
    return any(map(str.strip, texts)) and not any("@" in text for text in texts)
