"""Keep what a person drops: a sheet, a sample sheet to practise with, attachments. Forget it again.

Input: requests that the guard lets pass. Output: pages. A sample is practised like any file, but is never sent.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from flask import Response, abort, redirect, render_template, request, url_for

from importer import operations
from importer.messages import say
from importer.page.screens import Page, Screens, refuse, screen, why_no_key
from importer.page.uploads import DroppedFile, folded, is_fit, name_of
from importer.practice import SAMPLES

_MOST = 1_000
"""Maximum number of attachments in one request."""
_MOST_BYTES = 2 << 30
"""Maximum size of one request, in bytes."""
_SHOWS = {
    "1-webinar-followup.csv": say("page.practice.plain-list"),
    "2-crm-export.xlsx": say("page.practice.workbook"),
    "3-hubspot-export.csv": say("page.practice.by-email"),
    "4-salesforce-report.csv": say("page.practice.unusual"),
}


class Dropping(Screens):
    """Screens that take a file, or remove it."""

    @screen("/")
    def index(self) -> Page:
        """Show the first screen, where a file is dropped."""
        return render_template(
            "import.html",
            workspace=self._workspace,
            kept=list(self._parts.uploads.of(self._workspace)),
            samples=_SHOWS,
            lacks_key=bool(why_no_key(self._parts.current)),
        )

    @screen("/template.xlsx")
    def template(self) -> Page:
        """Download the workbook to fill in."""
        sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        with tempfile.TemporaryDirectory() as folder:
            made = operations.template.write(Path(folder) / "notes.xlsx").path.read_bytes()
        response = Response(made, mimetype=sheet)
        response.headers.set("Content-Disposition", "attachment", filename="notes.xlsx")
        return response

    @screen("/file", "POST")
    def add(self) -> Page:
        """Keep a dropped file. Answers about an earlier drop count."""
        request.max_content_length = _MOST_BYTES
        file = request.files.get("file")
        if file is None or not file.filename:
            refuse(say("page.problem.no-file"), say("page.problem.choose-file"), 400)
        upload = self._parts.uploads.add(file.filename, file.save)
        self._parts.uploads.open_for(upload, self._workspace)
        return redirect(url_for("check", number=upload.id), 303)

    @screen("/file/<number>/forget", "POST")
    def forget(self, number: str) -> Page:
        """Remove a file and its results. The record of its deliveries stays."""
        upload = self._upload(number)
        self._refuse_while_used(upload, say("hide.nothing-changed"))
        self._parts.uploads.forget(upload)
        self._parts.reading.forget(upload)
        return redirect(url_for("index"), 303)

    @screen("/sample", "POST")
    def take_sample(self) -> Page:
        """Keep a sample sheet as if a person had dropped it."""
        name = request.form.get("sample", "")
        if name not in _SHOWS:
            abort(404)
        upload = self._parts.uploads.add(name, lambda path: shutil.copyfile(SAMPLES / name, path))
        return redirect(url_for("check", number=upload.id), 303)

    @screen("/file/<number>/attachments", "POST")
    def attach(self, number: str) -> Page:
        """Keep the dropped files. A file replaces an earlier file with the same name.

        If two files in one request have the same name, none is kept, because a cell may mean either.
        """
        upload = self._upload(number)
        back = url_for("check", number=upload.id)
        request.max_form_parts, request.max_content_length = _MOST, _MOST_BYTES
        files = [file for file in request.files.getlist("attachments") if file.filename]
        if not files:
            refuse(say("page.problem.no-file"), say("page.problem.choose-file"), 400, back)
        self._refuse_while_used(upload, say("hide.nothing-changed"))
        names = [name_of(str(file.filename)) for file in files]
        counts = Counter(map(folded, names))
        if unfit := [name for name in names if counts[folded(name)] > 1 or not is_fit(name)]:
            refuse(
                say("page.problem.unfit-name"), say("page.problem.rename-it", files=tuple(map(repr, unfit))), 400, back
            )
        try:
            for file, name in zip(files, names, strict=True):
                upload.attach(name, file.save)
        finally:
            self._parts.reading.forget(upload)
        return redirect(back, 303)

    @screen("/file/<number>/attachments/remove", "POST")
    def detach(self, number: str) -> Page:
        """Remove a file."""
        upload = self._upload(number)
        self._refuse_while_used(upload, say("hide.nothing-changed"))
        upload.detach(request.form.get("name", ""))
        self._parts.reading.forget(upload)
        return redirect(url_for("check", number=upload.id), 303)


def is_sample(upload: DroppedFile) -> bool:
    """Return whether a file is a sample sheet, which must never be sent."""
    return upload.fingerprint in _fingerprints()


@functools.cache
def _fingerprints() -> frozenset[str]:
    return frozenset(hashlib.sha256((SAMPLES / name).read_bytes()).hexdigest() for name in _SHOWS)
