"""IDs of other programs: a CRM's export holds its own, and Saleshandy knows none of them.

Comes in: a sheet, and which column is which. Goes out: the same, with the emails in the place of such IDs; or one error
that says how to export the emails, instead of a rejection for every row. Whole columns are judged, never single cells.
If the person named the column of the IDs, their word counts more than the shape of the cells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum, auto
from itertools import islice

from importer.errors import UnclearColumns, as_argument
from importer.messages import Cell, Message, lines, say
from importer.models import PossibleAnswer, Question, Role
from importer.reading import Sheet, column_letter
from importer.rows import columns
from importer.rows.addresses import read_email
from importer.rows.columns import ColumnSettings, Roles, mapped, shown
from importer.rows.footers import is_footer
from importer.rows.headings import HEADINGS
from importer.rows.suggestions import folded_heading
from importer.rows.values import ID_SHAPE, cleaned_id

_HEADINGS: Mapping[str, str] = {
    folded_heading(heading): program
    for program, headings in {
        "HubSpot": (
            "Record ID",
            "Record ID - Contact",
            "Associated Contact IDs",
            "Associated Contact ID",
            "Contact VID",
            "VID",
            "HubSpot ID",
            "HubSpot Contact ID",
        ),
        "Pipedrive": ("Person - ID", "Person ID", "Pipedrive ID", "Contact person - ID"),
        "Salesforce": ("Salesforce ID", "Contact ID 18", "Lead ID 18", "Who ID", "Name ID", "Contact: Contact ID"),
        "Zoho": ("Zoho ID", "Contact Zoho ID"),
        "Outreach": ("Outreach ID", "Outreach Prospect ID"),
    }.items()
    for heading in headings
}
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "Salesforce": re.compile(r"00[1356Q][A-Za-z0-9]{12}([A-Za-z0-9]{3})?"),  # of contacts, leads, accounts and deals
    "Zoho": re.compile(r"zcrm_\d+"),
}
_NUMBER = re.compile(r"\d{1,19}([;,]\s*\d{1,19})*")
_NOT_OURS = re.compile(r"\d+|[A-Za-z0-9]{15,}|.*[^A-Za-z0-9].*")
"""All digits, the 15 or 18 characters of Salesforce, and whatever holds a sign: a prefix, a UUID, a name."""
_LOOKED_AT = 200
_PLAINNESS = {folded_heading(heading): rank for rank, heading in reversed([*enumerate(HEADINGS[Role.EMAIL])])}
"""Heading of a column of emails → its place among such headings, the plainest first."""


class _Ids(Enum):
    """What the cells of a column of IDs look like."""

    OURS = auto()
    IN_DOUBT = auto()
    INTERMEDIARY = auto()


def find(sheet: Sheet, wanted: ColumnSettings, cells: Sequence[Sequence[str]], *, by_email: bool = False) -> Roles:
    """Return which column has which role, with the emails in the place of another program's IDs.

    Args:
        sheet: the sheet with the columns.
        wanted: what the person said.
        cells: for each column some of its cells.
        by_email: whether looking up emails showed that the IDs in doubt are another program's.

    Raises:
        UnclearColumns: something is undecided, or there are such IDs and no emails.
    """
    try:
        roles = columns.find(sheet.headings, _with_one_column_of_ids(sheet, wanted), cells)
        return _without_foreign_ids(sheet, _with_plainest_email(sheet, roles, wanted), wanted, by_email=by_email)
    except UnclearColumns as error:
        raise _explained(error, sheet.headings) from error


def _with_one_column_of_ids(sheet: Sheet, wanted: ColumnSettings) -> ColumnSettings:
    """Ignore another program's IDs if several columns may hold the IDs and another one holds emails.

    If all are another program's, one is left, of which the plan then says so.
    """
    found, emails = (columns.candidates(role, sheet.headings, wanted) for role in (Role.PROSPECT, Role.EMAIL))
    if len(found) < 2 or len(emails) != 1 or not _holds_emails(sheet, emails[0]):
        return wanted
    foreign = [at for at in found if _judged(_cells(sheet, at)) is _Ids.INTERMEDIARY]
    ignored = foreign if len(foreign) < len(found) else foreign[1:]
    return replace(wanted, ignored=(*wanted.ignored, *(columns.called(sheet.headings, at) for at in ignored)))


def _with_plainest_email(sheet: Sheet, roles: Roles, wanted: ColumnSettings) -> Roles:
    """Let the column with the plainest heading hold the emails, of several that stand beside possible Saleshandy IDs.

    The IDs are compared with it. Without such IDs a person chooses, because a note goes where the email says.
    """
    at, headings = roles.columns.get(Role.PROSPECT), sheet.headings
    if at is None or Role.EMAIL in roles.columns or wanted.names(Role.EMAIL) is not None:
        return roles
    found = columns.candidates(Role.EMAIL, headings, wanted)
    found = [i for i in found if _holds_emails(sheet, i)] or found
    rank = {i: _PLAINNESS[folded_heading(headings[i])] for i in found}
    best = min(found, key=rank.__getitem__, default=None)
    is_ours = _program(sheet, at) is None and _judged(_cells(sheet, at)) is not _Ids.INTERMEDIARY
    if best is None or [*rank.values()].count(rank[best]) > 1 or not is_ours:
        return roles
    return replace(
        roles,
        columns={**roles.columns, Role.EMAIL: best},
        unused=tuple(i for i in roles.unused if i != best),
        unexplained=tuple(i for i in roles.unexplained if i != best),
        vacant=tuple(role for role in roles.vacant if role is not Role.EMAIL),
    )


def _without_foreign_ids(sheet: Sheet, roles: Roles, wanted: ColumnSettings, *, by_email: bool) -> Roles:
    at, email = roles.columns.get(Role.PROSPECT), roles.columns.get(Role.EMAIL)
    if at is None:
        return roles
    if email is None and _holds_emails(sheet, at):
        return replace(roles, columns={Role.EMAIL: at, **_without_prospect(roles)})
    is_named = any(wanted.names(Role.PROSPECT) or ()) and Role.PROSPECT not in roles.instead
    ids = _Ids.OURS if is_named else _judged(_cells(sheet, at))
    program = _program(sheet, at)
    if email is not None:
        is_foreign = program is not None or by_email or (ids is _Ids.INTERMEDIARY and _stand_beside(sheet, at, email))
        if not is_foreign:
            return replace(roles, in_doubt=ids is not _Ids.OURS)
        unused = tuple(sorted((*roles.unused, at)))
        return replace(roles, columns=_without_prospect(roles), unused=unused, foreign=at)
    if program is None and ids is not _Ids.INTERMEDIARY:
        return roles
    emails = [i for i in roles.unexplained if _holds_emails(sheet, i)] if wanted.names(Role.EMAIL) is None else []
    if program is None and not emails:
        return roles
    raise _without_emails(sheet, at, program, emails)


def _without_emails(sheet: Sheet, at: int, program: str | None, emails: Sequence[int]) -> UnclearColumns:
    """Return the error that says whose the IDs are, and asks for the column of the emails if there is one."""
    headings, sample = sheet.headings, _cells(sheet, at)[0]
    text = asks = _advice(headings, at, program, sample, has_emails=bool(emails))
    roles = dict.fromkeys(emails, Role.EMAIL) | ({} if program else {at: Role.PROSPECT})
    choices = [
        PossibleAnswer(
            "map",
            f"{role}={columns.called(headings, i)}",
            say("foreign.by-email" if role is Role.EMAIL else "foreign.as-ours", column=_called(headings, i)),
        )
        for i, role in roles.items()
    ]
    if emails:
        asks = say("columns.and", first=text, more=(say("foreign.which-column-of-emails"),))
        ways = tuple(mapped(role, as_argument(columns.called(headings, i))) for i, role in roles.items())
        advice = say("foreign.say-which" if program else "foreign.say-which-or-ours", ways=ways)
        text = say("columns.and", first=text, more=(advice,))
    return UnclearColumns(text, [Question(text, asks, choices, at, [Role.PROSPECT, Role.EMAIL], [sample])])


def _without_prospect(roles: Roles) -> dict[Role, int]:
    left = dict(roles.columns)
    del left[Role.PROSPECT]
    return left


def _explained(error: UnclearColumns, headings: Sequence[str]) -> UnclearColumns:
    """The error, which says so where no column names the prospects but one has another program's ids."""
    found = next((at for at, heading in enumerate(headings) if folded_heading(heading) in _HEADINGS), None)
    missing = [question for question in error.questions if question.column is None and Role.PROSPECT in question.roles]
    if found is None or not missing:
        return error
    has_emails = any(choice.value.startswith(f"{Role.EMAIL}=") for one in missing for choice in one.choices)
    text = _advice(headings, found, _HEADINGS[folded_heading(headings[found])], has_emails=has_emails)
    questions = [
        replace(
            question,
            text=say("columns.and", first=text, more=(question.text,)),
            choices=[choice for choice in question.choices if choice.value != f"{Role.PROSPECT}={headings[found]}"],
        )
        if question in missing
        else question
        for question in error.questions
    ]
    return UnclearColumns(lines(text, error.message), questions)


def remarks(sheet: Sheet, roles: Roles) -> list[Message]:
    """Return what the plan says of another program's IDs, and of those that may be."""
    email, headings = roles.columns.get(Role.EMAIL), sheet.headings
    if email is None:
        return []
    letter = column_letter(email)
    if roles.in_doubt:
        return [say("foreign.in-doubt", column=_called(headings, roles.columns[Role.PROSPECT]), emails=letter)]
    for at in roles.unused if Role.PROSPECT not in roles.columns else ():
        if (program := _program(sheet, at)) is not None:
            return [say("foreign.replaced", column=_called(headings, at), program=program, emails=letter)]
    if roles.foreign is None:
        others = [i for i in roles.unexplained if folded_heading(headings[i]) in _PLAINNESS]
        is_told = others and Role.PROSPECT in roles.columns
        return [say("foreign.compared-with", column=_called(headings, email))] if is_told else []
    sample = Cell(repr(_cells(sheet, roles.foreign)[0]))
    return [say("foreign.replaced-alike", column=_called(headings, roles.foreign), sample=sample, emails=letter)]


def _advice(
    headings: Sequence[str], at: int, program: str | None, sample: str = "", *, has_emails: bool = False
) -> Message:
    whose: Message | str = say("foreign.other-program") if program is None else program
    if sample:
        whose = say("foreign.such-as", whose=whose, sample=Cell(repr(sample)))
    why = say("foreign.ids", column=_called(headings, at), whose=whose)
    if has_emails or program is None:  # the question for the prospect names the column
        return say("foreign.named-by", why=why)
    return say("foreign.export-emails", why=why, how=say(f"export.{program.lower()}"))


def _program(sheet: Sheet, at: int) -> str | None:
    """Whose ids a column holds, where they are surely not Saleshandy's; a report's footer may stand below them."""
    cells = _cells(sheet, at)
    for program, shape in _SHAPES.items():
        if sum(shape.fullmatch(cell) is not None for cell in cells) * 2 > len(cells):
            return program
    known = _HEADINGS.get(folded_heading(sheet.headings[at]))
    return known if known and sum(_NUMBER.fullmatch(cell) is not None for cell in cells) * 2 > len(cells) else None


def _judged(cells: Sequence[str]) -> _Ids:
    """Return what a column's cells look like: most of them in one shape settles it."""
    ours = sum(ID_SHAPE.fullmatch(cell) is not None for cell in cells)
    foreign = sum(_NOT_OURS.fullmatch(cell) is not None for cell in cells)
    if ours * 2 > len(cells) or not cells:
        return _Ids.OURS
    return _Ids.INTERMEDIARY if foreign * 2 > len(cells) and not ours else _Ids.IN_DOUBT


def _stand_beside(sheet: Sheet, at: int, email: int) -> bool:
    """Whether most of the first rows that have an ID have an email, too."""
    beside = (
        bool(mail := read_email(columns[email])) and isinstance(mail, str)
        for _, block in sheet.columns()
        for columns in zip(*block, strict=True)
        if cleaned_id(columns[at]) and not is_footer(columns[at])
    )
    found = [*islice(beside, _LOOKED_AT)]
    return sum(found) * 2 > len(found)


def _holds_emails(sheet: Sheet, at: int) -> bool:
    """Whether a column that is headed as one of ids holds emails, which no id looks like; one alone may be a slip."""
    cells = _cells(sheet, at)
    emails = sum(isinstance(read_email(cell), str) for cell in cells)
    return emails > 1 and emails * 2 > len(cells)


def _cells(sheet: Sheet, at: int) -> list[str]:
    cells = (cleaned_id(text) for _, block in sheet.columns() for text in block[at] if not is_footer(text))
    return list(islice((cell for cell in cells if cell), _LOOKED_AT))


def _called(headings: Sequence[str], at: int) -> Message:
    return say("column.at-the-start", column=column_letter(at), heading=shown(headings[at]))
