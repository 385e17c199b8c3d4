"""What all groups of screens share: what the page is told, its parts, and how it says that something didn't work.

A group is a module with a class that is made of :class:`Parts` and has ``rules``: (address, method, screen) each; a
screen's name is its endpoint, and no two are called alike. ``GROUPS`` in :mod:`importer.page.site` lists the groups,
``NAVIGATION`` what stands in the head of every page; a template says which entry it belongs to with
``{% set section = "Runs" %}``. New addresses go into the matrix of ``tests/page/test_guard.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from flask import Response, abort, render_template
from werkzeug.wrappers import Response as Answer

from importer.page.jobs import Job, Jobs
from importer.page.reading import Reading
from importer.page.told import Told
from importer.page.uploads import Upload, Uploads
from importer.settings import Settings, journal_place

Page = str | Response | Answer | tuple[str, int]
Rules = tuple[tuple[str, str, Callable[..., Page]], ...]


class Parts:
    """What screens work with; while they practise, that is practice's own files and jobs.

    Args:
        told: what counts now.
        uploads: the files that were dropped.
        reading: those that are being read.
        jobs: what is under way.
        end: ends the program in good order.
    """

    def __init__(
        self, told: Told, uploads: Uploads, reading: Reading, jobs: Jobs, end: Callable[[], object] = lambda: None
    ) -> None:
        self.told, self.reading, self.end = told, reading, end
        self._uploads, self._jobs = uploads, jobs

    @property
    def uploads(self) -> Uploads:
        """The files; those of practice and the others don't know of each other."""
        return self.told.practice.uploads if self.told.practice is not None else self._uploads

    @property
    def jobs(self) -> Jobs:
        """The jobs; see `uploads`."""
        return self.told.practice.jobs if self.told.practice is not None else self._jobs

    def upload(self, number: str) -> Upload:
        """The file of an id; 404 where there is none."""
        return self.uploads.get(number) or abort(404)

    def job(self, number: str) -> Job:
        """The job of an id; 404 where there is none."""
        return self.jobs.get(number) or abort(404)


class Group(Protocol):
    """Some screens that belong together."""

    @property
    def rules(self) -> Rules:
        """Address, method, screen."""
        ...


def for_page(settings: Settings) -> Settings:
    """The settings as they count here: results are handed out by the page, and lie beside the upload until then.

    The journal stands where it is seen from here: what reads and sends is at work in the upload's folder.
    """
    place = journal_place(settings.journal)
    journal = place.absolute() if isinstance(place, Path) else place
    return replace(settings, journal=journal, results=None, results_name=None, archive=None, unknown_emails=None)


def problem(title: str, text: str, status: int, back: str = "/", label: str = "Go back") -> Page:
    """A screen that says what didn't work."""
    return render_template("problem.html", title=title, text=text, back=back, label=label), status


def under_way(job: Job, what: str) -> Page:
    """A screen that says that something else has to be waited for."""
    said = f"{said_of(job)} One thing at a time: do this when that is done."
    return problem(what, said, 409, f"/job/{job.id}", "See how far it is")


def said_of(job: Job) -> str:
    """What is under way, as a sentence."""
    return f"{job.upload.name if job.upload else 'A file'} is being sent."
