"""Import a file: drop, read, check, confirm, send. The facts on these screens come from :mod:`importer.commands`.

Input: requests that the guard lets pass. Output: pages. Every address of a file holds the choices for it.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import Response, abort, redirect, render_template, request, send_file, url_for

from importer.commands.overview import Overview
from importer.models import Role
from importer.page import form
from importer.page.choices import Choices
from importer.page.jobs import UnderWay
from importer.page.reading import A_MOMENT
from importer.page.rendering import ROLES
from importer.page.screens import Page, Parts, Rules, agreed_number, for_page, problem, under_way, why_no_key
from importer.page.tasks import Send, Unread
from importer.page.uploads import DroppedFile
from importer.settings import Settings

FIRST = 5
"""Number of rows that may be sent first, so that a person can look at them before the rest."""
_NO_CHOICES = ("next", "shown", "changed", "remembered", "replaced", "taken")
"""Fields in an address of the Check screen that are not choices."""


class ImportScreens:
    """Screens of an import."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def rules(self) -> Rules:
        """Routes of these screens: address, method, screen."""
        return (
            ("/", "GET", self.index),
            ("/template.xlsx", "GET", self.template),
            ("/file", "POST", self.add),
            ("/file/<number>", "GET", self.check),
            ("/file/<number>/state", "GET", self.is_read),
            ("/file/<number>/problems.csv", "GET", self.problems),
            ("/file/<number>/remember", "POST", self.remember),
            ("/file/<number>/confirm", "GET", self.confirm),
            ("/file/<number>/send", "POST", self.send),
            ("/file/<number>/original", "GET", self.original),
            ("/file/<number>/forget", "POST", self.forget),
        )

    def index(self) -> Page:
        """Show the first screen, where a file is dropped."""
        settings = self._parts.current.settings()
        kept = list(self._parts.uploads.of(settings.workspace))
        is_last_chosen = self._parts.current.is_last_chosen
        return render_template("import.html", workspace=settings.workspace, kept=kept, is_last_chosen=is_last_chosen)

    def template(self) -> Page:
        """Download the workbook to fill in."""
        sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        response = Response(self._parts.reading.template(), mimetype=sheet)
        response.headers.set("Content-Disposition", "attachment", filename="notes.xlsx")
        return response

    def add(self) -> Page:
        """Keep a dropped file."""
        try:
            upload = self._parts.handed_over()
        except OSError as error:
            return problem("The file could not be saved.", f"{error.strerror}. Nothing was sent.", 507)
        if upload is None:
            return problem("No file was chosen.", "Choose a file first.", 400)
        return redirect(url_for("check", number=upload.id), 303)

    def check(self, number: str) -> Page:
        """Show how the file was read, its problems, and the open questions."""
        upload, pairs = self._parts.upload(number), [*request.args.items(multi=True)]
        choices = Choices.of(pair for pair in pairs if pair[0] not in _NO_CHOICES)
        if any(name in ("answer", "next") or not value for name, value in pairs):
            return self._looked_at(number, choices)
        overview, settings = self._look(upload, choices)
        if overview is None:
            return self._still_reading(upload, choices)
        return self._checked(upload, choices, settings, overview)

    def _looked_at(self, number: str, choices: Choices) -> Page:
        """Continue with these choices; if the screen showed other ones, show the Check screen again first."""
        if request.args.get("next") != "confirm":
            return redirect(url_for("check", number=number) + choices.query, 303)
        if {*Choices.of(parse_qsl(request.args.get("shown", ""))).pairs} == {*choices.pairs}:
            return redirect(url_for("confirm", number=number) + choices.query, 303)
        return redirect(f"{url_for('check', number=number)}{choices.query or '?'}&changed=yes", 303)

    def _checked(self, upload: DroppedFile, choices: Choices, settings: Settings, overview: Overview | Unread) -> Page:
        context = {"upload": upload, "choices": choices, "settings": settings}
        if isinstance(overview, Unread):
            questions = form.questions(overview.questions)
            return render_template("unread.html", found=overview, questions=questions, **context)
        return render_template(
            "check.html",
            found=overview,
            **context,
            about_file=form.about_file(overview, choices),
            roles=form.roles(overview, choices, settings),
            questions=form.questions(overview.questions),
            said=[*form.said(overview, choices)],
            contradictions=form.contradictions(overview.questions),
            wants_files=Role.ATTACHMENTS in overview.roles or upload.attached,
            sets_folder_aside=upload.attached and self._parts.current.settings().takes_files,
            role_of={position: ROLES[role] for role, position in overview.roles.items()},
            is_remembered=request.args.get("remembered"),
            is_changed=request.args.get("changed"),
            replaced=request.args.get("replaced"),
            taken=request.args.get("taken"),
            earlier=self._parts.uploads.with_files(overview.lacking, upload, settings.workspace),
        )

    def is_read(self, number: str) -> Page:
        """Return whether the page should reload because the file is read by now."""
        choices = Choices.of(request.args.items(multi=True))
        overview, _ = self._look(self._parts.upload(number), choices, wait=0)
        return {"reload": overview is not None}  # type: ignore[return-value]

    def problems(self, number: str) -> Page:
        """Download every problem of a file, as CSV."""
        upload, choices = self._parts.upload(number), Choices.of(request.args.items(multi=True))
        path = self._parts.reading.report(upload, choices)
        if not path.is_file():
            abort(404)
        return send_file(path, as_attachment=True, download_name=f"{upload.name}.problems.csv", mimetype="text/csv")

    def remember(self, number: str) -> Page:
        """Keep the choices in the profile."""
        upload, choices = self._parts.upload(number), Choices.of(request.args.items(multi=True))
        overview, _ = self._look(upload, choices)
        self._parts.current.remember(choices, overview.headings if isinstance(overview, Overview) else {})
        return redirect(f"{url_for('check', number=number)}{choices.query or '?'}&remembered=yes", 303)

    def confirm(self, number: str) -> Page:
        """Show what would be sent, and ask for confirmation."""
        upload, choices = self._parts.upload(number), Choices.of(request.args.items(multi=True))
        overview, settings = self._look(upload, choices)
        if overview is None:
            return self._still_reading(upload, choices)
        if isinstance(overview, Unread) or not overview.can_be_sent:
            return redirect(url_for("check", number=number) + choices.query, 303)
        return render_template(
            "confirm.html",
            upload=upload,
            choices=choices,
            found=overview,
            settings=settings,
            first=FIRST,
            roles=ROLES,
            no_key=why_no_key(self._parts.current),
        )

    def send(self, number: str) -> Page:
        """Send the notes that a person agreed to."""
        upload, choices = self._parts.upload(number), Choices.of(request.args.items(multi=True))
        settings = choices.applied(self._parts.current.with_key())
        back = url_for("confirm", number=number) + choices.query
        if request.form.get("workspace") != str(settings.workspace):
            return problem("Nothing was sent.", "The profile or its address has changed. Check again.", 409, back)
        expected = agreed_number(request.form.get("expected", ""))
        if expected is None:
            return problem("Nothing was sent.", "The number of notes you agreed to is missing.", 400, back)
        try:
            task = Send(
                for_page(settings, upload),
                upload.folder,
                upload.name,
                expected,
                is_right=request.form.get("is-right") == "yes",
                digest=request.form.get("digest", ""),
                is_meant=request.form.get("is-meant") == "yes",
            )
            job = self._parts.begin(task, upload, choices, expected)
        except UnderWay as error:
            if (error.job.upload, error.job.choices) == (upload, choices):  # the button was pressed twice
                return redirect(url_for("job", number=error.job.id), 303)
            return under_way(error.job, "Nothing was sent.")
        return redirect(url_for("job", number=job.id), 303)

    def original(self, number: str) -> Page:
        """Download the file as it was dropped."""
        upload = self._parts.upload(number)
        if not upload.path.is_file():
            abort(404)
        return send_file(upload.path, "application/octet-stream", as_attachment=True, download_name=upload.name)

    def forget(self, number: str) -> Page:
        """Remove a file and its results. The record of its deliveries stays."""
        upload = self._parts.upload(number)
        for job in self._parts.jobs.under_way:
            if job.upload is upload:
                return under_way(job, "Nothing was forgotten.")
        self._parts.uploads.forget(upload)
        self._parts.reading.forget(upload)
        return redirect(url_for("index"), 303)

    def _look(
        self, upload: DroppedFile, choices: Choices, *, wait: float = A_MOMENT
    ) -> tuple[Overview | Unread | None, Settings]:
        # The journal finds emails by digests made with the key, and an attachment that contains the key is refused.
        settings = for_page(choices.applied(self._parts.current.with_key_if_there()), upload)
        return self._parts.reading.look(upload, choices, settings, wait=wait), settings

    def _still_reading(self, upload: DroppedFile, choices: Choices) -> Page:
        return render_template("reading.html", upload=upload, choices=choices)
