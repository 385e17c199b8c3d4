"""Who has the emails of a file's rows: what is known, what is looked up, and what that makes of the file.

Comes in: a loaded file, the journal, what calls are made with. Goes out: the file with ids in the place of emails.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from importer import grouping, results
from importer.calls.caller import Caller
from importer.calls.retry import RetryPolicy
from importer.commands import logs
from importer.commands.loading import Loaded, understood
from importer.delivery import earlier
from importer.delivery.outcomes import Outcomes
from importer.errors import BadSettings
from importer.journal import Journal, NoteKey
from importer.messages import Message, say
from importer.models import OnSeveral, Progress, Result, Role
from importer.reading import cell_name
from importer.rows import foreign
from importer.rows.columns import called
from importer.rows.lookups import Lookups
from importer.rows.naming import EmailAnswers, Emails, chosen, emails_of, named, why_not
from importer.settings import Settings
from importer.storage import is_same, place

_LIST = "unknown-emails"
_LEAST = 2
"""Emails that must belong to other prospects before the IDs beside them count as another program's."""


@dataclass(frozen=True)
class LookedUpEmails:
    """The emails of a file, and what is known of them.

    Attributes:
        loaded: the file; by its emails, if they show that its IDs are another program's.
        emails: of the rows that can be delivered.
        answers: what is known.
        made: the rows that an earlier run delivered by their ids: their emails are compared no more.
    """

    loaded: Loaded
    emails: Emails
    answers: EmailAnswers
    made: frozenset[int] = frozenset()

    @property
    def open(self) -> Emails:
        """Those of which nothing is known."""
        found, refused = self.answers.found, self.answers.refused

        def left(emails: Sequence[str]) -> list[str]:
            return [email for email in emails if email not in found and email not in refused]

        return Emails(left(self.emails.naming), left(self.emails.compared))

    @property
    def open_doubts(self) -> list[str]:
        """Those that have to be looked up before it is known whose the IDs are."""
        known = self.answers
        return [email for email in self._doubtful if email not in known.found and email not in known.refused]

    @property
    def _doubtful(self) -> list[str]:
        """Three of the emails that stand beside IDs in doubt; none if an earlier run delivered by such an ID."""
        if not self.loaded.roles.in_doubt or self.made or not self.emails.compared:
            return []
        emails = self.emails.compared
        return list(dict.fromkeys((emails[0], emails[len(emails) // 2], emails[-1])))

    @property
    def are_foreign(self) -> bool:
        """Whether the IDs in doubt are another program's: none of the three prospects found has the ID in its row."""
        rows, emails = self.loaded.rows, self._doubtful
        if rows.email is None or not emails:
            return False
        owners = {email: self.answers.found[email].all for email in emails if email in self.answers.found}
        owners = {email: matches for email, matches in owners.items() if matches}
        beside = np.flatnonzero((rows.note >= 0) & np.isin(rows.email, [*owners]))
        pairs = set(zip(rows.email[beside].tolist(), rows.prospect[beside].tolist(), strict=True))
        return len(owners) >= _LEAST and not any(
            name in {match.prospect for match in owners[email]} for email, name in pairs
        )


def asked(
    loaded: Loaded,
    journal: Journal | None,
    settings: Settings,
    occurrence: str = "",
    before: EmailAnswers | None = None,
) -> LookedUpEmails:
    """What a file asks for, and what the journal, or an earlier look-up, knows of it.

    Args:
        loaded: as it was read.
        journal: what it knows; None where there is none.
        settings: whether all prospects of an email have to be known.
        occurrence: what the run puts before every key.
        before: what was looked up since the file was read.
    """
    found = _asked(loaded, journal, settings, occurrence, before)
    if found.are_foreign:
        return _asked(understood(loaded.sheet, settings, by_email=True), journal, settings, occurrence, before)
    return found if found.open_doubts else replace(found, loaded=_with_sure_ids(loaded))


def _with_sure_ids(loaded: Loaded) -> Loaded:
    """Return the file as it is once its IDs are in doubt no more."""
    if not loaded.roles.in_doubt:
        return loaded
    doubt = foreign.remarks(loaded.sheet, loaded.roles)
    rows = replace(loaded.rows, remarks=[remark for remark in loaded.rows.remarks if remark not in doubt])
    return replace(loaded, roles=replace(loaded.roles, in_doubt=False), rows=rows)


def _asked(
    loaded: Loaded, journal: Journal | None, settings: Settings, occurrence: str, before: EmailAnswers | None
) -> LookedUpEmails:
    emails, made, known = emails_of(loaded.rows), frozenset[int](), {}
    if journal is not None and emails and Role.PROSPECT in loaded.roles.columns:
        made = _made(loaded, journal, settings, occurrence)
        emails = emails_of(loaded.rows, made)
    if journal is not None and emails:
        known = journal.found(settings.workspace, settings.key, time.time).known(emails.all)
    if needs_whole(settings):
        known = {email: matches for email, matches in known.items() if matches.is_whole}
    before = before or EmailAnswers()
    return LookedUpEmails(loaded, emails, EmailAnswers({**before.found, **known}, before.refused), made)


def _made(loaded: Loaded, journal: Journal, settings: Settings, occurrence: str) -> frozenset[int]:
    """The rows that an earlier run delivered by the ids that stand in them."""
    groups = loaded.plan.groups
    keys = [NoteKey.of(group.note) for group in groups]
    numbers = journal.deliveries.find_notes(settings.workspace, keys)
    found: set[int] = set()
    for one in earlier.sort(groups, keys, numbers, loaded.rows, journal, settings.workspace, occurrence):
        found.update(int(one.group.positions[i]) for i, _ in one.made)
        one.made = []
    return frozenset(found)


def needs_whole(settings: Settings) -> bool:
    """Whether it matters if an email has further prospects than the first that was found."""
    return settings.on_several is not OnSeveral.REJECT


def resolved(loaded: Loaded, answers: EmailAnswers, settings: Settings, made: frozenset[int] = frozenset()) -> Loaded:
    """The file with ids in the place of emails, as far as they are known; rows that were ``made`` are left alone."""
    column = loaded.roles.columns.get(Role.EMAIL)
    if column is None or loaded.rows.email is None:
        return loaded

    def cell(number: int) -> tuple[int, str]:
        return column, cell_name(loaded.sheet.name, number, column)

    heading = called(loaded.sheet.headings, column)
    rows = named(loaded.rows, answers, settings.on_several, cell, made, heading)
    return replace(loaded, rows=rows, plan=grouping.plan(rows))


def unknown(loaded: Loaded, answers: EmailAnswers) -> dict[str, int]:
    """The emails that nobody has → in how many rows each stands."""
    rows = loaded.rows
    emails = [] if rows.email is None else rows.email[[*rows.rejected]].tolist()
    counted = Counter(email for email in emails if email in answers.found and not answers.found[email].all)
    return dict(sorted(counted.items()))


def check_list(target: Path | None, file: str | Path) -> None:
    """See before anything else whether the emails that nobody has can be written where they are wanted.

    Raises:
        BadSettings: they can't.
    """
    if target is None:
        return
    if target.suffix.lower() != ".csv":
        raise BadSettings(say("unknown-emails.no-csv", target=repr(target.name)), setting=_LIST)
    results.check_target(target)
    if is_same(target, place(file)):
        raise BadSettings(say("unknown-emails.would-replace", file=str(file)), setting=_LIST)


class EmailLookup:
    """Looks up who has the emails of a file.

    Args:
        given: the file as it was read.
        settings: how it is done.
        journal: what it knows; what is found is entered there.
        caller: makes the calls.
        retry: of one call.
        observe: told of progress.
        occurrence: what the run puts before every key.
        before: what is known since the file was read.

    Attributes:
        calls: that left for the API.
        asked: the file's emails, and what was known of them at first.
        answers: what is known now.
    """

    def __init__(
        self,
        given: Loaded,
        settings: Settings,
        journal: Journal,
        caller: Caller,
        retry: RetryPolicy,
        observe: Callable[[Progress], None],
        occurrence: str,
        before: EmailAnswers | None = None,
    ) -> None:
        self.calls = 0
        self._settings, self._caller, self._retry = settings, caller, retry
        self._observe = observe
        self._journal = journal.found(settings.workspace, settings.key, caller.clock)
        kept = asked(given, journal, settings, occurrence)
        before = before or EmailAnswers()
        self._ask_again = partial(asked, kept.loaded, journal, settings, occurrence)
        self._now = kept
        self.asked = replace(kept, answers=EmailAnswers({**before.found, **kept.answers.found}, before.refused))
        self.answers = kept.answers
        if kept.emails:
            self._journal.expire()
        self._kept = frozenset(kept.answers.found)

    @cached_property
    def as_known(self) -> Loaded:
        """The file with ids as far as they were known before anything was looked up."""
        return resolved(self.asked.loaded, self.asked.answers, self._settings, self.asked.made)

    def look_up(self) -> Loaded:
        """Look up what isn't known, and name the prospects.

        Raises:
            Stopped: the run can't go on; what was found so far is in the journal.
        """
        if doubts := self._now.open_doubts:
            self._ask(Emails(doubts))
            self._now = self._ask_again(self.answers)
            self.answers = self._now.answers
        if self._now.open:
            self._ask(self._now.open)
        return resolved(self._now.loaded, self.answers, self._settings, self._now.made)

    def look_again(self, loaded: Loaded, outcomes: Outcomes) -> Loaded | None:
        """Look up anew whose prospects the API rejected, where the journal's answer may have been an old one.

        Returns:
            the file with those rows alone whose email is another prospect's now; None where there is none.

        Raises:
            Stopped: the run can't go on.
        """
        rows = loaded.rows
        if not self._kept or rows.email is None:
            return None
        turned_away = outcomes.positions(Result.REJECTED)
        created = set(rows.prospect[outcomes.positions(Result.CREATED)].tolist())
        given, size = self._now.loaded.rows, len(self._now.loaded.rows)
        sheet_rows = np.arange(size) if rows.sheet_rows is None else rows.sheet_rows
        suspects: dict[int, str] = {}
        for position in turned_away.tolist():
            row = int(sheet_rows[position])
            email = str(rows.email[position])
            is_named_by_it = email in self._kept and str(given.prospect[row]) == email
            if is_named_by_it and position not in rows.rejected and rows.prospect[position] not in created:
                suspects[position] = email
        if not suspects:
            return None
        emails = list(dict.fromkeys(suspects.values()))
        self._journal.forget(emails)
        self._kept -= frozenset(emails)
        self._ask(Emails(emails))
        prospect, note = rows.prospect.copy(), np.full(len(rows), -1, dtype=np.int32)
        for position, email in suspects.items():
            matches = self.answers.found.get(email)
            receiving = () if matches is None else chosen(matches, self._settings.on_several)
            if len(receiving) == 1 and receiving[0].prospect != prospect[position]:
                prospect[position], note[position] = receiving[0].prospect, rows.note[position]
                outcomes.settle([position], Result.NOT_SENT)
            elif not receiving:
                reason = self.answers.refused.get(email) or why_not(email, matches, self._settings.on_several)
                outcomes.settle([position], Result.REJECTED, reason=say("email.owner-rejected", why=reason))
        if not (note >= 0).any():
            return None
        moved = replace(rows, prospect=prospect, note=note, problems={}, done={}, skipped={}, rejected={})
        return replace(loaded, rows=moved, plan=grouping.plan(moved))

    def finish(self) -> None:
        """The import is finished: what was found is kept no more."""
        self._journal.clear()

    def _ask(self, emails: Emails) -> None:
        rows, total = len(self._now.loaded.rows), len(emails)

        def tell(done: int, trouble: Message | None) -> None:
            far = say("progress.finding", done=done, total=total)
            far = far if trouble is None else say("progress.held-up", far=far, trouble=trouble)
            self._observe(Progress(rows, 0, 0, 0, 0, far))

        lookups = Lookups(
            self._caller, self._journal, self._retry, needs_whole=needs_whole(self._settings), observe=tell
        )
        try:
            new = lookups.look_up(emails)
        finally:
            self.calls += lookups.calls
        self.answers = EmailAnswers({**self.answers.found, **new.found}, {**self.answers.refused, **new.refused})
        nobody = sum(not matches.all for matches in new.found.values())
        logs.event("emails looked up", emails=total, nobody=nobody, refused=len(new.refused), calls=lookups.calls)
