"""Recognise columns with IDs of another program, such as a CRM: those of people, and those of records.

Saleshandy doesn't know IDs of people that it didn't give, so emails are used instead. By the ID of a record (an
activity, a task, a note) a delivery is found again although its text has changed. So only a column of records counts
that a person chose for this kind of sheet. Short IDs, which people assign anew in each sheet, and numbers that lost
digits don't count.

Input: a sheet, the first values of each column, and settings. Output: :class:`~importer.rows.columns.Roles` with the
emails in place of such IDs, and without the status of tasks; or one error that asks for the emails, instead of a
rejection for every row. Whole columns are judged, never single cells, and none that the user named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from importer.errors import UnclearColumns
from importer.fields import TASK_STATES
from importer.identity import spelled_alike
from importer.messages import Cell, Message, SettingPart, as_argument, in_quotes, say
from importer.models import PossibleAnswer, Question, Role
from importer.reading import Sheet, column_letter
from importer.rows import columns, suggestions, words
from importer.rows.columns import Roles, SheetHeadings, called, in_words
from importer.rows.values import ID_SHAPE, LONGEST_ID, cleaned_id, folded, ids_in, is_damaged, is_footer
from importer.settings import Settings
from importer.settings.reading import folded_heading

_NOT_OURS = re.compile(r"\d+|[A-Za-z0-9]{15,}|.*[^A-Za-z0-9].*")
"""Shapes of other IDs: all digits, 15 or more letters and digits (Salesforce), or any other sign (UUID, prefix)."""
_SURELY_NOT_OURS = re.compile(
    r"(?=.*[A-Za-z])(?=.*\d)[A-Za-z0-9]{15,32}|[a-z]+_\w{5,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII
)
"""Shapes of IDs that Salesforce and Apollo, Zoho and Close, or Dynamics give, and Saleshandy never."""
_NUMBERS = re.compile(r"\d{6,15}")
"""Shape of IDs that most programs give. Whether they are Saleshandy's is a question."""
_OF_NOTES = re.compile(r"(note|call|meeting|task|email|engagement) (body|notes|description)", re.IGNORECASE)
"""Headings of an export of HubSpot's notes or calls, in which *Record ID* is the ID of each of them."""
_SHORTEST = 8
"""Minimum length of an ID in characters. Two programs, or two sheets of one person, hardly share longer ones."""


def find(sheet: Sheet, settings: Settings, cells: Sequence[Sequence[str]]) -> Roles:
    """Return the column of each role, with the emails in place of another program's IDs.

    Raises UnclearColumns if a role is undecided, or the IDs are another program's and no column of emails is settled.
    """
    settings, headings = _without_task_status(sheet, settings), sheet.headings
    named, mapping = SheetHeadings(headings, settings), settings.mapping
    ids, emails = named.candidates(Role.PROSPECT), named.candidates(Role.EMAIL)
    is_named = any(mapping.get(Role.PROSPECT, ()))
    foreign = [i for i in ids if not is_named and not _are_emails(cells[i]) and _look_foreign(cells[i])]
    is_certain = any(_are_mostly(_SURELY_NOT_OURS, cells[i]) for i in foreign)
    if emails and foreign and len(foreign) < len(ids):  # another column has IDs that may be Saleshandy's
        return columns.find(headings, _ignoring(headings, settings, foreign), cells)
    of_one_person = named.emails_of_one_person(cells)
    if foreign and not (Role.EMAIL in mapping or len(emails) == 1 or of_one_person):
        free = dict.fromkeys([*ids, *named.unclaimed()])
        possible = [i for i in free if _are_emails(cells[i]) and not suggestions.is_of_others(headings[i])]
        if possible or is_certain or any(_are_mostly(_NUMBERS, cells[i]) for i in foreign):
            raise _which_emails(headings, foreign[0], possible, cells, is_certain=is_certain)
    first_emails = sum(suggestions.emails_among(cells[i]) for i in of_one_person or emails[:1])
    if foreign and emails and (is_certain or first_emails * 2 > len(cells[foreign[0]])):
        settings = replace(_ignoring(headings, settings, foreign), mapping={**mapping, Role.PROSPECT: ("",)})
        return replace(columns.find(headings, settings, cells), foreign=foreign[0])
    roles = columns.find(headings, settings, cells)
    position = roles.columns.get(Role.PROSPECT)
    if position is None or Role.EMAIL in roles.columns or not _are_emails(cells[position]):
        return roles
    by_email: dict[Role, int] = {Role.EMAIL if one is Role.PROSPECT else one: at for one, at in roles.columns.items()}
    listed = {**roles.listed, Role.EMAIL: roles.listed.get(Role.PROSPECT, ())}
    return replace(roles, columns=by_email, listed=listed)


def _without_task_status(sheet: Sheet, settings: Settings) -> Settings:
    """Ignore a column *Status* that only says how far tasks are, unless the user named it or gave a word a meaning."""
    positions = SheetHeadings(sheet.headings, settings).candidates(Role.STATUS)
    if len(positions) != 1 or Role.STATUS in settings.mapping:
        return settings
    found, states = set[str](), TASK_STATES - words.ever(settings.values, Role.STATUS)
    for _, block in sheet.columns():
        found |= {folded(cleaned_id(text)) for text in {*block[positions[0]]} if text.strip() and not is_footer(text)}
        if not found <= states:
            return settings
    return _ignoring(sheet.headings, settings, positions) if found else settings


def _ignoring(headings: Sequence[str], settings: Settings, positions: Sequence[int]) -> Settings:
    names = (called(headings, position) for position in positions)
    return replace(settings, ignored=(*settings.ignored, *names))


def _which_emails(
    headings: Sequence[str], position: int, emails: Sequence[int], cells: Sequence[Sequence[str]], *, is_certain: bool
) -> UnclearColumns:
    """Return the error that asks which column holds the emails, in place of IDs that are another program's."""
    sample = cells[position][0]
    why = say("foreign.ids", column=in_words(headings, position), sample=Cell(in_quotes(sample)))
    roles = dict.fromkeys(emails, Role.EMAIL) | ({} if is_certain else {position: Role.PROSPECT})
    choices = []
    for i, role in roles.items():
        means = say("column.by-email" if role is Role.EMAIL else "foreign.as-ours", means=in_words(headings, i))
        choices.append(PossibleAnswer("map", f"{role}={called(headings, i)}", means))
    asks = say("columns.and", first=why, more=(say("column.which.email" if emails else "foreign.export-emails"),))
    question = Question(asks, choices, position, [Role.PROSPECT, Role.EMAIL], [sample])
    return UnclearColumns(question.text, [question])


def remarks(headings: Sequence[str], roles: Roles, cells: Sequence[Sequence[str]]) -> list[Message]:
    """Return the plan's remarks on IDs of another program: those of people, which emails replace, and of records."""
    found = _of_records(headings, roles, cells)
    if roles.foreign is not None:
        column, sample = in_words(headings, roles.foreign), Cell(in_quotes(cells[roles.foreign][0]))
        emails = column_letter(roles.columns[Role.EMAIL])
        found.insert(0, say("foreign.replaced", column=column, sample=sample, emails=emails))
    return found


def _of_records(headings: Sequence[str], roles: Roles, cells: Sequence[Sequence[str]]) -> list[Message]:
    """Return the remark on the column of the records' IDs, or on the first that could be chosen."""
    with_ids = [i for i in range(len(headings)) if any(record_id(headings[i], text) for text in cells[i])]
    if (chosen := roles.columns.get(Role.RECORD)) is not None:
        return [say("record.found", column=in_words(headings, chosen))] if chosen in with_ids else []
    is_of_notes = any(map(_OF_NOTES.fullmatch, headings))
    for i in (*roles.unexplained, *([] if roles.foreign is None else [roles.foreign])):
        # "note_id" is ours, in a part of a results file
        is_suggested = suggestions.suggests(Role.RECORD, headings[i]) and headings[i].strip() != "note_id"
        if i in with_ids and (is_suggested or (is_of_notes and folded_heading(headings[i]) == "recordid")):
            choice = SettingPart("map", f"{Role.RECORD}={as_argument(called(headings, i))}")
            return [say("record.offered", column=in_words(headings, i), choice=choice)]
    return []


def _look_foreign(cells: Sequence[str]) -> bool:
    """Return whether most of a column's cells can't be IDs of Saleshandy, and none looks like one."""
    ids = [one for cell in map(cleaned_id, cells) for one in ids_in(cell) or (cell,)]
    return _are_mostly(_NOT_OURS, ids) and not any(map(ID_SHAPE.fullmatch, ids))


def _are_emails(cells: Sequence[str]) -> bool:
    """Return whether most cells of a column are emails."""
    return suggestions.emails_among(cells) * 2 > len(cells)


def _are_mostly(shape: re.Pattern[str], cells: Sequence[str]) -> bool:
    """Return whether more than half of the cells have a shape."""
    return sum(shape.fullmatch(cell) is not None for cell in cells) * 2 > len(cells)


def record_id(heading: str, text: str) -> str:
    """Return the ID of a record after its column's heading; empty if it could be another record's, too."""
    record = spelled_alike(cleaned_id(text))
    is_sure = _SHORTEST <= len(record) <= LONGEST_ID and not is_damaged(record)
    return f"{folded_heading(heading)} {record}" if is_sure else ""
