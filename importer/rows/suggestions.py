"""Judge a column by its heading and cells: which role it may have.

Input: a heading and the first values of its column. Output: a score, by which no column gets a role automatically.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from importer.fields import FIELDS, NO, OTHERS, WORDED, YES
from importer.messages import cut
from importer.models import Role
from importer.reading import Sheet
from importer.rows.values import ID_SHAPE, Wrong, cleaned_id, folded, ids_in, is_footer, read_emails
from importer.settings.reading import folded_heading

LIKELY = 2
"""Minimum score for a column to be suggested."""
SAMPLES = 3
"""Number of values of a column that are shown."""

_FEWEST = 2  # rows of a sheet that may hold notes
_GLANCE = 200  # values of a column that are judged
_MOST_SHOWN = 40
_MOSTLY = 0.8
_HARDLY_ANY = 0.05
_NEARLY = 0.8  # similarity of two headings
_WORD = re.compile(r"[^\W\d_A-Z]+|[A-Z]+[^\W\d_A-Z]*")
_KNOWN = {folded_heading(one): role for role, field in FIELDS.items() for one in field.headings + field.vague_headings}
SPELLED = {
    role: {folded(word): word for usual in field.words.values() for word in usual} for role, field in WORDED.items()
}
"""Role → folded word → the word as it is spelled."""


def role_of(heading: str) -> Role | None:
    """Return the role for which a heading is known, or None."""
    return _KNOWN.get(folded_heading(heading))


def glance(sheet: Sheet) -> list[list[str]]:
    """Return the distinct values of each column's first cells that are neither blank nor a footer."""
    for _, columns in sheet.columns():
        filled = ((text for cell in column if (text := cell.strip()) and not is_footer(text)) for column in columns)
        return [list(dict.fromkeys(islice(texts, _GLANCE))) for texts in filled]
    return [[] for _ in sheet.headings]


def samples(values: Sequence[str]) -> list[str]:
    """Return the first :data:`SAMPLES` values, each on one line and shortened."""
    return [cut(" ".join(value.split()), _MOST_SHOWN) for value in values[:SAMPLES]]


def is_of_others(heading: str) -> bool:
    """Return whether a heading names people who aren't prospects, such as the owner of a note."""
    return any(word.casefold() in OTHERS for word in _WORD.findall(heading))


def suggests(role: Role, heading: str) -> bool:
    """Return whether a heading may be meant for a role: it has a part of those that other programs use."""
    part = FIELDS[role].suggested
    return bool(part and re.search(part, heading.strip(), re.IGNORECASE))


def likeliness(role: Role, heading: str, values: Sequence[str]) -> int:
    """Return a score for how likely a column has a role; from :data:`LIKELY` on, the column is suggested.

    The score is 0 if the heading is known for another role, or if it is about emails of other people. A column without
    values counts only if its heading is a misspelling of a known one.
    """
    if role_of(heading) not in (None, role) or (role is Role.EMAIL and is_of_others(heading)):
        return 0
    known = [name for name, meant in _KNOWN.items() if meant is role]
    misspelling = LIKELY * bool(difflib.get_close_matches(folded_heading(heading), known, n=1, cutoff=_NEARLY))
    if not values:
        return misspelling
    speaks = suggests(role, heading)
    return misspelling + speaks + _by_cells(role, values, speaks=speaks)


def may_hold_notes(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a sheet seems to hold notes: a column with emails or prospect IDs, and one with texts.

    Headings alone don't make people of a column, so a list of codes, owners or totals doesn't qualify.
    """
    columns = [(text, [row[at].strip() for row in rows if row[at:]]) for at, text in enumerate(headings)]
    filled = [(text, values) for text, cells in columns if len(values := [*filter(None, cells)]) >= _FEWEST]
    has_people = any(
        likeliness(role, text, values) and _by_cells(role, values, speaks=False) >= LIKELY
        for text, values in filled
        for role in (Role.PROSPECT, Role.EMAIL)
    )
    return has_people and any(likeliness(Role.CONTENT, text, values) >= LIKELY for text, values in filled)


def _by_cells(role: Role, values: Sequence[str], *, speaks: bool) -> int:
    """Return a score by the cells. A yes and a no count as words only if the heading ``speaks`` of the role."""
    if role in WORDED:
        usual = {word for word in SPELLED[role] if not word.isdecimal()} | (YES | NO if speaks else frozenset())
        alike = sum(folded(cleaned_id(text)) in usual for text in values)
    else:
        alike = sum(map(_LOOKS[role], values)) if role in _LOOKS else len(values) * speaks
    if role is Role.CONTENT and sum(" " in value for value in values) <= len(values) * _HARDLY_ANY:
        return -2  # hardly any value has a space, so the cells are not texts; a footer may have one
    share = alike / len(values)
    return 2 if share >= _MOSTLY else 1 if share >= _MOSTLY / 2 else 0


def _is_prose(text: str) -> bool:
    return len(text) >= 25 and text.count(" ") >= 3


def _is_id(text: str) -> bool:
    return ID_SHAPE.fullmatch(cleaned_id(text)) is not None or len(ids_in(cleaned_id(text))) > 1


def _is_email(text: str) -> bool:
    return not isinstance(read_emails(text), Wrong)


_LOOKS: Mapping[Role, Callable[[str], bool]] = {Role.PROSPECT: _is_id, Role.EMAIL: _is_email, Role.CONTENT: _is_prose}


def emails_among(cells: Sequence[str]) -> int:
    """Return the number of cells that hold emails."""
    return sum(map(_is_email, (text for text in cells if "@" in text)))
