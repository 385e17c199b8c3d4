"""Keep a person's answers about a kind of sheet in the file of profiles, so that they aren't asked for again.

A kind of sheet is an *export*, known by its headings. Input: the settings with the answers, or the file of profiles.
Output: exports, settings with an export's answers, and the changed file. What a profile says itself about columns and
words is for all sheets. It is listed and forgotten here, too.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path, PurePath
from typing import Any

from importer.errors import BadSettings
from importer.messages import Message, say
from importer.models import Role, Visibility
from importer.settings import profiles
from importer.settings.exports import Export, SheetColumns, as_stored, named
from importer.settings.kinds import Names, OneOf, none_last
from importer.settings.meanings import Scope, Values, folded, for_columns, merged, with_headings
from importer.settings.table import SETTINGS, Settings, Topic

NONE = "none"
"""Value of the setting ``export`` for a sheet to which no remembered answers apply. No export has this name."""
_OF_MACHINE = ("attachments", "attachments-are", "limit", "export")
REMEMBERED = tuple(
    name for name, setting in SETTINGS.items() if setting.topic is Topic.FILE and name not in _OF_MACHINE
)
"""Names of the settings that are kept for an export."""
_COMBINED = ("map", "value", "ignore")
_ABOUT = ("name", "headings", "answered")
_SET_ASIDE, _OF_ALL = "set-aside", "visibility-of-all"
_IN_NAMES = re.compile(r"[\s_.-]*(?:\(\d+\)|\d{4}[-_.]?\d\d[-_.]?\d\d(?:[-_.T]?\d+)*|[-_ ]\d+)$")
_TABLES = ("map", "values", "ignore", "encoding")


def exports_of(profile: str) -> tuple[Export, ...]:
    """Return the exports that a profile remembers, its own before those of all profiles.

    Raises:
        BadSettings: an entry can't be used; or see :func:`importer.settings.profiles.load`.
    """
    known: dict[str, Export] = {}
    for owner, entry in profiles.exports(profile):
        try:
            export = _read(entry, is_shared=not owner)
        except BadSettings as error:
            place = say("origin.file", file=str(profiles.profiles_file()))
            where = profiles.place_of(owner, profiles.EXPORTS) if owner else place
            raise BadSettings(say("exports.not-valid", where=where, why=error.message)) from error
        known.setdefault(export.name, export)
    return tuple(known.values())


def _read(entry: object, *, is_shared: bool) -> Export:
    of_setting = {SETTINGS[name].profile_name: name for name in REMEMBERED}
    about = entry if isinstance(entry, Mapping) else {}
    name, headings, answered = (about.get(part) for part in _ABOUT)
    if not isinstance(name, str) or not isinstance(headings, list) or type(answered) is not date:
        raise BadSettings(say("exports.incomplete"))
    _check_name(name)
    for setting in about:
        if setting not in of_setting and setting not in (*_ABOUT, _SET_ASIDE, _OF_ALL):
            raise BadSettings(say("exports.no-setting", setting=repr(setting), known=tuple(sorted(of_setting))))
    answers = {of_setting[name]: value for name, value in about.items() if name in of_setting}
    read = {name: SETTINGS[name].read(value) for name, value in answers.items()}
    of_all = OneOf(Visibility, by_name=True).read(about[_OF_ALL]) if _OF_ALL in about else None
    aside = about.get(_SET_ASIDE, {})
    if not isinstance(aside, Mapping):
        raise BadSettings(say("exports.incomplete"))
    set_aside = {str(column): Names().read(words) for column, words in aside.items()}
    return Export(name, tuple(map(str, headings)), answered, read, set_aside, of_all, is_shared)


def _check_name(name: str) -> None:
    if not name.strip() or name.strip().casefold() == NONE or not name.isprintable():
        raise BadSettings(say("exports.no-name", name=repr(name)))


def applied(settings: Settings, export: Export) -> Settings:
    """Return the settings with an export's answers, which count less than what was said for this run."""
    answers = dict(export.answers)
    roles = {
        role: names
        for role, names in answers.pop("map", {}).items()
        if role not in settings.mapping or role in settings.usual
    }
    said = {name for role, names in settings.mapping.items() if role not in settings.usual for name in names}
    ignored = [name for name in answers.pop("ignore", ()) if name not in said]
    values = for_columns(answers.pop("value", {}), dict.fromkeys(Role, Scope.PLAIN))
    scalars: dict[str, Any] = {
        SETTINGS[name].attribute: value for name, value in answers.items() if name not in settings.said
    }
    return replace(
        settings,
        mapping={**settings.mapping, **roles},
        usual=settings.usual - roles.keys(),
        ignored=tuple(dict.fromkeys((*settings.ignored, *ignored))),
        lasting=settings.lasting.union(ignored),
        values=merged(settings.values, values),
        exports=(),
        remembered=export,
        **scalars,
    )


def answers(base: Settings, settings: Settings, columns: SheetColumns) -> dict[str, Any]:
    """Return what the settings for a sheet say beyond those for all sheets (``base``)."""
    names = columns.names
    kept: dict[str, Any] = {
        name: value
        for name in REMEMBERED
        if name not in _COMBINED
        and (value := getattr(settings, SETTINGS[name].attribute)) != getattr(base, SETTINGS[name].attribute)
    }
    if "key-column" in kept:
        kept["key-column"] = names.get(Role.KEY, kept["key-column"])
    roles = [role for role in settings.mapping if settings.mapping[role] != base.mapping.get(role)]
    ignored = [name for name in settings.ignored if name not in base.ignored]
    ignored += sorted(base.lasting.intersection(settings.ignored) - settings.lasting)
    combined: dict[str, Any] = {
        "map": {role: (names[role],) if role in names else _left(settings, role) for role in roles},
        "value": _new_words(base.values, _with_columns(settings, columns.headings), columns.headings),
        "ignore": tuple(dict.fromkeys(ignored)),
    }
    return kept | {name: value for name, value in combined.items() if value}


def updated(export: Export, latest: Export) -> Export:
    """Return an export with the latest answers, and the earlier ones about columns that the latest sheet lacks."""
    there = {*map(folded, latest.headings)}

    def elsewhere(names: Iterable[str]) -> list[str]:
        return [name for name in names if folded(name) not in there]

    (roles, earlier_roles), (words, earlier_words), (ignored, earlier_ignored) = (
        (latest.answers.get(name, {}), export.answers.get(name, {})) for name in _COMBINED
    )
    kept = {role: names for role, all_names in earlier_roles.items() if any(names := elsewhere(all_names))}
    combined: dict[str, Any] = {
        "map": {role: none_last([*roles.get(role, ()), *kept.get(role, ())]) for role in {**roles, **kept}},
        "value": {place: earlier_words[place] for place in earlier_words if elsewhere([place[1]])} | {**words},
        "ignore": tuple(dict.fromkeys([*ignored, *elsewhere(earlier_ignored)])),
    }
    aside = {column: export.set_aside[column] for column in elsewhere(export.set_aside)}
    for column, seen in latest.set_aside.items():
        aside[column] = tuple(dict.fromkeys([*export.set_aside.get(column, ()), *seen]))
    answers = {name: value for name, value in {**export.answers, **latest.answers}.items() if name not in _COMBINED}
    return replace(
        export,
        headings=tuple(dict.fromkeys([*latest.headings, *elsewhere(export.headings)])),
        answered=latest.answered,
        answers=answers | {name: value for name, value in combined.items() if value},
        set_aside=aside,
        of_all=latest.of_all or export.of_all,
    )


def _left(settings: Settings, role: Role) -> tuple[str, ...]:
    """Return the names of a role that has no column in this sheet, without those of columns that are set aside."""
    return tuple(name for name in settings.mapping[role] if name not in settings.ignored)


def _new_words(base: Values, values: Values, headings: Mapping[Role, str]) -> Values:
    """Return the words of the columns that have a role, without those for all sheets."""
    found = {
        (role, column): {
            word: value for word, value in words.items() if base.get((role, column), {}).get(word, role) != value
        }
        for (role, column), words in values.items()
        if isinstance(column, str) and folded(column) == folded(headings.get(role, ""))
    }
    return {place: words for place, words in found.items() if words}


def _with_columns(settings: Settings, headings: Mapping[Role, str]) -> Values:
    """Return the words of this run for the columns that have their roles in a file.

    Words of a column without a heading are left out, because the column can't be recognized again.
    """
    return with_headings(for_columns(settings.values, {role: headings.get(role, "") for role in Role}))


def name_for(source: str, taken: Iterable[str]) -> str:
    """Return a name for the exports of a file, made of the file's name without its date and number."""
    stem = PurePath(source).name.partition(".")[0]
    while (shorter := _IN_NAMES.sub("", stem)) not in (stem, ""):
        stem = shorter
    plain = " ".join(re.sub(r"[\W_]+", " ", stem).split()) or "export"
    name, number, others = plain, 1, {NONE, *map(str.casefold, taken)}
    while name.casefold() in others:
        number += 1
        name = f"{plain} {number}"
    return name


def keep(profile: str, export: Export) -> Path:
    """Write an export into the file of profiles, in place of the one with its name; return the file.

    Raises:
        BadSettings: the name can't be used, or the file can't be read or written.
    """
    _check_name(export.name)
    return profiles.change_export("" if export.is_shared else profile, export.name, _entry(export))


def _entry(export: Export) -> dict[str, object]:
    """Return an export as the file of profiles holds it."""
    stored: dict[str, object] = {
        "name": export.name,
        "answered": export.answered,
        "headings": [*export.headings],
    }
    if export.of_all is not None:
        stored[_OF_ALL] = as_stored(export.of_all)
    if export.set_aside:
        stored[_SET_ASIDE] = {column: [*words] for column, words in export.set_aside.items()}
    for name, value in export.answers.items():
        stored[SETTINGS[name].profile_name] = [*value] if name == "ignore" else as_stored(value)
    return stored


def signed(export: Export, secret: str) -> str:
    """Return the export of a run as JSON, after a signature that only somebody who knows the secret can make."""
    text = json.dumps({**_entry(export), "answered": export.answered.isoformat(), "run": export.run})
    return f"{_signature(text, secret)} {text}"


def from_signed(text: str, secret: str) -> Export | None:
    """Return the export that :func:`signed` wrote with this secret; None if the text is anything else.

    The text may come from anyone, and a hidden answer could make private notes public.
    """
    signature, _, text = text.partition(" ")
    if not hmac.compare_digest(signature.encode("utf-8", "replace"), _signature(text, secret).encode()):
        return None
    entry = json.loads(text)
    run, answered = entry.pop("run"), date.fromisoformat(entry["answered"])
    try:
        return replace(_read({**entry, "answered": answered}, is_shared=False), run=run)
    except BadSettings:  # another version of the program may know other settings
        return None


def _signature(text: str, secret: str) -> str:
    return hmac.new(secret.encode(), b"answers\0" + text.encode("utf-8", "replace"), "sha256").hexdigest()


def export_named(profile: str, name: str) -> Export:
    """Return the export of this name.

    Raises:
        BadSettings: there is none; or see :func:`exports_of`.
    """
    if (export := named(name, exports_of(profile))) is None:
        raise BadSettings(say("exports.unknown", name=repr(name)))
    return export


def no_such(name: str, exports: Sequence[Export]) -> Message:
    """Return the message that no export has a name."""
    names = tuple(repr(export.name) for export in exports)
    if not names:
        return say("exports.none-such", name=repr(name))
    return say("exports.no-such", n=len(names), name=repr(name), names=names)


def forget_export(profile: str, export: Export) -> None:
    """Remove an export from the file of profiles.

    Raises:
        BadSettings: the file can't be read or written.
    """
    profiles.change_export("" if export.is_shared else profile, export.name, None)


def change(profile: str, export: Export, *, name: str = "", is_shared: bool | None = None) -> Export:
    """Rename an export, or share it with all profiles, or keep it for this profile alone.

    Raises:
        BadSettings: the name can't be used or is taken, or the file can't be read or written.
    """
    changed = replace(
        export,
        name=name.strip() or export.name,
        is_shared=export.is_shared if is_shared is None else is_shared,
    )
    _check_name(changed.name)
    if named(changed.name, (other for other in exports_of(profile) if other != export)) is not None:
        raise BadSettings(say("exports.name-taken", name=repr(changed.name)))
    keep(profile, changed)
    if (changed.name, changed.is_shared) != (export.name, export.is_shared):
        forget_export(profile, export)
    return changed


@dataclass(frozen=True)
class Memory:
    """One entry about all sheets in a profile.

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
    """Return the columns and words that a profile says for all sheets, and also unusable ones, to be forgotten.

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
    """Remove an entry about all sheets from the profile. A missing entry is ignored.

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
