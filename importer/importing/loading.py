"""Read, check and group a file. Nothing is sent, and no key is needed.

Input: a file and settings. Output: :class:`Loaded`, whose sheet is open until the block ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from importer import reading, results, resultsfile
from importer.errors import UnclearColumns, UnreadableFile
from importer.importing import read_again
from importer.importing.loaded import Loaded, folder_of, left_out_before, writable
from importer.messages import Message, lines, say
from importer.models import PossibleAnswer, Question, Role, Rows
from importer.reading import Correction, Sheet
from importer.rows import columns, composing, foreign, readers, recognition, suggestions, unmapped, validation
from importer.rows.attachments import are_names
from importer.rows.columns import Roles
from importer.rows.composing import Composition
from importer.rows.readers import earlier_texts
from importer.rows.values import TEXT
from importer.settings import Settings
from importer.settings.reading import named


@contextmanager
def load(path: str | Path, settings: Settings, corrections: Mapping[int, Correction] | None = None) -> Iterator[Loaded]:
    """Yield a file that was read, checked and grouped, with a person's corrections laid over it. Raises Unusable."""
    with read(path, settings) as as_read:
        sheet = as_read if corrections is None else as_read.corrected(corrections)
        yield understood(sheet, read_again.known(sheet, settings))


def read(path: str | Path, settings: Settings) -> Sheet:
    """Read a file. Raises Unusable if it can't be read."""
    known = [*_known(settings)]
    options = reading.Options(settings.sheet, settings.header_row, settings.encoding, settings.delimiter, known=known)
    return reading.read(
        path, options, is_header=lambda cells: _is_header(cells, settings, known), is_likely=suggestions.may_hold_notes
    )


def _known(settings: Settings) -> Iterator[reading.KnownSheet]:
    """Yield how each known kind of sheet is read; only the one that the settings name, if they name one of them."""
    chosen = None if settings.export is None else named(settings.export, settings.readings)
    for one in settings.readings if settings.export is None else filter(None, [chosen]):
        how = {name: one.answers[name] for name in ("encoding", "delimiter") if name in one.answers}
        yield reading.KnownSheet(partial(recognition.is_header, one), **how)


def _is_header(cells: Sequence[str], settings: Settings, known: Sequence[reading.KnownSheet]) -> bool:
    """Return whether a row holds the headings that an import needs, those of a known sheet, or those of our results."""
    is_known = any(kind.is_header(cells) for kind in known) or bool(resultsfile.our_columns(cells))
    return is_known or columns.is_header(cells, settings)


def understood(sheet: Sheet, settings: Settings) -> Loaded:
    """Check and group the rows of an open sheet, as the settings say. Raises UnreadableFile for results of practice."""
    if resultsfile.PRACTISED in sheet.headings:
        raise UnreadableFile(say("practice.no-sheet", source=writable(sheet.source)))
    cells, known, but_for = suggestions.glance(sheet), settings, None
    try:
        settings = recognition.read_as_known(sheet.headings, settings, cells)
        but_for = None if settings.reading else recognition.not_as_before(sheet.headings, known, cells)
        roles = foreign.find(sheet, settings, cells)
    except UnclearColumns as error:
        if but_for is not None:
            error = type(error)(lines(but_for, error.message), _because(but_for, error.questions))
        no_rows = Rows(np.zeros(0, np.int32), np.full(0, "", TEXT), np.zeros(0, np.int32), [])
        return Loaded(sheet, Roles({}, {}, ()), no_rows, settings, error)
    # Our CSV protects cells that a program would run as formulas, and stays so if a person saves it as a workbook.
    if roles.ours and (sheet.delimiter is not None or not read_again.run_named(sheet.source)):
        sheet = sheet.restored(results.unprotected)
    if roles.composition is not None and settings.dates is None:
        settings = replace(settings, dates=readers.proven(sheet, roles.composition))
    folder = folder_of(sheet, roles, settings)
    rows = validation.validate(sheet, roles, settings, folder)
    loaded = Loaded(sheet, roles, rows, settings)
    if before := left_out_before(loaded):
        return understood(replace(sheet, left_out={**sheet.left_out, **before}), known)
    rows.remarks[:0] = recognition.remarks(sheet.headings, settings)
    rows.remarks += foreign.remarks(sheet.headings, roles, cells)
    _see_to_files(rows, sheet, roles, settings, cells)
    _see_to_template(rows, sheet, roles, settings)
    if but_for is not None and rows.questions:
        rows.questions = _because(but_for, rows.questions)
    elif but_for is not None:
        rows.remarks.insert(0, but_for)
    rows.template = loaded.template or ""
    now = loaded.template, str(settings.dates or "")
    forms = dict.fromkeys(form for reading in settings.readings for form in reading.forms if form != now)
    rows.earlier = earlier_texts(sheet, [*forms], settings)
    return loaded


def _because(why: Message, questions: Sequence[Question]) -> list[Question]:
    """Return the questions, the first with the reason why they are asked."""
    first, *others = questions
    asks, because = (say("columns.and", first=why, more=(said,)) for said in (first.asks, first.why or first.asks))
    return [replace(first, asks=asks, why=because), *others]


def _see_to_files(rows: Rows, sheet: Sheet, roles: Roles, settings: Settings, cells: Sequence[Sequence[str]]) -> None:
    """Ask for the column of attachments, or add a remark, if there is a folder of files but no column names them."""
    if settings.attachments is None or Role.ATTACHMENTS not in roles.vacant:
        return
    positions = [i for i in roles.unexplained if are_names(cells[i], settings.attachments)]
    message = say("overlooked.names-files")
    rows.questions[:0] = [
        unmapped.question(sheet.headings, i, [Role.ATTACHMENTS], cells[i], message) for i in positions
    ]
    if not positions:
        rows.remarks.append(say("attachments.named-nowhere"))


def _see_to_template(rows: Rows, sheet: Sheet, roles: Roles, settings: Settings) -> None:
    """Ask which notes are meant if the sheet has the results of composed notes, and nothing says how to compose them.

    Rows that weren't delivered would be sent with another text, and rows without a clear answer could be sent twice.
    """
    is_said = Role.CONTENT in settings.mapping
    if resultsfile.COMPOSED not in roles.ours or roles.composition is not None or is_said or not (rows.note >= 0).any():
        return
    at = roles.columns[Role.CONTENT]
    choices = text_choices(sheet, at, composing.suggested(sheet.headings, roles.unused, at))
    rows.questions.insert(0, Question(say("composed.results"), choices, at, [Role.CONTENT]))


def text_choices(
    sheet: Sheet, at: int, composition: Composition | None, composed: Sequence[str] = (), stands: Sequence[str] = ()
) -> list[PossibleAnswer]:
    """Return the answers to the question which notes are meant, with samples: composed ones, or a column's texts."""
    named = partial(columns.called, sheet.headings)
    answers = [("as-it-stands", named(at), stands)]
    answers[:0] = [] if composition is None else [("composed", composition.renamed(named), composed)]
    return [PossibleAnswer("map", f"{Role.CONTENT}={name}", say(f"offered.{kind}"), of) for kind, name, of in answers]
