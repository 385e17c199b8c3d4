"""Emails in cells, as people have them: ``mailto:jo@example.com``, ``Jo Berg <Jo@Example.com>``, capitals, spaces.

Comes in: a cell's text. Goes out: one email in small letters, by which emails are compared; a blank one; or why it is
none. An email is never guessed: what could be two, or stands among other words, is none.
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
_ID = re.compile(r"(?=.*[a-z])(?=.+[A-Z0-9])[A-Za-z0-9]{10}")  # as Saleshandy shows them; no word, nor a name
_QUERY = re.compile(r"(?<=[^\s?])\?[^\s>]*")  # what a link says besides: ?subject=…


def read_email(text: str) -> str | Wrong:
    """An email in small letters; empty where the cell is blank."""
    cell = cleaned_id(text)
    if not cell:
        return ""
    if wrong := error_in(cell):
        return Wrong(wrong)
    plain = cell
    if _SCHEME.search(cell):
        plain = _QUERY.sub("", _SCHEME.sub("", cell))
    found = list(dict.fromkeys(address.lower() for address in _ADDRESS.findall(plain[: 10 * _LONGEST])))
    if len(found) > 1:
        return Wrong(say("email.holds-several", value=Cell(quoted(cell)), n=len(found)))
    named = _NAMED.fullmatch(plain)
    bare = (named[1] if named else plain).strip(" \t\r\n;,").lower()
    if not found or bare != found[0] or not _is_email(bare):
        return Wrong(say("email.no-email", value=Cell(quoted(cell))))
    return bare


def is_id(text: str) -> bool:
    """Whether a cleaned cell holds a prospect's id, in the place of an email that several prospects have."""
    return _ID.fullmatch(text) is not None


def _is_email(address: str) -> bool:
    local, _, domain = address.rpartition("@")
    is_plain = address.isprintable() and not any("\ud800" <= sign <= "\udfff" for sign in address)
    return bool(local) and is_plain and len(address) <= _LONGEST and _DOMAIN.fullmatch(domain) is not None
