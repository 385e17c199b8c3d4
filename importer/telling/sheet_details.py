"""Describe what a person sees before sending: some notes; on the Check screen also the sheet's columns and words.

Input: a prepared file. Output: its preview with a few notes of each visibility as their readers will see them; the
columns with samples, and the words of visibility and status with their meanings and numbers of rows; changes of notes.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace

from importer.errors import ImporterError
from importer.fields import WORDED
from importer.importing.api_context import connected, steady_clock
from importer.importing.loaded import Loaded
from importer.importing.planning import text_of
from importer.importing.run import Prepared
from importer.journal import KnownDelivery
from importer.markup import first_words, lines
from importer.messages import Cell, Message, Part, cut, say
from importer.models import Group, Note, Role, Rows, Visibility
from importer.reading import column_letter
from importer.resultsfile import own_columns
from importer.rows.columns import SheetHeadings, called
from importer.rows.suggestions import glance, samples, suggests
from importer.rows.values import cleaned_id, folded
from importer.settings.reading import kind_in_words
from importer.telling.preview_messages import Described, Example, SheetColumn, SheetWord
from importer.telling.rendering import Line, LineKind

_CHARACTERS = 200  # maximum number of characters shown of a cell
_COLUMNS = 200  # maximum number of columns
_EACH = 3  # examples of each visibility
_ALIKE = 20  # number of characters shown before the first one in which two texts differ
_LONGEST = 3_000  # maximum number of characters shown of a note
_WORDS = 60  # maximum number of listed words


def described(prepared: Prepared) -> Described:
    """Return the preview with examples and changes, the sheet's columns, at most 200, and its words, at most 60."""
    columns = itertools.islice(_columns(prepared.loaded), _COLUMNS)
    words = itertools.islice(_words(prepared.loaded), _WORDS)
    found = replace(with_examples(prepared), columns=tuple(columns), words=tuple(words))
    return replace(found, changes=tuple(changes(prepared))) if found.follows else found


def with_examples(prepared: Prepared) -> Described:
    """Return the preview with the first three notes of each visibility that is about to be sent."""
    found: dict[Visibility, Sequence[Example]] = {}
    for visibility in Visibility:
        if groups := [group for group in prepared.planned.left.remaining.groups if group.note.visibility is visibility]:
            found[visibility] = [_example(group, prepared.planned.resolved.rows) for group in groups[:_EACH]]
    return Described(**vars(prepared.preview), examples=found)


def _example(group: Group, rows: Rows) -> Example:
    first, others = group.positions[0], len(group.positions) - 1
    parts: dict[str, Part] = {
        "row": str(rows.number[first]),
        "prospect": Cell(rows.person(first)),
        "about": _aside(group.note),
    }
    about = say("note.of-several", **parts, n=others) if others else say("note.of", **parts)
    return Example(about, cut(text_of(group.note), _LONGEST))


def _aside(note: Note) -> Message:
    """Return the properties of a note besides its text: its visibility, whether it is a draft, its files and fields."""
    parts = kind_in_words(note.visibility, note.status)
    if note.attachments:
        parts.append(say("note.with-attachments", ids=Cell(first_words(", ".join(note.attachments)))))
    parts += [say("note.with-files", n=len(note.files))] if note.files else []
    for role, text in note.further:
        parts.append(say("labelled", label=say(f"role.{role}"), text=Cell(first_words(text))))
    return say("names", names=tuple(parts))


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
    own = {*own_columns(sheet.headings)}
    for at, (heading, values) in enumerate(zip(sheet.headings, glance(sheet), strict=True)):
        name = called(sheet.headings, at)
        may_be_record = at in own and suggests(Role.RECORD, heading)
        about = samples(values), role_of.get(at), at in parts, at not in own, may_be_record
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


def changes(prepared: Prepared) -> Iterator[Line]:
    """Yield some changes that need a person's yes: what the notes are before and after.

    The journal holds no texts, so a text that is to be replaced is read from the API, with a call for each example.
    """
    rows, wishes = prepared.loaded.rows, [wish for wish in prepared.planned.left.wishes if wish.to_agree]
    rewritten = [wish for wish in wishes if wish.change.content is not None][:_EACH]
    texts = _texts_of([wish.delivery for wish in rewritten], prepared)
    for wish in (*[wish for wish in wishes if wish.change.content is None][:_EACH], *rewritten):
        known, position = wish.delivery, wish.positions[0]
        note = rows.notes[int(rows.note[position])]
        before, after = (kind_in_words(one.visibility, one.status) for one in (known, note))
        about: dict[str, Part] = {"row": str(rows.number[position]), "prospect": Cell(rows.person(position))}
        yield Line(say("plan.change-of", **about, before=tuple(before), after=tuple(after)), LineKind.DETAIL)
        was, becomes = texts.get(known.note_id or "", ""), lines(note.content)
        pairs = enumerate(zip(was, becomes, strict=False))
        alike = next((at for at, (one, other) in pairs if one != other), min(len(was), len(becomes)))
        is_rewritten = wish.change.content is not None
        texts_of = {"plan.text-before": was, "plan.text-after": becomes} if is_rewritten else {"plan.text": becomes}
        for kind, text in texts_of.items():
            if text:
                shown = first_words(text) if alike < _ALIKE else f"… {first_words(text[alike - _ALIKE :])}"
                yield Line(say(kind, words=Cell(shown)), LineKind.DETAIL)


def _texts_of(notes: Iterable[KnownDelivery], prepared: Prepared) -> dict[str, str]:
    """Return note ID → the note's text, read with one call for each, until a call fails; none without a key."""
    settings, found = prepared.loaded.settings, dict[str, str]()
    with suppress(ImporterError), closing(connected(settings, prepared.vendor, steady_clock())) as api:
        for known in notes if settings.key else ():
            page = api.find(known.prospect, 0, api.traits.page).value
            if page is None:
                break
            found |= {one.note_id: lines(one.content) for one in page.all if one.note_id == known.note_id}
    return found
