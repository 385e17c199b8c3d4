"""One run over a loaded file, with the workspace's lock held: deliver, and write the results.

Comes in: a loaded file, settings, the number of notes that was agreed to. Goes out: notes in the workspace, a results
file, and a :class:`Report`.
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
from importer.commands.loading import Loaded, about_file, how_read, how_understood, writable
from importer.commands.reasons import kinds
from importer.commands.rendering import duration, listed_duplicates, not_found, when
from importer.commands.report import Report, duplicates_of, not_found_of, not_sent, to_fix
from importer.commands.results import write_results
from importer.commands.workspaces import keep_in_mind
from importer.delivery.delivery import Delivery
from importer.delivery.earlier import foresee
from importer.delivery.local_outcomes import settle_after, settle_before
from importer.delivery.outcomes import Outcomes
from importer.delivery.policy import Policy
from importer.delivery.several_prospects import gathered
from importer.errors import Changed, JournalFailed, Stopped
from importer.journal import Journal, Run
from importer.journal.pending_results import PendingResult
from importer.messages import Message, Said, render, say
from importer.models import Progress, Result, Rows, Workspace
from importer.rows.naming import EmailAnswers
from importer.settings import Settings
from importer.storage import place


class Sending:
    """One run.

    Args:
        loaded: the file.
        target: where the results go.
        settings: how it is done.
        journal: the workspace's, whose lock is held.
        vendor: whose API the notes go to.
        clock: seconds since 1970, never going back.
        observe: told of progress.
        stop: asked again and again; a sentence ends the run early, with what is under way waited for.
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
        """Deliver what no earlier run did.

        Args:
            expected: how many notes were agreed to; None: however many there are.
            before: what was looked up of emails since the file was read.

        Raises:
            Changed: that are not as many notes as ``expected``; nothing was sent.
            Guarded: that are more notes than the settings allow; nothing was sent.
            ResultsNotWritten: the run ended, but its results could be written nowhere.
        """
        with calls(self.settings, self.vendor, self.clock, self.stop) as caller, self._begun() as run:
            how = policy(self.settings, learned=self.journal.learned.batch_size(self.settings.workspace))
            finding = EmailLookup(
                self.loaded, self.settings, self.journal, caller, how.retry, self.observe, run.occurrence, before
            )
            agreed = self._check_agreed(run, finding.as_known, how, expected) if finding.asked.emails else 0
            stopped: Stopped | None = None
            try:
                self.loaded = finding.look_up()
            except Stopped as error:
                stopped, self.loaded = error, finding.as_known
            self.outcomes = Outcomes(len(self.loaded.rows))
            settle_before(self.loaded.rows, self.outcomes, self.loaded.sheet.headings)
            delivery, left = self._planned(run, caller, how, finding, None if stopped else expected)
            rejected = len(self.loaded.rows.rejected) - len(finding.as_known.rows.rejected)
            attaching = Attaching(
                self.loaded.rows,
                self.settings,
                self.journal,
                caller,
                how.retry,
                lambda said: self.observe(replace(delivery.progress, trouble=said)),
            )
            delivery.count_settled(max(0, agreed - left), {Result.REJECTED: rejected} if rejected else {})
            keep_in_mind(self.journal, self.settings)
            self._owe_results(run)
            ended = "broken off"
            try:
                if stopped is None:
                    delivery.run(attaching.upload(delivery.files), attaching.renew)
                    self._send_elsewhere(finding, delivery, attaching)
                    self.journal.see_that_it_stands()
                ended = "finished" if stopped is None else "stopped"
            except Stopped as error:
                stopped, ended = error, "stopped"
            finally:
                self.outcomes.settle(delivery.held_back, Result.NOT_SENT, reason=say("outcome.held-back"))
                self.outcomes.explain(Result.NOT_SENT, _why_not_sent(stopped))
                settle_after(self.loaded.rows, self.loaded.plan, self.outcomes)
                self.outcomes = gathered(self.outcomes, self.loaded.rows)
                written = self._finish(run, delivery, finding, attaching, caller.limiter, ended, stopped)
                if not written.is_owed:
                    self.journal.pending_results.cross_out(run.workspace, run.name)
        return Report(
            run.name,
            self.outcomes.counts(),
            delivery.posts_sent,
            delivery.lookups_sent,
            caller.limiter.rate_limited,
            written.path,
            written.remark,
            stopped,
            duplicates_of(self.loaded.rows, self.outcomes),
            kinds(self.loaded, self.outcomes, stopped),
            self.started_at,
            self.clock(),
            held_back=_held_back(self.loaded, delivery),
            finding_calls=finding.calls,
            uploads=attaching.calls,
            unknown_emails=_write_unknown(self.loaded, finding, self.settings),
            to_fix=tuple(to_fix(self.loaded.rows, self.outcomes)),
            results_owed=written.is_owed,
            not_found=not_found_of(self.loaded.rows, self.outcomes),
            could_not_look=delivery.samples.could_not_look,
            not_looked_at=delivery.samples.left,
        )

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
        """Note that results are to be written: if this run doesn't come to it, the next one does."""
        if (source := self.loaded.sheet.source) != "-":
            file, target = str(place(source).absolute()), str(self.target.absolute())
            pending = PendingResult(run.name, file, target, how_read(self.settings))
            self.journal.pending_results.enter(run.workspace, pending)

    def _check_agreed(self, run: Run, known: Loaded, how: Policy, expected: int | None) -> int:
        """See before any call that there is as much to send as was agreed to, and say how much."""
        found = foresee(
            known.rows,
            known.plan,
            self.journal,
            self.settings.workspace,
            how.batch_size,
            run.occurrence,
            self.settings.first,
        )
        if expected is not None and found.total != expected:
            self._decline(run)
            raise _changed(expected, found.total)
        return found.total

    def _planned(
        self, run: Run, caller: Caller, how: Policy, finding: EmailLookup, expected: int | None
    ) -> tuple[Delivery, int]:
        """Plan it anew, and say how many notes that are; where it isn't what was agreed to, it is declined.

        Once emails are looked up, it may well be less. It may be more only by the further notes of rows whose email
        several prospects have, where each of these was agreed to.
        """
        agreed = False
        try:
            delivery = Delivery(
                self.outcomes,
                self.journal,
                self.settings.workspace,
                run,
                caller,
                how,
                self.observe,
                self.journal.learned.replication_lag(self.settings.workspace),
            )
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
                most = expected + len(self.loaded.rows) - len(finding.as_known.rows)
                if not finding.asked.emails or remaining.total > most:
                    raise _changed(expected, remaining.total)
            nobody_has = unknown(self.loaded, finding.answers)
            for guarded in guards.every(self.loaded, nobody_has, remaining, self.settings):
                raise guarded
            agreed = True
        finally:
            if not agreed:
                self._decline(run)
        return delivery, remaining.total

    def _decline(self, run: Run) -> None:
        self.journal.runs.end(run, "declined", {}, self.clock())

    def _send_elsewhere(self, finding: EmailLookup, delivery: Delivery, attaching: Attaching) -> None:
        """Deliver to whom an email belongs now, where the API rejected the prospect that was known to have it."""
        if (moved := finding.look_again(self.loaded, self.outcomes)) is not None:
            held_back = delivery.held_back
            delivery.prepare(moved.rows, moved.plan)
            delivery.held_back = held_back
            delivery.run(renew=attaching.renew)
            settle_after(moved.rows, moved.plan, self.outcomes)

    def _finish(
        self,
        run: Run,
        delivery: Delivery,
        finding: EmailLookup,
        attaching: Attaching,
        limiter: Limiter,
        ended: str,
        stopped: Stopped | None,
    ) -> results.Written:
        counts = self.outcomes.counts()
        if counts.get(Result.NOT_SENT) and ended == "finished":
            ended = "stopped"
        now, held = self.clock(), _held_back(self.loaded, delivery)
        lines = [
            *about_file(self.loaded),
            ("Run", run.name),
            ("Workspace", str(self.settings.workspace)),
            ("Started", when(self.started_at)),
            ("Ended", f"{when(now)} ({ended})"),
            *([("Why it stopped", render(stopped.message))] if stopped else []),
            ("Requests sent", f"{delivery.posts_sent:,}"),
            *([("Held back", render(say("summary.held-back", n=held)))] if held else []),
            *([("Look-ups", f"{delivery.lookups_sent:,}")] if delivery.lookups_sent else []),
            *([("Notes readable within", render(duration(lag)))] if (lag := delivery.measured_lag) is not None else []),
            *([("Calls to find prospects by email", f"{finding.calls:,}")] if finding.calls else []),
            *([("Files sent", f"{attaching.calls:,}")] if attaching.calls else []),
            ("Batch size", f"{delivery.batch_size:,}"),
            ("Distinct notes", f"{len(self.loaded.plan.groups):,}"),
            *how_understood(self.loaded),
            *_amiss(self.loaded.rows, self.outcomes),
            *([("Told to wait (429)", f"{limiter.rate_limited:,} times")] if limiter.rate_limited else []),
        ]
        with contextlib.suppress(JournalFailed):  # the run's own trouble with the journal is what the person is told of
            _learn(self.journal, run.workspace, delivery, limiter, now)
            if ended == "finished" and not counts.get(Result.UNCONFIRMED):
                finding.finish()
            self.journal.runs.end(run, ended, {result.value: count for result, count in counts.items()}, now)
        logs.event(
            f"run {ended}",
            requests=delivery.posts_sent,
            look_ups=delivery.lookups_sent,
            told_to_wait=limiter.rate_limited,
            seconds=round(now - self.started_at, 1),
            **{result.value.replace(" ", "_"): rows for result, rows in counts.items()},
            why=logs.said(stopped) if stopped else None,
        )
        written = write_results(
            self.target, self.loaded, self.outcomes, run, lines, self.journal, not_sent=not_sent(stopped, held)
        )
        logs.event("results written", results=written.path, remark=written.remark and render(written.remark))
        return written


def _held_back(loaded: Loaded, delivery: Delivery) -> int:
    """How many rows, those that repeat one of them included."""
    return len(delivery.held_back) + int(np.isin(loaded.plan.original, delivery.held_back).sum())


def _amiss(rows: Rows, outcomes: Outcomes) -> Iterator[tuple[str, str]]:
    """Name the notes that are there more than once, or not at all."""
    if repeated := duplicates_of(rows, outcomes):
        yield "More than once there", render(listed_duplicates(repeated))
    if lost := not_found_of(rows, outcomes):
        yield "Created, but not found", render(not_found(lost))


def _learn(journal: Journal, workspace: Workspace, delivery: Delivery, limiter: Limiter, now: float) -> None:
    """Keep for later runs what this one found out about the API."""
    if delivery.has_learned:
        journal.learned.learn_batch_size(workspace, delivery.batch_size)
    if (lag := delivery.measured_lag) is not None:
        journal.learned.learn_lag(workspace, lag, now)
    if limit := limiter.learned_rate:
        journal.learned.learn_limit(workspace, limit.calls, limit.seconds)


def _write_unknown(loaded: Loaded, finding: EmailLookup, settings: Settings) -> results.Written | None:
    """Write the emails that nobody has, where that is wanted."""
    target, source = settings.unknown_emails, place(loaded.sheet.source)
    return None if target is None else results.write_emails(target, unknown(loaded, finding.answers), source)


def _changed(expected: int, found: int) -> Changed:
    return Changed(say("sending.number-has-changed", expected=expected, found=found))


def _why_not_sent(stopped: Stopped | None) -> Message:
    """What the rows that a run didn't come to are told: the first sentence of why it stopped."""
    if stopped is None:
        return say("outcome.broke-off")
    return say("outcome.run-stopped", why=stopped.message)
