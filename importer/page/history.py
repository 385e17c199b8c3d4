"""Runs: what earlier imports into the workspace came to, and what can still be done about them.

Comes in: requests that the guard lets pass. Goes out: pages; what they say, look up, hide and write again comes from
commands. Runs are called as the journal calls them.
"""

from __future__ import annotations

from flask import abort, redirect, render_template, request, send_file, url_for

from importer import commands
from importer.commands.history import PastRun, RunFilter
from importer.models import Result
from importer.page.jobs import UnderWay
from importer.page.reading import A_MOMENT
from importer.page.rendering import without_folders
from importer.page.screens import Page, Parts, Rules, agreed_number, for_page, problem, under_way, why_no_key
from importer.page.tasks import Hide, Hideable, LookUpTask, Rewrite, Send, Unread
from importer.page.uploads import DroppedFile
from importer.settings import Settings

_AT_ONCE = 50
"""So many runs are listed, unless all are asked for."""
_LOOKED_UP = "looked up since: have the results written again, they say what was found"
_MADE = {Result.CREATED, Result.UNCONFIRMED}
"""Rows whose notes are there, or may be."""
_ANOTHER = "The profile or its address has changed since. Look again."


class History:
    """The screens, each a method."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def rules(self) -> Rules:
        """Address, method, screen."""
        return (
            ("/runs", "GET", self.runs),
            ("/runs/look-up", "POST", self.look_up),
            ("/runs/<run>", "GET", self.past_run),
            ("/runs/<run>/results", "GET", self.past_results),
            ("/runs/<run>/rewrite", "POST", self.rewrite),
            ("/runs/<run>/hide", "GET", self.hide),
            ("/runs/<run>/hide/state", "GET", self.is_seen),
            ("/runs/<run>/hide/now", "POST", self.hide_now),
            ("/duplicates", "GET", self.duplicates),
            ("/duplicates/state", "GET", self.duplicates_are_seen),
            ("/duplicates/hide", "POST", self.hide_duplicates),
        )

    def runs(self) -> Page:
        """The runs of the workspace, the latest first."""
        settings, of_all = self._parts.current.settings(), bool(request.args.get("all"))
        past = commands.history.history(settings, RunFilter(last=None if of_all else _AT_ONCE + 1))
        return render_template(
            "runs.html",
            past=past if of_all else past[:_AT_ONCE],
            more=not of_all and len(past) > _AT_ONCE,
            workspace=settings.workspace,
            unclear=self._unclear(settings),
            sending=self._sending(settings),
            elsewhere="" if past else commands.history.elsewhere(settings),
        )

    def past_run(self, run: str) -> Page:
        """One run: its counts, its file, its results, and what can be done about it."""
        settings = self._parts.current.settings()
        past = self._past(run, settings)
        upload, counts = self._upload(past), {Result(result): rows for result, rows in past.run.counts.items()}
        is_first_only = upload is not None and bool(upload.choices.values("first"))
        held_back = is_first_only and past.ended == "finished"
        hidden, shown = commands.hide.hidden_since(past.run, settings) if Result.CREATED in counts else (0, 0)
        since = {Result.CREATED: _hidden(hidden, shown)} if hidden else {}
        unclear = self._unclear(settings) if Result.UNCONFIRMED in counts or not counts else 0
        is_there = bool(shown or not hidden)
        if not unclear:
            since[Result.UNCONFIRMED] = _LOOKED_UP
        return render_template(
            "run.html",
            past=past,
            upload=upload,
            unclear=unclear,
            sending=self._sending(settings),
            counts=[
                (result, rows, since.get(result, said))
                for result, rows, said in commands.report_messages.of_past(_in_order(counts), held_back=held_back)
            ],
            results=upload.results_of(run) if upload is not None else None,
            left=not counts or any(counts.get(result) for result in (Result.NOT_SENT, Result.UNCONFIRMED)),
            may_hide=is_there and past.ended != "declined" and (not counts or not _MADE.isdisjoint(counts)),
        )

    def past_results(self, run: str) -> Page:
        """The results of a run, as they were written."""
        upload = self._upload(self._past(run, self._parts.current.settings()))
        results = upload.results_of(run) if upload is not None else None
        if results is None:
            abort(404)
        return send_file(results, as_attachment=True, download_name=results.name)

    # -- what is done -------------------------------------------------------------------------------------------

    def look_up(self) -> Page:
        """Look up what is unclear in the workspace."""
        settings = for_page(self._parts.current.with_key())
        if request.form.get("workspace") != str(settings.workspace):
            return problem("Nothing was looked up.", _ANOTHER, 409, url_for("runs"))
        return self._begin(LookUpTask(settings), "Nothing was looked up.")

    def rewrite(self, run: str) -> Page:
        """Write the results of a run again, from its file: the one that is kept, or one that is handed over."""
        past, back = self._past(run, self._parts.current.settings()), url_for("past_run", run=run)
        upload = self._upload(past)
        try:
            given = self._parts.handed_over()
        except OSError as error:
            return problem("The file could not be kept.", f"{error.strerror}.", 507, back)
        if given is not None and given.fingerprint != past.run.fingerprint:
            if given.workspace is None:
                self._parts.uploads.forget(given)
            why = f"is not what this run imported ({without_folders(past.run.file)}), or has changed since."
            return problem("That isn't its file.", f"{given.name} {why}", 400, back)
        upload = upload or given
        if upload is None:
            return problem("No file was chosen.", "Choose the file that this run imported.", 400, back)
        settings = for_page(upload.choices.applied(self._parts.current.settings()), upload)
        task = Rewrite(settings, upload.folder, upload.name, run)
        return self._begin(task, "Nothing was written.", upload)

    def hide(self, run: str) -> Page:
        """What would be hidden of a run, and the question whether it is to be."""
        return self._asked(self._past(run, self._parts.current.settings()))

    def is_seen(self, run: str) -> Page:
        """Whether it is known by now what would be hidden."""
        found, _ = self._to_hide(self._past(run, self._parts.current.settings()), wait=0)
        return {"reload": found is not None}  # type: ignore[return-value]

    def hide_now(self, run: str) -> Page:
        """Hide what was agreed to of a run."""
        return self._hide(self._past(run, self._parts.current.settings()))

    def duplicates(self) -> Page:
        """What would be hidden of notes that are there more than once, and the question whether it is to be."""
        return self._asked(None)

    def duplicates_are_seen(self) -> Page:
        """Whether that is known by now."""
        found, _ = self._to_hide(None, wait=0)
        return {"reload": found is not None}  # type: ignore[return-value]

    def hide_duplicates(self) -> Page:
        """Hide what was agreed to of notes that are there more than once."""
        return self._hide(None)

    # -- what they share ----------------------------------------------------------------------------------------

    def _past(self, run: str, settings: Settings) -> PastRun:
        return next(iter(commands.history.history(settings, RunFilter(name=run))), None) or abort(404)

    def _upload(self, past: PastRun) -> DroppedFile | None:
        return self._parts.uploads.of_run(past.run.fingerprint, past.run.workspace)

    def _sending(self, settings: Settings) -> str:
        """The job that sends into the workspace just now, if one does."""
        jobs = [job for job in self._parts.jobs.under_way if job.workspace == settings.workspace]
        return next((job.id for job in jobs if isinstance(job.task, Send)), "")

    def _unclear(self, settings: Settings) -> int:
        """How much is to be looked up; what is being sent just now isn't unclear."""
        return 0 if self._sending(settings) else commands.verify.unclear(settings)

    def _begin(self, task: LookUpTask | Rewrite | Hide, otherwise: str, upload: DroppedFile | None = None) -> Page:
        try:
            job = self._parts.begin(task, upload, upload.choices if upload is not None else None)
        except UnderWay as error:
            if error.job.task == task:  # the button was pressed twice
                return redirect(url_for("job", number=error.job.id), 303)
            return under_way(error.job, otherwise)
        return redirect(url_for("job", number=job.id), 303)

    def _to_hide(self, past: PastRun | None, *, wait: float = A_MOMENT) -> tuple[Hideable | Unread | None, Settings]:
        settings, upload = self._parts.current.settings(), None if past is None else self._upload(past)
        if upload is not None:
            settings = upload.choices.applied(settings)
        settings = for_page(settings, upload)
        run = None if past is None else past.run.name
        return self._parts.reading.to_hide(run, upload, settings, wait=wait), settings

    def _asked(self, past: PastRun | None) -> Page:
        found, settings = self._to_hide(past)
        if isinstance(found, Unread):
            return problem("That can't be looked at.", found.why, 409, url_for("runs"))
        if found is None:
            return render_template("looking.html", past=past)
        return render_template(
            "hide.html", past=past, found=found, settings=settings, no_key=why_no_key(self._parts.current)
        )

    def _hide(self, past: PastRun | None) -> Page:
        settings = for_page(self._parts.current.with_key())
        again = url_for("duplicates") if past is None else url_for("hide", run=past.run.name)
        if request.form.get("workspace") != str(settings.workspace):
            return problem("Nothing was changed.", _ANOTHER, 409, again)
        expected = agreed_number(request.form.get("expected", ""))
        if expected is None or request.form.get("agreed") != "yes":
            return problem("Nothing was changed.", "It wasn't ticked that these notes are meant.", 400, again)
        return self._begin(Hide(settings, None if past is None else past.run.name, expected), "Nothing was changed.")


def _hidden(hidden: int, shown: int) -> str:
    """What is said of the notes that a run created, where some were hidden since."""
    which = f"{hidden:,} of the notes were" if shown else "the notes were" if hidden > 1 else "the note was"
    return f"{which} hidden since: {'private drafts' if hidden > 1 else 'a private draft'} now"


def _in_order(counts: dict[Result, int]) -> dict[Result, int]:
    return {result: counts[result] for result in Result if counts.get(result)}
