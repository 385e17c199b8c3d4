"""Share code between the groups of screens: their parts, and the screens that say that something didn't work.

A group is a :class:`Screens` whose methods get their addresses from :func:`screen`. A screen's name is its endpoint, so
it must be unique. ``GROUPS`` in :mod:`importer.page.site` lists the groups, and ``NAVIGATION`` the entries in the head
of every page. A template names its entry with ``{% set section = "runs" %}``. New addresses go into the matrix of
``tests/page/test_access.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, TypeVar

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from importer.errors import ImporterError
from importer.messages import Message, Said, as_message, say
from importer.page.choices import Choices
from importer.page.current_settings import CurrentSettings, KeyTry
from importer.page.jobs import Job, Jobs, UnderWay
from importer.page.reading import Readers
from importer.page.tasks import Ended, Practise, Send, Task
from importer.page.uploads import DroppedFile, DroppedFiles
from importer.settings import Limits, Settings, journal_place

Page = str | Response | Answer | dict[str, object] | tuple[str, int]
GO_BACK = say("page.problem.go-back")
OPEN_SETTINGS = say("page.problem.open-settings")
_Screen = TypeVar("_Screen", bound=Callable[..., Page])


class Parts:
    """Objects that the screens work with.

    Args:
        current: the settings in force.
        uploads: the files that were dropped.
        reading: the read-only tasks.
        jobs: the jobs.
        end: ends the program in good order.
    """

    def __init__(
        self,
        current: CurrentSettings,
        uploads: DroppedFiles,
        reading: Readers,
        jobs: Jobs,
        end: Callable[[], object] = lambda: None,
    ) -> None:
        self.current, self.uploads, self.reading, self.jobs, self.end = current, uploads, reading, jobs, end


def screen(address: str, method: str = "GET") -> Callable[[_Screen], _Screen]:
    """Show a method of :class:`Screens` at this address, besides others that it may have."""

    def at_address(function: _Screen) -> _Screen:
        vars(function).setdefault("addresses", []).append((address, method))
        return function

    return at_address


class Screens:
    """Group of related screens."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def _upload(self, number: str) -> DroppedFile:
        """Return the file with this ID; answer 404 if there is none."""
        return self._parts.uploads.get(number) or abort(404)

    def _job(self, number: str) -> Job:
        """Return the job with this ID; answer 404 if there is none."""
        return self._parts.jobs.get(number) or abort(404)

    def _handed_over(self, *, back: str = "", reason: str = "page.problem.system-error") -> DroppedFile | None:
        """Keep and return the file in the form; None if the form has no file. Refuse if the file can't be kept."""
        request.max_content_length = Limits.file_bytes
        file = request.files.get("file")
        try:
            return None if file is None or not file.filename else self._parts.uploads.add(file.filename, file.save)
        except OSError as error:
            refuse(say("page.problem.not-saved"), say(reason, error=str(error.strerror)), 507, back)

    def _begin(
        self,
        task: Task,
        title: Message,
        upload: DroppedFile | None = None,
        choices: Choices | None = None,
        expected: int = 0,
    ) -> Page:
        """Begin a job (see :class:`Jobs`) and show it. Remember its results for the file.

        If the button was pressed twice, show the job that is under way.

        Args:
            task: the job's task.
            title: says that nothing was done, if another job of the workspace is under way.
            upload: the job's file.
            choices: the choices by which the file is read.
            expected: the number of notes that a person agreed to.
        """
        reading, uploads, choices = self._parts.reading, self._parts.uploads, choices or Choices()
        is_sending = isinstance(task, Send)

        def begun() -> None:
            if upload is not None:
                uploads.is_sent(upload, task.settings.workspace, choices)

        def over(ended: Ended) -> None:
            reading.forget()
            if (is_refused := is_key_refused(ended)) or ended.delivered:
                self._parts.current.tried(task.settings, KeyTry(say("page.key.refused")) if is_refused else None)
            if upload is None:
                return
            reading.forget(upload)
            if ended.results is not None and not isinstance(task, Practise):
                is_done = ended.exit_status == 0 or (upload.is_done and not is_sending)
                uploads.has_results(upload, ended.run, ended.results, is_done=is_done)

        try:
            job = self._parts.jobs.begin(task, upload, choices, expected, begun, over)
        except UnderWay as error:
            job = error.job
            is_same_file = isinstance(job.task, Send) and (job.upload, job.choices) == (upload, choices)
            if job.task != task and not (is_sending and is_same_file):
                refuse_during(job, title)
        return redirect(url_for("job", number=job.id), 303)

    def _refuse_while_used(self, upload: DroppedFile, title: Message) -> None:
        """Refuse to change a file while a job uses it."""
        for job in self._parts.jobs.under_way:
            if job.upload is upload:
                refuse_during(job, title)


def for_page(settings: Settings, upload: DroppedFile | None = None) -> Settings:
    """Return the settings for a process of the page, which writes the results into the upload's folder for download.

    That process works in the upload's folder, so other paths are made absolute. If attachments were dropped for the
    upload, its notes can have only these.
    """
    journal, folder = journal_place(settings.journal), settings.attachments and settings.attachments.absolute()
    if upload is not None and upload.attached:
        folder = Path(upload.attachments.name)
    return replace(
        settings,
        journal=journal.absolute() if isinstance(journal, Path) else journal,
        attachments=folder,
        origin=replace(settings.origin, secret_files=[file.absolute() for file in settings.origin.secret_files]),
        results=None,
        archive=None,
        unknown_emails=None,
    )


def is_key_refused(ended: Ended) -> bool:
    """Return whether a job ended because the API refused the key."""
    return any("api.key-refused" in as_message(text).kinds() for text in (ended.error, *ended.why))


def why_no_key(current: CurrentSettings) -> Said:
    """Return why there is no usable key; empty if there is one."""
    try:
        current.with_key()
    except ImporterError as error:
        return error.message
    return ""


def whole_number(said: str) -> int | None:
    """Return the number in a form or an address, such as the number of notes agreed to; None if it isn't valid."""
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None


def problem(title: Message, why: Said, status: int, back: str = "", label: Message = GO_BACK, **about: object) -> Page:
    """Return a screen that says what didn't work."""
    back = back or url_for("index")
    return render_template("problem.html", title=title, why=why, back=back, label=label, **about), status


def refuse(
    title: Message, why: Said, status: int, back: str = "", label: Message = GO_BACK, **about: object
) -> NoReturn:
    """End the request with a screen that says what didn't work."""
    abort(make_response(problem(title, why, status, back, label, **about)))


def refuse_during(job: Job, title: Message) -> NoReturn:
    """End the request with a screen that says which job has to end first."""
    why = say("page.problem.wait", job=job.sentence)
    refuse(title, why, 409, url_for("job", number=job.id), say("page.layout.show-progress"), under_way=[])
