"""Tell what a person's answers about a sheet teach the profile.

Input: a sheet as it was understood, and the answers. Output: the :class:`~importer.settings.reading.Reading` of its
kind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from importer.fields import WORDED
from importer.importing.loading import Loaded
from importer.models import Role
from importer.rows import recognition
from importer.rows.columns import SheetHeadings
from importer.settings import Settings
from importer.settings.reading import Reading, folded, key, name_of, named, own_names
from importer.settings.readings import HELD, NONE, name_for


def learned(loaded: Loaded, written: Settings, given: Collection[tuple[str, str]]) -> Reading | None:
    """Return the reading of a sheet for the profile; None if the profile knows it, or if nothing was answered.

    What was written for this run isn't part of it, unless a person answered it too, or the setting `remember` says so.

    Args:
        loaded: the sheet as it was understood, with the answers.
        written: the settings for all sheets, with the readings that are known.
        given: settings and values of the answers.
    """
    headings, before = own_names(loaded.sheet.headings), loaded.settings.reading
    names = {name for name, _ in given} | (written.origin.said if written.remember else set())
    roles = {Role(value.partition("=")[0]) for name, value in given if name == "map"}
    roles |= {*written.mapping} if written.remember else set()
    if names.isdisjoint({*HELD, "export"}) or not are_headings(headings):
        return None
    known: Mapping[str, Any] = {} if before is None else before.answers
    names |= {*known, *(["dates"] if loaded.template else [])}
    roles |= {*known.get("map", {}), *(WORDED if names & {"value", "default-visibility"} else ())}
    every = _answers(loaded)
    answers = {name: value for name, value in every.items() if name in names}
    answers["map"] = {role: column for role, column in every["map"].items() if role in roles}
    answers = {name: value for name, value in answers.items() if value not in ({}, ())}
    seen = {column: tuple(words) for column, words in loaded.rows.seen.items()}
    latest = Reading("", headings, date.today(), answers, seen)  # noqa: DTZ011 - the person's own day
    name = written.export if written.export not in (None, NONE) else ""
    if before is not None and not before.run and not recognition.missing(latest, before.headings):
        updated = _with_columns_elsewhere(latest, before).after(before)
        return None if replace(updated, answered=before.answered) == before else updated
    if not name:  # other answers for the same headings replace the earlier ones
        same = [one.name for one in written.readings if {*map(key, one.headings)} == {*map(key, headings)}]
        name = same[0] if len(same) == 1 else name_for(loaded.sheet.source, [one.name for one in written.readings])
    replaced = named(name, written.readings) or before
    return replace(latest if replaced is None else latest.after(replaced), name=name)


def _with_columns_elsewhere(latest: Reading, before: Reading) -> Reading:
    """Return a reading with what an earlier one says of columns and words that tonight's sheet lacks."""
    here = {*map(key, latest.headings)}

    def elsewhere(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if key(name) not in here)

    ignored = (*latest.answers.get("ignore", ()), *elsewhere(before.answers.get("ignore", ())))
    seen = {column: before.seen[column] for column in elsewhere(before.seen)}
    for column, words in latest.seen.items():
        seen[column] = tuple(dict.fromkeys([*before.seen.get(column, ()), *words]))
    headings = (*latest.headings, *elsewhere(before.headings))
    is_same_kind = {*headings} == {*before.headings}
    return Reading(
        before.name,
        before.headings if is_same_kind else headings,
        latest.answered,
        {**latest.answers, **({"ignore": ignored} if ignored else {})},
        seen,
    )


def _answers(loaded: Loaded) -> dict[str, Any]:
    """Return all answers by which a sheet is read, with the names of columns that a reading holds."""
    settings, headings, roles = loaded.settings, loaded.sheet.headings, loaded.roles
    called = partial(name_of, headings)
    columns = {role: ", ".join(map(called, roles.of(role))) for role in roles.columns}
    if roles.composition is not None:
        columns[Role.CONTENT] = roles.composition.renamed(called)
    without = {role: "" for role, names in settings.mapping.items() if "" in names}
    words = {
        (role, called(roles.columns[role])): {
            word: value
            for (of, heading), said in settings.values.items()
            if of is role and (heading is None or folded(heading) == folded(loaded.headings[role]))
            for word, value in said.items()
        }
        for role in WORDED
        if role in columns
    }
    answers: dict[str, Any] = {
        "map": {role: (name,) for role, name in {**without, **columns}.items()},
        "value": {place: of_column for place, of_column in words.items() if of_column},
        "ignore": tuple(map(called, sorted(SheetHeadings(headings, settings).ignored))),
    }
    for name, setting in HELD.items():
        if name not in answers and (value := getattr(settings, setting.attribute)) != setting.default:
            answers[name] = value
    return answers


def are_headings(names: Sequence[str]) -> bool:
    """Return whether a sheet can be recognised again: its first row holds texts, and no email as rows of data do."""
    is_unique = len({*map(key, names)}) == len(names)
    return is_unique and any(not name.startswith("#") for name in names) and not any("@" in name for name in names)
