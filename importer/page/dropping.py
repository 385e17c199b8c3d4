"""Keep what a person drops: a sheet, a sample sheet to practise with, attachments. Forget it again.

Input: requests that the guard lets pass. Output: pages. A sample is practised like any file, but is never sent.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
from collections import Counter
from pathlib import Path
from typing import NoReturn

from flask import Response, abort, redirect, render_template, request, send_file, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from importer.messages import Message, say, some
from importer.page.reading import A_MOMENT, PATIENCE, Unread, template
from importer.page.rendering import words
from importer.page.screens import Page, Screens, refuse, screen, why_no_key
from importer.page.uploads import DroppedFile, folded, name_of
from importer.practice import SAMPLES

_MOST = 1_000
"""Maximum number of attachments in one request."""
_MOST_BYTES = 2 << 30
"""Maximum size of one request with attachments, in bytes."""
_SMALL = 1_000_000
"""Size, in bytes, below which a file is read in a moment, once the process for that has begun."""
_NOT_SAVED = say("page.problem.files-not-saved")
_MOST_NAMED = 5  # maximum number of listed names of replaced attachments
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
            samples=samples(),
            lacks_key=bool(why_no_key(self._parts.current)),
        )

    @screen("/template.xlsx")
    def template(self) -> Page:
        """Download the workbook to fill in."""
        sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        made = self._parts.reading.done(template)
        if isinstance(made, Unread):
            refuse(say("page.problem.went-wrong"), made.why, 500)
        response = Response(made, mimetype=sheet)
        response.headers.set("Content-Disposition", "attachment", filename="notes.xlsx")
        return response

    @screen("/file", "POST")
    def add(self) -> Page:
        """Keep a dropped file, unless it is soon found useless. Answers about an earlier drop count."""
        upload = self._handed_over(reason="page.problem.system-error-nothing-sent")
        if upload is None:
            refuse(say("page.problem.no-file"), say("page.problem.choose-file"), 400)
        is_small = upload.path.stat().st_size < _SMALL
        self._parts.uploads.open_for(upload, self._workspace)
        found, *_ = self._look(upload, wait=PATIENCE if is_small else A_MOMENT)
        if isinstance(found, Unread) and found.is_useless and upload.workspace is None and not upload.attached:
            self._parts.uploads.forget(upload)
            self._parts.reading.forget(upload)
            refuse(say("page.unread.not-kept"), found.why, 400)
        return redirect(url_for("check", number=upload.id), 303)

    @screen("/file/<number>/original")
    def original(self, number: str) -> Page:
        """Download the file as it was dropped."""
        upload = self._upload(number)
        if not upload.path.is_file():
            abort(404)
        return send_file(upload.path, "application/octet-stream", as_attachment=True, download_name=upload.name)

    @screen("/file/<number>/forget", "POST")
    def forget(self, number: str) -> Page:
        """Remove a file and its results. The record of its deliveries stays."""
        upload = self._upload(number)
        self._refuse_while_used(upload, say("page.problem.nothing-forgotten"))
        self._parts.uploads.forget(upload)
        self._parts.reading.forget(upload)
        return redirect(url_for("index"), 303)

    @screen("/sample", "POST")
    def take_sample(self) -> Page:
        """Keep a sample sheet as if a person had dropped it."""
        source, _ = samples().get(request.form.get("sample", "")) or abort(404)
        upload = self._parts.uploads.add(source.name, lambda path: shutil.copyfile(source, path))
        return redirect(url_for("check", number=upload.id), 303)

    @screen("/file/<number>/attachments", "POST")
    def attach(self, number: str) -> Page:
        """Keep the dropped files. A file replaces an earlier file with the same name, and the Check screen says so.

        If two files in one request have the same name, none is kept, because a cell may mean either.
        """
        upload = self._upload(number)
        back = url_for("check", number=upload.id)
        try:
            files = _dropped()
        except RequestEntityTooLarge:
            title = say("page.problem.too-many-files")
            refuse(title, say("page.problem.most-files", most=_MOST), 413, back)
        except OSError as error:
            _refuse_unsaved(_NOT_SAVED, error, back)
        if not files:
            refuse(say("page.problem.no-file"), say("page.problem.choose-files"), 400, back)
        self._refuse_while_used(upload, say("hide.nothing-changed"))
        names = [name_of(str(file.filename)) for file in files]
        counts = Counter(map(folded, names))
        if duplicates := [name for name in names if counts[folded(name)] > 1]:
            why = say("page.problem.rename-one", files=tuple(map(repr, sorted(duplicates))))
            refuse(say("page.problem.same-name"), why, 400, back)
        present = {folded(name) for name, _ in upload.attached}
        replaced = [name for name in names if folded(name) in present]
        try:
            unfit = [file.filename for file in files if not upload.attach(str(file.filename), file.save)]
        except OSError as error:
            _refuse_unsaved(_NOT_SAVED, error, back)
        finally:
            self._parts.reading.forget(upload)
        if unfit:
            why = say("page.problem.rename-it", files=tuple(map(repr, unfit)))
            refuse(say("page.problem.unfit-name"), why, 400, back)
        said = words(say("names", names=some(replaced, _MOST_NAMED))) if replaced else None
        return redirect(url_for("check", number=upload.id, replaced=said), 303)

    @screen("/file/<number>/attachments/remove", "POST")
    def detach(self, number: str) -> Page:
        """Remove a file."""
        upload = self._upload(number)
        self._refuse_while_used(upload, say("hide.nothing-changed"))
        upload.detach(request.form.get("name", ""))
        self._parts.reading.forget(upload)
        return redirect(url_for("check", number=upload.id), 303)


def _dropped() -> list[FileStorage]:
    """Return the files in the form.

    Raises:
        RequestEntityTooLarge: there are too many files, or they are too large.
        OSError: the files can't be kept.
    """
    request.max_form_parts = _MOST
    request.max_content_length = _MOST_BYTES
    return [file for file in request.files.getlist("attachments") if file.filename]


def _refuse_unsaved(title: Message, error: OSError, back: str) -> NoReturn:
    refuse(title, say("page.problem.system-error-nothing-sent", error=str(error.strerror)), 507, back)


def samples() -> dict[str, tuple[Path, Message]]:
    """Return the sample sheets that are installed: ID in forms → path, and what a person can see with the sheet."""
    sheets = {str(number): (SAMPLES / name, shows) for number, (name, shows) in enumerate(_SHOWS.items(), 1)}
    return {number: sheet for number, sheet in sheets.items() if sheet[0].is_file()}


def is_sample(upload: DroppedFile) -> bool:
    """Return whether a file is a sample sheet, which must never be sent."""
    return upload.fingerprint in _fingerprints()


@functools.cache
def _fingerprints() -> frozenset[str]:
    return frozenset(hashlib.sha256(path.read_bytes()).hexdigest() for path, _ in samples().values())
