"""Addresses → screens: Import, Reading, Check, Confirm, Send, Results. What they say comes from commands.

Comes in: requests that the guard lets pass. Goes out: pages that work without JavaScript; with it, they are kept fresh.
No GET changes anything; every address of a file holds what was chosen for it.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Flask, Response, abort, redirect, render_template, request, send_file, url_for
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as Answer

from importer.commands import sayings
from importer.commands.overview import Overview
from importer.errors import BadSettings, ImporterError
from importer.page import form
from importer.page.choices import Choices
from importer.page.guard import Guard
from importer.page.reading import Reading
from importer.page.runs import Run, Runs, UnderWay
from importer.page.tasks import Unread
from importer.page.uploads import Upload, Uploads
from importer.page.wording import ROLES, words
from importer.settings import Settings
from importer.settings.remembering import remember

FIRST = 5
"""So many rows may be sent alone, to be looked at before the rest."""
_FORM_BYTES = 1_000_000
STOPPED = "You pressed Stop."
_NOTHING = "There is nothing here. A file or a run is known only as long as the program runs that opened the page."

Page = str | Response | Answer | tuple[str, int]


@dataclass(frozen=True)
class Told:
    """What the page is told by whoever starts it.

    Attributes:
        settings: without a key, as profile and environment say now.
        with_key: the same with the key; raises where there is none.
    """

    settings: Callable[[], Settings]
    with_key: Callable[[], Settings]


def make(told: Told, guard: Guard, uploads: Uploads, reading: Reading, runs: Runs) -> Flask:
    """The site."""
    app = Flask(__name__)
    app.config.update(
        MAX_CONTENT_LENGTH=told.settings().limits.file_bytes, MAX_FORM_MEMORY_SIZE=_FORM_BYTES, MAX_FORM_PARTS=20
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(words=words, count=sayings.count, duration=sayings.duration)
    app.before_request(lambda: guard.why_not(request))
    app.after_request(guard.seal)
    app.register_error_handler(Exception, _failed)
    screens = _Screens(told, uploads, reading, runs)
    for rule, method, screen in (
        ("/", "GET", screens.index),
        ("/template.xlsx", "GET", screens.template),
        ("/file", "POST", screens.add),
        ("/file/<number>", "GET", screens.check),
        ("/file/<number>/state", "GET", screens.is_read),
        ("/file/<number>/problems.csv", "GET", screens.problems),
        ("/file/<number>/remember", "POST", screens.remember),
        ("/file/<number>/confirm", "GET", screens.confirm),
        ("/file/<number>/send", "POST", screens.send),
        ("/run/<number>", "GET", screens.run),
        ("/run/<number>/state", "GET", screens.state),
        ("/run/<number>/stop", "POST", screens.stop),
        ("/run/<number>/results", "GET", screens.results),
    ):
        app.add_url_rule(rule, screen.__name__, screen, methods=[method])
    return app


class _Screens:
    """The screens, each a method."""

    def __init__(self, told: Told, uploads: Uploads, reading: Reading, runs: Runs) -> None:
        self._told, self._uploads, self._reading, self._runs = told, uploads, reading, runs

    def index(self) -> Page:
        settings = self._told.settings()
        return render_template(
            "import.html", workspace=settings.workspace, runs=[*self._runs], under_way=self._runs.under_way
        )

    def template(self) -> Page:
        sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        response = Response(self._reading.template(), mimetype=sheet)
        response.headers.set("Content-Disposition", "attachment", filename="notes.xlsx")
        return response

    def add(self) -> Page:
        file = request.files.get("file")
        if file is None or not file.filename:
            return _problem("No file was chosen.", "Choose a file first.", 400)
        try:
            upload = self._uploads.add(file.filename, file.save)
        except OSError as error:
            return _problem("The file could not be kept.", f"{error.strerror}. Nothing was sent.", 507)
        return redirect(url_for("check", number=upload.id), 303)

    # -- a file -------------------------------------------------------------------------------------------------

    def check(self, number: str) -> Page:
        upload, said = self._upload(number), [*request.args.items(multi=True)]
        choices = Choices.of(pair for pair in said if pair[0] not in ("next", "remembered"))
        if any(name in ("answer", "next") or not value for name, value in said):
            screen = "confirm" if request.args.get("next") == "confirm" else "check"
            return redirect(url_for(screen, number=number) + choices.query, 303)
        found, settings = self._look(upload, choices)
        if found is None:
            return self._still_reading(upload, choices)
        return self._checked(upload, choices, settings, found)

    def _checked(self, upload: Upload, choices: Choices, settings: Settings, found: Overview | Unread) -> Page:
        about = {"upload": upload, "choices": choices, "under_way": self._runs.under_way, "settings": settings}
        if isinstance(found, Unread):
            questions = form.questions(found.questions)
            return render_template("unread.html", found=found, questions=questions, **about)
        return render_template(
            "check.html", found=found, **about,
            about_file=form.about_file(found, choices), roles=form.roles(found, choices, settings),
            questions=form.questions(found.questions), said=[*form.said(found, choices)],
            contradictions=form.contradictions(found.questions),
            role_of={position: ROLES[role] for role, position in found.roles.items()},
            is_remembered=request.args.get("remembered"),
        )  # fmt: skip

    def is_read(self, number: str) -> Page:
        choices = Choices.of(request.args.items(multi=True))
        found, _ = self._look(self._upload(number), choices, wait=0)
        return {"reload": found is not None}  # type: ignore[return-value]

    def problems(self, number: str) -> Page:
        upload, choices = self._upload(number), Choices.of(request.args.items(multi=True))
        path = self._reading.report(upload, choices)
        if not path.is_file():
            abort(404)
        return send_file(path, as_attachment=True, download_name=f"{upload.name}.problems.csv", mimetype="text/csv")

    def remember(self, number: str) -> Page:
        self._upload(number)
        choices = Choices.of(request.args.items(multi=True))
        if choices.to_remember:
            remember(choices.applied(self._told.settings()), choices.to_remember)
        return redirect(f"{url_for('check', number=number)}{choices.query or '?'}&remembered=yes", 303)

    def confirm(self, number: str) -> Page:
        upload, choices = self._upload(number), Choices.of(request.args.items(multi=True))
        found, settings = self._look(upload, choices)
        if found is None:
            return self._still_reading(upload, choices)
        if isinstance(found, Unread) or not found.can_be_sent:
            return redirect(url_for("check", number=number) + choices.query, 303)
        no_key = ""
        try:
            self._told.with_key()
        except ImporterError as error:
            no_key = str(error)
        return render_template(
            "confirm.html", upload=upload, choices=choices, found=found, settings=settings, no_key=no_key, first=FIRST,
            under_way=self._runs.under_way,
        )  # fmt: skip

    def send(self, number: str) -> Page:
        upload, choices = self._upload(number), Choices.of(request.args.items(multi=True))
        settings = choices.applied(self._told.with_key())
        again = url_for("confirm", number=number) + choices.query
        if request.form.get("workspace") != str(settings.workspace):
            return _problem(
                "Nothing was sent.", "The profile or its address has changed since. Look again.", 409, again
            )
        expected = request.form.get("expected", "")
        if not (expected.isascii() and expected.isdecimal() and len(expected) < 10):
            return _problem("Nothing was sent.", "It isn't said how many notes you agreed to.", 400, again)
        try:
            is_right = request.form.get("is-right") == "yes"
            run = self._runs.begin(upload, choices, _for_page(settings), int(expected), is_right=is_right)
        except UnderWay as error:
            if (error.run.upload, error.run.choices) == (upload, choices):  # the button was pressed twice
                return redirect(url_for("run", number=error.run.id), 303)
            return _problem(
                "Nothing was sent.",
                f"{error.run.upload.name} is being sent. One file at a time: send this one when that is done.",
                409, url_for("run", number=error.run.id), "See how far it is",
            )  # fmt: skip
        return redirect(url_for("run", number=run.id), 303)

    # -- a run --------------------------------------------------------------------------------------------------

    def run(self, number: str) -> Page:
        run = self._run(number)
        if run.ended is None:
            return render_template("sending.html", run=run, state=_state(run))
        self._reading.forget(run.upload)
        return render_template("results.html", run=run, ended=run.ended, under_way=self._runs.under_way)

    def state(self, number: str) -> Page:
        return _state(self._run(number))  # type: ignore[return-value]

    def stop(self, number: str) -> Page:
        self._run(number).stop(STOPPED)
        return redirect(url_for("run", number=number), 303)

    def results(self, number: str) -> Page:
        run = self._run(number)
        if run.ended is None or run.ended.results is None or not run.ended.results.is_file():
            abort(404)
        return send_file(run.ended.results, as_attachment=True, download_name=run.ended.results.name)

    # -- what they share ----------------------------------------------------------------------------------------

    def _upload(self, number: str) -> Upload:
        return self._uploads.get(number) or abort(404)

    def _run(self, number: str) -> Run:
        return self._runs.get(number) or abort(404)

    def _look(
        self, upload: Upload, choices: Choices, *, wait: float | None = None
    ) -> tuple[Overview | Unread | None, Settings]:
        settings = _for_page(choices.applied(self._told.settings()))  # whoever only looks needs no key
        if wait is None:
            return self._reading.look(upload, choices, settings), settings
        return self._reading.look(upload, choices, settings, wait=wait), settings

    def _still_reading(self, upload: Upload, choices: Choices) -> Page:
        return render_template("reading.html", upload=upload, choices=choices)


def _for_page(settings: Settings) -> Settings:
    """The settings as they count here: results are handed out by the page, and lie beside the upload until then."""
    return replace(settings, results=None, results_name=None, archive=None, unknown_emails=None)


def _state(run: Run) -> dict[str, object]:
    """How far a run is, in words, and as numbers for its bar."""
    progress, total = run.progress, run.expected
    settled = min(progress.settled, total) if progress is not None else 0
    seconds = time.monotonic() - run.began_at
    if run.stopping:
        said = "Stopping: what is under way is finished, then the results are written."
    elif progress is None:
        said = "It begins."
    else:
        parts = 10 * (10 * settled // max(total, 1))  # a reader of the screen needn't hear of every note
        said = f"{parts} % of the notes are done{'; it is held up' if progress.trouble else ''}."
    holds = sayings.what_holds_it_up(progress) if progress is not None else ""
    return {
        "reload": run.ended is not None,
        "status": said,
        "settled": settled,
        "total": total,
        "done": f"{settled:,} of {sayings.count(total, 'note')}",
        "counts": sayings.in_result_words(progress.ended) if progress is not None else "",
        "pace": sayings.pace(settled, seconds),
        "left": sayings.time_left(progress) if progress is not None else "",
        "holds": words(holds),
    }


def _problem(title: str, text: str, status: int, back: str = "/", label: str = "Go back") -> Page:
    return render_template("problem.html", title=title, text=text, back=back, label=label), status


def _failed(error: Exception) -> Page:
    """Whatever it is, a person gets words."""
    if isinstance(error, RequestEntityTooLarge):
        return _problem("The file is too large.", "It is larger than what is read. Split it. Nothing was sent.", 413)
    if isinstance(error, HTTPException):
        status = error.code or 500
        return _problem("That didn't work.", _NOTHING if status == 404 else (error.description or ""), status)
    if isinstance(error, BadSettings):
        return _problem("A setting can't be used.", str(error), 400)
    if isinstance(error, ImporterError):
        return _problem("That didn't work.", str(error), 500)
    if os.environ.get("NOTE_IMPORTER_DEBUG"):
        traceback.print_exc()
    return _problem("That didn't work.", f"This is a fault of note-importer's own ({type(error).__name__}).", 500)
