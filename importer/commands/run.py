"""An import, in two steps with a person's word between them: prepare, which sends nothing; send.

    with prepare("contacts.xlsx", Settings(key="…")) as prepared:
        print(prepared.preview.remaining.total, prepared.preview.questions)
        report = prepared.send()

Comes in: a file and settings. Goes out: a :class:`Prepared`, which owns the open sheet until its block is left; then
notes in the workspace, a results file and a :class:`~importer.commands.report.Report`. Preparing holds no lock and
writes nothing; sending takes the lock, plans anew, and refuses where that is not what was agreed to.
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
    """What is about to happen.

    Attributes:
        loaded: the file, as long as it is open.
        settings: how it would be sent.
        remaining: what is left to do; less than the plan where earlier runs did some of it.
        batch_size: prospects in one request at most.
        as_read: the rows as they stand in the file, with emails that aren't looked up.
        rate: what the API allowed an earlier run, if it told.
        other_profiles: as which earlier runs delivered at this address, where none did as this one.
        vendor: whose API the notes go to.
        is_first: whether nobody has imported into this workspace yet: a person has to confirm that it is the right one.
        answers: what is known of the file's emails.
        to_look_up: emails of which it isn't known yet who has them; until then each counts as one prospect.
        readable_after: seconds within which earlier runs saw notes become readable, if that was measured lately.
        never_sent: visibilities of these notes of which the workspace was sent no note yet.
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
        """The emails that nobody has, as far as that was looked up → in how many rows each stands."""
        return unknown(self.loaded, self.answers)

    @property
    def questions(self) -> tuple[Question, ...]:
        """What couldn't be decided; while there are any, nothing can be sent."""
        return questions_of(self.loaded)

    @property
    def undecided(self) -> UnclearColumns | None:
        """The questions as an error; None where there are none."""
        return _undecided(self.loaded)

    @property
    def guarded(self) -> list[Guarded]:
        """What is wrong with the file as a whole; while anything is, nothing can be sent."""
        return guards.every(self.loaded, self.unknown_emails, self.remaining, self.settings)

    @property
    def to_upload(self) -> list[AttachedFile]:
        """The files that are to be uploaded, each once."""
        return [self.loaded.rows.files[digest] for digest in self.remaining.files]

    @property
    def seconds(self) -> float | None:
        """How long the calls take at the slower of what the API allows and what the person allows, if that is known."""
        calls = self.remaining.requests + self.to_look_up + len(self.remaining.files)
        if not calls or (rate := self.slower) is None:
            return None
        return (calls - 1) // rate.calls * rate.seconds  # the first go at once; then the rate binds

    @property
    def slower(self) -> Rate | None:
        """The slower of what the API allows and what the person allows."""
        rates = [rate for rate in (self.settings.rate, self.rate) if rate is not None]
        return min(rates, key=lambda found: found.calls / found.seconds, default=None)


class Prepared:
    """A file that is ready to be sent; a context manager, which closes the sheet.

    Args:
        loaded: the file; closed with this.
        target: where the results go.
        settings: how it is to be sent.
        vendor: whose API the notes go to.
    """

    def __init__(self, loaded: Loaded, target: Path, settings: Settings, vendor: Vendor) -> None:
        self._loaded, self._target, self._settings, self._vendor = loaded, target, settings, vendor
        self._answers: EmailAnswers | None = None
        self._earlier: list[Settings] = []  # before each answer that was taken

    @property
    def settings(self) -> Settings:
        """How it is to be sent: as it was prepared, and as it was answered since."""
        return self._settings

    @property
    def questions(self) -> tuple[Question, ...]:
        """What couldn't be decided, as the preview has it."""
        return questions_of(self._loaded)

    @property
    def all_headings(self) -> Sequence[str]:
        """The headings of the sheet, by which exports of one kind are known."""
        return self._loaded.sheet.headings

    def decide(self, answer: PossibleAnswer) -> None:
        """Take an answer to one of the questions; the sheet is understood anew, and what is asked may be less, or else.

        Raises:
            BadSettings: that can't be the answer, or contradicts what was said before; the question stays.
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
        """Take the latest answer back; its question is asked again."""
        self._settings = self._earlier.pop()
        self._loaded = understood(self._loaded.sheet, self._settings)
        self.__dict__.pop("preview", None)

    @cached_property
    def preview(self) -> Preview:
        """What is about to happen, as the journal knows it now.

        Raises:
            JournalFailed: the journal can't be read.
        """
        settings = self._settings
        if not Journal.exists(settings.journal):
            known = asked(self._loaded, None, settings, before=self._answers)
            loaded = resolved(known.loaded, known.answers, settings)
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
                answers=known.answers,
                to_look_up=len(known.open),
                never_sent=never_sent(None, settings, remaining.groups),
            )
        with Journal.open(settings.journal) as journal:
            workspace = settings.workspace
            occurrence = self._occurrence(journal)
            known = asked(self._loaded, journal, settings, occurrence, self._answers)
            loaded = resolved(known.loaded, known.answers, settings, known.made)
            batch_size = settings.batch_size or journal.learned.batch_size(workspace) or BATCH_SIZE
            remaining = foresee(loaded.rows, loaded.plan, journal, workspace, batch_size, occurrence, settings.first)
            there = journal.uploads(workspace, time.time).known(remaining.files)
            remaining = replace(remaining, files=tuple(digest for digest in remaining.files if digest not in there))
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
                known.answers,
                len(known.open),
                journal.learned.replication_lag(workspace),
                never_sent(journal, settings, remaining.groups),
            )

    def _occurrence(self, journal: Journal) -> str:
        """What a run would put before every key."""
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
        """Look up the emails of the file's rows, so that the preview knows who has them; sends nothing.

        Raises:
            UnclearColumns: there are questions.
            Stopped: it ended before its end; what was found so far is not looked up again.
        """
        if (error := _undecided(self._loaded)) is not None:
            raise error
        settings, clock = self._settings, clock or steady_clock()
        with (
            held(settings, rows=len(self._loaded.rows), observe=observe, stop=stop) as journal,
            calls(settings, self._vendor, clock, stop) as caller,
        ):
            retry, occurrence = policy(settings).retry, self._occurrence(journal)
            finding = EmailLookup(self._loaded, settings, journal, caller, retry, observe, occurrence)
            finding.look_up()
            self._answers = finding.answers
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
            expected: how many notes a person agreed to, ``preview.remaining.total``; None: however many there are.
            observe: told of progress.
            stop: asked again and again; a sentence ends the run early, with what is under way waited for.
            clock: seconds since 1970.
            hours: in which it may be at work; None: those of the settings, from now on.

        Raises:
            UnclearColumns: there are questions; nothing was sent.
            Guarded: something is wrong with the file as a whole; nothing was sent.
            FirstRun: nobody has imported into the workspace yet, and nobody has agreed to it; nothing was sent.
            SharedKey: the key is another profile's; nothing was sent.
            Interrupted: it isn't the time of day for it; nothing was sent.
            Unusable: the journal can't be used; nothing was sent.
            Changed: the number differs from ``expected``; nothing was sent.
            Busy: another import of the workspace is at work; nothing was sent.
            NeedsAPerson: it is another journal than the workspace had so far; nothing was sent.
            ResultsNotWritten: the import ended, but its results could be written nowhere.
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
        """Close the sheet; what was prepared can't be sent any more."""
        self._loaded.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def prepare(file: str | Path, settings: Settings, *, vendor: Vendor = SALESHANDY) -> Prepared:
    """Read, check and group a file, and see what earlier runs made of it; sends nothing and needs no key.

    Raises:
        Unusable: the file, the settings or the journal can't be used.
        WrongJournal: it is another journal than the workspace had so far.
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
    """What only a person can decide about a file."""
    return loaded.unclear.questions if loaded.unclear is not None else loaded.rows.questions


def unconfirmed(settings: Settings) -> FirstRun:
    """Why a workspace's first import is not begun where no person can be asked."""
    return FirstRun(say("run.unconfirmed", profile=repr(settings.profile), url=settings.base_url))


def _undecided(loaded: Loaded) -> UnclearColumns | None:
    questions = loaded.rows.questions
    if loaded.unclear is not None or not questions:
        return loaded.unclear
    return UnclearColumns(lines(*(question.text for question in questions), say("questions.nothing-sent")), questions)


def check_origin(loaded: Loaded, journal: Journal, settings: Settings) -> None:
    """See that the note ids which a results file brings along are of this workspace, and not of the sandbox, say.

    Ids of which the journal knows nothing may be of an import on another computer; they count.

    Raises:
        BadSettings: they are of another workspace.
    """
    some = list(itertools.islice(loaded.rows.done.values(), 200))
    owners = journal.deliveries.workspaces_of(some) if some else []
    if owners and settings.workspace not in owners:
        raise BadSettings(
            say(
                "run.ids-of-other-workspace",
                source=str(loaded.sheet.source),
                other=str(owners[0]),
                workspace=str(settings.workspace),
            )
        )
