"""Replace emails in rows by prospect IDs, as far as the prospects of the emails are known.

Input: rows, and the matches for their emails. Output: rows with prospect IDs. No email is guessed and no prospect is
created. A row is rejected if no prospect or several have its email, unless a setting chooses among several. An ID takes
precedence over the email in the same row; if the email belongs to another prospect, the row has a problem.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from importer.errors import as_argument
from importer.journal import Match, Matches
from importer.messages import Cell, Message, Part, say
from importer.models import OnSeveral, Problem, Rows
from importer.rows.values import TEXT

_MOST_NAMED = 5


@dataclass(frozen=True)
class EmailAnswers:
    """The results of looking up emails.

    Attributes:
        found: email → the prospects that have it, possibly none. An email without an entry has unknown prospects.
        refused: email → the reason why it could not be looked up.
    """

    found: Mapping[str, Matches] = field(default_factory=dict)
    refused: Mapping[str, Message] = field(default_factory=dict)

    def updated(self, later: EmailAnswers) -> EmailAnswers:
        """Return these results with those of a later look-up, which count more."""
        return EmailAnswers({**self.found, **later.found}, {**self.refused, **later.refused})


@dataclass(frozen=True)
class Emails:
    """The distinct emails of rows, in the order of their first row.

    Attributes:
        naming: emails by which at least one row names its prospect.
        compared: the other emails, each in the same row as an ID.
    """

    naming: Sequence[str] = ()
    compared: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.naming) + len(self.compared)

    @property
    def all(self) -> list[str]:
        """All emails, those that name prospects first."""
        return [*self.naming, *self.compared]


def emails_of(rows: Rows, made: Collection[int] = ()) -> Emails:
    """Return the emails of the rows that can be delivered, without those of ``made`` (delivered) rows."""
    if rows.email is None:
        return Emails()
    usable = np.setdiff1d(np.flatnonzero((rows.note >= 0) & (rows.email != "")), np.array([*made], dtype=np.int64))
    by_email = rows.prospect[usable] == rows.email[usable]
    naming = dict.fromkeys(rows.email[usable[by_email]].tolist())
    beside = dict.fromkeys(rows.email[usable[~by_email]].tolist())
    return Emails(list(naming), [email for email in beside if email not in naming])


def chosen(matches: Matches, on_several: OnSeveral) -> tuple[Match, ...]:
    """Return the prospects of an email that receive its notes; none if this can't be decided."""
    if len(matches.all) <= 1 or on_several is OnSeveral.ALL:
        return matches.all
    times = sorted(match.created_at for match in matches.all if match.created_at is not None)
    if on_several is OnSeveral.REJECT or len(times) < len(matches.all):
        return ()
    best, runner_up = times[:2] if on_several is OnSeveral.OLDEST else times[:-3:-1]
    return () if best == runner_up else tuple(match for match in matches.all if match.created_at == best)


def named(
    rows: Rows,
    answers: EmailAnswers,
    on_several: OnSeveral,
    cell: Callable[[int], tuple[int, str]],
    made: Collection[int] = (),
    heading: str = "ITS-HEADING",
) -> Rows:
    """Return the rows with IDs in place of emails; an email stays if its prospects are unknown.

    Args:
        rows: the rows after validation.
        answers: the results of looking up the emails.
        on_several: the choice if several prospects have an email.
        cell: returns the column and the name of the email's cell for a row number.
        made: positions of rows that an earlier run delivered by their IDs; they are not changed.
        heading: heading or letter of the email column.
    """
    if rows.email is None:
        return rows
    prospect, note = rows.prospect.copy(), rows.note.copy()
    rejected, problems = dict(rows.rejected), dict(rows.problems)
    further: list[tuple[int, str, str]] = []  # position, ID and email of further prospects who receive a row's note
    usable = np.flatnonzero((rows.note >= 0) & (rows.email != "")).tolist()
    for position, email, named_by in zip(
        usable, rows.email[usable].tolist(), rows.prospect[usable].tolist(), strict=True
    ):
        matches = answers.found.get(email)
        if named_by != email:
            is_open = matches is not None and matches.all and position not in made
            if matches is not None and is_open and named_by not in {match.prospect for match in matches.all}:
                note[position] = -1
                problems[position] = [_mismatch(named_by, email, matches, int(rows.number[position]), cell, heading)]
            continue
        if position in made:
            continue
        receiving = () if matches is None else chosen(matches, on_several)
        if receiving:
            prospect[position] = receiving[0].prospect
            further += [(position, match.prospect, email) for match in receiving[1:]]
        elif matches is not None or email in answers.refused:
            note[position] = -1
            rejected[position] = answers.refused.get(email) or why_not(email, matches, on_several)
    return with_more(replace(rows, prospect=prospect, note=note, rejected=rejected, problems=problems), further)


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


def why_not(email: str, matches: Matches | None, on_several: OnSeveral) -> Message:
    """Return the reason why an email doesn't name exactly one prospect."""
    if matches is None or not matches.all:
        return say("email.nobodys", email=Cell(email))
    ids: tuple[Part, ...] = tuple(match.prospect for match in matches.all)
    if len(ids) > _MOST_NAMED:
        ids = (say("and-more", names=ids[:_MOST_NAMED], n=len(ids) - _MOST_NAMED),)
    if on_several is not OnSeveral.REJECT:
        return say("email.several-undated", email=Cell(email), prospects=ids, which=on_several.value)
    return say("email.several", email=Cell(email), prospects=ids)


def _mismatch(
    prospect: str, email: str, matches: Matches, number: int, cell: Callable[[int], tuple[int, str]], heading: str
) -> Problem:
    column, cell_name = cell(number)
    owners = tuple(match.prospect for match in matches.all[:_MOST_NAMED])
    parts = {"prospect": Cell(prospect), "email": Cell(email), "column": Cell(as_argument(heading))}
    text = say("email.of-another-prospect", **parts, owners=owners)
    return Problem(number, column, cell_name, email, text, say("email.of-another-prospect-in-short"))
