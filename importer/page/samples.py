"""Explain practice, and offer sample sheets for it. A sample is practised like any file, but is never sent.

Input: requests that the guard lets pass. Output: pages.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
from pathlib import Path

from flask import abort, redirect, render_template, request, url_for

from importer.messages import Message, say
from importer.page.screens import Page, Screens, screen
from importer.page.uploads import DroppedFile
from importer.practice import SAMPLES

_SHOWS = {
    "1-webinar-followup.csv": say("page.practice.plain-list"),
    "2-crm-export.xlsx": say("page.practice.workbook"),
    "3-hubspot-export.csv": say("page.practice.by-email"),
    "4-salesforce-report.csv": say("page.practice.unusual"),
}


class SampleScreens(Screens):
    """Screens for practice."""

    @screen("/practice")
    def practice(self) -> Page:
        """Explain practice, and offer sample sheets and the files that are kept."""
        kept = [*self._parts.uploads.of(self._parts.current.settings().workspace)]
        return render_template("practice.html", samples=samples(), kept=kept)

    @screen("/practice/sample", "POST")
    def take_sample(self) -> Page:
        """Keep a sample sheet as if a person had dropped it."""
        source, _ = samples().get(request.form.get("sample", "")) or abort(404)
        upload = self._parts.uploads.add(source.name, lambda path: shutil.copyfile(source, path))
        return redirect(url_for("check", number=upload.id), 303)


def samples() -> dict[str, tuple[Path, Message]]:
    """Return the sample sheets that are installed: ID in forms → path, and what a person can see with the sheet."""
    sheets = {str(number): (SAMPLES / name, shows) for number, (name, shows) in enumerate(_SHOWS.items(), 1)}
    return {number: sheet for number, sheet in sheets.items() if sheet[0].is_file()}


def is_sample(upload: DroppedFile) -> bool:
    """Return whether a file is a sample sheet, which must never be sent."""
    return upload.fingerprint in _fingerprints()


@functools.cache
def _fingerprints() -> frozenset[str]:
    return frozenset(hashlib.sha256(path.read_bytes()).hexdigest() for path, _ in samples().values())
