"""Keep the attachments of a spreadsheet's notes: store files dropped on the Check screen, and remove them again.

Input: requests that the guard lets pass. Output: the Check screen, read anew. Files that were dropped for an earlier
spreadsheet can be copied from there.
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
"""Maximum number of files in one request."""
_MOST_BYTES = 2 << 30
"""Maximum size of one request, in bytes."""
_MOST_NAMED = 5  # maximum number of listed names of copied or replaced files


class AttachmentScreens:
    """Screens for attachments: drop files, copy them from an earlier spreadsheet, remove one."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def rules(self) -> Rules:
        """Routes of these screens: address, method, screen."""
        return (
            ("/file/<number>/attachments", "POST", self.attach),
            ("/file/<number>/attachments/take", "POST", self.take),
            ("/file/<number>/attachments/remove", "POST", self.detach),
        )

    def attach(self, number: str) -> Page:
        """Keep the dropped files. A file replaces an earlier file with the same name, and the Check screen says so.

        If two files in one request have the same name, none is kept, because a cell may mean either.
        """
        upload = self._parts.upload(number)
        try:
            files = self._handed_over()
        except RequestEntityTooLarge:
            text = f"Drop at most {_MOST:,} files at once, and fewer if they are large. No file was saved."
            return problem("Too many files, or too large files, at once.", text, 413, self._back(upload))
        except OSError as error:
            return self._not_kept(upload, error)
        if not files:
            return problem("No file was chosen.", "Choose files first.", 400, self._back(upload))
        if busy := self._busy(upload):
            return busy
        names = [name_of(str(file.filename)) for file in files]
        counts = Counter(map(folded, names))
        if duplicates := [name for name in names if counts[folded(name)] > 1]:
            listed = ", ".join(map(repr, sorted(duplicates)))
            text = f"{listed}: rename one, here and in the spreadsheet. No file was saved."
            return problem("Two of the files have the same name.", text, 400, self._back(upload))
        present = {folded(name) for name, _ in upload.attached}
        replaced = [name for name in names if folded(name) in present]
        try:
            unfit = [file.filename for file in files if not upload.attach(str(file.filename), file.save)]
        except OSError as error:
            return self._not_kept(upload, error)
        finally:
            self._parts.reading.forget(upload)
        if unfit:
            text = f"{', '.join(map(repr, unfit))}: rename it, here and in the spreadsheet. All other files were saved."
            return problem("A file name can't be used.", text, 400, self._back(upload))
        return self._look_again(upload, "replaced", replaced)

    def take(self, number: str) -> Page:
        """Copy files from an earlier spreadsheet, so that forgetting one spreadsheet leaves the other's files."""
        upload, earlier = self._parts.upload(number), self._parts.upload(request.form.get("of", ""))
        if busy := self._busy(upload):
            return busy
        offered, present = request.form.getlist("name"), {folded(name) for name, _ in upload.attached}
        names = [name for name, _ in earlier.attached if name in offered and folded(name) not in present]
        try:
            for name in names:
                upload.attach(name, partial(shutil.copyfile, earlier.attachments / name))
        except OSError as error:
            text = f"{error.strerror}. Nothing was sent."
            return problem("The files could not be added.", text, 507, self._back(upload))
        finally:
            self._parts.reading.forget(upload)
        return self._look_again(upload, "taken", names)

    def detach(self, number: str) -> Page:
        """Remove a file."""
        upload = self._parts.upload(number)
        if busy := self._busy(upload):
            return busy
        upload.detach(request.form.get("name", ""))
        self._parts.reading.forget(upload)
        return redirect(self._back(upload), 303)

    @staticmethod
    def _handed_over() -> list[FileStorage]:
        """Return the files in the form.

        Raises:
            RequestEntityTooLarge: there are too many files, or they are too large.
            OSError: the files can't be kept.
        """
        request.max_form_parts = _MOST
        request.max_content_length = _MOST_BYTES
        return [file for file in request.files.getlist("attachments") if file.filename]

    def _not_kept(self, upload: DroppedFile, error: OSError) -> Page:
        text = f"{error.strerror}. Nothing was sent."
        return problem("The files could not be saved.", text, 507, self._back(upload))

    def _look_again(self, upload: DroppedFile, done: str, names: list[str]) -> Page:
        """Open the Check screen, which says what was done with which files."""
        back = self._back(upload)
        if names:
            more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
            back += f"{'&' if '?' in back else '?'}{urlencode({done: ', '.join(names[:_MOST_NAMED]) + more})}"
        return redirect(back, 303)

    def _busy(self, upload: DroppedFile) -> Page | None:
        """Return a screen that refuses the change while a job uses the spreadsheet; None if no job does."""
        for job in self._parts.jobs.under_way:
            if job.upload == upload:
                return under_way(job, "Nothing was changed.")
        return None

    @staticmethod
    def _back(upload: DroppedFile) -> str:
        return url_for("check", number=upload.id) + Choices.of(request.args.items(multi=True)).query
