"""Import a file: drop it, with its attachments, read, check, confirm, send; or forget it.

Input: requests that the guard lets pass. Output: pages. The facts on them come from :mod:`importer.importing`. The
answers about a file are its state. A form holds only the digest of the state that its tab showed. A sample sheet is
practised like any file, but is never sent.
"""

from __future__ import annotations

import functools
import hashlib
import io
import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from flask import abort, redirect, render_template, request, send_file, url_for

from importer import operations
from importer.errors import ImporterError
from importer.importing import workspaces
from importer.messages import say
from importer.models import Result, Role, Workspace
from importer.page import form
from importer.page.jobs import Send
from importer.page.reading import Unread
from importer.page.screens import Page, Screens, refuse, screen, why_no_key
from importer.page.uploads import Answers, DroppedFile, applied, folded, in_order, is_fit, name_of, pairs_of
from importer.practice import SAMPLES
from importer.settings.readings import HELD
from importer.telling import preview_messages
from importer.telling.preview_messages import Described
from importer.telling.rendering import LineKind

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
_NOTHING_CHANGED, _NOTHING_SENT = say("hide.nothing-changed"), say("questions.nothing-sent")


class ImportScreens(Screens):
    """Screens of an import."""

    @screen("/")
    def index(self) -> Page:
        """Show the first screen, where a file is dropped."""
        workspace = self._parts.current.settings().workspace
        return render_template(
            "import.html",
            workspace=workspace,
            kept=list(self._parts.uploads.of(workspace)),
            samples=_SHOWS,
            lacks_key=bool(why_no_key(self._parts.current)),
        )

    @screen("/template.xlsx")
    def template(self) -> Page:
        """Download the workbook to fill in."""
        with tempfile.TemporaryDirectory() as folder:
            made = operations.template.write(Path(folder) / "notes.xlsx").path.read_bytes()
        return send_file(io.BytesIO(made), as_attachment=True, download_name="notes.xlsx")

    @screen("/file", "POST")
    def add(self) -> Page:
        """Keep a dropped file. Answers about an earlier drop count."""
        request.max_content_length = _MOST_BYTES
        file = request.files.get("file")
        if file is None or not file.filename:
            refuse(say("page.problem.no-file"), say("page.problem.choose-file"), 400)
        upload = self._parts.uploads.add(file.filename, file.save)
        self._parts.uploads.open_for(upload, self._parts.current.settings().workspace)
        return redirect(url_for("check", number=upload.id), 303)

    @screen("/file/<number>/forget", "POST")
    def forget(self, number: str) -> Page:
        """Remove a file and its results. The record of its deliveries stays."""
        upload = self._upload(number)
        self._refuse_while_used(upload, _NOTHING_CHANGED)
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
        """Keep dropped files, each in place of one with its name; none if two have the same name."""
        upload = self._upload(number)
        back = url_for("check", number=upload.id)
        request.max_form_parts, request.max_content_length = _MOST, _MOST_BYTES
        files = [file for file in request.files.getlist("attachments") if file.filename]
        if not files:
            refuse(say("page.problem.no-file"), say("page.problem.choose-file"), 400, back)
        self._refuse_while_used(upload, _NOTHING_CHANGED)
        names = [name_of(str(file.filename)) for file in files]
        counts = Counter(map(folded, names))
        if unfit := [name for name in names if counts[folded(name)] > 1 or not is_fit(name)]:
            why = say("page.problem.rename-it", files=tuple(map(repr, unfit)))
            refuse(say("page.problem.unfit-name"), why, 400, back)
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
        self._refuse_while_used(upload, _NOTHING_CHANGED)
        upload.detach(request.form.get("name", ""))
        self._parts.reading.forget(upload)
        return redirect(url_for("check", number=upload.id), 303)

    @screen("/file/<number>")
    def check(self, number: str) -> Page:
        """Show how the file was read, its problems, and the open questions."""
        upload = self._upload(number)
        overview, answers, settings = self._look(upload)
        if overview is None:
            return still_reading(upload)
        context = {"upload": upload, "settings": settings, "found": overview}
        if isinstance(overview, Unread):
            return render_template("unread.html", **context, questions=form.questions(overview.questions))
        upload.invalid = overview.expected.counts.get(Result.INVALID, 0)
        return render_template(
            "check.html",
            **context,
            **_lines(overview),
            form=form.CheckForm(overview, upload.state.answers, answers, settings),
            about=preview_messages.about(overview),
            offer=None if Role.CONTENT in self._parts.current.settings().mapping else overview.offer,
            wants_files=Role.ATTACHMENTS in overview.roles or upload.attached,
            folder=self._parts.current.settings().attachments,
            is_new=overview.mapping and any(name in HELD for name, _ in answers),
            is_changed=request.args.get("changed"),
            corrections=upload.state.corrections(settings),
            is_sample=is_sample(upload),
            lacks_key=overview.to_look_up and why_no_key(self._parts.current),
        )

    @screen("/file/<number>/choose", "POST")
    def choose(self, number: str) -> Page:
        """Keep what a person chose, and continue, unless the screen showed something else; then show it again."""
        upload = self._upload(number)
        back, pressed = url_for("check", number=number), request.form.getlist("answer")
        found, shown, settings = self._seen(upload, _NOTHING_CHANGED, back)
        before = upload.state.answers
        if "again" in request.form:
            answers: Answers = ()
        elif isinstance(found, Unread):
            chosen = (request.form.get(field.id, "") for field in form.questions(found.questions))
            answers = in_order([*before, *pairs_of(chosen)])
        else:
            answers = form.CheckForm(found, before, shown, settings).after(request.form, pressed)
        is_changed = answers != before
        if is_changed:
            applied(answers, self._parts.current.settings())  # refuses what no setting can be
            self._change(upload, lambda state: replace(state, answers=answers), _NOTHING_CHANGED, back)
        if "update" in dict(pairs_of(pressed)) or ("next" in request.form and not is_changed):
            return redirect(url_for("confirm", number=number), 303)
        if "next" in request.form:
            return redirect(f"{back}?changed=yes", 303)
        return redirect(back, 303)

    @screen("/file/<number>/confirm")
    def confirm(self, number: str) -> Page:
        """Show what would be sent, and ask for confirmation."""
        upload = self._upload(number)
        own = upload.state.answers
        overview, answers, settings = self._look(upload)
        if overview is None:
            return still_reading(upload)
        if isinstance(overview, Unread) or not overview.can_be_sent or is_sample(upload):
            return redirect(url_for("check", number=number), 303)
        return render_template(
            "confirm.html",
            **_lines(overview),
            mapping=preview_messages.columns(overview),
            likely={form.role_of(pair) for pair in answers if pair not in own},
            upload=upload,
            found=overview,
            settings=settings,
            no_key=why_no_key(self._parts.current),
        )

    @screen("/file/<number>/continue", "POST")
    def continue_as(self, number: str) -> Page:
        """Continue with the deliveries of another workspace, as a person says, and show the Confirm screen again."""
        upload, back = self._upload(number), url_for("confirm", number=number)
        settings = self._with_key(_NOTHING_CHANGED, back)
        profile, _, address = request.form.get("meant", "").rpartition(" at ")
        try:
            workspaces.confirm(settings, Workspace(profile, address))
        except ImporterError as error:
            refuse(_NOTHING_CHANGED, error.message, 409, back)
        self._parts.reading.forget(upload)
        return redirect(back, 303)

    @screen("/file/<number>/send", "POST")
    def send(self, number: str) -> Page:
        """Send the notes that a person agreed to. If they are being sent already, show that."""
        upload, back = self._upload(number), url_for("confirm", number=number)
        if (job := self._send_of(upload)) is not None:
            return redirect(url_for("job", number=job.id), 303)
        self._with_key(_NOTHING_SENT, back)
        if is_sample(upload):
            refuse(_NOTHING_SENT, say("page.check.about-sample"), 409, url_for("check", number=number))
        found, answers, settings = self._seen(upload, _NOTHING_SENT, back)
        task = Send(
            settings,
            upload.folder,
            upload.name,
            confirmed=request.form.get("is-right", ""),
            digest=request.form.get("digest", ""),
            agrees="agrees" in request.form,
            corrections=upload.state.corrections(settings),
            given=answers,
        )
        return self._begin(task, _NOTHING_SENT, upload, 0 if isinstance(found, Unread) else found.total)

    @screen("/file/<number>/practise", "POST")
    def practise(self, number: str) -> Page:
        """Practise the import of the file, which sends nothing."""
        upload = self._upload(number)
        _, _, settings = self._seen(upload, _NOTHING_SENT, url_for("check", number=number))
        corrections = upload.state.corrections(settings)
        task = Send(settings, upload.folder, upload.name, corrections=corrections, is_practice=True)
        return self._begin(task, _NOTHING_SENT, upload)


def _lines(found: Described) -> dict[str, object]:
    """Return the messages about the numbers of notes, and what a person should consider before sending."""
    lines = [*preview_messages.sizes(found)] if found.mapping else []
    good_to_know = [line.text for line in lines if line.kind is LineKind.NOTE]
    sizes = [line.text for line in lines if line.kind is not LineKind.NOTE]
    return {"notes": preview_messages.notes_to_send(found), "sizes": sizes, "good_to_know": good_to_know}


def still_reading(upload: DroppedFile) -> Page:
    """Return the screen that is shown while a file is read."""
    return render_template("reading.html", upload=upload)


def is_sample(upload: DroppedFile) -> bool:
    """Return whether a file is a sample sheet, which must never be sent."""
    return upload.fingerprint in _fingerprints()


@functools.cache
def _fingerprints() -> frozenset[str]:
    return frozenset(hashlib.sha256((SAMPLES / name).read_bytes()).hexdigest() for name in _SHOWS)
