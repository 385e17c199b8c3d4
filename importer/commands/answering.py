"""Apply a person's answers to the settings for a sheet, and collect what is to be remembered about its kind.

Input: settings, and a :class:`~importer.models.PossibleAnswer`. Output: settings that contain the answer; an export.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from importer.errors import ImporterError, UnclearColumns, as_argument
from importer.messages import lines, say
from importer.models import PossibleAnswer, Question, Role, Visibility
from importer.settings import SETTINGS, Settings, remembering
from importer.settings.exports import HOW_READ, Export, SheetColumns, are_headings, headings_of
from importer.settings.kinds import none_last
from importer.settings.meanings import for_columns, merged

NO_COLUMNS: Mapping[Role, str] = MappingProxyType({})


def answered(settings: Settings, name: str, value: str, headings: Mapping[Role, str] = NO_COLUMNS) -> Settings:
    """Return the settings for a sheet with an answer added, which counts more than what was said before.

    Args:
        settings: the current settings.
        name: name of the setting.
        value: its value, as a text.
        headings: role → heading of its column in the sheet. A word's meaning counts for columns with this heading.

    Raises:
        BadSettings: the setting can't have this value.
    """
    read: Any = SETTINGS[name].read(value)
    others: dict[str, Any] = {"said": settings.said | {name}}
    columns = settings.mapping
    match name:
        case "map":
            others["usual"] = settings.usual - read.keys()
            read = {**columns, **read}
        case "value":
            read = merged(settings.values, for_columns(read, headings))
        case "ignore":
            # The column may have been named for one of these roles, but holds something else.
            others["usual"] = settings.usual | ({Role.VISIBILITY, Role.STATUS} & columns.keys())
            others["lasting"] = settings.lasting.difference(read)
            read = tuple(dict.fromkeys((*settings.ignored, *read)))
        case "default-visibility" if Role.VISIBILITY in columns:  # the sheet needn't have the column any more
            others["mapping"] = {**columns, Role.VISIBILITY: none_last((*columns[Role.VISIBILITY], ""))}
    return replace(settings, **{SETTINGS[name].attribute: read}, **others)


def text_columns(name: str) -> list[str]:
    """Return the columns that a name in a mapping gives the role: itself, those it lists, or a template's last one."""
    if fields := _fields(name):
        return fields[-1:]
    return [name, *(part.strip() for part in name.split(",") if "," in name)]


def with_parts(text: str, parts: Sequence[str]) -> str:
    """Return the template that puts these columns before the text, or the text's column alone if there are none.

    Args:
        text: the column of the text, or the template so far, which stays as it is if it has just these columns.
        parts: the columns before the text.
    """
    *before, column = _fields(text) or [text]
    if {*before} == {*parts}:
        return text
    fields = [f"[{{{name}}}{', ' if name != parts[-1] else ': '}]" for name in parts]
    return f"{''.join(fields)}{{{column}}}" if fields else column


def _fields(template: str) -> list[str]:
    """Return the columns of a template (see :mod:`importer.rows.composing`); none if the name is a heading."""
    return [name.strip() for name in re.findall(r"\{\{|\}\}|\{([^{}]*)\}", template) if name.strip()]


def offered(question: Question) -> list[PossibleAnswer]:
    """Return the choices of a question in the order shown to a person: private always before public."""
    places = {visibility.name.lower(): place for place, visibility in enumerate(Visibility)}

    def place(choice: PossibleAnswer) -> int:
        is_visibility = choice.setting == "default-visibility" or choice.value.startswith(f"{Role.VISIBILITY}:")
        return places.get(choice.value.rpartition("=")[2].lower(), len(places)) if is_visibility else len(places)

    return sorted(question.choices, key=place)


def learned(base: Settings, settings: Settings, source: str, columns: SheetColumns) -> Export | None:
    """Return what was answered about a kind of sheet, to be remembered; None if there is nothing new.

    Args:
        base: the settings for all sheets, with the exports that are known.
        settings: the settings for this sheet, with the answers.
        source: name of the file, of which the name of a new export is made.
        columns: the columns of the sheet.
    """
    before, headings = settings.remembered, headings_of(columns.all_headings)
    if not (answers := remembering.answers(base, settings, columns)) or not are_headings(headings):
        return None
    # Without a column, it says nothing of blank cells.
    of_all = None if Role.VISIBILITY in columns.names else answers.pop("default-visibility", None)
    aside = {column: tuple(words) for column, words in columns.set_aside.items()}
    latest = Export("", headings, date.today(), answers, aside, of_all)  # noqa: DTZ011 - the person's own day
    if before is not None:
        export = remembering.updated(before, latest)
        same = replace(export, answered=before.answered, headings=before.headings) == before
        if same and (settings.export is None or headings == before.headings):
            return None
        if before in base.exports:  # otherwise its answers are from results, and its name may be another one's
            return export
    name = settings.export if settings.export not in (None, remembering.NONE) else None
    if name is None:  # other answers for the same headings replace the earlier ones
        instead = [export for export in base.exports if {*export.headings} == {*headings}]
        if len(instead) == 1:
            return replace(latest, name=instead[0].name, is_shared=instead[0].is_shared)
        name = remembering.name_for(source, [export.name for export in base.exports])
    return replace(latest, name=name)


def of_results(settings: Settings, source: str, columns: SheetColumns, run: str) -> Export | None:
    """Return all answers by which a run read a sheet, so that its results are read in the same way.

    The result is None if there are none, or if a column is named by its letter, because the results have others.

    Args:
        settings: the settings for this sheet.
        source: name of the file.
        columns: the columns of the sheet.
        run: the run's name.
    """
    export = learned(Settings(), replace(settings, export=None, exports=(), remembered=None), source, columns)
    if export is None:
        return None
    answers = {name: value for name, value in export.answers.items() if name not in HOW_READ}
    names = [name for names in answers.get("map", {}).values() for name in names if name not in export.headings]
    names += [answers[name] for name in ("key-column",) if name in answers]
    parts = [part.strip() for name in names for part in _fields(name) or name.split(",")]
    is_by_heading = {*parts} <= {"", *export.headings}
    return replace(export, answers=answers, run=run) if is_by_heading else None


def with_export(settings: Settings, export: Export) -> Settings:
    """Return the settings for all sheets with an export added, in place of the one with its name."""
    others = [other for other in settings.exports if other.name != export.name]
    return replace(settings, exports=(export, *others))


def answerable(error: ImporterError, path: Path) -> ImporterError:
    """Return an error about questions together with the command that asks them; any other error unchanged."""
    if not isinstance(error, UnclearColumns) or str(path) == "-":
        return error
    # Which of two kinds a sheet is can't be remembered, because their headings are the same.
    if all(not question.choices or question.asks.kind == "exports.which" for question in error.questions):
        return error
    command = say("questions.answer", file=as_argument(str(path)))
    return type(error)(lines(error.message, command), error.questions, command)
