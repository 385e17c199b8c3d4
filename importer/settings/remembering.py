"""Keep a person's answers about a file's columns and words in the profile, so that they aren't asked for again.

Input: settings. Output: the same settings in the file of profiles; and the entries there, to be listed and forgotten.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from importer.errors import BadSettings
from importer.messages import say
from importer.models import Role
from importer.settings import profiles
from importer.settings.kinds import Columns, none_last
from importer.settings.meanings import Scope, folded, for_columns, with_headings
from importer.settings.table import Settings

NO_COLUMNS: Mapping[Role, str] = MappingProxyType({})
_LONGEST_LETTER = 3
_TABLES = ("map", "values", "ignore", "encoding")
REMEMBERED = ("map", "value", "content", "key-column", "fill-merged", "encoding")
"""Names of the settings that are kept. Answers that concern only one sheet aren't: that it has no visibility column,
or that a column has no role."""


def remember(settings: Settings, only: Collection[str] = REMEMBERED, headings: Mapping[Role, str] = NO_COLUMNS) -> Path:
    """Keep the answers about a file's columns and values in the profile, and return the file of profiles.

    Args:
        settings: the settings with the answers.
        only: names of the settings to keep.
        headings: role → heading of its column in this file. The words of this run are kept for this heading.

    Raises:
        BadSettings: the file of profiles can't be read or written.
    """
    kept: dict[str, object] = {"content": settings.content.value}
    earlier = profiles.load(settings.profile) if settings.profile in profiles.names() else {}
    if settings.mapping:
        roles = Columns().read(earlier.get("map") or {})
        kept["map"] = {
            role.value: named[0] if len(named) == 1 else [*named]
            for role, names in settings.mapping.items()
            for named in [_by_heading(names, headings.get(role, ""), roles.get(role, ()))]
        }
    if "value" in only and (values := with_columns(settings, headings).values):
        tables = {role: dict(_items(table)) for role, table in _items(earlier.get("value"))}
        for (role, column), words in values.items():
            texts = {word: value.name.capitalize() if value else "" for word, value in words.items()}
            tables.setdefault(role.value, {}).update(texts if isinstance(column, Scope) else {column: texts})
        kept["value"] = tables
    if settings.key_column is not None:
        kept["key-column"] = settings.key_column
    if settings.fill_merged:
        kept["fill-merged"] = True
    if isinstance(settings.encoding, Mapping):
        kept["encoding"] = dict(_items(earlier.get("encoding"))) | {**settings.encoding}
    kept = {name: value for name, value in kept.items() if name in only}
    if "map" in kept and settings.lasting:
        ignored, mapped = _listed(earlier.get("ignore")), {*map(folded, itertools.chain(*settings.mapping.values()))}
        if (still_ignored := [name for name in ignored if folded(name) not in mapped]) != ignored:
            kept["ignore"] = still_ignored
    return profiles.remember(settings.profile, kept)


def _by_heading(names: tuple[str, ...], heading: str, earlier: Sequence[str]) -> tuple[str, ...]:
    """Return the names of a role's column in files of this profile.

    A letter becomes the heading, because in another sheet the letter is another column's. That this file has no such
    column doesn't erase the names in other files.
    """
    match names:
        case ("",):
            return none_last([*earlier, ""])
        case (name,) if name.isascii() and name.isalpha() and len(name) <= _LONGEST_LETTER and heading.strip():
            return (heading,)
    return names


def with_columns(settings: Settings, headings: Mapping[Role, str]) -> Settings:
    """Return the settings with the words of this run assigned to the columns that have their roles in a file.

    Words of a column without a heading are left out, because the column can't be recognized again.
    """
    columns = {role: headings.get(role, "") for role in Role}
    return replace(settings, values=with_headings(for_columns(settings.values, columns)))


@dataclass(frozen=True)
class Memory:
    """One entry about files that a profile remembers.

    Attributes:
        path: the entry's path in the profile, which begins with the profile's name for the setting.
        role: the role that the entry is about; empty for an ignored column, *encoding* for the encoding of an export.
        word: the heading or headings, or the word of the sheet. An empty heading means that no column has the role.
        meaning: the word's meaning, or an encoding; empty if rows with the word are left out.
        column: heading of the column in which the word has the meaning; empty: all columns under plain headings.
    """

    path: tuple[str, ...]
    role: str = ""
    word: str = ""
    meaning: str = ""
    column: str = ""


def memories(profile: str) -> list[Memory]:
    """Return the columns and words that a profile remembers, and also unusable ones, so that they can be forgotten.

    Raises:
        BadSettings: see :func:`importer.settings.profiles.load`.
    """
    stored = profiles.load(profile)
    remembered = [
        Memory(("map", role, heading), role.strip().lower(), heading)
        for role, headings in _items(stored.get("map"))
        for heading in _listed(headings)
    ]
    for role, entries in _items(stored.get("value")):
        for name, value in entries.items() if isinstance(entries, Mapping) else ():
            column, words = (str(name), _items(value)) if isinstance(value, Mapping) else ("", [(str(name), value)])
            path = ("values", role, column) if column else ("values", role)
            remembered += [
                Memory((*path, word), role.strip().lower(), word, str(meaning), column) for word, meaning in words
            ]
    remembered += [
        Memory(("encoding", key), "encoding", key, str(name)) for key, name in _items(stored.get("encoding"))
    ]
    return remembered + [Memory(("ignore", heading), word=heading) for heading in _listed(stored.get("ignore"))]


def forget(profile: str, path: Sequence[str]) -> None:
    """Remove a remembered entry from the profile. A missing entry is ignored.

    Raises:
        BadSettings: the path isn't an entry's; or the file of profiles can't be read or written.
    """
    if path[0] not in _TABLES or not 1 < len(path) < 5:
        raise BadSettings(say("profile.nothing-remembered"))
    profiles.forget(profile, path)


def _items(table: object) -> list[tuple[str, object]]:
    return [(str(name), value) for name, value in table.items()] if isinstance(table, Mapping) else []


def _listed(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [] if value is None else [str(value)]
