"""Recognise which kind of export a sheet is, by its headings, and use what a person answered about that kind.

Input: the headings of a sheet, and settings with the remembered exports. Output: settings with one export's answers, or
the question which export it is. An export fits a sheet if every column that was answered for is there, in any order,
and no new column speaks of a person, a text, visibility, status or files. If one nearly fits, the person is asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from importer.errors import Undecided, as_argument
from importer.fields import WORDED
from importer.messages import Cell, Message, Part, SettingPart, say, some
from importer.models import PossibleAnswer, Question, Role, Visibility
from importer.resultsfile import added_columns, own_columns
from importer.rows import words
from importer.rows.columns import candidates
from importer.rows.composing import template_in
from importer.rows.suggestions import LIKELY, folded_heading, likeliness, role_of, suggests
from importer.settings import Settings
from importer.settings.exports import Export, headings_of, named
from importer.settings.remembering import NONE, applied

_ABOUT_FILES = re.compile(r"attach|anh[aä]ng|anlage|pi[eè]ces? jointe|adjunt|anexo|allegat|\b(files?|dateien?)\b", re.I)
_ALIKE = 0.6  # share of the headings of two sheets that both have, from which on they are alike
_MOST_NAMED = 5


@dataclass(frozen=True)
class _Fit:
    """How an export fits a sheet.

    Attributes:
        export: the export.
        missing: columns that were answered for and that the sheet lacks.
        concerning: headings of the sheet that the export hasn't, and that may matter.
        alike: share of the headings that both have.
    """

    export: Export
    missing: tuple[str, ...]
    concerning: tuple[str, ...]
    alike: float

    @property
    def is_whole(self) -> bool:
        return not self.missing and not self.concerning and (bool(_needed(self.export)) or self.alike >= _ALIKE)

    @property
    def is_exact(self) -> bool:
        return self.is_whole and self.alike == 1


def is_header(export: Export, headings: Sequence[str]) -> bool:
    """Return whether a row holds the headings of this kind of export, without a look at the cells below it."""
    own_headings = _own(tuple(headings))
    return _alike(export, own_headings) >= _ALIKE and not _missing(export, own_headings)


def recognised(headings: Sequence[str], settings: Settings, cells: Sequence[Sequence[str]]) -> Settings:
    """Return the settings for a sheet, with the answers about its kind if there are any.

    Args:
        headings: the headings of the sheet.
        settings: the settings for all sheets.
        cells: some values of each column.

    Raises:
        Undecided: several exports fit, or one only nearly fits.
    """
    name, plain = settings.export, replace(settings, exports=())
    if name == NONE:
        return plain
    ours = added_columns(headings)
    values = [column for at, column in enumerate(cells) if at not in ours]
    own_headings = headings_of(headings)
    of_run = next((export for export in settings.exports if export.run), None)
    if of_run is not None and own_columns(headings) and [*map(_key, own_headings)] == [*map(_key, of_run.headings)]:
        return _with_answers(headings, settings, of_run)
    fits = [
        _fit(export, own_headings, values)
        for export in settings.exports
        if not export.run
        if _alike(export, own_headings) >= _ALIKE or not _missing(export, own_headings)
    ]
    if name is not None:  # in a folder, it says which one a sheet is that may be several
        export = named(name, (fit.export for fit in fits))
        if export is not None:
            return _with_answers(headings, settings, export)
        if named(name, settings.exports) is None:
            return plain
    whole = [fit for fit in fits if fit.is_whole]
    fitting = [fit for fit in whole if fit.is_exact] or whole
    if len(fitting) > 1:
        raise _several(fitting)
    if fitting:
        return _with_answers(headings, settings, fitting[0].export)
    near = max(fits, key=lambda fit: fit.alike, default=None)
    if near is not None and near.alike >= _ALIKE:
        raise _near(near)
    return plain


def _with_answers(headings: Sequence[str], settings: Settings, export: Export) -> Settings:
    """Return the settings with the answers of an export; one visibility for all only if no column says it."""
    if export.asks_anew:
        answers = {name: value for name, value in export.answers.items() if name != "default-visibility"}
        return replace(applied(settings, replace(export, answers=answers)), remembered=export)
    settings = applied(settings, export)
    is_said = "default-visibility" in settings.said
    if export.of_all is None or is_said or candidates(Role.VISIBILITY, headings, settings):
        return settings
    return replace(settings, default_visibility=export.of_all)


def remarks(headings: Sequence[str], settings: Settings) -> list[Message]:
    """Return a message about the export whose answers apply, with the columns that it hadn't or that are gone."""
    export = settings.remembered
    if export is None:
        return []
    new = [name for name in headings_of(headings) if name.strip() and not _is_among(name, export.headings)]
    gone = [heading for heading in export.headings if not _is_among(heading, headings)]
    differences = _differences(new, gone)
    parts: dict[str, Part] = {"date": export.day, "name": Cell(repr(export.name))}
    if differences:
        return [say("exports.as-answered-differently", **parts, differences=differences)]
    return [say("exports.as-answered", **parts)]


def _alike(export: Export, headings: Sequence[str]) -> float:
    before, now = _keys(export.headings), _keys(tuple(headings))
    return len(before & now) / max(len(before | now), 1)


def _needed(export: Export) -> list[list[list[str]]]:
    """Return the columns that the answers are about, in groups of alternatives: a sheet needs one whole of each group.

    Ignored columns may be missing.
    """
    names = {role: list(names) for role, names in export.answers.get("map", {}).items()}
    for role, column in export.answers.get("value", {}):
        names.setdefault(role, []).append(column)
    groups = [group for group in names.values() if "" not in group]
    groups += [[export.answers["key-column"]]] if "key-column" in export.answers else []
    return [[_columns_in(name, export.headings) for name in group] for group in groups]


def _columns_in(name: str, headings: Sequence[str]) -> list[str]:
    """Return the columns that a name is about: itself, the fields of a template, or those that it lists."""
    if name in headings:
        return [name]
    template = template_in(name)
    return template.names if template is not None else [part.strip() for part in name.split(",")]


def _missing(export: Export, headings: Sequence[str]) -> tuple[str, ...]:
    is_ordered = tuple(headings[: len(export.headings)]) == export.headings  # then letters count, too

    def lacking(columns: Sequence[str]) -> list[str]:
        is_known = [
            _is_among(name, headings) or (is_ordered and not _is_among(name, export.headings)) for name in columns
        ]
        return [name for name, known in zip(columns, is_known, strict=True) if not known]

    missing = [[lacking(columns) for columns in group] for group in _needed(export)]
    return tuple(name for group in missing if all(group) for name in group[0])


def _fit(export: Export, headings: Sequence[str], cells: Sequence[Sequence[str]]) -> _Fit:
    concerning = tuple(
        heading
        for heading, values in zip(headings, cells, strict=True)
        if heading.strip() and not _is_among(heading, export.headings) and _matters(heading, values, export.of_all)
    )
    return _Fit(export, _missing(export, headings), concerning, _alike(export, headings))


def _key(heading: str) -> str:
    return folded_heading(heading) or heading.strip()


_own = lru_cache(maxsize=100)(headings_of)


@lru_cache(maxsize=1000)  # each remembered export is compared with each of the first rows
def _keys(headings: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(_key, filter(str.strip, headings)))


def _is_among(name: str, headings: Sequence[str]) -> bool:
    return _key(name) in _keys(tuple(headings))


def _matters(heading: str, values: Sequence[str], of_all: Visibility | None) -> bool:
    """Return whether a new column speaks of a person, a text, visibility, status or files.

    If all notes are public, it is enough that the column may speak of visibility.
    """
    if role_of(heading) is not None or _ABOUT_FILES.search(heading):
        return True
    if of_all is Visibility.PUBLIC and suggests(Role.VISIBILITY, heading) and any(map(str.strip, values)):
        return True
    if any(words.speaks(role, heading, weakly=False) for role in WORDED):
        return True
    if any(words.speaks(role, heading) for role in WORDED) and any(map(words.is_word, values)):
        return True  # Owner: not with names, but with yes and no
    if suggests(Role.CONTENT, heading) and any(any(map(str.isalpha, value)) for value in values):
        return True
    if any("@" in value for value in values) and likeliness(Role.EMAIL, heading, values) >= LIKELY:
        return True
    return suggests(Role.PROSPECT, heading) and likeliness(Role.PROSPECT, heading, values) >= LIKELY


def _several(fits: Sequence[_Fit]) -> Undecided:
    names = tuple(Cell(repr(fit.export.name)) for fit in fits)
    text = say("exports.several", names=names, way=_setting("NAME"), none=_setting(NONE))
    return _question(text, say("exports.which"), [fit.export for fit in fits], "exports.one-of-several")


def _near(fit: _Fit) -> Undecided:
    export = fit.export
    parts: dict[str, Part] = {"name": Cell(repr(export.name)), "date": export.day}
    difference = _differences(fit.concerning, fit.missing)
    asks = say("exports.resembles", **parts, differences=difference)
    text = say("exports.say-whether", asks=asks, way=_setting(export.name), none=_setting(NONE))
    return _question(text, asks, [export], "exports.as-last-time")


def _question(text: Message, asks: Message, exports: Sequence[Export], kind: str) -> Undecided:
    choices = [
        PossibleAnswer("export", export.name, say(kind, name=Cell(repr(export.name)), date=export.day), is_likely=True)
        for export in exports
    ]
    choices.append(PossibleAnswer("export", NONE, say("exports.another-kind")))
    return Undecided(text, [Question(text, asks, choices)])


def _setting(name: str) -> SettingPart:
    return SettingPart("export", name if name == "NAME" else as_argument(name))


def _differences(new: Sequence[str], gone: Sequence[str]) -> tuple[Message, ...]:
    named = {"exports.new": new, "exports.gone": gone}
    return tuple(
        say(kind, n=len(headings), columns=some([Cell(repr(heading)) for heading in headings], _MOST_NAMED))
        for kind, headings in named.items()
        if headings
    )
