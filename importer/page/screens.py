"""Share code between the groups of screens: their parts, and the screens that say that something didn't work.

A group is a module with a class that takes :class:`Parts` and has ``rules``: address, method and screen of each route.
A screen's name is its endpoint, so it must be unique. ``GROUPS`` in :mod:`importer.page.site` lists the groups, and
``NAVIGATION`` the entries in the head of every page. A template names its entry with ``{% set section = "Runs" %}``.
New addresses go into the matrix of ``tests/page/test_access.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from flask import Response, abort, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from importer.errors import ImporterError
from importer.messages import Said
from importer.page.choices import Choices
from importer.page.current_settings import CurrentSettings
from importer.page.jobs import Job, Jobs
from importer.page.reading import Readers
from importer.page.tasks import Ended, Hide, LookUpTask, Rewrite, Send, Task
from importer.page.uploads import DroppedFile, DroppedFiles
from importer.settings import Settings, journal_place

Page = str | Response | Answer | tuple[str, int]
Rules = tuple[tuple[str, str, Callable[..., Page]], ...]


class Parts:
    """Objects that the screens work with. In practice mode, files and jobs are practice's own.

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
        self.current, self.reading, self.end = current, reading, end
        self._uploads, self._jobs = uploads, jobs

    @property
    def uploads(self) -> DroppedFiles:
        """Files that were dropped; in practice mode, those of practice only."""
        return self.current.practice.uploads if self.current.practice is not None else self._uploads

    @property
    def jobs(self) -> Jobs:
        """Jobs; in practice mode, those of practice only."""
        return self.current.practice.jobs if self.current.practice is not None else self._jobs

    def upload(self, number: str) -> DroppedFile:
        """Return the file with this ID; answer 404 if there is none."""
        return self.uploads.get(number) or abort(404)

    def job(self, number: str) -> Job:
        """Return the job with this ID; answer 404 if there is none."""
        return self.jobs.get(number) or abort(404)

    def handed_over(self) -> DroppedFile | None:
        """Keep and return the file in the form; None if the form has no file.

        Raises:
            OSError: the file can't be kept.
        """
        request.max_content_length = self.current.settings().limits.file_bytes
        file = request.files.get("file")
        return None if file is None or not file.filename else self.uploads.add(file.filename, file.save)

    def begin(
        self, task: Task, upload: DroppedFile | None = None, choices: Choices | None = None, expected: int = 0
    ) -> Job:
        """Start a task in a process of its own (see :class:`Jobs`), and remember its results for the file.

        Raises:
            UnderWay: another job of the workspace hasn't ended.
        """
        uploads, is_sending, choices = self.uploads, isinstance(task, Send), choices or Choices()

        def over(ended: Ended) -> None:
            self.reading.forget()
            if upload is None:
                return
            self.reading.forget(upload)
            if ended.results is not None:
                is_done = ended.exit_status == 0 or (upload.is_done and not is_sending)
                uploads.has_results(upload, ended.run, ended.results, is_done=is_done)

        job = self.jobs.begin(task, upload, choices, expected, over)
        if upload is not None and is_sending:
            uploads.is_sent(upload, job.workspace, choices)
        return job


class ScreenGroup(Protocol):
    """Group of related screens."""

    @property
    def rules(self) -> Rules:
        """Routes of these screens: address, method, screen."""
        ...


def for_page(settings: Settings, upload: DroppedFile | None = None) -> Settings:
    """Return the settings for a process of the page, which writes the results into the upload's folder for download.

    That process works in the upload's folder, so other paths are made absolute. If attachments were dropped for the
    upload, its notes can have only these.
    """
    journal, folder = journal_place(settings.journal), settings.attachments and settings.attachments.absolute()
    attachments_are = settings.attachments_are
    if upload is not None and upload.attached:
        folder, attachments_are = Path(upload.attachments.name), None
    return replace(
        settings,
        journal=journal.absolute() if isinstance(journal, Path) else journal,
        attachments=folder,
        attachments_are=attachments_are,
        secret_files=[file.absolute() for file in settings.secret_files],
        results=None,
        results_name=None,
        archive=None,
        unknown_emails=None,
    )


def why_no_key(current: CurrentSettings) -> Said:
    """Return why there is no usable key; empty if there is one."""
    try:
        current.with_key()
    except ImporterError as error:
        return error.message
    return ""


def agreed_number(said: str) -> int | None:
    """Return the number of notes that a person agreed to in a form; None if it isn't a valid number."""
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None


def problem(title: str, text: Said, status: int, back: str = "", label: str = "Go back", **about: object) -> Page:
    """Return a screen that says what didn't work."""
    back = back or url_for("index")
    return render_template("problem.html", title=title, text=text, back=back, label=label, **about), status


def under_way(job: Job, what: str) -> Page:
    """Return a screen that says which job has to end first."""
    text = f"{said_of(job)} Wait until that is done."
    return problem(what, text, 409, url_for("job", number=job.id), "Show progress", under_way=[])


def said_of(job: Job) -> str:
    """Return a sentence that says what a job is doing."""
    name = job.upload.name if job.upload is not None else ""
    return {
        Send.kind: f"{name} is being sent.",
        LookUpTask.kind: "Unconfirmed notes are being looked up.",
        Hide.kind: "Notes are being hidden.",
        Rewrite.kind: f"The results of {name} are being written again.",
    }[job.task.kind]
