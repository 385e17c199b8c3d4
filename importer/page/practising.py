"""Switch practice on and off, and show the sample sheets and the sandbox's notes.

Input: requests that the guard lets pass. Output: pages. :mod:`importer.page.practice` does the work.
"""

from __future__ import annotations

import shutil

from flask import abort, redirect, render_template, request, url_for

from importer.messages import say
from importer.page.practice import Practice, samples
from importer.page.screens import OPEN_PRACTICE, Page, Screens, refuse, refuse_during, screen

_NOT_STARTED = say("page.problem.practice-not-started")


class Practising(Screens):
    """Screens for practice."""

    @screen("/practice")
    def practice(self) -> Page:
        """Explain practice, and offer the files for a rehearsal; once it has begun, show samples and received notes."""
        current = self._parts.current
        kept = [*self._parts.uploads.of(current.settings().workspace)]
        return render_template("practice.html", practice=current.practice, samples=samples(), kept=kept)

    @screen("/practice/begin", "POST")
    def begin_practice(self) -> Page:
        """Begin practice."""
        for job in self._parts.jobs.under_way:
            refuse_during(job, _NOT_STARTED)
        current = self._parts.current
        if current.practice is None:
            try:
                current.practice = Practice(current.settings(), self._parts.uploads.folder)
            except OSError as error:
                refuse(
                    _NOT_STARTED, say("page.problem.system-error", error=str(error.strerror)), 507, url_for("practice")
                )
        return redirect(url_for("practice"), 303)

    @screen("/practice/end", "POST")
    def end_practice(self) -> Page:
        """End practice and delete its files."""
        for job in self._parts.jobs.under_way:
            refuse_during(job, say("page.problem.practice-continues"))
        current = self._parts.current
        if (practice := current.practice) is not None:
            current.practice = None
            practice.end()
        return redirect(url_for("index"), 303)

    @screen("/practice/sample", "POST")
    def take_sample(self) -> Page:
        """Keep a sample sheet as if a person had dropped it."""
        if self._parts.current.practice is None:
            why = say("page.problem.practice-first")
            refuse(say("page.problem.nothing-imported"), why, 409, url_for("practice"), OPEN_PRACTICE)
        source, _ = samples().get(request.form.get("sample", "")) or abort(404)
        upload = self._parts.uploads.add(source.name, lambda path: shutil.copyfile(source, path))
        return redirect(url_for("check", number=upload.id), 303)
