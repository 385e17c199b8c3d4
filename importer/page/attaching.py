"""The files that the notes of a spreadsheet carry: dropped on the Check screen, kept beside it, taken away again.

Those that were dropped for an earlier spreadsheet may be taken from there, once a person says so.

Comes in: requests that the guard lets pass. Goes out: the Check screen, read anew.
"""

from __future__ import annotations

import shutil
from collections import Counter
from functools import partial
from urllib.parse import urlencode

from flask import redirect, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from importer.page.choices import Choices
from importer.page.screens import Page, Parts, Rules, problem, under_way
from importer.page.uploads import DroppedFile, folded, name_of

_MOST = 1_000
"""Files that a browser may hand over at once."""
_MOST_BYTES = 2 << 30
"""Of them together."""
_TOLD = 5  # so many that were taken, or took the place of another, are called by their names


class AttachmentScreens:
    """The screens, each a method."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def rules(self) -> Rules:
        """Address, method, screen."""
        return (
            ("/file/<number>/attachments", "POST", self.attach),
            ("/file/<number>/attachments/take", "POST", self.take),
            ("/file/<number>/attachments/remove", "POST", self.detach),
        )

    def attach(self, number: str) -> Page:
        """Keep files; one of a name that is there already takes its place, and that is said.

        Where two of one name come at once, either may be meant, so none is kept.
        """
        upload = self._parts.upload(number)
        try:
            files = self._handed_over()
        except RequestEntityTooLarge:
            said = f"Drop at most {_MOST:,} files at once, and fewer where they are large. None was kept."
            return problem("Those were too many files, or too large ones, for one time.", said, 413, self._back(upload))
        except OSError as error:
            return self._not_kept(upload, error)
        if not files:
            return problem("No file was chosen.", "Choose files first.", 400, self._back(upload))
        if busy := self._busy(upload):
            return busy
        names = [name_of(str(file.filename)) for file in files]
        alike = Counter(map(folded, names))
        if twice := [name for name in names if alike[folded(name)] > 1]:
            said = f"{', '.join(map(repr, sorted(twice)))}: rename one, here and in the spreadsheet. None was kept."
            return problem("Two of the files have the same name.", said, 400, self._back(upload))
        there = {folded(name) for name, _ in upload.attached}
        replaced = [name for name in names if folded(name) in there]
        try:
            unfit = [file.filename for file in files if not upload.attach(str(file.filename), file.save)]
        except OSError as error:
            return self._not_kept(upload, error)
        finally:
            self._parts.reading.forget(upload)
        if unfit:
            said = f"{', '.join(map(repr, unfit))}: rename it, here and in the spreadsheet. All others were kept."
            return problem("The name of a file can't be used.", said, 400, self._back(upload))
        return self._look_again(upload, "replaced", replaced)

    def take(self, number: str) -> Page:
        """Take files from beside an earlier spreadsheet: copies, so that each is forgotten with its own."""
        upload, earlier = self._parts.upload(number), self._parts.upload(request.form.get("of", ""))
        if busy := self._busy(upload):
            return busy
        offered, there = request.form.getlist("name"), {folded(name) for name, _ in upload.attached}
        names = [name for name, _ in earlier.attached if name in offered and folded(name) not in there]
        try:
            for name in names:
                upload.attach(name, partial(shutil.copyfile, earlier.attachments / name))
        except OSError as error:
            said = f"{error.strerror}. Nothing was sent."
            return problem("The files could not be taken.", said, 507, self._back(upload))
        finally:
            self._parts.reading.forget(upload)
        return self._look_again(upload, "taken", names)

    def detach(self, number: str) -> Page:
        """Take a file away again."""
        upload = self._parts.upload(number)
        if busy := self._busy(upload):
            return busy
        upload.detach(request.form.get("name", ""))
        self._parts.reading.forget(upload)
        return redirect(self._back(upload), 303)

    @staticmethod
    def _handed_over() -> list[FileStorage]:
        """The files that the form hands over.

        Raises:
            RequestEntityTooLarge: they are too many, or too large.
            OSError: they can't be kept.
        """
        request.max_form_parts = _MOST
        request.max_content_length = _MOST_BYTES
        return [file for file in request.files.getlist("attachments") if file.filename]

    def _not_kept(self, upload: DroppedFile, error: OSError) -> Page:
        said = f"{error.strerror}. Nothing was sent."
        return problem("The files could not be kept.", said, 507, self._back(upload))

    def _look_again(self, upload: DroppedFile, done: str, names: list[str]) -> Page:
        """The Check screen, which says what was done with which files."""
        back = self._back(upload)
        if names:
            more = f" and {len(names) - _TOLD:,} more" if len(names) > _TOLD else ""
            back += f"{'&' if '?' in back else '?'}{urlencode({done: ', '.join(names[:_TOLD]) + more})}"
        return redirect(back, 303)

    def _busy(self, upload: DroppedFile) -> Page | None:
        """What is said while the spreadsheet is being sent, with the files as they are."""
        for job in self._parts.jobs.under_way:
            if job.upload == upload:
                return under_way(job, "Nothing was changed.")
        return None

    @staticmethod
    def _back(upload: DroppedFile) -> str:
        return url_for("check", number=upload.id) + Choices.of(request.args.items(multi=True)).query
