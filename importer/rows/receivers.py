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
from importer.rows.columns import Roles, in_words
from importer.rows.suggestions import samples
from importer.rows.values import SURE_ID, Block, ColumnReader, Wrong, quoted, read_people_emails, read_people_ids
from importer.settings import Settings
from importer.settings.kinds import SeveralInCell


class Receivers:
    """Reader of the people whom each row names, who receive its note.

    ``add`` records a problem of a cell: block, index, column, message, and the part of the cell that is wrong.
    ``further`` has position → the row's people after the first.
    """

    def __init__(self, sheet: Sheet, roles: Roles, settings: Settings, add: Callable[..., None]) -> None:
        self._sheet, self._roles, self._how, self._add = sheet, roles, settings.several_in_cell, add
        self._emails = {i: ColumnReader(i, read_people_emails) for i in (*roles.of(Role.EMAIL), *roles.further_emails)}
        self._several: defaultdict[int, list[str]] = defaultdict(list)  # column → its cells with several people
        self.further: dict[int, Sequence[str]] = {}

    def read(self, block: Block) -> tuple[list[str], list[str]]:
        """Return the ID or email of each row's first person, and the email that is looked up; none if there are none.

        The emails beside several IDs aren't compared with them, because their order may differ.
        """
        columns = self._roles.of(Role.PROSPECT)
        texts = [block.columns[column] for column in columns]
        by_email = [[reader.values[code] for code in reader.codes(block).tolist()] for reader in self._emails.values()]
        emails = [_only_email(people) for column in by_email[:1] for people in column]
        first_people: list[str] = [*texts[0]] if columns else [*emails]
        is_only_one, is_sure = len(columns or by_email) == 1, SURE_ID.fullmatch if columns else bool
        for i, text in enumerate(first_people):
            if is_only_one and is_sure(text):
                continue  # nearly all rows name one person like this, and need no further check
            named = [(at, read_people_ids(cells[i])) for at, cells in zip(columns, texts, strict=True)]
            blank = say("id.blank", what="prospect")
            if is_by_email := bool(by_email) and not any(people for _, people in named):
                named = [(at, cells[i]) for at, cells in zip(self._emails, by_email, strict=True)]
                blank = say("email.blank")
            filled = [(at, people) for at, people in named if people]
            if not filled:
                self._add(block, i, named[0][0], blank)
            if is_by_email and self._roles.further_emails:
                filled = filled[:1]
            people = [person for at, people in filled for person in self._chosen(block, i, at, people)]
            first, *others = [*dict.fromkeys(people)] or [""]
            first_people[i] = first
            if others:
                self.further[block.start + i] = others
            if emails and (is_by_email or others):
                emails[i] = email_of(first)
        return first_people, emails

    def _chosen(self, block: Block, i: int, column: int, people: tuple[str, ...] | Wrong) -> Sequence[str]:
        """Return those of a cell's people who receive the note; none, with a problem, if the user doesn't say who."""
        if isinstance(people, Wrong):
            self._add(block, i, column, people.reason, part=people.part)
            return ()
        if len(people) == 1:
            return people
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
        text = say("people.who", column=in_words(self._sheet.headings, column), n=rows, cells=tuple(map(Cell, shown)))
        choices = [PossibleAnswer("several-in-cell", how.value, say(f"people.who.{how}")) for how in SeveralInCell]
        return [Question(text, choices, column, [Role.PROSPECT, Role.EMAIL], shown, rows, is_optional=True)]

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


def _only_email(people: object) -> str:
    """Return the email of a cell that names one person by it."""
    return email_of(people[0]) if isinstance(people, tuple) and len(people) == 1 else ""


def email_of(person: str) -> str:
    """Return the person's email; empty if an ID names the person."""
    return person if "@" in person else ""
