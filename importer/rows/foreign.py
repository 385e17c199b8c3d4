"""Ids of other programs: a CRM's export has those of its own contacts, of which Saleshandy knows none.

Comes in: a sheet, and which column is which. Goes out: the same, where need be by the emails beside such ids; or one
error that says how to export what is needed, instead of a rejection for every row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from importer.errors import UnclearColumns, by_name
from importer.models import Question, Role
from importer.reading import Sheet, column_letter
from importer.rows import columns
from importer.rows.addresses import read_email
from importer.rows.columns import Roles, Wanted, shown
from importer.rows.footers import is_footer
from importer.rows.suggestions import folded_heading
from importer.rows.values import cleaned_id

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
_LOOKED_AT = 200
_HOW = {
    "HubSpot": "in HubSpot, add the property Email to the columns of the view, or choose all properties, then export",
    "Pipedrive": "in Pipedrive, add the column Person - Email to the list, then export",
    "Salesforce": "in Salesforce, add the field Email to the report, then export",
    "Zoho": "in Zoho, choose the field Email for the export",
    "Outreach": "in Outreach, choose the field Email for the export",
}


def find(sheet: Sheet, wanted: Wanted, cells: Sequence[Sequence[str]]) -> Roles:
    """Settle which column has which role, with the emails in the place of ids that are another program's.

    Args:
        sheet: whose columns.
        wanted: what the person said.
        cells: for each column some of what stands there.

    Raises:
        UnclearColumns: something can't be settled, or there are such ids and no emails.
    """
    try:
        return _without_foreign_ids(sheet, columns.find(sheet.headings, wanted, cells))
    except UnclearColumns as error:
        raise _explained(error, sheet.headings) from error


def _without_foreign_ids(sheet: Sheet, roles: Roles) -> Roles:
    at = roles.columns.get(Role.PROSPECT)
    if at is not None and Role.EMAIL not in roles.columns and _holds_emails(sheet, at):
        return replace(roles, columns={Role.EMAIL: at, **_without_prospect(roles)})
    if at is None or (program := _program(sheet, at)) is None:
        return roles
    if Role.EMAIL in roles.columns:
        return replace(roles, columns=_without_prospect(roles), unused=tuple(sorted((*roles.unused, at))))
    sample = _cells(sheet, at)[0]
    text = f"{_advice(sheet.headings, at, program, f', such as {sample!r}')}."
    raise UnclearColumns(text, [Question(text, text, (), at, [Role.PROSPECT], [sample])])


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
    text = f"{_advice(headings, found, _HEADINGS[folded_heading(headings[found])], has_emails=has_emails)}."
    questions = [
        replace(
            question,
            text=f"{text} {question.text}",
            choices=[choice for choice in question.choices if choice.value != f"{Role.PROSPECT}={headings[found]}"],
        )
        if question in missing
        else question
        for question in error.questions
    ]
    return UnclearColumns(f"{text}\n{error}", questions)


def remarks(sheet: Sheet, roles: Roles) -> list[str]:
    """What to say of another program's ids that are set aside for the emails."""
    email = roles.columns.get(Role.EMAIL)
    if email is None or Role.PROSPECT in roles.columns:
        return []
    return [
        f"{_called(sheet.headings, at)} holds ids of {program}, which Saleshandy doesn't know. Prospects are found by"
        f" their emails, in column {column_letter(email)}."
        for at in roles.unused
        if (program := _program(sheet, at)) is not None
    ][:1]


def _advice(headings: Sequence[str], at: int, program: str, sample: str = "", *, has_emails: bool = False) -> str:
    why = (
        f"{_called(headings, at)} holds ids of {program}{sample}. Saleshandy doesn't know them, so every row would be"
        " rejected. Prospects are named by Saleshandy's own ids or by their emails"
    )
    if has_emails:  # the question for the prospect names the column
        return why
    return (
        f"{why}: {_HOW[program]} again. If another column holds the emails, say so:"
        f" {by_name('map', 'email=ITS-HEADING')}"
    )


def _program(sheet: Sheet, at: int) -> str | None:
    """Whose ids a column holds, where they are surely not Saleshandy's; a report's footer may stand below them."""
    cells = _cells(sheet, at)
    for program, shape in _SHAPES.items():
        if sum(shape.fullmatch(cell) is not None for cell in cells) * 2 > len(cells):
            return program
    known = _HEADINGS.get(folded_heading(sheet.headings[at]))
    return known if known and sum(_NUMBER.fullmatch(cell) is not None for cell in cells) * 2 > len(cells) else None


def _holds_emails(sheet: Sheet, at: int) -> bool:
    """Whether a column that is headed as one of ids holds emails, which no id looks like; one alone may be a slip."""
    cells = _cells(sheet, at)
    emails = sum(isinstance(read_email(cell), str) for cell in cells)
    return emails > 1 and emails * 2 > len(cells)


def _cells(sheet: Sheet, at: int) -> list[str]:
    cells = (cleaned_id(text) for _, block in sheet.columns() for text in block[at] if not is_footer(text))
    return list(islice((cell for cell in cells if cell), _LOOKED_AT))


def _called(headings: Sequence[str], at: int) -> str:
    return f"Column {column_letter(at)}, {shown(headings[at])},"
