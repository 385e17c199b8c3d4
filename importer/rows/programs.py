"""Recognise the program that a sheet was exported from, such as a CRM, by its headings and by the shape of its IDs.

Input: headings, or the cells of a column. Output: the program's name, for which a text says how to export emails
(``export.hubspot`` and so on), or None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_HEADINGS: Sequence[tuple[str, str]] = (
    ("Dynamics", r"\(do not modify\) .+"),
    ("Freshsales", r"(contact|lead|deal|sales account) : .+"),
    ("Zoho", r"(note owner|parent id|contact name|lead name|created by)\.id|(contact )?zoho .*id"),
    ("Apollo", r"apollo .*id|company name for emails"),
    ("Close", r"primary contact (primary|other) \w+"),
    ("Salesloft", r"person company \w+|cadence (name|id)|salesloft .*id"),
    ("Outreach", r"call (purpose|disposition)|outreach .*id"),
    ("Copper", r"(company )?copper id"),
    ("lemlist", r"lemlist .*id"),
    ("Pipedrive", r"(person|contact person|activity|deal|organization) - .+|pipedrive id"),
    ("HubSpot", r"record id - .+|associated (contact|company|deal)( ids?)?|hubspot .*id|(contact )?vid"),
    ("HubSpot", r"record id"),
    ("Pipedrive", r"person id"),
)
"""Program and pattern of its headings, in lower case with spaces for underscores. The first match counts: the last two
headings also stand in other programs' exports."""
_IDS: Mapping[str, re.Pattern[str]] = {
    "Salesforce": re.compile(r"00[1356Q][A-Za-z0-9]{12}([A-Za-z0-9]{3})?"),  # contacts, leads, accounts, deals, users
    "Zoho": re.compile(r"zcrm_\d+"),
    "Close": re.compile(r"(lead|cont)_[A-Za-z0-9]{8,}"),
    "lemlist": re.compile(r"(ctc|lea)_[A-Za-z0-9]{8,}"),
}


def of_headings(headings: Sequence[str]) -> str | None:
    """Return the program whose exports have one of these headings, or None."""
    plain = [_plain(heading) for heading in headings]
    return next((program for program, pattern in _HEADINGS if any(re.fullmatch(pattern, one) for one in plain)), None)


def of_ids(cells: Sequence[str]) -> str | None:
    """Return the program whose IDs most cells certainly are, or None. Most cells decide, because of footers."""
    return next((program for program, shape in _IDS.items() if are_mostly(shape, cells)), None)


def are_mostly(shape: re.Pattern[str], cells: Sequence[str]) -> bool:
    """Return whether more than half of the cells have a shape."""
    return sum(shape.fullmatch(cell) is not None for cell in cells) * 2 > len(cells)


def _plain(heading: str) -> str:
    return " ".join(heading.casefold().replace("_", " ").split())
