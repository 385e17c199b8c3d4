"""Import a file in two steps, with a person's consent between them: prepare, which sends nothing; and send.

    with prepare("contacts.xlsx", Settings(key="…")) as prepared:
        print(prepared.preview.remaining.total, prepared.preview.questions)
        report = prepared.send()

Input: a file and settings. Output: a :class:`Prepared`, which owns the open sheet until its block ends; then notes in
the workspace, a results file and a :class:`~importer.commands.report.Report`. Preparing holds no lock and writes
nothing. Sending takes the lock, plans again, and refuses if the plan isn't what was agreed to.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Self

from importer.api import Vendor
from importer.api.saleshandy import SALESHANDY
from importer.commands import guards
from importer.commands.answering import answered
from importer.commands.calling import calls, policy, steady_clock
from importer.commands.email_lookup import EmailLookup, asked, check_list, resolved, unknown
from importer.commands.hours import Hours
from importer.commands.loading import Loaded, load, results_path, understood
from importer.commands.pending_results import catch_up
from importer.commands.report import Report
from importer.commands.sending import Sending
from importer.commands.workspaces import (
    check_journal,
    check_place,
    held,
    is_first,
    learned_rate,
    never_sent,
    other_profiles,
)
from importer.delivery.earlier import foresee, foresee_all
from importer.errors import BadSettings, FirstRun, Guarded, UnclearColumns
from importer.journal import Journal
from importer.messages import Said, lines, say
from importer.models import AttachedFile, PossibleAnswer, Progress, Question, Remaining, Rows, Visibility
from importer.rows.columns import headed, not_named
from importer.rows.naming import EmailAnswers
from importer.settings import BATCH_SIZE, Rate, Settings
from importer.settings.kinds import Columns


@dataclass(frozen=True)
class Preview:
    """Summary of what a run would do.

    Attributes:
        loaded: the file, as long as it is open.
        settings: the settings for sending it.
        remaining: the notes that no earlier run delivered.
        batch_size: maximum number of prospects in a request.
        as_read: the rows as they are in the file, with emails that aren't looked up.
        rate: the rate that the API allowed an earlier run, if it is known.
        other_profiles: profiles of earlier runs at this address, if none had this profile.
        vendor: the vendor whose API receives the notes.
        is_first: whether nobody has imported into this workspace yet, so that a person has to confirm it.
        answers: the prospects that are known for the file's emails.
        to_look_up: number of emails that aren't looked up yet; until then each counts as one prospect.
        readable_after: seconds until notes of earlier runs were readable, if measured in the last 30 days.
        never_sent: visibilities of these notes that no note sent to the workspace has had yet.
    """

    loaded: Loaded
    settings: Settings
    remaining: Remaining
    batch_size: int
    as_read: Rows
    rate: Rate | None = None
    other_profiles: Sequence[str] = ()
    vendor: Vendor = SALESHANDY
    is_first: bool = False
    answers: EmailAnswers = field(default_factory=EmailAnswers)
    to_look_up: int = 0
    readable_after: float | None = None
    never_sent: Collection[Visibility] = ()

    @property
    def unknown_emails(self) -> dict[str, int]:
        """Emails that no prospect has, as far as they were looked up → number of rows with the email."""
        return unknown(self.loaded, self.answers)

    @property
    def questions(self) -> tuple[Question, ...]:
        """Questions that are undecided. While there are any, nothing can be sent."""
        return questions_of(self.loaded)

    @property
    def undecided(self) -> UnclearColumns | None:
        """Error about the undecided questions; None if there are none."""
        return _undecided(self.loaded)

    @property
    def guarded(self) -> list[Guarded]:
        """Problems with the file as a whole. While there are any, nothing can be sent."""
        return guards.every(self.loaded, self.unknown_emails, self.remaining, self.settings)

    @property
    def to_upload(self) -> list[AttachedFile]:
        """Files to upload, each once."""
        return [self.loaded.rows.files[digest] for digest in self.remaining.files]

    @property
    def seconds(self) -> float | None:
        """Duration of the calls at the slower of the API's and the person's limit; None if it is unknown."""
        calls = self.remaining.requests + self.to_look_up + len(self.remaining.files)
        if not calls or (rate := self.slower) is None:
            return None
        return (calls - 1) // rate.calls * rate.seconds  # the first calls leave at once

    @property
    def slower(self) -> Rate | None:
        """Slower of the rates that the API and the person allow; None if neither limits the rate."""
        rates = [rate for rate in (self.settings.rate, self.rate) if rate is not None]
        return min(rates, key=lambda rate: rate.calls / rate.seconds, default=None)


class Prepared:
    """File that is ready to be sent; a context manager that closes the sheet.

    Args:
        loaded: the file, which is closed with this object.
        target: path for the results.
        settings: the settings for sending.
        vendor: the vendor whose API receives the notes.
    """

    def __init__(self, loaded: Loaded, target: Path, settings: Settings, vendor: Vendor) -> None:
        self._loaded, self._target, self._settings, self._vendor = loaded, target, settings, vendor
        self._answers: EmailAnswers | None = None
        self._earlier: list[Settings] = []  # the settings before each answer

    @property
    def settings(self) -> Settings:
        """Settings for sending, with all answers since the file was prepared."""
        return self._settings

    @property
    def questions(self) -> tuple[Question, ...]:
        """Questions that are undecided, as in the preview."""
        return questions_of(self._loaded)

    @property
    def all_headings(self) -> Sequence[str]:
        """Headings of the sheet, which identify exports of one kind."""
        return self._loaded.sheet.headings

    def decide(self, answer: PossibleAnswer) -> None:
        """Apply an answer to one of the questions, and interpret the sheet again. Other questions may arise.

        Raises:
            BadSettings: the answer isn't possible, or contradicts an earlier one. The question remains.
        """
        if answer.setting == "map":
            role, _, name = answer.value.partition("=")
            answer = replace(answer, value=f"{role}={headed(self.all_headings, name)}")
        settings = answered(self._settings, answer, self._loaded.headings)
        if answer.setting == "map" and name:
            settings = replace(settings, ignored=not_named(settings.ignored, self.all_headings, name))
        loaded = understood(self._loaded.sheet, settings)
        roles = Columns().read(answer.value) if answer.setting == "map" else {}
        for question in questions_of(loaded):
            names_no_column = question.column is None and any(roles.get(role) for role in question.roles)
            if not question.choices or names_no_column:
                raise BadSettings(question.text)
        self._earlier.append(self._settings)
        self._loaded, self._settings = loaded, settings
        self.__dict__.pop("preview", None)

    def undecide(self) -> None:
        """Take back the latest answer, so that its question is asked again."""
        self._settings = self._earlier.pop()
        self._loaded = understood(self._loaded.sheet, self._settings)
        self.__dict__.pop("preview", None)

    @cached_property
    def preview(self) -> Preview:
        """Summary of what a run would do, given the journal's current content.

        Raises:
            JournalFailed: the journal can't be read.
        """
        settings = self._settings
        if not Journal.exists(settings.journal):
            looked_up = asked(self._loaded, None, settings, before=self._answers)
            loaded = resolved(looked_up.loaded, looked_up.answers, settings)
            batch_size = settings.batch_size or BATCH_SIZE
            remaining = foresee_all(loaded.rows, loaded.plan, batch_size, settings.first)
            return Preview(
                loaded,
                settings,
                remaining,
                batch_size,
                self._loaded.rows,
                vendor=self._vendor,
                is_first=is_first(None, settings),
                answers=looked_up.answers,
                to_look_up=len(looked_up.open),
                never_sent=never_sent(None, settings, remaining.groups),
            )
        with Journal.open(settings.journal) as journal:
            workspace = settings.workspace
            occurrence = self._occurrence(journal)
            looked_up = asked(self._loaded, journal, settings, occurrence, self._answers)
            loaded = resolved(looked_up.loaded, looked_up.answers, settings, looked_up.made)
            batch_size = settings.batch_size or journal.learned.batch_size(workspace) or BATCH_SIZE
            remaining = foresee(loaded.rows, loaded.plan, journal, workspace, batch_size, occurrence, settings.first)
            uploaded = journal.uploads(workspace, time.time).known(remaining.files)
            remaining = replace(remaining, files=tuple(digest for digest in remaining.files if digest not in uploaded))
            return Preview(
                loaded,
                settings,
                remaining,
                batch_size,
                self._loaded.rows,
                learned_rate(journal, settings),
                other_profiles(journal, settings),
                self._vendor,
                is_first(journal, settings),
                looked_up.answers,
                len(looked_up.open),
                journal.learned.replication_lag(workspace),
                never_sent(journal, settings, remaining.groups),
            )

    def _occurrence(self, journal: Journal) -> str:
        """Return the prefix of every row's key in the run; empty unless the file is imported again."""
        if not self._settings.again:
            return ""
        return journal.runs.unfinished_again(self._settings.workspace, self._loaded.sheet.fingerprint) or "again"

    def look_up(
        self,
        *,
        observe: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], Said | None] = lambda: None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Look up the emails of the file's rows, so that the preview knows their prospects. Sends nothing.

        Raises:
            UnclearColumns: there are questions.
            Stopped: the look-up ended early. Emails found so far aren't looked up again.
        """
        if (error := _undecided(self._loaded)) is not None:
            raise error
        settings, clock = self._settings, clock or steady_clock()
        with (
            held(settings, rows=len(self._loaded.rows), observe=observe, stop=stop) as journal,
            calls(settings, self._vendor, clock, stop) as caller,
        ):
            retry, occurrence = policy(settings).retry, self._occurrence(journal)
            lookup = EmailLookup(self._loaded, settings, journal, caller, retry, observe, occurrence)
            lookup.look_up()
            self._answers = lookup.answers
        self.__dict__.pop("preview", None)

    def send(
        self,
        *,
        expected: int | None = None,
        observe: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], Said | None] = lambda: None,
        clock: Callable[[], float] | None = None,
        hours: Hours | None = None,
    ) -> Report:
        """Send every note once, and write a results file with an outcome for every row.

        Args:
            expected: number of notes that a person agreed to, ``preview.remaining.total``; None: any number.
            observe: receives the progress.
            stop: called repeatedly. If it returns a sentence, the run ends early, after the calls under way.
            clock: seconds since 1970.
            hours: the hours in which the run may work; None: those of the settings, from now on.

        Raises:
            UnclearColumns: there are questions; nothing was sent.
            Guarded: something is wrong with the file as a whole; nothing was sent.
            FirstRun: nobody has imported into the workspace yet, and nobody has agreed to it; nothing was sent.
            SharedKey: the key is another profile's; nothing was sent.
            Interrupted: the run isn't allowed at this time of day; nothing was sent.
            Unusable: the journal can't be used; nothing was sent.
            Changed: the number of notes isn't ``expected``; nothing was sent.
            Busy: another import of the workspace is running; nothing was sent.
            NeedsAPerson: the workspace had another journal so far; nothing was sent.
            ResultsNotWritten: the import ended, but its results couldn't be written anywhere.
        """
        if (error := _undecided(self._loaded)) is not None:
            raise error
        for guarded in guards.of_rows(self._loaded, self._settings):
            raise guarded
        hours, rows = hours or Hours.of(self._settings), len(self._loaded.rows)

        def why() -> Said | None:
            return stop() or hours.over(rows)

        with held(self._settings, rows=rows, observe=observe, stop=why) as journal:
            check_origin(self._loaded, journal, self._settings)
            if expected is None and is_first(journal, self._settings):
                raise unconfirmed(self._settings)
            caught_up = [*catch_up(journal, self._settings, self._loaded.sheet.source)]
            sending = Sending(
                self._loaded,
                self._target,
                self._settings,
                journal,
                self._vendor,
                clock=clock or steady_clock(),
                observe=observe,
                stop=why,
            )
            return replace(sending.run(expected, self._answers), caught_up=caught_up)

    def close(self) -> None:
        """Close the sheet, after which nothing can be sent any more."""
        self._loaded.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def prepare(file: str | Path, settings: Settings, *, vendor: Vendor = SALESHANDY) -> Prepared:
    """Read, check and group a file, and check the journal. Sends nothing and needs no key.

    Raises:
        Unusable: the file, the settings or the journal can't be used.
        WrongJournal: the workspace had another journal so far.
    """
    loaded = load(file, settings)
    try:
        target = results_path(file, settings)
        check_list(settings.unknown_emails, file)
        if Journal.exists(settings.journal):
            with Journal.open(settings.journal) as journal:
                check_journal(journal, settings)
                check_origin(loaded, journal, settings)
        else:
            check_journal(None, settings)
            check_place(settings)
        return Prepared(loaded, target, settings, vendor)
    except BaseException:
        loaded.close()
        raise


def questions_of(loaded: Loaded) -> tuple[Question, ...]:
    """Return the questions about a file that only a person can answer."""
    return loaded.unclear.questions if loaded.unclear is not None else loaded.rows.questions


def unconfirmed(settings: Settings) -> FirstRun:
    """Return the error for a workspace's first import that no person can be asked to confirm."""
    return FirstRun(say("run.unconfirmed", profile=repr(settings.profile), url=settings.base_url))


def _undecided(loaded: Loaded) -> UnclearColumns | None:
    questions = loaded.rows.questions
    if loaded.unclear is not None or not questions:
        return loaded.unclear
    return UnclearColumns(lines(*(question.text for question in questions), say("questions.nothing-sent")), questions)


def check_origin(loaded: Loaded, journal: Journal, settings: Settings) -> None:
    """Check that the note IDs in a results file are from this workspace, and not, for example, from the sandbox.

    IDs that the journal doesn't know may be from an import on another computer. They are accepted.

    Raises:
        BadSettings: the note IDs are from another workspace.
    """
    note_ids = list(itertools.islice(loaded.rows.done.values(), 200))
    owners = journal.deliveries.workspaces_of(note_ids) if note_ids else []
    if owners and settings.workspace not in owners:
        raise BadSettings(
            say(
                "run.ids-of-other-workspace",
                source=str(loaded.sheet.source),
                other=str(owners[0]),
                workspace=str(settings.workspace),
            )
        )
