"""Describe a sheet as the Check screen shows it: its columns, and its words of visibility and status.

Input: a loaded file. Output: the columns with samples, and the words with their meanings and numbers of rows.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from importer.fields import WORDED
from importer.importing.loaded import Loaded
from importer.importing.preview import Preview, SheetColumn, SheetWord
from importer.markup import cut
from importer.models import Role
from importer.reading import column_letter
from importer.resultsfile import added_columns
from importer.rows.columns import SheetHeadings, called
from importer.rows.suggestions import glance, samples
from importer.rows.values import cleaned_id, folded

_CHARACTERS = 200  # maximum number of characters shown of a cell
_COLUMNS = 200  # maximum number of columns
_WORDS = 60  # maximum number of listed words


def described(preview: Preview, loaded: Loaded) -> Preview:
    """Return a preview with the columns of its sheet, at most 200, and its words, at most 60."""
    columns, words = itertools.islice(_columns(loaded), _COLUMNS), itertools.islice(_words(loaded), _WORDS)
    return replace(preview, columns=tuple(columns), words=tuple(words))


def _columns(loaded: Loaded) -> Iterator[SheetColumn]:
    """Yield the columns of the sheet."""
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
        name = called(sheet.headings, at)
        about = samples(values), role_of.get(at), at in parts, at in ours
        yield SheetColumn(column_letter(at), cut(heading, _CHARACTERS), name, *about)


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
