"""Turn the text of each cell into a value or a problem. Every row is checked before the first request.

Input: a sheet and its roles. Output: :class:`~importer.models.Rows`. For speed, each distinct text is read only once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from importer.fields import WORDED
from importer.markup import content_of
from importer.messages import Message, say
from importer.models import Ints, Note, Problem, Role, Rows, Texts
from importer.reading import Flaw, Sheet, cell_name, column_letter
from importer.rows import records, words
from importer.rows.attachments import Folder
from importer.rows.columns import Roles, at_the_start
from importer.rows.footers import Footers
from importer.rows.former import former
from importer.rows.readers import ColumnReader, ComposedReader
from importer.rows.unmapped import Unmapped
from importer.rows.values import (
    LONGEST_ID,
    LONGEST_KEY,
    SHORTEST_SURE,
    TEXT,
    Wrong,
    cleaned_id,
    has_control,
    is_id,
    is_unclean,
    kind_of,
    read_attachments,
    read_content,
    read_email,
    shortened,
    wrong_with_id,
)
from importer.rows.words import Value
from importer.settings import Settings


def validate(sheet: Sheet, roles: Roles, settings: Settings, folder: Folder | None = None) -> Rows:
    """Read every row of a sheet. A problem with a row is a value, never an exception.

    Args:
        sheet: the sheet.
        roles: the column of each role.
        settings: the format of the notes, the visibility of a blank cell, and the user's words with their meanings.
        folder: the folder with the files that the attachments column names; None: the column holds IDs.
    """
    return _Validation(sheet, roles, settings, folder).rows()


@dataclass(frozen=True)
class _Block:
    """Some successive rows of a sheet. An index counts from the first of them, a position from the sheet's first."""

    cells: pd.DataFrame
    start: int

    def __len__(self) -> int:
        return len(self.cells)

    def cell(self, index: int, column: int | None) -> str:
        """Return the text of a cell, empty if the sheet has no such column."""
        return "" if column is None else str(self.cells.iat[index, column])


class _Validation:
    """One pass over a sheet that reads and checks every row."""

    def __init__(self, sheet: Sheet, roles: Roles, settings: Settings, folder: Folder | None) -> None:
        self.sheet, self.roles, self.settings, self.folder = sheet, roles, settings, folder
        position_of = roles.columns.get
        blank_visibility = settings.default_visibility or Wrong(say("visibility.blank"))
        status = position_of(Role.STATUS)
        blank_status = words.blank_status("" if status is None else sheet.headings[status])
        email_columns = [position_of(Role.EMAIL), *roles.further_emails]
        self.emails = [ColumnReader(position, read_email) for position in email_columns if position is not None]
        self.from_further = self.differing = 0  # rows with the email of a further column, and with different emails
        composition = roles.composition
        self.composed = None if composition is None else ComposedReader(composition, settings.content)
        self.columns = {  # the columns of the note
            Role.CONTENT: ColumnReader(position_of(Role.CONTENT), read_content, has_control)
            if self.composed is None
            else self.composed,
            Role.VISIBILITY: self._words(Role.VISIBILITY, blank_visibility),
            Role.STATUS: self._words(Role.STATUS, blank_status),
            Role.ATTACHMENTS: ColumnReader(position_of(Role.ATTACHMENTS), read_attachments)
            if self.folder is None
            else ColumnReader(position_of(Role.ATTACHMENTS), self.folder.read, lambda _: False),
        }
        self.used = frozenset((*roles.columns.values(), *(() if composition is None else composition.columns)))
        self.notes: list[Note] = []
        self._note_of: dict[tuple[int, ...], int] = {}  # codes of a note's values → its index in notes
        self.problems: dict[int, list[Problem]] = {}
        self.done: dict[int, str] = {}
        self.left_out: dict[int, Message] = {}
        self.cleaned_ids = 0
        self._kinds: dict[Message, Message] = {}

    def _words(self, role: Role, blank: Value | Wrong) -> ColumnReader:
        """Return the reader of the column of visibility or status; ``blank`` is the value of a blank cell."""
        position = self.roles.columns.get(role)
        if position is None:
            return ColumnReader(None, lambda _: blank)
        vocabulary = words.Vocabulary(role, self.sheet.headings[position], self.settings.values)
        return ColumnReader(position, lambda text: vocabulary.read(word) if (word := cleaned_id(text)) else blank)

    def rows(self) -> Rows:
        size, columns = self.sheet.row_count, self.roles.columns
        number = np.zeros(size, dtype=np.int32)
        prospect: Texts = np.full(size, "", dtype=TEXT)
        note = np.full(size, -1, dtype=np.int32)
        key: Texts | None = np.full(size, "", dtype=TEXT) if Role.KEY in columns else None
        email: Texts | None = np.full(size, "", dtype=TEXT) if Role.EMAIL in columns else None
        unexplained = Unmapped(self.sheet.headings, self.roles, self.settings.values)
        ours = self.roles.ours.values()
        used = self.used.union(self.roles.further_emails)
        footers = Footers(self.sheet.header_row, used, columns.get(Role.PROSPECT), ours, self._flaws)
        start = 0
        for cells in self.sheet.blocks():
            block, part = _Block(cells, start), slice(start, start + len(cells))
            unexplained.look(cells)
            number[part] = cells.index
            ids, emails = self._prospects(block)
            prospect[part] = np.array(ids, dtype=TEXT)
            if email is not None:
                email[part] = np.array(emails, dtype=TEXT)
            if key is not None:
                key[part] = np.array(self._keys(block), dtype=TEXT)
            codes = {role: column.codes(cells) for role, column in self.columns.items()}
            self._note_problems(block, codes)
            self._note_flaws(block)
            self._note_done(block)
            footers.look(cells, start, self.problems)
            usable = np.array([i not in self.problems and i not in self.done for i in range(part.start, part.stop)])
            note[part] = self._notes(codes, usable)
            start = part.stop
        skipped = {**self.left_out, **footers.finish()}
        for position in skipped:
            del self.problems[position]
        record = records.found(self.sheet, self.roles, prospect, note)
        return Rows(
            number,
            prospect,
            note,
            self.notes,
            key,
            email,
            None if record is None else record[1],
            problems=self.problems,
            done=self.done,
            skipped=skipped,
            files={} if self.folder is None else self.folder.files,
            meanings={role: self.columns[role].meanings() for role in WORDED if role in columns},
            remarks=self._remarks(None if record is None else record[0]),
            overlooked=unexplained.questions(self.notes),
            set_aside=unexplained.set_aside,
            unknown=words.unknown(self.problems.values(), columns, self.sheet.headings, self.settings.values),
            former=former(self.sheet, self.roles),
        )

    def _prospects(self, block: _Block) -> tuple[list[str], list[str]]:
        """Return the block's cleaned prospect IDs and emails. The email replaces a missing ID."""
        column = self.roles.columns.get(Role.PROSPECT)
        emails = [[reader.values[code] for code in reader.codes(block.cells).tolist()] for reader in self.emails]
        ids = [""] * len(block) if column is None else block.cells[column].tolist()
        for i, text in enumerate(ids):
            if text.isascii() and text.isalnum() and not text[0].isdigit() and SHORTEST_SURE <= len(text) <= LONGEST_ID:
                continue  # nearly all IDs look like this and need no further check
            prospect = cleaned_id(text)
            if not prospect and emails:
                first = self._first_filled([values[i] for values in emails]) if len(emails) > 1 else 0
                emails[0][i] = emails[first][i]
                ids[i] = self._named_by_email(block, i, self.emails[first].position, emails[0][i])
                continue
            self.cleaned_ids += is_unclean(text)
            if wrong := wrong_with_id(prospect):
                self._add(block, i, column, wrong)
            ids[i] = prospect[:LONGEST_ID]
        return ids, [email if isinstance(email, str) else "" for values in emails[:1] for email in values]

    def _keys(self, block: _Block) -> list[str]:
        """Return the keys of the block's rows, which tell occurrences of the same note apart."""
        column = self.roles.columns[Role.KEY]
        keys = [text.strip() for text in block.cells[column]]
        for i, key in enumerate(keys):
            if len(key) > LONGEST_KEY:
                self._add(block, i, column, say("key.too-long", n=LONGEST_KEY))
        return keys

    def _first_filled(self, emails: Sequence[object]) -> int:
        """Return the index of the first email of a row that isn't blank, 0 if all are, and count such rows."""
        first = next((index for index, email in enumerate(emails) if email), 0)
        self.from_further += first > 0
        self.differing += any(isinstance(email, str) and email not in ("", emails[first]) for email in emails)
        return first

    def _named_by_email(self, block: _Block, i: int, column: int | None, email: object) -> str:
        """Return the email of a row without an ID, or the ID in the email cell. Record a problem if it has neither."""
        for flaw in self.sheet.wrong(int(block.cells.index[i])) if column not in self.used else ():
            if flaw.column == column:
                self._add(block, i, column, flaw.text)
                return ""
        if isinstance(email, Wrong) and is_id(prospect := cleaned_id(block.cell(i, column))):
            return prospect
        wrong = email.reason if isinstance(email, Wrong) else None if email else say("email.blank")
        if wrong:
            self._add(block, i, column, wrong)
        return "" if wrong else str(email)

    def _notes(self, codes: Mapping[Role, Ints], usable: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Ints:
        """Return each row's index in ``notes``, -1 for unusable rows. New notes are appended to ``notes``."""
        result = np.full(len(usable), -1, dtype=np.int32)
        combined = pd.DataFrame({role: column[usable] for role, column in codes.items()})
        combination = combined.groupby(list(combined.columns), sort=False).ngroup().to_numpy()
        note_indices = []
        for row in combined.iloc[np.unique(combination, return_index=True)[1]].itertuples(index=False, name=None):
            if row not in self._note_of:
                self._note_of[row] = len(self.notes)
                self.notes.append(self._note(row))
            note_indices.append(self._note_of[row])
        if note_indices:
            result[usable] = np.array(note_indices, dtype=np.int32)[combination]
        return result

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
        )

    def _note_problems(self, block: _Block, codes: Mapping[Role, Ints]) -> None:
        for role, column in self.columns.items():
            is_wrong = column.wrong()
            for i in np.flatnonzero(is_wrong[codes[role]]).tolist() if is_wrong.any() else ():
                wrong = column.values[codes[role][i]]
                assert isinstance(wrong, Wrong)
                position = column.position if wrong.column is None else wrong.column
                self._add(block, i, position, wrong.reason, wrong.word)
                if wrong.is_left_out:
                    self.left_out[block.start + i] = wrong.reason

    def _note_flaws(self, block: _Block) -> None:
        """Record the flaws that reading found in whole rows or in used cells, instead of other problems of the cell."""
        if not self.sheet.flaws and not self.sheet.covered:
            return
        for i, number in enumerate(block.cells.index):
            for flaw in self._flaws(number):
                position = block.start + i
                kept = [
                    problem
                    for problem in self.problems.pop(position, ())
                    if problem.column is None or problem.column != flaw.column
                ]
                if kept:
                    self.problems[position] = kept
                if flaw.column in (None, *(self.columns[role].position for role in WORDED)):
                    self.left_out.pop(position, None)  # the word may be another cell's, or not what the cell holds
                self._add(block, i, flaw.column, flaw.text)

    def _flaws(self, number: int) -> list[Flaw]:
        """Return the flaws that reading found in the whole row or in its used cells."""
        return [flaw for flaw in self.sheet.wrong(number) if flaw.column is None or flaw.column in self.used]

    def _note_done(self, block: _Block) -> None:
        """Mark rows as done if an earlier results file has their note ID, whatever problems they have."""
        for i, text in enumerate(block.cells[self.roles.ours["note_id"]] if self.roles.ours else ()):
            if note_id := cleaned_id(text):
                self.done[block.start + i] = note_id
                self.problems.pop(block.start + i, None)
                self.left_out.pop(block.start + i, None)

    def _add(self, block: _Block, i: int, column: int | None, text: Message, word: str = "") -> None:
        number, value = int(block.cells.index[i]), shortened(block.cell(i, column))
        name = f"row {number}" if column is None else cell_name(self.sheet.name, number, column)
        kind = kind_of(text, value)
        kind = self._kinds.setdefault(kind, kind)  # many problems share few kinds; saves memory
        problem = Problem(number, column, name, value, text, kind, word)
        self.problems.setdefault(block.start + i, []).append(problem)

    def _remarks(self, record: int | None) -> list[Message]:
        cleaned = {role: column.cleaned for role, column in self.columns.items()}
        notes = cleaned.pop(Role.CONTENT)
        counts = {Role.PROSPECT: self.cleaned_ids, **cleaned}
        cells = tuple(say(f"cleaned.{role}", n=count) for role, count in counts.items() if count)
        remarks = [say("unseen.cells", cells=cells)] if cells else []
        email = tuple(column_letter(reader.position) for reader in self.emails if reader.position is not None)
        if self.from_further:
            remarks.append(say("email.further", n=self.from_further, first=email[0], further=email[1:]))
        if self.differing:
            remarks.append(say("email.differ", n=self.differing, columns=email))
        if record is not None:
            remarks.append(say("record.found", column=at_the_start(self.sheet.headings, record)))
        return [*remarks, say("unseen.notes", n=notes)] if notes else remarks
