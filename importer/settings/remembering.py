"""What a person said of a file's columns and words, kept in the profile, so that nothing is asked the next time.

Comes in: settings. Goes out: the same in the file of profiles; and what stands there, to be looked at and forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from importer.errors import BadSettings
from importer.models import Role
from importer.settings import profiles
from importer.settings.kinds import Columns
from importer.settings.settings import Settings

_TABLES = ("map", "values", "ignore", "encoding")
REMEMBERED = ("map", "value", "ignore", "default-visibility", "content", "key-column", "fill-merged", "encoding")
"""The settings that are kept."""


def remember(settings: Settings, only: Collection[str] = ()) -> Path:
    """Keep in the profile what was said about the file's columns and values; the file of profiles.

    Args:
        settings: what was said.
        only: names of settings, where not all are to be kept.

    Raises:
        BadSettings: the file of profiles can't be read or written.
    """
    kept: dict[str, object] = {"content": settings.content.value}
    if settings.mapping:
        before = profiles.load(settings.profile).get("map") if settings.profile in profiles.names() else None
        roles: Mapping[Role, str | Sequence[str]] = Columns().read(before or {})
        kept["map"] = {
            role.value: named if isinstance(named, str) else [*named]
            for role, names in settings.mapping.items()
            for named in [names or _or_none(roles.get(role, ()))]
        }
    if settings.values:
        kept["value"] = {
            role.value: {word: value.name.capitalize() if value else "" for word, value in words.items()}
            for role, words in settings.values.items()
        }
    if settings.default_visibility is not None:
        kept["default-visibility"] = settings.default_visibility.name.lower()
    if settings.key_column is not None:
        kept["key-column"] = settings.key_column
    if settings.fill_merged:
        kept["fill-merged"] = True
    if isinstance(settings.encoding, Mapping):
        known = profiles.load(settings.profile).get("encoding") if settings.profile in profiles.names() else None
        kept["encoding"] = {**(known if isinstance(known, Mapping) else {}), **settings.encoding}
    if settings.ignored:
        kept["ignore"] = list(settings.ignored)
    if only:
        names = settings.mapping.get(Role.VISIBILITY)
        if "default-visibility" in only and names and "" in names and not isinstance(names, str):
            only = {*only, "map"}  # it was said of a sheet that hasn't the column which is named
        kept = {name: value for name, value in kept.items() if name in only}
    return profiles.remember(settings.profile, kept)


@dataclass(frozen=True)
class Memory:
    """One thing that a profile remembers of files.

    Attributes:
        path: where it stands in the profile; the first is what the profile calls the setting.
        role: what it is about; empty for a column that is set aside; *encoding* for that of an export.
        word: the heading or headings, or the word of the sheet; an empty heading is that no column has the role.
        meaning: what the word means; empty where its rows are left out.
    """

    path: tuple[str, ...]
    role: str = ""
    word: str = ""
    meaning: str = ""


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
    found += [
        Memory(("values", role, word), role.strip().lower(), word, str(meaning))
        for role, words in _items(held.get("value"))
        for word, meaning in _items(words)
    ]
    found += [Memory(("encoding", key), "encoding", key, str(name)) for key, name in _items(held.get("encoding"))]
    return found + [Memory(("ignore", heading), word=heading) for heading in _listed(held.get("ignore"))]


def forget(profile: str, path: Sequence[str]) -> None:
    """Take one of them out of the profile; one that isn't there is forgotten already.

    Raises:
        BadSettings: the path leads to something else; or the file of profiles can't be read or written.
    """
    if path[0] not in _TABLES or not 1 < len(path) < 4:
        raise BadSettings("That is nothing that a profile remembers of files.")
    profiles.forget(profile, path)


def _items(table: object) -> list[tuple[str, object]]:
    return [(str(name), found) for name, found in table.items()] if isinstance(table, Mapping) else []


def _listed(value: object) -> list[str]:
    return [str(found) for found in value] if isinstance(value, list) else [] if value is None else [str(value)]


def _or_none(names: str | Sequence[str]) -> str | tuple[str, ...]:
    """A role's names, of which a sheet may have none: that it hasn't any is no reason to forget those of others."""
    found = [name for name in ([names] if isinstance(names, str) else names) if name]
    return (*found, "") if found else ""
