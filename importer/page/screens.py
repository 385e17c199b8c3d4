"""Share code between the groups of screens: their parts, and the screens that say that something didn't work.

A group is a :class:`Screens` whose methods get their addresses from :func:`screen`. A screen's name is its endpoint, so
it must be unique. ``GROUPS`` in :mod:`importer.page.site` lists the groups, and ``NAVIGATION`` the entries in the head
of every page. A template names its entry with ``{% set section = "runs" %}``. New addresses go into the matrix of
``tests/page/test_access.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn, TypeVar

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from importer.errors import ImporterError
from importer.messages import Message, Said, say
from importer.page.current_settings import CurrentSettings
from importer.page.form import likely
from importer.page.jobs import Job, Jobs, Task
from importer.page.reading import A_MOMENT, NOTHING, PATIENCE, Readers, Unread, latest_run
from importer.page.uploads import Answers, DroppedFile, DroppedFiles, State, applied
from importer.settings import Settings
from importer.settings.address import journal_place
from importer.telling.preview_messages import Described

Page = str | Response | Answer | dict[str, object] | tuple[str, int]
GO_BACK = say("page.problem.go-back")
OPEN_SETTINGS = say("page.problem.open-settings")
_Screen = TypeVar("_Screen", bound=Callable[..., Page])


@dataclass
class Parts:
    """Objects that the screens work with.

    Attributes:
        current: the settings in force.
        uploads: the files that were dropped.
        reading: the read-only tasks.
        jobs: the jobs.
        end: ends the program in good order.
    """

    current: CurrentSettings
    uploads: DroppedFiles
    reading: Readers
    jobs: Jobs
    end: Callable[[], object] = lambda: None


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

    def _begin(self, task: Task, title: Message, upload: DroppedFile | None = None, expected: int = 0) -> Page:
        """Begin a job (see :class:`Jobs`) and show it. If the button was pressed twice, show the job that is under way.

        ``title`` says that nothing was done, if another job of the workspace is under way; ``expected`` is the number
        of notes that a person agreed to.
        """
        job = self._parts.jobs.begin(task, upload, expected)
        if job.task != task and not (task.kind == "sending" and job is self._send_of(upload)):
            refuse_during(job, title)
        return redirect(url_for("job", number=job.id), 303)

    def _with_key(self, title: Message, back: str) -> Settings:
        """Return the settings with the key; refuse if the form of this request was about another workspace."""
        settings = self._parts.current.with_key()
        if request.form.get("workspace") != str(settings.workspace):
            refuse(title, say("page.problem.another-profile"), 409, back)
        return settings

    def _look(
        self,
        upload: DroppedFile,
        *,
        wait: float = A_MOMENT,
        is_new: bool = True,
        is_corrected: bool = True,
    ) -> tuple[Described | Unread | None, Answers, Settings]:
        """Return the overview of a file, or why there is none, with the answers including what is likely.

        A new one (``is_new``) was made in this minute, and since the latest run of the workspace.
        """
        answers = upload.state.answers
        since = latest_run(self._parts.current.settings())
        while True:
            # The journal finds emails by digests made with the key, and an attachment that contains the key is refused.
            settings = for_page(applied(answers, self._parts.current.with_key_if_there()), upload)
            corrections = upload.state.corrections(settings) if is_corrected else NOTHING
            about = (upload, answers, settings, corrections)
            overview = self._parts.reading.look(*about, wait=wait, is_new=is_new, since=since)
            if not isinstance(overview, Described) or (more := likely(overview, answers)) == answers:
                return overview, answers, settings
            answers = more

    def _seen(self, upload: DroppedFile, title: Message, back: str) -> tuple[Described | Unread, Answers, Settings]:
        """Return the overview that the tab of this request showed; refuse if it showed another state of the file."""
        if request.form.get("seen") != upload.state.digest:
            refuse_stale(title, back)
        found, answers, settings = self._look(upload, wait=PATIENCE, is_new=False)
        if found is None:
            refuse(title, say("page.problem.read-anew"), 409, back)
        return found, answers, settings

    def _send_of(self, upload: DroppedFile | None) -> Job | None:
        """Return the job that is sending this file; None if there is none."""
        jobs = self._parts.jobs.under_way
        return next((job for job in jobs if job.upload is upload and job.task.kind == "sending"), None)

    def _change(self, upload: DroppedFile, change: Callable[[State], State], title: Message, back: str) -> None:
        """Change the state of a file, unless the tab of this request showed another state."""
        if not self._parts.uploads.change(upload, request.form.get("seen", ""), change):
            refuse_stale(title, back)

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
    )


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


def refuse_stale(title: Message, back: str) -> NoReturn:
    """End the request with a screen that says that the file's answers or corrections were changed in another tab."""
    refuse(title, say("page.problem.changed-elsewhere"), 409, back, say("page.problem.look-again"))


def refuse_during(job: Job, title: Message) -> NoReturn:
    """End the request with a screen that says which job has to end first."""
    why = say("page.problem.wait", job=job.heading)
    refuse(title, why, 409, url_for("job", number=job.id), say("page.layout.show-progress"), under_way=[])
