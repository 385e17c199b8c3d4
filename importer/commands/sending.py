"""Deliver the notes of a loaded file in one run, with the workspace's lock held, and write the results.

Input: a loaded file, settings, the number of notes agreed to. Output: notes, a results file, and a :class:`Report`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from importer import results
from importer.api import Vendor
from importer.calls.caller import Caller
from importer.calls.limiter import Limiter
from importer.commands import guards, logs
from importer.commands.attaching import Attaching
from importer.commands.calling import calls, policy
from importer.commands.email_lookup import EmailLookup, unknown
from importer.commands.loading import Loaded, how_read, writable
from importer.commands.report import Report, duplicates_of, kinds, not_found_of, to_fix
from importer.commands.results import summary_lines, write_results
from importer.commands.workspaces import keep_in_mind
from importer.delivery.context import DeliveryContext, Policy
from importer.delivery.coordinator import Coordinator
from importer.delivery.earlier import foresee
from importer.delivery.outcomes import Outcomes, gathered, settle_after, settle_before
from importer.errors import Changed, JournalFailed, Stopped
from importer.journal import Journal, Run
from importer.journal.pending_results import PendingResult
from importer.messages import Message, Said, render, say
from importer.models import Progress, Result, Workspace
from importer.rows.naming import EmailAnswers
from importer.settings import Settings
from importer.storage import place


class Sending:
    """One run of a loaded file.

    Args:
        loaded: the file.
        target: path for the results.
        settings: settings of the run.
        journal: the workspace's journal, with its lock held.
        vendor: the vendor whose API receives the notes.
        clock: seconds since 1970, never going back.
        observe: receives the progress.
        stop: called repeatedly. If it returns a sentence, the run ends early, after the calls under way.
    """

    def __init__(
        self,
        loaded: Loaded,
        target: Path,
        settings: Settings,
        journal: Journal,
        vendor: Vendor,
        *,
        clock: Callable[[], float],
        observe: Callable[[Progress], None],
        stop: Callable[[], Said | None],
    ) -> None:
        self.loaded, self.target, self.settings = loaded, target, settings
        self.journal, self.vendor = journal, vendor
        self.clock, self.observe, self.stop = clock, observe, stop
        self.outcomes = Outcomes(len(loaded.rows))
        self.started_at = clock()

    def run(self, expected: int | None, before: EmailAnswers | None = None) -> Report:
        """Deliver the notes that no earlier run delivered.

        Args:
            expected: number of notes that was agreed to; None: any number.
            before: look-ups of emails since the file was read.

        Raises:
            Changed: the number of notes isn't ``expected``; nothing was sent.
            Guarded: there are more notes than the settings allow; nothing was sent.
            ResultsNotWritten: the run ended, but its results couldn't be written anywhere.
        """
        with calls(self.settings, self.vendor, self.clock, self.stop) as caller, self._begun() as run:
            rules = policy(self.settings, learned=self.journal.learned.batch_size(self.settings.workspace))
            lookup = EmailLookup(
                self.loaded, self.settings, self.journal, caller, rules.retry, self.observe, run.occurrence, before
            )
            agreed = self._check_agreed(run, lookup.as_known, rules, expected) if lookup.asked.emails else 0
            stopped: Stopped | None = None
            try:
                self.loaded = lookup.look_up()
            except Stopped as error:
                stopped, self.loaded = error, lookup.as_known
            self.outcomes = Outcomes(len(self.loaded.rows))
            settle_before(self.loaded.rows, self.outcomes, self.loaded.sheet.headings)
            delivery, total = self._planned(run, caller, rules, lookup, None if stopped else expected)
            rejected = len(self.loaded.rows.rejected) - len(lookup.as_known.rows.rejected)
            attaching = Attaching(
                self.loaded.rows,
                self.settings,
                self.journal,
                caller,
                rules.retry,
                lambda trouble: self.observe(replace(delivery.progress, trouble=trouble)),
            )
            delivery.ledger.count_settled(max(0, agreed - total), {Result.REJECTED: rejected} if rejected else {})
            keep_in_mind(self.journal, self.settings)
            self._owe_results(run)
            ended = "broken off"
            try:
                if stopped is None:
                    delivery.run(attaching.upload(delivery.queue.remaining.files), attaching.renew)
                    self._send_elsewhere(lookup, delivery, attaching)
                    self.journal.see_that_it_stands()
                ended = "finished" if stopped is None else "stopped"
            except Stopped as error:
                stopped, ended = error, "stopped"
            finally:
                self.outcomes.settle(delivery.held_back, Result.NOT_SENT, reason=say("outcome.held-back"))
                self.outcomes.explain(Result.NOT_SENT, _why_not_sent(stopped))
                settle_after(self.loaded.rows, self.loaded.plan, self.outcomes)
                self.outcomes = gathered(self.outcomes, self.loaded.rows)
                report = self._finish(run, delivery, lookup, attaching, caller.limiter, ended, stopped)
                if not report.results_owed:
                    self.journal.pending_results.cross_out(run.workspace, run.name)
        return replace(report, ended_at=self.clock(), unknown_emails=_write_unknown(self.loaded, lookup, self.settings))

    @contextmanager
    def _begun(self) -> Iterator[Run]:
        settings, sheet = self.settings, self.loaded.sheet
        file, codec = writable(sheet.source), "" if sheet.codec is None else sheet.codec.codec
        run = self.journal.runs.begin(
            settings.workspace, file, sheet.fingerprint, self.started_at, again=settings.again, codec=codec
        )
        with logs.about(run=run.name):
            yield run

    def _owe_results(self, run: Run) -> None:
        """Record that the results must be written, so that the next run writes them if this run can't."""
        if (source := self.loaded.sheet.source) != "-":
            file, target = str(place(source).absolute()), str(self.target.absolute())
            pending = PendingResult(run.name, file, target, how_read(self.settings))
            self.journal.pending_results.enter(run.workspace, pending)

    def _check_agreed(self, run: Run, loaded: Loaded, rules: Policy, expected: int | None) -> int:
        """Check, before any call, that the number of notes is the one agreed to, and return it."""
        remaining = foresee(
            loaded.rows,
            loaded.plan,
            self.journal,
            self.settings.workspace,
            rules.batch_size,
            run.occurrence,
            self.settings.first,
        )
        if expected is not None and remaining.total != expected:
            self._decline(run)
            raise _changed(expected, remaining.total)
        return remaining.total

    def _planned(
        self, run: Run, caller: Caller, rules: Policy, lookup: EmailLookup, expected: int | None
    ) -> tuple[Coordinator, int]:
        """Plan again. Return the delivery and its number of notes, or refuse the run if that number wasn't agreed to.

        Once emails are looked up, there may be fewer notes. There may be more only if several prospects have a row's
        email, and it was agreed that each of them receives the note.
        """
        agreed = False
        try:
            workspace = self.settings.workspace
            context = DeliveryContext.of(self.journal, workspace, run, caller, rules)
            learned_lag = self.journal.learned.replication_lag(workspace)
            delivery = Coordinator(context, self.outcomes, self.observe, learned_lag)
            remaining = delivery.prepare(self.loaded.rows, self.loaded.plan, self.settings.first)
            logs.event(
                "run begun",
                rows=self.loaded.rows.in_sheet,
                notes=remaining.deliveries,
                requests=remaining.requests,
                unclear=remaining.unclear,
                workspace=self.settings.workspace,
            )
            if expected is not None and remaining.total != expected:
                limit = expected + len(self.loaded.rows) - len(lookup.as_known.rows)
                if not lookup.asked.emails or remaining.total > limit:
                    raise _changed(expected, remaining.total)
            unknown_emails = unknown(self.loaded, lookup.answers)
            for guarded in guards.every(self.loaded, unknown_emails, remaining, self.settings):
                raise guarded
            agreed = True
        finally:
            if not agreed:
                self._decline(run)
        return delivery, remaining.total

    def _decline(self, run: Run) -> None:
        self.journal.runs.end(run, "declined", {}, self.clock())

    def _send_elsewhere(self, lookup: EmailLookup, delivery: Coordinator, attaching: Attaching) -> None:
        """Deliver to the new owner of an email, if the API rejected the prospect that was known to have it."""
        if (moved := lookup.look_again(self.loaded, self.outcomes)) is not None:
            held_back = delivery.held_back
            delivery.prepare(moved.rows, moved.plan)
            delivery.held_back = held_back
            delivery.run(renew=attaching.renew)
            settle_after(moved.rows, moved.plan, self.outcomes)

    def _finish(
        self,
        run: Run,
        delivery: Coordinator,
        lookup: EmailLookup,
        attaching: Attaching,
        limiter: Limiter,
        ended: str,
        stopped: Stopped | None,
    ) -> Report:
        """End the run in the journal, write the results, and return the report."""
        rows, counts = self.loaded.rows, self.outcomes.counts()
        report = Report(
            run=run.name,
            counts=counts,
            requests=delivery.reachability.posts_sent,
            looks=delivery.reachability.lookups_sent,
            rate_limited=limiter.rate_limited,
            results=self.target,
            remark=None,
            stopped=stopped,
            duplicates=duplicates_of(rows, self.outcomes),
            reasons=kinds(self.loaded, self.outcomes, stopped),
            started_at=self.started_at,
            ended_at=self.clock(),
            held_back=_held_back(self.loaded, delivery),
            finding_calls=lookup.calls,
            uploads=attaching.calls,
            to_fix=tuple(to_fix(rows, self.outcomes)),
            not_found=not_found_of(rows, self.outcomes),
            could_not_look=delivery.samples.could_not_look,
            not_looked_at=delivery.samples.left,
            ended="stopped" if counts.get(Result.NOT_SENT) and ended == "finished" else ended,
            batch_size=delivery.queue.sizes.batch_size,
            distinct_notes=len(self.loaded.plan.groups),
            readable_within=delivery.evidence.replication_lag.measured,
        )
        with contextlib.suppress(JournalFailed):  # the report names the run's own journal error
            _learn(self.journal, run.workspace, delivery, limiter, report.ended_at)
            if report.ended == "finished" and not counts.get(Result.UNCONFIRMED):
                lookup.finish()
            counted = {result.value: count for result, count in counts.items()}
            self.journal.runs.end(run, report.ended, counted, report.ended_at)
        logs.event(
            f"run {report.ended}",
            requests=report.requests,
            look_ups=report.looks,
            told_to_wait=report.rate_limited,
            seconds=round(report.ended_at - self.started_at, 1),
            **{result.value.replace(" ", "_"): rows for result, rows in counts.items()},
            why=logs.said(stopped) if stopped else None,
        )
        lines = summary_lines(report, self.loaded, self.settings.workspace)
        written = write_results(
            self.target, self.loaded, self.outcomes, run, lines, self.journal, not_sent=report.not_sent
        )
        logs.event("results written", results=written.path, remark=written.remark and render(written.remark))
        return replace(report, results=written.path, remark=written.remark, results_owed=written.is_owed)


def _held_back(loaded: Loaded, delivery: Coordinator) -> int:
    """Return the number of rows held back, with the rows that repeat them."""
    return len(delivery.held_back) + int(np.isin(loaded.plan.original, delivery.held_back).sum())


def _learn(journal: Journal, workspace: Workspace, delivery: Coordinator, limiter: Limiter, now: float) -> None:
    """Store the batch size, delay and rate limit that this run measured, for later runs."""
    if (sizes := delivery.queue.sizes).has_learned:
        journal.learned.learn_batch_size(workspace, sizes.batch_size)
    if (lag := delivery.evidence.replication_lag.measured) is not None:
        journal.learned.learn_lag(workspace, lag, now)
    if limit := limiter.learned_rate:
        journal.learned.learn_limit(workspace, limit.calls, limit.seconds)


def _write_unknown(loaded: Loaded, lookup: EmailLookup, settings: Settings) -> results.Written | None:
    target, source = settings.unknown_emails, place(loaded.sheet.source)
    return None if target is None else results.write_emails(target, unknown(loaded, lookup.answers), source)


def _changed(expected: int, total: int) -> Changed:
    return Changed(say("sending.number-has-changed", expected=expected, found=total))


def _why_not_sent(stopped: Stopped | None) -> Message:
    """Return the reason for rows that a run didn't reach: why it stopped."""
    if stopped is None:
        return say("outcome.broke-off")
    return say("outcome.run-stopped", why=stopped.message)
