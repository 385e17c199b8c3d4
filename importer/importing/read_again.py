"""Keep how a sheet was read: in the profile what was answered, in the journal how a run read it. Read it so again.

Input: a sheet as it was understood, and the answers; a file, and the settings. Output: the
:class:`~importer.settings.reading.Reading` of the sheet's kind; a document for the journal. The document holds headings
as digests, and columns by their positions among these. It holds words of visibility and status with their meanings, the
user's own ones also if the sheet lacks them, but no text of a note, no email and no key. A word that might be more than
that is left out, and of a template with words of its own there is the digest.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from importer import files, resultsfile
from importer.errors import UnreadableFile
from importer.fields import WORDED
from importer.importing.loaded import Loaded
from importer.journal import Journal, Run
from importer.messages import say
from importer.models import Role, hashed
from importer.reading import Sheet
from importer.reading.detection import run_of
from importer.resultsfile import own_columns
from importer.rows import recognition
from importer.rows.columns import Roles, SheetHeadings
from importer.rows.recognition import own_names
from importer.rows.values import cleaned_id, folded
from importer.rows.words import in_further
from importer.settings import Settings
from importer.settings.reading import Reading, as_stored, key, named
from importer.settings.readings import HELD, NONE, name_for
from importer.version import __version__

_LONGEST = 40  # characters of a word
_DIGITS = 5  # so many digits may be a phone number or an ID


def learned(loaded: Loaded, written: Settings, given: Collection[tuple[str, str]]) -> Reading | None:
    """Return the reading of a sheet for the profile; None if the profile knows it, or if nothing was answered.

    What was written for this run isn't part of it, unless a person answered it too, or it was written for a kind. The
    column of records is: where it counts in one sheet and not in the next, a changed text is sent as a second note.

    Args:
        loaded: the sheet, with the answers in its settings.
        written: the settings for all sheets, with the readings that are known.
        given: settings and values of the answers.
    """
    sheet, roles, settings = loaded.sheet, loaded.roles, loaded.settings
    headings, before = own_names(sheet.headings), settings.reading
    name = written.export if written.export not in (None, NONE) else ""
    is_kept = name and "export" in written.origin.said
    names = {name for name, _ in given} | (written.origin.said if is_kept else set())
    answered = {Role(value.partition("=")[0]) for name, value in given if name == "map"}
    answered |= {*written.mapping} if is_kept else set()
    if Role.RECORD in written.mapping and "map" in written.origin.said:
        names, answered = {*names, "map"}, {*answered, Role.RECORD}
    if names.isdisjoint({*HELD, "export"}) or not are_headings(headings):
        return None
    known: Mapping[str, Any] = {} if before is None else before.answers
    names |= {*known, *(["dates"] if roles.composition is not None else [])}
    answered |= {*known.get("map", {}), *(WORDED if names & {"value", "default-visibility"} else ())}
    every = {**_answers(sheet.headings, roles, settings, headings), **_scalars(settings)}
    every["map"] = {role: column for role, column in every["map"].items() if role in answered}
    answers = {name: value for name, value in every.items() if name in {*names, "map"} and value not in ({}, ())}
    seen = {column: tuple(words) for column, words in loaded.rows.seen.items()}
    latest = Reading("", headings, date.today(), answers, seen)  # noqa: DTZ011 - the person's own day
    if before is not None and not before.run and not recognition.missing(latest, before.headings):
        updated = _with_columns_elsewhere(latest, before).after(before)
        return None if replace(updated, answered=before.answered) == before else updated
    if not name:  # other answers for the same headings replace the earlier ones
        same = [one.name for one in written.readings if {*map(key, one.headings)} == {*map(key, headings)}]
        name = same[0] if len(same) == 1 else name_for(sheet.source, [one.name for one in written.readings])
    replaced = named(name, written.readings) or before
    return replace(latest if replaced is None else latest.after(replaced), name=name)


def _with_columns_elsewhere(latest: Reading, before: Reading) -> Reading:
    """Return a reading with what an earlier one says of columns and words that tonight's sheet lacks."""
    here, known = {*map(key, latest.headings)}, {*map(key, before.headings)}
    gone = [name for name in before.answers.get("ignore", ()) if key(name) not in here]
    ignored = {"ignore": (*latest.answers.get("ignore", ()), *gone)}
    seen = {column: words for column, words in before.seen.items() if key(column) not in here}
    for column, words in latest.seen.items():
        seen[column] = tuple(dict.fromkeys([*before.seen.get(column, ()), *words]))
    headings = (*before.headings, *(name for name in latest.headings if key(name) not in known))
    answers = {**latest.answers, **(ignored if any(ignored.values()) else {})}
    return Reading(before.name, headings, latest.answered, answers, seen)


def _answers(headings: Sequence[str], roles: Roles, settings: Settings, names: Sequence[str]) -> dict[str, Any]:
    """Return the answers about columns and words by which a sheet is read, with these names of its own columns."""
    called = dict(zip(own_columns(headings), names, strict=True)).__getitem__
    columns = {role: ", ".join(map(called, roles.of(role))) for role in roles.columns}
    if roles.composition is not None:
        columns[Role.CONTENT] = roles.composition.renamed(called)
    without = {role: "" for role, names in settings.mapping.items() if "" in names}
    # the words that name no column come last, because they count more
    values = {place: settings.values[place] for place in sorted(settings.values, key=lambda place: place[1] is None)}
    words = {
        (role, called(at)): {
            word: value
            for (of, heading), said in (in_further(values) if further else values).items()
            if of is role and (heading is None or key(heading) == key(headings[at]))
            for word, value in said.items()
        }
        for role in WORDED
        for further, at in enumerate(roles.of(role))
    }
    return {
        "map": {role: (name,) for role, name in {**without, **columns}.items()},
        "value": {place: of_column for place, of_column in words.items() if of_column},
        "ignore": tuple(map(called, sorted(SheetHeadings(headings, settings).ignored))),
    }


def are_headings(names: Sequence[str]) -> bool:
    """Return whether a sheet can be recognised again: its first row holds texts, and no email as rows of data do."""
    is_unique = len({*map(key, names)}) == len(names)
    return is_unique and any(not name.startswith("#") for name in names) and not any("@" in name for name in names)


def document(loaded: Loaded) -> dict[str, object]:
    """Return how a run of a file, as it was understood, reads it: its columns are named by their positions."""
    sheet, roles, settings = loaded.sheet, loaded.roles, loaded.settings
    names, composition = own_names(sheet.headings), roles.composition
    numbers = {at: str(number) for number, at in enumerate(own_columns(sheet.headings))}
    answers = _answers(sheet.headings, roles, settings, [*numbers.values()])
    for role, seen in loaded.rows.meanings.items():  # the meanings in the rows count
        first = role, numbers[roles.columns[role]]
        given = answers["value"].get(first, {})
        answers["value"][first] = {word: means for word, means in {**given, **seen}.items() if word and _is_plain(word)}
    lost = [place for place, words in answers["value"].items() if not all(map(_is_plain, words))]
    answers["value"] = {place: words for place, words in answers["value"].items() if words and place not in lost}
    template = ""
    if composition is not None and any(map(str.isalnum, composition.renamed(lambda _: ""))):
        template = _digest(composition.renamed(lambda at: names[int(numbers[at])]))
        answers["map"][Role.CONTENT] = (", ".join(numbers[at] for at in composition.columns),)
    name = "" if settings.reading is None else settings.reading.name
    return {
        "program": __version__,
        "headings": [_digest(key(name)) for name in names],
        "reading": name if _is_plain(name) else "",
        "settings": {name: as_stored(value) for name, value in _scalars(settings).items()},
        "template": template,  # if it has words of its own
        "has-lost": bool(lost),  # words of a further column, which the journal must not hold
        **{name: as_stored(value) for name, value in answers.items()},
    }


def _scalars(settings: Settings) -> dict[str, Any]:
    """Return the settings of a reading that name no columns and words, and that aren't as usual."""
    held = {name: (getattr(settings, setting.attribute), setting.default) for name, setting in HELD.items()}
    return {name: value for name, (value, usual) in held.items() if HELD[name].is_lasting and value != usual}


def _is_plain(word: str) -> bool:
    """Return whether a word can't be a text, an email or a number that identifies somebody."""
    word = folded(cleaned_id(word))
    return len(word) <= _LONGEST and "@" not in word and sum(map(str.isdigit, word)) < _DIGITS


def _digest(text: str) -> str:
    return f"sha256:{hashed(text).hex()[:16]}"


def known(sheet: Sheet, settings: Settings) -> Settings:
    """Return the settings with the reading of the run whose results this sheet is.

    Results are read as their run was, and in no other way. Only the journal says how: a file may name any run, but the
    reading counts only under that run's headings, in the run's workspace.
    """
    is_results = bool(resultsfile.our_columns(sheet.headings)) and settings.export is None
    if not is_results or not (name := run_named(sheet.source)) or not Journal.exists(settings.journal):
        return settings
    with Journal.open(settings.journal) as journal:
        for run in journal.runs.listed(settings.workspace, name):
            if (reading := _reading(sheet, run, journal.runs.reading(run), settings)) is not None:
                return replace(settings, readings=(reading,))
    return settings


def run_named(source: str) -> str:
    """Return the name of the run that a results workbook says it is of; empty if it says none."""
    with contextlib.suppress(OSError), files.opened(Path(source)) as file:  # there is none for a URL or standard input
        return run_of(file)
    return ""


def _reading(sheet: Sheet, run: Run, about: Mapping[str, Any], settings: Settings) -> Reading | None:
    """Return the reading that the journal has of a run; None if the sheet has other headings than the run's."""
    names = own_names(sheet.headings)
    if about.get("headings") != [_digest(key(name)) for name in names] or "has-lost" not in about:
        return None
    if about["has-lost"]:  # an unknown word of a further column may restrict nothing
        raise UnreadableFile(say("again.lost-words", run=run.name, n=_LONGEST))

    def called(text: str) -> str:
        return re.sub(r"\d+", lambda number: names[int(number[0])], text)

    stored, held = {**about["settings"], **about}, {name: one for name, one in HELD.items() if not one.decides_rows}
    answers: dict[str, Any] = {name: setting.read(stored[name]) for name, setting in held.items() if name in stored}
    answers["map"] = {role: (called(name),) for role, [name] in answers["map"].items()}
    answers["value"] = {(role, called(name)): words for (role, name), words in answers["value"].items()}
    answers["ignore"] = tuple(map(called, answers["ignore"]))
    if about["template"]:
        del answers["map"][Role.CONTENT]  # unless a reading has the template, it is asked which notes are meant
        for name in (name for reading in settings.readings for name in reading.columns.get(Role.CONTENT, ())):
            if _digest(name) == about["template"]:
                answers["map"][Role.CONTENT] = (name,)
    day = datetime.fromtimestamp(run.started_at).date()  # noqa: DTZ006 - the person's own day
    return Reading(run.name, names, day, answers, run=run.name)
