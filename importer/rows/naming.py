"""Replace emails in rows by prospect IDs, as far as the prospects of the emails are known.

Input: rows, and the matches for their emails. Output: rows with prospect IDs. No email is guessed and no prospect is
created. A row is rejected if no prospect or several have its email. An ID takes
precedence over the email in the same row; if the email belongs to another prospect, the row has a problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from importer.journal import Owners
from importer.messages import Cell, Message, Part, as_argument, say, some
from importer.models import Ints, Problem, Rows
from importer.reading import Sheet
from importer.rows.columns import Roles
from importer.rows.values import TEXT

_MOST_NAMED = 5


@dataclass(frozen=True)
class EmailAnswers:
    """The results of looking up emails: email → the prospects that have it, possibly none, or why it was refused.

    An email without an entry has unknown prospects.
    """

    found: Mapping[str, Owners] = field(default_factory=dict)
    refused: Mapping[str, Message] = field(default_factory=dict)

    def updated(self, later: EmailAnswers) -> EmailAnswers:
        """Return these results with those of a later look-up, which count more."""
        return EmailAnswers({**self.found, **later.found}, {**self.refused, **later.refused})


def emails_of(rows: Rows, is_there: np.ndarray | None = None) -> list[str]:
    """Return the distinct emails of the rows that can be delivered, without the rows whose note is there."""
    return [] if rows.email is None else list(dict.fromkeys(rows.email[_with_emails(rows, is_there)].tolist()))


def _with_emails(rows: Rows, is_there: np.ndarray | None) -> Ints:
    assert rows.email is not None
    is_open = True if is_there is None else ~is_there
    return np.flatnonzero((rows.note >= 0) & (rows.email != "") & is_open).astype(np.int32)


def named(
    rows: Rows,
    answers: EmailAnswers,
    cell: Callable[[int], tuple[int, str]],
    is_there: np.ndarray | None = None,
    heading: str = "ITS-HEADING",
) -> Rows:
    """Return the rows with IDs in place of emails; an email stays if its prospects are unknown.

    ``cell`` returns the column and the name of the email's cell for a row number. Rows whose note is there
    aren't changed. ``heading`` is the heading or letter of the email column.
    """
    if rows.email is None:
        return rows
    prospect, note = rows.prospect.copy(), rows.note.copy()
    rejected, problems = dict(rows.rejected), dict(rows.problems)
    usable = _with_emails(rows, is_there)
    for position, email, named_by in zip(
        usable.tolist(), rows.email[usable].tolist(), rows.prospect[usable].tolist(), strict=True
    ):
        owners = answers.found.get(email)
        if named_by != email:
            if owners and named_by not in owners:
                note[position] = -1
                problems[position] = [_mismatch(named_by, email, owners, int(rows.number[position]), cell, heading)]
        elif owners is not None and len(owners) == 1:
            prospect[position] = owners[0]
        elif owners is not None or email in answers.refused:
            note[position] = -1
            rejected[position] = answers.refused.get(email) or why_not(email, owners or ())
    return replace(rows, prospect=prospect, note=note, rejected=rejected, problems=problems)


def with_more(rows: Rows, further: Sequence[tuple[int, str, str]]) -> Rows:
    """Return the rows, followed by one for each further person: the position of its row, the ID or email, the email."""
    if not further:
        return rows
    positions, prospects, emails = zip(*further, strict=True)
    source = np.concatenate([np.arange(len(rows), dtype=np.int32), np.array(positions, dtype=np.int32)])
    prospect, email = rows.prospect[source], None if rows.email is None else rows.email[source]
    prospect[len(rows) :] = np.array(prospects, dtype=TEXT)
    if email is not None:
        email[len(rows) :] = np.array(emails, dtype=TEXT)
    return replace(
        rows,
        number=rows.number[source],
        prospect=prospect,
        email=email,
        note=rows.note[source],
        key=None if rows.key is None else rows.key[source],
        record=None if rows.record is None else rows.record[source],
        sheet_rows=rows.of_sheet(source),
    )


def why_not(email: str, owners: Owners) -> Message:
    """Return the reason why an email doesn't name exactly one prospect."""
    if not owners:
        return say("email.nobodys", email=Cell(email))
    return say("email.several", email=Cell(email), prospects=some(owners, _MOST_NAMED))


def _mismatch(
    prospect: str, email: str, owners: Owners, number: int, cell: Callable[[int], tuple[int, str]], heading: str
) -> Problem:
    column, cell_name = cell(number)
    parts: dict[str, Part] = {"prospect": Cell(prospect), "email": Cell(email), "owners": owners[:_MOST_NAMED]}
    named = {"column": Cell(as_argument(heading))}
    text = say("email.of-another-prospect", **parts, **named)
    in_short = say("email.of-another-prospect", **dict.fromkeys(parts, "…"), **named)
    return Problem(number, column, cell_name, email, text, in_short)


def people_of(sheet: Sheet, roles: Roles, rows: Rows, emails: Iterable[str]) -> list[tuple[str, ...]]:
    """Return lines about the people with some emails, for Saleshandy's own prospect importer; nothing is guessed.

    The headings come first. Each line has an email, and the first text in each column without a role in its rows.
    """
    known: dict[str, list[str]] = {email: [""] * len(roles.unused) for email in emails}
    headings = ("Email", *(sheet.headings[column] for column in roles.unused))
    if rows.email is None or not known:
        return [headings]
    at = np.flatnonzero(np.isin(rows.email, [*known])).astype(np.int32)
    if rows.sheet_rows is not None:  # names and companies in a row of several people may be another's
        at = at[np.bincount(rows.sheet_rows)[rows.of_sheet(at)] == 1]
    row_emails = dict(zip(rows.number[at].tolist(), rows.email[at].tolist(), strict=True))
    for numbers, columns in sheet.columns():
        for index in (index for index, number in enumerate(numbers) if number in row_emails):
            texts = known[row_emails[numbers[index]]]
            for place, column in enumerate(roles.unused):
                texts[place] = texts[place] or " ".join(columns[column][index].split())
    return [headings, *((email, *texts) for email, texts in known.items())]
