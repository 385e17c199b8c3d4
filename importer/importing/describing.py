"""Collect the facts about a preview, with a few notes as their readers will see them.

Input: a :class:`~importer.importing.preview.Preview`. Output: an :class:`~importer.importing.overview.Overview`.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from importer import grouping, markup
from importer.errors import as_argument
from importer.fields import WORDED
from importer.importing import note_examples
from importer.importing.loading import Loaded, counted
from importer.importing.overview import ColumnOverview, Overview, RoleColumn, Trouble, Updates, WordOverview
from importer.importing.preview import Preview
from importer.importing.report import problem_kinds
from importer.messages import Cell, Message, Part, in_quotes, say
from importer.models import Note, PossibleAnswer, Problem, Question, Role
from importer.reading import column_letter
from importer.resultsfile import added_columns
from importer.rows.blocks import Block
from importer.rows.columns import called, candidates
from importer.rows.composing import suggested
from importer.rows.readers import ComposedReader
from importer.rows.suggestions import glance, samples
from importer.rows.values import cleaned_id, folded, quoted
from importer.settings import Settings
from importer.settings.kinds import mapped

FIRST_ROWS = 5
_CHARACTERS = 200  # maximum number of characters shown of a cell
_COLUMNS = 200  # maximum number of columns
_LONGEST_EXAMPLE = 3_000  # maximum number of characters shown of a note
_EACH = 3  # examples of an offer
_FIRST = 200  # rows in which examples of an offer are looked for
_WORDS = 60  # maximum number of listed words
_KINDS = 50  # maximum number of listed kinds of problems
_PROBLEMS = 1000  # maximum number of listed problems
_CELLS = 20  # maximum number of listed problems of a kind
_VALUES = 4  # maximum number of values shown for one kind of problem
_LEFT_OUT = {"skipped.left-out", "skipped.by-hand", "skipped.before"}  # a person said so of a word, or of the row


def of(preview: Preview, *, thorough: bool = True) -> Overview:
    """Return the facts about a preview.

    Args:
        preview: the preview.
        thorough: whether to collect also the facts that no run shows: columns, first rows, missing files and HTML.

    What only one face needs takes long for many rows, so that it is added there: :func:`.similar`, :func:`digest` and
    :func:`counted_words`.
    """
    loaded, remaining, settings = preview.loaded, preview.remaining, preview.settings
    sheet, rows, plan, files = loaded.sheet, loaded.rows, loaded.plan, preview.to_upload
    asked = remaining.hidden + remaining.in_doubt
    imported = plan.deliveries - remaining.total - remaining.held_back - asked
    problems, kinds = _in_order(loaded), problems_by_kind(loaded)
    is_without_column = loaded.unclear is None and Role.VISIBILITY not in loaded.roles.columns
    undecided = preview.undecided
    left_out = sum(reason.kind in _LEFT_OUT for reason in rows.skipped.values())
    overview = Overview(
        profile=settings.profile,
        base_url=settings.base_url,
        vendor=preview.vendor.name,
        unconfirmed=preview.unconfirmed,
        never_sent=preview.never_sent,
        file=sheet.source,
        format=sheet.format,
        sheet=sheet.name,
        sheets=sheet.sheets,
        header_row=sheet.header_row,
        encoding=sheet.encoding,
        delimiter=sheet.delimiter,
        mapping={
            role: RoleColumn(at, column_letter(at), sheet.headings[at], rows.meanings.get(role, {}))
            for role, at in loaded.roles.columns.items()
        },
        unused=tuple((column_letter(at), sheet.headings[at]) for at in loaded.roles.unused),
        default_visibility=settings.default_visibility if is_without_column else None,
        reading=settings.reading,
        remarks=(*sheet.remarks, *rows.remarks),
        questions=preview.questions,
        undecided="" if undecided is None or preview.questions else undecided.message,
        guarded={guarded.setting: guarded.message for guarded in preview.guarded},
        rows=sheet.row_count,
        duplicates=_count_repeating(loaded),
        done=sum(note < 0 for note in rows.note[[*rows.done]].tolist()) if rows.done else 0,
        invalid=len(rows.problems),
        rejected=dict(Counter(rows.rejected.values()).most_common()),
        rejected_rows=len({*rows.of_sheet(np.array([*rows.rejected], dtype=np.int32)).tolist()}),
        skipped=len(rows.skipped) - left_out,
        left_out=left_out,
        planned=plan.deliveries,
        remaining=replace(remaining, files=(), groups=(), asked={}),
        updates=Updates.of(preview.wishes),
        follows=settings.update,
        total=remaining.total,
        imported_before=imported,
        keeps_edited=bool(imported and remaining.deliveries and rows.record is None),
        people=preview.people,
        audience=counted(remaining.groups),
        to_look_up=preview.to_look_up,
        on_several=settings.on_several,
        uploads=(len(files), sum(file.size for file in files)),
        to_compare=preview.to_compare,
        several_drafts=grouping.several_drafts(plan.groups, rows) if preview.vendor.traits.one_draft else 0,
        estimate=preview.estimate,
        largest=tuple(note_examples.largest(remaining.groups)),
        examples=note_examples.examples(preview, _LONGEST_EXAMPLE),
        problem_count=len(problems),
        problems=problems[:_PROBLEMS],
        problem_kinds=dict(problem_kinds(loaded).most_common()),
        troubles=tuple(Trouble(len(alike), in_common(alike), alike[:_CELLS]) for alike in kinds[:_KINDS]),
        more_troubles=sum(map(len, kinds[_KINDS:])),
        template=loaded.template or "",
        uncomposed_requests=uncomposed_requests(preview) if loaded.template else None,
        offer=offer(loaded, settings),
        asked=note_examples.asked(preview),
        is_sent=imported + remaining.unclear > 0 or bool(rows.done),
    )
    if not thorough:
        return overview
    return replace(
        overview,
        columns=tuple(itertools.islice(_columns(loaded), _COLUMNS)),
        to_fix=loaded.to_fix,
        lacks_files=_lacks_files(loaded),
        first_rows=tuple(_first_rows(loaded)),
        html=sum(len(group.positions) for group in remaining.groups if markup.is_html(group.note.text)),
        escaped=sum(len(group.positions) for group in remaining.groups if group.note.content != group.note.text),
    )


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


def uncomposed_requests(preview: Preview) -> int:
    """Return the number of requests that the remaining rows would need without the template."""
    rows = preview.loaded.rows
    left, notes = np.full(len(rows), -1, dtype=np.int32), dict[Note, int]()
    for group in preview.remaining.groups:
        note = replace(group.note, text=group.note.uncomposed or group.note.text)
        left[group.positions] = notes.setdefault(note, len(notes))
    plain = replace(rows, note=left, notes=[*notes])
    return grouping.remaining(grouping.plan(plain).groups, plain, preview.batch_size).requests


def digest(preview: Preview) -> str:
    """Return a digest, in hexadecimal digits, of each row's prospect or email and note, and of how each note is sent.

    The digest differs if a setting or an attached file changes what would be sent from the same spreadsheet, or if
    notes with these texts were sent meanwhile with another visibility or status.
    """
    rows, hasher, settings = preview.as_read, hashlib.sha256(), preview.settings
    parts = [
        settings.on_several.value,
        str(settings.skip_existing),
        str(settings.update),
        *map(str, _asked(preview)),
        *rows.prospect,
        *(() if rows.key is None else rows.key),
    ]
    hasher.update("\n".join(f"{len(part)} {part}" for part in parts).encode("utf-8", "surrogatepass"))
    hasher.update(" ".join(map(str, sorted(wish.digest for wish in preview.wishes if wish.is_asked))).encode())
    hasher.update(rows.note.tobytes())
    for note in rows.notes:
        hasher.update(note.digest)
        hasher.update(hashlib.sha256(note.content.encode("utf-8", "surrogatepass")).digest())
    return hasher.hexdigest()


def _asked(preview: Preview) -> tuple[object, ...]:
    """Return what decides which rows are sent although something like them is there."""
    settings, remaining = preview.settings, preview.remaining
    return settings.in_doubt, settings.hidden, remaining.in_doubt, remaining.hidden, remaining.more_visible


def _count_repeating(loaded: Loaded) -> int:
    """Return the number of rows that deliver nothing of their own, because they repeat earlier rows."""
    repeats = loaded.plan.original >= 0
    is_repeating = np.zeros(loaded.rows.in_sheet, dtype=bool)
    for mask, value in (repeats, True), (~repeats, False):
        is_repeating[loaded.rows.of_sheet(np.flatnonzero(mask).astype(np.int32))] = value
    return int(is_repeating.sum())


def _columns(loaded: Loaded) -> Iterator[ColumnOverview]:
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
        name = called(sheet.headings, at)
        yield ColumnOverview(
            column_letter(at), _short(heading), name, samples(values), role_of.get(at), at in parts, at in ours
        )


def _first_rows(loaded: Loaded) -> Iterator[tuple[int, Sequence[str]]]:
    for numbers, columns in loaded.sheet.columns():
        for index, number in enumerate(numbers[:FIRST_ROWS]):
            yield number, tuple(_short(column[index]) for column in columns[:_COLUMNS])
        return


def _short(text: str) -> str:
    return text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}…"


# -- problems -----------------------------------------------------------------------------------------------------


def _in_order(loaded: Loaded) -> list[Problem]:
    """Return the problems in the order of the rows."""
    return [problem for _, row_problems in sorted(loaded.rows.problems.items()) for problem in row_problems]


def problems_by_kind(loaded: Loaded) -> list[list[Problem]]:
    """Return the problems, grouped by column and kind, the most frequent first."""
    kinds: dict[tuple[int | None, Message], list[Problem]] = {}
    for problem in _in_order(loaded):
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


def counted_words(preview: Preview) -> tuple[WordOverview, ...]:
    """Return the words of visibility and status with their numbers of rows, at most 60."""
    return tuple(itertools.islice(_words(preview.loaded), _WORDS))


def _words(loaded: Loaded) -> Iterator[WordOverview]:
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
        yield from (WordOverview(role, word, count, value) for word, value, count in counted_words if count)
        position, problems = loaded.roles.columns[role], itertools.chain(*loaded.rows.problems.values())
        wrong = (at.word or (cleaned_id(at.value) if at.near else "") for at in problems if at.column == position)
        spellings = {folded(word): word for word in wrong if word}
        yield from (
            WordOverview(role, spellings.get(word, ""), count, is_known=False)
            for word, count in rows.most_common()
            if word in spellings or not word
        )


def _lacks_files(loaded: Loaded) -> bool:
    """Return whether attachment cells have problems."""
    column = loaded.roles.columns.get(Role.ATTACHMENTS)
    found = (problem.column for problems in loaded.rows.problems.values() for problem in problems)
    return column is not None and column in found
