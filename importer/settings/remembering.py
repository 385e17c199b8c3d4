"""What a person said of a file's columns and words, kept in the profile, so that nothing is asked the next time.

Comes in: settings. Goes out: the same in the file of profiles; and what stands there, to be looked at and forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from importer.errors import BadSettings
from importer.messages import say
from importer.models import Role
from importer.settings import profiles
from importer.settings.kinds import Columns
from importer.settings.meanings import Scope, Words, rescoped, without_column
from importer.settings.settings import Settings

NO_COLUMNS: Mapping[Role, str] = MappingProxyType({})
_LONGEST_LETTER = 3
_TABLES = ("map", "values", "ignore", "encoding")
REMEMBERED = ("map", "value", "content", "key-column", "fill-merged", "encoding")
"""The settings that are kept. That a sheet has no visibility, or a column no role, is true of that sheet alone."""


def remember(settings: Settings, only: Collection[str] = REMEMBERED, headings: Mapping[Role, str] = NO_COLUMNS) -> Path:
    """Keep in the profile what was said about the file's columns and values; the file of profiles.

    Args:
        settings: what was said.
        only: names of settings, where not all are to be kept.
        headings: role → heading of its column in this file. What was said of the words of this run is kept for it.

    Raises:
        BadSettings: the file of profiles can't be read or written.
    """
    kept: dict[str, object] = {"content": settings.content.value}
    known = settings.profile in profiles.names()
    if settings.mapping:
        before = profiles.load(settings.profile).get("map") if known else None
        roles: Mapping[Role, str | Sequence[str]] = Columns().read(before or {})
        kept["map"] = {
            role.value: named if isinstance(named, str) else [*named]
            for role, names in settings.mapping.items()
            for named in [_by_heading(names, headings.get(role, "")) or _or_none(roles.get(role, ()))]
        }
    if "value" in only and (values := for_columns(settings, headings).values):
        held = dict(_items(profiles.load(settings.profile).get("value") if known else None))
        kept["value"] = held | {
            role.value: {**dict(_items(held.get(role.value))), **_table(columns)} for role, columns in values.items()
        }
    if settings.key_column is not None:
        kept["key-column"] = settings.key_column
    if settings.fill_merged:
        kept["fill-merged"] = True
    if isinstance(settings.encoding, Mapping):
        held = dict(_items(profiles.load(settings.profile).get("encoding") if known else None))
        kept["encoding"] = held | {**settings.encoding}
    kept = {name: value for name, value in kept.items() if name in only}
    if "map" in kept and (ignored := _still_ignored(settings)) is not None:
        kept["ignore"] = ignored
    return profiles.remember(settings.profile, kept)


def _by_heading(names: str | Sequence[str], heading: str) -> str | Sequence[str]:
    """Return a column's heading in the place of its letter, which would be another column's in another sheet."""
    is_letter = isinstance(names, str) and names.isascii() and names.isalpha() and len(names) <= _LONGEST_LETTER
    return heading if is_letter and heading.strip() else names


def for_columns(settings: Settings, headings: Mapping[Role, str]) -> Settings:
    """Return the settings with the words of this run kept for the columns that have their roles in a file.

    Words of a column without a heading, by which it could be known again, are left out.
    """
    values = settings.values
    for role in settings.values:
        values = rescoped(values, role, headings.get(role, ""))
    return replace(settings, values=without_column(values, ""))


def _table(columns: Mapping[str | Scope, Words]) -> dict[str, object]:
    """Return a role's words as they stand in a profile: those of a column in a table of its own."""
    table: dict[str, object] = {}
    for column, words in columns.items():
        texts = {word: value.name.capitalize() if value else "" for word, value in words.items()}
        table |= texts if isinstance(column, Scope) else {column: texts}
    return table


def _still_ignored(settings: Settings) -> list[str] | None:
    """Return the profile's ignored columns without those that have a role now; None if it ignores none of them."""
    mapped = [name for names in settings.mapping.values() for name in ([names] if isinstance(names, str) else names)]
    taken = {" ".join(name.casefold().split()) for name in mapped}
    before = _listed(profiles.load(settings.profile).get("ignore")) if settings.lasting else []
    left = [name for name in before if " ".join(name.casefold().split()) not in taken]
    return left if len(left) < len(before) else None


@dataclass(frozen=True)
class Memory:
    """One thing that a profile remembers of files.

    Attributes:
        path: where it stands in the profile; the first is what the profile calls the setting.
        role: what it is about; empty for a column that is set aside; *encoding* for that of an export.
        word: the heading or headings, or the word of the sheet; an empty heading is that no column has the role.
        meaning: what the word means; empty where its rows are left out.
        column: heading of the column for which the word means that; empty for all under plain headings.
    """

    path: tuple[str, ...]
    role: str = ""
    word: str = ""
    meaning: str = ""
    column: str = ""


def memories(profile: str) -> list[Memory]:
    """The columns and words that a profile remembers; what can't be used is told, too, so that it can be forgotten.

    Raises:
        BadSettings: see :func:`importer.settings.profiles.load`.
    """
    held = profiles.load(profile)
    found = [
        Memory(("map", role, heading), role.strip().lower(), heading)
        for role, headings in _items(held.get("map"))
        for heading in _listed(headings)
    ]
    for role, entries in _items(held.get("value")):
        for name, meant in entries.items() if isinstance(entries, Mapping) else ():
            column, words = (str(name), _items(meant)) if isinstance(meant, Mapping) else ("", [(str(name), meant)])
            path = ("values", role, column) if column else ("values", role)
            found += [
                Memory((*path, word), role.strip().lower(), word, str(meaning), column) for word, meaning in words
            ]
    found += [Memory(("encoding", key), "encoding", key, str(name)) for key, name in _items(held.get("encoding"))]
    return found + [Memory(("ignore", heading), word=heading) for heading in _listed(held.get("ignore"))]


def forget(profile: str, path: Sequence[str]) -> None:
    """Take one of them out of the profile; one that isn't there is forgotten already.

    Raises:
        BadSettings: the path leads to something else; or the file of profiles can't be read or written.
    """
    if path[0] not in _TABLES or not 1 < len(path) < 5:
        raise BadSettings(say("profile.nothing-remembered"))
    profiles.forget(profile, path)


def _items(table: object) -> list[tuple[str, object]]:
    return [(str(name), found) for name, found in table.items()] if isinstance(table, Mapping) else []


def _listed(value: object) -> list[str]:
    return [str(found) for found in value] if isinstance(value, list) else [] if value is None else [str(value)]


def _or_none(names: str | Sequence[str]) -> str | tuple[str, ...]:
    """A role's names, of which a sheet may have none: that it hasn't any is no reason to forget those of others."""
    found = [name for name in ([names] if isinstance(names, str) else names) if name]
    return (*found, "") if found else ""
