"""Rows that name their prospects by email → rows with the prospects' ids, as far as it is known who has the emails.

Comes in: rows, and what was found for their emails. Goes out: rows in which an id stands for each email that exactly
one prospect has. An email is never guessed, and nobody is added: a row whose email nobody has, or several have, is
rejected, unless it was said which of several is meant. An id counts more than an email beside it; where the email is
another prospect's, that is a problem.
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
    """What is known of emails.

    Attributes:
        found: email → the prospects that have it, maybe none; what is missing is not known.
        refused: email → why it could not be looked up, in words.
    """

    found: Mapping[str, Matches] = field(default_factory=dict)
    refused: Mapping[str, Message] = field(default_factory=dict)


@dataclass(frozen=True)
class Emails:
    """The distinct emails of rows, in the order of their first row.

    Attributes:
        naming: those by which a row names its prospect.
        compared: the others, which stand beside an id.
    """

    naming: Sequence[str] = ()
    compared: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.naming) + len(self.compared)

    @property
    def all(self) -> list[str]:
        """Both."""
        return [*self.naming, *self.compared]


def emails_of(rows: Rows, made: Collection[int] = ()) -> Emails:
    """The emails of the rows that can be delivered; beside an id of those that weren't ``made`` by an earlier run."""
    if rows.email is None:
        return Emails()
    usable = np.flatnonzero((rows.note >= 0) & (rows.email != ""))
    by_email = rows.prospect[usable] == rows.email[usable]
    naming = dict.fromkeys(rows.email[usable[by_email]].tolist())
    beside = dict.fromkeys(rows.email[np.setdiff1d(usable[~by_email], [*made])].tolist())
    return Emails(list(naming), [email for email in beside if email not in naming])


def chosen(matches: Matches, on_several: OnSeveral) -> tuple[Match, ...]:
    """Those of an email's prospects that are to receive its notes; none where that can't be told."""
    if len(matches.all) <= 1 or on_several is OnSeveral.ALL:
        return matches.all
    times = sorted(match.created_at for match in matches.all if match.created_at is not None)
    if on_several is OnSeveral.REJECT or len(times) < len(matches.all):
        return ()
    wanted, next_to_it = times[:2] if on_several is OnSeveral.OLDEST else times[:-3:-1]
    return () if wanted == next_to_it else tuple(match for match in matches.all if match.created_at == wanted)


def named(
    rows: Rows,
    answers: EmailAnswers,
    on_several: OnSeveral,
    cell: Callable[[int], tuple[int, str]],
    made: Collection[int] = (),
    heading: str = "ITS-HEADING",
) -> Rows:
    """Rows with ids in the place of emails; an email of which nothing is known stays.

    Args:
        rows: as validation read them.
        answers: what is known of the emails.
        on_several: what to do where several prospects have an email.
        cell: row number → the column of the email's cell, and the cell's name.
        made: positions of rows that an earlier run delivered by their ids; they are left alone.
        heading: what names the column of the emails.
    """
    if rows.email is None:
        return rows
    prospect, note = rows.prospect.copy(), rows.note.copy()
    rejected, problems = dict(rows.rejected), dict(rows.problems)
    more: list[tuple[int, str]] = []  # further prospects of a row, where each of several receives its note
    usable = np.flatnonzero((rows.note >= 0) & (rows.email != "")).tolist()
    for position, email, name in zip(usable, rows.email[usable].tolist(), rows.prospect[usable].tolist(), strict=True):
        matches = answers.found.get(email)
        if name != email:
            is_open = matches is not None and matches.all and position not in made
            if matches is not None and is_open and name not in {match.prospect for match in matches.all}:
                note[position] = -1
                problems[position] = [_mismatch(name, email, matches, int(rows.number[position]), cell, heading)]
            continue
        receiving = () if matches is None else chosen(matches, on_several)
        if receiving:
            prospect[position] = receiving[0].prospect
            more += [(position, match.prospect) for match in receiving[1:]]
        elif matches is not None or email in answers.refused:
            note[position] = -1
            rejected[position] = answers.refused.get(email) or why_not(email, matches, on_several)
    result = replace(rows, prospect=prospect, note=note, rejected=rejected, problems=problems)
    return _with_more(result, more) if more else result


def _with_more(rows: Rows, more: Sequence[tuple[int, str]]) -> Rows:
    """The rows, and after them one for each further prospect of theirs."""
    of = np.array([position for position, _ in more], dtype=np.int32)
    everyone = np.concatenate([np.arange(len(rows), dtype=np.int32), of])
    prospect = rows.prospect[everyone]
    prospect[len(rows) :] = np.array([name for _, name in more], dtype=TEXT)
    return replace(
        rows,
        number=rows.number[everyone],
        prospect=prospect,
        email=None if rows.email is None else rows.email[everyone],
        note=rows.note[everyone],
        key=None if rows.key is None else rows.key[everyone],
        sheet_rows=everyone,
    )


def why_not(email: str, matches: Matches | None, on_several: OnSeveral) -> Message:
    """Return why an email names no prospect."""
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
    column, name = cell(number)
    owners = tuple(match.prospect for match in matches.all[:_MOST_NAMED])
    about = {"prospect": Cell(prospect), "email": Cell(email), "column": Cell(as_argument(heading))}
    text = say("email.of-another-prospect", **about, owners=owners)
    return Problem(number, column, name, email, text, say("email.of-another-prospect-in-short"))
