"""Look up the prospects that have the emails of a file's rows, and put the prospects' IDs in the rows.

Input: a loaded file, the journal, and a caller for the API. Output: the file with IDs in the place of emails.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from importer import grouping
from importer.delivery.earlier import Foreseen, foresee
from importer.delivery.outcomes import Outcomes
from importer.importing import logs
from importer.importing.api_context import batch_size
from importer.importing.loaded import Loaded
from importer.journal import Journal, Memory, Owners
from importer.messages import Message
from importer.models import Result, Role, Rows
from importer.rows.emails import Answers, Lookups, emails_of, named


@dataclass(frozen=True)
class LookedUpEmails:
    """Emails of a file, with the prospects that are known for them.

    Attributes:
        loaded: the file, as it was read.
        journal: the journal; None if there is none yet.
        occurrence: the prefix of every row's key in the run; empty unless the file is imported again.
        emails: the emails of the rows that can be delivered.
        answers: the known prospects of each email, or why it couldn't be looked up.
        before: what a run would do if it knew no more prospects than the file names; None if unknown. The emails of
            rows whose notes are there aren't looked up any more.
    """

    loaded: Loaded
    journal: Journal | None
    occurrence: str
    emails: Sequence[str]
    answers: Answers
    before: Foreseen | None = None

    @property
    def open(self) -> list[str]:
        """Emails that haven't been looked up yet."""
        return [email for email in self.emails if email not in self.answers]

    @cached_property
    def resolved(self) -> Loaded:
        """File with IDs in place of the emails whose prospects are known. Rows whose notes are there don't change."""
        loaded, column = self.loaded, self.loaded.roles.columns.get(Role.EMAIL)
        if column is None or loaded.rows.email is None:
            return loaded
        is_there = None if self.before is None else self.before.is_there
        rows = named(loaded.rows, self.answers, loaded.sheet, column, is_there)
        return replace(loaded, rows=rows, plan=grouping.plan(rows))

    @cached_property
    def left(self) -> Foreseen:
        """What a run would do. The file is sorted anew only if a prospect became known."""
        if self.before is not None and len(self.open) == len(self.emails):
            return self.before
        return _foreseen(self.resolved, self.journal, self.occurrence)

    def looked_up(self, lookups: Lookups) -> LookedUpEmails:
        """Look up the emails whose prospects aren't known.

        Raises:
            Stopped: the run can't go on. Prospects found so far are recorded in the journal.
        """
        if not (emails := self.open):
            return self
        answers = lookups.look_up(emails)
        nobody, refused = [*answers.values()].count(()), sum(isinstance(one, Message) for one in answers.values())
        logs.event("emails looked up", emails=len(emails), nobody=nobody, refused=refused)
        return replace(self, answers={**self.answers, **answers})


def _foreseen(loaded: Loaded, journal: Journal | None, occurrence: str) -> Foreseen:
    return foresee(loaded.known(journal, occurrence), loaded.plan, batch_size(loaded.settings, journal))


def asked(loaded: Loaded, journal: Journal | None, occurrence: str = "") -> LookedUpEmails:
    """Return the emails of a file, with the prospects that the journal or an earlier look-up knows."""
    emails, before, answers = emails_of(loaded.rows), None, dict[str, Owners | Message]()
    if journal is not None and emails:
        before = _foreseen(loaded, journal, occurrence)
        emails = emails_of(loaded.rows, before.is_there)
        found = journal.found(loaded.settings.workspace, loaded.settings.key, time.time).known(emails)
        answers = {email: tuple(owners) for email, owners in found.items()}
    return LookedUpEmails(loaded, journal, occurrence, emails, answers, before)


def forget_rejected(matches: Memory, rows: Rows, outcomes: Outcomes) -> None:
    """Forget whose emails rejected rows have, because those prospects may be gone; the next run looks them up."""
    rejected = np.isin(rows.of_sheet(np.arange(len(rows), dtype=np.int32)), outcomes.positions(Result.REJECTED))
    if rows.email is not None and (emails := {*rows.email[rejected].tolist()} - {""}):
        matches.forget(emails)
