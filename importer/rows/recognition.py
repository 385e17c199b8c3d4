"""Recognise the kind of a sheet by its headings, and read it as a person answered for this kind.

Input: the headings of a sheet, and settings with the known readings. Output: settings with the answers of one reading,
or the question which one it is. A reading fits a sheet if every column that was answered for is there, in any order,
and no new column speaks of a person, a text, visibility, status, files or records.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from importer.errors import UnclearColumns
from importer.fields import WORDED
from importer.messages import Cell, Message, say, some
from importer.models import PossibleAnswer, Question, Role, Visibility
from importer.resultsfile import own_columns
from importer.rows import words
from importer.rows.columns import SheetHeadings
from importer.rows.composing import template_in
from importer.rows.suggestions import LIKELY, likeliness, role_of, suggests
from importer.settings import Settings
from importer.settings.reading import Reading, key, named, numbered, without_number
from importer.settings.readings import NONE, laid_under

_ABOUT_FILES = re.compile(r"attach|anh[aä]ng|anlage|pi[eè]ces? jointe|adjunt|anexo|allegat|\b(files?|dateien?)\b", re.I)
_MOST_NAMED = 5
_PEOPLE_AND_TEXT = (Role.PROSPECT, Role.EMAIL, Role.CONTENT)


def is_header(reading: Reading, headings: Sequence[str]) -> bool:
    """Return whether a row holds the headings of a reading, without a look at the cells below it."""
    return bool(_needed(reading)) and not missing(reading, own_names(tuple(headings)))


def read_as_known(headings: Sequence[str], settings: Settings, cells: Sequence[Sequence[str]]) -> Settings:
    """Return the settings for a sheet, with the answers for its kind; raise UnclearColumns if several readings fit."""
    if settings.reading is not None:  # it was recognised before a person's answers
        return settings
    reading = _chosen(headings, settings, cells)
    found = laid_under(settings, reading)
    if reading is None or "default-visibility" not in reading.answers:
        return found
    # Who may see the notes was answered for sheets without a column for it. It says nothing of blank cells in one.
    has_another = Role.VISIBILITY not in _needed(reading) and bool(
        SheetHeadings(headings, found).candidates(Role.VISIBILITY)
    )
    # Nor does a file that names a run make its blank cells public, as they were in that run.
    was_public = bool(reading.run) and reading.answers["default-visibility"] is Visibility.PUBLIC
    return replace(found, default_visibility=settings.default_visibility) if has_another or was_public else found


def _chosen(headings: Sequence[str], settings: Settings, cells: Sequence[Sequence[str]]) -> Reading | None:
    """Return the reading that applies to a sheet; None if none does."""
    if settings.export == NONE:
        return None
    own = own_names(tuple(headings))
    there = [reading for reading in settings.readings if not missing(reading, own)]
    if settings.export is not None:  # in a folder, it names the kind of those sheets that may be several
        return named(settings.export, there)
    fits = [one for one in there if not _mattering(one, headings, cells)]
    exact = [one for one in fits if _keys(own) <= _keys(one.headings)]
    best = exact or fits
    others = [one for one in (fits if exact else settings.readings) if one not in best]
    rivals = [one for one in others if best and _is_wider(one, best[0], own)]
    if len(best) > 1 or rivals:
        raise _several([*best, *rivals])
    return best[0] if best else None


def _is_wider(other: Reading, reading: Reading, own: Sequence[str]) -> bool:
    """Return whether another reading of these columns also knows who may see the notes, or which are drafts."""
    knows_more = any(role in _needed(other) and role not in _needed(reading) for role in WORDED)
    return knows_more and not [name for name in missing(other, own, _PEOPLE_AND_TEXT) if name]


def not_as_before(headings: Sequence[str], settings: Settings, cells: Sequence[Sequence[str]]) -> Message | None:
    """Return the message that a reading would apply but for new columns that may matter; None if there is none."""
    for reading in (one for one in settings.readings if not missing(one, own_names(tuple(headings)))):
        if settings.export is None and (new := _mattering(reading, headings, cells)):
            columns = some([Cell(repr(name)) for name in new], _MOST_NAMED)
            return say("readings.but-for", n=len(new), name=Cell(repr(reading.name)), date=reading.day, columns=columns)
    return None


def remarks(headings: Sequence[str], settings: Settings) -> list[Message]:
    """Return a message about the reading that applies, with the columns that are new."""
    reading = settings.reading
    if reading is None:
        return []
    if reading.run:
        return [say("readings.as-in-run", run=reading.run)]
    as_answered = say("readings.as-answered", date=reading.day, name=Cell(repr(reading.name)))
    before, own = _keys(reading.headings), own_names(tuple(headings))
    new = [Cell(repr(name)) for name in own if key(name) not in before and not name.startswith("#")]
    return [as_answered, *([say("readings.new", n=len(new), columns=some(new, _MOST_NAMED))] if new else [])]


@lru_cache(maxsize=100)
def own_names(headings: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of a sheet's own columns as a reading holds them."""
    return tuple(numbered([headings[at] for at in own_columns(headings)]))


@lru_cache(maxsize=1000)  # each reading is compared with each of the first rows
def _keys(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(key, names))


@lru_cache(maxsize=1000)
def _repeated(names: tuple[str, ...]) -> Counter[str]:
    """Return the number of columns under each repeated heading. If it changes, none of them can be known again."""
    return Counter(without_number(key(name)) for name in names if "#" in name)


def _by_heading(reading: Reading, role: Role) -> list[str]:
    ignored = {*map(key, reading.answers.get("ignore", ()))}
    if role in reading.columns:
        return []
    return [name for name in reading.headings if role_of(name) is role and key(name) not in ignored]


def _needed(reading: Reading) -> dict[Role, list[list[str]]]:
    """Return the columns of each role, in alternatives of which a sheet needs one as a whole."""
    groups = {role: names for role, names in reading.columns.items() if all(names)}
    answered = {role: [_columns_in(name, reading.headings) for name in names] for role, names in groups.items()}
    return answered | {role: [found] for role in Role if (found := _by_heading(reading, role))}


def _columns_in(name: str, headings: Sequence[str]) -> list[str]:
    """Return the columns that a name is about: itself, the fields of a template, or those that it lists."""
    if name in headings:
        return [name]
    template = template_in(name)
    return template.names if template is not None else [part.strip() for part in name.split(",")]


def missing(reading: Reading, own: Sequence[str], roles: Sequence[Role] = tuple(Role)) -> list[str]:
    """Return the columns that a sheet of these names needs for a reading and lacks."""
    alike, before = _repeated(tuple(own)), _repeated(reading.headings)
    here = {name for name in _keys(tuple(own)) if alike[without_number(name)] == before[without_number(name)]}
    lacking = (
        [[name for name in columns if key(name) not in here] for columns in alternatives]
        for role, alternatives in _needed(reading).items()
        if role in roles
    )
    return [alternatives[0][0] for alternatives in lacking if all(alternatives)]


def _mattering(reading: Reading, headings: Sequence[str], cells: Sequence[Sequence[str]]) -> list[str]:
    """Return the columns that a reading doesn't know, and that may matter, by their headings and some cells."""
    before = _keys(reading.headings)
    own = zip(own_names(tuple(headings)), (cells[at] for at in own_columns(headings)), strict=True)
    return [name for name, values in own if key(name) not in before and _matters(name, values)]


def _matters(name: str, values: Sequence[str]) -> bool:
    """Return whether a new column may hold people, texts, visibility, status, files or records."""
    heading = without_number(name)
    if role_of(heading) is not None or _ABOUT_FILES.search(heading):
        return True
    if not any(map(str.strip, values)):
        return any(words.speaks(role, heading, weakly=False) for role in WORDED)
    speaks = any(words.speaks(role, heading) for role in WORDED)  # Owner: not with names, but with yes and no
    return (
        suggests(Role.RECORD, heading)
        or any(words.is_about(role, heading) for role in WORDED)
        or (speaks and any(map(words.is_word, values)))
        or any(words.is_of(Role.VISIBILITY, value) for value in values)  # Level: with Public or Only me in some cells
        or (suggests(Role.CONTENT, heading) and any(any(map(str.isalpha, value)) for value in values))
        or (likeliness(Role.EMAIL, heading, values) >= LIKELY and any("@" in value for value in values))
        or (suggests(Role.PROSPECT, heading) and likeliness(Role.PROSPECT, heading, values) >= LIKELY)
    )


def _several(readings: Sequence[Reading]) -> UnclearColumns:
    choices = []
    for reading in readings:
        means = say("readings.one-of-several", name=Cell(repr(reading.name)), date=reading.day)
        choices.append(PossibleAnswer("export", reading.name, means, is_likely=True))
    choices.append(PossibleAnswer("export", NONE, say("readings.another-kind")))
    question = Question(say("readings.which"), choices)
    return UnclearColumns(question.text, [question])
