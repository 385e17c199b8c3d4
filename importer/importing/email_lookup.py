"""Look up the prospects that have the emails of a file's rows, and put the prospects' IDs in the rows.

Input: a loaded file, the journal, and a caller for the API. Output: the file with IDs in the place of emails.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from importer import grouping
from importer.delivery.changes import Wish
from importer.delivery.earlier import foresee
from importer.delivery.outcomes import Outcomes
from importer.delivery.sorted_group import AnsweredRow
from importer.importing import logs
from importer.importing.api_context import Context, batch_size
from importer.importing.loading import Loaded
from importer.journal import Journal
from importer.messages import Message
from importer.models import Progress, Remaining, Result, Role, Rows
from importer.reading import cell_name
from importer.rows.columns import called
from importer.rows.lookups import Lookups
from importer.rows.naming import EmailAnswers, Emails, emails_of, named
from importer.settings import Settings


class Left(NamedTuple):
    """What is left to be sent of a file, and how notes that are there can follow it."""

    remaining: Remaining
    wishes: Sequence[Wish]


@dataclass(frozen=True)
class LookedUpEmails:
    """Emails of a file, with the prospects that are known for them.

    Attributes:
        loaded: the file.
        emails: the emails of the rows that can be delivered.
        answers: the known prospects of each email, or why it couldn't be looked up.
        made: positions of the rows that an earlier run delivered. Their emails aren't looked up any more.
        before: what is left to be sent, with no more prospects than the file names; None if it isn't known.
    """

    loaded: Loaded
    emails: Emails
    answers: EmailAnswers
    made: frozenset[int] = frozenset()
    before: Left | None = None

    @property
    def open(self) -> Emails:
        """Emails that haven't been looked up yet."""
        return Emails(self._open(self.emails.naming), self._open(self.emails.compared))

    def open_until(self, last: int) -> Emails:
        """Return the emails that haven't been looked up yet, of the sheet's rows up to the one with this position."""
        rows, emails = self.loaded.rows, self.open
        if rows.email is None:
            return emails
        among = {*rows.email[rows.of_sheet(np.arange(len(rows), dtype=np.int32)) <= last].tolist()}
        naming, compared = ([email for email in some if email in among] for some in (emails.naming, emails.compared))
        return Emails(naming, compared)

    def _open(self, emails: Sequence[str]) -> list[str]:
        matches, refused = self.answers.found, self.answers.refused
        return [email for email in emails if email not in matches and email not in refused]

    @cached_property
    def resolved(self) -> Loaded:
        """File with IDs in place of the emails whose prospects are known. Rows that were ``made`` don't change."""
        loaded, column = self.loaded, self.loaded.roles.columns.get(Role.EMAIL)
        if column is None or loaded.rows.email is None:
            return loaded

        def cell(number: int) -> tuple[int, str]:
            return column, cell_name(loaded.sheet.name, number, column)

        heading = called(loaded.sheet.headings, column)
        rows = named(loaded.rows, self.answers, cell, self.made, heading)
        return replace(loaded, rows=rows, plan=grouping.plan(rows))

    def left(self, settings: Settings, journal: Journal | None, occurrence: str) -> Left:
        """Return what is left to be sent of the resolved file. It is sorted anew only if a prospect became known."""
        if self.before is not None and len(self.open) == len(self.emails):
            return self.before
        known = self.resolved.known(settings, journal, occurrence)
        return Left(*foresee(known, self.resolved.plan, batch_size(settings, journal), settings.first))


def asked(
    loaded: Loaded,
    journal: Journal | None,
    settings: Settings,
    occurrence: str = "",
) -> LookedUpEmails:
    """Return the emails of a file, with the prospects that the journal or an earlier look-up knows."""
    emails, made, left, known_matches = emails_of(loaded.rows), set[int](), None, {}
    if journal is not None and emails:

        def add(answered: Sequence[AnsweredRow]) -> None:
            made.update(one.position for one in answered)

        known = loaded.known(settings, journal, occurrence)
        left = Left(*foresee(known, loaded.plan, batch_size(settings, journal), settings.first, add))
        emails = emails_of(loaded.rows, made)
    if journal is not None and emails:
        found = journal.found(settings.workspace, settings.key, time.time).known(emails.all)
        known_matches = {email: tuple(owners) for email, owners in found.items()}
    return LookedUpEmails(loaded, emails, EmailAnswers(known_matches), frozenset(made), left)


def unknown(loaded: Loaded, answers: EmailAnswers) -> dict[str, int]:
    """Return the emails without a prospect, each with its number of rows."""
    rows = loaded.rows
    emails = [] if rows.email is None else rows.email[[*rows.rejected]].tolist()
    counts = Counter(email for email in emails if email in answers.found and not answers.found[email])
    return dict(sorted(counts.items()))


def last_row(rows: Rows, remaining: Remaining) -> int:
    """Return the position of the sheet's last row with one of the remaining notes; -1 if none is left."""
    return max((int(rows.of_sheet(group.positions).max()) for group in remaining.groups), default=-1)


class EmailLookup:
    """Look-up of the prospects that have the emails of a file.

    Args:
        context: the context of the command. The journal knows earlier look-ups, and new ones are recorded there.
        given: the file as it was read.
        occurrence: prefix of every row's key in the run; empty unless the file is imported again.

    Attributes:
        calls: number of calls that were sent to the API.
        known: the emails of the file, with the prospects that were known before the first look-up.
    """

    def __init__(self, context: Context, given: Loaded, occurrence: str) -> None:
        self.calls = 0
        self._context, self._settings, self._occurrence = context, context.settings, occurrence
        self._journal = context.journal.found(self._settings.workspace, self._settings.key, context.caller.clock)
        self.known = self._now = asked(given, context.journal, self._settings, occurrence)
        if self._now.emails:
            self._journal.expire()

    @property
    def answers(self) -> EmailAnswers:
        """Prospects of each email that are known now, or why it couldn't be looked up."""
        return self._now.answers

    def look_up(self) -> Loaded:
        """Look up the emails whose prospects aren't known, and return the file with the prospects' IDs.

        If only the first notes are sent, emails stay in the rows after them, which are held back.

        Raises:
            Stopped: the run can't go on. Prospects found so far are recorded in the journal.
        """
        first, done = self._settings.first, 0
        if first is None:
            if self._now.open:
                self._ask(self._now.open)
            return self._now.resolved
        while needed := self._needed(first):  # earlier runs delivered some of these rows, so that later ones count
            if done // 2 > first:  # more each time, so that there are few rounds
                needed = self._needed(done // 2)
            self._ask(needed)
            done += len(needed)
        return self._now.resolved

    def _needed(self, first: int) -> Emails:
        """Return the emails to look up before it is known which rows have the first notes to send."""
        loaded = self._now.resolved
        known = loaded.known(self._settings, self._context.journal, self._occurrence)
        remaining, _ = foresee(known, loaded.plan, 1, first)
        return self._now.open_until(last_row(loaded.rows, remaining))

    def forget_rejected(self, rows: Rows, outcomes: Outcomes) -> None:
        """Forget whose emails rejected rows have, because those prospects may be gone; the next run looks them up."""
        rejected = np.isin(rows.of_sheet(np.arange(len(rows), dtype=np.int32)), outcomes.positions(Result.REJECTED))
        if rows.email is not None and (emails := {*rows.email[rejected].tolist()} - {""}):
            self._journal.forget(emails)

    def _ask(self, emails: Emails) -> None:
        rows = len(self._now.loaded.rows)

        def tell(progress: Message, seconds_left: float | None) -> None:
            self._context.observe(Progress(rows, 0, progress, seconds_left=seconds_left))

        lookups = Lookups(self._context.caller, self._journal, tell)
        try:
            answers = lookups.look_up(emails)
        finally:
            self.calls += lookups.calls
        self._now = replace(self._now, answers=self.answers.updated(answers))
        nobody = sum(not owners for owners in answers.found.values())
        logs.event(
            "emails looked up", emails=len(emails), nobody=nobody, refused=len(answers.refused), calls=lookups.calls
        )
