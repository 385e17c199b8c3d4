"""What all groups of screens share: what the page is told, its parts, and how it says that something didn't work.

A group is a module with a class that is made of :class:`Parts` and has ``rules``: (address, method, screen) each; a
screen's name is its endpoint, and no two are called alike. ``GROUPS`` in :mod:`importer.page.site` lists the groups,
``NAVIGATION`` what stands in the head of every page; a template says which entry it belongs to with
``{% set section = "Runs" %}``. New addresses go into the matrix of ``tests/page/test_guard.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from flask import Response, abort, render_template
from werkzeug.wrappers import Response as Answer

from importer.page.jobs import Job, Jobs
from importer.page.reading import Reading
from importer.page.uploads import Upload, Uploads
from importer.settings import Settings

Page = str | Response | Answer | tuple[str, int]
Rules = tuple[tuple[str, str, Callable[..., Page]], ...]


@dataclass(frozen=True)
class Told:
    """What the page is told by whoever starts it.

    Attributes:
        settings: without a key, as profile and environment say now.
        with_key: the same with the key; raises where there is none.
    """

    settings: Callable[[], Settings]
    with_key: Callable[[], Settings]


@dataclass(frozen=True)
class Parts:
    """What screens work with."""

    told: Told
    uploads: Uploads
    reading: Reading
    jobs: Jobs

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
    """The settings as they count here: results are handed out by the page, and lie beside the upload until then."""
    return replace(settings, results=None, results_name=None, archive=None, unknown_emails=None)


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
