"""Read email addresses from cells, also as ``mailto:jo@example.com`` or ``Jo Berg <Jo@Example.com>``.

Input: a cell's text. Output: one lowercase email, by which emails are compared, or ``Wrong``. An email is never
guessed: a cell with two emails, or with other words, is an error.
"""

from __future__ import annotations

import re

from importer.messages import Cell, say
from importer.rows.values import Wrong, cleaned_id, error_in, quoted

_LONGEST = 320
_ADDRESS = re.compile(r"[^\s<>(),:;\"\[\]|/\\@]+@[^\s<>(),:;\"\[\]|/\\@]+")
_DOMAIN = re.compile(r"(?:[^\s.]+\.)+[^\s.]{2,}")
_NAMED = re.compile(r"(?:[^<>]*)<([^<>]*)>")
_SCHEME = re.compile(r"mailto:\s*", re.IGNORECASE)
_ID = re.compile(r"(?=.*[a-z])(?=.+[A-Z0-9])[A-Za-z0-9]{10}")  # the IDs that Saleshandy shows; matches no word or name
_QUERY = re.compile(r"(?<=[^\s?])\?[^\s>]*")  # the query of a mailto link: ?subject=…


def read_email(text: str) -> str | Wrong:
    """Return the cell's email in lowercase, or an empty string if the cell is blank."""
    cell = cleaned_id(text)
    if not cell:
        return ""
    if wrong := error_in(cell):
        return Wrong(wrong)
    plain = cell
    if _SCHEME.search(cell):
        plain = _QUERY.sub("", _SCHEME.sub("", cell))
    addresses = list(dict.fromkeys(match.lower() for match in _ADDRESS.findall(plain[: 10 * _LONGEST])))
    if len(addresses) > 1:
        return Wrong(say("email.holds-several", value=Cell(quoted(cell)), n=len(addresses)))
    with_name = _NAMED.fullmatch(plain)
    address = (with_name[1] if with_name else plain).strip(" \t\r\n;,").lower()
    if not addresses or address != addresses[0] or not _is_email(address):
        return Wrong(say("email.no-email", value=Cell(quoted(cell))))
    return address


def is_id(text: str) -> bool:
    """Return whether a cleaned cell holds a prospect ID, which may replace an email that several prospects have."""
    return _ID.fullmatch(text) is not None


def _is_email(address: str) -> bool:
    local, _, domain = address.rpartition("@")
    is_plain = address.isprintable() and not any("\ud800" <= sign <= "\udfff" for sign in address)
    return bool(local) and is_plain and len(address) <= _LONGEST and _DOMAIN.fullmatch(domain) is not None
