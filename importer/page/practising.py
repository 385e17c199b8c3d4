"""Practice, switched on and off: sheets to try it with, and what the sandbox holds by now.

Comes in: requests that the guard lets pass. Goes out: pages. What is practised is :mod:`importer.page.practice`'s.
"""

from __future__ import annotations

import shutil

from flask import abort, redirect, render_template, request, url_for

from importer.page.practice import Practice, samples
from importer.page.screens import Page, Parts, Rules, problem, under_way


class Practising:
    """The screens, each a method."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def rules(self) -> Rules:
        """Address, method, screen."""
        return (
            ("/practice", "GET", self.practice),
            ("/practice/begin", "POST", self.begin_practice),
            ("/practice/end", "POST", self.end_practice),
            ("/practice/sample", "POST", self.take_sample),
        )

    def practice(self) -> Page:
        """What practice is; or the sheets, and what the sandbox holds."""
        return render_template("practice.html", practice=self._parts.current.practice, samples=samples())

    def begin_practice(self) -> Page:
        """Practise from now on."""
        for job in self._parts.jobs.under_way:
            return under_way(job, "Practice didn't begin.")
        current = self._parts.current
        if current.practice is None:
            try:
                current.practice = Practice(current.settings(), self._parts.uploads.folder)
            except OSError as error:
                return problem("Practice didn't begin.", f"{error.strerror}.", 507, url_for("practice"))
        return redirect(url_for("practice"), 303)

    def end_practice(self) -> Page:
        """Leave practice, and forget all of it."""
        for job in self._parts.jobs.under_way:
            return under_way(job, "Practice goes on.")
        current = self._parts.current
        if (practice := current.practice) is not None:
            current.practice = None
            practice.end()
        return redirect(url_for("index"), 303)

    def take_sample(self) -> Page:
        """Take a sheet as if it had been dropped."""
        if self._parts.current.practice is None:
            return problem(
                "Nothing was taken.",
                "These sheets are for practice. Begin that first.",
                409,
                url_for("practice"),
                "To practice",
            )
        found = {sample.id: sample.path for sample in samples()}.get(request.form.get("sample", ""))
        if found is None:
            abort(404)
        upload = self._parts.uploads.add(found.name, lambda path: shutil.copyfile(found, path))
        return redirect(url_for("check", number=upload.id), 303)
