"""Tell what a sheet holds: its columns, words and problems, and what the notes' texts could have besides.

Input: a loaded file. Output: columns, words, problems and messages as values; the offer to compose texts of several
columns; a .csv file of all problems, or of the people whose emails no prospect has.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

from importer import markup, results
from importer.errors import BadSettings
from importer.fields import WORDED
from importer.importing.loading import Loaded
from importer.importing.preview import SheetColumn, SheetWord
from importer.importing.wording import cut
from importer.messages import Cell, Message, Part, in_quotes, say
from importer.models import PossibleAnswer, Problem, Question, Role
from importer.reading import column_letter
from importer.resultsfile import added_columns
from importer.rows.blocks import Block
from importer.rows.columns import SheetHeadings, called
from importer.rows.composing import suggested
from importer.rows.naming import people_of
from importer.rows.readers import ComposedReader
from importer.rows.suggestions import glance, samples, suggests
from importer.rows.values import cleaned_id, folded, quoted
from importer.settings import Settings
from importer.storage import place

_CHARACTERS = 200  # maximum number of characters shown of a cell
_COLUMNS = 200  # maximum number of columns
_EACH = 3  # examples of an offer
_FIRST = 200  # rows in which examples of an offer are looked for
_WORDS = 60  # maximum number of listed words


def offer(loaded: Loaded, settings: Settings) -> Question | None:
    """Return the offer to compose the texts from columns that tell when, by whom or about what a note was written.

    Its samples are the headings of the columns, and those of each choice are the first notes.
    """
    remembered = {} if settings.reading is None else settings.reading.answers.get("map", {})
    sheet, at = loaded.sheet, None if Role.CONTENT in remembered else loaded.roles.columns.get(Role.CONTENT)
    unused = [i for i in loaded.roles.unused if i in loaded.roles.unexplained and "{" not in sheet.headings[i]]
    composition = None if at is None or loaded.template else suggested(sheet.headings, unused, at)
    block = next(sheet.columns(), None) if composition is not None else None
    if at is None or composition is None or block is None:
        return None
    reader = ComposedReader(composition, settings)
    numbers, columns = block
    head = Block(numbers[:_FIRST], [column[:_FIRST] for column in columns])
    codes = dict.fromkeys(reader.codes(head).tolist())
    if reader.dates.questions(sheet.headings):  # an ISO date beside an undecided one looks like a fault
        reader = ComposedReader(composition, settings, reads_dates=False)
        codes = dict.fromkeys(reader.codes(head).tolist())
    first = [code for code in codes if reader.uncomposed[code] not in ("", reader.values[code])][:_EACH]
    template, text = composition.renamed(partial(called, sheet.headings)), called(sheet.headings, at)
    choices = [
        PossibleAnswer(
            "map",
            f"{Role.CONTENT}={name}",
            say(f"offered.{kind}"),
            [markup.first_words(str(texts[code])) for code in first],
        )
        for name, kind, texts in ((template, "composed", reader.values), (text, "as-it-stands", reader.uncomposed))
    ]
    names = tuple(Cell(in_quotes(called(sheet.headings, i))) for i in composition.columns[:-1])
    return Question(say("offer.asks", names=names), choices, at, [Role.CONTENT]) if first else None


def columns(loaded: Loaded) -> Iterator[SheetColumn]:
    """Yield the columns of the sheet, at most 200."""
    sheet, roles, composition = loaded.sheet, loaded.roles, loaded.roles.composition
    if loaded.unclear is None:
        role_of = dict.fromkeys(roles.further_emails, Role.EMAIL)
        role_of |= {at: role for role in roles.columns for at in roles.of(role)}
    else:
        headings = SheetHeadings(sheet.headings, loaded.settings)
        found = {role: headings.candidates(role) for role in Role}
        role_of = {positions[0]: role for role, positions in found.items() if len(positions) == 1}
    parts = () if composition is None else composition.columns[:-1]
    ours = added_columns(sheet.headings)
    for at, (heading, values) in enumerate(zip(sheet.headings, glance(sheet), strict=True)):
        if at == _COLUMNS:
            return
        name = called(sheet.headings, at)
        may_be_record = at not in ours and suggests(Role.RECORD, heading)
        about = samples(values), role_of.get(at), at in parts, at in ours, may_be_record
        yield SheetColumn(column_letter(at), cut(heading, _CHARACTERS), name, *about)


def counted_words(loaded: Loaded) -> tuple[SheetWord, ...]:
    """Return the words of visibility and status with their numbers of rows, at most 60."""
    return tuple(itertools.islice(_words(loaded), _WORDS))


def _words(loaded: Loaded) -> Iterator[SheetWord]:
    """Yield the words of visibility and status: those with a meaning, then the others, the most frequent first."""
    counts = {role: Counter[str]() for role in WORDED if role in loaded.roles.columns}
    aside = {at for at, reason in loaded.rows.skipped.items() if reason.kind != "skipped.left-out"}
    start = 0
    for numbers, columns in loaded.sheet.columns() if counts else ():
        for role, texts in counts.items():
            column = columns[loaded.roles.columns[role]]
            texts.update([text for at, text in enumerate(column, start) if at not in aside] if aside else column)
        start += len(numbers)
    for role, texts in counts.items():
        rows = Counter[str]()
        for text, count in texts.items():
            rows[folded(cleaned_id(text))] += count
        meanings = loaded.rows.meanings.get(role, {})
        counted_words = ((word, value, rows.pop(folded(word), 0)) for word, value in meanings.items())
        yield from (SheetWord(role, word, count, value) for word, value, count in counted_words if count)
        position, problems = loaded.roles.columns[role], itertools.chain(*loaded.rows.problems.values())
        wrong = (at.word or (cleaned_id(at.value) if at.near else "") for at in problems if at.column == position)
        spellings = {folded(word): word for word in wrong if word}
        yield from (
            SheetWord(role, spellings.get(word, ""), count, is_known=False)
            for word, count in rows.most_common()
            if word in spellings or not word
        )


# -- problems ---------------------------------------------------------------------------------------------------------

_VALUES = 4  # maximum number of values shown for one kind of problem


def in_order(loaded: Loaded) -> Iterator[Problem]:
    """Yield the problems in the order of the rows."""
    return (problem for _, row_problems in sorted(loaded.rows.problems.items()) for problem in row_problems)


def by_kind(loaded: Loaded) -> list[list[Problem]]:
    """Return the problems, grouped by column and kind, the most frequent first."""
    kinds: dict[tuple[int | None, Message], list[Problem]] = {}
    for problem in in_order(loaded):
        kinds.setdefault((problem.column, problem.kind), []).append(problem)
    return sorted(kinds.values(), key=len, reverse=True)


def in_common(problems: Sequence[Problem]) -> Message:
    """Return a message about a problem that several cells share, with the cells' values if they differ."""
    if len({problem.text for problem in problems}) == 1:
        return problems[0].text
    counts = Counter(problem.value for problem in problems)
    values: tuple[Part, ...] = tuple(_times(Cell(quoted(value)), n) for value, n in counts.most_common(_VALUES))
    if len(counts) > _VALUES:
        values = (say("problems.other-values", values=values, n=len(counts) - _VALUES),)
    kind, text = problems[0].kind, problems[0].text
    if (ways := dict(text.parts).get("ways")) is not None:
        return say("problems.or-say", kind=kind, ways=ways, values=values)
    return say("problems.alike", kind=kind, values=values)


def _times(value: Cell, times: int) -> Part:
    return say("problems.times", value=value, times=times) if times > 1 else value


def check_list(target: Path, setting: str = "") -> None:
    """Check, before anything else, that a list about a file can be written.

    Args:
        target: path for the list.
        setting: the setting that names the list; if empty, the list is of all problems.

    Raises:
        BadSettings: it can't be written there.
    """
    if target.suffix.lower() != ".csv":
        raise BadSettings(say(f"{setting or 'check'}.no-csv", target=repr(target.name)), setting=setting)
    results.check_target(target)


def write_problems(report: Path, loaded: Loaded, file: Path) -> results.Written:
    """Write all problems of a file to a .csv file."""
    composition, texts = loaded.roles.composition, None
    if composition is not None:
        reader = ComposedReader(composition, loaded.settings)
        codes = (code for block in loaded.sheet.columns() for code in reader.codes(Block(*block)).tolist())
        texts = {at: text for at, code in enumerate(codes) if isinstance(text := reader.values[code], str)}
    return results.write_problems(report, loaded.sheet.headings, loaded.rows.problems, file, texts)


def write_people(settings: Settings, loaded: Loaded, emails: Collection[str]) -> results.Written | None:
    """Write the people whose emails no prospect has, if there are any and the settings name a file for them."""
    if settings.unknown_emails is None or not emails:
        return None
    people, source = people_of(loaded.sheet, loaded.roles, loaded.rows, emails), place(loaded.sheet.source)
    return results.write_people(settings.unknown_emails, people, source)
