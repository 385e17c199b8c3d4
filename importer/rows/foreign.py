"""Recognise a column with IDs of another program, such as a CRM, which Saleshandy doesn't know; use emails instead.

Input: a sheet and its column settings. Output: :class:`~importer.rows.columns.Roles` with the emails in place of such
IDs, or one error that says how to export the emails, instead of a rejection for every row. Whole columns are judged,
never single cells. If the user named the column of the IDs, the shape of the cells doesn't count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Enum, auto
from itertools import islice

from importer.errors import UnclearColumns, as_argument
from importer.fields import FIELDS
from importer.messages import Cell, Message, lines, say
from importer.models import PossibleAnswer, Question, Role
from importer.reading import Sheet, column_letter
from importer.rows import columns
from importer.rows.columns import Roles, at_the_start
from importer.rows.footers import is_footer
from importer.rows.suggestions import folded_heading
from importer.rows.values import ID_SHAPE, cleaned_id, read_email
from importer.settings import Settings
from importer.settings.kinds import mapped

_HEADINGS: Mapping[str, str] = {
    folded_heading(heading): program
    for program, headings in {
        "HubSpot": (
            "Record ID", "Record ID - Contact", "Associated Contact IDs", "Associated Contact ID", "Contact VID", "VID",
            "HubSpot ID", "HubSpot Contact ID",
        ),
        "Pipedrive": ("Person - ID", "Person ID", "Pipedrive ID", "Contact person - ID"),
        "Salesforce": ("Salesforce ID", "Contact ID 18", "Lead ID 18", "Who ID", "Name ID", "Contact: Contact ID"),
        "Zoho": ("Zoho ID", "Contact Zoho ID"),
        "Outreach": ("Outreach ID", "Outreach Prospect ID"),
    }.items()
    for heading in headings
}  # fmt: skip
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "Salesforce": re.compile(r"00[1356Q][A-Za-z0-9]{12}([A-Za-z0-9]{3})?"),  # contacts, leads, accounts and deals
    "Zoho": re.compile(r"zcrm_\d+"),
}
_NUMBER = re.compile(r"\d{1,19}([;,]\s*\d{1,19})*")
_NOT_OURS = re.compile(r"\d+|[A-Za-z0-9]{15,}|.*[^A-Za-z0-9].*")
"""Shapes of other IDs: all digits, 15 or more letters and digits (Salesforce), or any other sign (UUID, prefix)."""
_LOOKED_AT = 200
_PLAINNESS = {folded_heading(heading): rank for rank, heading in reversed([*enumerate(FIELDS[Role.EMAIL].headings)])}
"""Folded heading of an email column → its rank, the plainest heading first."""


class _Ids(Enum):
    """Kinds of IDs by the shape of a column's cells."""

    OURS = auto()
    IN_DOUBT = auto()
    FOREIGN = auto()


def find(sheet: Sheet, settings: Settings, cells: Sequence[Sequence[str]], *, by_email: bool = False) -> Roles:
    """Return the column of each role, with the emails in place of another program's IDs.

    Args:
        sheet: the sheet with the columns.
        settings: the user's settings.
        cells: some values of each column.
        by_email: whether looking up emails showed that the IDs in doubt are another program's.

    Raises:
        UnclearColumns: a role is undecided, or the IDs are another program's and no column of emails is settled.
    """
    emails = _emails_of_one_person(sheet, settings)
    has_own_ids = any(_may_be_ours(sheet, i) for i in columns.candidates(Role.PROSPECT, sheet.headings, settings))
    one_email = settings if has_own_ids else _ignoring(sheet, settings, emails[1:])
    try:
        roles = columns.find(sheet.headings, _with_one_column_of_ids(sheet, one_email), cells)
        roles = _with_further_emails(_with_plainest_email(sheet, roles, settings), emails)
        return _without_foreign_ids(sheet, roles, settings, by_email=by_email)
    except UnclearColumns as error:
        raise _explained(error, sheet.headings) from error


def _with_one_column_of_ids(sheet: Sheet, settings: Settings) -> Settings:
    """Ignore columns with another program's IDs if several columns may hold IDs and a single one holds emails.

    If all of them hold another program's IDs, the first is kept, so that the plan can mention it.
    """
    id_columns, email_columns = (
        columns.candidates(role, sheet.headings, settings) for role in (Role.PROSPECT, Role.EMAIL)
    )
    if len(id_columns) < 2 or len(email_columns) != 1 or not _holds_emails(sheet, email_columns[0]):
        return settings
    foreign = [position for position in id_columns if _judged(_cells(sheet, position)) is _Ids.FOREIGN]
    return _ignoring(sheet, settings, foreign if len(foreign) < len(id_columns) else foreign[1:])


def _ignoring(sheet: Sheet, settings: Settings, positions: Sequence[int]) -> Settings:
    names = (columns.called(sheet.headings, position) for position in positions)
    return replace(settings, ignored=(*settings.ignored, *names))


def _emails_of_one_person(sheet: Sheet, settings: Settings) -> list[int]:
    """Return the columns that hold emails of the same person, the first that counts first; none if the user chooses."""
    positions = columns.emails_of_one_person(sheet.headings, settings)
    emails = [i for i in positions if not (cells := _cells(sheet, i)) or _emails_in(cells) * 2 > len(cells)]
    return emails if {*columns.candidates(Role.EMAIL, sheet.headings, settings)} <= {*emails} else []


def _with_further_emails(roles: Roles, emails: Sequence[int]) -> Roles:
    """Add the other columns with emails of the same person, which count in rows whose email is blank."""
    email = roles.columns.get(Role.EMAIL)
    further = tuple(i for i in emails if i != email) if email in emails else ()
    unused, unexplained = (tuple(i for i in group if i not in further) for group in (roles.unused, roles.unexplained))
    return replace(roles, unused=unused, unexplained=unexplained, further_emails=further)


def _with_plainest_email(sheet: Sheet, roles: Roles, settings: Settings) -> Roles:
    """Choose the email column with the plainest heading if the prospect column may hold Saleshandy's IDs.

    The IDs are compared with these emails. Without such IDs the user chooses, because the emails then name prospects.
    """
    position, headings = roles.columns.get(Role.PROSPECT), sheet.headings
    if position is None or Role.EMAIL in roles.columns or Role.EMAIL in settings.mapping:
        return roles
    positions = columns.candidates(Role.EMAIL, headings, settings)
    positions = [i for i in positions if _holds_emails(sheet, i)] or positions
    rank = {i: _PLAINNESS[folded_heading(headings[i])] for i in positions}
    best = min(positions, key=rank.__getitem__, default=None)
    if best is None or [*rank.values()].count(rank[best]) > 1 or not _may_be_ours(sheet, position):
        return roles
    return replace(
        roles,
        columns={**roles.columns, Role.EMAIL: best},
        unused=tuple(i for i in roles.unused if i != best),
        unexplained=tuple(i for i in roles.unexplained if i != best),
        vacant=tuple(role for role in roles.vacant if role is not Role.EMAIL),
    )


def _without_foreign_ids(sheet: Sheet, roles: Roles, settings: Settings, *, by_email: bool) -> Roles:
    position, email = roles.columns.get(Role.PROSPECT), roles.columns.get(Role.EMAIL)
    if position is None:
        return roles
    if email is None and _holds_emails(sheet, position):
        return replace(roles, columns={Role.EMAIL: position, **_without_prospect(roles)})
    is_named = any(settings.mapping.get(Role.PROSPECT, ())) and Role.PROSPECT not in roles.instead
    ids = _Ids.OURS if is_named else _judged(_cells(sheet, position))
    program = _program(sheet, position)
    if email is not None:
        is_foreign = (
            program is not None
            or by_email
            or (ids is _Ids.FOREIGN and _stand_beside(sheet, position, (email, *roles.further_emails)))
        )
        if not is_foreign:
            return replace(roles, in_doubt=ids is not _Ids.OURS)
        unused = tuple(sorted((*roles.unused, position)))
        return replace(roles, columns=_without_prospect(roles), unused=unused, foreign=position)
    if program is None and ids is not _Ids.FOREIGN:
        return roles
    emails = [i for i in roles.unexplained if _holds_emails(sheet, i)] if Role.EMAIL not in settings.mapping else []
    if program is None and not emails:
        return roles
    raise _without_emails(sheet, position, program, emails)


def _without_emails(sheet: Sheet, position: int, program: str | None, emails: Sequence[int]) -> UnclearColumns:
    """Return the error that names the program of the IDs, and asks for the email column if there is a candidate."""
    headings, sample = sheet.headings, _cells(sheet, position)[0]
    text = asks = _advice(headings, position, program, sample, has_emails=bool(emails))
    roles = dict.fromkeys(emails, Role.EMAIL) | ({} if program else {position: Role.PROSPECT})
    choices = []
    for i, role in roles.items():
        means = say("foreign.by-email" if role is Role.EMAIL else "foreign.as-ours", column=at_the_start(headings, i))
        choices.append(PossibleAnswer("map", f"{role}={columns.called(headings, i)}", means))
    if emails:
        asks = say("columns.and", first=text, more=(say("foreign.which-column-of-emails"),))
        ways = tuple(mapped(role, as_argument(columns.called(headings, i))) for i, role in roles.items())
        advice = say("foreign.say-which" if program else "foreign.say-which-or-ours", ways=ways)
        text = say("columns.and", first=text, more=(advice,))
    return UnclearColumns(text, [Question(text, asks, choices, position, [Role.PROSPECT, Role.EMAIL], [sample])])


def _without_prospect(roles: Roles) -> dict[Role, int]:
    return {role: position for role, position in roles.columns.items() if role is not Role.PROSPECT}


def _explained(error: UnclearColumns, headings: Sequence[str]) -> UnclearColumns:
    """Return the error; if the prospect column is missing, add that a column has another program's IDs."""
    foreign = next(
        (position for position, heading in enumerate(headings) if folded_heading(heading) in _HEADINGS), None
    )
    missing = [question for question in error.questions if question.column is None and Role.PROSPECT in question.roles]
    if foreign is None or not missing:
        return error
    has_emails = any(
        choice.value.startswith(f"{Role.EMAIL}=") for unanswered in missing for choice in unanswered.choices
    )
    text = _advice(headings, foreign, _HEADINGS[folded_heading(headings[foreign])], has_emails=has_emails)
    questions = list(error.questions)
    for i, question in enumerate(questions):
        if question in missing:
            choices = [choice for choice in question.choices if choice.value != f"{Role.PROSPECT}={headings[foreign]}"]
            questions[i] = replace(
                question, text=say("columns.and", first=text, more=(question.text,)), choices=choices
            )
    return UnclearColumns(lines(text, error.message), questions)


def remarks(sheet: Sheet, roles: Roles) -> list[Message]:
    """Return the plan's remarks on IDs that are, or may be, another program's, and on emails compared with IDs."""
    email, headings = roles.columns.get(Role.EMAIL), sheet.headings
    if email is None:
        return []
    letter = column_letter(email)
    if roles.in_doubt:
        return [say("foreign.in-doubt", column=at_the_start(headings, roles.columns[Role.PROSPECT]), emails=letter)]
    for position in roles.unused if Role.PROSPECT not in roles.columns else ():
        if (program := _program(sheet, position)) is not None:
            return [say("foreign.replaced", column=at_the_start(headings, position), program=program, emails=letter)]
    if roles.foreign is None:
        others = [i for i in (*roles.unexplained, *roles.further_emails) if folded_heading(headings[i]) in _PLAINNESS]
        is_compared = others and Role.PROSPECT in roles.columns
        return [say("foreign.compared-with", column=at_the_start(headings, email))] if is_compared else []
    sample = Cell(repr(_cells(sheet, roles.foreign)[0]))
    return [say("foreign.replaced-alike", column=at_the_start(headings, roles.foreign), sample=sample, emails=letter)]


def _advice(
    headings: Sequence[str], position: int, program: str | None, sample: str = "", *, has_emails: bool = False
) -> Message:
    whose: Message | str = say("foreign.other-program") if program is None else program
    if sample:
        whose = say("foreign.such-as", whose=whose, sample=Cell(repr(sample)))
    why = say("foreign.ids", column=at_the_start(headings, position), whose=whose)
    if has_emails or program is None:  # the question for the prospect names the column
        return say("foreign.named-by", why=why)
    return say("foreign.export-emails", why=why, how=say(f"export.{program.lower()}"))


def _program(sheet: Sheet, position: int) -> str | None:
    """Return the program whose IDs the column certainly holds, or None. Most cells decide, because of footers."""
    cells = _cells(sheet, position)
    for program, shape in _SHAPES.items():
        if _are_mostly(shape, cells):
            return program
    return _HEADINGS.get(folded_heading(sheet.headings[position])) if _are_mostly(_NUMBER, cells) else None


def _may_be_ours(sheet: Sheet, position: int) -> bool:
    return _program(sheet, position) is None and _judged(_cells(sheet, position)) is not _Ids.FOREIGN


def _judged(cells: Sequence[str]) -> _Ids:
    """Return the kind of IDs that most of a column's cells look like."""
    if _are_mostly(ID_SHAPE, cells) or not cells:
        return _Ids.OURS
    has_ours = any(map(ID_SHAPE.fullmatch, cells))
    return _Ids.FOREIGN if _are_mostly(_NOT_OURS, cells) and not has_ours else _Ids.IN_DOUBT


def _are_mostly(shape: re.Pattern[str], cells: Sequence[str]) -> bool:
    return sum(shape.fullmatch(cell) is not None for cell in cells) * 2 > len(cells)


def _stand_beside(sheet: Sheet, position: int, emails: Sequence[int]) -> bool:
    """Return whether most of the first rows with an ID have an email, too."""
    checks = (
        any((mail := read_email(row[email])) and isinstance(mail, str) for email in emails)
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
    return sum(isinstance(read_email(cell), str) for cell in cells)


def _cells(sheet: Sheet, position: int) -> list[str]:
    cells = (cleaned_id(text) for _, block in sheet.columns() for text in block[position] if not is_footer(text))
    return list(islice((cell for cell in cells if cell), _LOOKED_AT))
