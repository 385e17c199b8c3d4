"""Turn the text of each cell into a value or a problem. Every row is checked before the first request.

Input: a sheet and its roles. Output: :class:`~importer.models.Rows`. For speed, each distinct text is read only once.
A row is skipped only if it certainly isn't data: a row with fewer cells is data, and so is a row with a flaw.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from importer.fields import FURTHER, WORDED
from importer.identity import same_texts, texts_at
from importer.markup import content_of
from importer.messages import Cell, Message, cut, say
from importer.models import AttachedFile, Ints, Note, Problem, Role, Rows, Status
from importer.reading import Flaw, Sheet, cell_name
from importer.resultsfile import own_columns
from importer.rows import foreign, unmapped, words
from importer.rows.attachments import Folder
from importer.rows.columns import Roles, in_words
from importer.rows.emails import with_more
from importer.rows.readers import ComposedReader
from importer.rows.receivers import Receivers, email_of
from importer.rows.unmapped import Unmapped
from importer.rows.values import (
    COLOPHON,
    CONTROL,
    LONGEST_KEY,
    TEXT,
    Block,
    ColumnReader,
    Value,
    WordReader,
    Wrong,
    cleaned_id,
    is_damaged,
    is_footer,
    quoted,
    read_attachments,
    read_content,
    read_field,
)
from importer.settings import Settings

_TEXTS = (Role.PROSPECT, Role.EMAIL, Role.KEY, Role.RECORD)
"""The roles whose texts are read for each row; those of notes are read once each."""

_LABEL = re.compile(r"(record )?count|average|avg|max|min|records|anzahl|mittelwert", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?[\d.,\s\u00a0%€$£]*\d[\d.,\s\u00a0%€$£]*((?<=\s)[^\W\d_]+)?")  # 6; 1,204.50 €; 6 customers
_MOST_TITLES = 2  # lines between a gap and the colophon: the name of the report, and of the company


def validate(sheet: Sheet, roles: Roles, settings: Settings, folder: Folder | None = None) -> Rows:
    """Read every row of a sheet. A problem with a row is a value, never an exception.

    ``folder`` has the files that the attachments column names; None: the column holds IDs.
    """
    return _Validation(sheet, roles, settings, folder).rows()


class _Validation:
    """One pass over a sheet that reads and checks every row."""

    def __init__(self, sheet: Sheet, roles: Roles, settings: Settings, folder: Folder | None) -> None:
        self.sheet, self.roles, self.settings, self.folder = sheet, roles, settings, folder
        position_of, read_files = roles.columns.get, read_attachments if folder is None else folder.read
        self.receivers = Receivers(sheet, roles, settings, self._add)
        composition = roles.composition
        self.composed = None if composition is None else ComposedReader(composition, settings)
        self.worded = {role: _words(role, sheet, roles, settings) for role in WORDED}
        self.columns = {  # the columns of the note
            Role.CONTENT: self.composed or ColumnReader(position_of(Role.CONTENT), read_content),
            **self.worded,
            Role.ATTACHMENTS: ColumnReader(position_of(Role.ATTACHMENTS), read_files),
            **{role: ColumnReader(position_of(role), partial(read_field, None)) for role in FURTHER},
        }
        of_roles = [at for role in roles.columns for at in roles.of(role) if role is not Role.RECORD]
        self.used = frozenset((*of_roles, *(() if composition is None else composition.columns)))
        about = (at for at in roles.unexplained if any(words.is_about(role, sheet.headings[at]) for role in WORDED))
        self.judged = {None, *self.used, *about, roles.columns.get(Role.RECORD)}
        self.files: Mapping[str, AttachedFile] = {} if folder is None else folder.files
        self.notes: list[Note] = []
        self.problems: dict[int, list[Problem]] = {}
        self.done: dict[int, tuple[str, ...]] = {}
        self.left_out: dict[int, Message] = {}

    def rows(self) -> Rows:
        size, columns = self.sheet.row_count, self.roles.columns
        number = np.zeros(size, dtype=np.int32)
        texts_of = {role: np.full(size, "", dtype=TEXT) for role in _TEXTS if role is Role.PROSPECT or role in columns}
        codes = {role: np.zeros(size, dtype=np.int32) for role in self.columns}  # of the values of each row's note
        known = {} if self.settings.reading is None else self.settings.reading.seen
        unexplained = Unmapped(self.sheet.headings, self.roles, self.settings.values, known)
        left_out, skipped = self.sheet.left_out, dict[int, Message]()
        footers = Footers(self.sheet, self.used.union(self.roles.further_emails), columns, self._flaws)
        start = 0
        for numbers, texts in self.sheet.columns():
            block, part = Block(numbers, texts, start), slice(start, start + len(numbers))
            if of_block := {start + i: left_out[number] for i, number in enumerate(numbers) if number in left_out}:
                block = block.without(of_block)  # so that none of their cells raises a question
                skipped |= of_block
            unexplained.look(block)
            number[part] = numbers
            people, emails = self.receivers.read(block)
            read = {Role.PROSPECT: people, Role.EMAIL: emails, Role.KEY: self._keys(block)}
            read[Role.RECORD] = self._records(block)
            for role, of_rows in texts_of.items():
                of_rows[part] = np.array(read[role], dtype=TEXT)
            for role, column in self.columns.items():
                codes[role][part] = column.codes(block)
                self._note_problems(block, column, codes[role][part])
            self._note_flaws(block)
            self._note_done(block)
            footers.look(block, self.problems)
            start = part.stop
        self.done = {position: ids for position, ids in self.done.items() if position not in footers.skipped}
        self._hold(number, texts_of.values(), codes)
        note = self._notes(codes, size)
        skipped = {**self.left_out, **footers.skipped, **skipped}
        for position in skipped:
            del self.problems[position]
        meanings = {role: self.columns[role].meanings() for role in WORDED if role in columns}
        open_problems = [of_row for position, of_row in self.problems.items() if position not in self.done]
        unknown = words.unknown(open_problems, columns, self.sheet.headings, self.settings, meanings)
        dates = [] if self.composed is None else self.composed.dates.questions(self.sheet.headings)
        rows = Rows(
            number,
            texts_of[Role.PROSPECT],
            note,
            self.notes,
            texts_of.get(Role.KEY),
            texts_of.get(Role.EMAIL),
            texts_of.get(Role.RECORD),
            problems=self.problems,
            done=self.done,
            skipped=skipped,
            files=self.files,
            meanings=meanings,
            remarks=self._remarks(),
            # the optional one last, because it may stay unanswered
            questions=[*unexplained.questions(self.notes), *unknown, *dates, *self.receivers.questions()],
            seen=unexplained.seen,
        )
        more = [(i, one, email_of(one)) for i, who in self.receivers.further.items() if note[i] >= 0 for one in who]
        return contradicted(with_more(rows, more), self.sheet, self.roles)

    def _keys(self, block: Block) -> list[str]:
        """Return the keys of the block's rows, which tell occurrences of the same note apart."""
        column = self.roles.columns.get(Role.KEY)
        keys = [cleaned_id(text) for text in block.column(column)]
        for i, key in enumerate(keys):
            if len(key) > LONGEST_KEY:
                self._add(block, i, column, say("key.too-long", n=LONGEST_KEY))
        return keys

    def _records(self, block: Block) -> list[str]:
        """Return the IDs of the records of the block's rows, empty for a row without one."""
        if (column := self.roles.columns.get(Role.RECORD)) is None:
            return []
        for i, text in enumerate(block.columns[column]):
            if is_damaged(cleaned_id(text)):
                self._add(block, i, column, say("id.damaged", value=Cell(quoted(text)), what="record"))
        return [foreign.record_id(self.sheet.headings[column], text) for text in block.columns[column]]

    def _hold(self, number: Ints, texts: Iterable[np.ndarray], codes: Mapping[Role, Ints]) -> None:
        """Add a problem to rows that say the same as one of which it isn't clear who may see that, but show more."""
        parts = (*texts, codes[Role.CONTENT], codes[Role.ATTACHMENTS])
        for role, least in words.LEAST.items():
            unclear = {
                tuple(part[at] for part in parts): say("value.of-another-row", row=Cell(str(number[at])))
                for at, found in self.problems.items()
                if at not in self.left_out and any(one.column in self.roles.of(role) for one in found)
            }
            shows = self.columns[role].values
            for at, says in enumerate(zip(*parts, strict=True)) if unclear else ():
                if says in unclear and at not in self.problems and shows[codes[role][at]] is not least:
                    row = say("row", row=str(number[at]))
                    self.problems[at] = [Problem(int(number[at]), None, row, "", unclear[says])]

    def _notes(self, codes: Mapping[Role, Ints], size: int) -> Ints:
        """Make a note of each combination of codes; return each row's index in ``notes``, -1 for unusable rows."""
        note, usable = np.full(size, -1, dtype=np.int32), np.ones(size, dtype=bool)
        usable[[*self.problems]] = False
        combinations = pd.DataFrame(codes, copy=False)[usable]
        note[usable] = combinations.groupby([*codes], sort=False).ngroup()
        first = ~combinations.duplicated()
        self.notes = [self._note(row) for row in combinations[first].itertuples(index=False, name=None)]
        return note

    def _note(self, codes: Sequence[int]) -> Note:
        values: dict[Role, Any] = {
            role: column.values[code] for (role, column), code in zip(self.columns.items(), codes, strict=True)
        }
        attached, text = values[Role.ATTACHMENTS], values[Role.CONTENT]
        kind, uncomposed = self.settings.content, ""
        if self.composed is not None:
            kind, uncomposed = self.composed.kinds[codes[0]], self.composed.uncomposed[codes[0]]
        return Note(
            text,
            values[Role.VISIBILITY],
            values[Role.STATUS],
            attachments=attached if self.folder is None else (),
            content=content_of(text, kind),
            files=() if self.folder is None else attached,
            uncomposed=uncomposed,
            further=tuple((role, values[role]) for role in FURTHER if values[role]),
        )

    def _note_problems(self, block: Block, column: ColumnReader, codes: Ints) -> None:
        for i, code in enumerate(codes.tolist()) if column.wrong else ():
            if code not in column.wrong:
                continue
            wrong = column.values[code]
            assert isinstance(wrong, Wrong)
            position = column.position if wrong.column is None else wrong.column
            self._add(block, i, position, wrong.reason, wrong.word, near=wrong.near)
            if wrong.is_left_out:
                self.left_out[block.start + i] = wrong.reason

    def _note_flaws(self, block: Block) -> None:
        """Record the flaws that reading found in whole rows or in used cells, instead of other problems of the cell."""
        if not self.sheet.flaws and not self.sheet.covered and not self.sheet.corrections:
            return
        for i, number in enumerate(block.numbers):
            for flaw in self._flaws(number):
                position = block.start + i
                earlier = self.problems.pop(position, ())
                if kept := [one for one in earlier if one.column is None or one.column != flaw.column]:
                    self.problems[position] = kept
                if flaw.column in (None, *(at for role in WORDED for at in self.roles.of(role))):
                    self.left_out.pop(position, None)  # the word may be another cell's, or not what the cell holds
                self._add(block, i, flaw.column, flaw.text)

    def _flaws(self, number: int) -> list[Flaw]:
        """Return the flaws that reading found in the whole row, in used cells, or in some that may say who sees it."""
        return [flaw for flaw in self.sheet.wrong(number) if flaw.column in self.judged]

    def _note_done(self, block: Block) -> None:
        """Note the IDs that an earlier results file has for a row, even an invalid one; with `--again`, none."""
        for i, text in enumerate(block.column(None if self.settings.again else self.roles.ours.get("note_id"))):
            if note_ids := tuple(filter(None, map(cleaned_id, text.split(";")))):
                self.done[block.start + i] = note_ids

    def _add(
        self, block: Block, i: int, column: int | None, text: Message, word: str = "", *, part: str = "", near: str = ""
    ) -> None:
        number, value = block.numbers[i], cut(part or block.cell(i, column))
        name = say("row", row=str(number)) if column is None else cell_name(self.sheet.name, number, column)
        problem = Problem(number, column, name, value, text, word, near)
        self.problems.setdefault(block.start + i, []).append(problem)

    def _remarks(self) -> list[Message]:
        notes = sum(CONTROL.search(text) is not None for text in self.columns[Role.CONTENT].texts)
        remarks = [say("unseen.notes", n=notes)] if notes else []
        for role in WORDED:
            for at, n in self.worded[role].restricted.items():
                remarks.append(say(f"restricted.{role}", column=in_words(self.sheet.headings, at), n=n))
        remarks += self.receivers.remarks()
        if self.composed is not None:
            remarks += self.composed.dates.remarks()
        return remarks


def contradicted(rows: Rows, sheet: Sheet, roles: Roles) -> Rows:
    """Return the rows with problems of those with the same prospect and the same record or note, but another text."""
    if rows.record is None and not rows.done:
        return rows
    of_sheet = rows.of_sheet(np.arange(len(rows), dtype=np.int32))
    texts = np.append(same_texts(rows.notes, rows.files), np.int32(-1))[rows.note].tolist()
    first: dict[tuple[str, str, str], int] = {}
    wrong: dict[int, list[Problem]] = {}
    for of, column, one, position in _claims(rows, roles, of_sheet):
        earlier = first.setdefault((of, one, rows.prospect[position]), position) if texts[position] >= 0 else position
        if texts[earlier] == texts[position]:
            continue
        for at, beside in (position, earlier), (earlier, position):
            number, text = int(rows.number[at]), say(f"{of}.contradicts", row=Cell(str(rows.number[beside])))
            cell = cell_name(sheet.name, number, column)
            wrong.setdefault(int(of_sheet[at]), [Problem(number, column, cell, "", text)])
    note = np.where(np.isin(of_sheet, [*wrong]), np.int32(-1), rows.note)  # of all people of these rows
    done = {row: note_ids for row, note_ids in rows.done.items() if row not in wrong}
    return replace(rows, note=note, problems={**rows.problems, **wrong}, done=done)


def _claims(rows: Rows, roles: Roles, of_sheet: Ints) -> Iterator[tuple[str, int, str, int]]:
    """Yield each ID of a record or of a note: its kind, its column, itself, and the position of its row."""
    records = texts_at(rows.record, range(len(rows)))
    for position, (row, record) in enumerate(zip(of_sheet.tolist(), records, strict=True)):
        if record:
            yield "record", roles.columns[Role.RECORD], record, position
        yield from (("note-id", roles.ours["note_id"], one, position) for one in rows.done.get(row, ()))


class Footers:
    """Finder of rows that are not data, block by block. ``flaws`` returns what reading found wrong in a row."""

    def __init__(
        self, sheet: Sheet, used: Collection[int], columns: Mapping[Role, int], flaws: Callable[[int], Sequence[object]]
    ) -> None:
        self._used, self._columns, self._flaws = used, columns, flaws
        self._own = own_columns(sheet.headings)
        self.skipped: dict[int, Message] = {}
        self._last = sheet.header_row  # number of the row before
        self._next = -1  # position of the row after the latest with problems
        self._titles: list[tuple[int, str]] | None = None  # lines since a gap, which a colophon may follow
        self._is_under = False  # whether a colophon stands right above

    def look(self, block: Block, problems: Mapping[int, object]) -> None:
        """Skip the rows of a block that are not data. Only rows with problems are considered."""
        numbers, start = block.numbers, block.start
        for i in (i for i in range(len(numbers)) if start + i in problems):
            cells = {column: text for column in self._own if (text := block.columns[column][i].strip())}
            if why := self._why(cells, numbers[i]):
                self.skipped[start + i] = why
            if numbers[i] - (numbers[i - 1] if i else self._last) > 1:
                self._titles, self._is_under = [], False
            elif start + i != self._next:
                self._titles, self._is_under = None, False
            is_note = [*cells] == [self._columns.get(Role.CONTENT)]  # a person's, although the rest of the row is blank
            self._note_line(start + i, () if is_note else [*cells.values()])
            self._next = start + i + 1
        self._last = numbers[-1]

    def _note_line(self, position: int, texts: Sequence[str]) -> None:
        """Skip a line that stands with a colophon: under it, or between it and the gap above."""
        if len(texts) == 1 and (self._is_under or COLOPHON.fullmatch(texts[0])):
            for line, text in (*(self._titles or ()), (position, texts[0])):
                self.skipped.setdefault(line, say("skipped.footer", value=Cell(quoted(text))))
            self._titles, self._is_under = None, True
        elif len(texts) == 1 and self._titles is not None and len(self._titles) < _MOST_TITLES:
            self._titles.append((position, texts[0]))
        else:
            self._titles, self._is_under = None, False

    def _why(self, cells: Mapping[int, str], number: int) -> Message | None:
        footers = [text for text in cells.values() if is_footer(text)]
        for column, text in cells.items() if footers else ():
            is_number = column != self._columns.get(Role.PROSPECT) and _NUMBER.fullmatch(text)
            if not (text in footers or _LABEL.fullmatch(text) or is_number):
                return None
        if footers:
            return say("skipped.footer", value=Cell(quoted(footers[0])))
        is_data = any(column in cells for column in self._used) or self._flaws(number)
        return None if is_data else say("skipped.blank")


def _words(role: Role, sheet: Sheet, roles: Roles, settings: Settings) -> WordReader:
    """Return the reader of the columns of visibility or status."""
    headings, values = sheet.headings, settings.values
    position, further = roles.columns.get(role), roles.listed.get(role, ())
    heading = "" if position is None else headings[position]
    blank: Value | Wrong = Status.PUBLISHED
    if role is Role.VISIBILITY:
        blank = settings.default_visibility or Wrong(say("visibility.blank"))
    elif position is not None and not words.is_plain(role, heading):
        blank = words.reading(role, heading, "") or Status.DRAFT
    read = words.vocabulary(role, heading, values)
    return WordReader(
        position,
        lambda text: read(word) if (word := cleaned_id(text)) else blank,
        {at: unmapped.restricting(role, headings[at], words.in_further(values)) for at in further},
    )
