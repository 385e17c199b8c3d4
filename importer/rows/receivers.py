"""Read the people whom each row names, by ID or by email, and ask who receives the note if a cell names several.

Input: the blocks of a sheet. Output: each row's first person, with its email, and the people after the first. An email
replaces a missing ID.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from importer.messages import Cell, Message, say
from importer.models import PossibleAnswer, Question, Role
from importer.reading import Sheet, column_letter
from importer.rows.blocks import Block, ColumnReader
from importer.rows.columns import Roles, at_the_start
from importer.rows.suggestions import samples
from importer.rows.values import (
    LONGEST_ID,
    SURE_ID,
    Wrong,
    cleaned_id,
    ids_in,
    is_id,
    is_unclean,
    quoted,
    read_email,
    wrong_with_id,
)
from importer.settings import Settings
from importer.settings.kinds import SeveralInCell

_SETTING = "several-in-cell"


class Receivers:
    """Reader of the people whom each row names, who receive its note.

    ``add`` records a problem of a cell: block, index, column, message, and the part of the cell that is wrong.
    ``further`` has position → the row's people after the first. ``cleaned`` counts IDs that had invisible characters.
    """

    def __init__(self, sheet: Sheet, roles: Roles, settings: Settings, add: Callable[..., None]) -> None:
        self._sheet, self._roles, self._how, self._add = sheet, roles, settings.several_in_cell, add
        self._emails = [ColumnReader(i, read_email) for i in (*roles.of(Role.EMAIL), *roles.further_emails)]
        self._several: defaultdict[int, list[str]] = defaultdict(list)  # column → its cells with several people
        self.further: dict[int, Sequence[str]] = {}
        self.cleaned = 0

    def read(self, block: Block) -> tuple[list[str], list[str]]:
        """Return the ID or email of each row's first person, and the email that is looked up; none if there are none.

        The emails beside several IDs aren't compared with them, because their order may differ.
        """
        columns = self._roles.of(Role.PROSPECT)
        texts = [[*block.columns[column]] for column in columns]
        by_email = [[reader.values[code] for code in reader.codes(block).tolist()] for reader in self._emails]
        emails = [email if isinstance(email, str) else "" for column in by_email[:1] for email in column]
        first_people: list[str] = texts[0] if columns else [*emails]
        is_only_one, is_sure = len(columns or by_email) == 1, SURE_ID.fullmatch if columns else bool
        for i, text in enumerate(first_people):
            if is_only_one and is_sure(text):
                continue  # nearly all rows name one person like this, and need no further check
            cells = [column_texts[i] for column_texts in texts]
            filled = [index for index, cell in enumerate(cells) if cleaned_id(cell)]
            if is_by_email := bool(by_email and not filled):
                people = self._by_email(block, i, [values[i] for values in by_email])
            else:
                people = [person for at in filled or [0] for person in self._ids(block, i, columns[at], cells[at])]
            first, *others = [*dict.fromkeys(people)] or [""]
            first_people[i] = first
            if others:
                self.further[block.start + i] = others
            if emails and (is_by_email or others):
                emails[i] = email_of(first)
        return first_people, emails

    def _ids(self, block: Block, i: int, column: int, text: str) -> Sequence[str]:
        self.cleaned += is_unclean(text)
        prospect = cleaned_id(text)
        if ids := ids_in(prospect):
            return self._chosen(block, i, column, ids)
        if wrong := wrong_with_id(prospect):
            self._add(block, i, column, wrong)
        return [prospect[:LONGEST_ID]]

    def _by_email(self, block: Block, i: int, values: Sequence[object]) -> list[str]:
        """Return the people of a row without an ID; none, with a problem, if its email columns are blank or wrong."""
        readers = self._emails
        if self._roles.further_emails:
            first = next((index for index, email in enumerate(values) if email), 0)
            readers, values = readers[first : first + 1], values[first : first + 1]
        if not any(values):
            self._add(block, i, self._emails[0].position, say("email.blank"))
        cells = zip(readers, values, strict=True)
        return [person for reader, value in cells for person in self._in_cell(block, i, reader.position, value)]

    def _in_cell(self, block: Block, i: int, column: int | None, value: object) -> Sequence[str]:
        """Return the people of an email cell. IDs may take the place of emails that several prospects have."""
        if isinstance(value, str):
            return [value] if value else []
        if isinstance(value, tuple):
            return self._chosen(block, i, column, value)
        cell = cleaned_id(block.cell(i, column))
        if ids := (cell,) if is_id(cell) else ids_in(cell):
            return self._chosen(block, i, column, ids)
        if isinstance(value, Wrong):
            self._add(block, i, column, value.reason, part=value.part)
        return []

    def _chosen(self, block: Block, i: int, column: int | None, people: Sequence[str]) -> Sequence[str]:
        """Return those of a cell's people who receive the note; none, with a problem, if the user doesn't say who."""
        if len(people) == 1:
            return people
        assert column is not None
        cell = block.cell(i, column)
        self._several[column].append(cell)
        if self._how is SeveralInCell.EACH:
            return people
        if self._how is SeveralInCell.FIRST:
            return people[:1]
        self._add(block, i, column, say("people.several", value=Cell(quoted(cell))))
        return ()

    def questions(self) -> list[Question]:
        """Return the question who receives the notes of cells that name several people, unless it is decided."""
        if self._how is not None or not self._several:
            return []
        column = max(self._several, key=lambda column: len(self._several[column]))
        cells, rows = [*dict.fromkeys(self._several[column])], sum(map(len, self._several.values()))
        shown = samples(cells)
        text = say(
            "people.who", column=at_the_start(self._sheet.headings, column), n=rows, cells=tuple(map(Cell, shown))
        )
        choices = [PossibleAnswer(_SETTING, how.value, say(f"people.who.{how.value}")) for how in SeveralInCell]
        return [Question(text, text, choices, column, [Role.PROSPECT, Role.EMAIL], shown, rows, is_optional=True)]

    def remarks(self) -> list[Message]:
        """Return the remarks on columns that list people, and on cells with several."""
        remarks = []
        if further := tuple(map(column_letter, self._roles.further_emails)):
            remarks.append(say("email.further", first=column_letter(self._roles.columns[Role.EMAIL]), further=further))
        for role in (Role.PROSPECT, Role.EMAIL):
            if len(columns := self._roles.of(role)) > 1:
                remarks.append(say("people.columns", columns=tuple(map(column_letter, columns))))
        if self._several and self._how in (SeveralInCell.EACH, SeveralInCell.FIRST):
            rows, letters = sum(map(len, self._several.values())), tuple(map(column_letter, sorted(self._several)))
            remarks.append(say("people.receives", n=rows, columns=letters, who=say(f"people.who.{self._how.value}")))
        return remarks


def email_of(person: str) -> str:
    """Return the person's email; empty if an ID names the person."""
    return person if "@" in person else ""
