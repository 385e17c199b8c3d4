"""A job under way, and how it ended: watched, stopped, its results taken.

Comes in: requests that the guard lets pass. Goes out: pages, and how far a job is for those that are open.
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
    LookUpTask.kind: "Looking up what was unclear",
    Hide.kind: "Hiding notes",
    Rewrite.kind: "Results, written again",
}


class Working:
    """The screens, each a method."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def rules(self) -> Rules:
        """Address, method, screen."""
        return (
            ("/job/<number>", "GET", self.job),
            ("/job/<number>/state", "GET", self.state),
            ("/job/<number>/stop", "POST", self.stop),
            ("/job/<number>/results", "GET", self.results),
        )

    def job(self, number: str) -> Page:
        """How far a job is, or how it ended."""
        job = self._parts.job(number)
        if job.ended is None:
            return render_template("working.html", job=job, state=_state(job), doing=_doing(job), under_way=[])
        there = job.ended.results is not None and job.ended.results.is_file()
        if isinstance(job.task, Send):
            current = self._parts.current
            is_refused = any(
                "api.key-refused" in as_message(said).kinds() for said in (job.ended.error, *job.ended.why)
            )
            key = current.key_place() if is_refused and current.practice is None else None
            return render_template("results.html", job=job, ended=job.ended, there=there, key=key)
        return render_template("done.html", job=job, ended=job.ended, there=there, what=_DONE[job.task.kind])

    def state(self, number: str) -> Page:
        """How far it is, for a page that is open."""
        return _state(self._parts.job(number))  # type: ignore[return-value]

    def stop(self, number: str) -> Page:
        """Ask it to end in good order."""
        self._parts.job(number).stop(say("page.stopped"))
        return redirect(url_for("job", number=number), 303)

    def results(self, number: str) -> Page:
        """The results that it wrote."""
        job = self._parts.job(number)
        if job.ended is None or job.ended.results is None or not job.ended.results.is_file():
            abort(404)
        return send_file(job.ended.results, as_attachment=True, download_name=job.ended.results.name)


def _state(job: Job) -> dict[str, object]:
    """How far a job is, in words, and as numbers for its bar."""
    progress = job.progress
    total = job.expected or (progress.rows if progress is not None else 0)
    settled = min(progress.settled, total) if progress is not None else 0
    seconds = time.monotonic() - job.began_at
    if job.stopping:
        said = "Stopping: what is under way is finished first."
    elif progress is None:
        said = "It begins."
    else:
        parts = 10 * (10 * settled // max(total, 1))  # a reader of the screen needn't hear of every note
        said = f"{parts} % of the notes are done{'; it is held up' if progress.gives_up_in is not None else ''}."
    holds = rendering.what_holds_it_up(progress) if progress is not None else None
    return {
        "reload": job.ended is not None,
        "status": said,
        "settled": settled,
        "total": total,
        "done": words(say("progress.done", settled=settled, notes=rendering.count(total, "note"))) if total else "",
        "counts": rendering.in_result_words(progress.ended) if progress is not None else "",
        "pace": words(rendering.pace(settled, seconds)),
        "left": words(rendering.time_left(progress)) if progress is not None else "",
        "holds": words(holds),
    }


def _doing(job: Job) -> str:
    """What is under way, as a heading."""
    name = job.upload.name if job.upload is not None else ""
    return {
        Send.kind: f"Sending {name}",
        LookUpTask.kind: "Looking up what is unclear",
        Hide.kind: "Making notes private drafts",
        Rewrite.kind: f"Writing the results of {name} again",
    }[job.task.kind]
