"""What all groups of screens share: what the page is told, its parts, and how it says that something didn't work.

A group is a module with a class that is made of :class:`Parts` and has ``rules``: (address, method, screen) each; a
screen's name is its endpoint, and no two are called alike. ``GROUPS`` in :mod:`importer.page.site` lists the groups,
``NAVIGATION`` what stands in the head of every page; a template says which entry it belongs to with
``{% set section = "Runs" %}``. New addresses go into the matrix of ``tests/page/test_access.py``.
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
    """What screens work with; while they practise, that is practice's own files and jobs.

    Args:
        current: what counts now.
        uploads: the files that were dropped.
        reading: those that are being read.
        jobs: what is under way.
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
        """The files; those of practice and the others don't know of each other."""
        return self.current.practice.uploads if self.current.practice is not None else self._uploads

    @property
    def jobs(self) -> Jobs:
        """The jobs; see `uploads`."""
        return self.current.practice.jobs if self.current.practice is not None else self._jobs

    def upload(self, number: str) -> DroppedFile:
        """The file of an id; 404 where there is none."""
        return self.uploads.get(number) or abort(404)

    def job(self, number: str) -> Job:
        """The job of an id; 404 where there is none."""
        return self.jobs.get(number) or abort(404)

    def handed_over(self) -> DroppedFile | None:
        """The file that a form hands over, kept; None where there is none in it.

        Raises:
            OSError: it can't be kept.
        """
        request.max_content_length = self.current.settings().limits.file_bytes
        file = request.files.get("file")
        return None if file is None or not file.filename else self.uploads.add(file.filename, file.save)

    def begin(
        self, task: Task, upload: DroppedFile | None = None, choices: Choices | None = None, expected: int = 0
    ) -> Job:
        """Do something in a process of its own (see :class:`Jobs`); what becomes of the file is remembered.

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
    """Some screens that belong together."""

    @property
    def rules(self) -> Rules:
        """Address, method, screen."""
        ...


def for_page(settings: Settings, upload: DroppedFile | None = None) -> Settings:
    """The settings as they count here: results are handed out by the page, and lie beside the upload until then.

    Other places are as they are seen from here: what reads and sends is at work in the upload's folder. Files that were
    dropped for an upload's notes are the only ones that these can carry.
    """
    journal, files = journal_place(settings.journal), settings.attachments and settings.attachments.absolute()
    are = settings.attachments_are
    if upload is not None and upload.attached:
        files, are = Path(upload.attachments.name), None
    return replace(
        settings,
        journal=journal.absolute() if isinstance(journal, Path) else journal,
        attachments=files,
        attachments_are=are,
        secret_files=[file.absolute() for file in settings.secret_files],
        results=None,
        results_name=None,
        archive=None,
        unknown_emails=None,
    )


def why_no_key(current: CurrentSettings) -> Said:
    """Why there is no key to send or to change anything with; empty where there is one."""
    try:
        current.with_key()
    except ImporterError as error:
        return error.message
    return ""


def agreed_number(said: str) -> int | None:
    """How many notes a form says that a person agreed to."""
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None


def problem(title: str, text: Said, status: int, back: str = "", label: str = "Go back", **about: object) -> Page:
    """A screen that says what didn't work."""
    back = back or url_for("index")
    return render_template("problem.html", title=title, text=text, back=back, label=label, **about), status


def under_way(job: Job, what: str) -> Page:
    """A screen that says that something else has to be waited for."""
    said = f"{said_of(job)} One thing at a time: do this when that is done."
    return problem(what, said, 409, url_for("job", number=job.id), "See how far it is", under_way=[])


def said_of(job: Job) -> str:
    """What is under way, as a sentence."""
    name = job.upload.name if job.upload is not None else ""
    return {
        Send.kind: f"{name} is being sent.",
        LookUpTask.kind: "What is unclear is being looked up.",
        Hide.kind: "Notes are being made private drafts.",
        Rewrite.kind: f"The results of {name} are being written again.",
    }[job.task.kind]
