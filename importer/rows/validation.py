"""Turn the text of each cell into a value or a problem. Every row is checked before the first request.

Input: a sheet and its roles. Output: :class:`~importer.models.Rows`. For speed, each distinct text is read only once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import repeat

import numpy as np
import pandas as pd

from importer.markup import ContentKind, content_of
from importer.messages import Message, say
from importer.models import Note, Problem, Role, Rows, Status, Texts, Visibility
from importer.reading import Sheet, cell_name
from importer.rows import directions, words
from importer.rows.addresses import is_id, read_email
from importer.rows.attachments import Folder
from importer.rows.columns import Roles
from importer.rows.footers import Footers
from importer.rows.former import former
from importer.rows.readings import meanings
from importer.rows.unmapped import Unmapped
from importer.rows.values import (
    LONGEST_ID,
    LONGEST_KEY,
    SHORTEST_SURE,
    TEXT,
    Wrong,
    choice,
    cleaned_id,
    has_control,
    is_unclean,
    kind_of,
    read_attachments,
    read_content,
    shortened,
    wrong_with_id,
)
from importer.settings.meanings import Values


@dataclass(frozen=True)
class ValidationRules:
    """The user's settings about values.

    Attributes:
        default_visibility: visibility for blank cells and for sheets without the column; None: a blank is a problem.
        content: the format of the content column.
        values: the user's words with their meanings, and the columns for which each counts.
        folder: the folder with the files that the attachments column names; None: the column holds IDs.
    """

    default_visibility: Visibility | None = None
    content: ContentKind = ContentKind.AUTO
    values: Values = field(default_factory=dict)
    folder: Folder | None = None


def validate(sheet: Sheet, roles: Roles, rules: ValidationRules) -> Rows:
    """Read every row of a sheet. A problem with a row is a value, never an exception."""
    return _Validation(sheet, roles, rules).rows()


class _ColumnReader:
    """Reader of one column. Each distinct text is read once and then represented by a code.

    Attributes:
        position: position of the column, or None if the sheet has no such column.
        values: the value, or the :class:`Wrong`, of each code.
        code: text → code.
        cleaned: number of cells from which invisible or control characters were removed.
    """

    def __init__(
        self, position: int | None, read: Callable[[str], object], is_unclean: Callable[[str], bool] = is_unclean
    ) -> None:
        self.position = position
        self.values: list[object] = []
        self.cleaned = 0
        self._unclean: set[str] = set()
        self._read = read
        self._is_unclean = is_unclean
        self.code: dict[str, int] = {}
        self._code_of_value: dict[object, int] = {}

    def codes(self, block: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        """Return the code of each row's text: an index into ``values``."""
        texts = repeat("", len(block)) if self.position is None else block[self.position].tolist()
        code, add = self.code, self._add
        codes = np.fromiter(
            (code[text] if text in code else add(text) for text in texts), dtype=np.int32, count=len(block)
        )
        if self._unclean:
            self.cleaned += int(block[self.position].isin(self._unclean).sum())
        return codes

    def _add(self, text: str) -> int:
        value = self._read(text)
        code = self._code_of_value.setdefault(value, len(self.values))
        if code == len(self.values):
            self.values.append(value)
        self.code[text] = code
        if self._is_unclean(text):
            self._unclean.add(text)
        return code

    def wrong(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return for each code whether its value is a :class:`Wrong`."""
        return np.array([isinstance(value, Wrong) for value in self.values], dtype=bool)


class _Validation:
    """One pass over a sheet that reads and checks every row."""

    def __init__(self, sheet: Sheet, roles: Roles, rules: ValidationRules) -> None:
        self.sheet, self.roles, self.rules = sheet, roles, rules
        position_of = roles.columns.get
        headings = {role: sheet.headings[column] for role, column in roles.columns.items()}
        self.visibilities, self.statuses = words.vocabularies(rules.values, headings)
        self.email = _ColumnReader(position_of(Role.EMAIL), read_email)
        self.content = _ColumnReader(position_of(Role.CONTENT), read_content, has_control)
        self.visibility = _ColumnReader(position_of(Role.VISIBILITY), self._read_visibility)
        self.status = _ColumnReader(position_of(Role.STATUS), self._read_status)
        self.blank_status = directions.blank_status(headings.get(Role.STATUS, ""))
        self.attachments = _ColumnReader(position_of(Role.ATTACHMENTS), read_attachments)
        if rules.folder is not None:
            self.attachments = _ColumnReader(position_of(Role.ATTACHMENTS), rules.folder.read, lambda _: False)
        self.used = frozenset(roles.columns.values())
        self.problems: dict[int, list[Problem]] = {}
        self.done: dict[int, str] = {}
        self.cleaned_ids = 0
        self._kinds: dict[Message, Message] = {}

    def rows(self) -> Rows:
        size = self.sheet.row_count
        number = np.zeros(size, dtype=np.int32)
        prospect: Texts = np.full(size, "", dtype=TEXT)
        note = np.full(size, -1, dtype=np.int32)
        key: Texts | None = np.full(size, "", dtype=TEXT) if Role.KEY in self.roles.columns else None
        email: Texts | None = np.full(size, "", dtype=TEXT) if Role.EMAIL in self.roles.columns else None
        notes: list[Note] = []
        note_of: dict[tuple[int, ...], int] = {}
        unexplained = Unmapped(self.sheet.headings, self.roles, self.rules.values)
        prospects = self.roles.columns.get(Role.PROSPECT)
        footers = Footers(self.sheet.header_row, self.used, prospects, self.roles.ours.values(), self._is_marked)
        start = 0
        for block in self.sheet.blocks():
            unexplained.look(block)
            part = slice(start, start + len(block))
            number[part] = block.index
            ids, emails = self._prospects(block, start)
            prospect[part] = np.array(ids, dtype=TEXT)
            if email is not None:
                email[part] = np.array(emails, dtype=TEXT)
            if key is not None:
                key[part] = np.array(self._keys(block, start), dtype=TEXT)
            codes = [column.codes(block) for column in self._columns()]
            self._note_problems(block, codes, start)
            self._note_flaws(block, start)
            self._note_done(block, start)
            footers.look(block, start, self.problems)
            usable = np.array(
                [start + i not in self.problems and start + i not in self.done for i in range(len(block))]
            )
            note[part] = self._notes(codes, usable, notes, note_of)
            start += len(block)
        skipped = footers.finish()
        for position in skipped:
            del self.problems[position]
        return Rows(
            number,
            prospect,
            note,
            notes,
            key,
            email,
            self.problems,
            self.done,
            skipped,
            files={} if self.rules.folder is None else self.rules.folder.files,
            meanings=meanings({Role.VISIBILITY: self.visibility, Role.STATUS: self.status}),
            remarks=self._remarks(),
            overlooked=unexplained.questions(notes),
            unknown=words.unknown(self.problems.values(), self.roles.columns, self.sheet.headings, self.rules.values),
            former=former(self.sheet, self.roles),
        )

    def _columns(self) -> tuple[_ColumnReader, _ColumnReader, _ColumnReader, _ColumnReader]:
        return (self.content, self.visibility, self.status, self.attachments)

    def _prospects(self, block: pd.DataFrame, start: int) -> tuple[list[str], list[str]]:
        """Return the block's cleaned prospect IDs and emails. The email replaces a missing ID."""
        column = self.roles.columns.get(Role.PROSPECT)
        emails = self._emails(block)
        ids = [""] * len(block) if column is None else block[column].tolist()
        for i, text in enumerate(ids):
            if text.isascii() and text.isalnum() and not text[0].isdigit() and SHORTEST_SURE <= len(text) <= LONGEST_ID:
                continue  # nearly all IDs look like this and need no further check
            prospect = cleaned_id(text)
            if not prospect and emails is not None:
                ids[i] = self._named_by_email(block, i, start, emails[i])
                continue
            self.cleaned_ids += is_unclean(text)
            if wrong := wrong_with_id(prospect):
                self._add(start + i, block.index[i], column, text, wrong)
            ids[i] = prospect[:LONGEST_ID]
        return ids, [email if isinstance(email, str) else "" for email in emails or ()]

    def _keys(self, block: pd.DataFrame, start: int) -> list[str]:
        """Return the keys of the block's rows, which tell occurrences of the same note apart."""
        column = self.roles.columns[Role.KEY]
        keys = [text.strip() for text in block[column]]
        for i, key in enumerate(keys):
            if len(key) > LONGEST_KEY:
                wrong = say("key.too-long", n=LONGEST_KEY)
                self._add(start + i, block.index[i], column, key, wrong)
        return keys

    def _emails(self, block: pd.DataFrame) -> list[object] | None:
        """Return the value of each email cell in the block, or None if the sheet has no email column."""
        if self.email.position is None:
            return None
        values = self.email.values
        return [values[code] for code in self.email.codes(block).tolist()]

    def _named_by_email(self, block: pd.DataFrame, i: int, start: int, email: object) -> str:
        """Return the email of a row without an ID, or the ID in the email cell. Record a problem if it has neither."""
        column = self.email.position
        assert column is not None
        if isinstance(email, Wrong) and is_id(prospect := cleaned_id(str(block.iat[i, column]))):
            return prospect
        wrong = email.reason if isinstance(email, Wrong) else None if email else say("email.blank")
        if wrong:
            self._add(start + i, block.index[i], column, str(block.iat[i, column]), wrong)
        return "" if wrong else str(email)

    def _notes(
        self,
        codes: Sequence[np.ndarray[tuple[int], np.dtype[np.int32]]],
        usable: np.ndarray[tuple[int], np.dtype[np.bool_]],
        notes: list[Note],
        note_of: dict[tuple[int, ...], int],
    ) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        """Return each row's index in ``notes``, -1 for unusable rows. New notes are appended to ``notes``."""
        result = np.full(len(usable), -1, dtype=np.int32)
        combined = pd.DataFrame(dict(enumerate(column[usable] for column in codes)))
        combination = combined.groupby(list(combined.columns), sort=False).ngroup().to_numpy()
        note_indices = []
        for row in combined.iloc[np.unique(combination, return_index=True)[1]].itertuples(index=False, name=None):
            if row not in note_of:
                note_of[row] = len(notes)
                notes.append(self._note(row))
            note_indices.append(note_of[row])
        if note_indices:
            result[usable] = np.array(note_indices, dtype=np.int32)[combination]
        return result

    def _note(self, row: tuple[int, ...]) -> Note:
        content, visibility, status, attachments = (
            column.values[code] for column, code in zip(self._columns(), row, strict=True)
        )
        assert isinstance(content, str)
        assert isinstance(visibility, Visibility)
        assert isinstance(status, Status)
        assert isinstance(attachments, tuple)
        sent_content = content_of(content, self.rules.content)
        if self.rules.folder is not None:
            return Note(content, visibility, status, (), sent_content, attachments)
        return Note(content, visibility, status, attachments, sent_content)

    def _note_problems(
        self, block: pd.DataFrame, codes: Sequence[np.ndarray[tuple[int], np.dtype[np.int32]]], start: int
    ) -> None:
        for column, code in zip(self._columns(), codes, strict=True):
            is_wrong = column.wrong()
            position = column.position
            for i in np.flatnonzero(is_wrong[code]).tolist() if is_wrong.any() else ():
                wrong = column.values[code[i]]
                assert isinstance(wrong, Wrong)
                value = "" if position is None else str(block.iat[i, position])
                self._add(start + i, block.index[i], position, value, wrong.reason, wrong.word)

    def _note_flaws(self, block: pd.DataFrame, start: int) -> None:
        """Record the flaws that reading found in whole rows or in used cells."""
        sheet, used = self.sheet, self.used
        if not sheet.flaws and not sheet.covered:
            return
        for i, number in enumerate(block.index):
            for flaw in sheet.wrong(number):
                if flaw.column is None or flaw.column in used:
                    value = "" if flaw.column is None else str(block.iat[i, flaw.column])
                    self._replace(start + i, number, flaw.column, value, flaw.text)

    def _is_marked(self, number: int) -> bool:
        """Return whether reading found a flaw in the whole row or in one of its used cells."""
        return any(flaw.column is None or flaw.column in self.used for flaw in self.sheet.wrong(number))

    def _note_done(self, block: pd.DataFrame, start: int) -> None:
        """Mark rows as done if an earlier results file has their note ID, whatever problems they have."""
        if not self.roles.ours:
            return
        column = self.roles.ours["note_id"]
        for i, text in enumerate(block[column]):
            if note_id := cleaned_id(text):
                self.done[start + i] = note_id
                self.problems.pop(start + i, None)

    def _add(self, position: int, number: int, column: int | None, value: str, text: Message, word: str = "") -> None:
        name = f"row {number}" if column is None else cell_name(self.sheet.name, int(number), column)
        value = shortened(value)
        kind = kind_of(text, value)
        kind = self._kinds.setdefault(kind, kind)  # many problems share few kinds; saves memory
        problem = Problem(int(number), column, name, value, text, kind, word)
        self.problems.setdefault(position, []).append(problem)

    def _replace(self, position: int, number: int, column: int | None, value: str, text: Message) -> None:
        """Replace the problems of a cell by its flaw, which is their cause."""
        name = None if column is None else cell_name(self.sheet.name, int(number), column)
        kept = [problem for problem in self.problems.pop(position, ()) if problem.cell != name]
        if kept:
            self.problems[position] = kept
        self._add(position, number, column, value, text)

    def _remarks(self) -> list[Message]:
        counts = {
            "prospect": self.cleaned_ids,
            "visibility": self.visibility.cleaned,
            "status": self.status.cleaned,
            "attachment": self.attachments.cleaned,
        }
        cells = tuple(say(f"cleaned.{kind}", n=count) for kind, count in counts.items() if count)
        remarks = [say("unseen.cells", cells=cells)] if cells else []
        if count := self.content.cleaned:
            remarks.append(say("unseen.notes", n=count))
        return remarks

    def _read_status(self, text: str) -> Status | Wrong:
        word = cleaned_id(text)
        return choice(word, self.statuses) if word else self.blank_status

    def _read_visibility(self, text: str) -> Visibility | Wrong:
        word = cleaned_id(text)
        if word:
            return choice(word, self.visibilities)
        return self.rules.default_visibility or Wrong(say("visibility.blank"))
