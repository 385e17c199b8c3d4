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

from importer.errors import UnclearColumns, as_argument
from importer.fields import TASK_STATES
from importer.messages import Cell, Message, in_quotes, say
from importer.models import PossibleAnswer, Question, Role
from importer.reading import Sheet, column_letter
from importer.rows import columns, words
from importer.rows.columns import Roles, SheetHeadings, at_the_start
from importer.rows.footers import is_footer
from importer.rows.suggestions import are_mostly, is_of_others, program_of_headings, program_of_ids, role_of
from importer.rows.values import ID_SHAPE, Wrong, cleaned_id, folded, ids_in, read_email
from importer.settings import Settings
from importer.settings.kinds import mapped

_NOT_OURS = re.compile(r"\d+|[A-Za-z0-9]{15,}|.*[^A-Za-z0-9].*")
"""Shapes of other IDs: all digits, 15 or more letters and digits (Salesforce), or any other sign (UUID, prefix)."""
_WITH_EMAIL = re.compile(r".*\S@\S.*", re.DOTALL)
_LOOKED_AT = 200


def find(sheet: Sheet, settings: Settings, cells: Sequence[Sequence[str]]) -> Roles:
    """Return the column of each role, with the emails in place of another program's IDs.

    Raises UnclearColumns if a role is undecided, or the IDs are another program's and no column of emails is settled.
    """
    _require_emails(sheet, settings, cells)
    settings = _without_task_status(sheet, settings, cells)
    roles = columns.find(sheet.headings, _with_one_column_of_ids(sheet, settings), cells)
    return _without_foreign_ids(sheet, roles, settings)


def _require_emails(sheet: Sheet, settings: Settings, cells: Sequence[Sequence[str]]) -> None:
    """Raise an error if the sheet is a known program's export, and nothing in it may identify Saleshandy's prospects.

    The error comes before any question, and says how to export the emails.
    """
    ids, emails = _candidates(sheet, settings)
    if emails or Role.EMAIL in settings.mapping:
        return
    possible = dict.fromkeys((*ids, *SheetHeadings(sheet.headings, settings).unclaimed()))
    by_ids = (program_of_ids(cells[i]) for i in possible)
    program = next(filter(None, by_ids), program_of_headings(sheet.headings))
    if program is None or any(_may_name_prospects(sheet, i) for i in possible):
        return
    is_named = any(settings.mapping.get(Role.PROSPECT, ()))
    if all(_are_foreign(sheet, i, is_named=is_named) for i in ids):
        raise _without_emails(program)


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


def _candidates(sheet: Sheet, settings: Settings) -> tuple[list[int], list[int]]:
    """Return the columns that may hold IDs, and those that may hold emails, by their headings or the settings."""
    headings = SheetHeadings(sheet.headings, settings)
    return headings.candidates(Role.PROSPECT), headings.candidates(Role.EMAIL)


def _with_one_column_of_ids(sheet: Sheet, settings: Settings) -> Settings:
    """Ignore columns with another program's IDs if several columns may hold IDs and another one holds emails.

    If all of them hold another program's IDs, the first is kept, so that the plan can mention it.
    """
    id_columns, email_columns = _candidates(sheet, settings)
    if len(id_columns) < 2 or not any(_holds_emails(sheet, position) for position in email_columns):
        return settings
    foreign = [position for position in id_columns if _are_foreign(sheet, position)]
    return _ignoring(sheet, settings, foreign if len(foreign) < len(id_columns) else foreign[1:])


def _ignoring(sheet: Sheet, settings: Settings, positions: Sequence[int]) -> Settings:
    names = (columns.called(sheet.headings, position) for position in positions)
    return replace(settings, ignored=(*settings.ignored, *names))


def _without_foreign_ids(sheet: Sheet, roles: Roles, settings: Settings) -> Roles:
    position, email = roles.columns.get(Role.PROSPECT), roles.columns.get(Role.EMAIL)
    if position is None:
        return roles
    if email is None and _holds_emails(sheet, position):
        listed = {Role.EMAIL: roles.listed.get(Role.PROSPECT, ())}
        return replace(roles, columns={Role.EMAIL: position, **_without_prospect(roles)}, listed=listed)
    is_named = any(settings.mapping.get(Role.PROSPECT, ()))
    program = _program(sheet, position, is_named=is_named)
    are_foreign = _are_foreign(sheet, position, is_named=is_named)
    several = () if Role.EMAIL in settings.mapping or roles.further_emails else _candidates(sheet, settings)[1]
    if email is not None and len(several) < 2:
        if program is None and not (are_foreign and _stand_beside(sheet, position, (email, *roles.further_emails))):
            return roles
        unused = tuple(sorted((*roles.unused, position)))
        return replace(roles, columns=_without_prospect(roles), unused=unused, foreign=position)
    if not are_foreign:
        return roles
    free = () if Role.EMAIL in settings.mapping else sorted({*several, *roles.unexplained})
    possible = [i for i in free if _holds_emails(sheet, i) and not is_of_others(sheet.headings[i])]
    if possible:
        raise _which_emails(sheet, position, possible, is_certain=program is not None)
    if program is not None:
        raise _without_emails(program)
    return roles


def _without_emails(program: str) -> UnclearColumns:
    """Return the error that says how the program exports emails."""
    text = say("foreign.export-emails", program=program, how=say(f"export.{program.lower()}"))
    return UnclearColumns(text, [Question(text, text, (), None, [Role.PROSPECT, Role.EMAIL])])


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
    ways = tuple(mapped(role, as_argument(columns.called(headings, i))) for i, role in roles.items())
    text = say("columns.and", first=why, more=(say("columns.say-which", ways=ways),))
    return UnclearColumns(text, [Question(text, asks, choices, position, [Role.PROSPECT, Role.EMAIL], [sample])])


def _without_prospect(roles: Roles) -> dict[Role, int]:
    return {role: position for role, position in roles.columns.items() if role is not Role.PROSPECT}


def remarks(sheet: Sheet, roles: Roles) -> list[Message]:
    """Return the plan's remark on IDs that are another program's, or on the emails that are compared with IDs."""
    email, headings = roles.columns.get(Role.EMAIL), sheet.headings
    if email is None:
        return []
    letter = column_letter(email)
    if roles.foreign is None:
        is_compared = Role.PROSPECT in roles.columns and any(
            role_of(headings[i]) is Role.EMAIL for i in roles.unexplained
        )
        return [say("foreign.compared-with", column=at_the_start(headings, email))] if is_compared else []
    sample = Cell(in_quotes(_cells(sheet, roles.foreign)[0]))
    return [say("foreign.replaced", column=at_the_start(headings, roles.foreign), sample=sample, emails=letter)]


def _program(sheet: Sheet, position: int, *, is_named: bool = False) -> str | None:
    """Return the program whose IDs the column certainly holds, or None.

    If the user named the column (``is_named``), a heading elsewhere in the sheet isn't enough.
    """
    cells, headings = _cells(sheet, position), sheet.headings
    by_headings = program_of_headings([headings[position]] if is_named else headings)
    return program_of_ids(cells) or (by_headings if _look_foreign(cells) else None)


def _are_foreign(sheet: Sheet, position: int, *, is_named: bool = False) -> bool:
    """Return whether a column holds another program's IDs. If the user named it, only the program's marks show that."""
    is_known = _program(sheet, position, is_named=is_named) is not None
    return is_known or (not is_named and _look_foreign(_cells(sheet, position)))


def _may_name_prospects(sheet: Sheet, position: int) -> bool:
    """Return whether most cells of a column hold emails that may be the prospects', or look like Saleshandy's IDs."""
    cells = _cells(sheet, position)
    has_emails = are_mostly(_WITH_EMAIL, cells) and not is_of_others(sheet.headings[position])
    return has_emails or are_mostly(ID_SHAPE, cells)


def _look_foreign(cells: Sequence[str]) -> bool:
    """Return whether most of a column's cells can't be IDs of Saleshandy, and none looks like one."""
    return are_mostly(_NOT_OURS, cells) and not any(map(ID_SHAPE.fullmatch, cells))


def _stand_beside(sheet: Sheet, position: int, emails: Sequence[int]) -> bool:
    """Return whether most of the first rows with an ID have an email, too."""
    checks = (
        any((mail := read_email(row[email])) and not isinstance(mail, Wrong) for email in emails)
        for _, block in sheet.columns()
        for row in zip(*block, strict=True)
        if cleaned_id(row[position]) and not is_footer(row[position])
    )
    has_email = [*islice(checks, _LOOKED_AT)]
    return sum(has_email) * 2 > len(has_email)


def _holds_emails(sheet: Sheet, position: int) -> bool:
    """Return whether most cells of a column are emails; a single email may be a mistake and doesn't count."""
    cells = _cells(sheet, position)
    return _emails_in(cells) > 1 and _emails_in(cells) * 2 > len(cells)


def _emails_in(cells: Iterable[str]) -> int:
    """Count the emails among cells that aren't blank."""
    return sum(not isinstance(read_email(cell), Wrong) for cell in cells)


def _cells(sheet: Sheet, position: int) -> list[str]:
    cells = (cleaned_id(text) for _, block in sheet.columns() for text in block[position] if not is_footer(text))
    return list(islice((part for cell in cells if cell for part in ids_in(cell) or (cell,)), _LOOKED_AT))
