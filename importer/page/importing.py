"""Import a file: drop it and its attachments, read, check, confirm, send.

Input: requests that the guard lets pass. Output: pages. The facts on them come from :mod:`importer.telling`. Every
address of a file holds the choices for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import NoReturn
from urllib.parse import parse_qsl, urlencode

from flask import Response, abort, redirect, render_template, request, send_file, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from importer.errors import ImporterError
from importer.importing import workspaces
from importer.importing.preview import Preview
from importer.messages import Message, Said, say, some
from importer.models import Role, Workspace
from importer.page import form, tasks
from importer.page.choices import OF_FORM, Choices, role_of
from importer.page.file_names import folded, name_of
from importer.page.reading import A_MOMENT, GOOD_FOR, report_path
from importer.page.rendering import ROLES, words
from importer.page.samples import is_sample
from importer.page.screens import Page, Screens, for_page, refuse, screen, whole_number, why_no_key
from importer.page.tasks import NOTHING, Practise, Send, Unread
from importer.page.uploads import DroppedFile
from importer.settings import Settings
from importer.telling import preview_messages
from importer.telling.rendering import LineKind

FIRST = 5
"""Number of rows that may be sent first, so that a person can look at them before the rest."""
_NO_CHOICES = (*OF_FORM, "changed", "replaced", "ticked")
"""Fields in an address of the Check or the Confirm screen that are not choices."""
_TICKS = ("is-right", "is-meant")
"""Boxes that a person ticks before sending. Each has a text as its value, which says what it is about."""
_MOST = 1_000
"""Maximum number of attachments in one request."""
_MOST_BYTES = 2 << 30
"""Maximum size of one request with attachments, in bytes."""
PATIENCE = 30.0
"""Longest wait, in seconds, for a small file."""
_SMALL = 1_000_000
"""Size, in bytes, below which a file is read in a moment, once the process for that has begun."""
_NOT_SAVED = say("page.problem.files-not-saved")
_MOST_NAMED = 5  # maximum number of listed names of replaced attachments


class ImportScreens(Screens):
    """Screens of an import."""

    @screen("/")
    def index(self) -> Page:
        """Show the first screen, where a file is dropped."""
        return render_template(
            "import.html",
            workspace=self._workspace,
            kept=list(self._parts.uploads.of(self._workspace)),
            lacks_key=bool(why_no_key(self._parts.current)),
        )

    @screen("/template.xlsx")
    def template(self) -> Page:
        """Download the workbook to fill in."""
        sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        response = Response(self._parts.reading.template(), mimetype=sheet)
        response.headers.set("Content-Disposition", "attachment", filename="notes.xlsx")
        return response

    @screen("/file", "POST")
    def add(self) -> Page:
        """Keep a dropped file, unless it is soon found useless. If it was sent before, read it as it was read then."""
        upload = self._handed_over(reason="page.problem.system-error-nothing-sent")
        if upload is None:
            refuse(say("page.problem.no-file"), say("page.problem.choose-file"), 400)
        is_small = upload.path.stat().st_size < _SMALL
        found, *_ = self._look(upload, Choices(), wait=PATIENCE if is_small else A_MOMENT)
        if isinstance(found, Unread) and found.is_useless and upload.workspace is None and not upload.attached:
            self._parts.uploads.forget(upload)
            self._parts.reading.forget(upload)
            refuse(say("page.unread.not-kept"), found.why, 400)
        was_sent = upload.workspace == self._workspace
        return redirect(check_address(upload, upload.sent_choices if was_sent else Choices()), 303)

    @screen("/file/<number>")
    def check(self, number: str) -> Page:
        """Show how the file was read, its problems, and the open questions."""
        upload = self._upload(number)
        if any(name in ("answer", *OF_FORM) or not value for name, value in request.args.items(multi=True)):
            return self._looked_at(upload, Choices.in_form(request.args.items(multi=True)))
        own_choices = _choices()
        overview, choices, settings = self._look(upload, own_choices)
        if overview is None:
            return still_reading(upload, own_choices)
        context = {"upload": upload, "choices": choices, "settings": settings, "found": overview}
        if isinstance(overview, Unread):
            return render_template("unread.html", **context, questions=form.questions(overview.questions))
        return render_template(
            "check.html",
            **context,
            **_lines(overview),
            own=own_choices,
            form=form.CheckForm(overview, own_choices, choices.except_for(own_choices), settings),
            about=preview_messages.about(overview),
            offer=None if Role.CONTENT in self._parts.current.settings().mapping else overview.offer,
            contradictions=form.contradictions(overview.questions),
            wants_files=Role.ATTACHMENTS in overview.roles or upload.attached,
            sets_folder_aside=upload.attached and self._parts.current.settings().attachments,
            role_of={position: ROLES[role] for role, position in overview.roles.items()},
            is_new=choices.is_answer and overview.mapping,
            is_changed=request.args.get("changed"),
            replaced=request.args.get("replaced"),
            corrections=upload.corrections(choices),
            is_sample=is_sample(upload),
        )

    def _looked_at(self, upload: DroppedFile, choices: Choices) -> Page:
        """Continue with these choices; if the screen showed other ones, show the Check screen again first."""
        if request.args.get("next") != "confirm":
            return redirect(check_address(upload, choices), 303)
        _, all_choices, _ = self._look(upload, choices)
        if {*Choices.of(parse_qsl(request.args.get("shown", ""))).pairs} == {*all_choices.pairs}:
            return redirect(_confirm(upload, choices), 303)
        return redirect(check_address(upload, choices, changed="yes"), 303)

    @screen("/file/<number>/state")
    def is_read(self, number: str) -> Page:
        """Return whether the page should reload because the file is read by now."""
        overview, *_ = self._look(self._upload(number), _choices(), wait=0)
        return {"reload": overview is not None}

    @screen("/file/<number>/problems.csv")
    def problems(self, number: str) -> Page:
        """Download every problem of a file, as CSV."""
        upload = self._upload(number)
        choices = _choices()
        path = report_path(upload, choices, upload.corrections(choices))
        if not path.is_file():
            abort(404)
        return send_file(path, as_attachment=True, download_name=f"{upload.name}.problems.csv", mimetype="text/csv")

    @screen("/file/<number>/confirm")
    def confirm(self, number: str) -> Page:
        """Show what would be sent, and ask for confirmation."""
        upload, own_choices = self._upload(number), _choices()
        overview, choices, settings = self._look(upload, own_choices)
        if overview is None:
            return still_reading(upload, own_choices)
        if isinstance(overview, Unread):
            return redirect(check_address(upload, own_choices), 303)
        if not overview.can_be_sent or is_sample(upload):
            asked = form.CheckForm(overview, own_choices, choices.except_for(own_choices), settings).asked
            anchor = f"#{asked[0].id}" if asked else ""
            return redirect(check_address(upload, own_choices) + anchor, 303)
        self._parts.jobs.get_ready()
        return render_template(
            "confirm.html",
            changes=self._changes(upload, choices, overview),
            **_lines(overview),
            mapping=preview_messages.columns(overview),
            likely={role_of(pair) for pair in choices.except_for(own_choices).pairs},
            upload=upload,
            choices=choices,
            own=own_choices,
            found=overview,
            settings=settings,
            first=FIRST,
            ticked=request.args.getlist("ticked"),
            no_key=why_no_key(self._parts.current),
            is_refused=(answer := self._parts.current.last_try()) is not None and answer.is_refused,
        )

    def _changes(self, upload: DroppedFile, choices: Choices, overview: Preview) -> Sequence[Said]:
        """Return some of the changes that need a person's yes, as lines."""
        if not overview.follows or not overview.updates.asked:
            return []
        settings = for_page(choices.applied(self._parts.current.with_key_if_there()), upload)
        lines = self._parts.reading.done(partial(tasks.changes, upload.folder, upload.name, settings))
        return [] if isinstance(lines, Unread) else [line.text for line in lines]

    @screen("/file/<number>/first", "POST")
    def choose_first(self, number: str) -> Page:
        """Show the Confirm screen for the first rows only, or again for all, with the boxes that were ticked."""
        query = [*_choices().pairs, *(("ticked", tick) for name in _TICKS for tick in request.form.getlist(name))]
        return redirect(url_for("confirm", number=self._upload(number).id) + f"?{urlencode(query)}", 303)

    @screen("/file/<number>/continue", "POST")
    def continue_as(self, number: str) -> Page:
        """Continue with the deliveries of another workspace, as a person says, and show the Confirm screen again."""
        upload, choices = self._upload(number), _choices()
        settings, back = self._parts.current.with_key(), _confirm(upload, choices)
        if request.form.get("workspace") != str(settings.workspace):
            refuse(say("page.problem.not-continued"), say("page.problem.another-workspace"), 409, back)
        profile, _, address = request.form.get("meant", "").rpartition(" at ")
        try:
            workspaces.confirm(settings, Workspace(profile, address))
        except ImporterError as error:
            refuse(say("page.problem.not-continued"), error.message, 409, back)
        self._parts.reading.forget(upload)
        return redirect(back, 303)

    @screen("/file/<number>/send", "POST")
    def send(self, number: str) -> Page:
        """Send the notes that a person agreed to."""
        upload, choices = self._upload(number), _choices()
        settings = choices.applied(self._parts.current.with_key())
        back = _confirm(upload, choices)
        if request.form.get("workspace") != str(settings.workspace):
            refuse(say("questions.nothing-sent"), say("page.problem.another-workspace"), 409, back)
        if is_sample(upload):
            refuse(say("questions.nothing-sent"), say("page.check.about-sample"), 409, check_address(upload, choices))
        expected = whole_number(request.form.get("expected", ""))
        if expected is None:
            refuse(say("questions.nothing-sent"), say("page.problem.no-number"), 400, back)
        task = Send(
            for_page(settings, upload),
            upload.folder,
            upload.name,
            expected,
            is_right="is-right" in request.form,
            digest=request.form.get("digest", ""),
            is_meant="is-meant" in request.form,
            agrees="agrees" in request.form,
            corrections=upload.corrections(choices),
            given=choices.pairs,
        )
        return self._begin(task, say("questions.nothing-sent"), upload, choices, expected)

    @screen("/file/<number>/practise", "POST")
    def practise(self, number: str) -> Page:
        """Practise the import of the file, which sends nothing."""
        upload, choices = self._upload(number), _choices()
        settings = for_page(choices.applied(self._parts.current.with_key_if_there()), upload)
        task = Practise(settings, upload.folder, upload.name, upload.corrections(choices))
        return self._begin(task, say("page.problem.not-practised"), upload, choices)

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

    @property
    def _workspace(self) -> Workspace:
        return self._parts.current.settings().workspace

    def _look(
        self,
        upload: DroppedFile,
        choices: Choices,
        *,
        wait: float = A_MOMENT,
        good_for: float = GOOD_FOR,
        is_corrected: bool = True,
    ) -> tuple[Preview | Unread | None, Choices, Settings]:
        """Return the overview of a file, or why there is none, with the choices including what is likely."""
        while True:
            # The journal finds emails by digests made with the key, and an attachment that contains the key is refused.
            settings = for_page(choices.applied(self._parts.current.with_key_if_there()), upload)
            corrections = upload.corrections(choices) if is_corrected else NOTHING
            overview = self._parts.reading.look(upload, choices, settings, corrections, wait=wait, good_for=good_for)
            if not isinstance(overview, Preview) or (more := form.likely(overview, choices)) == choices:
                return overview, choices, settings
            choices = more


class AttachmentScreens(Screens):
    """Changes of the attachments on the Check screen: drop files, remove one."""

    @screen("/file/<number>/attachments", "POST")
    def attach(self, number: str) -> Page:
        """Keep the dropped files. A file replaces an earlier file with the same name, and the Check screen says so.

        If two files in one request have the same name, none is kept, because a cell may mean either.
        """
        upload = self._upload(number)
        back = check_address(upload, _choices())
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
        said = {"replaced": words(say("names", names=some(replaced, _MOST_NAMED)))} if replaced else {}
        return redirect(check_address(upload, _choices(), **said), 303)

    @screen("/file/<number>/attachments/remove", "POST")
    def detach(self, number: str) -> Page:
        """Remove a file."""
        upload = self._upload(number)
        self._refuse_while_used(upload, say("hide.nothing-changed"))
        upload.detach(request.form.get("name", ""))
        self._parts.reading.forget(upload)
        return redirect(check_address(upload, _choices()), 303)


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


def _lines(found: Preview) -> dict[str, object]:
    """Return the messages about the numbers of notes, and what a person should consider before sending."""
    lines = [*preview_messages.sizes(found), *preview_messages.profiles(found)] if found.mapping else []
    return {
        "notes": preview_messages.notes_to_send(found),
        "sizes": [line.text for line in lines if line.kind is not LineKind.NOTE],
        "good_to_know": [line.text for line in lines if line.kind is LineKind.NOTE],
    }


def still_reading(upload: DroppedFile, choices: Choices, state: str = "is_read") -> Page:
    """Return the screen that is shown while a file is read; ``state`` is the screen that tells when that is done."""
    address = url_for(state, number=upload.id) + choices.query
    return render_template("reading.html", upload=upload, state=address)


def _choices() -> Choices:
    """Return the choices in the address of the request."""
    return Choices.of(pair for pair in request.args.items(multi=True) if pair[0] not in _NO_CHOICES)


def check_address(upload: DroppedFile, choices: Choices, **said: str) -> str:
    """Return the address of the Check screen with these choices, and with what it says was done."""
    query = urlencode([*choices.pairs, *said.items()])
    return url_for("check", number=upload.id) + (f"?{query}" if query else "")


def _confirm(upload: DroppedFile, choices: Choices) -> str:
    return url_for("confirm", number=upload.id) + choices.query
