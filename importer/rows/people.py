"""Collect what a sheet says about the people with certain emails: names, company, job title, phone.

Input: a sheet, its roles and rows, and emails. Output: one line for each email, for Saleshandy's own prospect importer.
Nothing is guessed from an email. A name comes from columns of names, from a name in the email cell, or from a column
with full names, in this order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np

from importer.fields import FULL_NAME, PERSON
from importer.models import Role, Rows
from importer.reading import Sheet
from importer.rows.columns import Roles
from importer.rows.values import read_email
from importer.settings.reading import folded_heading

COLUMNS = ("Email", *PERSON)
"""Headings of the lines, in their order."""

_DISPLAY, _FULL = "displayed", "full"
_DISPLAYED = re.compile(r"\s*\"?([^<>()\"]*?)\"?\s*[<(][^<>()]*[>)]\s*")
_TITLE = folded_heading("Title")


def people_of(sheet: Sheet, roles: Roles, rows: Rows, emails: Iterable[str]) -> list[tuple[str, ...]]:
    """Return a line for each email, with the first text that the sheet has for each of :data:`COLUMNS`."""
    known: dict[str, dict[str, str]] = {email: {} for email in emails}
    if rows.email is None or not known:
        return []
    at = np.flatnonzero(np.isin(rows.email, [*known])).astype(np.int32)
    if rows.sheet_rows is not None:  # names and companies in a row of several people may be another's
        at = at[np.bincount(rows.sheet_rows)[rows.of_sheet(at)] == 1]
    row_emails = dict(zip(rows.number[at].tolist(), rows.email[at].tolist(), strict=True))
    places = _places(sheet.headings, roles)
    email_columns = [roles.columns[Role.EMAIL], *roles.further_emails]
    for numbers, columns in sheet.columns():
        for index in (index for index, number in enumerate(numbers) if number in row_emails):
            email = row_emails[numbers[index]]
            texts = [(field, columns[column][index].strip()) for field, column in places]
            displayed = [(_DISPLAY, _displayed(columns[column][index], email)) for column in email_columns]
            for field, text in chain(texts, displayed):
                if text:
                    known[email].setdefault(field, text)
    return [(email, *_line(person)) for email, person in known.items()]


def _places(headings: Sequence[str], roles: Roles) -> list[tuple[str, int]]:
    """Return the fields of a person with their columns. *Title* is a person's only beside first and last names."""
    folded = {column: folded_heading(headings[column]) for column in roles.unused}
    fields = {folded_heading(heading): field for field, headings in PERSON.items() for heading in headings}
    full_names = dict.fromkeys(map(folded_heading, FULL_NAME), _FULL)
    if {"First Name", "Last Name"} <= {fields.get(heading) for heading in folded.values()}:
        fields = full_names | fields
    else:
        fields = {**fields, **full_names, _TITLE: ""}
    return [(field, column) for column, heading in folded.items() if (field := fields.get(heading))]


def _displayed(cell: str, email: str) -> str:
    """Return the name beside an email in its cell: ``Ada Adams <ada@example.com>``; empty if there is none."""
    match = _DISPLAYED.fullmatch(cell)
    return match[1] if match is not None and "@" not in match[1] and read_email(cell) == email else ""


def _line(person: dict[str, str]) -> Iterable[str]:
    if not {"First Name", "Last Name"}.intersection(person):
        last, comma, first = person.get(_DISPLAY, person.get(_FULL, "")).partition(",")
        if not comma:
            first, _, last = last.partition(" ")
        person = {**person, "First Name": first.strip(), "Last Name": last.strip()}
    return (" ".join(person.get(field, "").split()) for field in PERSON)
