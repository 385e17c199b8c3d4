"""Show runs: a job under way, how it ended, and earlier runs with what can still be done. Quit the program.

Input: requests that the guard lets pass. Output: pages, and the progress of a job for open pages. Of a run's rows, a
screen shows those that a person asks for, else those that need attention.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path

from flask import abort, redirect, render_template, request, send_file, url_for

from importer import operations
from importer.messages import say
from importer.models import Progress, Result
from importer.operations.history import PastRun
from importer.page import reading
from importer.page.jobs import Hide, Job, LookUpTask, Send
from importer.page.reading import rows_path
from importer.page.screens import Page, Screens, for_page, refuse, screen, whole_number, why_no_key
from importer.page.uploads import DroppedFile
from importer.settings import Settings
from importer.telling import rendering, report_messages
from importer.telling.result_rows import TO_FIX, RowPage, read

_GRACE = 2.0  # seconds in which the browser may still request the last page's style sheet

_AT_ONCE = 50
"""Number of runs that are listed, unless all are asked for."""


def shown(path: Path, asked: Mapping[str, str]) -> RowPage | None:
    """Return the rows that are ``asked`` for, or else the rows to correct, if there are any; None if none are kept."""
    words, result = asked.get("words", "").strip(), asked.get("result", "" if asked else TO_FIX)
    found = read(path, result, words, whole_number(asked.get("page", "")) or 1)
    return read(path) if found is not None and not found.total and not asked else found


class RunScreens(Screens):
    """Screens of a job, of earlier runs, and for quitting."""

    @screen("/job/<number>")
    def job(self, number: str) -> Page:
        """Show the job's progress, or how it ended."""
        job = self._job(number)
        if job.ended is None:
            return render_template("working.html", job=job, under_way=[], **_state(job))
        has_results = job.ended.results is not None and job.ended.results.is_file()
        rows = rows_path(job.task.folder, job.ended.run) if isinstance(job.task, Send) else None
        return render_template(
            "results.html",
            job=job,
            ended=job.ended,
            there=has_results,
            key=job.ended.is_key_refused,
            shown=None if rows is None else shown(rows, request.args),
        )

    @screen("/job/<number>/stop", "POST")
    def stop(self, number: str) -> Page:
        """Ask the job to stop in good order."""
        self._job(number).stop(say("page.stopped"))
        return redirect(url_for("job", number=number), 303)

    @screen("/job/<number>/results")
    def results(self, number: str) -> Page:
        """Download the results that the job wrote."""
        ended = self._job(number).ended
        return _download(ended.results if ended else None)

    @screen("/quit", "POST")
    def quit(self) -> Page:
        """End the program, once its last page is loaded. If jobs are under way, ask for confirmation first."""
        jobs = self._parts.jobs.under_way
        if jobs and request.form.get("stop") != "yes":
            return render_template("quit.html", jobs=jobs, under_way=[])
        timer = threading.Timer(_GRACE, self._parts.end)
        timer.daemon = True
        timer.start()
        return render_template("ended.html", jobs=jobs, under_way=[])

    @screen("/runs")
    def runs(self) -> Page:
        """List the runs of the workspace, the latest first."""
        settings = self._parts.current.settings()
        found = operations.history.history(settings, last=None if request.args.get("all") else _AT_ONCE)
        return render_template(
            "runs.html",
            past=found.runs,
            more=len(found.runs) == _AT_ONCE,
            workspace=settings.workspace,
            unclear=self._unclear(settings),
            sending=self._sending(settings),
            elsewhere=found.elsewhere,
        )

    @screen("/runs/<run>")
    def past_run(self, run: str) -> Page:
        """Show one run: its counts, its file, its results, and what can be done about it."""
        settings = self._parts.current.settings()
        past = self._past(run)
        upload, counts = self._upload_of(past), past.counts
        hidden = say("page.run.some-hidden" if past.shown else "page.run.all-hidden", n=past.hidden)
        updates = {Result.CREATED: hidden} if past.hidden else {}
        unclear = self._unclear(settings) if Result.UNCONFIRMED in counts or not past.run.counts else 0
        is_there = bool(past.shown or not past.hidden)
        is_made = bool({Result.CREATED, Result.UNCONFIRMED} & counts.keys())
        if not unclear:
            updates[Result.UNCONFIRMED] = say("page.run.looked-up-later")
        return render_template(
            "run.html",
            past=past,
            upload=upload,
            unclear=unclear,
            sending=self._sending(settings),
            counts=[
                (result, rows, updates.get(result, meaning))
                for result, rows, meaning in report_messages.meanings(past.counts)
            ],
            results=upload.results_of(run) if upload is not None else None,
            shown=None if upload is None else shown(rows_path(upload.folder, run), request.args),
            left=not past.run.counts or bool({Result.NOT_SENT, Result.UNCONFIRMED} & counts.keys()),
            may_hide=is_there and past.ended != "declined" and (not past.run.counts or is_made),
        )

    @screen("/runs/<run>/results")
    def past_results(self, run: str) -> Page:
        """Download the results of a run, as they were written."""
        upload = self._upload_of(self._past(run))
        return _download(upload.results_of(run) if upload is not None else None)

    # -- actions ------------------------------------------------------------------------------------------------

    @screen("/runs/look-up", "POST")
    def look_up(self) -> Page:
        """Look up the unclear deliveries of the workspace."""
        title = say("hide.nothing-changed")
        return self._begin(LookUpTask(for_page(self._with_key(title, url_for("runs")))), title)

    @screen("/runs/<run>/hide")
    def hide(self, run: str) -> Page:
        """Show which notes of a run would be hidden, and ask for confirmation."""
        past, settings = self._past(run), for_page(self._parts.current.settings())
        upload, undo = self._upload_of(past), request.args.get("undo") == "yes"
        rows = None if upload is None else rows_path(upload.folder, run)
        which = operations.hide.Which(run, undo=undo)
        found = self._parts.reading.done(Path(), reading.to_hide, which, settings, rows)
        no_key = why_no_key(self._parts.current)
        return render_template("hide.html", **found, past=past, settings=settings, no_key=no_key, undo=undo)

    @screen("/runs/<run>/hide/now", "POST")
    def hide_now(self, run: str) -> Page:
        """Hide the notes that a person agreed to hide."""
        undo = request.form.get("undo") == "yes"
        past, back = self._past(run), url_for("hide", run=run, undo="yes" if undo else None)
        settings = for_page(self._with_key(say("hide.nothing-changed"), back))
        expected = whole_number(request.form.get("expected", ""))
        if expected is None or request.form.get("agreed") != "yes":
            refuse(say("hide.nothing-changed"), say("page.problem.tick"), 400, back)
        return self._begin(Hide(settings, past.run.name, expected, undo), say("hide.nothing-changed"))

    # -- shared -------------------------------------------------------------------------------------------------

    def _past(self, run: str) -> PastRun:
        settings = self._parts.current.settings()
        return next(iter(operations.history.history(settings, name=run).runs), None) or abort(404)

    def _upload_of(self, past: PastRun) -> DroppedFile | None:
        return self._parts.uploads.of_run(past.run.fingerprint, past.run.workspace)

    def _sending(self, settings: Settings) -> str:
        """Return the ID of the job that is sending into the workspace; empty if there is none."""
        jobs = [job for job in self._parts.jobs.under_way if job.workspace == settings.workspace]
        return next((job.id for job in jobs if job.task.kind == "sending"), "")

    def _unclear(self, settings: Settings) -> int:
        """Return the number of unclear deliveries; 0 during a send, because its open deliveries don't count."""
        return 0 if self._sending(settings) else operations.verify.unclear(settings)


def _download(path: Path | None) -> Page:
    if path is None or not path.is_file():
        abort(404)
    return send_file(path, as_attachment=True, download_name=path.name)


def _state(job: Job) -> dict[str, object]:
    """Return a job's progress, as numbers for the progress bar, and in words."""
    progress = job.progress or Progress(0, 0)
    total = job.expected or progress.rows
    settled = min(progress.settled, total)
    if job.stopping:
        status = say("page.working.stopping")
    elif job.progress is None:
        status = say("page.working.starting")
    else:
        status = say("page.working.under-way" if progress.gives_up_in is None else "page.working.waiting")
    facts = {
        say("page.working.so-far"): rendering.in_result_words(progress.ended),
        say("page.working.pace"): rendering.pace(settled, time.monotonic() - job.began_at),
        say("page.working.time-left"): rendering.time_left(progress),
        say("page.working.now"): rendering.what_holds_it_up(progress),
    }
    return {"status": status, "total": total, "settled": settled, "facts": facts}
