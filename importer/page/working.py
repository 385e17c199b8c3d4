"""Show a job and how it ended: progress, stop, results. Quit the program, which asks first if a job is under way.

Input: requests that the guard lets pass. Output: pages, and the progress of a job for open pages. Of a run's rows, a
screen shows those that a person asks for, else those that need attention.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from flask import Response, abort, current_app, redirect, render_template, request, send_file, url_for

from importer.importing import wording
from importer.messages import say
from importer.models import Result
from importer.page.jobs import Job
from importer.page.rendering import words
from importer.page.screens import Page, Parts, Screens, is_key_refused, screen, whole_number
from importer.page.tasks import Practise, Send, rows_path
from importer.telling import rendering
from importer.telling.result_rows import TO_FIX, RowPage, read

_LONG = 10.0  # seconds without a reply from which their number is shown, and no remaining time
_GRACE = 5.0  # seconds in which the browser may still request the last page's style sheet

_LONGEST = 200  # maximum number of characters that are searched for


@dataclass(frozen=True)
class ShownRows:
    """Rows that a screen shows.

    Attributes:
        result, words: what a person asks for; empty for any.
        found: the rows that match; None if nothing is asked for, and some rows need attention.
        to_fix, unclear: the first rows to be corrected, and those to be looked up.
    """

    result: str
    words: str
    found: RowPage | None
    to_fix: RowPage
    unclear: RowPage

    def query(self, *, result: str | None = None, page: int = 1) -> str:
        """Return the query of an address for another result, or for another page."""
        asked = {"result": self.result if result is None else result, "words": self.words}
        return "?" + urlencode({**asked, **({"page": page} if page > 1 else {})})


def shown(path: Path, asked: Mapping[str, str]) -> ShownRows | None:
    """Return the rows that a screen shows; None if they aren't kept.

    Args:
        path: the file of the run's rows.
        asked: the fields of the address.
    """
    result, words = asked.get("result", ""), asked.get("words", "").strip()[:_LONGEST]
    to_fix, unclear = read(path, TO_FIX), read(path, Result.UNCONFIRMED)
    if to_fix is None or unclear is None:
        return None
    if asked.keys().isdisjoint(("result", "words", "page")) and to_fix.total + unclear.total:
        return ShownRows(result, words, None, to_fix, unclear)
    found = read(path, result, words, whole_number(asked.get("page", "")) or 1)
    return None if found is None else ShownRows(result, words, found, to_fix, unclear)


class Working(Screens):
    """Screens of a job."""

    @screen("/job/<number>")
    def job(self, number: str) -> Page:
        """Show the job's progress, or how it ended."""
        job = self._job(number)
        if job.ended is None:
            return render_template("working.html", job=job, state=_state(job), under_way=[])
        has_results = job.ended.results is not None and job.ended.results.is_file()
        in_words = rendering.in_result_words({result: rows for result, rows, _ in job.ended.counts})
        if not isinstance(job.task, Send):
            return render_template("done.html", job=job, ended=job.ended, there=has_results, in_words=in_words)
        current = self._parts.current
        key = current.key_place() if is_key_refused(job.ended) else None
        rows = shown(rows_path(job.task.folder, job.ended.run), request.args) if job.ended.run else None
        return render_template(
            "results.html", job=job, ended=job.ended, there=has_results, key=key, shown=rows, in_words=in_words
        )

    @screen("/job/<number>/state")
    def state(self, number: str) -> Page:
        """Return the job's progress for an open page."""
        return _state(self._job(number))

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

    @screen("/job/<number>/people.csv")
    def people(self, number: str) -> Page:
        """Download the list of the people who aren't in Saleshandy yet, for Saleshandy's own prospect importer."""
        ended = self._job(number).ended
        return _download(ended.people if ended else None)


class Leaving(Screens):
    """Screens for quitting."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._is_ending = False

    @screen("/quit", "POST")
    def quit(self) -> Page:
        """End the program. If jobs are under way, ask for confirmation first."""
        jobs = self._parts.jobs.under_way
        if jobs and request.form.get("stop") != "yes":
            return render_template("quit.html", jobs=jobs, under_way=[])
        self._is_ending = True
        timer = threading.Timer(_GRACE, self._parts.end)
        timer.daemon = True
        timer.start()
        return render_template("ended.html", jobs=jobs)

    @screen("/quit/page.css")
    def last_style(self) -> Page:
        """Send the style sheet of the last page, then end the program, because nothing more is needed."""
        if not self._is_ending:
            abort(404)
        style = Path(current_app.static_folder or "", "page.css").read_bytes()
        response = Response(style, mimetype="text/css")
        response.call_on_close(self._parts.end)
        return response


def _download(path: Path | None) -> Page:
    if path is None or not path.is_file():
        abort(404)
    return send_file(path, as_attachment=True, download_name=path.name)


def _state(job: Job) -> dict[str, object]:
    """Return a job's progress, in words, and as numbers for the progress bar."""
    progress = job.progress
    total = job.expected or (progress.rows if progress is not None else 0)
    settled = min(progress.settled, total) if progress is not None else 0
    seconds = time.monotonic() - job.began_at
    if job.stopping:
        status = say("page.working.stopping")
    elif progress is None:
        status = say("page.working.starting")
    else:
        percent = 100 * settled // max(total, 1)
        kind = "page.working.done-waiting" if progress.gives_up_in is not None else "page.working.done"
        status = say(kind, percent=percent)
    delay = rendering.what_holds_it_up(progress) if progress is not None else say("page.working.reads")
    left = rendering.time_left(progress) if progress is not None else None
    if delay is None and not isinstance(job.task, Practise):
        delay, waited = say("page.working.waits"), time.monotonic() - job.moved_at
        if isinstance(job.task, Send) and waited >= _LONG:  # nothing shows any more how long the rest takes
            delay, left = say("page.working.waits-long", time=wording.taken(waited)), None
    return {
        "reload": job.ended is not None,
        "status": words(status),
        "percent": words(say("page.working.percent", percent=100 * settled // total)) if total else "",
        "settled": settled,
        "total": total,
        "done": words(say("progress.done", settled=settled, notes=wording.count(total, "note"))) if total else "",
        "counts": words(rendering.in_result_words(progress.ended)) if progress is not None else "",
        "pace": words(rendering.pace(settled, seconds)),
        "left": words(left),
        "holds": words(delay),
    }
