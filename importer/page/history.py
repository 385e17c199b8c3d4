"""Show earlier runs of the workspace, and offer what can still be done: look up, hide, send the file again.

Input: requests that the guard lets pass. Output: pages. What they show comes from :mod:`importer.operations`. Runs
have the names that the journal gives them.
"""

from __future__ import annotations

from flask import abort, render_template, request, send_file, url_for

from importer import operations
from importer.messages import Message, say
from importer.models import Result
from importer.operations.history import PastRun
from importer.page.reading import A_MOMENT, Hideable, Unread
from importer.page.screens import Page, Screens, for_page, refuse, screen, whole_number, why_no_key
from importer.page.tasks import Hide, LookUpTask, Send, rows_path
from importer.page.uploads import DroppedFile
from importer.page.working import shown
from importer.settings import Settings

_AT_ONCE = 50
"""Number of runs that are listed, unless all are asked for."""
_LOOKED_UP = say("page.run.looked-up-later")
_MADE = {Result.CREATED, Result.UNCONFIRMED}
"""Results of rows whose notes exist or may exist."""
_LEFT = {Result.NOT_SENT, Result.UNCONFIRMED}
"""Results of rows that are sent or looked up if the file is sent again."""
_ANOTHER = say("page.problem.another-workspace")
_NOTHING_LOOKED_UP = say("page.problem.nothing-looked-up")


class History(Screens):
    """Screens about earlier runs."""

    @screen("/runs")
    def runs(self) -> Page:
        """List the runs of the workspace, the latest first."""
        settings, shows_all = self._parts.current.settings(), bool(request.args.get("all"))
        found = operations.history.history(settings, last=None if shows_all else _AT_ONCE + 1)
        return render_template(
            "runs.html",
            past=found.runs if shows_all else found.runs[:_AT_ONCE],
            more=not shows_all and len(found.runs) > _AT_ONCE,
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
        updates = {Result.CREATED: _hidden(past)} if past.hidden else {}
        unclear = self._unclear(settings) if Result.UNCONFIRMED in counts or not past.run.counts else 0
        is_there = bool(past.shown or not past.hidden)
        if not unclear:
            updates[Result.UNCONFIRMED] = _LOOKED_UP
        return render_template(
            "run.html",
            past=past,
            upload=upload,
            unclear=unclear,
            sending=self._sending(settings),
            counts=[
                (result, rows, updates.get(result, meaning))
                for result, rows, meaning in operations.report_messages.of_past(
                    past, held_back=past.ended == "held back"
                )
            ],
            results=upload.results_of(run) if upload is not None else None,
            shown=None if upload is None else shown(rows_path(upload.folder, run), request.args),
            left=not past.run.counts or not _LEFT.isdisjoint(counts),
            may_hide=is_there and past.ended != "declined" and (not past.run.counts or not _MADE.isdisjoint(counts)),
        )

    @screen("/runs/<run>/results")
    def past_results(self, run: str) -> Page:
        """Download the results of a run, as they were written."""
        upload = self._upload_of(self._past(run))
        results = upload.results_of(run) if upload is not None else None
        if results is None:
            abort(404)
        return send_file(results, as_attachment=True, download_name=results.name)

    # -- actions ------------------------------------------------------------------------------------------------

    @screen("/runs/look-up", "POST")
    def look_up(self) -> Page:
        """Look up the unclear deliveries of the workspace."""
        settings = for_page(self._parts.current.with_key())
        if request.form.get("workspace") != str(settings.workspace):
            refuse(_NOTHING_LOOKED_UP, _ANOTHER, 409, url_for("runs"))
        return self._begin(LookUpTask(settings), _NOTHING_LOOKED_UP)

    @screen("/runs/<run>/hide")
    @screen("/duplicates")
    def hide(self, run: str = "") -> Page:
        """Show which notes of a run (without one: which duplicates) would be hidden, and ask for confirmation."""
        past = self._past(run) if run else None
        hideable, settings = self._to_hide(past)
        if isinstance(hideable, Unread):
            refuse(say("page.problem.not-shown"), hideable.why, 409, url_for("runs"))
        if hideable is None:
            return render_template("looking.html", past=past)
        self._parts.jobs.get_ready()
        no_key, undo = why_no_key(self._parts.current), _is_undo()
        return render_template("hide.html", past=past, found=hideable, settings=settings, no_key=no_key, undo=undo)

    @screen("/runs/<run>/hide/state")
    @screen("/duplicates/state")
    def is_seen(self, run: str = "") -> Page:
        """Return whether the page should reload because the notes to hide are known by now."""
        hideable, _ = self._to_hide(self._past(run) if run else None, wait=0)
        return {"reload": hideable is not None}

    @screen("/runs/<run>/hide/now", "POST")
    @screen("/duplicates/hide", "POST")
    def hide_now(self, run: str = "") -> Page:
        """Hide the notes that a person agreed to hide."""
        undo = request.form.get("undo") == "yes"
        past, back = self._past(run) if run else None, url_for("hide", run=run or None, undo="yes" if undo else None)
        settings = for_page(self._parts.current.with_key())
        if request.form.get("workspace") != str(settings.workspace):
            refuse(say("hide.nothing-changed"), _ANOTHER, 409, back)
        expected = whole_number(request.form.get("expected", ""))
        if expected is None or request.form.get("agreed") != "yes":
            refuse(say("hide.nothing-changed"), say("page.problem.tick"), 400, back)
        task = Hide(settings, None if past is None else past.run.name, expected, undo)
        return self._begin(task, say("hide.nothing-changed"))

    # -- shared -------------------------------------------------------------------------------------------------

    def _past(self, run: str) -> PastRun:
        settings = self._parts.current.settings()
        return next(iter(operations.history.history(settings, name=run).runs), None) or abort(404)

    def _upload_of(self, past: PastRun) -> DroppedFile | None:
        return self._parts.uploads.of_run(past.run.fingerprint, past.run.workspace)

    def _sending(self, settings: Settings) -> str:
        """Return the ID of the job that is sending into the workspace; empty if there is none."""
        jobs = [job for job in self._parts.jobs.under_way if job.workspace == settings.workspace]
        return next((job.id for job in jobs if isinstance(job.task, Send)), "")

    def _unclear(self, settings: Settings) -> int:
        """Return the number of unclear deliveries; 0 during a send, because its open deliveries don't count."""
        return 0 if self._sending(settings) else operations.verify.unclear(settings)

    def _to_hide(self, past: PastRun | None, *, wait: float = A_MOMENT) -> tuple[Hideable | Unread | None, Settings]:
        settings, upload = self._parts.current.settings(), None if past is None else self._upload_of(past)
        if upload is not None:
            settings = upload.settings(settings)
        settings = for_page(settings, upload)
        run = None if past is None else past.run.name
        return self._parts.reading.to_hide(run, upload, settings, wait=wait, undo=_is_undo()), settings


def _is_undo() -> bool:
    """Return whether hidden notes are to be given back."""
    return request.args.get("undo") == "yes"


def _hidden(past: PastRun) -> Message:
    """Return the text about a run's created notes of which some were hidden since."""
    if past.shown:
        return say("page.run.some-hidden", n=past.hidden)
    return say("page.run.all-hidden", n=past.hidden)
