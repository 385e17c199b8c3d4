"""Recognise a column with IDs of another program, such as a CRM, which Saleshandy doesn't know; use emails instead.

Input: a sheet and its column settings. Output: :class:`~importer.rows.columns.Roles` with the emails in place of such
IDs, and without the status of its tasks, or one error that says how to export the emails, instead of a rejection for
every row. Whole columns are judged, never single cells. If the user named the column of the IDs, the shape of the cells
doesn't count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from importer.errors import UnclearColumns
from importer.fields import TASK_STATES
from importer.messages import Cell, Message, in_quotes, say
from importer.models import PossibleAnswer, Question, Role
from importer.reading import Sheet, column_letter
from importer.rows import columns, suggestions, words
from importer.rows.columns import Roles, SheetHeadings, at_the_start
from importer.rows.footers import is_footer
from importer.rows.values import ID_SHAPE, cleaned_id, folded, ids_in
from importer.settings import Settings

_NOT_OURS = re.compile(r"\d+|[A-Za-z0-9]{15,}|.*[^A-Za-z0-9].*")
"""Shapes of other IDs: all digits, 15 or more letters and digits (Salesforce), or any other sign (UUID, prefix)."""
_LOOKED_AT = 200
_NEED_MORE = frozenset({"HubSpot", "Salesforce", "Pipedrive", "Zoho", "Close", "Dynamics"})
"""Programs whose exports don't get emails by one more column."""


def find(sheet: Sheet, settings: Settings, cells: Sequence[Sequence[str]]) -> Roles:
    """Return the column of each role, with the emails in place of another program's IDs.

    Raises UnclearColumns if a role is undecided, or the IDs are another program's and no column of emails is settled.
    """
    settings = _without_task_status(sheet, settings, cells)
    headings, is_named = SheetHeadings(sheet.headings, settings), any(settings.mapping.get(Role.PROSPECT, ()))
    ids, emails = headings.candidates(Role.PROSPECT), headings.candidates(Role.EMAIL)
    programs = {i: _program(sheet, i, is_named=is_named) for i in ids if not _holds_emails(sheet, i)}
    foreign = [i for i, program in programs.items() if program or (not is_named and _look_foreign(_cells(sheet, i)))]
    are_all, are_certain = len(foreign) == len(ids), any(programs.values())
    if emails and foreign and not are_all and not is_named:  # another column has IDs that may be Saleshandy's
        return columns.find(sheet.headings, _ignoring(sheet, settings, foreign), cells)
    is_email_settled = Role.EMAIL in settings.mapping or len(emails) == 1 or bool(headings.emails_of_one_person(cells))
    if are_all and not is_email_settled:
        free = [*dict.fromkeys([*ids, *headings.unclaimed()])]
        possible = [i for i in free if _holds_emails(sheet, i) and not suggestions.is_of_others(sheet.headings[i])]
        if foreign and possible:
            raise _which_emails(sheet, foreign[0], possible, is_certain=are_certain)
        by_ids = filter(None, (suggestions.program_of_ids(cells[i]) for i in free))
        program = next(by_ids, None) or suggestions.program_of_headings(sheet.headings)
        if program and not possible and not any(suggestions.are_mostly(ID_SHAPE, _cells(sheet, i)) for i in free):
            raise _without_emails(program)
    first_emails = sum(suggestions.emails_among(cells[i]) for i in headings.emails_of_one_person(cells) or emails[:1])
    if foreign and emails and (are_certain or first_emails * 2 > len(cells[foreign[0]])):
        mapping = {**settings.mapping, Role.PROSPECT: ("",)}
        settings = replace(_ignoring(sheet, settings, foreign), mapping=mapping)
        return replace(columns.find(sheet.headings, settings, cells), foreign=foreign[0])
    roles = columns.find(sheet.headings, settings, cells)
    position = roles.columns.get(Role.PROSPECT)
    if position is None or Role.EMAIL in roles.columns or not _holds_emails(sheet, position):
        return roles
    by_email: dict[Role, int] = {
        Role.EMAIL if role is Role.PROSPECT else role: at for role, at in roles.columns.items()
    }
    listed = {**roles.listed, Role.EMAIL: roles.listed.get(Role.PROSPECT, ())}
    return replace(roles, columns=by_email, listed=listed)


def _without_task_status(sheet: Sheet, settings: Settings, cells: Sequence[Sequence[str]]) -> Settings:
    """Ignore a column *Status* that only says how far tasks are, unless the user named it or gave a word a meaning."""
    positions = SheetHeadings(sheet.headings, settings).candidates(Role.STATUS)
    if len(positions) != 1 or Role.STATUS in settings.mapping:
        return settings
    states = TASK_STATES - words.ever(settings.values, Role.STATUS)
    first_words = _distinct(cells[positions[0]])
    is_of_tasks = bool(first_words) and first_words <= states  # most sheets need no look at all rows
    if is_of_tasks and all(_distinct(block[positions[0]]) <= states for _, block in sheet.columns()):
        return _ignoring(sheet, settings, positions)
    return settings


def _distinct(cells: Iterable[str]) -> set[str]:
    return {folded(cleaned_id(text)) for text in set(cells) if text.strip() and not is_footer(text)}


def _ignoring(sheet: Sheet, settings: Settings, positions: Sequence[int]) -> Settings:
    names = (columns.called(sheet.headings, position) for position in positions)
    return replace(settings, ignored=(*settings.ignored, *names))


def _without_emails(program: str) -> UnclearColumns:
    """Return the error that says how the program exports emails."""
    how = say(f"export.{program.lower()}") if program in _NEED_MORE else say("foreign.export-again", program=program)
    text = say("foreign.export-emails", program=program, how=how)
    return UnclearColumns(text, [Question(text, roles=[Role.PROSPECT, Role.EMAIL])])


def _which_emails(sheet: Sheet, position: int, emails: Sequence[int], *, is_certain: bool) -> UnclearColumns:
    """Return the error that asks which column holds the emails, in place of IDs that are another program's."""
    headings, sample = sheet.headings, _cells(sheet, position)[0]
    why = say("foreign.ids", column=at_the_start(headings, position), sample=Cell(in_quotes(sample)))
    roles = dict.fromkeys(emails, Role.EMAIL) | ({} if is_certain else {position: Role.PROSPECT})
    choices = []
    for i, role in roles.items():
        means = say("column.by-email" if role is Role.EMAIL else "foreign.as-ours", means=at_the_start(headings, i))
        choices.append(PossibleAnswer("map", f"{role}={columns.called(headings, i)}", means))
    asks = say("columns.and", first=why, more=(say("column.which.email"),))
    question = Question(asks, choices, position, [Role.PROSPECT, Role.EMAIL], [sample])
    return UnclearColumns(question.text, [question])


def remarks(sheet: Sheet, roles: Roles) -> list[Message]:
    """Return the plan's remark on IDs that are another program's, or on the emails that are compared with IDs."""
    email, headings = roles.columns.get(Role.EMAIL), sheet.headings
    if email is None:
        return []
    letter = column_letter(email)
    if roles.foreign is None:
        is_compared = Role.PROSPECT in roles.columns and any(
            suggestions.role_of(headings[i]) is Role.EMAIL for i in roles.unexplained
        )
        return [say("foreign.compared-with", column=at_the_start(headings, email))] if is_compared else []
    sample = Cell(in_quotes(_cells(sheet, roles.foreign)[0]))
    return [say("foreign.replaced", column=at_the_start(headings, roles.foreign), sample=sample, emails=letter)]


def _program(sheet: Sheet, position: int, *, is_named: bool) -> str | None:
    """Return the program whose IDs the column certainly holds, or None.

    If the user named the column (``is_named``), a heading elsewhere in the sheet isn't enough.
    """
    cells, headings = _cells(sheet, position), sheet.headings
    by_headings = suggestions.program_of_headings([headings[position]] if is_named else headings)
    return suggestions.program_of_ids(cells) or (by_headings if _look_foreign(cells) else None)


def _look_foreign(cells: Sequence[str]) -> bool:
    """Return whether most of a column's cells can't be IDs of Saleshandy, and none looks like one."""
    return suggestions.are_mostly(_NOT_OURS, cells) and not any(map(ID_SHAPE.fullmatch, cells))


def _holds_emails(sheet: Sheet, position: int) -> bool:
    """Return whether most cells of a column are emails."""
    cells = _cells(sheet, position)
    return suggestions.emails_among(cells) * 2 > len(cells)


def _cells(sheet: Sheet, position: int) -> list[str]:
    """Return the first cells of a column that are neither blank nor a footer."""
    cells = (cleaned_id(text) for _, block in sheet.columns() for text in block[position] if not is_footer(text))
    return list(islice((part for cell in cells if cell for part in ids_in(cell) or (cell,)), _LOOKED_AT))
