"""Show a job and how it ended: progress, stop, results.

Input: requests that the guard lets pass. Output: pages, and the progress of a job for open pages.
"""

from __future__ import annotations

import time

from flask import abort, redirect, render_template, send_file, url_for

from importer.commands import rendering
from importer.messages import as_message, say
from importer.page.jobs import Job
from importer.page.rendering import words
from importer.page.screens import Page, Parts, Rules
from importer.page.tasks import Hide, LookUpTask, Rewrite, Send

_DONE = {
    LookUpTask.kind: "Looking up unconfirmed notes",
    Hide.kind: "Hiding notes",
    Rewrite.kind: "Writing the results again",
}


class Working:
    """Screens of a job."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def rules(self) -> Rules:
        """Routes of these screens: address, method, screen."""
        return (
            ("/job/<number>", "GET", self.job),
            ("/job/<number>/state", "GET", self.state),
            ("/job/<number>/stop", "POST", self.stop),
            ("/job/<number>/results", "GET", self.results),
        )

    def job(self, number: str) -> Page:
        """Show the job's progress, or how it ended."""
        job = self._parts.job(number)
        if job.ended is None:
            return render_template("working.html", job=job, state=_state(job), doing=_doing(job), under_way=[])
        has_results = job.ended.results is not None and job.ended.results.is_file()
        if isinstance(job.task, Send):
            current = self._parts.current
            is_refused = any(
                "api.key-refused" in as_message(text).kinds() for text in (job.ended.error, *job.ended.why)
            )
            key = current.key_place() if is_refused and current.practice is None else None
            return render_template("results.html", job=job, ended=job.ended, there=has_results, key=key)
        return render_template("done.html", job=job, ended=job.ended, there=has_results, what=_DONE[job.task.kind])

    def state(self, number: str) -> Page:
        """Return the job's progress for an open page."""
        return _state(self._parts.job(number))  # type: ignore[return-value]

    def stop(self, number: str) -> Page:
        """Ask the job to stop in good order."""
        self._parts.job(number).stop(say("page.stopped"))
        return redirect(url_for("job", number=number), 303)

    def results(self, number: str) -> Page:
        """Download the results that the job wrote."""
        job = self._parts.job(number)
        if job.ended is None or job.ended.results is None or not job.ended.results.is_file():
            abort(404)
        return send_file(job.ended.results, as_attachment=True, download_name=job.ended.results.name)


def _state(job: Job) -> dict[str, object]:
    """Return a job's progress, in words, and as numbers for the progress bar."""
    progress = job.progress
    total = job.expected or (progress.rows if progress is not None else 0)
    settled = min(progress.settled, total) if progress is not None else 0
    seconds = time.monotonic() - job.began_at
    if job.stopping:
        status = "Stopping. Current requests are finished first."
    elif progress is None:
        status = "Starting."
    else:
        percent = 10 * (10 * settled // max(total, 1))  # few steps, for screen readers
        status = f"{percent} % of the notes are done{'; waiting' if progress.gives_up_in is not None else ''}."
    delay = rendering.what_holds_it_up(progress) if progress is not None else None
    return {
        "reload": job.ended is not None,
        "status": status,
        "settled": settled,
        "total": total,
        "done": words(say("progress.done", settled=settled, notes=rendering.count(total, "note"))) if total else "",
        "counts": rendering.in_result_words(progress.ended) if progress is not None else "",
        "pace": words(rendering.pace(settled, seconds)),
        "left": words(rendering.time_left(progress)) if progress is not None else "",
        "holds": words(delay),
    }


def _doing(job: Job) -> str:
    """Return a heading that says what a job is doing."""
    name = job.upload.name if job.upload is not None else ""
    return {
        Send.kind: f"Sending {name}",
        LookUpTask.kind: "Looking up unconfirmed notes",
        Hide.kind: "Hiding notes",
        Rewrite.kind: f"Writing the results of {name} again",
    }[job.task.kind]
