"""Deliver the notes of a loaded file in one run, with the workspace's lock held, and write the results.

Input: a loaded file, a journal, a caller, and the digest of what was agreed to. Output: notes, a results file with the
sheet *Summary*, and a :class:`~importer.importing.report.Report`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from importer.api import Endpoint
from importer.calls.dispatcher import Caller
from importer.delivery.changes import Wish
from importer.delivery.coordinator import Coordinator
from importer.delivery.outcomes import Outcomes, settle_before
from importer.delivery.updating import Updating, settle
from importer.errors import Changed, JournalFailed, NotReached, Stopped
from importer.importing import logs, read_again
from importer.importing.api_context import FirstCall, delivering
from importer.importing.loaded import Loaded, asked, enter_left_out, kind_of
from importer.importing.planning import digest, every_guard
from importer.importing.report import Report, summary_of, write_results
from importer.importing.workspaces import keep_in_mind
from importer.journal import Journal
from importer.journal.machine import key_digest
from importer.messages import Message, render, say
from importer.models import Progress, Remaining, Result
from importer.rows.attachments import Uploads
from importer.rows.emails import Lookups
from importer.storage import Url


@dataclass
class Sending:
    """One run of a loaded file, which delivers the notes that no earlier run delivered.

    Attributes:
        loaded: the file, and the settings of the run.
        journal: the workspace's journal.
        caller: makes the calls.
        target: path for the results.
        observe: receives the progress.
        begun: called once nothing refuses the run any more, before the first note is sent.
        outcomes: the outcomes of the rows, which are complete at the end.
        agreed: the digest of what was agreed to, ``preview.digest``; None: whatever is left.
        changes: digests of the changes of notes that need a person's yes, and got it.
    """

    loaded: Loaded
    journal: Journal
    caller: Caller
    target: Path
    observe: Callable[[Progress], None]
    begun: Callable[[], object]
    agreed: str | None
    changes: Collection[int]

    def __post_init__(self) -> None:
        sheet, settings, self._clock = self.loaded.sheet, self.loaded.settings, self.caller.clock
        self._run = self.journal.runs.begin(
            settings.workspace,
            self.loaded.file,
            sheet.fingerprint,
            self._clock(),
            again=settings.again,
            reading=read_again.document(self.loaded),
            sheet=self.loaded.sheet_name,
            kind=kind_of(sheet),
            account=key_digest(settings.key),
            rest=settings.read_timeout + settings.settle,
        )
        self._emails = asked(self.loaded, self.journal, self._run.occurrence)
        self._matches = self.journal.found(settings.workspace, settings.key, self._clock)
        self._sent, self._look_ups = self.caller.limiter.sent, 0

    def deliver(self) -> Report:
        """Deliver the notes, write the results, and return the report.

        Raises:
            Changed: the plan isn't what was agreed to; nothing was sent.
            Guarded: there are more notes than the settings allow; nothing was sent.
            ResultsNotWritten: the run ended, but its results couldn't be written anywhere.
        """
        with logs.about(run=self._run.name):
            try:
                delivery, stopped = self._planned()
                self.begun()
            except BaseException:
                self.journal.runs.end(self._run, "declined", {}, self._clock())
                raise
            loaded, settings = self.loaded, self.loaded.settings

            def tell(trouble: Message | None) -> None:
                self.observe(replace(delivery.progress, trouble=trouble))

            of_uploads = self.journal.uploads(settings.workspace, self._clock)
            uploads = Uploads(self.caller, of_uploads, loaded.rows.files, tell)
            if loaded.sheet.corrections is not None:
                enter_left_out(self.journal, self._emails.loaded)
            keep_in_mind(self.journal, settings, is_agreed=True)
            ended = "broken off"
            try:
                if stopped is not None:
                    raise stopped
                self._update(delivery, tell)
                is_unknown = delivery.queue.remaining.deliveries > 0 and not self.caller.limiter.answered
                if is_unknown and not self.journal.deliveries.latest_created(settings.workspace):
                    FirstCall(self.caller, settings.base_url, tell).make()
                delivery.run(uploads)
                self.journal.see_that_it_stands()
                ended = "finished"
            except Stopped as error:
                stopped, ended = error, "stopped"
            finally:
                why = say("outcome.run-stopped", why=stopped.message) if stopped else say("outcome.broke-off")
                self.outcomes.explain(Result.NOT_SENT, why)
                loaded.complete(self.outcomes)
                report = self._finish(ended, stopped)
            return report

    def _planned(self) -> tuple[Coordinator, Stopped | None]:
        """Plan again, and refuse the run if that wasn't agreed to. Return the delivery, and why look-ups stopped.

        With emails, it is planned before they are looked up, too. After that, there may be fewer notes.
        """
        before, stopped, rejected = None, None, len(self._emails.resolved.rows.rejected)
        if self._emails.emails:
            self._matches.expire()
            before = self._emails.left.remaining
            self._check(before, self._emails.left.wishes)
        try:
            self._emails = self._emails.looked_up(Lookups(self.caller, self._matches, self._tell_of_emails))
        except Stopped as error:
            stopped = error
        self._look_ups = self._sent[Endpoint.PROSPECTS]
        loaded = self.loaded = self._emails.resolved
        self.outcomes = Outcomes(len(loaded.rows))
        settle_before(loaded.rows, self.outcomes, loaded.sheet.headings)
        self._delivering = delivering(loaded.settings, self.journal, self.caller, self._run)
        delivery = Coordinator(self._delivering, self.outcomes, self.observe)
        found = delivery.prepare(loaded.known(self.journal, self._run.occurrence), loaded.plan)
        remaining = found.remaining
        self._wishes = found.wishes if loaded.settings.update else []
        logs.event(
            "run begun",
            rows=loaded.rows.in_sheet,
            notes=remaining.deliveries,
            requests=remaining.requests,
            unclear=remaining.unclear,
            workspace=loaded.settings.workspace,
        )
        if before is None:
            self._check(remaining, found.wishes)
        else:
            if self.agreed is not None and remaining.total > before.total:
                raise Changed(say("sending.has-changed"))
            rejected = len(loaded.rows.rejected) - rejected
            fewer = max(0, before.total - remaining.total)
            delivery.ledger.count_settled(fewer, {Result.REJECTED: rejected} if rejected else {})
        if stopped is None:  # otherwise nothing is sent, and emails that nobody looked up say nothing about the file
            for guarded in every_guard(loaded, remaining):
                raise guarded
        return delivery, stopped

    def _check(self, remaining: Remaining, wishes: Sequence[Wish]) -> None:
        """Check that the plan is what was agreed to."""
        if self.agreed is not None and digest(self._emails.loaded, remaining, wishes) != self.agreed:
            raise Changed(say("sending.has-changed"))

    def _tell_of_emails(self, progress: Message, seconds_left: float | None) -> None:
        self.observe(Progress(len(self.loaded.rows), 0, progress, seconds_left=seconds_left))

    def _update(self, delivery: Coordinator, tell: Callable[[Message], None]) -> None:
        """Let the notes that are there follow the sheet, before any note is sent.

        Raises:
            Stopped: the run can't continue.
        """
        if not self._wishes:
            return

        def observe(progress: Progress) -> None:
            tell(say("progress.updating", done=progress.settled, total=progress.rows))

        stage = Updating(self._delivering, observe, delivery.takeover.drafts)
        asked = [replace(wish, is_agreed=wish.digest in self.changes) for wish in self._wishes]
        try:
            if (stopped := stage.change([wish for wish in asked if wish.is_due])) is not None:
                raise stopped
        finally:
            settle(stage.ended, asked, self.outcomes)
            logs.event("notes updated", **{fate.value: n for fate, n in stage.counts.items()})

    def _finish(self, ended: str, stopped: Stopped | None) -> Report:
        """End the run in the journal, write the results, and return the report."""
        limiter = self.caller.limiter
        report = Report.of(
            self.loaded,
            self.outcomes,
            stopped,
            run=self._run.name,
            requests=self._sent[Endpoint.CREATE] + self._sent[Endpoint.UPDATE],
            results=self.target,
            started_at=self._run.started_at,
            ended_at=self._clock(),
            look_ups=self._look_ups,
            ended=ended,
        )
        if ended == "finished" and (not_sent := report.counts.get(Result.NOT_SENT)):
            report = replace(report, ended="held back" if not_sent == report.asked else "stopped")
        with contextlib.suppress(JournalFailed):  # the report names the run's own journal error
            learned = {kind.value: (rate.calls, rate.seconds) for kind, rate in limiter.rates.items()}
            self.journal.learned(self._run.workspace).enter(learned)
            self._forget_rejected()
        logs.event(
            f"run {report.ended}",
            requests=report.requests,
            look_ups=report.look_ups + self._sent[Endpoint.READ],
            uploads=self._sent[Endpoint.UPLOAD],
            told_to_wait=limiter.rate_limited,
            seconds=round(report.ended_at - self._run.started_at, 1),
            **{result.value.replace(" ", "_"): rows for result, rows in report.counts.items()},
            error=stopped,
        )
        summary = summary_of(report, self.loaded)
        # A run without its results isn't finished, so that the same command continues it, also with --again.
        ended = "stopped"
        try:
            written = write_results(self.target, self.loaded, self.outcomes, summary)
            is_elsewhere = isinstance(self.target, Url) and not isinstance(written.path, Url)
            report = replace(report, results=written.path, remark=written.remark)
            if is_elsewhere and stopped is None and written.remark is not None:  # this machine may be gone tomorrow
                report = replace(report, remark=None, stopped=NotReached(written.remark), ended=ended)
            ended = report.ended
        finally:
            with contextlib.suppress(JournalFailed):
                counted = {result.value: count for result, count in report.counts.items()}
                self.journal.runs.end(self._run, ended, counted, report.ended_at)
        logs.event("results written", results=written.path, remark=written.remark and render(written.remark))
        return report

    def _forget_rejected(self) -> None:
        """Forget whose emails rejected rows have, because those prospects may be gone; the next run looks them up."""
        rows = self.loaded.rows
        rejected = np.isin(
            rows.of_sheet(np.arange(len(rows), dtype=np.int32)), self.outcomes.positions(Result.REJECTED)
        )
        if rows.email is not None and (emails := {*rows.email[rejected].tolist()} - {""}):
            self._matches.forget(emails)
