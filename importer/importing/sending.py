"""Deliver the notes of a loaded file in one run, with the workspace's lock held, and write the results.

Input: a loaded file, a journal, a caller, and the digest of what was agreed to. Output: notes, a results file, and a
:class:`Report`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from importer import results
from importer.api import Endpoint
from importer.calls.dispatcher import Caller
from importer.calls.limiter import Limiter
from importer.delivery.changes import Wish
from importer.delivery.coordinator import Coordinator
from importer.delivery.outcomes import Outcomes, gathered, settle_after, settle_before
from importer.delivery.updating import Updating, settle
from importer.errors import Changed, JournalFailed, Stopped
from importer.importing import logs, read_again
from importer.importing.api_context import FirstCall, delivering
from importer.importing.email_lookup import asked, forget_rejected
from importer.importing.loaded import Loaded, enter_left_out, kind_of, writable
from importer.importing.planning import digest, every_guard
from importer.importing.report import Report, by_number, summary_of, write_results
from importer.importing.workspaces import keep_in_mind
from importer.journal import Journal
from importer.journal.machine import key_digest
from importer.markup import cut
from importer.messages import Cell, Message, render, say
from importer.models import Progress, Remaining, Result, Workspace
from importer.reading import Sheet, column_letter
from importer.rows.attachments import Uploads
from importer.rows.emails import Lookups


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
        changes_notes: whether a person agreed to the changes of notes that need a yes.
    """

    loaded: Loaded
    journal: Journal
    caller: Caller
    target: Path
    observe: Callable[[Progress], None]
    begun: Callable[[], object]
    changes_notes: bool

    def __post_init__(self) -> None:
        self._given, self._settings, sheet = self.loaded, self.loaded.settings, self.loaded.sheet
        settings, self._clock = self._settings, self.caller.clock
        self._run = self.journal.runs.begin(
            settings.workspace,
            self.loaded.file,
            sheet.fingerprint,
            self._clock(),
            again=settings.again,
            reading=read_again.document(self.loaded),
            sheet=writable(sheet.name or "" if len(sheet.sheets) > 1 else ""),
            kind=kind_of(sheet),
            account=key_digest(settings.key),
        )
        self._emails = asked(self.loaded, self.journal, self._run.occurrence)
        self._matches = self.journal.found(settings.workspace, settings.key, self._clock)
        self._lookups = Lookups(self.caller, self._matches, self._tell_of_emails)
        self.outcomes, self._wishes = Outcomes(len(self.loaded.rows)), list[Wish]()
        self._sent, self._look_ups, self._agreed = self.caller.limiter.sent, 0, set[int]()

    def deliver(self, agreed: str | None) -> Report:
        """Deliver the notes, write the results, and return the report.

        Args:
            agreed: the digest of what was agreed to, ``preview.digest``; None: whatever is left.

        Raises:
            Changed: the plan isn't what was agreed to; nothing was sent.
            Guarded: there are more notes than the settings allow; nothing was sent.
            ResultsNotWritten: the run ended, but its results couldn't be written anywhere.
        """
        with logs.about(run=self._run.name):
            try:
                delivery, stopped = self._planned(agreed)
                self.begun()
            except BaseException:
                self.journal.runs.end(self._run, "declined", {}, self._clock())
                raise
            loaded = self.loaded

            def tell(trouble: Message | None) -> None:
                self.observe(replace(delivery.progress, trouble=trouble))

            of_uploads = self.journal.uploads(self._settings.workspace, self._clock)
            uploads = Uploads(self.caller, of_uploads, loaded.rows.files, tell)
            if loaded.sheet.corrections is not None:
                enter_left_out(self.journal, loaded)
            keep_in_mind(self.journal, self._settings, is_agreed=True)
            ended = "broken off"
            try:
                if stopped is not None:
                    raise stopped
                self._update(delivery, tell)
                is_unknown = delivery.queue.remaining.deliveries > 0 and not self.caller.limiter.answered
                if is_unknown and not self.journal.deliveries.latest_created(self._settings.workspace):
                    FirstCall(self.caller, self._settings.base_url, tell).make()
                delivery.run(uploads)
                self.journal.see_that_it_stands()
                ended = "finished"
            except Stopped as error:
                stopped, ended = error, "stopped"
            finally:
                why = say("outcome.run-stopped", why=stopped.message) if stopped else say("outcome.broke-off")
                self.outcomes.explain(Result.NOT_SENT, why)
                settle_after(self.loaded.rows, self.loaded.plan, self.outcomes)
                self.outcomes = gathered(self.outcomes, self.loaded.rows)
                corrected, numbers = _corrected(self.loaded.sheet), self.loaded.rows.number[: len(self.outcomes)]
                for position in np.flatnonzero(np.isin(numbers, [*corrected])).tolist():
                    self.outcomes.remark(position, corrected[int(numbers[position])])
                report = self._finish(delivery, ended, stopped)
            return report

    def _planned(self, agreed: str | None) -> tuple[Coordinator, Stopped | None]:
        """Plan again, and refuse the run if that wasn't agreed to. Return the delivery, and why look-ups stopped.

        With emails, it is planned before they are looked up, too. After that, there may be fewer notes.
        """
        before, stopped, known = None, None, self._emails.resolved
        if self._emails.emails:
            self._matches.expire()
            before, wishes, _ = self._emails.left
            self._check(agreed, before, wishes)
        try:
            self._emails = self._emails.looked_up(self._lookups)
        except Stopped as error:
            stopped = error
        self._look_ups = self._sent[Endpoint.PROSPECTS]
        loaded = self.loaded = self._emails.resolved
        self.outcomes = Outcomes(len(loaded.rows))
        settle_before(loaded.rows, self.outcomes, loaded.sheet.headings)
        self._delivering = delivering(self._settings, self.journal, self.caller, self._run)
        delivery = Coordinator(self._delivering, self.outcomes, self.observe)
        earlier = loaded.known(self.journal, self._run.occurrence)
        remaining, wishes = delivery.prepare(earlier, loaded.plan)
        self._wishes = [*wishes] if self._settings.update else []
        logs.event(
            "run begun",
            rows=loaded.rows.in_sheet,
            notes=remaining.deliveries,
            requests=remaining.requests,
            unclear=remaining.unclear,
            workspace=self._settings.workspace,
        )
        if before is None:
            self._check(agreed, remaining, wishes)
        else:
            if agreed is not None and remaining.total > before.total:
                raise Changed(say("sending.has-changed"))
            rejected = len(loaded.rows.rejected) - len(known.rows.rejected)
            fewer = max(0, before.total - remaining.total)
            delivery.ledger.count_settled(fewer, {Result.REJECTED: rejected} if rejected else {})
        if stopped is None:  # otherwise nothing is sent, and emails that nobody looked up say nothing about the file
            for guarded in every_guard(loaded, remaining):
                raise guarded
        return delivery, stopped

    def _check(self, agreed: str | None, remaining: Remaining, wishes: Sequence[Wish]) -> None:
        """Check that the plan is what was agreed to, and note the changes of notes that it shows."""
        if agreed is not None and digest(self._given, remaining, wishes) != agreed:
            raise Changed(say("sending.has-changed"))
        self._agreed = {wish.digest for wish in wishes}

    def _tell_of_emails(self, progress: Message, seconds_left: float | None) -> None:
        self.observe(Progress(len(self._given.rows), 0, progress, seconds_left=seconds_left))

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
        asked = [wish.agreed(is_agreed=self._is_agreed(wish)) for wish in self._wishes]
        try:
            if (stopped := stage.change([wish for wish in asked if wish.is_due])) is not None:
                raise stopped
        finally:
            settle(stage, asked, self.outcomes)
            logs.event("notes updated", **{fate.value: n for fate, n in stage.counts.items()})

    def _is_agreed(self, wish: Wish) -> bool:
        """Return whether a person saw this very change, and agreed. Some are known only once emails are looked up."""
        return self.changes_notes and wish.digest in self._agreed

    def _finish(self, delivery: Coordinator, ended: str, stopped: Stopped | None) -> Report:
        """End the run in the journal, write the results, and return the report."""
        rows, counts, limiter = self.loaded.rows, self.outcomes.counts(), self.caller.limiter
        asked = sum(self.outcomes.result(row) is Result.NOT_SENT for row in self.outcomes.asked)
        if ended == "finished" and (not_sent := counts.get(Result.NOT_SENT)):
            ended = "held back" if not_sent == asked else "stopped"
        report = Report(
            run=self._run.name,
            counts=counts,
            requests=self._sent[Endpoint.CREATE] + self._sent[Endpoint.UPDATE],
            results=self.target,
            remark=None,
            stopped=stopped,
            duplicates=by_number(
                rows, {at: (self.outcomes.note_id(at), *ids) for at, ids in self.outcomes.duplicates.items()}
            ),
            reasons=results.reasons(rows, self.outcomes, stopped.kind if stopped else None),
            to_fix=int(self.outcomes.to_fix().sum()),
            started_at=self._run.started_at,
            ended_at=self._clock(),
            asked=asked,
            more_visible=len(self.outcomes.visible),
            left_alone=len(self.outcomes.left),
            to_agree=sum(wish.is_asked and not self._is_agreed(wish) for wish in self._wishes),
            look_ups=self._look_ups,
            not_found=by_number(rows, self.outcomes.missing),
            ended=ended,
            is_practice=self.caller.api.traits.is_practice,
        )
        with contextlib.suppress(JournalFailed):  # the report names the run's own journal error
            _learn(self.journal, self._run.workspace, delivery, limiter)
            forget_rejected(self._matches, rows, self.outcomes)
        logs.event(
            f"run {report.ended}",
            requests=report.requests,
            look_ups=report.look_ups + self._sent[Endpoint.READ],
            uploads=self._sent[Endpoint.UPLOAD],
            told_to_wait=limiter.rate_limited,
            seconds=round(report.ended_at - self._run.started_at, 1),
            **{result.value.replace(" ", "_"): rows for result, rows in counts.items()},
            error=stopped,
        )
        summary = summary_of(report, self.loaded, self._settings.workspace)
        # A run without its results isn't finished, so that the same command continues it, also with --again.
        ended = "stopped"
        try:
            written = write_results(self.target, self.loaded, self.outcomes, summary)
            ended = ended if written.is_owed else report.ended
        finally:
            with contextlib.suppress(JournalFailed):
                counted = {result.value: count for result, count in counts.items()}
                self.journal.runs.end(self._run, ended, counted, report.ended_at)
        logs.event("results written", results=written.path, remark=written.remark and render(written.remark))
        return replace(report, results=written.path, remark=written.remark, results_owed=written.is_owed)


def _learn(journal: Journal, workspace: Workspace, delivery: Coordinator, limiter: Limiter) -> None:
    """Store the batch size and the rate limit that this run learned, for later runs."""
    if (sizes := delivery.queue.sizes).batch_size < sizes.asked:
        journal.learned(workspace).enter({"batch size": sizes.batch_size})
    if rates := limiter.rates:
        before = journal.learned(workspace).all().get("limits", {})  # also of kinds that this run didn't call
        limits = {kind: (rate.calls, rate.seconds) for kind, rate in rates.items()}
        journal.learned(workspace).enter({"limits": {**before, **limits}})


def _corrected(sheet: Sheet) -> dict[int, Message]:
    """Return what a person changed in the cells of each corrected row, by the row's number."""
    written = {number: one.texts for number, one in (sheet.corrections or {}).items() if not one.is_left_out}
    found: dict[int, Message] = {}
    if not written:  # most sheets; the rows would all be read once more
        return found
    with sheet.as_it_stands(written) as before:
        for number, cells in before.rows():
            texts = sorted(written[number].items())
            changed = tuple(_change(at, number, cells[at], text) for at, text in texts if text != cells[at])
            if changed:
                found[number] = say("outcome.corrected", changes=changed)
    return found


def _change(column: int, number: int, before: str, after: str) -> Message:
    lines = (" ".join(text.split()) for text in (before, after))
    texts = [Cell(cut(line)) if line else say("corrected.blank") for line in lines]
    return say("corrected.cell", cell=f"{column_letter(column)}{number}", before=texts[0], after=texts[1])
