"""Tell what the columns of a sheet hold: roles, first values, words, and what the notes' texts could have besides.

Input: a loaded file. Output: columns, words and first rows as values; the offer to compose texts of several columns.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from functools import partial

from importer import markup
from importer.errors import as_argument
from importer.fields import WORDED
from importer.importing.loading import Loaded
from importer.importing.preview import SheetColumn, SheetWord
from importer.messages import Cell, in_quotes, say
from importer.models import PossibleAnswer, Question, Role
from importer.reading import column_letter
from importer.resultsfile import added_columns
from importer.rows.blocks import Block
from importer.rows.columns import called, candidates
from importer.rows.composing import suggested
from importer.rows.readers import ComposedReader
from importer.rows.suggestions import glance, samples
from importer.rows.values import cleaned_id, folded
from importer.settings import Settings
from importer.settings.kinds import mapped

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
    text_of = say("offer.unused", choice=mapped(Role.CONTENT, as_argument(template)))
    return Question(text_of, say("offer.asks", names=names), choices, at, [Role.CONTENT]) if first else None


def columns(loaded: Loaded) -> Iterator[SheetColumn]:
    """Yield the columns of the sheet, at most 200."""
    sheet, roles, composition = loaded.sheet, loaded.roles, loaded.roles.composition
    if loaded.unclear is None:
        role_of = dict.fromkeys(roles.further_emails, Role.EMAIL)
        role_of |= {at: role for role in roles.columns for at in roles.of(role)}
    else:
        found = {role: candidates(role, sheet.headings, loaded.settings) for role in Role}
        role_of = {positions[0]: role for role, positions in found.items() if len(positions) == 1}
    parts = () if composition is None else composition.columns[:-1]
    ours = added_columns(sheet.headings)
    for at, (heading, values) in enumerate(zip(sheet.headings, glance(sheet), strict=True)):
        if at == _COLUMNS:
            return
        name = called(sheet.headings, at)
        yield SheetColumn(
            column_letter(at), _short(heading), name, samples(values), role_of.get(at), at in parts, at in ours
        )


def _short(text: str) -> str:
    return text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}…"


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
